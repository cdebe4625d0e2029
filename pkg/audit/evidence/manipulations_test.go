package evidence_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
)

// A file is an export as lines, to be altered by who knows its format.
type file []string

func (c *chain) file() file {
	return strings.SplitAfter(strings.TrimSuffix(string(c.export()), "\n"), "\n")
}

// bytes is the file with an end that counts its lines, as who alters it would see to.
func (f file) bytes() []byte {
	body := strings.Join(f[:len(f)-1], "")
	return fmt.Appendf([]byte(body), `{"end":{"lines":%d}}`+"\n", len(f)-1)
}

// find is the number of the n-th line, from 0, of a kind that has all those texts.
func (f file) find(t *testing.T, n int, kind string, texts ...string) int {
	t.Helper()
	for i, line := range f {
		has := strings.HasPrefix(line, `{"`+kind+`":`)
		for _, text := range texts {
			has = has && strings.Contains(line, text)
		}
		if has {
			if n == 0 {
				return i
			}
			n--
		}
	}
	t.Fatalf("no line %q with %q", kind, texts)
	return 0
}

func (f file) event(t *testing.T, n int, hour audit.Hour, shard string) int {
	t.Helper()
	return f.find(t, n, "event", `"hour":"`+string(hour)+`"`, `"shard":"`+shard+`"`)
}

func (f file) sealOf(t *testing.T, hour audit.Hour) int {
	t.Helper()
	return f.find(t, 0, "seal", `"hour":"`+string(hour)+`"`)
}

// without is the file less the lines that have the text.
func (f file) without(text string) file {
	return slices.DeleteFunc(slices.Clone(f), func(line string) bool { return strings.Contains(line, text) })
}

// second is the hour whose events are altered: shard 0 has three, shard 7 four.
const second = audit.Hour("2026-11-26T11")

// in is a finding of the hour.
func in(kind evidence.Kind, shard string, event uuid.UUID) evidence.Finding {
	return evidence.Finding{Kind: kind, Hour: second, Shard: shard, Event: event}
}

