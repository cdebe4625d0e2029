package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A machine is a machine's clock that a test turns. Who sleeps by it, turns it.
type machine struct {
	mutex sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newMachine() *machine {
	return &machine{now: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)}
}

func (m *machine) Now() time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.now
}

func (m *machine) pass(d time.Duration) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.now = m.now.Add(d)
}

func (m *machine) sleep(ctx context.Context, d time.Duration) error {
	m.pass(d)
	m.slept = append(m.slept, d)
	return ctx.Err()
}

func (m *machine) open(t *testing.T, folder string, speed int) *fastClock {
	t.Helper()
	c, err := openClock(folder, speed, m.Now)
	if err != nil {
		t.Fatal(err)
	}
	if c != nil {
		c.sleep = m.sleep
	}
	return c
}

func TestAFastClockRunsSoManyTimesAsFast(t *testing.T) {
	m := newMachine()
	begin := m.Now()
	c := m.open(t, t.TempDir(), 1000)
	for _, second := range []int{0, 1, 2} {
		if ahead := c.Now().Sub(begin); ahead != time.Duration(second)*1000*time.Second {
			t.Errorf("after %d seconds it shows %s more", second, ahead)
		}
		m.pass(time.Second)
	}
	m.pass(time.Hour)
	if ahead := c.Now().Sub(begin); ahead != 3000*time.Second {
		t.Errorf("not noted for an hour it shows %s more, and not what the file says at most", ahead)
	}
	if err := c.note(m.Now()); err != nil {
		t.Fatal(err)
	}
	if ahead := c.Now().Sub(begin); ahead != 3603*1000*time.Second {
		t.Errorf("noted again it shows %s more", ahead)
	}
}

// TestTheClockNeverGoesBack from one process to the next: whether it was stopped or killed, whatever the speed, and when
// the machine's is set back.
func TestTheClockNeverGoesBack(t *testing.T) {
	folder, m := t.TempDir(), newMachine()
	if c := m.open(t, folder, 1); c != nil {
		t.Error("a clock that never ran fast is not the machine's")
	}
	if _, err := os.Stat(filepath.Join(folder, clockFileName)); err == nil {
		t.Error("it has a file")
	}
	var last time.Time
	for i, c := range []struct {
		speed  int
		runs   time.Duration
		killed bool
		away   time.Duration
	}{
		{1000, 2 * time.Second, false, time.Minute},
		{1, time.Hour, false, time.Minute},
		{MaxSpeed, 2 * time.Second, true, time.Second},
		{7, 2 * time.Second, true, 0},
		{1, time.Minute, true, 0},
		{10, time.Second, false, -48 * time.Hour},
		{1, 0, false, 0},
	} {
		clock := m.open(t, folder, c.speed)
		begin := clock.Now()
		if begin.Before(last) {
			t.Errorf("start %d shows %s, and %s was shown before", i, begin, last)
		}
		if leap := begin.Sub(last); i > 0 && leap > c.away+3*MaxSpeed*time.Second {
			t.Errorf("start %d leaps by %s", i, leap)
		}
		m.pass(c.runs)
		last = clock.Now()
		if passed := last.Sub(begin); passed != c.runs*time.Duration(c.speed) {
			t.Errorf("start %d: %s passed, want %s times %d", i, passed, c.runs, c.speed)
		}
		if !c.killed {
			if err := clock.stop(); err != nil {
				t.Fatal(err)
			}
		}
		m.pass(c.away)
	}
}

// TestAStoppedClockGoesOnAsTheMachines while no server runs, to the moment.
func TestAStoppedClockGoesOnAsTheMachines(t *testing.T) {
	folder, m := t.TempDir(), newMachine()
	c := m.open(t, folder, 100)
	m.pass(time.Second)
	shown := c.Now()
	if err := c.stop(); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Minute)
	for range 2 {
		c = m.open(t, folder, 1)
		if passed := c.Now().Sub(shown); passed != time.Minute {
			t.Errorf("after a minute it shows %s more", passed)
		}
	}
}

func TestAFastClockIsWaitedForByTheMachines(t *testing.T) {
	m := newMachine()
	c := m.open(t, t.TempDir(), 1000)
	at := c.Now().Add(2500 * time.Second)
	if err := c.Until(t.Context(), at); err != nil || c.Now().Before(at) || c.Now().Sub(at) > time.Minute {
		t.Errorf("it answers at %s, for %s, with %v", c.Now(), at, err)
	}
	if len(m.slept) != 1 || m.slept[0] < 2500*time.Millisecond || m.slept[0] > 2501*time.Millisecond {
		t.Errorf("it slept %v", m.slept)
	}
	if err := c.Until(t.Context(), c.Now().Add(time.Second)); err != nil || m.slept[1] != shortestSleep {
		t.Errorf("for a thousandth of a second it slept %v, %v", m.slept[1:], err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, at := range []time.Time{c.Now(), c.Now().Add(time.Hour)} {
		if err := c.Until(ended, at); !errors.Is(err, context.Canceled) {
			t.Errorf("it answers %v", err)
		}
	}
}

func TestTheHighestSpeedPassesMoreThanADurationHolds(t *testing.T) {
	m := newMachine()
	want := m.Now()
	c := m.open(t, t.TempDir(), MaxSpeed)
	for range 30 {
		m.pass(time.Hour)
		want = want.Add(MaxSpeed * time.Hour)
		if err := c.note(m.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if !c.Now().Equal(want) {
		t.Errorf("after 30 hours, which are 342 years, it shows %s, want %s", c.Now(), want)
	}
}

func TestClocksThatAreNone(t *testing.T) {
	folder := t.TempDir()
	for _, speed := range []int{-1, 0, MaxSpeed + 1} {
		if _, err := openClock(folder, speed, time.Now); err == nil {
			t.Errorf("speed %d is taken", speed)
		}
	}
	for _, content := range []string{"", "{}", `{"version":2,"at":"2026-11-26T12:00:00Z","shows":"2026-11-26T12:00:00Z"}`, `{"version":1,"at":"2026-11-26T12:00:00Z"}`} {
		file := filepath.Join(folder, clockFileName)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, speed := range []int{1, 2} {
			if _, err := openClock(folder, speed, time.Now); err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%q is taken for a clock's file: %v", content, err)
			}
		}
	}
}
