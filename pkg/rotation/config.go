package rotation

import (
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// The bounds of waiting for readers, and what it is where nothing is said.
const (
	MaxWithin       = 400 * day
	MaxDeadline     = 90 * day
	MaxGrace        = 7 * day
	DefaultWithin   = 30 * day
	DefaultDeadline = 7 * day
	DefaultGrace    = 10 * time.Minute
)

// Readers says for whom an old value goes on working, and for how long.
type Readers struct {
	// Within is how long ago somebody must have read an older version to be waited for.
	Within time.Duration
	// Deadline is how long after the new version became current the old one works at most.
	Deadline time.Duration
	// Grace is how long the old one works on after the last reader has come: what was read a moment ago may be used a moment
	// later.
	Grace time.Duration
}

// A Config is how one secret is rotated.
type Config struct {
	Schedule Schedule
	Kind     Kind
	Settings Settings
	Readers  Readers
}

// ParseConfig checks a request to put-rotation. Its error is of type ConfigError.
func ParseConfig(in api.PutRotation) (c Config, err error) {
	var p ConfigError
	c.Schedule, err = ParseSchedule(in.Every, in.Window)
	p.join(err)
	c.Readers = Readers{Within: DefaultWithin, Deadline: DefaultDeadline, Grace: DefaultGrace}
	if in.Readers != nil {
		if in.Readers.Within != "" {
			c.Readers.Within = p.duration("readers.within", in.Readers.Within, 0, MaxWithin)
		}
		if in.Readers.Deadline != "" {
			c.Readers.Deadline = p.duration("readers.deadline", in.Readers.Deadline, 0, MaxDeadline)
		}
		if in.Readers.Grace != "" {
			c.Readers.Grace = p.duration("readers.grace", in.Readers.Grace, 0, MaxGrace)
		}
	}
	c.Kind = Kind(in.Rotator)
	c.Settings, err = ParseSettings(c.Kind, in.Settings)
	p.join(err)
	if in.Readers != nil && c.Settings != nil && !c.Settings.Keeps() {
		p.add("readers", "is about an old value that goes on working, and with these settings none does")
	}
	return c, p.err()
}

// join adds the problems that an error is.
func (p *ConfigError) join(err error) {
	if more, ok := err.(ConfigError); ok { //nolint:errorlint // never wrapped within this package
		*p = append(*p, more...)
	}
}

// Secrets are the further secrets that the rotation reads: whoever sets it must be allowed to read them, since the worker reads
// them on behalf of who set it.
func (c Config) Secrets() []uuid.UUID { return c.Settings.Secrets() }
