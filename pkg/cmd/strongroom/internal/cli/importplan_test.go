package cli

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

func TestCompare(t *testing.T) {
	id := uuid.Must(uuid.NewV7())
	secrets := []client.Secret{
		{ID: id, Name: "SAME", Value: client.NewValue("1")},
		{ID: id, Name: "OTHER", Value: client.NewValue("2")},
		{ID: id, Name: "CHANGED", Value: client.NewValue("3")},
	}
	entries := []dotenv.Entry{{Name: "NEW", Value: ""}, {Name: "CHANGED", Value: ""}, {Name: "SAME", Value: "1"}, {Name: "LAST", Value: "4"}}
	p := compare(client.Project{Name: "demo"}, entries, secrets)
	got := [][]string{p.created, p.changed, p.same, {p.summary()}}
	want := [][]string{
		{"NEW", "LAST"}, {"CHANGED"}, {"SAME"}, {"demo: 2 new, 1 changed, 1 unchanged, 1 not in the file"},
	}
	for i, w := range []struct{ name, value string }{{"NEW", ""}, {"CHANGED", ""}, {"LAST", "4"}} {
		got, want = append(got, []string{p.writes[i].name, p.writes[i].value.Reveal()}), append(want, []string{w.name, w.value})
		if made := p.writes[i].id != uuid.Nil; made != (w.name != "CHANGED") {
			t.Errorf("%s has an id: %t", w.name, made)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(p.writes) != 3 {
		t.Errorf("%d writes; (-want +got):\n%s", len(p.writes), diff)
	}
}

// idAgo is an id from some time ago, at either end of its millisecond.
func idAgo(ago time.Duration, last bool) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	ms := time.Now().Add(-ago).UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	if last {
		copy(id[6:], []byte{0x7f, 0xff, 0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	}
	return id
}

func TestFillIDs(t *testing.T) {
	minutes := func(n time.Duration) uuid.UUID { return idAgo(n*time.Minute, false) }
	edge := idAgo(30*time.Minute, true)
	next := pack(unpack(edge).Add(unpack(edge), unpack(uuid.UUID{15: 4})))
	none := uuid.Nil
	tests := map[string]struct {
		ids []uuid.UUID
		// grow says that all grow, as far as those that are there do.
		grow bool
	}{
		"nothing":                           {nil, true},
		"all are new":                       {make([]uuid.UUID, 10_000), true},
		"all are there":                     {[]uuid.UUID{minutes(3), minutes(2), minutes(1)}, true},
		"new ones at the end":               {[]uuid.UUID{minutes(100), minutes(99), none, none}, true},
		"a gap":                             {[]uuid.UUID{minutes(3), none, none, none, minutes(2), none, minutes(1), none}, true},
		"a gap in one millisecond":          {[]uuid.UUID{idAgo(time.Minute, false), none, none, idAgo(time.Minute, true)}, true},
		"a gap over a millisecond's end":    {[]uuid.UUID{edge, none, none, next}, true},
		"a gap at the beginning":            {[]uuid.UUID{none, none, minutes(1), none}, true},
		"a gap where there is no room":      {[]uuid.UUID{edge, none, none, none, none, next}, false},
		"a gap that is too old":             {[]uuid.UUID{minutes(100), none, minutes(99)}, false},
		"a gap at a beginning too old":      {[]uuid.UUID{none, minutes(99)}, false},
		"a gap before what is of tomorrow":  {[]uuid.UUID{none, minutes(-1440)}, true},
		"those that are there are confused": {[]uuid.UUID{minutes(2), none, minutes(3), none, minutes(1), none}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := fillIDs(test.ids)
			seen := map[uuid.UUID]bool{}
			for i, id := range got {
				ms := int64(0)
				for _, b := range id[:6] {
					ms = ms<<8 | int64(b)
				}
				switch age := time.Since(time.UnixMilli(ms)); {
				case test.ids[i] != uuid.Nil && id != test.ids[i]:
					t.Errorf("%d: %s became %s", i, test.ids[i], id)
				case id.Version() != 7 || id.Variant() != uuid.RFC4122:
					t.Errorf("%d: %s is no UUIDv7", i, id)
				case test.ids[i] == uuid.Nil && (age > 55*time.Minute || age < -time.Minute):
					t.Errorf("%d: %s is %s old, and new", i, id, age)
				case seen[id]:
					t.Errorf("%d: %s is there twice", i, id)
				}
				seen[id] = true
			}
			grow := slices.IsSortedFunc(got, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
			if len(got) != len(test.ids) || grow != test.grow {
				t.Errorf("%d ids, which grow: %t, want %t:\n%v", len(got), grow, test.grow, got)
			}
		})
	}
}

func TestFillIDsKeepsWhatGrowsTogether(t *testing.T) {
	first, second, third := idAgo(3*time.Minute, false), idAgo(2*time.Minute, false), idAgo(time.Minute, false)
	got := fillIDs([]uuid.UUID{second, uuid.Nil, first, uuid.Nil, third})
	if !later(got[1], second) || !later(got[3], got[1]) || !later(third, got[3]) {
		t.Errorf("%v", got)
	}
}
