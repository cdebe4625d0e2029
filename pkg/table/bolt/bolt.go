// Package bolt keeps Strongroom's table in one bbolt file: the adapter for one machine.
//
// # The file
//
// One bucket holds the items, and one more for each index the index's entries, written in the same bolt transaction
// as the items. Bucket keys are made so that their bytes sort by partition key and then by sort key (see keys.go);
// values are MessagePack. A bucket holds who reads the change feed, another what they are still to get. A bucket named
// meta holds the number of this format, and a file with another number is refused; one that was made before there was a
// change feed gets its buckets when it is opened. The file belongs to one process at a time, is open to its owner alone (0600), and grows but never shrinks.
//
// # Writes
//
// A write is on the disk (fsync) when Transact answers, so that a process killed at any moment loses nothing that was
// acknowledged. One goroutine commits: it takes whatever callers are waiting, checks each transaction's conditions
// against what those before it leave, and commits the group with one fsync. A transaction whose condition is not met
// writes nothing and fails alone. A caller whose context ends before its transaction was taken gets the context's error
// and nothing is written; once it is taken, Transact waits for the outcome, which is one commit away, so that no
// outcome is unknown but that of a disk that fails.
//
// # Reads
//
// Every read, of the indexes too, sees one moment: each is a bolt transaction of its own.
//
// # The change feed
//
// Who wants to know what changes opens a [Feed] under a name of its own. From then on each put and delete of the items
// that it wants leaves a record in its queue, in the same bolt transaction and in the order of the commits,
// with the item before and after; a put of what is already there leaves none. The queue is durable, and so is who has
// one: records are made from Open on, also while nobody reads. They are answered by Next until Done says that they were
// dealt with, and then removed: at least once, in their order. Each feed has a queue of its own, so that none keeps the
// file growing for another; a feed that nobody will read any more is removed with RetainFeeds. An item that no feed wants
// costs nothing.
//
// # Tokens
//
// A transaction's token is remembered for ten minutes, in memory: who could repeat it ends with the process. When
// there are more than 65,536 in that time the oldest are forgotten.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"strongroom/pkg/table"
)

// lockTimeout is how long Open waits for another process to let go of the file.
const lockTimeout = time.Second

// format is the number of the file's layout.
const format = "1"

// ErrClosed is what every method answers once Close was called. Nothing was written.
var ErrClosed = errors.New("bolt: the table is closed")

var (
	bucketItems  = []byte("items")
	bucketIndex1 = []byte("index1")
	bucketIndex2 = []byte("index2")
	// bucketFeeds is the names of the feeds with the prefixes that each wants, bucketChanges a bucket of records for each.
	bucketFeeds   = []byte("feeds")
	bucketChanges = []byte("changes")
	bucketMeta    = []byte("meta")
	metaFormat    = []byte("format")
)

// A DB is a table in a file. Make one with Open.
type DB struct {
	file   *bbolt.DB
	queue  chan *request // unbuffered: a request is taken by the committer or by nobody
	tokens tokens
	news   news // of records in the feeds' queues

	closing chan struct{}
	closed  chan struct{} // the committer has ended
	once    sync.Once
	err     error // of closing the file
}

var _ table.Table = (*DB)(nil)

// An Option changes how Open opens a file.
type Option func(*bbolt.Options)

// NoSync leaves out the fsync of each commit: for benchmarks and tests. A process that dies still loses nothing; a
// machine that does may lose the file.
func NoSync() Option {
	return func(o *bbolt.Options) { o.NoSync = true; o.NoFreelistSync = true }
}

// Open opens the table in the file at path, and makes it where there is none; its folder must be there. A file that
// another process has open is an error after a second.
func Open(path string, options ...Option) (*DB, error) {
	o := &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType, NoStatistics: true}
	for _, option := range options {
		option(o)
	}
	file, err := bbolt.Open(path, 0o600, o)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("bolt: %s is open in another process", path)
	}
	if err != nil {
		return nil, fmt.Errorf("bolt: opening %s: %w", path, err)
	}
	if err := prepare(file); err != nil {
		return nil, errors.Join(fmt.Errorf("bolt: opening %s: %w", path, err), file.Close())
	}
	db := &DB{
		file:    file,
		queue:   make(chan *request),
		tokens:  tokens{now: time.Now},
		closing: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	go db.run()
	return db, nil
}

// prepare makes the buckets of a new file, and refuses one of another format. It writes only what is missing.
func prepare(file *bbolt.DB) error {
	ready := false
	err := file.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			return nil
		}
		ready = tx.Bucket(bucketFeeds) != nil && tx.Bucket(bucketChanges) != nil
		if found := string(meta.Get(metaFormat)); found != format {
			return fmt.Errorf("the file has format %q, and this program understands %q", found, format)
		}
		return nil
	})
	if err != nil || ready {
		return err
	}
	return file.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bucketItems, bucketIndex1, bucketIndex2, bucketFeeds, bucketChanges} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		meta, err := tx.CreateBucketIfNotExists(bucketMeta)
		if err != nil {
			return err
		}
		return meta.Put(metaFormat, []byte(format))
	})
}

// Close waits for the transactions that were taken and the reads under way, and closes the file. It may be called
// more than once, and answers the same each time.
func (db *DB) Close() error {
	db.once.Do(func() {
		close(db.closing)
		<-db.closed
		db.err = db.file.Close()
	})
	<-db.closed
	return db.err
}

// view runs f in a read transaction.
func (db *DB) view(ctx context.Context, f func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("bolt: %w", err)
	}
	err := db.file.View(f)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
