package rotation

import (
	"fmt"
	"strings"
)

// A Problem is one thing that is wrong with a Config: in which field, and what would be right.
type Problem struct{ Field, Message string }

// A ConfigError is all that is wrong with a Config.
type ConfigError []Problem

func (p *ConfigError) add(field, format string, args ...any) {
	*p = append(*p, Problem{field, fmt.Sprintf(format, args...)})
}

// Error is all of them in one line.
func (p ConfigError) Error() string {
	words := make([]string, len(p))
	for i, one := range p {
		words[i] = one.Field + " " + one.Message
	}
	return strings.Join(words, "; ")
}

// err is nil where there are none.
func (p ConfigError) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
