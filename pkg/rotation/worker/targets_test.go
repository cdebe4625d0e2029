package worker_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/worker"
)

// making is a rotator that does something after it made a value.
type making struct {
	*target
	after func()
}

func (m making) Create(ctx context.Context, t *rotators.Task) (rotators.Created, error) {
	made, err := m.target.Create(ctx, t)
	m.after()
	return made, err
}

// TestOnlyWhatIsListedIsToldWhatClientsEncrypt: of a target that is not on the worker's own list, nothing is decrypted, sent or
// made that clients encrypt.
func TestOnlyWhatIsListedIsToldWhatClientsEncrypt(t *testing.T) {
	sealed := func(ids ...uuid.UUID) func(*stage) {
		return func(s *stage) {
			s.server.Sealed = map[uuid.UUID]bool{}
			for _, id := range ids {
				s.server.Sealed[id] = true
			}
		}
	}
	pendingLeft := func(s *stage) {
		s.server.Values[8], s.server.Pending, s.server.Newest = credential{"ann", "password-left"}.String(), 8, 8
		s.server.Record.Run.Version, s.server.Record.Run.From, s.server.Record.Run.Step = 8, 7, api.StepSet
		sealed(secretID)(s)
	}
	retiring := func(s *stage) {
		s.server.Values[8], s.server.Number, s.server.Newest = credential{"bob", "password-new"}.String(), 8, 8
		s.server.Record.Run.Version, s.server.Record.Run.From, s.server.Record.Run.Step = 8, 7, api.StepRetire
		sealed(secretID)(s)
	}
	for name, c := range map[string]struct {
		style  style
		list   string
		before func(*stage)
		want   worker.Outcome
		reason string // what it has of it besides
		opened bool
		told   bool
	}{
		"its value, not listed":            {single, "", sealed(secretID), worker.Discarded, secretID.String(), false, false},
		"its value, with another list":     {single, "db.example.com, *.localhost, localhost:5433", sealed(secretID), worker.Discarded, secretID.String(), false, false},
		"the admin's, not listed":          {single, "", sealed(adminID), worker.Discarded, adminID.String(), false, false},
		"its value, listed":                {single, "localhost:5432", sealed(secretID, adminID), worker.Rotated, "", true, true},
		"its value, the host listed":       {single, "localhost", sealed(secretID, adminID), worker.Rotated, "", true, true},
		"one that the server knows":        {single, "", sealed(), worker.Rotated, "", false, true},
		"without a target":                 {nothing, "", sealed(secretID), worker.Rotated, "", true, true},
		"what AWS knows":                   {keys, "", sealed(secretID), worker.Rotated, "", true, true},
		"with a pending version":           {single, "", pendingLeft, worker.Failed, "taking it back failed: clients encrypt", false, false},
		"when it is to be retired":         {alternating, "", retiring, worker.Failed, secretID.String(), false, false},
		"when it is to be retired, listed": {alternating, "localhost", retiring, worker.Retired, "", true, true},
		"when it is made for clients meanwhile": {single, "", func(s *stage) {
			s.worker.Rotator = making{s.target, func() { sealed(secretID)(s) }}
		}, worker.Failed, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, c.style)
				var err error
				if s.worker.Targets, err = rotation.ParseTargets(c.list); err != nil {
					t.Fatal(err)
				}
				c.before(s)
				got := s.rotate(t.Context(), t)
				run := s.server.Run()
				refused := !c.told
				if got != c.want || !strings.Contains(run.Reason, c.reason) ||
					strings.Contains(run.Reason, "localhost:5432 is not among the targets that may be told it; add that to STRONGROOM_TARGETS") != refused {
					t.Errorf("it ended with %s because %q; want %s", got, run.Reason, c.want)
				}
				if (s.server.Opened > 0) != c.opened {
					t.Errorf("%d values were opened", s.server.Opened)
				}
				told := s.target.calls["set"] + s.target.calls["test"] + s.target.calls["undo"] + s.target.calls["retire"]
				if (told > 0) != c.told {
					t.Errorf("the target was told %v", s.target.calls)
				}
			})
		})
	}
}
