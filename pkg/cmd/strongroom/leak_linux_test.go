package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// marked is a value that is searched for.
const marked = "marked-8f1c0e57-not-a-real-one"

// Whatever way a value takes into the program: while that waits for the server, nobody on the machine sees it in a list of
// processes or in an environment; the server and its KMS never do, nor whoever listens between; and nothing of it is on
// a disk, in a log or in what the program says.
func TestAValueIsSeenByNobody(t *testing.T) {
	s := newStage(t, local.Developer)
	s.run(t, "something else", "secret", "set", "demo/EDITED")
	folder := t.TempDir()
	file := filepath.Join(folder, "value")
	if err := os.WriteFile(file, []byte(marked), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, way := range []struct {
		name string
		args []string
		// typed says that there is a prompt; else stdin is standard input.
		typed bool
		stdin string
	}{
		{"typed", []string{"secret", "set", "demo/TYPED"}, true, ""},
		{"standard input", []string{"secret", "set", "demo/PIPED"}, false, marked},
		{"a file", []string{"secret", "set", "demo/FILED", "--file", file}, false, ""},
		{"an editor", []string{"secret", "edit", "demo/EDITED"}, false, ""},
		{"a copy", []string{"secret", "copy", "demo/PIPED", "demo/COPIED"}, false, ""},
		{"another name", []string{"secret", "rename", "demo/TYPED", "RENAMED"}, false, ""},
	} {
		t.Run(way.name, func(t *testing.T) {
			s.api.holdNext()
			c := s.program(t, way.args...)
			c.Env = append(c.Env, "VISUAL=cp "+file)
			var screen func() string
			var wait func() error
			if way.typed {
				at := sit(t, c)
				at.await("Value of ")
				at.press(marked + "\r")
				screen, wait = at.shows, func() error { return <-at.done }
			} else {
				var out bytes.Buffer
				c.Stdin, c.Stdout, c.Stderr = strings.NewReader(way.stdin), &out, &out
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				screen, wait = out.String, c.Wait
			}
			select {
			case <-s.api.waiting:
			case <-time.After(patience):
				t.Fatal("no request came")
			}
			searchProcesses(t, c.Process.Pid)
			searchFiles(t, c.Dir)
			s.api.release <- struct{}{}
			if err := wait(); err != nil {
				t.Fatalf("%v: %s", err, screen())
			}
			if strings.Contains(screen(), marked) {
				t.Errorf("the program says it: %s", screen())
			}
			searchFiles(t, c.Dir)
		})
	}
	for _, name := range []string{"RENAMED", "PIPED", "FILED", "EDITED", "COPIED"} {
		got, said := s.run(t, "", "secret", "get", "demo/"+name)
		if got != marked || strings.Contains(said, marked) {
			t.Errorf("%s is stored as %q; on standard error: %q", name, got, said)
		}
	}
	s.checkUnseen(t)
}

// checkUnseen looks for the value in what went over the wire, was logged, and is stored. What is known to be there shows
// that looking finds it.
func (s *stage) checkUnseen(t *testing.T) {
	t.Helper()
	for where, text := range map[string][]byte{
		"the requests and answers": s.api.said(), "those of KMS": s.kms.said(), "the log": []byte(s.Logged()),
		"the database": read(t, filepath.Join(s.Data, "strongroom.db")),
	} {
		if holds(text, marked) {
			t.Errorf("%s have the value", where)
		}
		known := map[string]string{
			"the requests and answers": `"name":"PIPED"`, "those of KMS": "TrentService.Decrypt", "the log": `"operation":"create-secret"`,
			"the database": "PIPED",
		}[where]
		if !bytes.Contains(text, []byte(known)) {
			t.Errorf("%s lack %s: the search shows nothing", where, known)
		}
	}
	// In a project whose values the server encrypts the value does travel, and is found where it does.
	s.run(t, marked, "secret", "set", "plain/PIPED")
	if !holds(s.api.said(), marked) {
		t.Error("the recorder does not see what is sent")
	}
	if holds(s.kms.said(), marked) || holds([]byte(s.Logged()), marked) || holds(read(t, filepath.Join(s.Data, "strongroom.db")), marked) {
		t.Error("a value of a server project is logged or stored in clear")
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// searchProcesses looks at what the system tells everybody, and the user, about processes.
func searchProcesses(t *testing.T, pid int) {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "ps", "auxeww").Output()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(list, []byte(marked)) {
		t.Error("ps shows the value")
	}
	if !bytes.Contains(list, []byte("strongroom secret ")) || !bytes.Contains(list, []byte("AWS_PROFILE=developer")) {
		t.Error("ps does not show the program with its arguments and environment: the search shows nothing")
	}
	seen := 0
	for _, pattern := range []string{"/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ", "/proc/[0-9]*/comm"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				continue // somebody else's, or gone
			}
			if bytes.Contains(content, []byte(marked)) {
				t.Errorf("%s has the value", name)
			}
			if strings.HasPrefix(name, filepath.Join("/proc", strconv.Itoa(pid))+"/") && len(content) > 0 {
				seen++
			}
		}
	}
	if seen != 3 {
		t.Errorf("%d of the program's 3 files were read", seen)
	}
}

// searchFiles looks into everything below a folder: the program's home, and its place for temporary files.
func searchFiles(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if holds(read(t, name), marked) {
			t.Errorf("%s has the value", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
