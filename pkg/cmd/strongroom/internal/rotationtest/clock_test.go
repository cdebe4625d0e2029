package rotationtest_test

import (
	"context"
	"sync"
	"time"
)

// A clock is the machine's, as far ahead as it was moved.
type clock struct {
	mutex sync.Mutex
	ahead time.Duration
	moved chan struct{} // closed by the next move
}

func newClock() *clock { return &clock{moved: make(chan struct{})} }

func (c *clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return time.Now().Add(c.ahead)
}

// Until waits for a time, or for ctx's end.
func (c *clock) Until(ctx context.Context, at time.Time) error {
	for {
		c.mutex.Lock()
		left, moved := time.Until(at.Add(-c.ahead)), c.moved
		c.mutex.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-moved:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (c *clock) move(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ahead += d
	close(c.moved)
	c.moved = make(chan struct{})
}
