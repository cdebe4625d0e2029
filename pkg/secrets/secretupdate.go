package secrets

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/envelope"
	"strongroom/pkg/operation"
)

// UpdateSecret is a request to update-secret: which secret, under which condition, and what to change.
type UpdateSecret struct {
	ID    uuid.UUID
	Match IfMatch
	// Hint names projects that the secret is probably in.
	Hint []uuid.UUID
	api.UpdateSecret
}

// UpdateSecret changes a secret's name, value, note or projects.
func (s *Service) UpdateSecret(ctx context.Context, by Caller, in UpdateSecret) (answer api.Secret, err error) {
	q := s.begin(by, operation.UpdateSecret)
	if err := checkUpdateSecret(in); err != nil {
		return answer, err
	}
	err = q.change(ctx, func(ctx context.Context, before lost) (plan, error) {
		v, err := q.lookSecret(ctx, in.ID, union(in.Hint, in.AddProjectIDs, in.RemoveProjectIDs))
		if err != nil {
			return plan{}, err
		}
		c, err := q.updateSecret(ctx, &v, in, before)
		if err != nil {
			return plan{}, err
		}
		answer, err = q.show(ctx, &v)
		return q.planShown(&v, c), err
	})
	if err != nil {
		return api.Secret{}, err
	}
	return answer, nil
}

func checkUpdateSecret(in UpdateSecret) error {
	var p problems
	if in.Name != nil {
		p.name("name", *in.Name, maxSecretName)
	}
	if in.Value != nil {
		p.text("value", *in.Value, maxClientValue)
	}
	if in.Note != nil {
		p.text("note", *in.Note, maxNote)
	}
	p.ids("project", in.Hint, 0, maxProjects)
	p.ids("addProjectIds", in.AddProjectIDs, 0, maxProjects)
	p.ids("removeProjectIds", in.RemoveProjectIDs, 0, maxProjects)
	for _, id := range in.AddProjectIDs {
		if slices.Contains(in.RemoveProjectIDs, id) {
			p.add("removeProjectIds", "has a project that addProjectIds has too")
		}
	}
	if in.RestoredFrom != nil && in.Value == nil {
		p.add("restoredFrom", "goes with a value: send the old version's value anew")
	}
	return p.err()
}

