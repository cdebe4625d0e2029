package bolt

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"strongroom/pkg/table"
)

// maxGroup is how many transactions are committed together at most.
const maxGroup = 1000

// errNothing makes bolt forget a group that has nothing to write, which saves the fsync.
var errNothing = errors.New("nothing to write")

// run commits what is queued until the table is closed. What it has taken it always answers.
func (db *DB) run() {
	defer close(db.closed)
	for {
		select {
		case first := <-db.queue:
			db.commit(db.group(first))
		case <-db.closing:
			return
		}
	}
}

// group adds whoever else is waiting to first, without waiting for them.
func (db *DB) group(first *request) []*request {
	group := []*request{first}
	for len(group) < maxGroup {
		select {
		case r := <-db.queue:
			group = append(group, r)
		default:
			return group
		}
	}
	return group
}

// commit writes a group and tells everybody in it the outcome.
func (db *DB) commit(group []*request) {
	var added []string
	recorded := false
	err := db.file.Update(func(tx *bbolt.Tx) error {
		var err error
		added, recorded, err = db.apply(tx, group)
		return err
	})
	if err != nil && !errors.Is(err, errNothing) {
		for _, token := range added {
			db.tokens.remove(token)
		}
		// Conditions were judged by what the others would have left: nobody's outcome stands.
		for _, r := range group {
			r.done <- fmt.Errorf("bolt: commit: %w", err)
		}
		return
	}
	if recorded {
		db.news.spread()
	}
	for _, r := range group {
		r.done <- r.err
	}
}

// apply does what the group wants and answers the tokens it used up, and whether it left records in a feed. An error is
// one of the file, and leaves the whole group undone; a transaction's own error is kept in it.
func (db *DB) apply(tx *bbolt.Tx, group []*request) (added []string, recorded bool, err error) {
	b := bucketsOf(tx)
	if b.feeds, err = feedsOf(tx); err != nil {
		return nil, false, err
	}
	wrote := false
	for _, r := range group {
		repeated := false
		if repeated, r.err = db.isRepeated(r); repeated || r.err != nil {
			continue
		}
		if r.err = r.check(b.items); r.err != nil {
			continue
		}
		for _, w := range r.writes {
			left, err := b.apply(w)
			if err != nil {
				return added, false, err
			}
			recorded = recorded || left
			wrote = wrote || w.op != table.OpCheck
		}
		if r.read != nil {
			if err := r.read.apply(tx); err != nil {
				return added, false, err
			}
			wrote = true
		}
		if r.token != "" {
			db.tokens.add(r.token, r.hash)
			added = append(added, r.token)
		}
	}
	if !wrote {
		return added, false, errNothing
	}
	return added, recorded, nil
}

// isRepeated says whether the transaction was already done; a token that was used for another one is an error.
func (db *DB) isRepeated(r *request) (bool, error) {
	if r.token == "" {
		return false, nil
	}
	hash, ok := db.tokens.find(r.token)
	if ok && hash != r.hash {
		return false, fmt.Errorf("%w: the token was used for another transaction", table.ErrInvalid)
	}
	return ok, nil
}
