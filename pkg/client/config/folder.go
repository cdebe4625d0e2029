package config

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Names of files.
const (
	userName       = "config.toml"
	pinsName       = "pins.toml"
	repositoryName = ".strongroom.toml"
	program        = "strongroom"
)

// folders answers the user's folder and that of what the program remembers; empty where nothing says where they are.
func folders(getenv func(string) string) (dir, state string, err error) {
	if dir = getenv("STRONGROOM_CONFIG_DIR"); dir != "" {
		if !filepath.IsAbs(dir) {
			return "", "", errors.New("STRONGROOM_CONFIG_DIR must be an absolute path: a relative one would be another in each folder")
		}
		return dir, filepath.Join(dir, "state"), nil
	}
	home := homeOf(getenv)
	return under(getenv("XDG_CONFIG_HOME"), home, ".config"), under(getenv("XDG_STATE_HOME"), home, ".local/state"), nil
}

func homeOf(getenv func(string) string) string {
	return cmp.Or(getenv("HOME"), getenv("USERPROFILE")) // Windows has the second
}

// under is the program's folder in an XDG folder, of which the specification says that a relative one is as good as none
// (https://specifications.freedesktop.org/basedir-spec/latest/).
func under(xdg, home, otherwise string) string {
	switch {
	case filepath.IsAbs(xdg):
		return filepath.Join(xdg, program)
	case filepath.IsAbs(home):
		return filepath.Join(home, filepath.FromSlash(otherwise), program)
	}
	return ""
}

// findRepository looks for a repository's file, from a folder upwards; empty where there is none. It ends at the folder
// that holds .git, and beneath the home folder: what lies there belongs to no repository.
func findRepository(from, home string) (string, error) {
	if from == "" {
		return "", nil
	}
	from, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	if from, err = filepath.EvalSymlinks(from); err != nil {
		return "", err
	}
	if resolved, err := filepath.EvalSymlinks(home); err == nil {
		home = resolved
	}
	for folder := from; folder != home; folder = filepath.Dir(folder) {
		path := filepath.Join(folder, repositoryName)
		if exists, err := exists(path); exists || err != nil {
			return path, err
		}
		if top, err := exists(filepath.Join(folder, ".git")); top || err != nil || folder == filepath.Dir(folder) {
			return "", err
		}
	}
	return "", nil
}

// exists counts links that lead nowhere, too.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
