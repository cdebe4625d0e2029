package rotation

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/robfig/cron/v3"

	"strongroom/pkg/api"
)

const day = 24 * time.Hour

// The bounds of a schedule.
const (
	// MinEvery and MaxEvery bound how often a secret is rotated by itself.
	MinEvery = time.Hour
	MaxEvery = 3 * 365 * day
	// MaxWindow bounds how long after it is due a rotation may begin.
	MaxWindow = 7 * day
)

// A Schedule is when a secret is rotated by itself. The zero value is never.
type Schedule struct {
	// Every is the time from one rotation to the next; zero where Cron says when.
	Every time.Duration
	// Cron is an expression of five fields, in UTC: minute, hour, day of the month, month, day of the week (POSIX crontab).
	Cron string
	// Window is within which time after it is due a rotation begins: each secret has a moment of its own in it, always the same,
	// so that what is due together does not begin together. It does not add up: from one such moment to the next it is Every, or
	// what is between two of Cron's.
	Window time.Duration
}

// ParseSchedule reads the two fields of a request: "30d" or "0 3 1 * *", and "2h". Empty ones are never, and at once.
func ParseSchedule(every, window string) (s Schedule, err error) {
	var p ConfigError
	switch every = strings.TrimSpace(every); {
	case every == "":
	case len(every) > api.MaxRotationEvery:
		p.add("every", "has %d bytes; at most %d are allowed", len(every), api.MaxRotationEvery)
	case strings.Contains(every, " "):
		s.Cron = strings.Join(strings.Fields(every), " ")
		s.checkCron(&p)
	default:
		s.Every = p.duration("every", every, MinEvery, MaxEvery)
	}
	if window != "" {
		s.Window = p.duration("window", window, time.Minute, MaxWindow)
	}
	if window != "" && every == "" {
		p.add("window", "is the time after a schedule's moment within which a rotation begins; set every too")
	}
	if s.Every > 0 && s.Window > s.Every {
		p.add("window", "is longer than every; the next rotation would be due before this one began")
	}
	if s.Cron != "" && s.Window > 0 && len(p) == 0 {
		if least := s.leastInterval(s.Window); least < s.Window {
			p.add("window", "is longer than the time between two moments of every, which may be %s; the next rotation would be due before "+
				"this one began", FormatDuration(least))
		}
	}
	return s, p.err()
}

// fields are those of an expression.
var fields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// checkCron sees that the expression is one, that it comes at all, and not more often than it may: it does where it has two minutes,
// which are the first two moments of a day then.
func (s Schedule) checkCron(p *ConfigError) {
	moments, err := fields.Parse(s.Cron)
	if err != nil || len(strings.Fields(s.Cron)) != 5 { // the parser takes a time zone before them
		p.add("every", "is no cron expression of five fields; write minute, hour, day of the month, month and day of the week, as in %q", "0 3 1 * *")
		return
	}
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) // when the 29th of February is near
	first := moments.Next(day.Add(-time.Second))
	if first.IsZero() {
		p.add("every", "is a cron expression whose day never comes")
		return
	}
	if moments.Next(first).Sub(first) < MinEvery {
		p.add("every", "is more often than every %s; a secret is not rotated more often by itself", FormatDuration(MinEvery))
	}
}

// IsZero says whether nothing is ever due by itself.
func (s Schedule) IsZero() bool { return s.Every == 0 && s.Cron == "" }

// leastInterval is a time between two moments of Cron that follow each other: one that is less than enough where there is one, else
// one of enough or more. The moments of all its days are the same; which days follow each other comes again after 28 years.
func (s Schedule) leastInterval(enough time.Duration) time.Duration {
	moments, err := fields.Parse(s.Cron)
	if err != nil {
		return 0
	}
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	first := moments.Next(begin.Add(-time.Second))
	last, least := first, time.Duration(math.MaxInt64)
	for next := moments.Next(last); next.Sub(first.Truncate(day)) < day; next = moments.Next(next) {
		least, last = min(least, next.Sub(last)), next
	}
	if night := day - last.Sub(first); night >= enough { // however near the next day is
		return min(least, night)
	}
	for today := first; least >= enough && today.Before(begin.AddDate(28, 0, 0)); {
		next := moments.Next(today.Truncate(day).Add(day - time.Second))
		least, today = min(least, next.Sub(today)-last.Sub(first)), next
	}
	return least
}

// Next is when a secret is due that had its schedule set at that time, or was rotated for another reason; zero for never.
func (s Schedule) Next(last time.Time, secret uuid.UUID) time.Time {
	switch {
	case s.Every > 0:
		return last.Add(s.Every + s.jitter(secret)).UTC()
	case s.Cron != "":
		moments, err := fields.Parse(s.Cron)
		if err != nil {
			return time.Time{}
		}
		// The first moment of the secret's own after that: its window may have begun before.
		due := moments.Next(last.UTC().Add(-s.jitter(secret)))
		if due.IsZero() { // such as the 30th of February
			return due
		}
		return due.Add(s.jitter(secret))
	}
	return time.Time{}
}

// Following is when a secret is due again that was due by this schedule at that time, its own moment in the window, and rotated.
func (s Schedule) Following(last time.Time, secret uuid.UUID) time.Time {
	if s.Every > 0 {
		return last.Add(s.Every).UTC()
	}
	return s.Next(last, secret)
}

// jitter is the secret's own moment in the window.
func (s Schedule) jitter(secret uuid.UUID) time.Duration {
	if s.Window <= 0 {
		return 0
	}
	n := binary.BigEndian.Uint64(secret[8:])                         // random in every version of UUID that we make
	return time.Duration(n % uint64(s.Window)).Truncate(time.Second) //nolint:gosec // both are positive, and it is smaller than the window
}

// maxDurationText is how many bytes a duration has at most.
const maxDurationText = 32

// ParseDuration reads a number and a unit: "30d", "2w", "12h", "90m", "45s".
func ParseDuration(text string) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': day, 'w': 7 * day}
	switch {
	case text == "":
		return 0, fmt.Errorf("is empty; write a number and a unit, as in %q or %q", "30d", "12h")
	case len(text) > maxDurationText:
		return 0, fmt.Errorf("has %d bytes; write a number and a unit, as in %q or %q", len(text), "30d", "12h")
	}
	unit, known := units[text[len(text)-1]]
	n, err := strconv.ParseInt(text[:len(text)-1], 10, 32)
	if !known || err != nil || n < 0 || n > math.MaxInt64/int64(unit) {
		return 0, fmt.Errorf("must be a whole number and one of the units w, d, h, m and s, as in %q or %q", "30d", "12h")
	}
	return time.Duration(n) * unit, nil
}

// FormatDuration writes what ParseDuration reads, in the largest unit that it is a whole number of.
func FormatDuration(d time.Duration) string {
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}} {
		if d > 0 && d%unit.is == 0 {
			return fmt.Sprintf("%d%s", d/unit.is, unit.name)
		}
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// duration reads one, between two bounds.
func (p *ConfigError) duration(field, text string, least, most time.Duration) time.Duration {
	d, err := ParseDuration(text)
	switch {
	case err != nil:
		p.add(field, "%s", err)
	case d < least || d > most:
		p.add(field, "is %q; it must be from %s to %s", text, FormatDuration(least), FormatDuration(most))
	}
	return d
}
