package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"
	"go.etcd.io/bbolt"

	"strongroom/pkg/table"
)

// feeds are the feeds that there are in a transaction, by name.
type feeds []feed

// A feed is what a commit knows of one.
type feed struct {
	wanted []table.Key
	queue  *bbolt.Bucket
}

func feedsOf(tx *bbolt.Tx) (all feeds, err error) {
	changes := tx.Bucket(bucketChanges)
	err = tx.Bucket(bucketFeeds).ForEach(func(name, wanted []byte) error {
		f := feed{queue: changes.Bucket(name)}
		if f.wanted, err = decodePrefixes(wanted); err != nil {
			return fmt.Errorf("bolt: the feed %q in the file is malformed: %w", name, err)
		}
		if f.queue == nil {
			return fmt.Errorf("bolt: the feed %q in the file has no queue", name)
		}
		f.queue.FillPercent = 1 // keys only grow
		all = append(all, f)
		return nil
	})
	return all, err
}

// record leaves a record of w with every feed that wants it, where w changes what is stored.
func (all feeds) record(w write, stored []byte) (recorded bool, err error) {
	if bytes.Equal(stored, w.item) { // both nil: what is not there is deleted
		return false, nil
	}
	var encoded []byte
	for _, f := range all {
		if !f.wants(w.key) {
			continue
		}
		if encoded == nil {
			encoded = encodeRecord(w, stored)
		}
		sequence, err := f.queue.NextSequence()
		if err != nil {
			return false, err
		}
		if err := f.queue.Put(sequenceKey(sequence), encoded); err != nil {
			return false, err
		}
		recorded = true
	}
	return recorded, nil
}

func (f feed) wants(key table.Key) bool {
	return slices.ContainsFunc(f.wanted, func(prefix table.Key) bool {
		return strings.HasPrefix(key.PK, prefix.PK) && strings.HasPrefix(key.SK, prefix.SK)
	})
}

// sequenceKey sorts as its number does.
func sequenceKey(sequence uint64) []byte { return binary.BigEndian.AppendUint64(nil, sequence) }

// A record is the key's two parts, and the item before and after as it is stored, empty where there is none.

func encodeRecord(w write, stored []byte) []byte {
	b := make([]byte, 0, len(w.key.PK)+len(w.key.SK)+len(stored)+len(w.item)+16)
	b = msgp.AppendString(msgp.AppendString(b, w.key.PK), w.key.SK)
	return msgp.AppendBytes(msgp.AppendBytes(b, stored), w.item)
}

// decodeRecord copies everything out of b, which belongs to the bolt transaction.
func decodeRecord(k, b []byte) (Record, error) {
	r := Record{Sequence: binary.BigEndian.Uint64(k)}
	var err error
	for _, part := range []*string{&r.Key.PK, &r.Key.SK} {
		if err == nil {
			*part, b, err = msgp.ReadStringBytes(b)
		}
	}
	for _, image := range []**table.Item{&r.Old, &r.New} {
		var stored []byte
		if err == nil {
			stored, b, err = msgp.ReadBytesZC(b)
		}
		if err == nil && len(stored) > 0 {
			*image = new(table.Item)
			**image, err = decodeItem(r.Key, stored)
		}
	}
	if err != nil {
		return Record{}, fmt.Errorf("bolt: a record of a change in the file is malformed: %w", err)
	}
	return r, nil
}

// encodePrefixes writes what a feed wants: the partition and sort keys' beginnings, one after the other.
func encodePrefixes(wanted []table.Key) []byte {
	b := msgp.AppendArrayHeader(nil, uint32(2*len(wanted))) //nolint:gosec // a row of a table has a few
	for _, prefix := range wanted {
		b = msgp.AppendString(msgp.AppendString(b, prefix.PK), prefix.SK)
	}
	return b
}

func decodePrefixes(b []byte) ([]table.Key, error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return nil, err
	}
	wanted := make([]table.Key, n/2)
	for i := range wanted {
		for _, part := range []*string{&wanted[i].PK, &wanted[i].SK} {
			if *part, b, err = msgp.ReadStringBytes(b); err != nil {
				return nil, err
			}
		}
	}
	return wanted, nil
}
