package secrets_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/secrets"
)

// noticed are the kinds of the notices about rotations since it was last asked.
func (f *followed) noticed() (kinds []string) {
	f.Helper()
	f.publish()
	for _, n := range f.Bus.Published() {
		if strings.HasPrefix(n.Kind, "Rotation") {
			kinds = append(kinds, n.Kind)
		}
	}
	return kinds
}

func leakOf(secret uuid.UUID) secrets.BusEvent {
	return event("strongroom.leak", "Leak Found", map[string]any{"secretId": secret})
}

// TestALeakHurriesWhatFailed: a run in back-off is tried now, and so is one that failed to retire: a worker is asked for at once.
func TestALeakHurriesWhatFailed(t *testing.T) {
	f := follow(t, 0)
	_, asAda := f.User("ada", access.RoleMember)
	retiring := waiting(t, f, asAda)
	f.Clock.Advance(48 * time.Hour)
	dispatch(t, f.World)
	claimed(t, f.World, retiring)
	making := f.Secret("PASSWORD", "v", f.ServerProject("another")).ID
	secrets.SetRotation(t, f.Service, making, api.PutRotation{Rotator: "random"})
	_, err := f.RotateSecret(t.Context(), f.Owner, making, api.RotateSecret{})
	wantCode(t, err, "")
	claimed(t, f.World, making)
	now := f.Clock.Now().Truncate(time.Millisecond)
	secrets.MoveRotation(t, f.Service, retiring, func(r *rotation.Record) { r.Failed("denied", true, now) })
	secrets.MoveRotation(t, f.Service, making, func(r *rotation.Record) { r.Run.Attempts = 4; r.Failed("down", false, now) })
	f.Clock.Advance(time.Second)
	f.noticed()
	for _, secret := range []uuid.UUID{making, retiring} {
		told, err := f.RotateOnEvent(t.Context(), leakOf(secret))
		if err != nil || told.Requested != 1 {
			t.Fatalf("%+v, %v", told, err)
		}
		asked := f.Clock.Now().Truncate(time.Millisecond)
		if r := secrets.RotationOf(t, f.Service, secret).Run; r.State != api.RotationDue || !r.AskedAt.Equal(asked) || !r.TryAt.IsZero() {
			t.Errorf("it is %+v", r)
		}
		if kinds := f.noticed(); !slices.Equal(kinds, []string{"Rotation Due"}) {
			t.Errorf("published %v", kinds)
		}
	}
}
