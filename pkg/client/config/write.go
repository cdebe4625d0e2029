package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/wholefile"
)

// ErrNoFolder is that nothing says where pins.toml would be.
var ErrNoFolder = errors.New("there is no folder to write pins to: set STRONGROOM_CONFIG_DIR, or HOME")

// An UnwritableError is pins.toml, or what goes with it, that can't be written.
type UnwritableError struct{ Err error }

func (e *UnwritableError) Error() string { return e.Err.Error() }

// Unwrap is what the system says.
func (e *UnwritableError) Unwrap() error { return e.Err }

// Pin writes into pins.toml the part of add that neither it, nor config.toml, nor the environment says yet, and answers
// that part, so that the user can be told. What only the repository's file says is written too, so that a later change
// there is noticed; where it can't be written, it is left at that. What contradicts any place, or what another process
// wrote since, is a *ContradictionError and changes nothing. Pin is the user's word and does not look at Strict: before
// anything that a server said is pinned, Check has to agree. Without a folder to write to the error is ErrNoFolder.
func (c *Config) Pin(add Pins) (Pins, error) {
	if err := add.check(); err != nil {
		return Pins{}, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	new := claim{pins: add, origin: "to be pinned now"}
	all, err := c.united()
	if err != nil {
		return Pins{}, err
	}
	if err := all.admits(new); err != nil {
		return Pins{}, err
	}
	unknown := all.missing(add)
	url := c.url.value
	if mine, err := unite(url, c.byUser, c.pinned); err != nil || mine.missing(add).empty() {
		return Pins{}, err
	}
	var written Pins
	err = c.rewrite(func(b book) error {
		all, err := c.united()
		if err != nil {
			return err
		}
		if err := all.admits(new); err != nil {
			return err
		}
		mine, err := unite(url, c.byUser, c.pinned)
		if err != nil {
			return err
		}
		written = mine.missing(add)
		b.of(url).put(written)
		return nil
	})
	var differs *ContradictionError
	if err != nil && unknown.empty() && !errors.As(err, &differs) {
		return Pins{}, nil
	}
	if err != nil {
		return Pins{}, err
	}
	return written, nil
}

// Fresh is what Pin would write of add: what neither pins.toml nor config.toml nor the environment says yet, be it that the
// repository's file does.
func (c *Config) Fresh(add Pins) (Pins, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if _, err := c.usable(); err != nil {
		return Pins{}, err
	}
	mine, err := unite(c.url.value, c.byUser, c.pinned)
	if err != nil {
		return Pins{}, err
	}
	return mine.missing(add), nil
}

// Accept lets repositories' files name that URL from now on.
func (c *Config) Accept(url string) error {
	url, err := NormalURL(url)
	if err != nil {
		return fmt.Errorf("the URL %w", err)
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.accepts(url) {
		return nil
	}
	return c.rewrite(func(b book) error {
		b.of(url)
		return nil
	})
}

// Repin gives a project that the user renamed its new name in pins.toml. It is for the user's own rename, never for what
// a server says. Where another file has the old name still, the answer is a *ContradictionError, after the change: until
// that file is changed too, nothing is sent.
func (c *Config) Repin(from, to string) error {
	if _, err := normalName(to); err != nil {
		return fmt.Errorf("the project's name %w", err)
	}
	return c.changeProject(from, func(projects map[string]ProjectPin) error {
		if _, taken := projects[to]; taken {
			return fmt.Errorf("the project %q is pinned already; if it is gone, unpin it first", to)
		}
		projects[to] = projects[from]
		delete(projects, from)
		return nil
	}, func(*union) error { return nil })
}

// Unpin removes a project that the user deleted from pins.toml. Where another file still pins it, the error, after the
// change, says which.
func (c *Config) Unpin(project string) error {
	return c.changeProject(project, func(projects map[string]ProjectPin) error {
		delete(projects, project)
		return nil
	}, func(u *union) error {
		if still, ok := u.facts[idOf(project)]; ok {
			return fmt.Errorf("the project %q is still pinned in %s: remove it there, too", project, still.origin)
		}
		return nil
	})
}

// changeProject changes the projects of the Strongroom that is used, if that one is pinned in pins.toml, and then looks
// at what all places say together. What they said before does not matter: this is how a contradiction is mended.
func (c *Config) changeProject(name string, change func(map[string]ProjectPin) error, look func(*union) error) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	url, err := c.usable()
	if err != nil {
		return err
	}
	err = c.rewrite(func(b book) error {
		if _, pinned := b.of(url).Projects[name]; pinned {
			return change(b.of(url).Projects)
		}
		return fmt.Errorf("%s does not pin the project %q at %s", filepath.Join(c.Dir, pinsName), name, url)
	})
	if err != nil {
		return err
	}
	u, err := c.united()
	if err != nil {
		return err
	}
	return look(u)
}

// A book is what pins.toml says, by URL.
type book map[string]*Pins

func (b book) of(url string) *Pins {
	if b[url] == nil {
		b[url] = &Pins{Projects: map[string]ProjectPin{}}
	}
	return b[url]
}

// rewrite changes pins.toml, as it is now and not as it was when it was read last. While change runs, c has it as it is.
func (c *Config) rewrite(change func(book) error) error {
	err := c.rewritten(change)
	var file *fs.PathError
	if errors.As(err, &file) {
		return &UnwritableError{err}
	}
	return err
}

func (c *Config) rewritten(change func(book) error) error {
	if c.Dir == "" {
		return ErrNoFolder
	}
	path := filepath.Join(c.Dir, pinsName)
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved // a link stays one
	}
	unlock, err := lock(path)
	if err != nil {
		return err
	}
	defer unlock()
	now, err := c.readPins()
	if err != nil {
		return err
	}
	c.setPinned(now.claims)
	b, err := bookOf(now.claims)
	if err != nil {
		return err
	}
	before := b.content()
	if err := change(b); err != nil {
		return err
	}
	after := b.content()
	if bytes.Equal(before, after) {
		return nil
	}
	written, err := parse(shown(filepath.Join(c.Dir, pinsName)), after, pinsFile)
	if err != nil {
		return err
	}
	if err := wholefile.Replace(path, after); err != nil {
		return err
	}
	c.setPinned(written.claims)
	return nil
}

