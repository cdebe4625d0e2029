package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/pelletier/go-toml/v2"

	"strongroom/pkg/api"
)

// maxFile is how many bytes a file has at most: about 8,000 projects.
const maxFile = 1 << 20

// A kind of file says what may stand in it besides pins.
type kind struct {
	// settings says that profiles may, choice that which of them is used may.
	settings, choice bool
}

var (
	userFile       = kind{settings: true, choice: true}
	repositoryFile = kind{settings: true}
	pinsFile       = kind{}
)

// A document is what one file says.
type document struct {
	// profile is which one is used; its value is empty where the file does not say.
	profile setting
	// profiles are settings by name, by the name of the profile.
	profiles map[string]profile
	claims   []claim
}

// A setting is a value in its normal form, and where it stands: "path:line".
type setting struct{ value, origin string }

// parse reads a file. Every error names it and the line.
func parse(path string, content []byte, k kind) (*document, error) {
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	var values map[string]any
	if err := toml.Unmarshal(content, &values); err != nil {
		return nil, syntaxError(path, err)
	}
	d := &document{profiles: map[string]profile{}}
	root := table{file: path, lines: linesOf(content), values: values}
	known := fields{"pins": func() error { return root.tables("pins", d.pins) }}
	if k.settings {
		known["profiles"] = func() error { return root.tables("profiles", d.settings) }
	}
	if k.choice {
		known["profile"] = func() (err error) { d.profile, err = root.setting("profile", normalName); return err }
	}
	return d, root.each(known)
}

func syntaxError(path string, err error) error {
	var where *toml.DecodeError
	if !errors.As(err, &where) {
		return fmt.Errorf("%s: %w", path, err)
	}
	line, _ := where.Position()
	return fmt.Errorf("%s:%d: not TOML: %s", path, line, strings.TrimPrefix(where.Error(), "toml: "))
}

// settings reads the table of a profile.
func (d *document) settings(profile string, t table) error {
	if _, err := normalName(profile); err != nil {
		return t.parent.errorf(profile, "a profile's name %w", err)
	}
	d.profiles[profile] = map[string]setting{}
	known := fields{}
	for _, s := range settings {
		known[s.name] = func() (err error) {
			read := t.setting
			if s.name == "strict" {
				read = t.flag
			}
			d.profiles[profile][s.name], err = read(s.name, s.normal)
			return err
		}
	}
	return t.each(known)
}

// pins reads the table of a Strongroom. That it is there is a claim of its own: whoever wrote it knows that Strongroom.
func (d *document) pins(text string, t table) error {
	url, err := NormalURL(text)
	if err != nil {
		return t.parent.errorf(text, "the URL %w", err)
	}
	claims := func(key string, p Pins) {
		d.claims = append(d.claims, claim{url, p, t.origin(key)})
	}
	d.claims = append(d.claims, claim{url, Pins{}, t.parent.origin(text)})
	return t.each(fields{
		"organization": func() error {
			id, err := t.id("organization")
			claims("organization", Pins{Organization: id})
			return err
		},
		"client_key": func() error {
			key, err := t.setting("client_key", normalClientKey)
			claims("client_key", Pins{ClientKey: key.value})
			return err
		},
		"projects": func() error {
			return t.tables("projects", func(name string, project table) error {
				pin, err := project.pin(name)
				d.claims = append(d.claims, claim{url, Pins{Projects: map[string]ProjectPin{name: pin}}, project.parent.origin(name)})
				return err
			})
		},
	})
}

// pin reads the table of a project, which must be whole: half a pin would protect half.
func (t table) pin(name string) (ProjectPin, error) {
	var pin ProjectPin
	if _, err := normalName(name); err != nil {
		return pin, t.parent.errorf(name, "a project's name %w", err)
	}
	err := t.each(fields{
		"id": func() (err error) { pin.ID, err = t.id("id"); return err },
		"encryption": func() error {
			e, err := t.setting("encryption", normalEncryption)
			pin.Encryption = api.Encryption(e.value)
			return err
		},
	})
	if err == nil && (pin.ID == uuid.Nil || pin.Encryption == "") {
		err = t.parent.errorf(name, "the pin of the project %q needs id and encryption", name)
	}
	return pin, err
}

// A table is one of a file's tables.
type table struct {
	file   string
	lines  lines
	parent *table
	// path is where it stands, as lines has it.
	path   string
	values map[string]any
}

// fields are what may stand in a table, and what reads it.
type fields map[string]func() error

// each reads all that stands in the table, from its first line to its last.
func (t table) each(known fields) error {
	for _, key := range t.keys() {
		read, ok := known[key]
		if !ok {
			return t.errorf(key, "unknown key %.64q; here may stand: %s", key,
				strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (t table) keys() []string {
	return slices.SortedFunc(maps.Keys(t.values), func(a, b string) int {
		if d := t.line(a) - t.line(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// tables reads a table of tables, each with a name that somebody chose.
func (t table) tables(key string, read func(name string, t table) error) error {
	all, err := t.table(key)
	if err != nil {
		return err
	}
	for _, name := range all.keys() {
		one, err := all.table(name)
		if err == nil {
			err = read(name, one)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t table) table(key string) (table, error) {
	values, ok := t.values[key].(map[string]any)
	if !ok {
		return table{}, t.errorf(key, "%.64q must be a table", key)
	}
	return table{file: t.file, lines: t.lines, parent: &t, path: t.path + strconv.Quote(key), values: values}, nil
}

func (t table) setting(key string, normal func(string) (string, error)) (setting, error) {
	text, ok := t.values[key].(string)
	if !ok {
		return setting{}, t.errorf(key, "%s must be a text in quotes", key)
	}
	value, err := normal(text)
	if err != nil {
		return setting{}, t.errorf(key, "%s %w", key, err)
	}
	return setting{value, t.origin(key)}, nil
}

func (t table) flag(key string, _ func(string) (string, error)) (setting, error) {
	on, ok := t.values[key].(bool)
	if !ok {
		return setting{}, t.errorf(key, "%s must be true or false, without quotes", key)
	}
	return setting{strconv.FormatBool(on), t.origin(key)}, nil
}

func (t table) id(key string) (uuid.UUID, error) {
	var id uuid.UUID
	_, err := t.setting(key, func(text string) (_ string, err error) {
		id, err = normalID(text)
		return text, err
	})
	return id, err
}

func (t table) line(key string) int { return t.lines.at(t.path + strconv.Quote(key)) }

func (t table) origin(key string) string { return fmt.Sprintf("%s:%d", t.file, t.line(key)) }

func (t table) errorf(key, format string, args ...any) error {
	return fmt.Errorf("%s: "+format, append([]any{t.origin(key)}, args...)...)
}
