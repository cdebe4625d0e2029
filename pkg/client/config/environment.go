package config

import (
	"slices"
	"strings"
)

// ByEnvironment says whether the environment decided a setting.
func (c *Config) ByEnvironment(name string) bool {
	return slices.ContainsFunc(c.settings, func(s Setting) bool {
		return s.Name == name && strings.HasPrefix(s.Origin, environment(""))
	})
}
