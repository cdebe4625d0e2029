package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"strongroom/pkg/client/config"
)

// A folder that can't be made or written is told from one that can, and neither is made.
func TestWritable(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	free := filepath.Join(t.TempDir(), "not", "there", "yet")
	for name, test := range map[string]struct {
		dir, state string
		pins, seen bool
	}{
		"nowhere":          {"", "", false, false},
		"both":             {free, free, true, true},
		"pins alone":       {free, filepath.Join(blocked, "state"), true, false},
		"nothing in files": {blocked, blocked, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := &config.Config{Dir: test.dir, StateDir: test.state}
			if pins, seen := c.Writable(); pins != test.pins || seen != test.seen {
				t.Errorf("%t, %t", pins, seen)
			}
		})
	}
	if _, err := os.Stat(free); !os.IsNotExist(err) {
		t.Errorf("it was made: %v", err)
	}
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	if err := os.Chmod(filepath.Dir(blocked), 0o500); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	if pins, _ := (&config.Config{Dir: filepath.Join(filepath.Dir(blocked), "x")}).Writable(); pins {
		t.Error("a folder that nobody may write is taken")
	}
}
