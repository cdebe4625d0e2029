package local

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAnArchiveKeepsWhatItHas(t *testing.T) {
	a := archive{filepath.Join(t.TempDir(), "seals")}
	if _, found, err := a.Get(t.Context(), "a"); found || err != nil {
		t.Errorf("before anything was kept: %t, %v", found, err)
	}
	for _, content := range []string{"first", "second"} {
		if err := a.Put(t.Context(), "a", []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, found, err := a.Get(t.Context(), "a"); string(got) != "first" || !found || err != nil {
			t.Errorf("%q, %t, %v", got, found, err)
		}
	}
	if entries, err := os.ReadDir(a.folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v)", entries, err)
	}
}

func TestAnArchiveThatCantBeWrittenIsAnError(t *testing.T) {
	a := archive{filepath.Join(t.TempDir(), "no", "seals")}
	if err := a.Put(t.Context(), "a", nil); err == nil {
		t.Error("a file was kept in a folder that can't be made")
	}
}
