package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// isTerminal says whether somebody sits in front of it.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// coloured says whether output may have colours (https://no-color.org).
func (m *Main) coloured(w io.Writer) bool {
	return isTerminal(w) && m.Getenv("NO_COLOR") == "" && m.Getenv("TERM") != "dumb"
}

// say tells the person something, in one line on standard error.
func (m *Main) say(line string) { _, _ = fmt.Fprintf(m.Stderr, "strongroom: %s\n", visible(line)) }

func (m *Main) sayf(format string, args ...any) { m.say(fmt.Sprintf(format, args...)) }

// askHidden asks for one line without echo. It is for a terminal at standard input alone. A signal that ends the program
// meanwhile turns the echo on again.
func (m *Main) askHidden(prompt string) (string, error) {
	f, ok := m.Stdin.(*os.File)
	if !ok || !isTerminal(f) {
		return "", errors.New("standard input is no terminal")
	}
	state, err := term.GetState(int(f.Fd()))
	if err != nil {
		return "", err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	_, _ = io.WriteString(m.Stderr, prompt)
	defer io.WriteString(m.Stderr, "\n") //nolint:errcheck // a prompt's end
	type answer struct {
		line []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(int(f.Fd()))
		answered <- answer{line, err}
	}()
	select {
	case a := <-answered:
		return string(a.line), a.err
	case <-signals:
		return "", errors.Join(errors.New("stopped"), term.Restore(int(f.Fd()), state))
	}
}

// confirm asks a question, to which only yes agrees. Without a terminal nobody can be asked: flag says it then.
func (m *Main) confirm(question, flag string, agreed bool) error {
	if agreed {
		return nil
	}
	if !isTerminal(m.Stdin) {
		return usage("%s; nobody can be asked here: say %s to do it", strings.TrimSuffix(question, "?"), flag)
	}
	_, _ = fmt.Fprintf(m.Stderr, "%s [y/N] ", question)
	line, err := bufio.NewReader(m.Stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); err == nil && (answer == "y" || answer == "yes") {
		return nil
	}
	return errors.New("nothing was done")
}
