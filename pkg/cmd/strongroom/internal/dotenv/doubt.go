package dotenv

import (
	"regexp"
	"strings"
)

// A doubt is a set of reasons to warn that another reader gets another value.
type doubt uint

const (
	expansion doubt = 1 << iota
	hash
	glued
	backslash
	quote
	escapeRead
	escapeKept
	joined
)

// doubtTexts say, for each doubt in its order, what was found and what became of it.
var doubtTexts = []string{
	"a $, `…` or ~ was kept as text, where other readers put the value of another variable, a command or a folder",
	"a # with no space before it was kept as a part of the value, which other readers end there",
	"a # right after the closing quote was taken for a comment, which a shell adds to the value",
	"backslashes were kept, which other readers drop",
	"quotes within the value were kept, which a shell drops",
	`\n or \r was read as a line feed or a carriage return, where a shell keeps the two characters`,
	"a backslash was kept that other readers take for an escape",
	"pieces in quotes were joined, which only a shell does",
}

func (d doubt) texts() []string {
	var texts []string
	for i, text := range doubtTexts {
		if d&(1<<i) != 0 {
			texts = append(texts, text)
		}
	}
	return texts
}

// expanding is the start of a text for which a shell, and some others, put something else.
var expanding = regexp.MustCompile("^(?:\\$[A-Za-z0-9_{(@*#?!$-]|`)")

// expands says whether text begins with what other readers replace.
func expands(text string) bool {
	return (text[0] == '$' || text[0] == '`') && expanding.MatchString(text[:min(2, len(text))])
}

// unquotedDoubts are the reasons for which another reader may read an unquoted value otherwise.
func unquotedDoubts(value string) doubt {
	var d doubt
	if strings.HasPrefix(value, "~") {
		d |= expansion
	}
	for i := range len(value) {
		switch value[i] {
		case '#':
			d |= hash
		case '\\':
			d |= backslash
		case '\'', '"':
			d |= quote
		default:
			if expands(value[i:]) {
				d |= expansion
			}
		}
	}
	return d
}
