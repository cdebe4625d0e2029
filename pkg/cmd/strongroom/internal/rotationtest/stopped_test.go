package rotationtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// TestWhoStoppedReadingWorksUntilTheDeadlineAndIsNamed: a reader that goes on connecting with what it read once works until the
// deadline and not after it. Until then it is said to be waited for, and the event of the end says that it never came.
func TestWhoStoppedReadingWorksUntilTheDeadlineAndIsNamed(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(string(d.kind), func(t *testing.T) {
			t.Parallel()
			s, db := start(t), d.server(t)
			secret := s.alternating(d, db, "stopped", &api.RotationReaders{Deadline: "2h", Grace: "1m"})
			stopped, once := s.reader("stopped", secret)
			_, reads := s.reader("application", secret)
			idle := &application{database: d, server: db, reads: once, secret: secret.String(), readings: map[int64]time.Time{}}
			idle.read(t.Context())
			s.must(idle.err)
			app := &application{database: d, server: db, reads: reads, secret: secret.String(), polls: true}
			defer app.start(s)()
			app.works(s, 1)

			run := s.run(secret, api.RotationWaiting)
			app.works(s, run.Version)
			// Ten minutes at a time, and once more a second before the deadline.
			for ended := false; !ended; {
				step := min(10*time.Minute, run.RetireBy.Sub(s.clock.Now())-2*time.Second)
				ended = step < 10*time.Minute
				s.dispatched(step)
				if run = s.latest(secret); run.State != api.RotationWaiting || len(run.NeverCame) > 0 {
					t.Fatalf("%s before the deadline it is %+v", run.RetireBy.Sub(s.clock.Now()), run)
				}
				if w := run.WaitingFor; len(w) != 1 || run.Missing != 1 || w[0].ID != stopped || w[0].Name != "stopped" || w[0].Version != 1 {
					t.Fatalf("it waits for %d, %+v; want the reader that stopped, with version 1", run.Missing, w)
				}
				for range 3 {
					s.must(d.session(t.Context(), db, idle.has()))
				}
			}
			s.dispatched(2 * time.Minute)
			run = s.await(secret, run.ID, api.RotationDone)
			if n := run.NeverCame; len(n) != 1 || run.Missing != 1 || n[0].ID != stopped || n[0].Name != "stopped" {
				t.Errorf("it did not wait for %d, %+v", run.Missing, n)
			}
			if db.Works(t, idle.has().Username, idle.has().Password) {
				t.Error("after the deadline the old login works still")
			}
			app.works(s, run.Version)
			if len(app.failures) > 0 {
				t.Errorf("%d queries of the application that came failed", len(app.failures))
			}
			told := 0
			for _, e := range s.events(secret) {
				if strings.HasPrefix(e.Reason, "the time to wait is over") {
					told++
					want := fmt.Sprintf("the time to wait is over, and one reader never came: stopped (%s)", stopped)
					if e.Reason != want || e.Action != string(operation.DispatchRotations) || e.RotationID == nil || *e.RotationID != run.ID {
						t.Errorf("an event of %s of rotation %v says %q, want %q", e.Action, e.RotationID, e.Reason, want)
					}
				}
			}
			if told != 1 {
				t.Errorf("%d events tell of it", told)
			}
		})
	}
}
