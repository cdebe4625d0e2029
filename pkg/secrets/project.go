package secrets

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// projectOf reads a project and its id out of its item.
func projectOf(item table.Item) (uuid.UUID, projectRecord, error) {
	rec := projectRecord{resource: resource{revision: item.Revision}}
	if err := fromItem(item, &rec); err != nil {
		return uuid.Nil, rec, err
	}
	id, err := uuid.Parse(item.Key.PK[len(projectPrefix):])
	return id, rec, err
}

func projectKeys(ids []uuid.UUID) []table.Key {
	keys := make([]table.Key, len(ids))
	for i, id := range ids {
		keys[i] = projectKey(id)
	}
	return keys
}

// live says whether the project is there and not in the trash.
func (rec projectRecord) live() bool {
	return rec.revision != 0 && rec.TrashedAt.IsZero() && !rec.Purged
}

// access is the project as package access wants it.
func (rec projectRecord) access(id uuid.UUID) access.Project {
	return access.Project{ID: id, Live: rec.live(), Grants: rec.Grants}
}

// currentKey is the id of the project key that values are encrypted with now.
func (rec projectRecord) currentKey() uuid.UUID {
	if len(rec.Keys) == 0 {
		return uuid.Nil
	}
	return rec.Keys[len(rec.Keys)-1].ID
}

// shownKeys are the project's keys as they are shown, oldest first; the last is the current one.
func (rec projectRecord) shownKeys() []api.ProjectKey {
	keys := make([]api.ProjectKey, len(rec.Keys))
	for i, k := range rec.Keys {
		keys[i] = api.ProjectKey{ID: k.ID, Wrapped: k.Wrapped, CreatedAt: k.CreatedAt, Current: i == len(rec.Keys)-1}
	}
	return keys
}

// sees says whether the caller may see the project. It only decides what is shown of an answer that was decided on.
func (q *request) sees(who identityRecord, id uuid.UUID, rec projectRecord) bool {
	project := rec.access(id)
	return q.may(who, access.Request{Action: access.SeeProject, Project: &project})
}

// A projectSight is a project as one request saw it.
type projectSight struct {
	sight
	id  uuid.UUID
	rec projectRecord
}

func (q *request) lookProject(ctx context.Context, id uuid.UUID, extra ...table.Key) (projectSight, error) {
	seen, err := q.look(ctx, append([]table.Key{projectKey(id)}, extra...)...)
	if err != nil {
		return projectSight{}, err
	}
	v := projectSight{sight: seen, id: id}
	if item, ok := seen.items[projectKey(id)]; ok {
		_, v.rec, err = projectOf(item)
	}
	return v, err
}

func (q *request) decideProject(ctx context.Context, v *projectSight, action access.Action) error {
	return q.decide(ctx, v.who, v.ask(action))
}

// ask is the question about the project.
func (v *projectSight) ask(action access.Action) ask {
	project := v.rec.access(v.id)
	return ask{Request: access.Request{Action: action, Project: &project}, about: aboutProject(v.id, v.rec.Name)}
}

// GetProject shows a project to who may see it.
func (s *Service) GetProject(ctx context.Context, by Caller, id uuid.UUID) (api.Project, error) {
	q := s.begin(by, operation.GetProject)
	v, err := q.lookProject(ctx, id)
	if err != nil {
		return api.Project{}, err
	}
	if err := q.decideProject(ctx, &v, access.SeeProject); err != nil {
		return api.Project{}, err
	}
	return q.showProject(v.who, id, &v.rec), nil
}

