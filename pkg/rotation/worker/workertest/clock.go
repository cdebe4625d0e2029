package workertest

import (
	"sync"
	"time"
)

// A Clock stands still until it is moved.
type Clock struct {
	mutex   sync.Mutex
	now     time.Time
	waiters []waiter
}

type waiter struct {
	at   time.Time
	told chan time.Time
}

// NewClock is one at that time.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

// After tells the time once that much has passed.
func (c *Clock) After(d time.Duration) <-chan time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	w := waiter{c.now.Add(d), make(chan time.Time, 1)}
	c.waiters = append(c.waiters, w)
	return w.told
}

// Move moves it.
func (c *Clock) Move(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(d)
	var later []waiter
	for _, w := range c.waiters {
		if w.at.After(c.now) {
			later = append(later, w)
		} else {
			w.told <- c.now
		}
	}
	c.waiters = later
}
