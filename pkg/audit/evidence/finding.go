package evidence

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/audit"
)

// A Kind is what was found.
type Kind string

// What may be found of events. It is named which, where the file has the index that was sealed.
const (
	Removed    Kind = "event removed"
	Altered    Kind = "event altered"
	Inserted   Kind = "event inserted"
	Duplicated Kind = "event duplicated"
	Reordered  Kind = "out of order"
	// Differs is that a shard is not what was sealed, where nobody can say which event it is.
	Differs Kind = "events differ"
	// ReadableAltered is that what people read is not what was stored.
	ReadableAltered Kind = "readable form altered"
)

// What may be found of seals, removals and the file.
const (
	// SealMissing is of hours that must have a seal and have none.
	SealMissing Kind = "seal missing"
	// SealAltered is of a seal, and RemovalAltered of a removal, that its key did not sign, or that is malformed.
	SealAltered    Kind = "seal altered"
	RemovalAltered Kind = "removal altered"
	// RemovedEarly is of a removal of hours that were to be kept for longer, or for less time than can be set.
	RemovedEarly Kind = "removed too early"
	// OtherKey is that a key signed which is not trusted.
	OtherKey Kind = "signed by another key"
	// OtherOrganization is that a seal or the file is another organization's.
	OtherOrganization Kind = "of another organization"
	// ChainBroken is that a seal or removal does not follow from the one before.
	ChainBroken Kind = "chain broken"
	// IndexAltered is that an index is not the one that was sealed.
	IndexAltered Kind = "index altered"
	// CutOff is a file without its end, or with lines missing or added.
	CutOff Kind = "file cut off"
	// Malformed is a line that is none of the format.
	Malformed Kind = "malformed line"
	// NotCovered is that the file does not hold the hours that were asked about.
	NotCovered Kind = "hours not in the file"
)

// A Finding is one thing that is wrong.
type Finding struct {
	Kind Kind
	// Hour is where; empty where that is not known. Through is the last hour, where it is of several.
	Hour, Through audit.Hour
	// Shard is the shard; empty where it is of the whole hour.
	Shard string
	// Event is which; uuid.Nil where that is not known.
	Event uuid.UUID
	// Line is the line of the file, counted from 1, where there is one.
	Line int64
	// Detail says more, for people.
	Detail string
}

// String is the finding in one line.
func (f Finding) String() string {
	var b strings.Builder
	if f.Hour != "" {
		b.WriteString(string(f.Hour))
		if f.Through != "" && f.Through != f.Hour {
			b.WriteString(" to " + string(f.Through))
		}
		if f.Shard != "" {
			b.WriteString(", shard " + f.Shard)
		}
		b.WriteString(": ")
	}
	b.WriteString(string(f.Kind))
	if f.Event != uuid.Nil {
		fmt.Fprintf(&b, " %s", f.Event)
		if sec, nsec := f.Event.Time().UnixTime(); f.Event.Version() == 7 {
			b.WriteString(" of " + time.Unix(sec, nsec).UTC().Format("15:04:05.000Z"))
		}
	}
	if f.Line != 0 {
		fmt.Fprintf(&b, " (line %d)", f.Line)
	}
	if f.Detail != "" {
		b.WriteString(": " + f.Detail)
	}
	return b.String()
}

// maxFindings bounds how many are listed, so that a file of nothing but mistakes does not fill the memory.
const maxFindings = 1000

// A Report is what a verification found out.
type Report struct {
	Header Header
	// Keys are those whose signatures counted. Given says that the caller named them; otherwise it is the first seal's.
	Keys  []audit.PublicKey
	Given bool
	// First and Last are the hours of the first and the last seal or removal whose signature is right; empty without any.
	First, Last audit.Hour
	// Whole says that the file begins where the record does: with the first seal that ever was, or with what was removed first.
	Whole bool
	// LastSeal is the hash of the last seal.
	LastSeal audit.Hash
	// Seals, Removals and Events are how many the file has.
	Seals, Removals, Events int64
	// Uncovered is how many of the events are of hours without a seal.
	Uncovered int64
	// Findings are what is wrong, in the order of the file, a thousand at most; More is how many more there are.
	Findings []Finding
	More     int64
}

// OK says that nothing is wrong.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

func (r *Report) add(f Finding) {
	if len(r.Findings) == maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}
