package tabletest

import (
	"errors"
	"fmt"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/table"
)

var writes = []check{
	{"each condition guards each kind of write, alone and among others", conditions},
	{"a condition error names every write that failed", failedPlaces},
	{"a put replaces the whole item", replaces},
	{"deleting what is not there is no error", deletesNothing},
	{"a hundred writes happen whole or not at all", hundredWrites},
	{"a transaction repeated under its token happens once", tokens},
}

// A state is what a write finds.
type state struct {
	name  string
	there bool
	rev   int64
}

func conditions(f fixture) {
	states := []state{{"nothing", false, 0}, {"revision 7", true, 7}, {"revision 0", true, 0}}
	conds := map[string]struct {
		cond table.Condition
		met  func(s state) bool
	}{
		"unconditional": {table.Unconditional(), func(state) bool { return true }},
		"absent":        {table.IfAbsent(), func(s state) bool { return !s.there }},
		"present":       {table.IfPresent(), func(s state) bool { return s.there }},
		"revision 7":    {table.IfRevision(7), func(s state) bool { return s.there && s.rev == 7 }},
		"revision 8":    {table.IfRevision(8), func(state) bool { return false }},
		"zero, absent":  {table.IfRevision(0), func(s state) bool { return !s.there }},
		"at revision 0": {table.Condition{Kind: table.AtRevision}, func(s state) bool { return s.there && s.rev == 0 }},
	}
	for _, s := range states {
		for name, c := range conds {
			for _, op := range []table.Op{table.OpPut, table.OpDelete, table.OpCheck} {
				if op == table.OpCheck && c.cond.Kind == table.Always {
					continue
				}
				for _, companion := range []bool{false, true} {
					what := fmt.Sprintf("op %d if %s, finding %s, companion %v", op, name, s.name, companion)
					f.guarded(what, guard{s, op, c.cond, c.met(s), companion})
				}
			}
		}
	}
}

// A guard is one case of conditions.
type guard struct {
	found     state
	op        table.Op
	cond      table.Condition
	met       bool
	companion bool // another write in the transaction
}

func (f fixture) guarded(what string, g guard) {
	f.Helper()
	id := uuid.NewString()
	before, after, other := f.item("p", id, g.found.rev), f.item("p", id, 99), f.item("other", id, 1)
	if g.found.there {
		f.put(before)
	}
	var writes []table.Write
	if g.companion {
		writes = append(writes, table.Put(other, table.IfAbsent()))
	}
	err := f.try(append(writes, table.Write{Op: g.op, Item: after, If: g.cond})...)
	if g.met && err != nil {
		f.Errorf("%s: %v, want success", what, err)
	}
	if !g.met {
		var failed *table.ConditionError
		if !errors.As(err, &failed) || !cmp.Equal(failed.Failed, []int{len(writes)}) {
			f.Errorf("%s: %v, want a ConditionError of write %d", what, err, len(writes))
		}
	}
	var want *table.Item
	switch {
	case g.met && g.op == table.OpPut:
		want = &after
	case g.met && g.op == table.OpDelete:
	case g.found.there:
		want = &before
	}
	if diff := cmp.Diff(want, f.get(before.Key)); diff != "" {
		f.Errorf("%s: left (-want +got):\n%s", what, diff)
	}
	if written := f.get(other.Key) != nil; written != (g.met && g.companion) {
		f.Errorf("%s: companion written: %v", what, written)
	}
}

func failedPlaces(f fixture) {
	f.put(f.item("p", "there", 5))
	err := f.try(
		table.Put(f.item("p", "new", 1), table.IfAbsent()),
		table.Put(f.item("p", "there", 6), table.IfRevision(4)),
		table.Delete(f.key("p", "other"), table.Unconditional()),
		table.Check(f.key("p", "gone"), table.IfPresent()),
		table.Delete(f.key("p", "gone too"), table.IfRevision(1)),
	)
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		f.Fatalf("error %v, want a ConditionError", err)
	}
	if diff := cmp.Diff([]int{1, 3, 4}, failed.Failed); diff != "" {
		f.Errorf("failed (-want +got):\n%s", diff)
	}
	f.wantNone(f.key("p", "new"))
	f.wantItem(f.item("p", "there", 5))
}

func replaces(f fixture) {
	item := f.item("p", "s", 1)
	item.Attributes = everyKind()
	f.put(item)
	item = table.Item{Key: item.Key, Revision: 2, Attributes: map[string]any{"other": "thing"}}
	f.write(table.Put(item, table.IfRevision(1)))
	f.wantItem(item)
}

func deletesNothing(f fixture) {
	f.write(table.Delete(f.key("p", "a"), table.Unconditional()))
	f.write(table.Delete(f.key("p", "a"), table.IfAbsent()))
	f.write(table.Delete(f.key("p", "a"), table.Unconditional()), table.Delete(f.key("p", "b"), table.IfAbsent()))
	f.wantNone(f.key("p", "a"))
}

func hundredWrites(f fixture) {
	var writes []table.Write
	for i := range table.MaxTransactionItems {
		writes = append(writes, table.Put(f.item("p", fmt.Sprintf("%03d", i), 1), table.IfAbsent()))
	}
	f.put(f.item("p", "050", 9))
	var failed *table.ConditionError
	if err := f.try(writes...); !errors.As(err, &failed) || !cmp.Equal(failed.Failed, []int{50}) {
		f.Fatalf("error %v, want a ConditionError of write 50", err)
	}
	if got := f.sortKeys(table.Query{PK: f.prefix + "p"}); len(got) != 1 {
		f.Errorf("%d items after a failed transaction, want the one that was there", len(got))
	}
	f.write(table.Delete(f.key("p", "050"), table.IfRevision(9)))
	f.write(writes...)
	if got := f.sortKeys(table.Query{PK: f.prefix + "p"}); len(got) != 100 {
		f.Errorf("%d items, want 100", len(got))
	}
}

func tokens(f fixture) {
	t := table.Transaction{Token: uuid.NewString(), Writes: []table.Write{
		table.Put(f.item("p", "a", 1), table.IfAbsent()),
		table.Put(f.item("p", "b", 1), table.IfAbsent()),
	}}
	for range 2 {
		if err := f.table.Transact(f.Context(), t); err != nil {
			f.Fatalf("Transact: %v", err)
		}
	}
	f.put(f.item("p", "a", 2))
	if err := f.table.Transact(f.Context(), t); err != nil {
		f.Errorf("repeated after another write: %v", err)
	}
	f.wantItem(f.item("p", "a", 2))

	other := table.Transaction{Token: t.Token, Writes: []table.Write{t.Writes[0], table.Put(f.item("p", "c", 1), table.IfAbsent())}}
	f.wantInvalid("another transaction", f.table.Transact(f.Context(), other))
	f.wantNone(f.key("p", "c"))

	failing := table.Transaction{Token: uuid.NewString(), Writes: []table.Write{
		table.Put(f.item("p", "d", 1), table.IfAbsent()), table.Check(f.key("p", "e"), table.IfPresent()),
	}}
	var failed *table.ConditionError
	if err := f.table.Transact(f.Context(), failing); !errors.As(err, &failed) {
		f.Errorf("error %v, want a ConditionError", err)
	}
	f.wantNone(f.key("p", "d"))
}
