package secrets

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/envelope"
	"strongroom/pkg/table"
)

// A secretSight is a secret as one request saw it: who asks, the secret, and the projects that it is in or that were
// asked for besides.
type secretSight struct {
	sight
	id       uuid.UUID
	found    bool
	rec      secretRecord
	projects map[uuid.UUID]projectRecord
}

// lookSecret reads a secret and all that decides about it: in one round trip where the hints name its projects, else
// in two. Where any of that was changed a moment ago, everything is read once more as it was at one moment. extra are
// further items to be read with it.
func (q *request) lookSecret(ctx context.Context, id uuid.UUID, named []uuid.UUID, extra ...table.Key) (secretSight, error) {
	projects := q.hints.of(id, named)
	seen, err := q.look(ctx, secretKeys(id, projects, extra)...)
	if err != nil {
		return secretSight{}, err
	}
	v, err := q.understand(id, seen)
	if err != nil || !v.found {
		return v, err
	}
	if missing := v.unread(); len(missing) > 0 {
		if err := q.lookFurther(ctx, &v, missing); err != nil {
			return v, err
		}
	}
	for v.found && q.fresh(v.changedAt()) {
		// What was asked for stays asked for: the caller wants to know it.
		keys := secretKeys(id, union(named, v.rec.Projects), extra)
		if seen, err = q.lookAtOnce(ctx, keys...); err != nil {
			return v, err
		}
		if v, err = q.understand(id, seen); err != nil || len(v.unread()) == 0 {
			break
		}
	}
	q.hints.remember(id, v.rec.Projects)
	return v, err
}

func secretKeys(id uuid.UUID, projects []uuid.UUID, extra []table.Key) []table.Key {
	keys := append([]table.Key{secretKey(id)}, extra...)
	for _, project := range projects {
		keys = append(keys, projectKey(project))
	}
	return keys
}

// understand reads the secret and the projects out of the items.
func (q *request) understand(id uuid.UUID, seen sight) (secretSight, error) {
	v, err := secretIn(id, seen)
	if err != nil {
		return v, err
	}
	return v, v.readProjects(seen.items)
}

// secretIn reads the secret alone out of the items.
func secretIn(id uuid.UUID, seen sight) (secretSight, error) {
	v := secretSight{sight: seen, id: id, projects: map[uuid.UUID]projectRecord{}}
	item, found := seen.items[secretKey(id)]
	if !found {
		return v, nil
	}
	v.found, v.rec.revision = true, item.Revision
	return v, fromItem(item, &v.rec)
}

func (v *secretSight) readProjects(items map[table.Key]table.Item) error {
	for key, item := range items {
		if key.SK != "PROJECT" {
			continue
		}
		id, rec, err := projectOf(item)
		if err != nil {
			return err
		}
		v.projects[id] = rec
	}
	return nil
}

// unread are the secret's projects that were not asked for.
func (v *secretSight) unread() []uuid.UUID {
	var missing []uuid.UUID
	for _, id := range v.rec.Projects {
		if _, ok := v.projects[id]; !ok {
			missing = append(missing, id)
		}
	}
	return missing
}

func (q *request) lookFurther(ctx context.Context, v *secretSight, projects []uuid.UUID) error {
	items, err := q.table.BatchGet(ctx, projectKeys(projects))
	if err != nil {
		return err
	}
	return v.readProjects(items)
}

// changedAt is when anything that was read was written last. Revisions start from the clock, as stamps do.
func (v *secretSight) changedAt() time.Time {
	at := newest(v.items)
	for _, rec := range v.projects {
		at = latest(at, time.UnixMilli(rec.revision))
	}
	return at
}

