package dotenv_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// read is a file of testdata/dotenv.
func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "..", "testdata", "dotenv", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// forty are the entries of forty.env.
func forty(t testing.TB) []dotenv.Entry {
	t.Helper()
	file, err := dotenv.Parse(read(t, "forty.env"))
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Entries) != 40 || len(file.Warnings) != 0 {
		t.Fatalf("forty.env has %d entries; warnings: %v", len(file.Entries), file.Warnings)
	}
	return file.Entries
}

func TestFortyEntriesComeBackByteForByte(t *testing.T) {
	if diff := cmp.Diff(string(read(t, "forty.env")), write(t, forty(t)...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFortyEntriesAsPeopleWriteThem reads the same entries with comments, export, all kinds of quotes, and as an editor
// on Windows saves them.
func TestFortyEntriesAsPeopleWriteThem(t *testing.T) {
	messy := read(t, "messy.env")
	for name, text := range map[string][]byte{
		"as it is":                         messy,
		"with CR LF and a byte order mark": append([]byte("\ufeff"), bytes.ReplaceAll(messy, []byte("\n"), []byte("\r\n"))...),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := dotenv.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(forty(t), got.Entries, cmpopts.IgnoreFields(dotenv.Entry{}, "Line")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var warned []string
			for _, w := range got.Warnings {
				warned = append(warned, w.Name)
			}
			want := "REDIS_URL HTTP_PROXY SESSION_SECRET JWT_SIGNING_KEY FEATURE_FLAGS BASIC_AUTH SHELL_LOOKALIKE MOTTO BOTH_QUOTES REGEX WINDOWS_PATH"
			if diff := cmp.Diff(strings.Fields(want), warned); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
