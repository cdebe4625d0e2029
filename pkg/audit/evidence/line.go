package evidence

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
)

// What a header names the format by.
const (
	format  = "strongroom events"
	version = 1
)

// A Header says what a file holds: the events of an organization from an hour to another, both included.
type Header struct {
	Format       string     `json:"format"`
	Version      int        `json:"version"`
	Organization uuid.UUID  `json:"organization"`
	From         audit.Hour `json:"from"`
	To           audit.Hour `json:"to"`
	ExportedAt   time.Time  `json:"exportedAt"`
}

// A line has one of its members.
type line struct {
	Header  *Header        `json:"header,omitzero"`
	Removal *statementLine `json:"removal,omitzero"`
	Seal    *statementLine `json:"seal,omitzero"`
	Index   *indexLine     `json:"index,omitzero"`
	Event   *eventLine     `json:"event,omitzero"`
	End     *endLine       `json:"end,omitzero"`
}

type statementLine struct {
	Body      []byte         `json:"body"`
	Signature []byte         `json:"signature"`
	Readable  jsontext.Value `json:"readable"`
}

type indexLine struct {
	Hour    audit.Hour `json:"hour"`
	Shard   string     `json:"shard"`
	Entries []byte     `json:"entries"`
}

type eventLine struct {
	Hour     audit.Hour     `json:"hour"`
	Shard    string         `json:"shard"`
	ID       uuid.UUID      `json:"id"`
	Stored   []byte         `json:"stored"`
	Readable jsontext.Value `json:"readable"`
}

type endLine struct {
	Lines int64 `json:"lines"`
}

// count is how many members the line has.
func (l line) count() int {
	n := 0
	for _, there := range []bool{
		l.Header != nil, l.Removal != nil, l.Seal != nil, l.Index != nil, l.Event != nil, l.End != nil,
	} {
		if there {
			n++
		}
	}
	return n
}

// parse reads a line strictly: no unknown member, none twice, valid UTF-8.
func parse(text []byte) (l line, ok bool) {
	err := json.Unmarshal(text, &l, json.RejectUnknownMembers(true))
	return l, err == nil && l.count() == 1
}

// eventReadable is an event for people: as list-events shows it; null for bytes that are no event.
func eventReadable(stored []byte) (readable jsontext.Value, known bool) {
	e, err := audit.Decode(stored)
	if err != nil {
		return jsontext.Value("null"), true
	}
	return encoded(api.EventOf(e)), bytes.Equal(e.Encode(), stored)
}

// encoded is the one form of JSON in which readable parts are compared (RFC 8785).
func encoded(v any) jsontext.Value {
	text, err := json.Marshal(v)
	if err != nil {
		return jsontext.Value("null") // what was read from a file may have times that JSON has no form of
	}
	return canonical(text)
}

func canonical(text jsontext.Value) jsontext.Value {
	text = text.Clone()
	if err := text.Canonicalize(); err != nil {
		return jsontext.Value("null")
	}
	return text
}

// reads says whether the readable part of an event's line is that of the event. Of an event that a later program wrote,
// with more than this one knows, it compares what is known.
func (l *eventLine) reads() bool {
	want, known := eventReadable(l.Stored)
	got := l.Readable
	if !known {
		var e api.Event
		if err := json.Unmarshal(got, &e); err != nil {
			return false
		}
		got = encoded(e)
	}
	return bytes.Equal(canonical(got), want)
}
