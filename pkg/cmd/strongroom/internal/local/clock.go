package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"strongroom/pkg/wholefile"
)

// MaxSpeed is the highest speed of the clock: a day in less than a second.
const MaxSpeed = 100_000

const (
	// clockVersion is the form of the clock's file that this program knows.
	clockVersion = 1
	// clockNoted is how often, by the machine's clock, a fast clock is noted, and clockAhead how far it may go until it is noted
	// again.
	clockNoted = time.Second
	clockAhead = 3 * clockNoted
	// shortestSleep is how long a fast clock is waited for at least, by the machine's clock.
	shortestSleep = 5 * time.Millisecond
)

// A fastClock runs a number of times as fast as the machine's. What it shows only grows, also from one process to the next: a
// file says what it may have shown, before it shows it.
type fastClock struct {
	speed int
	file  string
	// machine is the machine's clock, and sleep waits by it; tests have others.
	machine func() time.Time
	sleep   func(context.Context, time.Duration) error

	mutex sync.Mutex
	// began is when the clock was noted last, by the machine's clock, and from what it showed then: a time.Duration holds no more
	// than 292 years, which the highest speed passes in a day.
	began, from time.Time
	// shown is the latest time that was shown; most is what may be shown at most, as the file says.
	shown, most time.Time
}

// clockFile is what is noted: that the clock showed Shows, or may have, when the machine's showed At.
type clockFile struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	Shows   time.Time `json:"shows"`
}

// openClock opens the clock of a folder: nil where it is the machine's, which it is until it first runs at another speed.
func openClock(folder string, speed int, machine func() time.Time) (*fastClock, error) {
	if speed < 1 || speed > MaxSpeed {
		return nil, fmt.Errorf("the speed is %d; it must be from 1 to %d", speed, MaxSpeed)
	}
	c := &fastClock{speed: speed, file: filepath.Join(folder, clockFileName), machine: machine, sleep: sleepFor}
	noted, err := c.read()
	if errors.Is(err, fs.ErrNotExist) && speed == 1 {
		return nil, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	c.began = machine()
	c.from = c.began.Round(0)
	if ahead := noted.Shows.Sub(noted.At); ahead > 0 {
		c.from = c.from.Add(ahead)
	}
	if c.from.Before(noted.Shows) {
		c.from = noted.Shows
	}
	c.shown = c.from
	return c, c.note(c.began)
}

func (c *fastClock) read() (noted clockFile, err error) {
	content, err := os.ReadFile(c.file)
	if err != nil {
		return noted, err
	}
	if err := json.Unmarshal(content, &noted); err != nil || noted.Version != clockVersion || noted.At.IsZero() || noted.Shows.IsZero() {
		return noted, fmt.Errorf("%s is not a file of version %d that says what the clock shows; restore it, or begin anew with another STRONGROOM_DATA",
			c.file, clockVersion)
	}
	return noted, nil
}

// at is what the clock would show then.
func (c *fastClock) at(machine time.Time) time.Time {
	passed := max(machine.Sub(c.began), 0) // by the monotonic clock, where there is one
	return c.from.Add(passed * time.Duration(c.speed))
}

// Now is what the clock shows.
func (c *fastClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := c.at(c.machine())
	if c.speed > 1 && now.After(c.most) {
		now = c.most // whoever notes it comes late
	}
	if now.After(c.shown) {
		c.shown = now
	}
	return c.shown
}

// Until answers nil when the clock shows that time or a later one, or else ctx's error when it ends.
func (c *fastClock) Until(ctx context.Context, at time.Time) error {
	for {
		left := at.Sub(c.Now())
		if left <= 0 {
			return ctx.Err()
		}
		pause := min(left/time.Duration(c.speed)+1, time.Minute)
		if err := c.sleep(ctx, max(pause, shortestSleep)); err != nil {
			return err
		}
	}
}

// note writes down what the clock may show from now on until it is noted again.
func (c *fastClock) note(now time.Time) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.began, c.from = now, c.at(now)
	noted := clockFile{Version: clockVersion, At: now.Round(0).UTC(), Shows: c.at(now).UTC()}
	if c.speed > 1 { // at speed 1 it is ahead of the machine's by always the same
		ahead := now.Add(clockAhead)
		noted.At, noted.Shows = ahead.Round(0).UTC(), c.at(ahead).UTC()
	}
	return c.write(noted)
}

// stop notes what the clock shows, and has it show nothing later.
func (c *fastClock) stop() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := c.machine()
	if at := c.at(now); at.After(c.shown) && (c.speed == 1 || !at.After(c.most)) {
		c.shown = at
	}
	return c.write(clockFile{Version: clockVersion, At: now.Round(0).UTC(), Shows: c.shown.UTC()})
}

func (c *fastClock) write(noted clockFile) error {
	content, err := json.MarshalIndent(noted, "", "  ")
	if err != nil {
		return err
	}
	if err := wholefile.Replace(c.file, append(content, '\n')); err != nil {
		return fmt.Errorf("noting what the clock shows: %w", err)
	}
	c.most = noted.Shows
	return nil
}

// run notes a fast clock again and again until ctx ends; what can't be noted has it stand still after a moment.
func (c *fastClock) run(ctx context.Context, failed func(error)) {
	for c.speed > 1 && c.sleep(ctx, clockNoted) == nil {
		if err := c.note(c.machine()); err != nil {
			failed(err)
		}
	}
}

// inWords is what people are told of a clock that is not the machine's: nothing where there is none.
func (c *fastClock) inWords() string {
	const ahead = "schedules, expiries and the dates of events go by it"
	switch {
	case c == nil:
		return ""
	case c.speed == 1:
		return fmt.Sprintf("The clock ran fast and shows %s here: %s.", c.Now().UTC().Format(time.RFC3339), ahead)
	}
	day := 24 * time.Hour / time.Duration(c.speed)
	return fmt.Sprintf("Time runs %d times as fast here, a day in %s, and it is %s: %s.",
		c.speed, day.Round(min(time.Second, max(day/1000, time.Microsecond))), c.Now().UTC().Format(time.RFC3339), ahead)
}

func sleepFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
