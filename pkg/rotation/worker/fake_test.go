package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
)

var (
	secretID = uuid.MustParse("0190a1b2-0000-7000-8000-000000000001")
	adminID  = uuid.MustParse("0190a1b2-0000-7000-8000-000000000002")
	start    = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
)

// A manualClock stands still until it is moved.
type manualClock struct {
	mutex   sync.Mutex
	now     time.Time
	waiters []waiter
}

type waiter struct {
	at   time.Time
	told chan time.Time
}

func (c *manualClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *manualClock) After(d time.Duration) <-chan time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	w := waiter{c.now.Add(d), make(chan time.Time, 1)}
	c.waiters = append(c.waiters, w)
	return w.told
}

func (c *manualClock) move(d time.Duration) {
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

// A strongroom is the server's side of one secret's rotation: a rotation.Record, and the versions.
type strongroom struct {
	clock Clock

	mutex    sync.Mutex
	asked    api.PutRotation
	record   rotation.Record
	versions map[int64]string
	current  int64
	pending  int64
	newest   int64
	others   map[uuid.UUID]string
	promoted map[uuid.UUID]int
	// moved says that the secret got another name: its pending value does not fit it any more.
	moved bool
	// steps are those that workers told of, in their order.
	steps []api.RotationStep
	puts  int
}

func newStrongroom(t testing.TB, clock Clock, in api.PutRotation, value string) *strongroom {
	t.Helper()
	c, err := rotation.ParseConfig(in)
	if err != nil {
		t.Fatal(err)
	}
	s := &strongroom{clock: clock, asked: in, versions: map[int64]string{7: value}, current: 7, newest: 7, others: map[uuid.UUID]string{}, promoted: map[uuid.UUID]int{}}
	s.record.Secret = secretID
	s.record.Set(c, clock.Now())
	s.record.Request(uuid.New(), rotation.Cause{Kind: api.CauseRequest}, clock.Now())
	return s
}

// run is the latest run.
func (s *strongroom) run() rotation.Run {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.record.Run
}

// value is the current value.
func (s *strongroom) value() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.versions[s.current]
}

// set gives the secret a value by hand.
func (s *strongroom) set(value string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.newest++
	s.current = s.newest
	s.versions[s.current] = value
}

// rename writes the value anew, as clients do for another name: the pending one does not fit any more.
func (s *strongroom) rename() {
	s.set(s.value())
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.moved = true
}

func (s *strongroom) Claim(_ context.Context, _ uuid.UUID, in api.ClaimRotation) (api.RotationTask, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.record.Claim(in.RotationLease, uuid.Max, s.current, s.clock.Now()); err != nil {
		return api.RotationTask{}, refused(err)
	}
	s.record.At(in.Step)
	s.steps = append(s.steps, in.Step)
	if in.Note != nil {
		s.record.Run.Note = *in.Note
	}
	run := s.record.Run
	return api.RotationTask{
		SecretID: secretID, Rotator: s.asked.Rotator, Settings: s.asked.Settings, Until: run.Lease.Until,
		Last: s.record.Last(), Note: run.Note,
		Run: api.RotationRun{ID: run.ID, State: run.State, Step: run.Step, Attempts: run.Attempts, From: run.From, Version: run.Version},
	}, nil
}

func (s *strongroom) Current(_ context.Context, id uuid.UUID) (Value, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if id == secretID {
		return Value{s.versions[s.current], s.current}, nil
	}
	other, ok := s.others[id]
	if !ok {
		return Value{}, errors.New("it is not there")
	}
	return Value{other, 1}, nil
}

func (s *strongroom) Version(_ context.Context, _ uuid.UUID, n int64) (Value, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	value, ok := s.versions[n]
	if !ok {
		return Value{}, fmt.Errorf("there is no version %d", n)
	}
	return Value{value, n}, nil
}

func (s *strongroom) PutPending(_ context.Context, _ uuid.UUID, in api.PutPendingVersion) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.held(in.RotationLease); err != nil {
		return err
	}
	s.puts++
	s.moved = false
	delete(s.versions, s.pending)
	s.newest++
	s.pending = s.newest
	s.versions[s.pending] = *in.Value
	s.record.Created(s.pending)
	return nil
}

func (s *strongroom) Promote(_ context.Context, _ uuid.UUID, lease api.RotationLease) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	run := s.record.Run
	if run.ID == lease.ID && run.Ended == lease.Lease && run.Version != 0 && run.Version == s.record.LastVersion {
		return nil
	}
	if err := s.held(lease); err != nil {
		return err
	}
	switch {
	case s.pending == 0 || s.pending != run.Version:
		return &RefusedError{"there is no pending version"}
	case s.pending < s.current:
		return &RefusedError{"it got another value"}
	case s.moved:
		return &RefusedError{"it does not fit the secret"}
	}
	s.current, s.pending = s.pending, 0
	s.promoted[run.ID]++
	s.record.Finished(s.clock.Now())
	return nil
}

func (s *strongroom) Discard(_ context.Context, _ uuid.UUID, in api.DiscardPendingVersion) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	run := s.record.Run
	if run.ID == in.ID && run.Ended == in.Lease && run.State == api.RotationFailed {
		return nil
	}
	if err := s.held(in.RotationLease); err != nil {
		return err
	}
	s.record.Discarded(in.Reason, s.clock.Now())
	delete(s.versions, s.pending)
	s.pending = 0
	return nil
}

func (s *strongroom) Report(_ context.Context, _ uuid.UUID, in api.ReportRotation) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if run := s.record.Run; run.ID == in.ID && run.Ended == in.Lease {
		return nil
	}
	if err := refused(s.record.Held(in.RotationLease)); err != nil {
		return err
	}
	if in.Outcome == api.OutcomeRetired {
		if s.record.Run.Step != api.StepRetire {
			return &RefusedError{"nothing is to be retired"}
		}
		s.record.Retired(s.clock.Now())
		return nil
	}
	s.record.Failed(in.Reason, in.Outcome == api.OutcomeFailed, s.clock.Now())
	return nil
}

// held is what is asked of a write before the new version is current.
func (s *strongroom) held(lease api.RotationLease) error {
	if err := s.record.Held(lease); err != nil {
		return refused(err)
	}
	if s.record.Run.Step == api.StepRetire {
		return &RefusedError{"the rotation is at the step retire"}
	}
	return nil
}

func refused(err error) error {
	var no *rotation.RefusedError
	if errors.As(err, &no) {
		return &RefusedError{no.Message}
	}
	return err
}

// dispatch does what is due next, at its time, and says whether a worker is asked for. missing are the readers that have not come.
func (s *strongroom) dispatch(clock *manualClock, missing ...uuid.UUID) bool {
	s.mutex.Lock()
	due := s.record.Due()
	s.mutex.Unlock()
	if wait := due.Sub(clock.Now()); wait > 0 {
		clock.move(wait)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.record.Run.State == api.RotationWaiting {
		return s.record.Check(missing, clock.Now())
	}
	return s.record.Dispatch(uuid.New(), clock.Now())
}
