package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/envelope"
	"strongroom/pkg/operation"
)

// CreateSecret stores a new secret. created is false where the request only repeats an earlier one.
func (s *Service) CreateSecret(ctx context.Context, by Caller, organization uuid.UUID, in api.CreateSecret) (
	answer api.Secret, created bool, err error,
) {
	q := s.begin(by, operation.CreateSecret)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return answer, false, err
	}
	if err := q.checkCreateSecret(in); err != nil {
		return answer, false, err
	}
	id := orNew(in.ID)
	err = q.change(ctx, func(ctx context.Context, before lost) (p plan, err error) {
		v, err := q.lookSecret(ctx, id, in.ProjectIDs)
		if err != nil {
			return p, err
		}
		var c *secretChange
		if created = !v.found; created {
			c, err = q.createSecret(ctx, &v, in, before)
		} else {
			err = q.checkRepeated(ctx, &v, in)
		}
		if err != nil {
			return p, err
		}
		answer, err = q.show(ctx, &v)
		return q.planShown(&v, c), err
	})
	if err != nil {
		return api.Secret{}, false, err
	}
	return answer, created, nil
}

// createSecret turns v into the new secret.
func (q *request) createSecret(ctx context.Context, v *secretSight, in api.CreateSecret, before lost) (_ *secretChange, err error) {
	if err := q.decideCreate(ctx, v, in); err != nil {
		return nil, err
	}
	if v.rec, err = q.newSecret(ctx, v, in); err != nil {
		return nil, err
	}
	if err := q.checkNames(ctx, v, before, chooseAnother); err != nil {
		return nil, err
	}
	v.found = true
	version, err := q.replaceValue(ctx, v, *in.Value, 0)
	return &secretChange{id: v.id, new: &v.rec, version: version}, err
}

func (q *request) checkCreateSecret(in api.CreateSecret) error {
	var p problems
	p.newID("id", in.ID, q.clientNow())
	p.name("name", in.Name, maxSecretName)
	if in.Value == nil {
		p.add("value", "is missing; it may be empty, but it must be there")
	} else {
		p.text("value", *in.Value, maxClientValue)
	}
	if in.Note != nil {
		p.text("note", *in.Note, maxNote)
	}
	p.ids("projectIds", in.ProjectIDs, 0, maxProjects)
	return p.err()
}

// decideCreate decides about a secret in those projects.
func (q *request) decideCreate(ctx context.Context, v *secretSight, in api.CreateSecret) error {
	return q.decide(ctx, v.who, ask{
		Request:    access.Request{Action: access.CreateSecret, Added: v.named(in.ProjectIDs)},
		addedField: "projectIds", about: aboutSecret(v.id, in.Name),
	})
}

// newSecret is the record of a new secret, but for its value.
func (q *request) newSecret(ctx context.Context, v *secretSight, in api.CreateSecret) (secretRecord, error) {
	encryption, err := v.encryptionOf(in.ProjectIDs, "projectIds")
	if err != nil {
		return secretRecord{}, err
	}
	if encryption == api.EncryptionClient && in.ID == nil {
		return secretRecord{}, api.FieldError(api.CodeInvalid, "id",
			"is missing; the client makes the id of a client-encrypted secret, since the value is bound to it")
	}
	now := q.now()
	rec := secretRecord{
		Name: in.Name, Encryption: encryption, Projects: sortedIDs(in.ProjectIDs),
		CreatedBy: v.who.actor(), UpdatedBy: v.who.actor(),
	}
	rec.CreatedAt = now
	rec.changed(q, now)
	if err := q.checkValue(v, &rec, *in.Value); err != nil {
		return secretRecord{}, err
	}
	if in.Note != nil {
		err = q.setNote(ctx, v.id, &rec, *in.Note)
	}
	return rec, err
}

// setNote seals the note under a number of its own.
func (q *request) setNote(ctx context.Context, id uuid.UUID, rec *secretRecord, note string) (err error) {
	rec.NoteNumber++
	rec.Note = nil
	if note != "" {
		rec.Note, err = q.seal(ctx, q.place(id, envelope.PurposeNote, rec.NoteNumber), note)
	}
	return err
}