func bookOf(claims []claim) (book, error) {
	b := book{}
	for _, c := range claims {
		if b[c.url] != nil {
			continue
		}
		u, err := unite(c.url, claims)
		if err != nil {
			return nil, err
		}
		b[c.url] = &u.pins
	}
	return b, nil
}

const pinsHeader = `# What this user's Strongroom clients take on nobody else's word: written on first use, as ssh's known_hosts is, and
# compared ever after. Written by the program; comments that you add are lost. Remove what is no longer so.
`

func (b book) content() []byte {
	out := bytes.NewBufferString(pinsHeader)
	b.write(out)
	return out.Bytes()
}

func (b book) write(out *bytes.Buffer) {
	for _, url := range slices.Sorted(maps.Keys(b)) {
		writePins(out, url, *b[url])
	}
}

// writePins writes a Strongroom's tables. The texts are without control characters, so that Go's quotes are TOML's.
func writePins(out *bytes.Buffer, url string, p Pins) {
	fmt.Fprintf(out, "\n[pins.%q]\n", url)
	if p.Organization != uuid.Nil {
		fmt.Fprintf(out, "organization = %q\n", p.Organization)
	}
	if p.ClientKey != "" {
		fmt.Fprintf(out, "client_key = %q\n", p.ClientKey)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Projects)) {
		project := p.Projects[name]
		fmt.Fprintf(out, "\n[pins.%q.projects.%q]\nid = %q\nencryption = %q\n", url, name, project.ID, project.Encryption)
	}
}
