package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
)

// maxIndexLine bounds the entries in one line, in bytes.
const maxIndexLine = 8192 * audit.EntrySize

// A Writer writes a file, line by line. Who uses it keeps to the order that the format asks for.
type Writer struct {
	w     *bufio.Writer
	lines int64
}

// NewWriter begins a file. It sets the header's format and version.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	h.Format, h.Version = format, version
	h.ExportedAt = h.ExportedAt.UTC()
	out := &Writer{w: bufio.NewWriterSize(w, 1<<16)}
	return out, out.write(line{Header: &h})
}

func (w *Writer) write(l line) error {
	w.lines++
	if err := json.MarshalWrite(w.w, l); err != nil {
		return err
	}
	return w.w.WriteByte('\n')
}

// Removal writes a removal.
func (w *Writer) Removal(s audit.Statement) error {
	l := statementLine{Body: s.Body, Signature: s.Signature, Readable: encoded(nil)}
	if r, err := s.Removal(); err == nil {
		l.Readable = encoded(r)
	}
	return w.write(line{Removal: &l})
}

// Seal writes the seal of an hour, with which the hour begins.
func (w *Writer) Seal(s audit.Statement) error {
	l := statementLine{Body: s.Body, Signature: s.Signature, Readable: encoded(nil)}
	if seal, err := s.Seal(); err == nil {
		l.Readable = encoded(seal)
	}
	return w.write(line{Seal: &l})
}

// Index writes packed entries of a shard's index, all or the next of them.
func (w *Writer) Index(hour audit.Hour, shard string, packed []byte) error {
	for len(packed) > 0 {
		n := min(len(packed), maxIndexLine)
		if err := w.write(line{Index: &indexLine{hour, shard, packed[:n]}}); err != nil {
			return err
		}
		packed = packed[n:]
	}
	return nil
}

// Event writes an event, as it is stored under its hour, shard and id.
func (w *Writer) Event(hour audit.Hour, shard string, id uuid.UUID, stored []byte) error {
	readable, _ := eventReadable(stored)
	return w.write(line{Event: &eventLine{hour, shard, id, stored, readable}})
}

// Part writes a part as export-events answers it.
func (w *Writer) Part(p api.ExportedPart) error {
	switch {
	case p.Removal != nil:
		return w.Removal(audit.Statement{Body: p.Removal.Body, Signature: p.Removal.Signature})
	case p.Seal != nil:
		return w.Seal(audit.Statement{Body: p.Seal.Body, Signature: p.Seal.Signature})
	case p.Index != nil:
		return w.Index(audit.Hour(p.Index.Hour), p.Index.Shard, p.Index.Entries)
	case p.Event != nil:
		return w.Event(audit.Hour(p.Event.Hour), p.Event.Shard, p.Event.ID, p.Event.Stored)
	}
	return errors.New("evidence: a part of an export is none that this program knows")
}

// Close ends the file, without which it counts as cut off. It does not close what it is written to.
func (w *Writer) Close() error {
	if err := w.write(line{End: &endLine{w.lines}}); err != nil {
		return err
	}
	return w.w.Flush()
}

// SealLine is the line of a seal by itself, as archives keep it.
func SealLine(s audit.Statement) []byte {
	return lineOf(func(w *Writer) error { return w.Seal(s) })
}

// RemovalLine is the line of a removal by itself.
func RemovalLine(s audit.Statement) []byte {
	return lineOf(func(w *Writer) error { return w.Removal(s) })
}

func lineOf(write func(*Writer) error) []byte {
	var b bytes.Buffer
	w := &Writer{w: bufio.NewWriter(&b)}
	if err := errors.Join(write(w), w.w.Flush()); err != nil {
		panic(err) // statements always encode, and a buffer takes all
	}
	return b.Bytes()
}

// ReadSealLine is the inverse of SealLine. It does not look at the signature.
func ReadSealLine(line []byte) (audit.Statement, error) {
	l, ok := parse(line)
	if !ok || l.Seal == nil {
		return audit.Statement{}, errors.New("evidence: this is not the line of a seal")
	}
	return audit.Statement{Body: l.Seal.Body, Signature: l.Seal.Signature}, nil
}

// ReadRemovalLine is the inverse of RemovalLine. It does not look at the signature.
func ReadRemovalLine(line []byte) (audit.Statement, error) {
	l, ok := parse(line)
	if !ok || l.Removal == nil {
		return audit.Statement{}, errors.New("evidence: this is not the line of a removal")
	}
	return audit.Statement{Body: l.Removal.Body, Signature: l.Removal.Signature}, nil
}
