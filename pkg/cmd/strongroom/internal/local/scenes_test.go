package local

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table/bolt"
)

// builtBefore is how long before worldTime the world was built.
const builtBefore = 16 * time.Minute

// scenes are every sample in a world of its own, at its time and when the world was just built, as values are then so new
// that what decides is read twice; and what needs more than the world to be worth doing.
func scenes(t *testing.T) []scene {
	t.Helper()
	var all []scene
	for _, s := range samples(t) {
		void := isFirst(s)
		all = append(all,
			scene{name: "as it is", void: void, steps: []step{{sample: s}}},
			scene{name: "just made", void: void, steps: []step{{sample: s, at: time.Second - builtBefore}}})
	}
	return append(all, longer(t)...)
}

// table is the scene's world.
func (s scene) table(t *testing.T) (*bolt.DB, *secretstest.Keys) {
	t.Helper()
	file, keys := newFile(t), secretstest.NewKeys()
	if !s.void {
		file, keys = newWorldFile(t)
	}
	db, err := bolt.Open(file, bolt.NoSync())
	must(err)
	t.Cleanup(func() { _ = db.Close() })
	if s.prepare != nil {
		b := &builder{t.Context(), worldService(db, keys, worldTime.Add(-time.Minute))}
		s.prepare(b, b.owner())
	}
	return db, keys
}

// longer are the scenes of several steps.
func longer(t *testing.T) []scene {
	t.Helper()
	all := samples(t)
	then := func(at time.Duration, path string) step {
		i := slices.IndexFunc(all, func(s sample) bool { return s.path() == filepath.FromSlash(path+".json") })
		if i < 0 {
			t.Fatalf("there is no event %s", path)
		}
		return step{sample: all[i], at: at}
	}
	const day = 24 * time.Hour
	return []scene{
		{name: "reads are summed up", steps: []step{
			then(0, "roll-up-reads/reads"), then(0, "list-secret-readers/auditor"), then(0, "list-principal-reads/auditor"),
		}},
		{name: "readers are waited for", prepare: rotated, steps: []step{
			then(0, "roll-up-reads/reads"), then(0, "get-rotation/manager"),
		}},
		{name: "rotations are due", prepare: rotated, steps: []step{
			then(time.Hour, "dispatch-rotations/tick"), then(31*day, "list-rotations/due-now"), then(31*day, "dispatch-rotations/tick"),
		}},
		{name: "what is rotated was purged", prepare: purgeRotated, steps: []step{then(31*day, "dispatch-rotations/tick")}},
		{name: "what is rotated is swept", prepare: purgeRotated, steps: []step{then(0, "sweep-deleted/tick")}},
		{name: "people have left", prepare: depart, steps: []step{
			then(0, "list-rotations/leaver-first-page"), then(0, "dispatch-rotations/tick"), then(time.Hour, "dispatch-rotations/tick"),
			then(25*time.Hour, "dispatch-rotations/tick"),
		}},
		{name: "hours are over", prepare: keepShort, steps: []step{
			then(0, "get-secret/service-account"), then(2*time.Hour, "seal-events/scheduled"), then(3*time.Hour, "list-seals/auditor"),
			then(3*time.Hour, "export-events/auditor"),
		}},
		{name: "days are over", prepare: keepShort, steps: []step{
			then(2*time.Hour, "seal-events/scheduled"), then(32*day, "seal-events/scheduled"), then(33*day, "seal-events/scheduled"),
		}},
		{name: "the data key is old", steps: []step{
			then(91*day, "rotate-data-keys/tick"), then(91*day+15*time.Minute, "rotate-data-keys/tick"),
		}},
		{name: "the trash is full", prepare: fillTrash, steps: []step{
			then(31*day-time.Second, "update-project/by-the-owner"), // so that what decides about a secret in it is new
			then(31*day, "purge-expired-trash/tick"), then(31*day, "sweep-deleted/tick"),
			then(31*day+time.Hour, "sweep-deleted/tick"), then(33*day, "sweep-deleted/tick"),
		}},
		{name: "there are a hundred versions", prepare: makeVersions, steps: []step{then(0, "update-secret/value")}},
		{name: "there are a hundred versions to restore", prepare: makeVersions, steps: []step{then(0, "restore-secret-version/current")}},
		{name: "a secret in no project was changed", steps: []step{
			then(0, "update-secret/in-no-project"), then(time.Minute, "restore-secret-version/in-no-project"),
		}},
		{name: "a secret in no project is rotated", steps: []step{
			then(0, "claim-rotation/first"), then(0, "put-pending-version/in-no-project"), then(0, "promote-version/in-no-project"),
		}},
		{name: "a secret in no project was deleted", steps: []step{
			then(0, "delete-secrets/in-no-project"), then(time.Minute, "restore-from-trash/in-no-project"),
		}},
	}
}

