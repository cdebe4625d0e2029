package workertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/worker"
)

// Everything is a worker's list of targets that has all.
var Everything = func() rotation.Targets {
	all, err := rotation.ParseTargets("*")
	if err != nil {
		panic(err)
	}
	return all
}()

// A Server is the server's side of one secret's rotation: a rotation.Record, and the versions.
type Server struct {
	clock worker.Clock

	mutex sync.Mutex
	// Asked is how it is rotated, as workers are told it; Record how that goes.
	Asked  api.PutRotation
	Record rotation.Record
	// Values are those of the versions; Number is the current one's, Pending the pending one's, Newest the last that was given.
	Values                  map[int64]string
	Number, Pending, Newest int64
	// Others are the values of other secrets.
	Others map[uuid.UUID]string
	// Sealed are the secrets whose values clients encrypt, Opened how many of their values were read.
	Sealed map[uuid.UUID]bool
	Opened int
	// Promoted counts the versions that became current, by run.
	Promoted map[uuid.UUID]int
	// moved says that the secret got another name: its pending value does not fit it any more.
	moved bool
	// Steps are those that workers told of, in their order.
	Steps []api.RotationStep
}

// NewServer is one of a secret with that value, as version 7, whose rotation was set and asked for.
func NewServer(t testing.TB, clock worker.Clock, secret uuid.UUID, in api.PutRotation, value string) *Server {
	t.Helper()
	c, err := rotation.ParseConfig(in)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		clock: clock, Asked: in, Values: map[int64]string{7: value}, Number: 7, Newest: 7,
		Others: map[uuid.UUID]string{}, Promoted: map[uuid.UUID]int{},
	}
	s.Record.Secret = secret
	s.Record.Set(c, clock.Now())
	s.Record.Request(uuid.New(), rotation.Cause{Kind: api.CauseRequest}, clock.Now())
	return s
}

// Run is the latest run.
func (s *Server) Run() rotation.Run {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.Record.Run
}

// Value is the current value.
func (s *Server) Value() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.Values[s.Number]
}

// Set gives the secret a value by hand.
func (s *Server) Set(value string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.Newest++
	s.Number = s.Newest
	s.Values[s.Number] = value
}

// Rename writes the value anew, as clients do for another name: the pending one does not fit any more.
func (s *Server) Rename() {
	s.Set(s.Value())
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.moved = true
}

// Claim takes the run, or renews its lease.
func (s *Server) Claim(_ context.Context, _ uuid.UUID, in api.ClaimRotation) (api.RotationTask, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.Record.Claim(in.RotationLease, uuid.Max, s.Number, s.clock.Now()); err != nil {
		return api.RotationTask{}, refused(err)
	}
	s.Record.At(in.Step)
	s.Steps = append(s.Steps, in.Step)
	if in.Note != nil {
		s.Record.Run.Note = *in.Note
	}
	run := s.Record.Run
	return api.RotationTask{
		SecretID: s.Record.Secret, Rotator: s.Asked.Rotator, Settings: s.Asked.Settings, Until: run.Lease.Until,
		Last: s.Record.Last(), Note: run.Note,
		Run: api.RotationRun{ID: run.ID, State: run.State, Step: run.Step, Attempts: run.Attempts, From: run.From, Version: run.Version},
	}, nil
}

// Current reads the current value, or that of another secret.
func (s *Server) Current(_ context.Context, id uuid.UUID) (worker.Value, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.Sealed[id] {
		s.Opened++
	}
	if id == s.Record.Secret {
		return worker.Value{Text: s.Values[s.Number], Version: s.Number}, nil
	}
	other, ok := s.Others[id]
	if !ok {
		return worker.Value{}, errors.New("it is not there")
	}
	return worker.Value{Text: other, Version: 1}, nil
}

// Version reads one of the values.
func (s *Server) Version(_ context.Context, id uuid.UUID, n int64) (worker.Value, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.Sealed[id] {
		s.Opened++
	}
	value, ok := s.Values[n]
	if !ok {
		return worker.Value{}, fmt.Errorf("there is no version %d", n)
	}
	return worker.Value{Text: value, Version: n}, nil
}

// Clear is the server without the values that clients encrypt.
func (s *Server) Clear() worker.Server { return clearServer{s} }

type clearServer struct{ *Server }

func (s clearServer) Current(ctx context.Context, id uuid.UUID) (worker.Value, error) {
	if s.Sealed[id] {
		return worker.Value{}, worker.ErrSealed
	}
	return s.Server.Current(ctx, id)
}

