package evidence

import (
	"bytes"
	"fmt"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
)

// signed checks who signed a statement of an organization. It is false where the statement counts for nothing.
func (v *verifier) signed(s audit.Statement, organization uuid.UUID, key audit.PublicKey, wrong Finding) bool {
	if !key.Verify(s) {
		wrong.Detail = "its key did not sign what it says"
		v.find(wrong)
		return false
	}
	if organization != v.report.Header.Organization {
		v.find(Finding{Kind: OtherOrganization, Hour: wrong.Hour, Line: v.at, Detail: "it is that of " + organization.String()})
		return false
	}
	if len(v.report.Keys) == 0 {
		v.report.Keys = []audit.PublicKey{key}
	}
	for _, trusted := range v.report.Keys {
		if bytes.Equal(trusted, key) {
			return true
		}
	}
	v.find(Finding{Kind: OtherKey, Hour: wrong.Hour, Line: v.at, Detail: "the key's fingerprint is " + key.Fingerprint()})
	return false
}

// reach notes that the file has come to an hour whose seal, or whose removal, it has. Hours before without either are
// missing; after them it is not known what comes next in the chain.
func (v *verifier) reach(from, through audit.Hour) {
	if from > v.next {
		v.find(Finding{Kind: SealMissing, Hour: v.next, Through: previousHour(from), Line: v.at})
		v.previous = nil
	}
	v.next = through.Next()
}

func (v *verifier) onSeal(l *statementLine) {
	v.report.Seals++
	statement := audit.Statement{Body: l.Body, Signature: l.Signature}
	seal, err := statement.Seal()
	if err != nil {
		v.find(Finding{Kind: SealAltered, Line: v.at, Detail: err.Error()})
		return
	}
	if seal.Hour < v.next {
		v.find(Finding{Kind: Reordered, Hour: seal.Hour, Line: v.at, Detail: "the seal of an hour that came before"})
		return
	}
	v.early(seal.Hour, seal.Hour)
	v.close()
	if !bytes.Equal(canonical(l.Readable), encoded(seal)) {
		v.find(Finding{Kind: ReadableAltered, Hour: seal.Hour, Line: v.at, Detail: "of the seal"})
	}
	began := v.report.First != ""
	hasPrevious := v.previous != nil
	v.reach(seal.Hour, seal.Hour)
	v.open = &openHour{hour: seal.Hour, shards: map[string]*foundShard{}, told: true}
	if !v.signed(statement, seal.Organization, seal.PublicKey, Finding{Kind: SealAltered, Hour: seal.Hour, Line: v.at}) {
		v.previous = nil
		return
	}
	if v.previous != nil && !same(seal.Previous, v.previous) || seal.Previous == nil && (began || hasPrevious) {
		v.find(Finding{Kind: ChainBroken, Hour: seal.Hour, Line: v.at, Detail: "the seal does not follow from the one before"})
	}
	v.open.seal = &seal
	hash := statement.Hash()
	v.previous = &hash
	v.covered(seal.Hour, seal.Hour, seal.Previous)
	v.report.LastSeal = hash
}

// early finds events that stand before the seal, or the removal, of their hour, which would else count as events that are
// not sealed yet.
func (v *verifier) early(from, through audit.Hour) {
	open := v.open
	if open == nil || open.told || open.hour < from || open.hour > through {
		return
	}
	v.open = nil
	for _, name := range sortedKeys(open.shards) {
		for _, l := range open.shards[name].leaves {
			v.find(Finding{
				Kind: Inserted, Hour: open.hour, Shard: name, Event: l.id, Line: v.at, Detail: "it stands before the seal of its hour",
			})
		}
	}
}

// covered notes hours whose seal, or whose removal, is right; previous is what it names.
func (v *verifier) covered(from, through audit.Hour, previous *audit.Hash) {
	if v.report.First == "" {
		v.report.First, v.report.Whole = from, previous == nil
	}
	v.report.Last = through
}

func (v *verifier) onRemoval(l *statementLine) {
	v.report.Removals++
	statement := audit.Statement{Body: l.Body, Signature: l.Signature}
	removal, err := statement.Removal()
	if err != nil {
		v.find(Finding{Kind: RemovalAltered, Line: v.at, Detail: err.Error()})
		return
	}
	if removal.To < v.next {
		v.find(Finding{
			Kind: Reordered, Hour: removal.From, Through: removal.To, Line: v.at, Detail: "a removal of hours that came before",
		})
		return
	}
	v.early(removal.From, removal.To)
	v.close()
	if !bytes.Equal(canonical(l.Readable), encoded(removal)) {
		v.find(Finding{Kind: ReadableAltered, Hour: removal.From, Line: v.at, Detail: "of the removal"})
	}
	wrong := Finding{Kind: RemovalAltered, Hour: removal.From, Through: removal.To, Line: v.at}
	if !v.signed(statement, removal.Organization, removal.PublicKey, wrong) {
		v.previous = nil
		return
	}
	if early := tooEarly(removal); early != "" {
		v.find(Finding{Kind: RemovedEarly, Hour: removal.From, Through: removal.To, Line: v.at, Detail: early})
	}
	v.reach(removal.From, removal.To)
	if v.removal != nil && !same(removal.Previous, v.removal) {
		v.find(Finding{
			Kind: ChainBroken, Hour: removal.From, Line: v.at, Detail: fmt.Sprintf("the removal through %s does not follow from the one before", removal.To),
		})
	}
	hash := statement.Hash()
	v.removal, v.previous = &hash, &removal.Last
	v.covered(removal.From, removal.To, removal.Previous)
}

// tooEarly says in what a removal came before its time; empty where it did not. Strongroom signs none that does.
func tooEarly(r audit.Removal) string {
	const day = 24 * time.Hour
	kept := r.RemovedAt.Sub(r.To.Next().Start())
	switch {
	case r.Days < api.MinEventRetentionDays:
		return fmt.Sprintf("it says that events were kept for %d days, of at least %d", r.Days, api.MinEventRetentionDays)
	case int(kept/day) < r.Days: // in days, since a signed number of them may be more than a Duration holds
		return fmt.Sprintf("the last hour was removed after %s, and not after %d days", kept, r.Days)
	}
	return ""
}
