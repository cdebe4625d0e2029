package secrets

import (
	"bytes"
	"slices"
)

// maxCounted is how many of the last things a counter remembers.
const maxCounted = 8

// counted remembers the last things that were counted, so that a batch of the table's stream that comes twice counts once.
// Each is a mark of eight bytes that grows with time. Sequence numbers of the stream would not do: those of different
// shards of a stream can't be compared, and a record does not name its shard. What is older than all that is remembered is
// taken for counted, which is right of a batch that comes again, and leaves out what comes more than maxCounted things late.
type counted []byte

const countedSize = 8

type mark [countedSize]byte

func (c counted) at(i int) []byte { return c[i*countedSize : (i+1)*countedSize] }

// add notes a thing, and says whether it was new.
func (c *counted) add(m mark) bool {
	n := len(*c) / countedSize
	at, found := n, false
	for i := range n {
		if order := bytes.Compare(c.at(i), m[:]); order >= 0 {
			at, found = i, order == 0
			break
		}
	}
	if found || (at == 0 && n == maxCounted) {
		return false
	}
	*c = slices.Insert(*c, at*countedSize, m[:]...)
	if n == maxCounted {
		*c = slices.Clone((*c)[countedSize:])
	}
	return true
}
