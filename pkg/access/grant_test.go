package access_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
)

var (
	idA = uuid.MustParse("00000000-0000-7000-8000-00000000000a")
	idB = uuid.MustParse("00000000-0000-7000-8000-00000000000b")
	idC = uuid.MustParse("f0000000-0000-7000-8000-00000000000c")
)

func mustGrants(t testing.TB, list ...access.Grant) access.Grants {
	t.Helper()
	grants, err := access.NewGrants(list...)
	if err != nil {
		t.Fatal(err)
	}
	return grants
}

func TestNewGrantsSortsAndCutsToMilliseconds(t *testing.T) {
	east := time.FixedZone("east", 3600)
	given := []access.Grant{
		{Principal: idC, Permission: access.Manage, ExpiresAt: time.Date(2026, 1, 1, 1, 0, 0, 1_999_999, east)},
		{Principal: idA, Permission: access.Read},
		{Principal: idB, Permission: access.Write},
	}
	want := access.Grants{given[1], given[2], given[0]}
	want[2].ExpiresAt = time.Date(2026, 1, 1, 0, 0, 0, 1_000_000, time.UTC)
	if diff := cmp.Diff(want, mustGrants(t, given...)); diff != "" {
		t.Error(diff)
	}
	if given[0].Principal != idC {
		t.Error("the caller's list was sorted")
	}
}