// storedLine is an event's line with other bytes, and the readable form that they have.
func (c *chain) storedLine(t *testing.T, e audit.Event, stored []byte) string {
	t.Helper()
	var out strings.Builder
	w, err := evidence.NewWriter(&out, evidence.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Event(second, "0", e.ID, stored); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(out.String(), "\n")[1]
}

var manipulations = []struct {
	name string
	// change alters the file. It answers what is to be found.
	change func(t *testing.T, c *chain, f file) (file, []evidence.Finding)
}{
	{"a record removed", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		i := f.event(t, 1, second, "0")
		return slices.Delete(f, i, i+1), []evidence.Finding{in(evidence.Removed, "0", c.events[second]["0"][1].ID)}
	}},
	{"the first and the last record removed", func(_ *testing.T, c *chain, f file) (file, []evidence.Finding) {
		events := c.events[second]["7"]
		f = f.without(`"id":"` + events[0].ID.String() + `","stored"`).without(`"id":"` + events[3].ID.String() + `","stored"`)
		return f, []evidence.Finding{in(evidence.Removed, "7", events[0].ID), in(evidence.Removed, "7", events[3].ID)}
	}},
	{"every record of a shard removed", func(_ *testing.T, c *chain, f file) (file, []evidence.Finding) {
		var want []evidence.Finding
		for _, e := range c.events[second]["0"] {
			f = f.without(`"id":"` + e.ID.String() + `","stored"`)
			want = append(want, in(evidence.Removed, "0", e.ID))
		}
		return f, want
	}},
	{"one byte of a record altered", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := c.events[second]["0"][1]
		stored := e.Encode()
		stored[len(stored)-1] ^= 1
		f[f.event(t, 1, second, "0")] = c.storedLine(t, e, stored)
		return f, []evidence.Finding{in(evidence.Altered, "0", e.ID)}
	}},
	{"a record's actor altered", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := c.events[second]["0"][1]
		e.Actor.Name = "bob"
		f[f.event(t, 1, second, "0")] = c.storedLine(t, e, e.Encode())
		return f, []evidence.Finding{in(evidence.Altered, "0", e.ID)}
	}},
	{"two records swapped", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		i := f.event(t, 0, second, "0")
		f[i], f[i+1] = f[i+1], f[i]
		return f, []evidence.Finding{in(evidence.Reordered, "0", c.events[second]["0"][0].ID)}
	}},
	{"the contents of two records swapped", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		a, b := c.events[second]["0"][0], c.events[second]["0"][1]
		i := f.event(t, 0, second, "0")
		f[i], f[i+1] = c.storedLine(t, a, b.Encode()), c.storedLine(t, b, a.Encode())
		return f, []evidence.Finding{in(evidence.Altered, "0", a.ID), in(evidence.Altered, "0", b.ID)}
	}},
	{"a record inserted", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := event(second, 2)
		e.ID[5]++ // after the third
		return slices.Insert(f, f.event(t, 2, second, "0")+1, c.storedLine(t, e, e.Encode())), []evidence.Finding{in(evidence.Inserted, "0", e.ID)}
	}},
	{"a record inserted into a shard without any", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := event(second, 2)
		line := strings.Replace(c.storedLine(t, e, e.Encode()), `"shard":"0"`, `"shard":"5"`, 1)
		return slices.Insert(f, f.event(t, 2, second, "0")+1, line), []evidence.Finding{in(evidence.Inserted, "5", e.ID)}
	}},
	{"a record inserted into an hour without any", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := event(second.Next(), 2)
		line := strings.Replace(c.storedLine(t, e, e.Encode()), string(second), string(second.Next()), 1)
		return slices.Insert(f, f.sealOf(t, second.Next())+1, line),
			[]evidence.Finding{{Kind: evidence.Inserted, Hour: second.Next(), Shard: "0", Event: e.ID}}
	}},
	{"a record inserted before all hours", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := event(first, 2)
		line := strings.Replace(c.storedLine(t, e, e.Encode()), string(second), "2026-11-26T09", 1)
		return slices.Insert(f, 1, line), []evidence.Finding{{Kind: evidence.Inserted, Hour: "2026-11-26T09", Shard: "0", Event: e.ID}}
	}},
	{"a record inserted before its seal", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := event(second, 2)
		return slices.Insert(f, f.sealOf(t, second), c.storedLine(t, e, e.Encode())), []evidence.Finding{in(evidence.Inserted, "0", e.ID)}
	}},
	{"a record inserted before the first seal", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := event(first, 2)
		line := strings.Replace(c.storedLine(t, e, e.Encode()), string(second), string(first), 1)
		return slices.Insert(f, 1, line), []evidence.Finding{{Kind: evidence.Inserted, Hour: first, Shard: "0", Event: e.ID}}
	}},
	{"a record duplicated", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		i := f.event(t, 1, second, "0")
		return slices.Insert(f, i, f[i]), []evidence.Finding{in(evidence.Duplicated, "0", c.events[second]["0"][1].ID)}
	}},
	{"a record moved to another shard", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		i := f.event(t, 2, second, "0")
		f[i] = strings.Replace(f[i], `"shard":"0"`, `"shard":"5"`, 1)
		e := c.events[second]["0"][2].ID
		return f, []evidence.Finding{in(evidence.Removed, "0", e), in(evidence.Inserted, "5", e)}
	}},
	{"a record moved to the hour before", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		i := f.event(t, 2, second, "0")
		line := strings.Replace(f[i], `"hour":"`+string(second)+`"`, `"hour":"`+string(first)+`"`, 1)
		f = slices.Insert(slices.Delete(f, i, i+1), f.sealOf(t, second), line)
		e := c.events[second]["0"][2].ID
		return f, []evidence.Finding{{Kind: evidence.Inserted, Hour: first, Shard: "0", Event: e}, in(evidence.Removed, "0", e)}
	}},
	{"a record given another id", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		e := c.events[second]["0"][2]
		id := e.ID
		e.ID[5]++
		f[f.event(t, 2, second, "0")] = c.storedLine(t, e, e.Encode())
		return f, []evidence.Finding{in(evidence.Removed, "0", id), in(evidence.Inserted, "0", e.ID)}
	}},
	{"what people read altered", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		i := f.event(t, 1, second, "0")
		f[i] = strings.Replace(f[i], "ann <ops>", "bob <ops>", 1)
		return f, []evidence.Finding{in(evidence.ReadableAltered, "0", c.events[second]["0"][1].ID)}
	}},
	{"what people read of a seal altered", func(t *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		i := f.sealOf(t, second)
		f[i] = strings.Replace(f[i], `"count":3`, `"count":2`, 1)
		return f, []evidence.Finding{in(evidence.ReadableAltered, "", uuid.Nil)}
	}},
	{"an hour dropped", func(_ *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		return f.without(`"hour":"` + string(second) + `"`), []evidence.Finding{{Kind: evidence.SealMissing, Hour: second, Through: second}}
	}},
	{"the first hour dropped", func(_ *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		return append(file{f[0]}, f.without(string(first))...), []evidence.Finding{{Kind: evidence.SealMissing, Hour: first, Through: first}}
	}},
	{"two hours dropped", func(_ *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		f = f.without(`"hour":"` + string(second) + `"`).without(`"hour":"` + string(second.Next()) + `"`)
		return f, []evidence.Finding{{Kind: evidence.SealMissing, Hour: second, Through: second.Next()}}
	}},
	{"an hour's records dropped, and its seal kept", func(_ *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		f = slices.DeleteFunc(f, func(line string) bool {
			return strings.Contains(line, `{"event":{"hour":"`+string(second)) || strings.Contains(line, `{"index":{"hour":"`+string(second))
		})
		return f, []evidence.Finding{in(evidence.Differs, "0", uuid.Nil), in(evidence.Differs, "7", uuid.Nil)}
	}},
	{"a seal dropped", func(t *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		i := f.sealOf(t, second)
		return slices.Delete(f, i, i+1), []evidence.Finding{{Kind: evidence.SealMissing, Hour: second, Through: second}}
	}},
	{"a seal twice", func(t *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		i := f.sealOf(t, second)
		return slices.Insert(f, i, f[i]), []evidence.Finding{in(evidence.Reordered, "", uuid.Nil)}
	}},
	{"the end cut", func(t *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		return append(f[:f.sealOf(t, second.Next())], "end"),
			[]evidence.Finding{{Kind: evidence.SealMissing, Hour: second.Next(), Through: last}}
	}},
	{"the end cut within an hour", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		return append(f[:f.event(t, 3, second, "7")], "end"), []evidence.Finding{
			in(evidence.Removed, "7", c.events[second]["7"][3].ID), {Kind: evidence.SealMissing, Hour: second.Next(), Through: last},
		}
	}},
	{"counts changed in a seal", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		s, err := c.seals[1].Seal()
		if err != nil {
			t.Fatal(err)
		}
		s.Shards = s.Shards[:1]
		f[f.sealOf(t, second)] = sealLine(t, audit.Statement{Body: s.Encode(), Signature: c.seals[1].Signature})
		return f.without(`"shard":"7","id"`), []evidence.Finding{in(evidence.SealAltered, "", uuid.Nil)}
	}},
	{"a bit of a signature altered", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		signature := slices.Clone(c.seals[1].Signature)
		signature[len(signature)-1] ^= 1
		f[f.sealOf(t, second)] = sealLine(t, audit.Statement{Body: c.seals[1].Body, Signature: signature})
		return f, []evidence.Finding{in(evidence.SealAltered, "", uuid.Nil)}
	}},
	{"an hour sealed anew with another key", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		mallory := newSigner(t)
		s, err := c.seals[1].Seal()
		if err != nil {
			t.Fatal(err)
		}
		s.PublicKey = mallory.public(t)
		f[f.sealOf(t, second)] = sealLine(t, mallory.sign(t, s.Encode()))
		return f, []evidence.Finding{in(evidence.OtherKey, "", uuid.Nil)}
	}},
	{"an hour sealed anew with another key under the name of the right one", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		f[f.sealOf(t, second)] = sealLine(t, newSigner(t).sign(t, c.seals[1].Body))
		return f, []evidence.Finding{in(evidence.SealAltered, "", uuid.Nil)}
	}},
	{"an hour sealed anew with the same key", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		s, err := c.seals[1].Seal()
		if err != nil {
			t.Fatal(err)
		}
		s.SealedAt = s.SealedAt.Add(1e9)
		f[f.sealOf(t, second)] = sealLine(t, c.signer.sign(t, s.Encode()))
		return f, []evidence.Finding{{Kind: evidence.ChainBroken, Hour: second.Next()}}
	}},
	{"a chain begun anew", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		s, err := c.seals[1].Seal()
		if err != nil {
			t.Fatal(err)
		}
		s.Previous = nil
		f[f.sealOf(t, second)] = sealLine(t, c.signer.sign(t, s.Encode()))
		return f, []evidence.Finding{in(evidence.ChainBroken, "", uuid.Nil), {Kind: evidence.ChainBroken, Hour: second.Next()}}
	}},
	{"the seal of another organization with the same key", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		s, err := c.seals[1].Seal()
		if err != nil {
			t.Fatal(err)
		}
		s.Organization = uuid.New()
		f[f.sealOf(t, second)] = sealLine(t, c.signer.sign(t, s.Encode()))
		return f, []evidence.Finding{in(evidence.OtherOrganization, "", uuid.Nil)}
	}},
	{"the seal of another organization", func(t *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		f[f.sealOf(t, second)] = sealLine(t, newChain(t).seals[1])
		return f, []evidence.Finding{in(evidence.OtherOrganization, "", uuid.Nil)}
	}},
	{"a removal given out for a seal", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		removal := c.signer.sign(t, audit.Removal{Organization: c.organization, From: second, To: second, PublicKey: c.signer.public(t)}.Encode())
		f[f.sealOf(t, second)] = sealLine(t, removal)
		return f, []evidence.Finding{{Kind: evidence.SealAltered}, {Kind: evidence.SealMissing, Hour: second, Through: second}}
	}},
	{"an index altered", func(t *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		i := f.find(t, 0, "index", string(second))
		f[i] = fmt.Sprintf(`{"index":{"hour":%q,"shard":"0","entries":%q}}`+"\n", second, base64.StdEncoding.EncodeToString(make([]byte, 24)))
		return f, []evidence.Finding{in(evidence.IndexAltered, "0", uuid.Nil)}
	}},
	{"an index altered to hide a record that was removed", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		i := f.event(t, 2, second, "0")
		f = slices.Delete(f, i, i+1)
		f[f.find(t, 0, "index", string(second))] = fmt.Sprintf(`{"index":{"hour":%q,"shard":"0","entries":%q}}`+"\n", second,
			base64.StdEncoding.EncodeToString(c.index(second, "0")[:2*audit.EntrySize]))
		return f, []evidence.Finding{in(evidence.IndexAltered, "0", uuid.Nil), in(evidence.Differs, "0", uuid.Nil)}
	}},
	{"an unknown member", func(t *testing.T, c *chain, f file) (file, []evidence.Finding) {
		i := f.event(t, 1, second, "0")
		f[i] = strings.Replace(f[i], `{"event":{`, `{"event":{"more":1,`, 1)
		return f, []evidence.Finding{{Kind: evidence.Malformed}, in(evidence.Removed, "0", c.events[second]["0"][1].ID)}
	}},
	{"a line after the end", func(_ *testing.T, _ *chain, f file) (file, []evidence.Finding) {
		return slices.Insert(f, len(f)-1, fmt.Sprintf(`{"end":{"lines":%d}}`+"\n", len(f)-1)), []evidence.Finding{{Kind: evidence.Malformed}}
	}},
}

