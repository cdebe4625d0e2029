package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMain runs a `strongroom local` of its own for the examples and for the tests of what the server really does, and
// has this process sign as its developer. The program is built from what is tested.
func TestMain(m *testing.M) {
	code, err := withServer(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// program is the path of the strongroom that was built, and data the folder of the server that runs.
var program, data string

func withServer(run func() int) (code int, err error) {
	folder, err := os.MkdirTemp("", "strongroom-client-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a leftover in the folder for such
	program, data = filepath.Join(folder, "strongroom"), filepath.Join(folder, "data")
	if out, err := exec.Command("go", "build", "-o", program, "strongroom/pkg/cmd/strongroom").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building strongroom: %w\n%s", err, out)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	server := exec.CommandContext(ctx, program, "local")
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	for name, value := range map[string]string{
		"STRONGROOM_DATA": data, "STRONGROOM_ADDR": "127.0.0.1:0", "STRONGROOM_KMS_ADDR": "127.0.0.1:0",
	} {
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := server.Start(); err != nil {
		return 0, err
	}
	defer func() {
		cancel()
		if ended := server.Wait(); err == nil && !errors.Is(ended, context.Canceled) {
			err = ended
		}
	}()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "strongroom is listening on ") {
			if err := signAs("developer", os.Setenv); err != nil {
				return 0, err
			}
			return run(), nil
		}
	}
	return 0, errors.New("the local server ended before it listened")
}

// signAs sets the variables by which a profile of the local server signs.
func signAs(profile string, set func(name, value string) error) error {
	out, err := exec.Command(program, "local", "env", profile).Output()
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if !ok {
			continue // an unset of what is not set here
		}
		if err := set(name, strings.Trim(value, "'")); err != nil {
			return err
		}
	}
	return nil
}
