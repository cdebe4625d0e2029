package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// A terminal is one with the program in front of it, and a person behind.
type terminal struct {
	t *testing.T
	// person is where keys are pressed, tty what the program has.
	person, tty *os.File
	command     *exec.Cmd
	done        chan error

	mutex  sync.Mutex
	screen bytes.Buffer
}

// sit starts a program in front of a terminal of its own.
func sit(t *testing.T, c *exec.Cmd) *terminal {
	t.Helper()
	person, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{t: t, person: person, tty: tty, command: c, done: make(chan error, 1)}
	c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.done <- c.Wait() }()
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		buffer := make([]byte, 4096)
		for {
			n, err := person.Read(buffer)
			if err != nil {
				return
			}
			s.mutex.Lock()
			s.screen.Write(buffer[:n])
			s.mutex.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill() // it has ended, if all went well
		_ = tty.Close()
		<-shown
		_ = person.Close()
	})
	return s
}

// shows is all that was on the screen.
func (s *terminal) shows() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.screen.String()
}

// await waits until the screen has a text.
func (s *terminal) await(text string) {
	s.t.Helper()
	for start := time.Now(); !strings.Contains(s.shows(), text); time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			s.t.Fatalf("no %q after %s, only %q", text, patience, s.shows())
		}
	}
}

// press presses keys.
func (s *terminal) press(keys string) {
	s.t.Helper()
	if _, err := s.person.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the program's end, and answers its status, or -1 and the signal that ended it.
func (s *terminal) end() int {
	s.t.Helper()
	select {
	case err := <-s.done:
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			s.t.Fatal(err)
		}
		return s.command.ProcessState.ExitCode()
	case <-time.After(patience):
		s.t.Fatalf("the program has not ended after %s; it shows %q", patience, s.shows())
		return 0
	}
}

// asItWas says whether the terminal edits lines, echoes, and makes signals of keys.
func (s *terminal) asItWas() bool {
	s.t.Helper()
	state, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	const all = unix.ECHO | unix.ICANON | unix.ISIG
	return state.Lflag&all == all
}

// left is how many bytes nobody has read, which the shell would take for commands.
func (s *terminal) left() int {
	s.t.Helper()
	n, err := unix.IoctlGetInt(int(s.tty.Fd()), unix.TIOCINQ)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestAPromptTakesOneLineAndLeavesNothing(t *testing.T) {
	s := newStage(t, local.Developer)
	for _, test := range []struct {
		name, keys string
		status     int
		// want is the value then; says is what the screen says.
		want, says string
	}{
		{"a line", "hunter2, not a real one\r", 0, "hunter2, not a real one", "version 1"},
		{"a line feed ends it too", "hunter2\n", 0, "hunter2", "version 1"},
		{"keys that edit", "wrong\x15hunter\x7f\u00e9\u00fc\x08\x7f\x7fer2\r", 0, "hunter2", "version 1"},
		{"deleting where nothing is", "\x7f\x7fhunter2\r", 0, "hunter2", "version 1"},
		{"a tab", "hunter2\tb\r", 0, "hunter2\tb", "version 1"},
		{"Ctrl-D ends what was begun", "hunter2\x04", 0, "hunter2", "version 1"},
		{"longer than terminals keep", strings.Repeat("hunter2.", 1000) + "\r", 0, strings.Repeat("hunter2.", 1000), "version 1"},
		{"pasted with its line's end", "hunter2\r\n", 0, "hunter2", "version 1"},
		{"nothing", "\r", 2, "", "nothing was typed; say --allow-empty"},
		{"Ctrl-D", "\x04", 2, "", "nothing was typed"},
		{"Ctrl-C", "hunter2\x03", 130, "", "strongroom: stopped"},
		{"several lines", "-----BEGIN KEY-----\rhunter2\r-----END KEY-----\r", 2, "", "more than one line was pasted"},
		{"an arrow", "hunter2\x1b[Db\r", 2, "", "a key was pressed that writes no character"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := "demo/" + test.name
			at := sit(t, s.program(t, "secret", "set", name))
			at.await("Value of the new secret " + name + ": ")
			at.press(test.keys)
			if got := at.end(); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
			at.await(test.says)
			if strings.Contains(at.shows(), "hunt") {
				t.Errorf("what was typed is shown: %q", at.shows())
			}
			if !at.asItWas() || at.left() != 0 {
				t.Errorf("the terminal is left as it was: %t, and %d bytes are", at.asItWas(), at.left())
			}
			got, err := s.program(t, "secret", "get", name).Output()
			if stored := err == nil; stored != (test.status == 0) || string(got) != test.want {
				t.Errorf("stored: %t, %q", stored, got)
			}
		})
	}
}

// A signal from elsewhere ends the prompt, and the terminal echoes again.
func TestASignalEndsThePrompt(t *testing.T) {
	s := newStage(t, local.Developer)
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		at := sit(t, s.program(t, "secret", "set", "demo/SIGNAL"))
		at.await("Value of ")
		if at.asItWas() {
			t.Error("the terminal echoes while a value is typed")
		}
		if err := at.command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if status := at.end(); status != 130 || !at.asItWas() {
			t.Errorf("%s: status %d; the terminal is left as it was: %t", signal, status, at.asItWas())
		}
		at.await("strongroom: stopped")
	}
}

// People type while requests are on their way: that is not shown, and is the value that is then asked for. Whatever ends
// the program before leaves nothing of it to the shell.
func TestWhatIsTypedBeforeThePromptIsNotShown(t *testing.T) {
	s := newStage(t, local.Developer)
	for _, test := range []struct {
		name, keys string
		signal     os.Signal
		status     int
		says       string
	}{
		{"a whole line", "hunter2\r", nil, 0, "strongroom: demo/AHEAD: created, version 1"},
		{"the same from a terminal that maps line feeds", "hunter2\n", nil, 0, "strongroom: demo/AHEAD: unchanged, version 1"},
		{"Ctrl-C", "hunter2\x03", nil, 130, "strongroom: stopped"},
		{"a signal", "hunter2\r", syscall.SIGTERM, 130, "strongroom: stopped"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.api.holdNextRead()
			at := sit(t, s.program(t, "secret", "set", "demo/AHEAD"))
			select {
			case <-s.api.waiting:
			case <-time.After(patience):
				t.Fatal("no request came")
			}
			at.press(test.keys)
			time.Sleep(20 * time.Millisecond) // a terminal that echoes does so by then
			if test.signal != nil {
				if err := at.command.Process.Signal(test.signal); err != nil {
					t.Fatal(err)
				}
			}
			if test.status != 0 { // it ends while the request waits
				at.await(test.says)
			}
			s.api.release <- struct{}{}
			if status := at.end(); status != test.status || !at.asItWas() || at.left() != 0 {
				t.Errorf("status %d; the terminal is left as it was: %t, with %d bytes", status, at.asItWas(), at.left())
			}
			at.await(test.says)
			if strings.Contains(at.shows(), "hunt") {
				t.Errorf("what was typed is shown: %q", at.shows())
			}
		})
	}
	if got, _ := s.run(t, "", "secret", "get", "demo/AHEAD"); got != "hunter2" {
		t.Errorf("stored is %q", got)
	}
}
