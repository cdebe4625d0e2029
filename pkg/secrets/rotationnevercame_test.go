package secrets_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// TestHowManyNeverCameIsSaidBeforeWho: an event has no place for all names, and who reads it must not take some for all.
func TestHowManyNeverCameIsSaidBeforeWho(t *testing.T) {
	f := follow(t, 0)
	readers, names := make([]secrets.Caller, 12), map[string]uuid.UUID{}
	for i := range readers {
		name := fmt.Sprintf("reader-%d", i)
		names[name], readers[i] = f.User(name, access.RoleMember)
	}
	secret := waiting(t, f, readers...)
	f.Clock.Advance(48 * time.Hour)
	dispatch(t, f.World)
	run := secrets.RotationOf(t, f.Service, secret).Run
	if len(run.NeverCame) != 12 || run.State != api.RotationDue {
		t.Fatalf("it is %+v", run)
	}
	var reason string
	for _, told := range toldOf(f.World, operation.DispatchRotations) {
		if due, says := strings.CutPrefix(told, "rotationDue: "); says && strings.Contains(due, "never came") {
			reason = due
		}
	}
	said, among, found := strings.Cut(reason, ", among them ")
	if !found || said != "the time to wait is over, and 12 readers never came" || len(reason) > 400 {
		t.Fatalf("it says %q", reason)
	}
	few := strings.Split(among, ", ")
	if len(few) < 5 {
		t.Errorf("it names only %q", few)
	}
	for _, one := range few {
		name, id, _ := strings.Cut(strings.TrimSuffix(one, ")"), " (")
		if diff := cmp.Diff(names[name].String(), id); diff != "" {
			t.Errorf("it names %q", one)
		}
	}
}
