// Package allowed holds operations to what their rows in the operation table say that they do in the table: a [Table]
// stands between a use case and the store, and refuses the rest as IAM does in AWS, where the same rows make the roles.
//
// So does the local server, and so do the tests of package secrets: what no row declares fails here before it fails there.
//
// # Errors
//
// A call of which any part is not declared is [ErrUndeclared] as a whole, which is a table.ErrInvalid: nothing of it was
// done. Errors name the operation, the action and what kind of partition it was, and no more of a key.
package allowed

import (
	"context"
	"errors"
	"fmt"

	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// ErrUndeclared says that an operation is about to do what its row does not declare.
var ErrUndeclared = errors.New("not declared in the operation table")

// A Table is a table as an operation has it.
type Table struct {
	// Table is what is beneath.
	table.Table
	Row operation.Row
	// Seen, where not nil, is called with everything that the operation does, declared or not, before it is done: where it is
	// done, which for all but queries is the table itself.
	Seen func(action operation.TableAction, pk string, in table.Index)
	// Undeclared, where not nil, is called with every error, for who is not content to have the operation fail by it.
	Undeclared func(error)
}

// Get implements table.Table.
func (t *Table) Get(ctx context.Context, key table.Key) (table.Item, bool, error) {
	if err := t.items(operation.GetItem, key); err != nil {
		return table.Item{}, false, err
	}
	return t.Table.Get(ctx, key)
}

// BatchGet implements table.Table.
func (t *Table) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := t.items(operation.BatchGetItem, keys...); err != nil {
		return nil, err
	}
	return t.Table.BatchGet(ctx, keys)
}

// TransactGet implements table.Table.
func (t *Table) TransactGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	if err := t.items(operation.GetItem, keys...); err != nil {
		return nil, err
	}
	return t.Table.TransactGet(ctx, keys)
}

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if err := t.query(q); err != nil {
		return table.Page{}, err
	}
	return t.Table.Query(ctx, q)
}

// Transact implements table.Table.
func (t *Table) Transact(ctx context.Context, transaction table.Transaction) error {
	for _, w := range transaction.Writes {
		if err := t.items(actions[w.Op], w.Item.Key); err != nil {
			return err
		}
	}
	return t.Table.Transact(ctx, transaction)
}

// actions are what IAM calls the writes.
var actions = map[table.Op]operation.TableAction{
	table.OpPut: operation.PutItem, table.OpDelete: operation.DeleteItem, table.OpCheck: operation.ConditionCheckItem,
}

func (t *Table) items(action operation.TableAction, keys ...table.Key) error {
	for _, key := range keys {
		t.see(action, key.PK, table.Primary)
		if !t.Row.Access.Allows(action, key.PK) {
			return t.undeclared(string(action), key.PK)
		}
	}
	return nil
}

func (t *Table) query(q table.Query) error {
	declared := false
	switch q.Index {
	case table.Primary:
		return t.items(operation.Query, table.Key{PK: q.PK})
	case table.Index1:
		declared = t.Row.Access.Index1 && operation.Index1Partition.Has(q.PK)
	case table.Index2:
		declared = t.Row.Access.Index2 && operation.Index2Partition.Has(q.PK)
	}
	t.see(operation.Query, q.PK, q.Index)
	if declared {
		return nil
	}
	return t.undeclared(string(operation.Query)+" in "+q.Index.Name(), q.PK)
}

func (t *Table) see(action operation.TableAction, pk string, in table.Index) {
	if t.Seen != nil {
		t.Seen(action, pk, in)
	}
}

func (t *Table) undeclared(action, pk string) error {
	err := fmt.Errorf("%w: %w: %s does %s on %s", table.ErrInvalid, ErrUndeclared, t.Row.Name, action, operation.PartitionOf(pk))
	if t.Undeclared != nil {
		t.Undeclared(err)
	}
	return err
}
