package dotenv

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	blanks    = " \t"
	byteOrder = "\ufeff"
	crlf      = "\r\n"
)

var (
	// assignment is the start of a line that gives a variable a value.
	assignment = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z0-9_][A-Za-z0-9_.-]*)[ \t]*=`)
	// exportOnly is a line that exports variables which have their values from elsewhere.
	exportOnly = regexp.MustCompile(`^[ \t]*export((?:[ \t]+[A-Za-z_][A-Za-z0-9_]*)+)[ \t]*(?:[ \t]#.*)?$`)
	// comment is what begins a comment after an unquoted value.
	comment = regexp.MustCompile(`[ \t]#`)
)

// Parse reads the text of a .env file, as the package comment says. An error names the first line that can't be read, and
// then there are no entries at all.
func Parse(text []byte) (File, error) {
	source, err := prepare(text)
	if err != nil {
		return File{}, err
	}
	p := parser{rest: source, line: 1, latest: map[string]int{}}
	for p.rest != "" {
		if err := p.statement(); err != nil {
			return File{}, err
		}
	}
	return p.file(), nil
}

// prepare is the text that is to be read: without a byte order mark, its lines ended by LF if all of them end with CR LF.
func prepare(text []byte) (string, error) {
	text = bytes.TrimPrefix(text, []byte(byteOrder))
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return "", failure(1+bytes.Count(text[:i], []byte("\n")),
			"a NUL character, which no variable can hold; if the file is UTF-16, save it as UTF-8")
	}
	source := string(text)
	if !utf8.ValidString(source) {
		valid := strings.ToValidUTF8(source, "\x00")
		return "", failure(1+strings.Count(valid[:strings.IndexByte(valid, 0)], "\n"), "not UTF-8; save the file as UTF-8")
	}
	if strings.Count(source, "\n") == strings.Count(source, crlf) {
		source = strings.ReplaceAll(source, crlf, "\n")
	}
	return source, nil
}

func failure(line int, text string) error { return fmt.Errorf("line %d: %s", line, text) }

// A parser is at the beginning of a line, or in a value.
type parser struct {
	rest string
	line int // that rest begins in
	// entries are all that were found; latest has the place of a name's last one.
	entries  []Entry
	latest   map[string]int
	warnings []Warning
	// exported are names that an export without a value named, with the line of each.
	exported []Entry
	// doubts are what the entry that is being read gives reason to warn of.
	doubts doubt
	// carriage is set once a line outside of quotes ended with CR LF.
	carriage bool
}

// statement reads an entry, or a line that holds none.
func (p *parser) statement() error {
	line := p.line
	head, _, _ := strings.Cut(p.rest, "\n")
	if m := assignment.FindStringSubmatchIndex(head); m != nil {
		p.advance(m[1])
		return p.entry(head[m[2]:m[3]])
	}
	text, err := p.endLine()
	if err != nil {
		return err
	}
	if trimmed := strings.TrimLeft(text, blanks); trimmed == "" || trimmed[0] == '#' {
		return nil
	}
	if m := exportOnly.FindStringSubmatch(text); m != nil {
		for name := range strings.FieldsSeq(m[1]) {
			p.exported = append(p.exported, Entry{Name: name, Line: line})
		}
		return nil
	}
	return failure(line, "neither NAME=VALUE nor a comment; names are of the letters A to Z, digits and _ . -, "+
		"and a value of several lines needs quotes around it")
}

// entry reads what follows a name and its equals sign.
func (p *parser) entry(name string) error {
	e := Entry{Name: name, Line: p.line}
	before := len(p.rest)
	p.rest = strings.TrimLeft(p.rest, blanks)
	first, spaced := "", len(p.rest) < before
	if p.rest != "" {
		first = p.rest[:1]
	}
	var err error
	switch {
	case first == "'" || first == `"`:
		e.Value, err = p.quoted()
	case first == "`":
		return failure(p.line, "a value in `backquotes`, which are quotes to some readers and a command to others; "+
			`take ' or " instead`)
	case first == "#" && spaced:
		_, err = p.endLine()
	default:
		e.Value, err = p.unquoted()
	}
	if err != nil {
		return err
	}
	p.add(e)
	return nil
}

// add keeps an entry and what there is to be said of it.
func (p *parser) add(e Entry) {
	for _, text := range p.doubts.texts() {
		p.warnings = append(p.warnings, Warning{Line: e.Line, Name: e.Name, Text: text})
	}
	p.doubts = 0
	if i, ok := p.latest[e.Name]; ok {
		text := fmt.Sprintf("line %d sets it too; the last one counts", p.entries[i].Line)
		p.warnings = append(p.warnings, Warning{Line: e.Line, Name: e.Name, Text: text})
	}
	p.latest[e.Name] = len(p.entries)
	p.entries = append(p.entries, e)
}

// unquoted reads a value to the end of its line.
func (p *parser) unquoted() (string, error) {
	text, err := p.endLine()
	if err != nil {
		return "", err
	}
	if i := comment.FindStringIndex(text); i != nil {
		text = text[:i[0]]
	}
	text = strings.TrimRight(text, blanks)
	p.doubts |= unquotedDoubts(text)
	return text, nil
}

// endLine answers the rest of the line and goes to the next one.
func (p *parser) endLine() (string, error) {
	line := p.line
	text, _, found := strings.Cut(p.rest, "\n")
	p.advance(len(text))
	if found {
		p.advance(1)
	}
	if ended, ok := strings.CutSuffix(text, "\r"); ok && found {
		text, p.carriage = ended, true
	}
	if strings.Contains(text, "\r") {
		return "", failure(line, "a carriage return within the line; put a value that has one in quotes, "+
			"and end lines with LF or CR LF")
	}
	return text, nil
}

// advance goes past n bytes.
func (p *parser) advance(n int) {
	p.line += strings.Count(p.rest[:n], "\n")
	p.rest = p.rest[n:]
}

// file is all that was found: the last entry of each name, and the warnings by line.
func (p *parser) file() File {
	var f File
	for i, e := range p.entries {
		if p.latest[e.Name] != i {
			continue
		}
		f.Entries = append(f.Entries, e)
		if p.carriage && strings.Contains(e.Value, crlf) {
			p.warnings = append(p.warnings, Warning{Line: e.Line, Name: e.Name,
				Text: "its lines end with CR LF, which was kept; only some other lines of the file do"})
		}
	}
	for _, e := range p.exported {
		if _, ok := p.latest[e.Name]; !ok {
			p.warnings = append(p.warnings, Warning{Line: e.Line, Name: e.Name,
				Text: "exported, but no line gives it a value; it was left out"})
		}
	}
	f.Warnings = p.warnings
	slices.SortStableFunc(f.Warnings, func(a, b Warning) int { return cmp.Compare(a.Line, b.Line) })
	return f
}
