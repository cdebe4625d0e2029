//go:build unix

package config

import (
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
)

// ownedBy is a file that stands in for one of another user's.
type ownedBy struct {
	fs.FileInfo
	uid  uint32
	mode fs.FileMode
}

func (o ownedBy) Sys() any          { return &syscall.Stat_t{Uid: o.uid} }
func (o ownedBy) Mode() fs.FileMode { return o.mode }

func TestStrangeOwner(t *testing.T) {
	me := uint32(os.Geteuid())
	for name, test := range map[string]struct {
		uid  uint32
		mode fs.FileMode
		says string
	}{
		"mine":                           {me, 0o644, ""},
		"root's":                         {0, 0o644, ""},
		"another's":                      {me + 1, 0o600, "/f belongs to another user"},
		"another's folder like /tmp":     {me + 1, 0o777 | fs.ModeSticky, "/f belongs to another user"},
		"root's folder like /tmp":        {0, 0o777 | fs.ModeSticky, ""},
		"root's, for everybody to write": {0, 0o646, "/f can be written by others (mode 0646)"},
	} {
		err := trust{own: true}.checkOne("/f", ownedBy{uid: test.uid, mode: test.mode})
		if (err == nil) != (test.says == "") || err != nil && !strings.HasPrefix(err.Error(), test.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