// encryptionOf is the one encryption that all those projects have; in no project it is the server's.
func (v *secretSight) encryptionOf(projects []uuid.UUID, field string) (api.Encryption, error) {
	encryption := api.EncryptionServer
	for i, id := range projects {
		kind := v.projects[id].Encryption
		if i > 0 && kind != encryption {
			return "", api.FieldError(api.CodeInvalid, field,
				"names projects of both kinds of encryption; a secret is in client projects or in server projects, never both")
		}
		encryption = kind
	}
	return encryption, nil
}

// checkValue checks a new value against what the record says by then: its size, and in client projects that it was
// encrypted for exactly this secret, name and live projects.
func (q *request) checkValue(v *secretSight, rec *secretRecord, value string) error {
	if rec.Encryption == api.EncryptionServer {
		var p problems
		p.text("value", value, maxValue)
		return p.err()
	}
	if err := q.checkEncrypted(v, rec, value); err != nil {
		return api.FieldError(api.CodeInvalid, "value", "%s", err)
	}
	return nil
}

func (q *request) checkEncrypted(v *secretSight, rec *secretRecord, value string) error {
	message, err := clientcrypto.Inspect(value)
	if err != nil {
		return err
	}
	want := clientcrypto.Binding{
		Organization: q.organization, Secret: v.id, Name: rec.Name, Projects: sortedIDs(v.live(rec.Projects)),
	}
	keys := map[uuid.UUID]uuid.UUID{}
	for _, id := range want.Projects {
		keys[id] = v.projects[id].currentKey()
	}
	err = message.Check(want, keys)
	var mismatch *clientcrypto.MismatchError
	if errors.As(err, &mismatch) {
		mismatch.Hide(func(id uuid.UUID) bool { return !q.sees(v.who, id, v.projects[id]) })
	}
	return err
}

// checkRepeated decides about a create whose id is used already. It is a repetition where the caller may read the secret
// and it is what this request would make. Who may not create is told that, and nothing about the id.
func (q *request) checkRepeated(ctx context.Context, v *secretSight, in api.CreateSecret) error {
	decision := q.judge(v.who, v.ask(access.ReadSecret))
	if decision.Allowed {
		same, err := q.isWhat(ctx, v, in)
		if same || err != nil {
			q.allowed = append(q.allowed, decision.Reasons...)
			return err
		}
	}
	if err := q.decideCreate(ctx, v, in); err != nil {
		return err
	}
	return api.FieldError(api.CodeConflict, "id", "is used already; make another one for another secret")
}

// isWhat says whether the secret is what the request would make.
func (q *request) isWhat(ctx context.Context, v *secretSight, in api.CreateSecret) (bool, error) {
	shown, err := q.show(ctx, v)
	return err == nil && shown.Name == in.Name && shown.Value == *in.Value && shown.Note == valueOr(in.Note) &&
		slices.Equal(v.rec.Projects, sortedIDs(in.ProjectIDs)), err
}

// chooseAnother is the advice where a name is taken.
const chooseAnother = "choose another one"

// checkNames finds out whether the name was why an attempt was lost, and says who holds it where the caller may know, with
// some advice.
func (q *request) checkNames(ctx context.Context, v *secretSight, before lost, advice string) error {
	homes := []string{unassignedPK(q.organization)}
	for _, id := range v.rec.Projects {
		homes = append(homes, projectPK(id))
	}
	for _, home := range homes {
		key := secretEntryKey(home, v.rec.Name)
		if !before[key] {
			continue
		}
		item, taken, err := q.table.Get(ctx, key)
		if err != nil {
			return err
		}
		if !taken {
			continue
		}
		var entry entryRecord
		if err := fromItem(item, &entry); err != nil {
			return err
		}
		if entry.ID != v.id {
			return api.FieldError(api.CodeConflict, "name", "%s; %s", q.holder(v, home, entry.ID), advice)
		}
	}
	return nil
}

// holder says what has a name in a home. Who may write to a project sees what is in it.
func (q *request) holder(v *secretSight, home string, secret uuid.UUID) string {
	for _, id := range v.rec.Projects {
		p := v.projects[id]
		if projectPK(id) == home && q.sees(v.who, id, p) {
			return fmt.Sprintf("is used in project %q by secret %s", p.Name, secret)
		}
	}
	return "is used by another secret"
}

// sortedIDs is a sorted copy.
func sortedIDs(ids []uuid.UUID) []uuid.UUID {
	sorted := slices.Clone(ids)
	slices.SortFunc(sorted, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return sorted
}
