package cli

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"time"

	"github.com/google/uuid"
)

// maxAge is how long ago an id of a new secret may be from; the server's limit is an hour.
const maxAge = 50 * time.Minute

// fillIDs puts new ids where there are none, so that all of them grow: secrets are listed and exported by their ids,
// which begin with a time. A gap before a secret that is there already, as an interrupted import leaves them, is filled
// with ids between its neighbours', unless these are too old by now.
func fillIDs(ids []uuid.UUID) []uuid.UUID {
	filled := make([]uuid.UUID, len(ids))
	last := uuid.Nil // of those that are there
	for i := 0; i < len(ids); i++ {
		if ids[i] != uuid.Nil {
			filled[i] = ids[i]
			if later(ids[i], last) {
				last = ids[i]
			}
			continue
		}
		end := i
		for end < len(ids) && !later(ids[end], last) { // those that are out of order anyway don't count
			end++
		}
		gaps := gapsOf(ids[i:end])
		made := newIDs(gaps)
		if end < len(ids) && gaps > 0 {
			if between := idsBetween(last, ids[end], gaps); between != nil {
				made = between
			}
		}
		for j := i; j < end; j++ {
			if filled[j] = ids[j]; ids[j] == uuid.Nil {
				filled[j], made = made[0], made[1:]
			}
		}
		i = end - 1
	}
	return filled
}

func later(a, b uuid.UUID) bool { return bytes.Compare(a[:], b[:]) > 0 }

func gapsOf(ids []uuid.UUID) (n int) {
	for _, id := range ids {
		if id == uuid.Nil {
			n++
		}
	}
	return n
}

// newIDs are ids of now, each greater than the one before.
func newIDs(n int) []uuid.UUID {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	return ids
}

// idsBetween are n UUIDv7s that grow from one to another; nil where there is no room, or they would not be of the time
// that a new one must be of. Where low is none, they are of the millisecond before high.
func idsBetween(low, high uuid.UUID, n int) []uuid.UUID {
	top := unpack(high)
	bottom := new(big.Int).Sub(top, new(big.Int).Lsh(big.NewInt(1), randomBits))
	if low != uuid.Nil {
		bottom = unpack(low)
	}
	step := new(big.Int).Sub(top, bottom)
	step.Div(step, big.NewInt(int64(n)+1))
	if step.Sign() <= 0 || time.Since(timeOf(bottom)) > maxAge || time.Until(timeOf(top)) > 0 {
		return nil
	}
	ids := make([]uuid.UUID, n)
	for i := range ids {
		bottom.Add(bottom, step)
		ids[i] = pack(new(big.Int).Sub(bottom, below(step))) // another one each time: ids that were used stay so
	}
	return ids
}

// below is any number from zero to less than n.
func below(n *big.Int) *big.Int {
	random := uuid.New()
	return new(big.Int).Mod(new(big.Int).SetBytes(random[:]), n)
}

// A UUIDv7 is a time in milliseconds and random bits, between which the version (4 bits) and the variant (2) stand.
const (
	middleBits = 12
	lowBits    = 62
	randomBits = middleBits + lowBits
)

// unpack is the number that a UUIDv7 is without version and variant.
func unpack(id uuid.UUID) *big.Int {
	high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	n := new(big.Int).SetUint64(high>>16<<middleBits | high&(1<<middleBits-1))
	return n.Or(n.Lsh(n, lowBits), new(big.Int).SetUint64(low&(1<<lowBits-1)))
}

func pack(n *big.Int) (id uuid.UUID) {
	low := new(big.Int).And(n, new(big.Int).SetUint64(1<<lowBits-1)).Uint64()
	high := new(big.Int).Rsh(n, lowBits).Uint64()
	binary.BigEndian.PutUint64(id[:8], high>>middleBits<<16|7<<middleBits|high&(1<<middleBits-1))
	binary.BigEndian.PutUint64(id[8:], 2<<lowBits|low)
	return id
}

func timeOf(n *big.Int) time.Time {
	return time.UnixMilli(new(big.Int).Rsh(n, randomBits).Int64())
}
