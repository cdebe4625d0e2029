package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// editText has the user edit a text in an editor. The file is in a folder of its own, which goes with whatever the editor
// left there before this returns, whatever happens meanwhile: what ends this program ends the editor first.
func (m *Main) editText(text string) (edited string, err error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	dir, err := m.editFolder()
	if err != nil {
		return "", fmt.Errorf("there is no place for a temporary file: %w", withoutPath(err))
	}
	defer func() {
		if left := os.RemoveAll(dir); left != nil {
			err = errors.Join(err, fmt.Errorf("remove %s yourself, the value is in it: %w", dir, withoutPath(left)))
		}
	}()
	name := filepath.Join(dir, "value")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("the temporary file can't be written: %w", withoutPath(err))
	}
	if err := m.runEditor(name, signals); err != nil {
		return "", err
	}
	content, err := os.ReadFile(name) //nolint:gosec // a name of our own
	if err != nil {
		return "", fmt.Errorf("what the editor left can't be read: %w", withoutPath(err))
	}
	return string(content), nil
}

// editFolder makes a folder that only its owner may look into: in memory where there is a place there, so that nothing is
// written to a disk.
func (m *Main) editFolder() (string, error) {
	const pattern = "strongroom-"
	for _, memory := range []string{m.Getenv("XDG_RUNTIME_DIR"), "/dev/shm"} {
		if !filepath.IsAbs(memory) {
			continue
		}
		if dir, err := os.MkdirTemp(memory, pattern); err == nil {
			return dir, nil
		}
	}
	dir, err := os.MkdirTemp("", pattern)
	if err == nil {
		m.sayf("no folder in memory was found; the value is in %s while you edit it", dir)
	}
	return dir, err
}

// runEditor runs the user's editor on a file until it ends. An interrupt is the editor's alone, since both have it from
// the terminal; what else ends this program ends the editor.
func (m *Main) runEditor(file string, signals <-chan os.Signal) error {
	c, err := m.editor(file)
	if err != nil {
		return err
	}
	c.Stdin, c.Stdout, c.Stderr = m.Stdin, m.Stdout, m.Stderr
	if err := c.Start(); err != nil {
		return usage("the editor does not start: %w; set VISUAL or EDITOR", err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("nothing was done, since the editor failed: %w", err)
			}
			return nil
		case s := <-signals:
			if s == syscall.SIGTERM || s == syscall.SIGHUP {
				_ = c.Process.Kill() // fails where it is gone already
				<-done               //nolint:errcheck // that it was killed
				return errStopped
			}
		}
	}
}

// shellCharacters are those that mean something to a shell.
const shellCharacters = "|&;<>()$`\\\"'*?[#~=%"

// editor is the command of VISUAL or EDITOR, which may have arguments. A shell is only between where something there is
// for one: ended, it would leave the editor behind.
func (m *Main) editor(file string) (*exec.Cmd, error) {
	command := orDefault(m.Getenv("VISUAL"), m.Getenv("EDITOR"))
	words := strings.Fields(command)
	if len(words) == 0 {
		if _, err := exec.LookPath("vi"); err != nil {
			return nil, usage("no editor is known; set VISUAL or EDITOR")
		}
		words = []string{"vi"}
	}
	if strings.ContainsAny(command, shellCharacters) && runtime.GOOS != "windows" {
		words = []string{"sh", "-c", command + ` "$@"`, "editor"}
	}
	return exec.Command(words[0], append(words[1:], file)...), nil //nolint:gosec,noctx // the user's own choice, ended in runEditor
}
