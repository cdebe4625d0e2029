package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// findProgram looks for a program as a shell does: by its path if the name has a slash in it, else in the folders of
// PATH. What is not there ends with ExitNotFound, what is there and can't be executed with ExitNotExecutable.
func findProgram(name, searched string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, exec.ErrDot):
		return "", &exitError{ExitNotFound, fmt.Errorf("%s is only in the current folder, which is not searched; write ./%s", name, name)}
	case strings.ContainsRune(name, os.PathSeparator) && !errors.Is(err, fs.ErrNotExist),
		errors.Is(err, exec.ErrNotFound) && lies(name, searched):
		return "", &exitError{ExitNotExecutable, fmt.Errorf("%s can't be executed: it is no program, or you may not", name)}
	}
	return "", &exitError{ExitNotFound, fmt.Errorf("there is no program %s; check its name, and PATH", name)}
}

// lies says whether a file of that name is in one of the folders, whether it is a program or not.
func lies(name, folders string) bool {
	for _, folder := range filepath.SplitList(folders) {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}
