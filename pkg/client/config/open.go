package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// A trust says what a file must be like for its word to be taken.
type trust struct {
	// own refuses what other users than this one and root own.
	own bool
	// links says that the file may be a symbolic link, to one that is as trusted.
	links bool
	// mine refuses what the group may write, too.
	mine bool
	// variable is one of the environment that names another file, or none.
	variable string
}

func (t trust) wayOut() string {
	if t.variable == "" {
		return ""
	}
	return "; or set " + t.variable + " to a file that you trust, or to none"
}

// read answers a file's content, of at most maxFile bytes and one, or an fs.ErrNotExist.
func (t trust) read(path string) ([]byte, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 && !t.links {
		return nil, fmt.Errorf("%s is a symbolic link; it must be a file", shown(path))
	}
	f, err := open(path, t.links)
	if err != nil {
		return nil, err
	}
	defer f.Close()       //nolint:errcheck // only read
	info, err := f.Stat() // of what was opened, whatever has the name now
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", shown(path))
	}
	if err := t.check(path, info); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// check looks at the file, and at the folder in which it could be replaced.
func (t trust) check(path string, info fs.FileInfo) error {
	if !t.own {
		return nil
	}
	if err := t.checkOne(path, info); err != nil {
		return err
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	folder, err := os.Stat(filepath.Dir(resolved))
	if err != nil {
		return err
	}
	t.mine = false
	return t.checkOne(filepath.Dir(resolved), folder)
}

func (t trust) checkOne(path string, info fs.FileInfo) error {
	if uid, strange := strangeOwner(info); strange {
		return fmt.Errorf("%s belongs to another user (uid %d), whose word is not taken%s", shown(path), uid, t.wayOut())
	}
	others := fs.FileMode(0o002)
	switch {
	case info.Mode()&fs.ModeSticky != 0:
		others = 0 // in such a folder, as in /tmp, only a file's owner can replace it
	case t.mine:
		others = 0o022
	}
	if writable(info)&others != 0 {
		return fmt.Errorf("%s can be written by others (mode %#o): chmod go-w it, if you trust what it says%s",
			shown(path), info.Mode().Perm(), t.wayOut())
	}
	return nil
}

// shown is a path as messages have it: a repository chooses the names of its folders, and they are printed to terminals.
func shown(path string) string {
	if quoted := strconv.Quote(path); quoted != `"`+path+`"` {
		return quoted
	}
	return path
}

// load reads and parses a file; one that is not there says nothing.
func (t trust) load(path string, k kind) (*document, error) {
	content, err := t.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &document{}, nil
	}
	if err != nil {
		return nil, err
	}
	return parse(shown(path), content, k)
}
