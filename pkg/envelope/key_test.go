package envelope

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// holder has a key where fmt can't call the key's own methods.
type holder struct {
	key    Key
	Public Key
}

func TestKeyShowsItselfNowhere(t *testing.T) {
	material := []byte("this is a key of 32 bytes, not 1")
	k, err := NewKey(1, material)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb, k)
		fmt.Fprintf(&out, verb, &k)
		fmt.Fprintf(&out, verb, holder{k, k})
		fmt.Fprintf(&out, verb, []Key{k})
	}
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		logger.Info("keys", "key", k, "pointer", &k, "holder", holder{k, k})
	}
	if err := json.NewEncoder(&out).Encode(map[string]any{"key": k, "holder": holder{k, k}}); err != nil {
		t.Fatal(err)
	}
	printed := out.String()
	numbers := strings.Trim(fmt.Sprint(material[:8]), "[]")
	for _, form := range []string{string(material[:8]), hex.EncodeToString(material[:8]), strings.ToUpper(hex.EncodeToString(material[:8])), numbers} {
		if strings.Contains(printed, form) {
			t.Errorf("the key was printed as %q in:\n%s", form, printed)
		}
	}
	if got := fmt.Sprintf("%v %s", k, k.String()); got != "[redacted] [redacted]" {
		t.Errorf("a key prints as %q", got)
	}
	if !strings.Contains(printed, `"key":"[redacted]"`) {
		t.Errorf("JSON holds no [redacted]:\n%s", printed)
	}
}

func TestNewKey(t *testing.T) {
	material := bytes.Repeat([]byte{7}, keySize)
	k, err := NewKey(2, material)
	if err != nil || k.Generation() != 2 {
		t.Fatal(k.Generation(), err)
	}
	sealed, err := k.Seal(testPlace, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	clear(material)
	if _, err := k.Open(testPlace, sealed); err != nil {
		t.Errorf("the key changed with its caller's bytes: %v", err)
	}
	for name, make := range map[string]func() (Key, error){
		"generation 0": func() (Key, error) { return NewKey(0, bytes.Repeat([]byte{7}, keySize)) },
		"too short":    func() (Key, error) { return NewKey(1, bytes.Repeat([]byte{7}, keySize-1)) },
		"too long":     func() (Key, error) { return NewKey(1, bytes.Repeat([]byte{7}, keySize+1)) },
		"none":         func() (Key, error) { return NewKey(1, nil) },
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: a key was made", name)
		}
	}
}
