package secrets

import (
	"context"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// RestoreFromTrash takes projects and secrets out of the trash, each for itself and projects first, so that secrets find
// theirs. A secret comes back into those of its projects that live. What is not in the trash stays as it is.
func (s *Service) RestoreFromTrash(ctx context.Context, by Caller, organization uuid.UUID, in api.RestoreFromTrash) (
	api.BulkResults, error,
) {
	q := s.begin(by, operation.RestoreFromTrash)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return api.BulkResults{}, err
	}
	var wrong problems
	wrong.ids("ids", in.IDs, 1, api.MaxIDs)
	if in.Name != nil {
		wrong.name("name", *in.Name, maxSecretName)
		if len(in.IDs) > 1 {
			wrong.add("name", "goes with one id: no two things of %d can have the same name", len(in.IDs))
		}
	}
	if err := wrong.err(); err != nil {
		return api.BulkResults{}, err
	}
	return q.bulkTrash(ctx, in.IDs, trashWork{
		project: func(ctx context.Context, q *request, id uuid.UUID, before lost) (plan, error) {
			return q.restoreProject(ctx, id, in.Name, before)
		},
		secret: func(ctx context.Context, q *request, id uuid.UUID, before lost) (plan, error) {
			return q.restoreSecret(ctx, id, in.Name, before)
		},
	})
}

// trashWork is one attempt at what is to be done with a project, and with a secret.
type trashWork struct {
	project, secret func(context.Context, *request, uuid.UUID, lost) (plan, error)
}

// bulkTrash does it with all projects among the ids, then with all else, and answers in the order asked.
func (q *request) bulkTrash(ctx context.Context, ids []uuid.UUID, do trashWork) (api.BulkResults, error) {
	seen, err := q.look(ctx, projectKeys(ids)...)
	if err != nil {
		return api.BulkResults{}, err
	}
	var projects, others []uuid.UUID
	for _, id := range ids {
		if _, ok := seen.items[projectKey(id)]; ok {
			projects = append(projects, id)
		} else {
			others = append(others, id)
		}
	}
	results := map[uuid.UUID]api.BulkResult{}
	for _, part := range []struct {
		ids  []uuid.UUID
		work func(context.Context, *request, uuid.UUID, lost) (plan, error)
	}{{projects, do.project}, {others, do.secret}} {
		if len(part.ids) == 0 {
			continue
		}
		begin := func() *request { return q.begin(q.caller, q.name) }
		done, err := q.bulk(ctx, begin, api.IDs{IDs: part.ids}, func(ctx context.Context, q *request, id uuid.UUID) error {
			return q.change(ctx, func(ctx context.Context, before lost) (plan, error) { return part.work(ctx, q, id, before) })
		})
		if err != nil {
			return api.BulkResults{}, err
		}
		for _, result := range done.Data {
			results[result.ID] = result
		}
	}
	answer := api.BulkResults{Data: make([]api.BulkResult, len(ids))}
	for i, id := range ids {
		answer.Data[i] = results[id]
	}
	return answer, nil
}

// notInTrash is what is told of an id that is nothing in the trash, or nothing that the caller may know of.
func notInTrash() *api.Error {
	return api.Errorf(api.CodeNotFound, "nothing in the trash has this id, or nothing that you may see there")
}

func (q *request) restoreProject(ctx context.Context, id uuid.UUID, name *string, before lost) (plan, error) {
	v, err := q.lookProject(ctx, id)
	if err != nil {
		return plan{}, err
	}
	question := v.askDelete()
	question.shownTrash, question.gone = v.who.seesAll(), notInTrash()
	if err := q.decide(ctx, v.who, question); err != nil || v.rec.live() {
		return plan{}, err
	}
	if v.rec.Purged {
		return plan{}, notInTrash()
	}
	old := v.rec
	if name != nil {
		var wrong problems
		if wrong.name("name", *name, maxName); len(wrong) > 0 {
			return plan{}, wrong.err()
		}
		v.rec.Name = *name
	}
	v.rec.TrashedAt = time.Time{}
	v.rec.changed(q, q.now())
	if err := q.checkProjectName(ctx, &v, before); err != nil {
		return plan{}, err
	}
	p := q.planProject(id, old, &v.rec)
	p.delete(trashKey(q.organization, old.TrashedAt, id), table.Unconditional())
	return p, nil
}

func (q *request) restoreSecret(ctx context.Context, id uuid.UUID, name *string, before lost) (plan, error) {
	v, err := q.lookSecret(ctx, id, nil)
	if err != nil {
		return plan{}, err
	}
	if !v.found {
		return plan{}, q.decideNothing(ctx, id)
	}
	question := v.askDelete()
	question.shownTrash, question.gone = v.who.seesAll(), notInTrash()
	if err := q.decide(ctx, v.who, question); err != nil || v.rec.TrashedAt.IsZero() {
		return plan{}, err
	}
	if v.rec.Purged {
		return plan{}, notInTrash()
	}
	old := v.rec
	if err := v.revive(name); err != nil {
		return plan{}, err
	}
	v.rec.UpdatedBy = v.who.actor()
	v.rec.changed(q, q.now())
	advice := "restore it with another name"
	if v.rec.Encryption == api.EncryptionClient {
		advice = "rename or delete that one first: a client-encrypted secret keeps the name that its value is bound to"
	}
	if err := q.checkNames(ctx, &v, before, advice); err != nil {
		return plan{}, err
	}
	p := q.planSecret(&secretChange{id: id, old: &old, new: &v.rec})
	p.delete(trashKey(q.organization, old.TrashedAt, id), table.Unconditional())
	return p, nil
}

// revive makes of the secret in the trash what it is to be outside of it.
func (v *secretSight) revive(name *string) error {
	client := v.rec.Encryption == api.EncryptionClient
	if name != nil && *name != v.rec.Name && client {
		return api.FieldError(api.CodeConflict, "name",
			"can't be another one: a client-encrypted value is bound to its name, %q; free that name, restore the secret, then rename it",
			v.rec.Name)
	}
	v.rec.keep(func(id uuid.UUID) bool { return v.projects[id].live() })
	if client && len(v.rec.Projects) == 0 {
		return api.Errorf(api.CodeConflict,
			"none of the projects that the secret was in lives; a client-encrypted secret can't be in none: restore one of them first, "+
				"or together with it")
	}
	if name != nil {
		v.rec.Name = *name
	}
	v.rec.TrashedAt = time.Time{}
	return nil
}

// keep takes the secret out of all other projects.
func (rec *secretRecord) keep(stays func(uuid.UUID) bool) {
	var projects, keys []uuid.UUID
	for i, id := range rec.Projects {
		if !stays(id) {
			continue
		}
		projects = append(projects, id)
		if i < len(rec.Keys) {
			keys = append(keys, rec.Keys[i])
		}
	}
	rec.Projects, rec.Keys = projects, keys
}
