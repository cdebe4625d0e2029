package allowed_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
	"strongroom/pkg/table"
	"strongroom/pkg/table/allowed"
)

// A counter is a table that counts what reaches it.
type counter struct{ calls int }

func (c *counter) Get(context.Context, table.Key) (table.Item, bool, error) {
	c.calls++
	return table.Item{}, false, nil
}

func (c *counter) BatchGet(context.Context, []table.Key) (map[table.Key]table.Item, error) {
	c.calls++
	return nil, nil
}

func (c *counter) TransactGet(context.Context, []table.Key) (map[table.Key]table.Item, error) {
	c.calls++
	return nil, nil
}

func (c *counter) Query(context.Context, table.Query) (table.Page, error) {
	c.calls++
	return table.Page{}, nil
}

func (c *counter) Transact(context.Context, table.Transaction) error {
	c.calls++
	return nil
}

func key(pk string) table.Key { return table.Key{PK: pk, SK: "x"} }

func put(pk string) table.Write {
	return table.Put(table.Item{Key: key(pk)}, table.Unconditional())
}

// row may do a little of everything but check conditions.
var row = operation.Row{Name: "example", Access: operation.Access{Index2: true, Table: []operation.TableAccess{
	{Action: operation.GetItem, Partitions: []operation.Partition{"A#", "SEAL"}},
	{Action: operation.BatchGetItem, Partitions: []operation.Partition{"B#"}},
	{Action: operation.Query, Partitions: []operation.Partition{"C#"}},
	{Action: operation.PutItem, Partitions: []operation.Partition{"D#"}},
	{Action: operation.DeleteItem, Partitions: []operation.Partition{"E#"}},
}}}

// TestWhatARowDeclaresPassesAndNothingElse: an undeclared part has the whole call refused.
func TestWhatARowDeclaresPassesAndNothingElse(t *testing.T) {
	get := func(tbl table.Table, pk string) error { _, _, err := tbl.Get(t.Context(), key(pk)); return err }
	batch := func(tbl table.Table, pks ...string) error {
		keys := make([]table.Key, len(pks))
		for i, pk := range pks {
			keys[i] = key(pk)
		}
		_, err := tbl.BatchGet(t.Context(), keys)
		return err
	}
	query := func(tbl table.Table, index table.Index, pk string) error {
		_, err := tbl.Query(t.Context(), table.Query{Index: index, PK: pk})
		return err
	}
	write := func(tbl table.Table, writes ...table.Write) error {
		return tbl.Transact(t.Context(), table.Transaction{Writes: writes})
	}
	for name, c := range map[string]struct {
		do func(table.Table) error
		// refused is how the error ends; empty where there is none.
		refused string
	}{
		"a get":            {do: func(tbl table.Table) error { return get(tbl, "A#1") }},
		"a get of one key": {do: func(tbl table.Table) error { return get(tbl, "SEAL") }},
		"of another":       {func(tbl table.Table) error { return get(tbl, "SEALINDEX#1") }, "dynamodb:GetItem on SEALINDEX#"},
		"of a like one":    {func(tbl table.Table) error { return get(tbl, "A") }, "dynamodb:GetItem on A"},
		"a transaction's": {do: func(tbl table.Table) error {
			_, err := tbl.TransactGet(t.Context(), []table.Key{key("A#1")})
			return err
		}},
		"a batch":            {do: func(tbl table.Table) error { return batch(tbl, "B#1", "B#2") }},
		"a part of a batch":  {func(tbl table.Table) error { return batch(tbl, "B#1", "A#private") }, "dynamodb:BatchGetItem on A#"},
		"a query":            {do: func(tbl table.Table) error { return query(tbl, table.Primary, "C#1") }},
		"of the index":       {do: func(tbl table.Table) error { return query(tbl, table.Index2, operation.Index2Partition.Example()) }},
		"of its other keys":  {func(tbl table.Table) error { return query(tbl, table.Index2, "C#1") }, "dynamodb:Query in GSI2 on C#"},
		"of the first index": {func(tbl table.Table) error { return query(tbl, table.Index1, "C#1") }, "dynamodb:Query in GSI1 on C#"},
		"not in the index":   {func(tbl table.Table) error { return query(tbl, table.Primary, operation.Index2Partition.Example()) }, "dynamodb:Query on ORG#{id}#SECRETS#"},
		"writes": {do: func(tbl table.Table) error {
			return write(tbl, put("D#1"), table.Delete(key("E#1"), table.IfPresent()))
		}},
		"one too many": {func(tbl table.Table) error { return write(tbl, put("D#1"), put("E#1")) }, "dynamodb:PutItem on E#"},
		"a delete":     {func(tbl table.Table) error { return write(tbl, table.Delete(key("D#1"), table.IfPresent())) }, "dynamodb:DeleteItem on D#"},
		"a check":      {func(tbl table.Table) error { return write(tbl, table.Check(key("D#1"), table.IfPresent())) }, "dynamodb:ConditionCheckItem on D#"},
	} {
		beneath, told := &counter{}, 0
		err := c.do(&allowed.Table{Table: beneath, Row: row, Undeclared: func(error) { told++ }})
		if c.refused == "" {
			if err != nil || beneath.calls != 1 || told != 0 {
				t.Errorf("%s: %v, %d calls, told %d times", name, err, beneath.calls, told)
			}
			continue
		}
		want := "table: invalid request: not declared in the operation table: example does " + c.refused
		if !errors.Is(err, allowed.ErrUndeclared) || !errors.Is(err, table.ErrInvalid) || err.Error() != want || beneath.calls != 0 || told != 1 {
			t.Errorf("%s: %v, %d calls, told %d times; want %s", name, err, beneath.calls, told, want)
		}
	}
}

// TestEverythingIsSeen, declared or not.
func TestEverythingIsSeen(t *testing.T) {
	var seen []string
	tbl := &allowed.Table{Table: &counter{}, Row: row, Seen: func(action operation.TableAction, pk string, in table.Index) {
		if in != table.Primary {
			pk += " in " + in.Name()
		}
		seen = append(seen, string(action)+" "+pk)
	}}
	_, _, _ = tbl.Get(t.Context(), key("Z#1"))
	_, _ = tbl.Query(t.Context(), table.Query{Index: table.Index2, PK: "ORG#1"})
	_ = tbl.Transact(t.Context(), table.Transaction{Writes: []table.Write{put("D#1"), put("Z#1")}})
	want := []string{"dynamodb:GetItem Z#1", "dynamodb:Query ORG#1 in GSI2", "dynamodb:PutItem D#1", "dynamodb:PutItem Z#1"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
