package cli

import (
	"bytes"
	"context"
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

// A hush is a terminal at standard input that shows nothing of what is typed. It begins before anything is asked, since
// people type ahead while requests are on their way, and what they typed then is kept. end ends it, and must be called.
type hush struct {
	m       *Main
	file    *os.File
	state   *term.State
	signals chan os.Signal
	asked   bool
	ended   bool
}

// hush begins one. The context that it answers is for what is done meanwhile: it ends with the first signal that would end
// the program, and its cause is errStopped then.
func (m *Main) hush(ctx context.Context) (*hush, context.Context, error) {
	f, ok := m.Stdin.(*os.File)
	if !ok || !isTerminal(f) {
		return nil, nil, errors.New("standard input is no terminal")
	}
	state, err := term.GetState(int(f.Fd()))
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	h := &hush{m: m, file: f, state: state, signals: make(chan os.Signal, 1)}
	signal.Notify(h.signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		var why error // nil when it ends
		if <-h.signals != nil {
			why = errStopped
		}
		stop(why)
	}()
	if err := quiet(f); err != nil {
		h.end()
		return nil, nil, err
	}
	return h, ctx, nil
}

// end leaves the terminal as it was. What was typed and not asked for is dropped: it may be a value, and the shell would
// run it and keep it in its history.
func (h *hush) end() {
	if h.ended {
		return
	}
	h.ended = true
	signal.Stop(h.signals)
	close(h.signals)
	if !h.asked {
		drain(h.file)
	}
	_ = term.Restore(int(h.file.Fd()), h.state) // fails where the terminal is gone
}

// whyStopped is the error of what was done while the terminal was hushed; where a signal stopped it, that.
func whyStopped(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errStopped) {
		return errStopped
	}
	return err
}

// ask asks for one line without echo, and ends.
//
// The line is edited here, not by the terminal: that would drop without a word what is beyond 4,095 bytes, and leave the
// further lines of a key that was pasted to the shell, which would run them and keep them in its history.
func (h *hush) ask(ctx context.Context, prompt string) (string, error) {
	h.asked = true
	defer func() {
		h.end()
		_, _ = io.WriteString(h.m.Stderr, "\n")
	}()
	if _, err := term.MakeRaw(int(h.file.Fd())); err != nil {
		return "", err
	}
	_, _ = io.WriteString(h.m.Stderr, visible(prompt))
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := readHidden(h.file)
		answered <- answer{line, err}
	}()
	select {
	case a := <-answered:
		return a.line, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
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
