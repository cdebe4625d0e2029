package secrets

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"strongroom/pkg/api"
)

func TestSizesAreNeverTooSmall(t *testing.T) {
	check := func(t rapid.TB, name, value string) {
		shown := api.ProjectValue{
			ID: uuid.New(), Name: name, Version: maxVersions * 1e8, CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC(),
			Value: value,
		}
		if actual, bound := size(shown)+1, valueFrame+sizeOfText(name)+sizeOfText(value); actual > bound {
			t.Fatalf("%q, %q: %d bytes, counted as %d", name, value, actual, bound)
		}
	}
	for _, s := range []string{"", "\"\\", "\x00\x1f\n\t\b\f\r\x7f", "\u2028\u2029", "é€😀", "<&>"} {
		check(t, s, strings.Repeat(s, 100))
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, rapid.String().Draw(t, "name"), rapid.String().Draw(t, "value"))
	})
}
