package client

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// A Value is a secret's value. Package fmt, slog and encoding/json show it as [redacted]; Reveal alone shows what it is.
// The zero Value is the empty one.
type Value struct {
	// reveal is behind a function, of which package fmt shows the address even where it can't call Format.
	reveal func() string
}

// NewValue hides a text, which any UTF-8 is.
func NewValue(text string) Value { return Value{func() string { return text }} }

// Reveal is the value itself. Don't log it.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// Equal says whether two values are the same.
func (v Value) Equal(other Value) bool { return v.Reveal() == other.Reveal() }

// Format writes [redacted], whatever the verb; %p alone, which go vet refuses here, package fmt keeps to itself.
func (Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue is [redacted].
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is [redacted]; encoding/json uses it too.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
