package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/audit"
)

// maxLine bounds a line, in bytes: the largest holds 192 KB of an index, or an event with its readable form.
const maxLine = 4 << 20

// late is how much later than it should a seal may be made before it counts as missing.
const late = 10 * time.Minute

// A Trust is what a verification takes for granted.
type Trust struct {
	// Keys are the keys whose seals count; without any, the key of the file's first seal does.
	Keys []audit.PublicKey
	// Organization is whose events they must be; uuid.Nil for those of whom the file says.
	Organization uuid.UUID
	// From and To are hours through which the file must hold sealed events, both included; empty for those that it says,
	// which nobody has signed. What is asked for before the first seal ever is held by there being none.
	From, To audit.Hour
}

// ErrFormat is the answer to a file that is none of this format.
var ErrFormat = errors.New("evidence: this is no export of Strongroom's events")

// Verify reads a file and compares all it can. It keeps the events of one hour in mind, 48 bytes each and 24 more for the
// index. The error is that of reading, or ErrFormat; all else is in the report.
func Verify(r io.Reader, t Trust) (*Report, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	v := &verifier{trust: t, report: &Report{Keys: t.Keys, Given: len(t.Keys) > 0}}
	if !lines.Scan() {
		return nil, errors.Join(ErrFormat, lines.Err())
	}
	if err := v.begin(lines.Bytes(), t); err != nil {
		return nil, err
	}
	for lines.Scan() {
		v.line(lines.Bytes())
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		v.at++
		v.find(Finding{Kind: Malformed, Line: v.at, Detail: "it is longer than any, and what follows was not read"})
	case err != nil:
		return nil, err
	}
	v.finish()
	return v.report, nil
}

// A verifier reads a file from its second line on.
type verifier struct {
	trust  Trust
	report *Report
	at     int64 // the number of the line that was read
	ended  bool
	// next is the hour whose seal is due. previous is the hash that this seal must name; nil where that is not known.
	next     audit.Hour
	previous *audit.Hash
	// removal is the hash of the last removal; nil before the first.
	removal *audit.Hash
	open    *openHour
}

// An openHour is what was read so far of an hour.
type openHour struct {
	hour   audit.Hour
	seal   *audit.Seal // nil where it has none that counts
	told   bool        // a seal was read, whether it counts or not
	shards map[string]*foundShard
}

func (h *openHour) shard(name string) *foundShard {
	s := h.shards[name]
	if s == nil {
		s = &foundShard{}
		h.shards[name] = s
	}
	return s
}

func (v *verifier) find(f Finding) { v.report.add(f) }

// begin reads the header.
func (v *verifier) begin(text []byte, t Trust) error {
	l, ok := parse(text)
	if !ok || l.Header == nil || l.Header.Format != format {
		return ErrFormat
	}
	h := *l.Header
	if h.Version != version {
		return fmt.Errorf("%w of version %d: it has version %d", ErrFormat, version, h.Version)
	}
	for _, hour := range []audit.Hour{h.From, h.To} {
		if _, err := audit.ParseHour(string(hour)); err != nil {
			return fmt.Errorf("%w: %w", ErrFormat, err)
		}
	}
	v.at, v.next, v.report.Header = 1, h.From, h
	if t.Organization != uuid.Nil && t.Organization != h.Organization {
		v.find(Finding{Kind: OtherOrganization, Line: 1, Detail: "the file is that of " + h.Organization.String()})
	}
	return nil
}

func previousHour(h audit.Hour) audit.Hour { return audit.HourOf(h.Start().Add(-time.Hour)) }

func (v *verifier) line(text []byte) {
	v.at++
	l, ok := parse(text)
	switch {
	case !ok || l.Header != nil || v.ended:
		v.find(Finding{Kind: Malformed, Line: v.at})
	case l.Removal != nil:
		v.onRemoval(l.Removal)
	case l.Seal != nil:
		v.onSeal(l.Seal)
	case l.Index != nil:
		v.onIndex(l.Index)
	case l.Event != nil:
		v.onEvent(l.Event)
	case l.End != nil:
		v.ended = true
		if l.End.Lines != v.at-1 {
			v.find(Finding{Kind: CutOff, Line: v.at, Detail: fmt.Sprintf("it says that %d lines come before, which are %d", l.End.Lines, v.at-1)})
		}
	}
}