// newest is when any of the items was written last. What has a value says it by a stamp too.
func newest(items map[table.Key]table.Item) (at time.Time) {
	for _, item := range items {
		at = latest(at, time.UnixMilli(item.Revision))
		if stamp, ok := item.Attributes["changedAt"].(int64); ok {
			at = latest(at, time.UnixMilli(stamp))
		}
	}
	return at
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// access is the secret as package access wants it.
func (v *secretSight) access() *access.Secret {
	return &access.Secret{
		ID: v.id, Live: v.found && v.rec.TrashedAt.IsZero(), Grants: v.rec.Grants, Projects: v.named(v.rec.Projects),
	}
}

// named are projects as package access wants them, in the order given.
func (v *secretSight) named(ids []uuid.UUID) []access.Project {
	projects := make([]access.Project, len(ids))
	for i, id := range ids {
		projects[i] = v.projects[id].access(id)
	}
	return projects
}

// decideSecret decides about the secret.
func (q *request) decideSecret(ctx context.Context, v *secretSight, action access.Action) error {
	return q.decide(ctx, v.who, v.ask(action))
}

// ask is the question about the secret.
func (v *secretSight) ask(action access.Action) ask {
	return ask{Request: access.Request{Action: action, Secret: v.access()}, about: v.about()}
}

func (v *secretSight) about() audit.Resource { return aboutSecret(v.id, v.rec.Name) }

// live are the ids of the secret's projects that are not in the trash.
func (v *secretSight) live(ids []uuid.UUID) []uuid.UUID {
	var live []uuid.UUID
	for _, id := range ids {
		if v.projects[id].live() {
			live = append(live, id)
		}
	}
	return live
}

// show is the secret as the caller sees it, with its value and what opens that, and its note.
func (q *request) show(ctx context.Context, v *secretSight) (api.Secret, error) {
	rec := &v.rec
	value, err := q.open(ctx, q.place(v.id, envelope.PurposeValue, rec.Version), rec.Value)
	if err != nil {
		return api.Secret{}, err
	}
	note, err := q.openNote(ctx, v)
	if err != nil {
		return api.Secret{}, err
	}
	rights := access.SecretRights(v.who.principal(), *v.access(), q.now())
	s := api.Secret{
		ID: v.id, OrganizationID: q.organization, Name: rec.Name, Value: value, Note: note,
		CreatedAt: rec.CreatedAt, UpdatedAt: rec.UpdatedAt, Projects: q.visible(v), Encryption: rec.Encryption,
		Keys: v.wrappedKeys(value), Version: rec.Version, CreatedBy: rec.CreatedBy.api(), UpdatedBy: rec.UpdatedBy.api(),
		Read: rights.Has(access.Read), Write: rights.Has(access.Write), Manage: rights.Has(access.Manage),
	}
	s.ETag = secretTag(rec.Tag, &s)
	return s, nil
}

// visible are those of the secret's projects that the caller may see.
func (q *request) visible(v *secretSight) []api.Reference {
	projects := []api.Reference{}
	for _, id := range v.rec.Projects {
		if p := v.projects[id]; q.sees(v.who, id, p) {
			projects = append(projects, api.Reference{ID: id, Name: p.Name})
		}
	}
	return projects
}

// place is where a sealed message of this organization stands.
func (q *request) place(secret uuid.UUID, purpose envelope.Purpose, number int64) envelope.Place {
	return envelope.Place{
		Organization: q.organization, Secret: secret, Purpose: purpose, Number: uint64(number), //nolint:gosec // counts from 1
	}
}

func (q *request) open(ctx context.Context, place envelope.Place, sealed []byte) (string, error) {
	generation, err := envelope.Generation(sealed)
	if err != nil {
		return "", err
	}
	key, err := q.dataKey(ctx, generation)
	if err != nil {
		return "", unavailable(err)
	}
	plaintext, err := key.Open(place, sealed)
	return string(plaintext), err
}

func (q *request) openNote(ctx context.Context, v *secretSight) (string, error) {
	if len(v.rec.Note) == 0 {
		return "", nil
	}
	return q.open(ctx, q.place(v.id, envelope.PurposeNote, v.rec.NoteNumber), v.rec.Note)
}

func (q *request) seal(ctx context.Context, place envelope.Place, plaintext string) ([]byte, error) {
	key, err := q.currentKey(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	return key.Seal(place, []byte(plaintext))
}

// union is the first list followed by what only the others have.
func union(first []uuid.UUID, others ...[]uuid.UUID) []uuid.UUID {
	all := slices.Clone(first)
	for _, id := range slices.Concat(others...) {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}