func TestNewGrantsRefuses(t *testing.T) {
	for name, list := range map[string][]access.Grant{
		"no principal":     {{Permission: access.Read}},
		"no permission":    {{Principal: idA}},
		"permission of 4":  {{Principal: idA, Permission: access.Manage + 1}},
		"permission of -1": {{Principal: idA, Permission: -1}},
		"the year 1970":    {{Principal: idA, Permission: access.Read, ExpiresAt: time.UnixMicro(999)}},
		"before 1970":      {{Principal: idA, Permission: access.Read, ExpiresAt: time.Unix(-1, 0)}},
		"a second grant":   {{Principal: idA, Permission: access.Read}, {Principal: idA, Permission: access.Write}},
	} {
		t.Run(name, func(t *testing.T) {
			grants, err := access.NewGrants(list...)
			if err == nil {
				t.Fatalf("NewGrants made %v", grants)
			}
			var duplicate *access.DuplicateError
			if errors.As(err, &duplicate) != (name == "a second grant") ||
				duplicate != nil && !strings.Contains(err.Error(), idA.String()) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestFindFindsEachAndNoOther(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // must be repeatable
	for size := range 40 {
		var list []access.Grant
		for range size {
			list = append(list, access.Grant{Principal: randomID(rnd), Permission: access.Read})
		}
		grants := mustGrants(t, list...)
		for _, g := range list {
			if found, ok := grants.Find(g.Principal); !ok || !found.Same(g) {
				t.Errorf("of %d grants, Find(%s) is %v, %t", size, g.Principal, found, ok)
			}
		}
		if found, ok := grants.Find(randomID(rnd)); ok || !found.IsZero() {
			t.Errorf("Find found %v for somebody unknown", found)
		}
	}
}

func randomID(rnd *rand.Rand) (id uuid.UUID) {
	for i := range id {
		id[i] = byte(rnd.Uint32())
	}
	return id
}

func TestChangedNamesWhatDiffers(t *testing.T) {
	soon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	readA := access.Grant{Principal: idA, Permission: access.Read}
	writeA := access.Grant{Principal: idA, Permission: access.Write}
	soonA := access.Grant{Principal: idA, Permission: access.Read, ExpiresAt: soon}
	readB := access.Grant{Principal: idB, Permission: access.Read}
	readC := access.Grant{Principal: idC, Permission: access.Read}
	grants := func(list ...access.Grant) access.Grants { return mustGrants(t, list...) }
	for name, c := range map[string]struct {
		before, after access.Grants
		want          []access.Change
	}{
		"nothing from nothing":  {},
		"the same":              {grants(readA, soonAt(readB, soon)), grants(readA, soonAt(readB, soon)), nil},
		"the same in two zones": {grants(soonA), access.Grants{soonAt(readA, soon.Local())}, nil},
		"one given":             {grants(readA, readC), grants(readA, readB, readC), []access.Change{{Principal: idB, New: readB}}},
		"one taken":             {grants(readA, readB, readC), grants(readA, readC), []access.Change{{Principal: idB, Old: readB}}},
		"all taken":             {grants(readA, readB), nil, []access.Change{{idA, readA, access.Grant{}}, {idB, readB, access.Grant{}}}},
		"another permission":    {grants(readA, readB), grants(writeA, readB), []access.Change{{idA, readA, writeA}}},
		"another end":           {grants(readA), grants(soonA), []access.Change{{idA, readA, soonA}}},
		"one for another": {grants(readA), grants(readB),
			[]access.Change{{Principal: idA, Old: readA}, {Principal: idB, New: readB}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, access.Changed(c.before, c.after)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func soonAt(g access.Grant, end time.Time) access.Grant {
	g.ExpiresAt = end
	return g
}

func TestPackedGrantsAreSortedRecords(t *testing.T) {
	end := time.Date(2026, 11, 23, 12, 0, 0, 1_000_000, time.UTC)
	grants := mustGrants(t, access.Grant{Principal: idC, Permission: access.Manage, ExpiresAt: end},
		access.Grant{Principal: idA, Permission: access.Read})
	packed, err := grants.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	want := append(bytes.Clone(idA[:]), 1, 0, 0, 0, 0, 0, 0, 0, 0)
	want = append(append(want, idC[:]...), 3, 0, 0, 0x01, 0xa2, 0x08, 0x46, 0xfe, 0x01)
	if diff := cmp.Diff(want, packed); diff != "" {
		t.Error(diff)
	}
	var back access.Grants
	if err := back.UnmarshalBinary(packed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(grants, back); diff != "" {
		t.Error(diff)
	}
}

func TestMarshalBinaryRefusesWhatNewGrantsWould(t *testing.T) {
	for name, list := range map[string]access.Grants{
		"unsorted":      {{Principal: idB, Permission: access.Read}, {Principal: idA, Permission: access.Read}},
		"twice":         {{Principal: idA, Permission: access.Read}, {Principal: idA, Permission: access.Read}},
		"no permission": {{Principal: idA}},
	} {
		t.Run(name, func(t *testing.T) {
			if packed, err := list.MarshalBinary(); err == nil {
				t.Errorf("it became %x", packed)
			}
		})
	}
}

func TestUnmarshalBinaryRefuses(t *testing.T) {
	record := func(id uuid.UUID, permission byte, expiry ...byte) []byte {
		return append(append(bytes.Clone(id[:]), permission), append(expiry, make([]byte, 8-len(expiry))...)...)
	}
	for name, packed := range map[string][]byte{
		"a byte short":      record(idA, 1)[:24],
		"a byte too many":   append(record(idA, 1), 0),
		"permission 0":      record(idA, 0),
		"permission 4":      record(idA, 4),
		"no principal":      record(uuid.Nil, 1),
		"an end in 1969":    record(idA, 1, 0xff),
		"unsorted":          append(record(idB, 1), record(idA, 1)...),
		"a principal twice": append(record(idA, 1), record(idA, 2)...),
	} {
		t.Run(name, func(t *testing.T) {
			kept := mustGrants(t, access.Grant{Principal: idC, Permission: access.Read})
			list := kept
			if err := list.UnmarshalBinary(packed); err == nil {
				t.Errorf("it became %v", list)
			}
			if diff := cmp.Diff(kept, list); diff != "" {
				t.Error("the list was changed:", diff)
			}
		})
	}
}

// FuzzUnmarshalBinary holds that what is accepted is what would have been written, byte for byte.
func FuzzUnmarshalBinary(f *testing.F) {
	f.Add([]byte{})
	packed, err := mustGrants(f, access.Grant{Principal: idA, Permission: access.Read},
		access.Grant{Principal: idB, Permission: access.Write, ExpiresAt: time.UnixMilli(1)}).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add(packed[:25])
	f.Add(packed[1:])
	f.Add(bytes.Repeat([]byte{0xff}, 50))
	f.Fuzz(func(t *testing.T, packed []byte) {
		var list access.Grants
		if err := list.UnmarshalBinary(packed); err != nil {
			return
		}
		again, err := list.MarshalBinary()
		if err != nil || !bytes.Equal(again, packed) {
			t.Errorf("%x was read and became %x, %v", packed, again, err)
		}
	})
}

func TestOneGrantCoversAnother(t *testing.T) {
	early, late := time.UnixMilli(1000), time.UnixMilli(2000)
	grant := func(p access.Permission, until time.Time) access.Grant {
		return access.Grant{Permission: p, ExpiresAt: until}
	}
	for name, c := range map[string]struct {
		one, other access.Grant
		want       bool
	}{
		"the same":                 {grant(access.Write, early), grant(access.Write, early), true},
		"more":                     {grant(access.Manage, early), grant(access.Write, early), true},
		"less":                     {grant(access.Read, early), grant(access.Write, early), false},
		"longer":                   {grant(access.Write, late), grant(access.Write, early), true},
		"shorter":                  {grant(access.Write, early), grant(access.Write, late), false},
		"without end":              {grant(access.Write, time.Time{}), grant(access.Write, late), true},
		"with an end, for without": {grant(access.Write, late), grant(access.Write, time.Time{}), false},
		"more, for shorter":        {grant(access.Manage, early), grant(access.Read, late), false},
		"none by none":             {access.Grant{}, access.Grant{}, true},
		"nothing covers something": {access.Grant{}, grant(access.Read, early), false},
	} {
		if got := c.one.Covers(c.other); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
