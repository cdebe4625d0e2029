package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"strongroom/pkg/table"
)

// maxFeedBytes is how many bytes of records Next answers before it stops, but for a first one that is larger. (Lambda
// takes 6 MB, in which bytes are written in base64.)
const maxFeedBytes = 3 << 20

// A Feed is the table's changes as one reader gets them. Make one with DB.Feed. It has one reader at a time.
type Feed struct {
	db   *DB
	name []byte
	// repeat is how many batches the reader gets until one comes twice; zero for never. batches are those that it got.
	repeat, batches int
	// split is how many records the next batch has at most, where not zero: the last one comes again.
	split int
}

// A Record is a change with its number in its feed, which grows from each record to the next.
type Record struct {
	Sequence uint64
	table.Change
}

// A FeedOption changes how a feed is read.
type FeedOption func(*Feed)

// Redelivering has every nth batch come again when its reader is done with it, once, and cut elsewhere, as DynamoDB
// Streams and Lambda may do at any time: for tests of what must bear that. Zero is never.
func Redelivering(every int) FeedOption { return func(f *Feed) { f.repeat = every } }

// Feed opens the feed of that name, of changes of the items whose keys begin, partition key and sort key, as one of wanted
// does. A new feed begins with the next change; one that was there goes on where its reader was, and from now on is of these.
func (db *DB) Feed(name string, wanted []table.Key, options ...FeedOption) (*Feed, error) {
	if name == "" {
		return nil, fmt.Errorf("%w: a feed needs a name", table.ErrInvalid)
	}
	err := db.update(func(tx *bbolt.Tx) error {
		if _, err := tx.Bucket(bucketChanges).CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
		encoded, list := encodePrefixes(wanted), tx.Bucket(bucketFeeds)
		if bytes.Equal(list.Get([]byte(name)), encoded) {
			return errNothing
		}
		return list.Put([]byte(name), encoded)
	})
	if err != nil {
		return nil, err
	}
	f := &Feed{db: db, name: []byte(name)}
	for _, option := range options {
		option(f)
	}
	return f, nil
}

// RetainFeeds removes all feeds but those of these names, and their records.
func (db *DB) RetainFeeds(names ...string) error {
	return db.update(func(tx *bbolt.Tx) error {
		var gone [][]byte
		err := tx.Bucket(bucketFeeds).ForEach(func(name, _ []byte) error {
			if !slices.Contains(names, string(name)) {
				gone = append(gone, bytes.Clone(name))
			}
			return nil
		})
		if err == nil && gone == nil {
			err = errNothing
		}
		for _, name := range gone {
			err = errors.Join(err, tx.Bucket(bucketFeeds).Delete(name), tx.Bucket(bucketChanges).DeleteBucket(name))
		}
		return err
	})
}

// update runs f in a write transaction beside the committer's, and leaves that out where f says errNothing.
func (db *DB) update(f func(*bbolt.Tx) error) error {
	err := db.file.Update(f)
	switch {
	case errors.Is(err, errNothing):
		return nil
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return ErrClosed
	}
	return err
}

// Next answers the feed's first records, at most that many, and waits while there are none. It answers the same ones
// again until Done was called. Its error is the context's, ErrClosed, or one of a file that can't be read.
func (f *Feed) Next(ctx context.Context, most int) ([]Record, error) {
	if f.split > 0 {
		most = min(most, f.split)
	}
	for {
		later := f.db.news.next() // before looking, so that nothing comes in between unseen
		var records []Record
		err := f.db.view(ctx, func(tx *bbolt.Tx) (err error) {
			records, err = f.first(tx, most)
			return err
		})
		if err != nil || len(records) > 0 {
			return records, err
		}
		select {
		case <-later:
		case <-ctx.Done():
			return nil, fmt.Errorf("bolt: %w", ctx.Err())
		case <-f.db.closing:
			return nil, ErrClosed
		}
	}
}

func (f *Feed) first(tx *bbolt.Tx, most int) ([]Record, error) {
	queue := tx.Bucket(bucketChanges).Bucket(f.name)
	if queue == nil {
		return nil, fmt.Errorf("bolt: the feed %q was removed", f.name)
	}
	var records []Record
	size := 0
	cursor := queue.Cursor()
	for k, v := cursor.First(); k != nil && len(records) < most; k, v = cursor.Next() {
		if size += len(v); len(records) > 0 && size > maxFeedBytes {
			break
		}
		record, err := decodeRecord(k, v)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

// Done says that the records up to and with that number were dealt with: they don't come again. It is on the disk when it
// answers, in one commit with whatever is being written meanwhile.
func (f *Feed) Done(ctx context.Context, through uint64) error {
	if f.repeat > 0 && f.split == 0 {
		if f.batches++; f.batches%f.repeat == 0 {
			f.split = 1 + f.batches/f.repeat%3
			return nil
		}
	}
	f.split = 0
	return f.db.send(ctx, &request{read: &progress{f.name, through}, done: make(chan error, 1)})
}

// A progress is how far a feed was read.
type progress struct {
	feed    []byte
	through uint64
}

// apply removes what was read.
func (p *progress) apply(tx *bbolt.Tx) error {
	queue := tx.Bucket(bucketChanges).Bucket(p.feed)
	if queue == nil {
		return nil // the feed was removed meanwhile
	}
	cursor, last := queue.Cursor(), sequenceKey(p.through)
	for k, _ := cursor.First(); k != nil && bytes.Compare(k, last) <= 0; k, _ = cursor.First() {
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// news wakes who waits for records.
type news struct {
	mutex sync.Mutex
	c     chan struct{} // closed by the next spread
}

// next is closed when there are records that were not there when it was called.
func (n *news) next() <-chan struct{} {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.c == nil {
		n.c = make(chan struct{})
	}
	return n.c
}

func (n *news) spread() {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.c != nil {
		close(n.c)
		n.c = nil
	}
}
