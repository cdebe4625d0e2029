package dotenv

import (
	"fmt"
	"strings"
)

// quoted reads a value that begins with a quote, and the rest of the line in which it ends. Pieces in quotes that stand
// side by side are one value, as in a shell.
func (p *parser) quoted() (string, error) {
	var value strings.Builder
	start, pieces := p.line, 0
	for ; p.rest != ""; pieces++ {
		before, opened := p.rest, p.line
		var piece string
		var closed bool
		switch {
		case before[0] == '\'':
			piece, closed = p.single()
		case before[0] == '"':
			piece, closed = p.double()
		case strings.HasPrefix(before, `\'`), strings.HasPrefix(before, `\"`):
			piece, closed = before[1:2], true
			p.advance(2)
		default:
			return value.String(), p.endQuoted(start, pieces)
		}
		if !closed {
			return "", failure(opened, "the quote that opens here is never closed")
		}
		if before[0] == '\'' && strings.HasSuffix(piece, `\`) && strings.IndexAny(p.rest, `'"\`) == 0 {
			return "", follows(start, p.line)
		}
		value.WriteString(piece)
	}
	return value.String(), p.endQuoted(start, pieces)
}

// endQuoted reads what follows the last quote of a value that began in line start: nothing but a comment.
func (p *parser) endQuoted(start, pieces int) error {
	if pieces > 1 {
		p.doubts |= joined
	}
	line := p.line
	text, err := p.endLine()
	if err != nil {
		return err
	}
	switch trimmed := strings.TrimLeft(text, blanks); {
	case trimmed == "":
	case trimmed[0] != '#':
		return follows(start, line)
	case len(trimmed) == len(text):
		p.doubts |= glued
	}
	return nil
}

// follows is the error of a value that began in line start and does not end with its quote in line.
func follows(start, line int) error {
	where := ""
	if start != line {
		where = fmt.Sprintf(" of the value that begins in line %d", start)
	}
	return failure(line, "something follows the closing quote"+where+"; in single quotes a backslash is a backslash: "+
		`put a value that has a ' in it in double quotes, with \ before each \ " $ and `+"`")
}

// single reads a piece in single quotes, where each character is itself, and says whether it was closed.
func (p *parser) single() (string, bool) {
	end := strings.IndexByte(p.rest[1:], '\'')
	if end < 0 {
		return "", false
	}
	piece := p.rest[1 : 1+end]
	p.advance(end + 2)
	return piece, true
}

// double reads a piece in double quotes, and says whether it was closed.
func (p *parser) double() (string, bool) {
	var piece strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.advance(i + 1)
			return piece.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			piece.WriteString(p.escape(p.rest[i]))
		default:
			if expands(p.rest[i:]) {
				p.doubts |= expansion
			}
			piece.WriteByte(c)
		}
	}
	return "", false
}

// escape is what a backslash and c stand for in double quotes. Of a character of several bytes c is the first.
func (p *parser) escape(c byte) string {
	switch c {
	case '"', '\\', '$', '`':
		return string(rune(c))
	case 'n':
		p.doubts |= escapeRead
		return "\n"
	case 'r':
		p.doubts |= escapeRead
		return "\r"
	}
	p.doubts |= escapeKept
	return "\\" + string([]byte{c})
}