// rotated has DATABASE_URL rotated up to where it waits for readers, as if it were an access key.
func rotated(b *builder, owner secrets.Caller) {
	id, lease := fixedID(51), api.RotationLease{ID: fixedID(73), Lease: fixedID(74)}
	_, err := b.PutRotation(b, owner, secrets.PutRotation{ID: id, PutRotation: api.PutRotation{
		Rotator: "iam-access-key", Settings: json.RawMessage(`{"userName":"app"}`),
	}})
	must(err)
	_, err = b.RotateSecret(b, owner, id, api.RotateSecret{ID: &lease.ID})
	must(err)
	_, err = b.ClaimRotation(b, owner, id, api.ClaimRotation{RotationLease: lease})
	must(err)
	_, err = b.PutPendingVersion(b, owner, id, api.PutPendingVersion{RotationLease: lease, Base: 2, Value: pointer(mark + "-three")})
	must(err)
	_, err = b.PromoteVersion(b, owner, id, api.PromoteVersion{RotationLease: lease, Version: 3})
	must(err)
}

// keepShort has events kept for as short as can be.
func keepShort(b *builder, owner secrets.Caller) {
	settings := &api.UpdateSettings{EventRetentionDays: pointer[int64](api.MinEventRetentionDays)}
	_, err := b.UpdateOrganization(b, owner, fixedID(1), "", api.UpdateOrganization{Settings: settings})
	must(err)
}

// purgeRotated purges DATABASE_URL, which is rotated.
func purgeRotated(b *builder, owner secrets.Caller) {
	b.trash(b.DeleteSecrets(b, owner, api.IDs{IDs: []uuid.UUID{fixedID(51)}}))
	b.trash(b.PurgeTrash(b, owner, fixedID(1), api.IDs{IDs: []uuid.UUID{fixedID(51)}}))
}

// depart has the developer and the admin disabled, and rotated what they could have read.
func depart(b *builder, owner secrets.Caller) {
	_, err := b.UpdateOrganization(b, owner, fixedID(1), "", api.UpdateOrganization{
		Settings: &api.UpdateSettings{RotateOnLeave: pointer(api.RotateOnLeaveReachable)},
	})
	must(err)
	for _, n := range []int{12, 13} {
		_, err = b.SetDisabled(b, owner, fixedID(n), true)
		must(err)
		told, err := b.ListEvents(b, owner, fixedID(1), secrets.ListEvents{
			Action: string(operation.DisablePrincipal), ResourceID: pointer(fixedID(n)), Page: api.Page{Limit: 1},
		})
		must(err)
		detail, err := json.Marshal(secrets.Detail{EventID: told.Data[0].ID, ResourceID: fixedID(n)})
		must(err)
		_, err = b.RotateOnEvent(b, secrets.BusEvent{ID: uuid.NewString(), Source: "strongroom", Type: "Principal Disabled", Detail: detail})
		must(err)
	}
}

// fillTrash makes a project, with a secret of its own and one that is in another too, and puts it into the trash, and deletes
// who was granted something: a user on secrets, another on a project.
func fillTrash(b *builder, owner secrets.Caller) {
	_, _, err := b.CreateProject(b, owner, fixedID(1), api.CreateProject{
		ID: pointer(fixedID(35)), Name: "done with", Encryption: pointer(api.EncryptionServer),
	})
	must(err)
	for n, projects := range map[int][]uuid.UUID{57: {fixedID(35)}, 58: {fixedID(31), fixedID(35)}} {
		_, _, err = b.CreateSecret(b, owner, fixedID(1), api.CreateSecret{
			ID: pointer(fixedID(n)), Name: fmt.Sprint("SECRET_", n), Value: pointer(mark), ProjectIDs: projects,
		})
		must(err)
	}
	b.trash(b.DeleteProjects(b, owner, api.IDs{IDs: []uuid.UUID{fixedID(35)}}))
	must(b.DeletePrincipal(b, owner, fixedID(18)))
	must(b.DeletePrincipal(b, owner, fixedID(19)))
}

// keptVersions is how many versions of a secret are kept.
const keptVersions = 100

// makeVersions gives a secret as many versions as are kept.
func makeVersions(b *builder, owner secrets.Caller) {
	for n := range keptVersions - 2 {
		_, err := b.UpdateSecret(b, owner, secrets.UpdateSecret{
			ID: fixedID(51), UpdateSecret: api.UpdateSecret{Value: pointer(fmt.Sprint(mark, n))},
		})
		must(err)
	}
}
