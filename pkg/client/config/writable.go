package config

import (
	"os"
	"path/filepath"
)

// Writable says whether pins can be written to the user's folder, and what was seen to the state folder, which need not be
// there yet. In a function, and in a container whose files are read only, they can't.
func (c *Config) Writable() (pins, seen bool) { return canWrite(c.Dir), canWrite(c.StateDir) }

// canWrite asks of the folder, or of the one in which it would be made. It makes nothing.
func canWrite(folder string) bool {
	for folder != "" {
		if info, err := os.Stat(folder); err == nil {
			return info.IsDir() && mayWrite(folder)
		}
		above := filepath.Dir(folder)
		if above == folder {
			return false
		}
		folder = above
	}
	return false
}