// updateSecret decides about an update, and turns v.rec into what the secret is to be; nil where
// it is that already.
func (q *request) updateSecret(ctx context.Context, v *secretSight, in UpdateSecret, before lost) (*secretChange, error) {
	if err := q.decideUpdate(ctx, v, in); err != nil {
		return nil, err
	}
	old := v.rec
	changes, err := q.edit(ctx, v, in)
	if err != nil || !changes.any() {
		return nil, err
	}
	if err := in.Match.check(old.Tag); err != nil {
		return nil, err
	}
	if err := q.checkUpdated(v, &old, in, changes); err != nil {
		return nil, err
	}
	if err := q.checkNames(ctx, v, before, chooseAnother); err != nil {
		return nil, err
	}
	c := &secretChange{id: v.id, old: &old, new: &v.rec}
	v.rec.UpdatedBy = v.who.actor()
	v.rec.changed(q, q.now())
	if changes.value {
		if c.version, err = q.replaceValue(ctx, v, *in.Value, valueOr(in.RestoredFrom)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// decideUpdate asks for everything that the request names, whether or not it is so already: what an answer would tell
// needs the same right as doing it.
func (q *request) decideUpdate(ctx context.Context, v *secretSight, in UpdateSecret) error {
	if err := q.decideSecret(ctx, v, access.WriteSecret); err != nil {
		return err
	}
	if in.Name != nil && *in.Name != v.rec.Name {
		if err := q.decideSecret(ctx, v, access.RenameSecret); err != nil {
			return err
		}
	}
	if len(in.AddProjectIDs)+len(in.RemoveProjectIDs) == 0 {
		return nil
	}
	if err := q.decide(ctx, v.who, ask{
		Request:    access.Request{Action: access.MoveSecret, Secret: v.access(), Added: v.named(in.AddProjectIDs)},
		addedField: "addProjectIds", about: v.about(),
	}); err != nil {
		return err
	}
	for i, id := range in.RemoveProjectIDs {
		if !q.sees(v.who, id, v.projects[id]) {
			return api.FieldError(api.CodeNotFound, indexed("removeProjectIds", i), "no such project, or none that you may see")
		}
	}
	return nil
}

// changes says what of a secret an update would change.
type changes struct{ name, value, note, projects bool }

func (c changes) any() bool { return c.name || c.value || c.note || c.projects }

// edit puts the new name, note and projects into v.rec, and says what differs.
func (q *request) edit(ctx context.Context, v *secretSight, in UpdateSecret) (c changes, err error) {
	rec := &v.rec
	if in.Name != nil && *in.Name != rec.Name {
		c.name, rec.Name = true, *in.Name
	}
	projects := slices.DeleteFunc(slices.Clone(rec.Projects), func(id uuid.UUID) bool {
		return slices.Contains(in.RemoveProjectIDs, id)
	})
	projects = sortedIDs(union(projects, in.AddProjectIDs))
	if !slices.Equal(projects, rec.Projects) {
		c.projects, rec.Projects = true, projects
	}
	if in.Value != nil {
		current, err := q.open(ctx, q.place(v.id, envelope.PurposeValue, rec.Version), rec.Value)
		if err != nil && !damaged(err) {
			return c, err
		}
		c.value = err != nil || current != *in.Value // what can't be opened can still be replaced
	}
	if in.Note != nil {
		note, err := q.openNote(ctx, v)
		if err != nil {
			return c, err
		}
		if c.note = note != *in.Note; c.note {
			err = q.setNote(ctx, v.id, rec, *in.Note)
		}
		return c, err
	}
	return c, nil
}

// checkUpdated checks what the secret would be against the rules of encryption and the limits.
func (q *request) checkUpdated(v *secretSight, old *secretRecord, in UpdateSecret, c changes) error {
	if n := len(v.rec.Projects); n > maxProjects {
		return api.FieldError(api.CodeInvalid, "addProjectIds", "would put the secret into %d projects; at most %d are allowed", n, maxProjects)
	}
	for i, id := range in.AddProjectIDs {
		if v.projects[id].Encryption != old.Encryption {
			return api.FieldError(api.CodeInvalid, indexed("addProjectIds", i),
				"is a %s project, and the secret is encrypted by the %s; make a copy of the secret there instead",
				v.projects[id].Encryption, old.Encryption)
		}
	}
	if in.RestoredFrom != nil && (*in.RestoredFrom < old.Oldest || *in.RestoredFrom > old.Version) {
		return api.FieldError(api.CodeNotFound, "restoredFrom", "the secret has no version %d", *in.RestoredFrom)
	}
	if old.Encryption == api.EncryptionClient {
		if len(v.rec.Projects) == 0 {
			return api.FieldError(api.CodeInvalid, "removeProjectIds",
				"would leave a client-encrypted secret in no project; delete it, or add it to another project first")
		}
		if (c.name || c.projects) && !c.value {
			return api.FieldError(api.CodeInvalid, "value",
				"is missing; a client-encrypted value is bound to its name and projects: encrypt it anew and send it in the same request")
		}
	}
	if !c.value {
		return nil
	}
	return q.checkValue(v, &v.rec, *in.Value)
}

// replaceValue makes a new version with the value, which was checked, the current one.
func (q *request) replaceValue(ctx context.Context, v *secretSight, value string, restoredFrom int64) (*versionRecord, error) {
	version := q.nextVersion(&v.rec, v.who.actor(), restoredFrom)
	sealed, err := q.seal(ctx, q.place(v.id, envelope.PurposeValue, v.rec.Version), value)
	v.rec.Value, v.rec.Keys = sealed, v.currentKeys()
	return version, err
}

// currentKeys are the project keys that a client-encrypted value must be under now, in the order of the secret's projects;
// the nil id where a project is in the trash.
func (v *secretSight) currentKeys() []uuid.UUID {
	if v.rec.Encryption != api.EncryptionClient {
		return nil
	}
	keys := make([]uuid.UUID, len(v.rec.Projects))
	for i, id := range v.rec.Projects {
		if p := v.projects[id]; p.live() {
			keys[i] = p.currentKey()
		}
	}
	return keys
}

func valueOr[T any](p *T) (zero T) {
	if p != nil {
		return *p
	}
	return zero
}
