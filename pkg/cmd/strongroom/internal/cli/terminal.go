package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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

// confirm asks a question, to which only yes agrees. Without a terminal nobody can be asked: flag says it then.
func (m *Main) confirm(question, flag string, agreed bool) error {
	if agreed {
		return nil
	}
	if !isTerminal(m.Stdin) {
		return usage("%s; nobody can be asked here: say %s to do it", strings.TrimSuffix(question, "?"), flag)
	}
	_, _ = fmt.Fprintf(m.Stderr, "%s [y/N] ", visible(question))
	line, err := bufio.NewReader(m.Stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); err == nil && (answer == "y" || answer == "yes") {
		return nil
	}
	return errors.New("nothing was done")
}
