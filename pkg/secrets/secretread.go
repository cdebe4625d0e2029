package secrets

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// GetSecret reads a secret with its value. hint names projects that it is probably in.
func (s *Service) GetSecret(ctx context.Context, by Caller, id uuid.UUID, hint []uuid.UUID) (api.Secret, error) {
	var wrong problems
	wrong.ids("project", hint, 0, maxProjects)
	if err := wrong.err(); err != nil {
		return api.Secret{}, err
	}
	q := s.begin(by, operation.GetSecret)
	v, err := q.lookSecret(ctx, id, hint)
	if err != nil {
		return api.Secret{}, err
	}
	return q.revealSecret(ctx, &v)
}

// revealSecret shows a secret to who may read it, once that is recorded.
func (q *request) revealSecret(ctx context.Context, v *secretSight) (api.Secret, error) {
	if err := q.decideSecret(ctx, v, access.ReadSecret); err != nil {
		return api.Secret{}, err
	}
	shown, err := q.show(ctx, v)
	if err != nil {
		return api.Secret{}, err
	}
	if err := q.record(ctx, *v.act().reveals(v.id, v.rec.Version)); err != nil {
		return api.Secret{}, err
	}
	return shown, nil
}

// act is what happens to the secret.
func (v *secretSight) act() *act { return &act{on: v.about()} }

// GetSecretByName reads the secret that has that name in that project.
func (s *Service) GetSecretByName(ctx context.Context, by Caller, project uuid.UUID, name string) (api.Secret, error) {
	q := s.begin(by, operation.GetSecretByName)
	var wrong problems
	wrong.name("name", name, maxSecretName)
	if err := wrong.err(); err != nil {
		return api.Secret{}, err
	}
	for {
		key := secretEntryKey(projectPK(project), name)
		v, err := q.lookProject(ctx, project, key)
		if err != nil {
			return api.Secret{}, err
		}
		// Who may list the project knows which names are taken; nobody else learns it.
		if err := q.decideProject(ctx, &v, access.ListProjectSecrets); err != nil {
			return api.Secret{}, err
		}
		item, found := v.items[key]
		if !found {
			return api.Secret{}, notFound("secret")
		}
		var entry entryRecord
		if err := fromItem(item, &entry); err != nil {
			return api.Secret{}, err
		}
		secret, err := q.lookSecret(ctx, entry.ID, []uuid.UUID{project})
		if err != nil {
			return api.Secret{}, err
		}
		if secret.rec.Name != name || !slices.Contains(secret.rec.Projects, project) {
			if ctx.Err() != nil {
				return api.Secret{}, unavailable(ctx.Err())
			}
			continue // renamed or moved between the two reads: look again who has the name now
		}
		return q.revealSecret(ctx, &secret)
	}
}

// GetSecretsByIDs reads several secrets with their values: what can't be read is answered per id.
func (s *Service) GetSecretsByIDs(ctx context.Context, by Caller, in api.IDs) (api.Secrets, error) {
	q := s.begin(by, operation.GetSecretsByIDs)
	if err := checkIDs(in); err != nil {
		return api.Secrets{}, err
	}
	var sights []secretSight
	err := q.patiently(ctx, func() (err error) {
		sights, err = q.lookSecrets(ctx, in.IDs)
		return err
	})
	if err != nil {
		return api.Secrets{}, err
	}
	return q.showSecrets(ctx, sights)
}

// lookSecrets reads secrets and all their projects in two round trips. Where any was changed a moment ago, all that decides
// is read once more, and all begins anew unless it is still the same.
func (q *request) lookSecrets(ctx context.Context, ids []uuid.UUID) ([]secretSight, error) {
	keys := make([]table.Key, len(ids))
	for i, id := range ids {
		keys[i] = secretKey(id)
	}
	seen, err := q.look(ctx, keys...)
	if err != nil {
		return nil, err
	}
	sights := make([]secretSight, len(ids))
	var in collection
	for i, id := range ids {
		if sights[i], err = q.understand(id, seen); err != nil {
			return nil, err
		}
		in.add(sights[i].rec.Projects...)
	}
	items, err := q.table.BatchGet(ctx, projectKeys(in.ids))
	if err != nil {
		return nil, err
	}
	for i := range sights {
		if err := sights[i].readProjects(items); err != nil {
			return nil, err
		}
	}
	if q.fresh(newest(seen.items)) || q.fresh(newest(items)) {
		err = q.checkUnchanged(ctx, seen.items, items)
	}
	return sights, err
}

// checkUnchanged reads what decided once more, and asks for another try unless every revision is the same. What was
// not there must still be missing.
func (q *request) checkUnchanged(ctx context.Context, read ...map[table.Key]table.Item) error {
	var keys []table.Key
	revisions := map[table.Key]int64{}
	for _, items := range read {
		for key, item := range items {
			keys = append(keys, key)
			revisions[key] = item.Revision
		}
	}
	for _, key := range q.callerKeys() {
		if _, ok := revisions[key]; !ok {
			keys = append(keys, key)
		}
	}
	now, err := q.table.BatchGet(ctx, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if now[key].Revision != revisions[key] {
			return errAgain
		}
	}
	return nil
}

// showSecrets decides about each secret, and shows as many as fit into an answer, once that is recorded: in one event for
// all that was read, and one for all that was refused.
func (q *request) showSecrets(ctx context.Context, sights []secretSight) (api.Secrets, error) {
	answer := api.Secrets{Data: []api.Secret{}, Errors: []api.SecretError{}}
	room := maxBulkAnswerSize
	var read, refused act
	var why []access.Reason
	for i := range sights {
		v := &sights[i]
		question := v.ask(access.ReadSecret)
		decision := q.judge(v.who, question)
		shown, err := api.Secret{}, error(nil)
		if decision.Allowed {
			shown, err = q.show(ctx, v)
		} else {
			refused.refused, why = append(refused.refused, v.id), append(why, decision.Reasons...)
			err = question.refusal(decision)
		}
		if n := size(shown); err == nil && n > room {
			err = api.Errorf(api.CodeTooLarge, "does not fit into one answer with the others; ask for it again")
		} else if err == nil {
			room -= n
			answer.Data = append(answer.Data, shown)
			q.allowed = append(q.allowed, decision.Reasons...)
			read.reveals(v.id, v.rec.Version)
			continue
		}
		failed, err := bulkError(err)
		if err != nil {
			return answer, err
		}
		answer.Errors = append(answer.Errors, api.SecretError{ID: v.id, Error: *failed})
	}
	if len(refused.refused) > 0 {
		if err := q.recordAll(ctx, audit.Denied, inWords(why), refused); err != nil {
			return api.Secrets{}, err
		}
	}
	if len(read.values) == 0 {
		return answer, nil
	}
	if err := q.record(ctx, read); err != nil {
		return api.Secrets{}, err
	}
	return answer, nil
}