func (v *verifier) onIndex(l *indexLine) {
	if !v.within(l.Hour) {
		v.find(Finding{Kind: Reordered, Hour: l.Hour, Shard: l.Shard, Line: v.at, Detail: "an index of an hour that came before"})
		return
	}
	s := v.open.shard(l.Shard)
	s.index = append(s.index, l.Entries...)
}

func (v *verifier) onEvent(l *eventLine) {
	v.report.Events++
	if !l.reads() {
		v.find(Finding{Kind: ReadableAltered, Hour: l.Hour, Shard: l.Shard, Event: l.ID, Line: v.at})
	}
	if l.Hour < v.report.Header.From || l.Hour > v.report.Header.To {
		v.find(Finding{Kind: Inserted, Hour: l.Hour, Shard: l.Shard, Event: l.ID, Line: v.at, Detail: "its hour is none of the file's"})
		return
	}
	if !v.within(l.Hour) {
		v.find(Finding{Kind: Reordered, Hour: l.Hour, Shard: l.Shard, Event: l.ID, Line: v.at, Detail: "its hour came before"})
		return
	}
	s := v.open.shard(l.Shard)
	s.leaves = append(s.leaves, leaf{l.ID, audit.Leaf(l.Shard, l.ID, l.Stored)})
}

// within makes h the open hour, unless it is none or an earlier one than that.
func (v *verifier) within(h audit.Hour) bool {
	if v.open != nil && v.open.hour == h {
		return true
	}
	if _, err := audit.ParseHour(string(h)); err != nil || v.open != nil && h < v.open.hour {
		return false
	}
	if v.open == nil && h < v.next {
		return false
	}
	v.close()
	v.open = &openHour{hour: h, shards: map[string]*foundShard{}}
	return true
}

// close compares the open hour.
func (v *verifier) close() {
	open := v.open
	if v.open = nil; open == nil {
		return
	}
	if open.seal == nil {
		for _, s := range open.shards {
			v.report.Uncovered += int64(len(s.leaves))
		}
		return
	}
	for _, shard := range open.seal.Shards {
		open.shard(shard.Name)
	}
	for _, name := range sortedKeys(open.shards) {
		for _, f := range open.shards[name].compare(open.seal.Shard(name)) {
			f.Hour, f.Shard = open.hour, name
			v.find(f)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// finish looks at what must have come before the end.
func (v *verifier) finish() {
	v.close()
	if !v.ended {
		v.find(Finding{Kind: CutOff, Line: v.at, Detail: "it has no end"})
	}
	h := v.report.Header
	if from := v.trust.From; from != "" && from < h.From && !v.report.Whole {
		v.find(Finding{Kind: NotCovered, Hour: from, Through: previousHour(h.From), Detail: "the file begins later"})
	}
	if to := v.trust.To; to > h.To {
		v.find(Finding{Kind: NotCovered, Hour: h.To.Next(), Through: to, Detail: "the file ends earlier"})
	}
	due := previousHour(audit.HourOf(h.ExportedAt.Add(-audit.SealAfter - late)))
	if to := max(min(due, h.To), min(v.trust.To, h.To)); to >= v.next {
		v.find(Finding{
			Kind: SealMissing, Hour: v.next, Through: to, Detail: "the file was cut, or these hours were not sealed in time",
		})
	}
	if v.report.First == "" {
		v.report.Keys = nil // none of them has signed anything
		if v.report.OK() && (v.report.Given || v.trust.From != "" || v.trust.To != "") {
			v.find(Finding{Kind: SealMissing, Hour: h.From, Through: max(h.From, h.To), Detail: "no hour is sealed, so that nothing is proved"})
		}
	}
}

func same(a, b *audit.Hash) bool {
	return a == nil && b == nil || a != nil && b != nil && bytes.Equal(a[:], b[:])
}
