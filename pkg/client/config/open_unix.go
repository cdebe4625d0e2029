//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// open never waits, as for a pipe it would, and follows a link only where one is allowed.
func open(path string, links bool) (*os.File, error) {
	flags := os.O_RDONLY | syscall.O_NONBLOCK
	if !links {
		flags |= syscall.O_NOFOLLOW
	}
	return os.OpenFile(path, flags, 0) //nolint:gosec // whose word is taken is checked on what was opened
}

// strangeOwner says whether somebody owns a file who is neither this user nor root, who can do everything anyway.
func strangeOwner(info fs.FileInfo) (uint32, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return s.Uid, s.Uid != 0 && int(s.Uid) != os.Geteuid()
}

// writable are the permissions that count.
func writable(info fs.FileInfo) fs.FileMode { return info.Mode().Perm() }
