package trigger

import (
	"context"
	"time"
)

// A Clock is what schedules go by.
type Clock interface {
	Now() time.Time
	// Until answers nil when the clock shows that time or a later one, or else ctx's error when it ends.
	Until(ctx context.Context, at time.Time) error
}

// systemClock is the machine's.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// Until looks at the clock once a minute at least: it may be set, and timers stand still while a machine sleeps.
func (systemClock) Until(ctx context.Context, at time.Time) error {
	for {
		left := time.Until(at.Round(0)) // by the clock on the wall
		if left <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, min(left, time.Minute)); err != nil {
			return err
		}
	}
}
