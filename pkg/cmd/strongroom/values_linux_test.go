package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// session is what a person does, as bash reads it from a script with its history on. Values come from files, and go to
// files, as they would to other programs.
const session = `
set -o history
strongroom secret set demo/SET <set.txt
strongroom import values.env --project demo --yes
strongroom secret get demo/SET >got.txt
strongroom run --project demo -- sh -c 'printf %s "$SET$PLAIN$QUOTED$LINES" >ran.txt'
strongroom export --project demo --format env >exported.env
strongroom export --project demo --format json >exported.json
strongroom export --project demo --format yaml --file exported.yaml
strongroom export --project demo --format k8s >exported-k8s.yaml
strongroom secret set plain/CONTROL <control.txt
strongroom secret get plain/CONTROL >control-got.txt
sh -c 'sleep 0.2' "$(cat control.txt)"
history -a
`

// TestNoValueLeavesTheClient stores, reads, uses, imports and exports marked values of a project whose values clients
// encrypt, and looks for them everywhere else: in what went over the network, in the server's logs, its files and its
// memory, in the arguments of processes, in the shell's history and in what commands said. A value of a project whose
// values the server encrypts shows that each of these is looked at with open eyes, wherever it is found there.
func TestNoValueLeavesTheClient(t *testing.T) {
	data := t.TempDir()
	server, ready := launch(t, data)
	s := await(t, server, ready, data)
	s.KMSURL = strings.TrimSpace(string(read(t, filepath.Join(data, "kms-url"))))
	api, kms := record(t, s.URL), record(t, s.KMSURL)
	dir := t.TempDir()
	p := personOf(t, s, local.Developer)
	p.env = append(p.env, "STRONGROOM_URL="+api.URL, "AWS_ENDPOINT_URL_KMS="+kms.URL, "HISTFILE="+filepath.Join(dir, "history"))

	set, plain := newMark("the value that was set", "*"), newMark("PLAIN", "*")
	quoted, lines := newMark("QUOTED", `{"password": "*\"%&=+/"}`), newMark("LINES", "-----BEGIN-----\n*\n-----END-----\n")
	control := newMark("the control", "*")
	marks := []mark{set, plain, quoted, lines}
	putText(t, dir, "set.txt", set.value)
	putText(t, dir, "control.txt", control.value)
	putText(t, dir, "values.env", fmt.Sprintf("PLAIN=%s\nQUOTED='%s'\nLINES='%s'\n", plain.value, quoted.value, lines.value))

	arguments := sampleArguments(t)
	said := runSession(t, p, dir)
	memory := memoryOf(t, server.command.Process.Pid)
	places := map[string][]byte{
		"the requests and answers":         api.said(),
		"the requests to KMS":              kms.said(),
		"what the server said":             []byte(server.out.String()),
		"the server's log":                 []byte(server.errors.String()),
		"the server's memory":              memory,
		"the data folder":                  folder(t, data),
		"the shell's history":              read(t, filepath.Join(dir, "history")),
		"the arguments of processes":       arguments(),
		"what the commands said of values": []byte(said),
	}
	for place, text := range places {
		for _, m := range marks {
			if forms := m.found(text); len(forms) > 0 {
				t.Errorf("%s: %s is there, %s", place, m.name, strings.Join(forms, ", "))
			}
		}
	}
	checkSession(t, dir, set, plain, quoted, lines)
	checkControl(t, dir, places, control)
}

