package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"strongroom/pkg/secrets/secretstest"
)

func TestAnArchiveKeepsWhatItHas(t *testing.T) {
	a := archive{filepath.Join(t.TempDir(), "seals")}
	secretstest.TestArchive(t, a, "")
	entries, err := os.ReadDir(a.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "seal-") {
			t.Errorf("the folder holds %s", e.Name())
		}
	}
}

func TestAnArchiveThatCantBeWrittenIsAnError(t *testing.T) {
	a := archive{filepath.Join(t.TempDir(), "no", "seals")}
	if err := a.Put(t.Context(), "a", nil); err == nil {
		t.Error("a file was kept in a folder that can't be made")
	}
}
