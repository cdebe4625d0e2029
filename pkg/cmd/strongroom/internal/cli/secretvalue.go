package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"strongroom/pkg/client"
	"strongroom/pkg/clientcrypto"
)

// A valueSource is where a value comes from, as flags say it.
type valueSource struct {
	// file is a path, or "-" for standard input; empty is the prompt where a terminal is there, and else standard input.
	file       string
	allowEmpty bool
}

// prompts says whether the value is what somebody types.
func (m *Main) prompts(from valueSource) bool { return from.file == "" && isTerminal(m.Stdin) }

// readValue takes a value exactly as it is, and asks for it at a terminal if there is one. Errors hold no part of it, nor what --file says: it might be the value.
func (m *Main) readValue(ctx context.Context, from valueSource, at *hush, prompt string) (client.Value, error) {
	text, err := m.readText(ctx, from.file, at, prompt)
	switch {
	case err != nil:
		return client.Value{}, err
	case text == "" && !from.allowEmpty && at != nil:
		return client.Value{}, usage("nothing was typed; say --allow-empty to store an empty value")
	case text == "" && !from.allowEmpty:
		return client.Value{}, usage("the value is empty, perhaps because what should have written it failed; say --allow-empty to store it")
	case len(text) > clientcrypto.MaxPlaintext:
		return client.Value{}, usage("the value is longer than %d bytes", clientcrypto.MaxPlaintext)
	case !utf8.ValidString(text):
		return client.Value{}, usage("the value is not UTF-8 text; store binary values as base64")
	case strings.Index(text, "\n") == len(text)-1 && text != "":
		m.say("the value ends in a newline, which belongs to it: `printf %s` writes none, where `echo` does")
	}
	return client.NewValue(text), nil
}

func (m *Main) readText(ctx context.Context, file string, at *hush, prompt string) (string, error) {
	switch {
	case at != nil:
		return at.ask(ctx, prompt)
	case file == "" || file == "-":
		text, err := readAll(m.Stdin)
		if err != nil {
			return "", usage("standard input can't be read: %w", withoutPath(err))
		}
		return text, nil
	}
	f, err := os.Open(file) //nolint:gosec // the user's own choice
	if err == nil {
		defer f.Close() //nolint:errcheck // only read
		var text string
		if text, err = readAll(f); err == nil {
			return text, nil
		}
	}
	return "", usage("what --file names can't be read: %w", withoutPath(err))
}

// readAll reads everything, up to what no value is as long as.
func readAll(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, clientcrypto.MaxPlaintext+1))
	return string(text), err
}

func withoutPath(err error) error {
	var around *fs.PathError
	if errors.As(err, &around) {
		return around.Err
	}
	return err
}

// printValue writes a value exactly as it is; on a terminal it ends its line, and can't move the cursor, hide or reorder
// what is shown, or answer in the user's place, which control and format characters do.
func (m *Main) printValue(value client.Value, raw bool) error {
	text := value.Reveal()
	if isTerminal(m.Stdout) && !raw {
		text = m.harmless(text, "--raw prints")
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
	}
	_, err := io.WriteString(m.Stdout, text)
	return err
}

// harmless is a text for a terminal, and says where it differs, and what has it as it is.
func (m *Main) harmless(text, has string) string {
	shown := escaped(text)
	if shown != text {
		m.sayf("control characters are shown as escapes; %s them as they are", has)
	}
	return shown
}
