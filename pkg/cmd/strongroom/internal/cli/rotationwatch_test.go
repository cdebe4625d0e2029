package cli

import (
	"context"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// A stage is what a rotation is seen to be from a moment on.
type stage struct {
	after time.Duration
	run   api.RotationRun
	err   error
}

func TestARotationIsSeenThrough(t *testing.T) {
	first, second := uuid.MustParse("11111111-1111-4111-8111-111111111111"), uuid.MustParse("22222222-2222-4222-8222-222222222222")
	later := time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC) // an hour after synctest's clocks begin
	due := api.RotationRun{ID: first, State: api.RotationDue, Step: api.StepCreate}
	running := api.RotationRun{ID: first, State: api.RotationRunning, Step: api.StepSet}
	waiting := api.RotationRun{ID: first, State: api.RotationWaiting, Step: api.StepRetire, From: 1, Version: 2, RetireBy: &later}
	retiring := api.RotationRun{ID: first, State: api.RotationDue, Step: api.StepRetire, From: 1, Version: 2}
	done := api.RotationRun{ID: first, State: api.RotationDone, Step: api.StepRetire, From: 1, Version: 2}
	next := api.RotationRun{ID: second, State: api.RotationDue, Step: api.StepCreate, Cause: api.CauseLeak}
	nextDone := api.RotationRun{ID: second, State: api.RotationDone, Version: 3, Cause: api.CauseLeak}
	failed := due
	failed.TryAt, failed.Attempts, failed.Reason = &later, 1, "refused"

	for name, c := range map[string]struct {
		leaked, follows bool
		begin           api.RotationRun
		stages          []stage
		said            []string
		after           time.Duration // about
		err             string
	}{
		"until it waits": {
			begin: due, stages: []stage{{time.Second, running, nil}, {time.Minute, waiting, nil}}, after: time.Minute,
			said: []string{"due: a worker is asked for, to create", "running, at the step set", "version 2 is the current one, and nobody is waited for any more; the old value works until its grace is over, or 2000-01-01T01:00:00Z"},
		},
		"of what leaked until the old value is retired": {
			leaked: true, begin: due, stages: []stage{{time.Second, waiting, nil}, {time.Minute, retiring, nil}, {70 * time.Second, done, nil}}, after: 70 * time.Second,
			said: []string{
				"due: a worker is asked for, to create", "version 2 is the current one; the old value has leaked, and a worker is asked for at once, to retire it",
				"due: a worker is asked for, to retire", "done: version 2",
			},
		},
		"of what leaked in the one that follows": {
			leaked: true, follows: true, begin: waiting,
			stages: []stage{{time.Minute, done, nil}, {2 * time.Minute, next, nil}, {2*time.Minute + 10*time.Second, nextDone, nil}}, after: 2*time.Minute + 10*time.Second,
			said: []string{
				"version 2 is the current one; the old value has leaked, and a worker is asked for at once, to retire it", "done: version 2",
				"rotation " + second.String(), "due: a worker is asked for, to create", "done: version 3",
			},
		},
		"until nobody has come for long enough": {
			begin: due, after: 2 * time.Minute,
			said: []string{"due: a worker is asked for, to create", "no worker has come yet", "hint"},
			err: "demo/X: nothing has happened for 2m: is a worker deployed for the rotator random, and what does its log say? " +
				"One is asked for every 15m, for 1d at most; `strongroom rotation get demo/X` shows how it goes on",
		},
		"as long as a worker has it": {
			begin: running, stages: []stage{{20 * time.Minute, done, nil}}, after: 20 * time.Minute,
			said: []string{"running, at the step set", "done: version 2"},
		},
		"until it is tried again, and a while more": {
			begin: due, stages: []stage{{time.Second, failed, nil}}, after: 62 * time.Minute, err: "demo/X: nothing has happened for 2m",
			said: []string{"due: a worker is asked for, to create", "failed 1 time, and is tried again at 2000-01-01T01:00:00Z", "refused", "no worker has come yet", "hint"},
		},
		"as far as that may be seen": {
			begin: due, stages: []stage{{0, due, client.ErrForbidden}},
			said: []string{"due: a worker is asked for, to create", "it was asked for; how it goes, who manages the secret may see"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var said strings.Builder
				m, began := &Main{Stderr: &said}, time.Now()
				w := rotationWatch{
					m: m, text: "demo/X", run: c.begin, leaked: c.leaked, follows: c.follows, patience: 2 * time.Minute,
					look: func(context.Context) (api.Rotation, error) {
						run, err := c.begin, error(nil)
						for _, s := range c.stages {
							if time.Since(began) >= s.after {
								run, err = s.run, s.err
							}
						}
						return api.Rotation{Rotator: "random", Run: &run}, err
					},
					events: func(context.Context) iter.Seq2[api.Event, error] { t.Error("events were asked for"); return nil },
					hint:   func(context.Context, api.Rotation) error { m.sayf("demo/X: hint"); return nil },
				}
				_, err := w.watch(t.Context())
				if (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
					t.Errorf("%v, want %q", err, c.err)
				}
				if took := time.Since(began); took < c.after || took > c.after+5*time.Second {
					t.Errorf("took %s, want about %s", took, c.after)
				}
				var want strings.Builder
				for _, line := range c.said {
					want.WriteString("strongroom: demo/X: " + line + "\n")
				}
				if diff := cmp.Diff(want.String(), said.String()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}
