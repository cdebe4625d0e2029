package secrets_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// TestTheTrashKeepsThingsForAsLongAsWasPromised: the organization's setting counts for what goes into the trash from then on.
func TestTheTrashKeepsThingsForAsLongAsWasPromised(t *testing.T) {
	w := newTrashWorld(t)
	project := w.ServerProject("plain")
	old := w.Secret("OLD", "v", project)
	w.delete(old.ID)
	rewrite(t, w.World, table.Key{PK: "ORG#" + w.Organization.String(), SK: "ORG"}, func(a map[string]any) { a["trashRetentionDays"] = int64(2) })
	short, back := w.Secret("SHORT", "v", project), w.Secret("BACK", "v", project)
	w.delete(short.ID, back.ID, project)
	expired := func(after time.Duration, want int) {
		t.Helper()
		w.Clock.Advance(after)
		done, err := w.PurgeExpiredTrash(t.Context())
		if err != nil || done != (secrets.RunSummary{Done: want}) {
			t.Errorf("after %s more it purged %+v, %v; want %d", after, done, err, want)
		}
	}
	expired(47*time.Hour, 0)
	if code := w.restore(back.ID, nil); code != "" {
		t.Fatal(code)
	}
	w.delete(back.ID) // its time begins anew
	expired(time.Hour, 2)
	expired(0, 0)
	expired(47*time.Hour, 1)
	if got := entryNames(trashOf(t, w.World, w.Owner, 10)); !slices.Equal(got, []string{"secret OLD"}) {
		t.Errorf("the trash has %v", got)
	}
	expired(27*24*time.Hour, 1)
	w.sweep()
	told := mentions(w.recording.all(), old.ID, short.ID, back.ID)
	for id, keys := range told {
		if !slices.Equal(keys, []string{"SECRET#" + id.String() + " / SECRET"}) {
			t.Errorf("%s is told of by %v", id, keys)
		}
	}
	purged := events(w.World, of(operation.PurgeExpiredTrash))
	if len(purged) != 4 || purged[0].Actor.Kind != "system" || purged[0].Reason == "" || purged[0].Resource.Name != "OLD" ||
		!slices.Equal(purged[0].Changed, []string{"purged"}) {
		t.Errorf("recorded: %+v", purged)
	}
}

// TestAPurgedSecretLeavesATombstone has all kinds of things that a secret leaves behind.
func TestAPurgedSecretLeavesATombstone(t *testing.T) {
	w := newTrashWorld(t)
	project := w.ServerProject("plain")
	secret, same := w.Secret("A", strings.Repeat("x", 60<<10), project), w.Secret("B", "v", project)
	var users []uuid.UUID
	for i := range 120 {
		users = append(users, w.Principal(access.KindUser, fmt.Sprint("user ", i), access.RoleMember))
	}
	w.GrantSecret(secret.ID, access.Read, users[:80]...)
	w.GrantSecret(secret.ID, access.Read, users[80:]...)
	w.GrantSecret(same.ID, access.Read, users[0])
	for i := range 130 {
		_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr(fmt.Sprintf("%061440d", i))}})
		wantCode(t, err, "")
	}
	reads := func(secret, reader uuid.UUID) []table.Key {
		return []table.Key{
			{PK: "SECRET#" + secret.String(), SK: "READ#" + reader.String()}, {PK: "PRINCIPAL#" + reader.String(), SK: "READ#" + secret.String()},
		}
	}
	w.put(reads(secret.ID, users[0])...)
	w.put(reads(same.ID, users[0])...)
	for _, rotated := range []uuid.UUID{secret.ID, same.ID} {
		_, err := w.PutRotation(t.Context(), w.Owner, secrets.PutRotation{ID: rotated, PutRotation: randomly()})
		wantCode(t, err, "")
	}
	w.delete(secret.ID)
	w.purge(secret.ID)
	item := w.recording.all()[secretItem(secret.ID)]
	if item.Attributes["value"] != nil || item.Attributes["name"] != nil || item.Attributes["note"] != nil {
		t.Errorf("the tombstone has %v", item.Attributes)
	}
	w.sweepOnce()
	w.put(reads(secret.ID, users[1])...) // told late, by the table's stream
	w.sweep()
	items := w.recording.all()
	wantWhole(t, w.Organization, items)
	if got := mentions(items, secret.ID)[secret.ID]; !slices.Equal(got, []string{"SECRET#" + secret.ID.String() + " / SECRET"}) {
		t.Errorf("it is told of by %v", got)
	}
	for _, key := range append(reads(same.ID, users[0]), table.Key{PK: "PRINCIPAL#" + users[0].String(), SK: "REACH#secret#" + same.ID.String()}) {
		if _, ok := items[key]; !ok {
			t.Errorf("%v of another secret is gone", key)
		}
	}
	get(t, w.World, w.Owner, same.ID)
}

func TestADeletedPrincipalLeavesNothingButItsTombstone(t *testing.T) {
	w := newTrashWorld(t)
	leaver, _ := w.User("leaver", access.RoleMember)
	stays, _ := w.User("stays", access.RoleMember)
	var projects, held []uuid.UUID
	for i := range 12 {
		projects = append(projects, w.ServerProject(fmt.Sprint("project ", i)))
		w.Grant(projects[i], access.Read, leaver, stays)
		held = append(held, w.Secret("A", "v", projects[i]).ID)
		w.GrantSecret(held[i], access.Write, leaver, stays)
	}
	w.delete(projects[0], held[1], projects[2], held[3])
	w.purge(projects[2], held[3])
	w.put(table.Key{PK: "PRINCIPAL#" + leaver.String(), SK: "READ#" + held[5].String()})
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, leaver), "")
	// A grant that had begun before is written after.
	raced := w.ServerProject("raced")
	w.Grant(raced, access.Read, stays)
	before, err := w.GetProjectAccess(t.Context(), w.Owner, projects[5])
	wantCode(t, err, "")
	w.sweepOnce()
	if !w.has(table.Key{PK: "PRINCIPAL#" + leaver.String(), SK: "READ#" + held[5].String()}) {
		t.Error("what the leaver read is forgotten at once")
	}
	w.sweep()
	for _, key := range mentions(w.recording.all(), leaver)[leaver] {
		tombstone := key == "PRINCIPAL#"+leaver.String()+" / PRINCIPAL" ||
			key == "PROJECT#"+projects[2].String()+" / PROJECT" || key == "SECRET#"+held[2].String()+" / SECRET" ||
			key == "SECRET#"+held[3].String()+" / SECRET" ||
			key == "PRINCIPAL#"+leaver.String()+" / READ#"+held[5].String() // what a leaver knows is asked long after
		if !tombstone && !strings.Contains(key, " / EVENT#") {
			t.Errorf("the leaver is told of by %s", key)
		}
	}
	after, err := w.GetProjectAccess(t.Context(), w.Owner, projects[5])
	if diff := cmp.Diff(before.Grants, after.Grants); diff != "" || err != nil || before.ETag == after.ETag {
		t.Errorf("what is shown of a policy changed, or its ETag did not: %v\n%s", err, diff)
	}
	told := events(w.World, of(operation.SweepDeleted))
	revoked := 0
	for _, e := range told {
		if len(e.Grants) == 1 && e.Grants[0].PrincipalID == leaver && e.Grants[0].Permission == nil {
			revoked++
		}
	}
	// All but the two that were purged, and perhaps the secret that went with its project.
	if revoked != 22 && revoked != 21 {
		t.Errorf("%d grants were taken away", revoked)
	}
}