func putText(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runSession answers what the commands wrote to their standard error.
func runSession(t *testing.T, p person, dir string) string {
	t.Helper()
	shell := exec.CommandContext(t.Context(), "bash", "-e")
	shell.Env, shell.Dir, shell.Stdin = p.env, dir, strings.NewReader(session)
	var said bytes.Buffer
	shell.Stdout, shell.Stderr = &said, &said
	if err := shell.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	return said.String()
}

// checkSession finds the values where they belong.
func checkSession(t *testing.T, dir string, set, plain, quoted, lines mark) {
	t.Helper()
	got, ran := read(t, filepath.Join(dir, "got.txt")), read(t, filepath.Join(dir, "ran.txt"))
	if string(got) != set.value || string(ran) != set.value+plain.value+quoted.value+lines.value {
		t.Error("the values did not come back")
	}
	for _, name := range []string{"exported.env", "exported.json", "exported.yaml", "exported-k8s.yaml"} {
		for _, m := range []mark{set, plain, quoted, lines} {
			if len(m.found(read(t, filepath.Join(dir, name)))) == 0 {
				t.Errorf("%s is not in %s", m.name, name)
			}
		}
	}
}

// checkControl finds, in each place, something that has to be there.
func checkControl(t *testing.T, dir string, places map[string][]byte, control mark) {
	t.Helper()
	if got := read(t, filepath.Join(dir, "control-got.txt")); string(got) != control.value {
		t.Errorf("the control came back as %q", got)
	}
	for _, place := range []string{"the requests and answers", "the server's memory", "the arguments of processes"} {
		if len(control.found(places[place])) == 0 {
			t.Errorf("%s: the control is not found, so that the search shows nothing", place)
		}
	}
	if forms := control.found(places["the data folder"]); len(forms) > 0 {
		t.Errorf("the data folder: the control is there, %s, and should be sealed", strings.Join(forms, ", "))
	}
	for place, text := range map[string]string{
		"the requests to KMS": "TrentService.Decrypt", "what the server said": "listening", "the server's log": "get-project-values",
		"the data folder": "QUOTED", "the shell's history": "secret set demo/SET", "what the commands said of values": "3 secrets were written",
		"the server's memory": "QUOTED",
	} {
		if !bytes.Contains(places[place], []byte(text)) {
			t.Errorf("%s: %q is not found, so that the search shows nothing", place, text)
		}
	}
}

// folder is everything in a folder.
func folder(t *testing.T, root string) []byte {
	t.Helper()
	var all []byte
	files := os.DirFS(root)
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		all = append(append(append(all, path...), '\n'), text...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sampleArguments looks at the arguments of all processes, again and again until the function that it answers is called,
// which answers all that it saw.
func sampleArguments(t *testing.T) func() []byte {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	seen := map[string]bool{}
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for ctx.Err() == nil {
			paths, _ := filepath.Glob("/proc/[0-9]*/cmdline") // a pattern that is none would be an error
			for _, path := range paths {
				if text, err := os.ReadFile(path); err == nil { // else it has ended
					seen[string(text)] = true
				}
			}
			time.Sleep(time.Millisecond)
		}
	})
	return func() []byte {
		stop()
		sampling.Wait()
		var all []byte
		for text := range seen {
			all = append(append(all, text...), '\n')
		}
		return all
	}
}

// region is a line of /proc/PID/maps.
var region = regexp.MustCompile(`(?m)^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+ *(.*)$`)

// memoryOf is all that a process may read of its memory, stopped meanwhile: what a core file holds, and what is mapped
// from files besides.
func memoryOf(t *testing.T, pid int) []byte {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGCONT) //nolint:errcheck // it is killed soon
	maps := string(read(t, fmt.Sprintf("/proc/%d/maps", pid)))
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	var all []byte
	unread := 0
	for _, found := range region.FindAllStringSubmatch(maps, -1) {
		var from, to int64
		if _, err := fmt.Sscanf(found[1]+" "+found[2], "%x %x", &from, &to); err != nil {
			continue // above what an int64 holds: the kernel's own page
		}
		part, _ := io.ReadAll(io.NewSectionReader(memory, from, to-from)) // up to the end of a file that is mapped beyond it
		if all = append(all, part...); len(part) == 0 && !strings.HasPrefix(found[3], "[v") {
			unread++
		}
	}
	if len(all) < 8<<20 || unread > 0 {
		t.Fatalf("only %d bytes of the server's memory were read, and nothing of %d regions", len(all), unread)
	}
	return all
}
