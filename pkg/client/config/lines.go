package config

import (
	"sort"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
)

// lines say in which line of a file each key stands first. A key is its path: its parts, quoted, one after another.
type lines struct {
	of map[string]int
	// ends are the offsets of the ends of lines.
	ends []int
}

// maxDepth is how deep keys go here: pins, a URL, projects, a name, id. Of deeper ones, which are errors, the line is
// that of the part that is not too deep.
const maxDepth = 5

// linesOf walks over a file that is known to be TOML. The library's decoder, which keeps to itself where it found
// things, is made of the parser that is used here.
func linesOf(content []byte) lines {
	l := lines{of: map[string]int{}}
	for i, b := range content {
		if b == '\n' {
			l.ends = append(l.ends, i)
		}
	}
	var p unstable.Parser
	p.Reset(content)
	header := place{}
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			header = l.key(place{}, e.Key())
		case unstable.KeyValue:
			l.pair(header, e)
		default: // no key
		}
	}
	return l
}

// A place is the path of a key, and of how many parts it is.
type place struct {
	path  string
	depth int
}

func (l lines) key(at place, parts unstable.Iterator) place {
	for parts.Next() && at.depth < maxDepth {
		at = place{at.path + strconv.Quote(string(parts.Node().Data)), at.depth + 1}
		if _, known := l.of[at.path]; !known {
			l.of[at.path] = 1 + sort.SearchInts(l.ends, int(parts.Node().Raw.Offset))
		}
	}
	return at
}

func (l lines) pair(at place, pair *unstable.Node) {
	at = l.key(at, pair.Key())
	if value := pair.Value(); value.Kind == unstable.InlineTable && at.depth < maxDepth {
		for inner := value.Children(); inner.Next(); {
			l.pair(at, inner.Node())
		}
	}
}

// at is the line of a key.
func (l lines) at(path string) int { return l.of[path] }
