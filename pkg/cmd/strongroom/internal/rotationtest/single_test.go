package rotationtest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// A window is the time in which who connects with a single user's password may be refused: from before the database is told to
// take a new one, when that is stored as the pending version, until the application has read it again once it is current.
type window struct{ from, to time.Time }

func (w window) holds(f failure) bool { return !f.ended.Before(w.from) && !f.began.After(w.to) }

// TestConnectionsFailWithOneUserInTheWindowAlone: an application that reads its login again where it is refused, and never
// otherwise, is refused from the moment the password is changed until it has read the new one, and at no other time.
func TestConnectionsFailWithOneUserInTheWindowAlone(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(string(d.kind), func(t *testing.T) {
			t.Parallel()
			s, db := start(t), d.server(t)
			first := login{Username: "single", Password: "first-Password-1"}
			db.Exec(t, d.add(first.Username, first.Password))
			secret := s.secret("demo", "DATABASE", first.value())
			s.rotated(secret, d.kind, map[string]any{
				"host": db.Host, "port": db.Port, "ca": db.CA, "database": d.name, "users": []string{first.Username},
			}, nil)
			_, reads := s.reader("application", secret)
			app := &application{database: d, server: db, reads: reads, secret: secret.String()}
			stop := app.start(s)
			defer stop()
			app.works(s, 1)
			begun, rotations := time.Now(), many(200, 10)
			for i := range rotations {
				old := app.has()
				if run := s.run(secret, api.RotationDone); run.Version != int64(i+2) || run.From != old.version {
					t.Fatalf("rotation %d is from version %d to %d; the application has %d", i, run.From, run.Version, old.version)
				}
				app.works(s, int64(i+2))
				if now := app.has(); now.Username != old.Username || db.Works(t, old.Username, old.Password) {
					t.Fatalf("rotation %d: the old password works still, of %q, which became %q", i, old.Username, now.Username)
				}
			}
			stop()
			took := time.Since(begun)
			windows := s.windows(app)
			if len(windows) != rotations {
				t.Fatalf("the events tell of %d rotations, not %d", len(windows), rotations)
			}
			var outside []failure
			for _, f := range app.failures {
				if !slices.ContainsFunc(windows, func(w window) bool { return w.holds(f) }) {
					outside = append(outside, f)
				}
			}
			if len(outside) > 0 {
				t.Errorf("%d connections failed outside of the window, first %s", len(outside), outside[0])
			}
			if len(app.failures) < rotations {
				t.Errorf("%d connections failed in %d rotations: the application can't have noticed them", len(app.failures), rotations)
			}
			var open time.Duration
			for _, w := range windows {
				open += w.to.Sub(w.from)
			}
			t.Logf("%d rotations in %s; %d sessions of %d queries, %d failed, %d outside of the windows, of %s each, %s of the time",
				rotations, took.Round(time.Millisecond), app.sessions, queries, len(app.failures), len(outside),
				(open / time.Duration(rotations)).Round(time.Millisecond), open.Round(time.Millisecond))
		})
	}
}

// windows are those of an application whose server's clock was not moved, one a rotation.
func (s *strongroom) windows(a *application) (all []window) {
	s.Helper()
	begun := map[int64]time.Time{}
	for _, e := range s.events(uuid.MustParse(a.secret)) {
		if e.Action == string(operation.PutPendingVersion) {
			for _, v := range e.Values {
				begun[v.Version] = e.At
			}
		}
	}
	for version, from := range begun {
		read, ok := a.readings[version]
		if !ok || !read.After(from) {
			s.Fatalf("version %d was stored at %s, and the application read it at %s", version, from, read)
		}
		all = append(all, window{from, read})
	}
	return all
}