// showProject is the project as the caller sees it.
func (q *request) showProject(who identityRecord, id uuid.UUID, rec *projectRecord) api.Project {
	rights := access.ProjectRights(who.principal(), rec.access(id), q.now())
	p := api.Project{
		ID: id, OrganizationID: q.organization, Name: rec.Name, Encryption: rec.Encryption,
		CreatedAt: rec.CreatedAt, UpdatedAt: rec.UpdatedAt,
		Read: rights.Has(access.Read), Write: rights.Has(access.Write), Manage: rights.Has(access.Manage),
	}
	if rec.Encryption == api.EncryptionClient {
		keys := rec.shownKeys()
		p.Keys = &keys
	}
	p.ETag = etag(rec.Tag, p.Read, p.Write, p.Manage)
	return p
}

// CreateProject makes a project; its creator gets manage. created is false where the request only repeats an earlier
// one.
func (s *Service) CreateProject(ctx context.Context, by Caller, organization uuid.UUID, in api.CreateProject) (
	answer api.Project, created bool, err error,
) {
	q := s.begin(by, operation.CreateProject)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return answer, false, err
	}
	if err := q.checkCreateProject(in); err != nil {
		return answer, false, err
	}
	id := orNew(in.ID)
	err = q.change(ctx, func(ctx context.Context, before lost) (plan, error) {
		v, err := q.lookProject(ctx, id, organizationKey(q.organization))
		if err != nil {
			return plan{}, err
		}
		if err := q.decideCreateProject(ctx, &v); err != nil {
			return plan{}, err
		}
		if created = v.rec.revision == 0; !created {
			answer = q.showProject(v.who, id, &v.rec)
			return plan{}, q.checkRepeatedProject(&v, in)
		}
		v.rec = q.newProject(v.who, in)
		if err := q.checkProjectName(ctx, &v, before); err != nil {
			return plan{}, err
		}
		p := q.planProject(id, projectRecord{}, &v.rec)
		q.planReach(&p, onProject, id, access.Changed(nil, v.rec.Grants))
		answer = q.showProject(v.who, id, &v.rec)
		return p, nil
	})
	return answer, created, err
}

func (q *request) checkCreateProject(in api.CreateProject) error {
	var p problems
	p.newID("id", in.ID, q.clientNow())
	p.name("name", in.Name, maxName)
	switch encryptionOrDefault(in.Encryption) {
	case api.EncryptionClient:
		if in.ID == nil {
			p.add("id", "is missing; the client makes the id of a client project, since its key is bound to it")
		}
		if in.Key == nil {
			p.add("key", "is missing; a client project needs a project key, made by KMS under the client key (or set encryption to server)")
		} else {
			p.newKey("key.", *in.Key)
		}
	case api.EncryptionServer:
		if in.Key != nil {
			p.add("key", "must be left out; a server project has no project key")
		}
	default:
		p.add("encryption", "must be client or server")
	}
	return p.err()
}

// newKey checks a project key as a client sends it; its fields' names begin with the prefix.
func (p *problems) newKey(prefix string, key api.NewProjectKey) {
	if key.ID == uuid.Nil {
		p.add(prefix+"id", missingID)
	}
	if n := len(key.Wrapped); n == 0 || n > maxWrapped {
		p.add(prefix+"wrapped", "is %d bytes long; it must be 1 to %d", n, maxWrapped)
	}
}

func encryptionOrDefault(e *api.Encryption) api.Encryption {
	if e == nil {
		return api.EncryptionClient
	}
	return *e
}

func (q *request) decideCreateProject(ctx context.Context, v *projectSight) error {
	organization, err := q.organizationIn(v.items)
	if err != nil {
		return err
	}
	return q.decide(ctx, v.who, ask{Request: access.Request{
		Action:   access.CreateProject,
		Settings: access.Settings{MembersCreateProjects: organization.MembersCreateProjects},
	}})
}

// checkRepeatedProject decides about a create whose id is used already.
func (q *request) checkRepeatedProject(v *projectSight, in api.CreateProject) error {
	same := v.rec.live() && v.rec.Name == in.Name && v.rec.Encryption == encryptionOrDefault(in.Encryption) &&
		(in.Key == nil || slices.ContainsFunc(v.rec.Keys, func(k projectKeyRecord) bool {
			return k.ID == in.Key.ID && slices.Equal(k.Wrapped, in.Key.Wrapped)
		}))
	if same && q.sees(v.who, v.id, v.rec) {
		return nil
	}
	return api.FieldError(api.CodeConflict, "id", "is used already; make another one for another project")
}

