package evidence_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
)

// A signer has a key as KMS would.
type signer struct{ key *ecdsa.PrivateKey }

func newSigner(t testing.TB) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key}
}

func (s signer) public(t testing.TB) audit.PublicKey {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (s signer) sign(t testing.TB, body []byte) audit.Statement {
	t.Helper()
	statement := audit.Statement{Body: body}
	hash := statement.Hash()
	var err error
	if statement.Signature, err = ecdsa.SignASN1(rand.Reader, s.key, hash[:]); err != nil {
		t.Fatal(err)
	}
	return statement
}

const (
	first = audit.Hour("2026-11-26T10") // the hour with which a chain begins
	last  = audit.Hour("2026-11-26T13")
)

var exportedAt = time.Date(2026, 11, 26, 14, 30, 0, 0, time.UTC)

// A chain is what an organization has, and how it is written.
type chain struct {
	t            testing.TB
	signer       signer
	organization uuid.UUID
	events       map[audit.Hour]map[string][]audit.Event
	seals        []audit.Statement
	removals     []audit.Statement
	noIndex      bool
}

// newChain has four sealed hours, the third without events, and two events in an hour that is not sealed.
func newChain(t testing.TB) *chain {
	c := &chain{t: t, signer: newSigner(t), organization: uuid.New(), events: map[audit.Hour]map[string][]audit.Event{}}
	hour := first
	for _, counts := range []map[string]int{{"0": 5, "3": 1, "unbound": 2}, {"0": 3, "7": 4}, {}, {"1": 2}, {"2": 2}} {
		c.events[hour] = map[string][]audit.Event{}
		for shard, n := range counts {
			for i := range n {
				c.events[hour][shard] = append(c.events[hour][shard], event(hour, i))
			}
		}
		if hour <= last {
			c.seal(hour)
		}
		hour = hour.Next()
	}
	return c
}

// event is one that has almost all there is, written in the i-th minute of the hour.
func event(hour audit.Hour, i int) audit.Event {
	at := hour.Start().Add(time.Duration(i) * time.Minute)
	id := uuid.New()
	for b := range 6 {
		id[b] = byte(at.UnixMilli() >> (8 * (5 - b)))
	}
	id[6] = 0x70 | id[6]&0x0f
	return audit.Event{
		ID: id, At: at, Actor: audit.Actor{Kind: audit.ByUser, ID: uuid.New(), Name: "ann <ops>", ARN: "arn:aws:iam::000000000000:user/ann"},
		Action: "get-secret", Resource: audit.Resource{Kind: audit.OnSecret, ID: uuid.New(), Name: "DATABASE_URL"},
		Decision: audit.Allowed, Reason: "role owner", Values: []audit.Value{{Secret: uuid.New(), Version: 3}}, SourceIP: "203.0.113.7",
	}
}

func (c *chain) seal(hour audit.Hour) {
	s := audit.Seal{
		Organization: c.organization, Hour: hour, SealedAt: hour.Next().Start().Add(audit.SealAfter), Shards: []audit.Shard{},
		KeyARN: "arn:aws:kms:us-east-1:000000000000:key/" + uuid.NewString(), PublicKey: c.signer.public(c.t),
	}
	if n := len(c.seals); n > 0 {
		hash := c.seals[n-1].Hash()
		s.Previous = &hash
	}
	for _, name := range shards(c.events[hour]) {
		var tree audit.Tree
		for _, e := range c.events[hour][name] {
			tree.Add(audit.Leaf(name, e.ID, e.Encode()))
		}
		index := audit.NewIndex()
		index.Add(c.index(hour, name))
		s.Shards = append(s.Shards, audit.Shard{Name: name, Count: tree.Leaves(), Root: tree.Root(), Index: index.Hash()})
	}
	c.seals = append(c.seals, c.signer.sign(c.t, s.Encode()))
}

func shards(events map[string][]audit.Event) []string {
	var names []string
	for name := range events {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *chain) index(hour audit.Hour, shard string) []byte {
	var packed []byte
	for _, e := range c.events[hour][shard] {
		packed = audit.EntryOf(e.ID, audit.Leaf(shard, e.ID, e.Encode())).AppendTo(packed)
	}
	return packed
}

// remove is what retention does to the hours up to one.
func (c *chain) remove(to audit.Hour) {
	r := audit.Removal{
		Organization: c.organization, From: first, To: to, RemovedAt: to.Next().Start().Add(400 * 24 * time.Hour), Days: 400,
		KeyARN: "arn", PublicKey: c.signer.public(c.t),
	}
	if n := len(c.removals); n > 0 {
		before, err := c.removals[n-1].Removal()
		if err != nil {
			c.t.Fatal(err)
		}
		hash := c.removals[n-1].Hash()
		r.From, r.Previous = before.To.Next(), &hash
	}
	for len(c.seals) > 0 {
		s, err := c.seals[0].Seal()
		if err != nil || s.Hour > to {
			break
		}
		r.Events += s.Events()
		r.Last = c.seals[0].Hash()
		delete(c.events, s.Hour)
		c.seals = c.seals[1:]
	}
	c.removals = append(c.removals, c.signer.sign(c.t, r.Encode()))
}

// export writes all there is.
func (c *chain) export() []byte {
	c.t.Helper()
	var out bytes.Buffer
	w, err := evidence.NewWriter(&out, evidence.Header{Organization: c.organization, From: first, To: last.Next(), ExportedAt: exportedAt})
	check := func(err error) {
		if err != nil {
			c.t.Fatal(err)
		}
	}
	check(err)
	for _, r := range c.removals {
		check(w.Removal(r))
	}
	for _, s := range c.seals {
		check(w.Seal(s))
		seal, err := s.Seal()
		check(err)
		c.exportHour(w, seal.Hour, !c.noIndex)
	}
	c.exportHour(w, last.Next(), false)
	check(w.Close())
	return out.Bytes()
}

func (c *chain) exportHour(w *evidence.Writer, hour audit.Hour, indexed bool) {
	c.t.Helper()
	for _, shard := range shards(c.events[hour]) {
		var err error
		if indexed {
			err = w.Index(hour, shard, c.index(hour, shard))
		}
		for _, e := range c.events[hour][shard] {
			err = errors.Join(err, w.Event(hour, shard, e.ID, e.Encode()))
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *chain) trust() evidence.Trust {
	return evidence.Trust{Keys: []audit.PublicKey{c.signer.public(c.t)}, Organization: c.organization}
}

func verify(t testing.TB, file []byte, trust evidence.Trust) *evidence.Report {
	t.Helper()
	r, err := evidence.Verify(bytes.NewReader(file), trust)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// found compares the findings, but for lines and details.
func found(t testing.TB, got []evidence.Finding, want ...evidence.Finding) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(evidence.Finding{}, "Line", "Detail"), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("findings (-want +got):\n%s\n%v", diff, got)
	}
}

func TestAnExportThatNobodyTouched(t *testing.T) {
	for name, change := range map[string]func(c *chain){
		"from the first hour":        func(*chain) {},
		"without indexes":            func(c *chain) { c.noIndex = true },
		"after a removal":            func(c *chain) { c.remove(first.Next()) },
		"after two removals":         func(c *chain) { c.remove(first); c.remove(first.Next()) },
		"after everything's removal": func(c *chain) { c.remove(last) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(t)
			change(c)
			r := verify(t, c.export(), c.trust())
			found(t, r.Findings)
			events := 0
			for _, hour := range c.events {
				for _, shard := range hour {
					events += len(shard)
				}
			}
			if r.First != first || r.Last != last || r.Events != int64(events) || r.Uncovered != 2 || !r.OK() {
				t.Errorf("%s to %s, %d events, %d not covered", r.First, r.Last, r.Events, r.Uncovered)
			}
			if r.Seals != int64(len(c.seals)) || r.Removals != int64(len(c.removals)) {
				t.Errorf("%d seals and %d removals", r.Seals, r.Removals)
			}
		})
	}
}

func TestWithoutAKeyTheFirstSealsIsTakenAndSaid(t *testing.T) {
	c := newChain(t)
	r := verify(t, c.export(), evidence.Trust{})
	if !r.OK() || r.Given || len(r.Keys) != 1 || r.Keys[0].Fingerprint() != c.signer.public(t).Fingerprint() {
		t.Errorf("keys %v, given: %t, findings %v", r.Keys, r.Given, r.Findings)
	}
	if !verify(t, c.export(), c.trust()).Given {
		t.Error("a key that was given is not said to be")
	}
}

func TestEventsCountFromTheMiddleOfAChain(t *testing.T) {
	c := newChain(t)
	var out bytes.Buffer
	w, err := evidence.NewWriter(&out, evidence.Header{Organization: c.organization, From: first.Next(), To: first.Next(), ExportedAt: exportedAt})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Seal(c.seals[1]); err != nil {
		t.Fatal(err)
	}
	c.exportHour(w, first.Next(), true)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	found(t, verify(t, out.Bytes(), c.trust()).Findings)
	asked := c.trust()
	asked.From, asked.To = first, last
	found(t, verify(t, out.Bytes(), asked).Findings,
		evidence.Finding{Kind: evidence.NotCovered, Hour: first, Through: first},
		evidence.Finding{Kind: evidence.NotCovered, Hour: first.Next().Next(), Through: last})
}

// A file that was emptied says itself which hours it has, unsigned: whoever asks for hours, or names a key, is not content.
func TestAFileWithoutSealsProvesNothing(t *testing.T) {
	c := newChain(t)
	write := func(to audit.Hour, events ...audit.Hour) []byte {
		var out bytes.Buffer
		w, err := evidence.NewWriter(&out, evidence.Header{Organization: c.organization, From: first, To: to, ExportedAt: first.Start()})
		if err != nil {
			t.Fatal(err)
		}
		for _, hour := range events {
			c.exportHour(w, hour, false)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	gutted := write(last, first)
	r := verify(t, gutted, evidence.Trust{})
	if found(t, r.Findings); r.First != "" || len(r.Keys) > 0 || r.Uncovered == 0 {
		t.Errorf("%+v", r)
	}
	found(t, verify(t, gutted, c.trust()).Findings, evidence.Finding{Kind: evidence.SealMissing, Hour: first, Through: last})
	asked := c.trust()
	asked.From, asked.To = first, last
	r = verify(t, gutted, asked)
	if found(t, r.Findings, evidence.Finding{Kind: evidence.SealMissing, Hour: first, Through: last}); len(r.Keys) > 0 {
		t.Errorf("signed by %v", r.Keys)
	}
}

// What was asked for before the first seal that ever was is no finding: nothing came before, which is signed.
func TestNothingCameBeforeTheFirstSeal(t *testing.T) {
	c := newChain(t)
	asked := c.trust()
	asked.From, asked.To = audit.HourOf(first.Start().AddDate(0, 0, -7)), last
	found(t, verify(t, c.export(), asked).Findings)
}

// The last seventy minutes are not covered, and no more than these.
func TestASealIsDueTwentyMinutesAfterItsHour(t *testing.T) {
	c := newChain(t)
	text := string(c.export())
	at := func(clock string) []evidence.Finding {
		return verify(t, []byte(strings.Replace(text, "2026-11-26T14:30:00Z", clock, 1)), c.trust()).Findings
	}
	found(t, at("2026-11-26T15:19:59Z"))
	found(t, at("2026-11-26T15:20:00Z"), evidence.Finding{Kind: evidence.SealMissing, Hour: last.Next(), Through: last.Next()})
}

func TestWhatIsNoExport(t *testing.T) {
	c := newChain(t)
	file := string(c.export())
	for name, text := range map[string]string{
		"nothing": "", "other text": "hello\n", "other JSON": "{}\n", "no header": file[strings.Index(file, "\n")+1:],
		"another format": strings.Replace(file, "strongroom events", "other events", 1),
		"a later format": strings.Replace(file, `"version":1`, `"version":2`, 1),
		"no hours":       strings.Replace(file, string(first), "then", 1),
	} {
		if _, err := evidence.Verify(strings.NewReader(text), c.trust()); !errors.Is(err, evidence.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALargeIndexIsWrittenInSeveralLines(t *testing.T) {
	c := newChain(t)
	events := c.events[first]["0"]
	for i := range 9000 {
		e := event(first, 5+i/200)
		e.Reason = fmt.Sprint(i)
		events = append(events, e)
	}
	slices.SortFunc(events, func(a, b audit.Event) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	c.events[first]["0"], c.seals = events, nil
	for hour := first; hour <= last; hour = hour.Next() {
		c.seal(hour)
	}
	file := c.export()
	found(t, verify(t, file, c.trust()).Findings)
	gone := events[8500]
	lines := slices.DeleteFunc(bytes.SplitAfter(file, []byte("\n")), func(line []byte) bool {
		return bytes.Contains(line, []byte(`"id":"`+gone.ID.String()+`","stored"`))
	})
	got := verify(t, bytes.Join(lines, nil), c.trust()).Findings
	found(t, got[1:], evidence.Finding{Kind: evidence.CutOff})
	found(t, got[:1], evidence.Finding{Kind: evidence.Removed, Hour: first, Shard: "0", Event: gone.ID})
}