func (s clearServer) Version(ctx context.Context, id uuid.UUID, n int64) (worker.Value, error) {
	if s.Sealed[id] {
		return worker.Value{}, worker.ErrSealed
	}
	return s.Server.Version(ctx, id, n)
}

func (s clearServer) PutPending(ctx context.Context, id uuid.UUID, in api.PutPendingVersion) (int64, error) {
	if s.Sealed[id] {
		return 0, worker.ErrSealed
	}
	return s.Server.PutPending(ctx, id, in)
}

// PutPending stores the pending value.
func (s *Server) PutPending(_ context.Context, _ uuid.UUID, in api.PutPendingVersion) (int64, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.held(in.RotationLease); err != nil {
		return 0, err
	}
	if in.Base != s.Number {
		return 0, &worker.RefusedError{Message: "it got another value"}
	}
	s.moved = false
	delete(s.Values, s.Pending)
	s.Newest++
	s.Pending = s.Newest
	s.Values[s.Pending] = *in.Value
	s.Record.Created(s.Pending, in.Base)
	return s.Pending, nil
}

// Promote makes the pending value the current one.
func (s *Server) Promote(_ context.Context, _ uuid.UUID, in api.PromoteVersion) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	run := s.Record.Run
	if run.ID == in.ID && run.Ended == in.Lease && run.Version == in.Version && run.Version == s.Record.LastVersion {
		return nil
	}
	if err := s.held(in.RotationLease); err != nil {
		return err
	}
	switch {
	case s.Pending == 0 || s.Pending != run.Version:
		return &worker.RefusedError{Message: "there is no pending version"}
	case s.Pending != in.Version:
		return &worker.RefusedError{Message: "another version is pending"}
	case run.From != s.Number:
		return &worker.RefusedError{Message: "it got another value"}
	case s.moved:
		return &worker.RefusedError{Message: "it does not fit the secret"}
	}
	s.Number, s.Pending = s.Pending, 0
	s.Promoted[run.ID]++
	s.Record.Finished(s.clock.Now())
	return nil
}

// Discard gives the run up.
func (s *Server) Discard(_ context.Context, _ uuid.UUID, in api.DiscardPendingVersion) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	run := s.Record.Run
	if run.ID == in.ID && run.Ended == in.Lease && run.State == api.RotationFailed {
		return nil
	}
	if err := s.held(in.RotationLease); err != nil {
		return err
	}
	s.Record.Discarded(in.Reason, s.clock.Now())
	delete(s.Values, s.Pending)
	s.Pending = 0
	return nil
}

// Report ends an attempt.
func (s *Server) Report(_ context.Context, _ uuid.UUID, in api.ReportRotation) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if run := s.Record.Run; run.ID == in.ID && run.Ended == in.Lease {
		return nil
	}
	if err := refused(s.Record.Held(in.RotationLease)); err != nil {
		return err
	}
	if in.Outcome == api.OutcomeRetired || in.Outcome == api.OutcomeKept {
		if s.Record.Run.Step != api.StepRetire {
			return &worker.RefusedError{Message: "nothing is to be retired"}
		}
		s.Record.Settled(in.Reason, s.clock.Now())
		return nil
	}
	s.Record.Failed(in.Reason, in.Outcome == api.OutcomeFailed, s.clock.Now())
	return nil
}

// held is what is asked of a write before the new version is current.
func (s *Server) held(lease api.RotationLease) error {
	if err := s.Record.Held(lease); err != nil {
		return refused(err)
	}
	if s.Record.Run.Step == api.StepRetire {
		return &worker.RefusedError{Message: "the rotation is at the step retire"}
	}
	return nil
}

func refused(err error) error {
	var no *rotation.RefusedError
	if errors.As(err, &no) {
		return &worker.RefusedError{Message: no.Message}
	}
	return err
}

// Dispatch does what is due next, at its time, and says whether a worker is asked for. missing are the readers that have not come.
func (s *Server) Dispatch(clock *Clock, missing ...uuid.UUID) bool {
	s.mutex.Lock()
	due := s.Record.Due()
	s.mutex.Unlock()
	if wait := due.Sub(clock.Now()); wait > 0 {
		clock.Move(wait)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.Record.Run.State == api.RotationWaiting {
		return s.Record.Check(missing, clock.Now())
	}
	return s.Record.Dispatch(uuid.New(), clock.Now())
}
