//go:build unix

package main

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

// TestACommandTakesTheProgramsPlace sees what a parent sees: the process that it started is the command, and ends as the
// command does.
func TestACommandTakesTheProgramsPlace(t *testing.T) {
	p := personOf(t, localtest.Start(t), local.Developer)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGPIPE, syscall.SIGKILL} {
		r := p.start(t, "run", "--project", "demo", "--", "sh", "-c", "echo $$; kill -"+strconv.Itoa(int(signal))+" $$; exit 1")
		err := r.command.Wait()
		var ended *exec.ExitError
		if !errors.As(err, &ended) {
			t.Fatalf("%s: %v", signal, err)
		}
		status, ok := ended.Sys().(syscall.WaitStatus)
		if !ok || !status.Signaled() || status.Signal() != signal {
			t.Errorf("%s: it ended with %v", signal, ended)
		}
		if pid := strings.TrimSpace(r.out.String()); pid != strconv.Itoa(r.command.Process.Pid) {
			t.Errorf("%s: the command is process %s, and %d was started", signal, pid, r.command.Process.Pid)
		}
	}
}