func (q *request) newProject(who identityRecord, in api.CreateProject) projectRecord {
	now := q.now()
	rec := projectRecord{
		Name: in.Name, Encryption: encryptionOrDefault(in.Encryption), AccessTag: 1,
		Grants: access.Grants{{Principal: who.Principal, Permission: access.Manage}},
	}
	if in.Key != nil {
		rec.Keys = []projectKeyRecord{{ID: in.Key.ID, Wrapped: in.Key.Wrapped, CreatedAt: now}}
	}
	rec.CreatedAt = now
	rec.changed(q, now)
	return rec
}

// checkProjectName finds out whether the name was why an attempt was lost.
func (q *request) checkProjectName(ctx context.Context, v *projectSight, before lost) error {
	key := projectEntryKey(q.organization, v.rec.Name)
	if !before[key] {
		return nil
	}
	id, taken, err := q.namedBy(ctx, key)
	if err != nil || !taken || id == v.id {
		return err
	}
	other, err := q.lookProject(ctx, id)
	if err != nil {
		return err
	}
	if q.sees(v.who, id, other.rec) {
		return api.FieldError(api.CodeConflict, "name", "is used by project %s; choose another one", id)
	}
	return api.FieldError(api.CodeConflict, "name", "is used by another project; choose another one")
}

// namedBy is what an entry's name stands for.
func (q *request) namedBy(ctx context.Context, key table.Key) (uuid.UUID, bool, error) {
	item, taken, err := q.table.Get(ctx, key)
	if err != nil || !taken {
		return uuid.Nil, false, err
	}
	var entry entryRecord
	err = fromItem(item, &entry)
	return entry.ID, true, err
}

// planProject says what is to be written of a project: itself under the revision that was read, and its list entry.
func (q *request) planProject(id uuid.UUID, old projectRecord, new *projectRecord) plan {
	p := plan{act: projectAct(id, old, *new)}
	new.revision = table.NextRevision(old.revision, q.Service.now())
	derive := old.Tag != new.Tag
	if derive {
		new.Derived = new.revision
	}
	p.put(toItem(projectKey(id), new.revision, new), table.IfRevision(old.revision))
	if !derive {
		return p
	}
	if new.live() {
		cond := table.IfAbsent()
		if old.live() && old.Name == new.Name {
			cond = table.IfRevision(old.Derived)
		}
		entry := entryRecord{ID: id, CreatedAt: new.CreatedAt, UpdatedAt: new.UpdatedAt}
		p.put(toItem(projectEntryKey(q.organization, new.Name), new.Derived, &entry), cond)
	}
	if old.live() && (!new.live() || old.Name != new.Name) {
		p.delete(projectEntryKey(q.organization, old.Name), table.IfRevision(old.Derived))
	}
	return p
}

// projectAct says what of a project changed.
func projectAct(id uuid.UUID, old, new projectRecord) *act {
	if new.Purged {
		return &act{on: aboutProject(id, old.Name), changed: []string{"purged"}}
	}
	a := &act{on: aboutProject(id, new.Name), grants: changedGrants(old.Grants, new.Grants)}
	a.note(old.revision == 0, "created")
	a.note(old.revision != 0 && old.Name != new.Name, "name")
	a.note(old.revision != 0 && len(old.Keys) != len(new.Keys), "keys")
	a.note(old.revision != 0 && len(a.grants) > 0, "grants")
	a.note(old.TrashedAt.IsZero() && !new.TrashedAt.IsZero(), "trashed")
	a.note(!old.TrashedAt.IsZero() && new.TrashedAt.IsZero(), "restored")
	return a
}
