package rotation

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// Normal is a request that ParseConfig made c of, in the form in which it is stored: what says no more than what holds where
// nothing is said is left out of its Readers, and its settings are in the canonical form of RFC 8785. So what is asked for again
// is found to be there already, however it is written.
func Normal(in api.PutRotation, c Config) (api.PutRotation, error) {
	in.Every = strings.Join(strings.Fields(in.Every), " ")
	if c.Schedule.Every > 0 {
		in.Every = FormatDuration(c.Schedule.Every)
	}
	if in.Window != "" {
		in.Window = FormatDuration(c.Schedule.Window)
	}
	settings := jsontext.Value(in.Settings).Clone()
	if len(strings.TrimSpace(string(settings))) == 0 {
		settings = jsontext.Value("{}")
	}
	if err := settings.Canonicalize(); err != nil {
		return in, err
	}
	in.Settings = []byte(settings)
	if in.Readers == nil {
		return in, nil
	}
	readers := api.RotationReaders{
		Within:   unless(c.Readers.Within, DefaultWithin),
		Deadline: unless(c.Readers.Deadline, DefaultDeadline),
		Grace:    unless(c.Readers.Grace, DefaultGrace),
	}
	in.Readers = &readers
	if readers == (api.RotationReaders{}) {
		in.Readers = nil
	}
	return in, nil
}

// unless is a duration in words; empty where it is what holds anyway.
func unless(d, anyway time.Duration) string {
	if d == anyway {
		return ""
	}
	return FormatDuration(d)
}

// API is r as it is shown, with what holds where nothing was said.
func (r Readers) API() *api.RotationReaders {
	return &api.RotationReaders{
		Within: FormatDuration(r.Within), Deadline: FormatDuration(r.Deadline), Grace: FormatDuration(r.Grace),
	}
}

// A Named is a secret that settings name, and the field of the request that does.
type Named struct {
	Field string
	ID    uuid.UUID
}

// Named are the further secrets that the rotation reads, by field.
func (c Config) Named() []Named {
	var named []Named
	for _, id := range c.Secrets() {
		field := "settings"
		switch c.Settings.(type) {
		case *HTTPSettings:
			field += ".signingSecretId"
		case *Database:
			field += ".adminSecretId"
		}
		named = append(named, Named{field, id})
	}
	return named
}

// Rewait has a run that waits for readers go by the present settings, which have changed since, and look for them anew. The
// deadline counts from when its version became the current one.
func (r *Record) Rewait(now time.Time) {
	if r.Run.State != api.RotationWaiting {
		return
	}
	if !r.Run.Cause.urgent() && !r.Again.urgent() {
		r.Run.RetireBy = r.LastRotatedAt.Add(r.Config.Readers.Deadline)
	}
	r.Run.CheckAt = now
}

// Hasten has a run that failed and is tried again later be tried now, and one that no worker has taken be asked for again, unless
// that was a moment ago; it says whether there is one. It has as many attempts left as before, and as long for a worker to come.
func (r *Record) Hasten(now time.Time) bool {
	if r.Run.State != api.RotationDue {
		return false
	}
	if !r.Run.TryAt.After(now) && (now.Sub(r.Run.AskedAt) < r.worked(hastenAgain) || r.nobodyCame(now)) {
		return false
	}
	r.Run.AskedAt, r.Run.TryAt = now, time.Time{}
	return true
}

// Asked says whether a worker was asked for at that moment.
func (r *Record) Asked(now time.Time) bool {
	return r.Run.State == api.RotationDue && r.Run.AskedAt.Equal(now)
}
