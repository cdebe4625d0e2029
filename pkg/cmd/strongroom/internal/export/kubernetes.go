package export

import (
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
	"strings"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// Limits of a Kubernetes secret, in bytes.
const (
	maxName   = 253
	maxKey    = 253
	maxValues = 1 << 20 // of all values together, before base64
)

var (
	objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	key        = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)
)

// Kubernetes writes the manifest of a secret of that name, which is to be a name that Kubernetes takes (lower-case ASCII
// letters, digits, - and . between them, at most 253 bytes): it is the caller's to choose one.
func Kubernetes(w io.Writer, name string, entries []dotenv.Entry) error {
	if len(name) > maxName || !objectName.MatchString(name) {
		return fmt.Errorf("a Kubernetes object can't have the name %q: it has only lower-case letters, digits, - and ., "+
			"a letter or digit at both ends, and at most %d characters; choose another, such as my-app", name, maxName)
	}
	if err := dotenv.Fit("a Kubernetes secret", "json or yaml", entries, unfit); err != nil {
		return err
	}
	size := 0
	data := mapping()
	for _, e := range entries {
		size += len(e.Value)
		data.Content = append(data.Content, text(e.Name), quoted(base64.StdEncoding.EncodeToString([]byte(e.Value))))
	}
	if size > maxValues {
		return fmt.Errorf("a Kubernetes secret holds at most %d bytes of values, and these are %d; "+
			"export fewer at a time, into secrets of several names", maxValues, size)
	}
	return dump(w, mapping(
		text("apiVersion"), text("v1"),
		text("kind"), text("Secret"),
		text("metadata"), mapping(text("name"), text(name)),
		text("type"), text("Opaque"),
		text("data"), data,
	))
}

// unfit says why a secret can't have an entry; empty if it can.
func unfit(e dotenv.Entry) string {
	switch {
	case !key.MatchString(e.Name):
		return "a key has only the letters A to Z, digits and - _ ."
	case len(e.Name) > maxKey:
		return fmt.Sprintf("a key has at most %d characters", maxKey)
	case e.Name == "." || strings.HasPrefix(e.Name, ".."):
		return "a key is not . and does not begin with .."
	}
	return ""
}
