package envelope

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
)

// A Key is an unwrapped data key. It shows itself nowhere: not printed, not logged, not as JSON, also as a field of
// something else. Copies share one piece of memory, which is overwritten once none of them is in use any more; Go may
// have copied it before, so that this narrows the time that a key can be found in memory and does not end it.
type Key struct {
	generation uint32
	// material is a pointer to a pointer: fmt can't call the methods of an unexported field, and follows one pointer.
	material **[keySize]byte
}

// NewKey copies a data key of 32 bytes; the caller may then overwrite its own. Generations begin at 1.
func NewKey(generation uint32, material []byte) (Key, error) {
	if generation == 0 {
		return Key{}, errors.New("envelope: generations begin at 1")
	}
	if len(material) != keySize {
		return Key{}, fmt.Errorf("envelope: a data key has %d bytes, not %d", keySize, len(material))
	}
	own := new([keySize]byte)
	copy(own[:], material)
	runtime.SetFinalizer(own, func(m *[keySize]byte) { clear(m[:]) })
	return Key{generation: generation, material: &own}, nil
}

// Generation is the key's number.
func (k Key) Generation() uint32 { return k.generation }

const redacted = "[redacted]"

// Format prints no part of the key, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String prints no part of the key.
func (k Key) String() string { return redacted }

// LogValue logs no part of the key.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText encodes no part of the key; encoding/json uses it too.
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
