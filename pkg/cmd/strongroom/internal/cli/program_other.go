//go:build !unix

package cli

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
)

// replaceProcess runs a program and ends as it does. Here no process can take another's place: interrupts, which the
// console sends to both, are the program's to deal with.
func replaceProcess(path string, args, env []string) error {
	c := exec.Command(path, args[1:]...) //nolint:gosec,noctx // what the user asked for, until it ends
	c.Args[0] = args[0]
	c.Env = env
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	signal.Ignore(os.Interrupt)
	err := c.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return &exitError{exit: Exit(ended.ExitCode())}
	}
	if err == nil {
		return &exitError{exit: ExitOK}
	}
	return err
}
