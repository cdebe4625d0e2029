package export

import (
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

var (
	// word is what is a string without quotes, unless it is one of YAML 1.1's own words.
	word     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	ownWords = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$`)
	// block is what stays as it is, in readers and in editors, as a literal block: several lines of ASCII, of which the
	// first does not begin with a space and none ends with one.
	block = regexp.MustCompile(`^[!-~][ -~\n]*$`)
)

// YAML writes entries as one mapping.
func YAML(w io.Writer, entries []dotenv.Entry) error {
	if err := dotenv.Fit("YAML", "", entries, anything); err != nil {
		return err
	}
	m := mapping()
	for _, e := range entries {
		m.Content = append(m.Content, text(e.Name), value(e.Value))
	}
	return dump(w, m)
}

func dump(w io.Writer, n *yaml.Node) error {
	b, err := yaml.Dump(n, yaml.WithV4Defaults(), yaml.WithLineWidth(-1))
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func mapping(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: content}
}

// text is a string without quotes if it can't be taken for something else.
func text(s string) *yaml.Node {
	n := quoted(s)
	if word.MatchString(s) && !ownWords.MatchString(s) {
		n.Style = 0
	}
	return n
}

// value is a string in the form in which values are written.
func value(s string) *yaml.Node {
	n := quoted(s)
	if block.MatchString(s) && strings.Contains(s, "\n") && !strings.Contains(s+"\n", " \n") {
		n.Style = yaml.LiteralStyle
	}
	return n
}

func quoted(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: s}
}
