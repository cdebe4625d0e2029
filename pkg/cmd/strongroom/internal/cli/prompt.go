package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// burst is how soon what was pasted together with a line follows it.
const burst = 50 * time.Millisecond

// Keys, as a terminal sends them where it leaves them to the program.
const (
	keyInterrupt = 0x03 // Ctrl-C
	keyEnd       = 0x04 // Ctrl-D
	keyBackspace = 0x08
	keyClear     = 0x15 // Ctrl-U
	keyDelete    = 0x7f
)

// errStopped says that a signal, or the key for one, ended it.
var errStopped error = &exitError{ExitInterrupted, errors.New("stopped")}

// askHidden asks for one line without echo. It is for a terminal at standard input alone. A signal that ends the program
// meanwhile turns the echo on again.
//
// The line is edited here, not by the terminal: that would drop without a word what is beyond 4,095 bytes, and leave the
// further lines of a key that was pasted to the shell, which would run them and keep them in its history.
func (m *Main) askHidden(prompt string) (string, error) {
	f, ok := m.Stdin.(*os.File)
	if !ok || !isTerminal(f) {
		return "", errors.New("standard input is no terminal")
	}
	state, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return "", err
	}
	defer func() {
		_ = term.Restore(int(f.Fd()), state) // fails where the terminal is gone
		_, _ = io.WriteString(m.Stderr, "\n")
	}()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	_, _ = io.WriteString(m.Stderr, visible(prompt))
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := readHidden(f)
		answered <- answer{line, err}
	}()
	select {
	case a := <-answered:
		return a.line, a.err
	case <-signals:
		return "", errStopped
	}
}

// readHidden reads one line of a terminal that edits and echoes nothing, and whatever came with it.
func readHidden(f *os.File) (string, error) {
	var line hiddenLine
	buffer := make([]byte, 4096)
	for {
		n, err := f.Read(buffer)
		if err != nil {
			return "", errors.New("the terminal was closed before a line ended")
		}
		for i, key := range buffer[:n] {
			if !line.press(key) {
				continue
			}
			rest := bytes.Clone(buffer[i+1 : n])
			for pending(f, burst) {
				n, err := f.Read(buffer)
				if err != nil || n == 0 {
					break
				}
				rest = append(rest, buffer[:n]...)
			}
			return line.end(key, rest)
		}
	}
}

// A hiddenLine is what was typed of a line until now.
type hiddenLine struct {
	text []byte
	// strange says that a key was pressed that nobody means to be part of a value.
	strange bool
}

// press takes a key, and says whether it ended the line.
func (l *hiddenLine) press(key byte) bool {
	switch {
	case key == '\r', key == '\n', key == keyInterrupt, key == keyEnd:
		return true
	case key == keyBackspace, key == keyDelete:
		_, size := utf8.DecodeLastRune(l.text)
		l.text = l.text[:len(l.text)-size]
	case key == keyClear:
		l.text, l.strange = nil, false
	case key < ' ' && key != '\t':
		l.strange = true
	default:
		l.text = append(l.text, key)
	}
	return false
}

// end is the line, with the key that ended it and what came behind it at once.
func (l *hiddenLine) end(key byte, rest []byte) (string, error) {
	if key == '\r' {
		rest = bytes.TrimPrefix(rest, []byte("\n"))
	}
	switch {
	case key == keyInterrupt:
		return "", errStopped
	case key == keyEnd && len(l.text) == 0:
		return "", usage("nothing was typed")
	case len(bytes.Trim(rest, "\x00\x04")) > 0: // a Ctrl-D from before the terminal was ours reads as zero
		return "", usage("more than one line was pasted, and nothing was done; give what has several lines on standard input or with --file")
	case l.strange:
		return "", usage("a key was pressed that writes no character, an arrow perhaps, and nothing was done; type it again, " +
			"or use standard input or --file")
	}
	return string(l.text), nil
}
