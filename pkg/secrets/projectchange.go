package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// UpdateProject renames a project.
func (s *Service) UpdateProject(ctx context.Context, by Caller, id uuid.UUID, match IfMatch, in api.UpdateProject) (
	answer api.Project, err error,
) {
	q := s.begin(by, operation.UpdateProject)
	var wrong problems
	if in.Name != nil {
		wrong.name("name", *in.Name, maxName)
	}
	if err := wrong.err(); err != nil {
		return answer, err
	}
	err = q.change(ctx, func(ctx context.Context, before lost) (p plan, err error) {
		v, err := q.lookProject(ctx, id)
		if err != nil {
			return p, err
		}
		if err := q.decideProject(ctx, &v, access.ChangeProject); err != nil {
			return p, err
		}
		old := v.rec
		defer func() { answer = q.showProject(v.who, id, &v.rec) }()
		if in.Name == nil || *in.Name == old.Name {
			return p, nil
		}
		if err := match.check(old.Tag); err != nil {
			return p, err
		}
		v.rec.Name = *in.Name
		v.rec.changed(q, q.now())
		if err := q.checkProjectName(ctx, &v, before); err != nil {
			return p, err
		}
		return q.planProject(id, old, &v.rec), nil
	})
	return answer, err
}

// DeleteProjects puts projects into the trash, each for itself. What they hold is hidden from then on.
func (s *Service) DeleteProjects(ctx context.Context, by Caller, in api.IDs) (api.BulkResults, error) {
	begin := func() *request { return s.begin(by, operation.DeleteProjects) }
	return s.bulk(ctx, begin, in, func(ctx context.Context, q *request, id uuid.UUID) error {
		return q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
			v, err := q.lookProject(ctx, id, organizationKey(q.organization))
			if err != nil {
				return plan{}, err
			}
			if err := q.decide(ctx, v.who, v.askDelete()); err != nil || !v.rec.live() {
				return plan{}, err
			}
			old, now := v.rec, q.now()
			v.rec.TrashedAt = now
			v.rec.changed(q, now)
			p := q.planProject(id, old, &v.rec)
			err = q.planTrash(&p, v.sight, trashRecord{Kind: onProject, ID: id, Name: v.rec.Name, At: now})
			return p, err
		})
	})
}

// askDelete is the question about putting the project into the trash; for what is there already, or whose tombstone is
// left, who could have put it there may do it again.
func (v *projectSight) askDelete() ask {
	question := v.ask(access.DeleteProject)
	question.evenTrashed = v.rec.revision != 0 && !v.rec.live()
	return question
}