func sealLine(t *testing.T, s audit.Statement) string {
	t.Helper()
	var out strings.Builder
	w, err := evidence.NewWriter(&out, evidence.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Seal(s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(out.String(), "\n")[1]
}

func TestManipulationsAreFoundAndNamed(t *testing.T) {
	for _, m := range manipulations {
		t.Run(m.name, func(t *testing.T) {
			c := newChain(t)
			f, want := m.change(t, c, c.file())
			found(t, verify(t, f.bytes(), c.trust()).Findings, want...)
		})
	}
}

// What was removed is found without an index too, but nobody can say which it was.
func TestWithoutAnIndexTheShardIsNamed(t *testing.T) {
	c := newChain(t)
	c.noIndex = true
	f := c.file()
	i := f.event(t, 1, second, "0")
	r := verify(t, slices.Delete(f, i, i+1).bytes(), c.trust())
	found(t, r.Findings, in(evidence.Differs, "0", uuid.Nil))
	if !strings.Contains(r.Findings[0].Detail, "3 events were sealed, the file has 2") {
		t.Errorf("it says %q", r.Findings[0].Detail)
	}
}

func TestManipulationsOfRemovals(t *testing.T) {
	removal := func(hour audit.Hour) func(t *testing.T, f file) int {
		return func(t *testing.T, f file) int { return f.find(t, 0, "removal", `"to":"`+string(hour)+`"`) }
	}
	for _, test := range []struct {
		name   string
		change func(t *testing.T, c *chain, f file) file
		want   []evidence.Finding
	}{
		{"a removal dropped", func(t *testing.T, _ *chain, f file) file {
			i := removal(second)(t, f)
			return slices.Delete(f, i, i+1)
		}, []evidence.Finding{{Kind: evidence.SealMissing, Hour: second, Through: second}}},
		{"both removals dropped", func(_ *testing.T, _ *chain, f file) file { return slices.Delete(f, 1, 3) },
			[]evidence.Finding{{Kind: evidence.SealMissing, Hour: first, Through: second}}},
		{"a removal lengthened", func(t *testing.T, c *chain, f file) file {
			r, err := c.removals[1].Removal()
			if err != nil {
				t.Fatal(err)
			}
			r.To = second.Next()
			f[removal(second)(t, f)] = removalLine(t, audit.Statement{Body: r.Encode(), Signature: c.removals[1].Signature})
			i := f.sealOf(t, second.Next())
			return slices.Delete(f, i, i+1)
		}, []evidence.Finding{
			{Kind: evidence.RemovalAltered, Hour: second, Through: second.Next()},
			{Kind: evidence.SealMissing, Hour: second, Through: second.Next()},
		}},
		{"an hour dropped after the removals", func(t *testing.T, _ *chain, f file) file {
			i := f.sealOf(t, second.Next())
			return slices.Delete(f, i, i+1)
		}, []evidence.Finding{{Kind: evidence.SealMissing, Hour: second.Next(), Through: second.Next()}}},
		{"what people read of a removal altered", func(t *testing.T, _ *chain, f file) file {
			i := removal(second)(t, f)
			f[i] = strings.Replace(f[i], `"days":400`, `"days":4`, 1)
			return f
		}, []evidence.Finding{{Kind: evidence.ReadableAltered, Hour: second}}},
		{"two removals swapped", func(_ *testing.T, _ *chain, f file) file {
			f[1], f[2] = f[2], f[1]
			return f
		}, []evidence.Finding{
			{Kind: evidence.SealMissing, Hour: first, Through: first}, {Kind: evidence.Reordered, Hour: first, Through: first},
		}},
		{"a removal that follows from another", func(t *testing.T, c *chain, f file) file {
			r, err := c.removals[1].Removal()
			if err != nil {
				t.Fatal(err)
			}
			r.Previous = &audit.Hash{}
			f[removal(second)(t, f)] = removalLine(t, c.signer.sign(t, r.Encode()))
			return f
		}, []evidence.Finding{{Kind: evidence.ChainBroken, Hour: second}}},
		{"a removal of other seals", func(t *testing.T, c *chain, f file) file {
			r, err := c.removals[1].Removal()
			if err != nil {
				t.Fatal(err)
			}
			r.Last = audit.Hash{}
			f[removal(second)(t, f)] = removalLine(t, c.signer.sign(t, r.Encode()))
			return f
		}, []evidence.Finding{{Kind: evidence.ChainBroken, Hour: second.Next()}}},
		{"a removal a moment too early", func(t *testing.T, c *chain, f file) file {
			r, err := c.removals[1].Removal()
			if err != nil {
				t.Fatal(err)
			}
			r.RemovedAt = r.RemovedAt.Add(-time.Millisecond)
			f[removal(second)(t, f)] = removalLine(t, c.signer.sign(t, r.Encode()))
			return f
		}, []evidence.Finding{{Kind: evidence.RemovedEarly, Hour: second, Through: second}}},
		{"a removal after fewer days than can be set", func(t *testing.T, c *chain, f file) file {
			r, err := c.removals[1].Removal()
			if err != nil {
				t.Fatal(err)
			}
			r.Days = api.MinEventRetentionDays - 1
			f[removal(second)(t, f)] = removalLine(t, c.signer.sign(t, r.Encode()))
			return f
		}, []evidence.Finding{{Kind: evidence.RemovedEarly, Hour: second, Through: second}}},
		{"a removal after days that are less than none", func(t *testing.T, c *chain, f file) file {
			r, err := c.removals[1].Removal()
			if err != nil {
				t.Fatal(err)
			}
			r.Days = -2
			f[removal(second)(t, f)] = removalLine(t, c.signer.sign(t, r.Encode()))
			return f
		}, []evidence.Finding{{Kind: evidence.RemovedEarly, Hour: second, Through: second}}},
		{"a removal after more days than time has", func(t *testing.T, c *chain, f file) file {
			r, err := c.removals[1].Removal()
			if err != nil {
				t.Fatal(err)
			}
			r.Days = math.MaxInt
			f[removal(second)(t, f)] = removalLine(t, c.signer.sign(t, r.Encode()))
			return f
		}, []evidence.Finding{{Kind: evidence.RemovedEarly, Hour: second, Through: second}}},
		{"a removal after the fewest days", func(t *testing.T, c *chain, f file) file {
			r, err := c.removals[1].Removal()
			if err != nil {
				t.Fatal(err)
			}
			r.Days, r.RemovedAt = api.MinEventRetentionDays, r.To.Next().Start().Add(api.MinEventRetentionDays*24*time.Hour)
			f[removal(second)(t, f)] = removalLine(t, c.signer.sign(t, r.Encode()))
			return f
		}, []evidence.Finding{}},
		{"a seal given out for a removal", func(t *testing.T, c *chain, f file) file {
			f[removal(second)(t, f)] = removalLine(t, c.seals[0])
			return f
		}, []evidence.Finding{{Kind: evidence.RemovalAltered}, {Kind: evidence.SealMissing, Hour: second, Through: second}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newChain(t)
			c.remove(first)
			c.remove(second)
			found(t, verify(t, test.change(t, c, c.file()).bytes(), c.trust()).Findings, test.want...)
		})
	}
}

func removalLine(t *testing.T, s audit.Statement) string {
	t.Helper()
	var out strings.Builder
	w, err := evidence.NewWriter(&out, evidence.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Removal(s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(out.String(), "\n")[1]
}

func TestAnotherOrganizationsExport(t *testing.T) {
	c, other := newChain(t), newChain(t)
	trust := c.trust()
	trust.Organization = other.organization
	found(t, verify(t, c.export(), trust).Findings, evidence.Finding{Kind: evidence.OtherOrganization})
	want := []evidence.Finding{}
	for hour := first; hour <= last; hour = hour.Next() {
		want = append(want, evidence.Finding{Kind: evidence.OtherKey, Hour: hour})
	}
	found(t, verify(t, c.export(), evidence.Trust{Keys: other.trust().Keys}).Findings, want...)
}

func TestAFileWithoutItsEnd(t *testing.T) {
	c := newChain(t)
	f := c.file()
	for name, text := range map[string]string{
		"no end line":        strings.Join(f[:len(f)-1], ""),
		"the last event cut": strings.Join(slices.Delete(slices.Clone(f), len(f)-2, len(f)-1), ""),
	} {
		t.Run(name, func(t *testing.T) {
			found(t, verify(t, []byte(text), c.trust()).Findings, evidence.Finding{Kind: evidence.CutOff})
		})
	}
}

// Whatever byte of a file after its header is altered, it is found, but for the hours that are not sealed yet.
func TestAnyByteAltered(t *testing.T) {
	c := newChain(t)
	file := c.export()
	trust := c.trust()
	header := strings.Index(string(file), "\n")
	for i := header + 1; i < len(file); i += 37 { // all of them take long; this goes through all of the format
		altered := slices.Clone(file)
		altered[i] ^= 1
		if r := verify(t, altered, trust); r.OK() && !unsealed(file, i) {
			line := 1 + strings.Count(string(file[:i]), "\n")
			t.Fatalf("byte %d, in line %d, was altered from %q to %q, and nobody noticed", i, line, file[i], altered[i])
		}
	}
}

// unsealed says that the byte is of an event whose hour is not sealed yet.
func unsealed(file []byte, i int) bool {
	begin := strings.LastIndex(string(file[:i]), "\n") + 1
	return strings.HasPrefix(string(file[begin:]), `{"event":{"hour":"`+string(last.Next()))
}

func TestFindingsAreBounded(t *testing.T) {
	c := newChain(t)
	f := c.file()
	lines := append(file{f[0]}, slices.Repeat(file{"{}\n"}, 5000)...)
	r := verify(t, append(lines, f[1:]...).bytes(), c.trust())
	if len(r.Findings) != 1000 || r.More != 4000 || r.OK() {
		t.Errorf("%d findings, %d more", len(r.Findings), r.More)
	}
}

func TestFindingsAsText(t *testing.T) {
	e := event(first, 4)
	for want, f := range map[string]evidence.Finding{
		"2026-11-26T10, shard 3: event removed " + e.ID.String() + " of 10:04:00.000Z (line 7)": {
			Kind: evidence.Removed, Hour: first, Shard: "3", Event: e.ID, Line: 7,
		},
		"2026-11-26T10 to 2026-11-26T13: seal missing: why": {Kind: evidence.SealMissing, Hour: first, Through: last, Detail: "why"},
		"malformed line (line 9)":                           {Kind: evidence.Malformed, Line: 9},
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// FuzzVerify: whatever the file, verification ends without a panic, and only what signs can make one that is right.
func FuzzVerify(f *testing.F) {
	c := newChain(f)
	c.remove(first)
	export := c.export()
	f.Add(export)
	f.Add([]byte(strings.SplitAfter(string(export), "\n")[0]))
	f.Add([]byte(`{"header":{"format":"strongroom events","version":1,"organization":"` + c.organization.String() +
		`","from":"2026-11-26T10","to":"2026-11-26T13","exportedAt":"2026-11-26T14:30:00Z"}}` + "\n" + `{"event":{"hour":"","shard":"","id":"00000000-0000-0000-0000-000000000000","stored":"","readable":null}}`))
	trust := c.trust()
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := evidence.Verify(strings.NewReader(string(content)), trust)
		if err != nil {
			return
		}
		for _, finding := range r.Findings {
			if finding.String() == "" {
				t.Error("a finding says nothing")
			}
		}
		if r.OK() && r.Seals > 0 && !strings.Contains(string(content), `{"seal":`) && !strings.Contains(string(content), `"seal"`) {
			t.Error("seals were counted in a file that has none")
		}
	})
}
