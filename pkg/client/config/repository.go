package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"strongroom/pkg/wholefile"
)

// marker is the line from which on a repository's file is the program's.
const marker = "# From here on `strongroom pin` writes; what you add below is lost when it does."

// WriteRepository writes the pins of a Strongroom into a repository's file, which it makes where there is none: all of
// them, instead of those of that Strongroom that it wrote before. What people wrote, above the marker, stays as it is to
// the byte; pins there that differ are a *ContradictionError, and pins there of that same Strongroom have to be moved,
// because TOML has a table in one place alone. The file is replaced whole, and keeps its mode.
func WriteRepository(path, url string, pins Pins) error {
	url, err := NormalURL(url)
	if err != nil {
		return fmt.Errorf("the URL %w", err)
	}
	if err := pins.check(); err != nil {
		return err
	}
	content, mode, err := readRepository(path)
	if err != nil {
		return err
	}
	if _, err := parse(shown(path), content, repositoryFile); err != nil {
		return err
	}
	theirs, ours := splitRepository(content)
	after, err := withPins(shown(path), theirs, ours, claim{url, pins, "to be written now"})
	if err != nil || bytes.Equal(after, content) {
		return err
	}
	return wholefile.ReplaceMode(path, after, mode)
}

func readRepository(path string) ([]byte, os.FileMode, error) {
	content, err := trust{}.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0o644, nil
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	return content, info.Mode().Perm(), nil
}

// splitRepository cuts before the marker's line. Without one all is theirs.
func splitRepository(content []byte) (theirs, ours []byte) {
	at := 0
	for line := range bytes.Lines(content) {
		if strings.TrimRight(string(line), "\r\n") == marker {
			return content[:at], content[at:]
		}
		at += len(line)
	}
	return content, nil
}

// withPins is the whole file with other pins. It is read again before anybody relies on it: a marker that stands within
// a text of several lines, for one, would make it another file than it seems.
func withPins(path string, theirs, ours []byte, pins claim) ([]byte, error) {
	people, err := parse(path, theirs, repositoryFile)
	if err != nil {
		return nil, err
	}
	before, err := parse(path, ours, repositoryFile)
	if err != nil {
		return nil, err
	}
	if len(before.profiles) > 0 {
		return nil, fmt.Errorf("%s: profiles stand below the line that begins the program's part, and would be lost: move them above it", path)
	}
	b, err := bookOf(before.claims)
	if err != nil {
		return nil, err
	}
	if _, err := unite(pins.url, people.claims, []claim{pins}); err != nil {
		return nil, err
	}
	for _, c := range people.claims {
		if c.url == pins.url {
			return nil, fmt.Errorf("%s: pins of %s stand above the line that begins the program's part: remove them there, and they are written below it",
				c.origin, c.url)
		}
	}
	p := pins.pins
	b[pins.url] = &p
	after := append(bytes.Clone(theirs), b.repositoryPart(theirs)...)
	if _, err := parse(path, after, repositoryFile); err != nil {
		return nil, fmt.Errorf("the pins can't be added to what stands there: %w", err)
	}
	return after, nil
}

// repositoryPart is the program's part, set off from what stands before it.
func (b book) repositoryPart(theirs []byte) []byte {
	var out bytes.Buffer
	if len(theirs) > 0 {
		if !bytes.HasSuffix(theirs, []byte("\n")) {
			out.WriteString("\n")
		}
		if !bytes.HasSuffix(theirs, []byte("\n\n")) {
			out.WriteString("\n")
		}
	}
	out.WriteString(marker + "\n")
	b.write(&out)
	return out.Bytes()
}
