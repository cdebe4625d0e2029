package bolt_test

import (
	"path/filepath"
	"testing"

	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
	"strongroom/pkg/table/tabletest"
)

func open(t testing.TB, path string, options ...bolt.Option) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func TestConformance(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "table"))
	tabletest.Run(t, func(*testing.T) table.Table { return db })
}
