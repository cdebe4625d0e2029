package secrets_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/secrets/secretstest"
)

// TestIdsAreJudgedByTheClockOfWhoMadeThem: the service's own clock is days ahead.
func TestIdsAreJudgedByTheClockOfWhoMadeThem(t *testing.T) {
	w := secretstest.New(t, newBolt(t))
	callers := w.Clock.Now()
	w.Clock.Advance(72 * time.Hour)
	ahead := w.Paced(1, func() time.Time { return callers })
	project := func(name string, at time.Time) error {
		id, server := idAt(at), api.EncryptionServer
		_, _, err := ahead.CreateProject(t.Context(), w.Owner, w.Organization, api.CreateProject{ID: &id, Name: name, Encryption: &server})
		return err
	}
	wantCode(t, project("callers", callers), "")
	wantCode(t, project("services", w.Clock.Now()), api.CodeInvalid)
	principalID, value := idAt(callers), "v"
	_, _, err := ahead.CreatePrincipal(t.Context(), w.Owner, w.Organization, api.CreatePrincipal{ID: &principalID, Kind: "group", Name: "team"})
	wantCode(t, err, "")
	secretID := idAt(callers)
	_, _, err = ahead.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{ID: &secretID, Name: "A", Value: &value, ProjectIDs: []uuid.UUID{}})
	wantCode(t, err, "")
}

// idAt is an id that was made then.
func idAt(at time.Time) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}

// TestAFastClockLeavesTimeForWhatIsUnderWay: at a thousand times the speed five seconds are 83 minutes, for which an hour that is
// over may still be written into.
func TestAFastClockLeavesTimeForWhatIsUnderWay(t *testing.T) {
	w := newSealWorld(t, nil) // it is 10:01
	busyHour(w)
	fast := w.Paced(1000, nil)
	for _, c := range []struct {
		wait time.Duration
		want int
	}{{time.Hour + 22*time.Minute, 0}, {time.Minute, 1}, {0, 0}} {
		w.Clock.Advance(c.wait)
		report, err := fast.SealEvents(t.Context())
		wantCode(t, err, "")
		if report.Sealed != c.want {
			t.Errorf("at %s %d hours are sealed, want %d", w.Clock.Now().UTC(), report.Sealed, c.want)
		}
	}
}
