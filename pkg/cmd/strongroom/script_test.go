package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"strongroom": func() { os.Exit(run()) }})
}

// scripts is how many there are; one that was lost would otherwise go unnoticed.
const scripts = 44

// TestScripts runs the program as people do. Besides testscript's commands the scripts have
//
//	serve [FLAG]… start `strongroom local` on a free port and wait until it listens; its output goes to server.out and
//	              server.err, its process id to $SERVER
//	end SIGNAL    send the server a signal and wait for it; `end !SIGNAL` expects it to fail
//	as PROFILE    set the environment that `strongroom local env PROFILE` prints
//	exits N PROGRAM [ARGUMENT]…
//	              exec that wants the exit status N
//	unwrap FILE   have KMS unwrap the key of the project that FILE has as JSON, with AWS's own client and whoever the script is; KMS's
//	              refusal is the failure
//	later HOURS   run the server, which must not run, as if so many hours had passed, until all of them are sealed
//	tamper remove|alter OPERATION
//	              change by hand an event that tells of the operation; sets $EVENT and $HOUR
//	cut FROM TO   write the file FROM to TO without its last line
//	field NAME F  set $NAME to the string that the JSON in the last output has as its first field F
//	until PATTERN PROGRAM [ARGUMENT]…
//	              exec again and again until the output matches, for what follows a moment later
//
// $TESTDATA is the repository's folder of that name.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != scripts {
		t.Errorf("there are %d scripts, want %d", len(files), scripts)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serve, "end": end, "as": as, "field": field, "unwrap": unwrap, "exits": exits, "until": until,
			"later": later, "tamper": tamper, "cut": cut,
		},
	})
}

func setup(e *testscript.Env) error {
	shared, err := filepath.Abs("../../../testdata")
	if err != nil {
		return err
	}
	e.Setenv("TESTDATA", shared)
	e.Setenv("STRONGROOM_DATA", filepath.Join(e.WorkDir, "data"))
	e.Setenv("STRONGROOM_ADDR", "127.0.0.1:0")
	e.Setenv("STRONGROOM_KMS_ADDR", "127.0.0.1:0")
	e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	s := &server{}
	e.Values[serverKey{}] = s
	e.Defer(s.kill)
	return nil
}

type serverKey struct{}

// A server is the `strongroom local` that a script runs, if any.
type server struct {
	command *exec.Cmd
	done    chan error
}

func (s *server) kill() {
	if s.command == nil {
		return
	}
	_ = s.command.Process.Kill()
	<-s.done
	s.command = nil
}

// patience is how long anything may take on a busy machine.
const patience = 30 * time.Second

func serve(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(serverKey{}).(*server)
	if neg || s.command != nil {
		ts.Fatalf("usage: serve, once")
	}
	program, err := exec.LookPath("strongroom")
	ts.Check(err)
	c := exec.Command(program, append([]string{"local"}, args...)...) //nolint:noctx // ended by end or kill
	c.Args[0] = "strongroom"
	c.Dir = ts.Getenv("WORK")
	for _, name := range []string{"STRONGROOM_DATA", "STRONGROOM_ADDR", "STRONGROOM_KMS_ADDR", "HOME", "PATH"} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	out, logged := create(ts, "server.out"), create(ts, "server.err")
	defer out.Close()
	defer logged.Close()
	c.Stdout, c.Stderr = out, logged
	ts.Check(c.Start())
	s.command, s.done = c, make(chan error, 1)
	go func() { s.done <- c.Wait() }()
	for start := time.Now(); !strings.Contains(ts.ReadFile("server.out"), "strongroom is listening on http://127.0.0.1:"); {
		select {
		case err := <-s.done:
			s.command = nil
			ts.Fatalf("the server ended: %v\n%s", err, ts.ReadFile("server.err"))
		case <-time.After(5 * time.Millisecond):
		}
		if time.Since(start) > patience {
			ts.Fatalf("the server is not ready after %s\n%s", patience, ts.ReadFile("server.err"))
		}
	}
}

func create(ts *testscript.TestScript, name string) *os.File {
	f, err := os.Create(ts.MkAbs(name))
	ts.Check(err)
	return f
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(serverKey{}).(*server)
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}
	if len(args) != 1 || signals[args[0]] == nil || s.command == nil {
		ts.Fatalf("usage: [!] end TERM|INT|KILL, after serve")
	}
	ts.Check(s.command.Process.Signal(signals[args[0]]))
	select {
	case err := <-s.done:
		s.command = nil
		if failed := err != nil; failed != neg {
			ts.Fatalf("after SIG%s the server ended with %v\n%s", args[0], err, ts.ReadFile("server.err"))
		}
	case <-time.After(patience):
		ts.Fatalf("SIG%s did not end the server in %s", args[0], patience)
	}
}

func as(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: as PROFILE")
	}
	ts.Check(ts.Exec("strongroom", "local", "env", args[0]))
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "unset "); ok {
			ts.Setenv(name, "")
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if !ok || strings.ContainsAny(value, `'"\`) {
			ts.Fatalf("not an export: %s", line)
		}
		ts.Setenv(name, value)
	}
}

func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field NAME FIELD")
	}
	found := regexp.MustCompile(`"` + regexp.QuoteMeta(args[1]) + `":\s*"((?:[^"\\]|\\.)*)"`).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no field %q in the last output", args[1])
	}
	value, err := strconv.Unquote(`"` + found[1] + `"`)
	ts.Check(err)
	ts.Setenv(args[0], value)
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N PROGRAM [ARGUMENT]…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var (
		failed *exec.ExitError
		got    int
	)
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
		if w, ok := failed.Sys().(syscall.WaitStatus); ok && w.Signaled() { // as shells say it
			got = 128 + int(w.Signal())
		}
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("status %d, want %d", got, want)
	}
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN PROGRAM [ARGUMENT]…")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		out := ts.ReadFile("stdout")
		if want.MatchString(out) {
			return
		}
		if time.Since(start) > patience {
			ts.Fatalf("no %s after %s, only\n%s", want, patience, out)
		}
	}
}
