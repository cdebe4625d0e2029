package secrets

import (
	"context"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

// An explainer shows reasons with the names of what they are about, as things are at one moment.
type explainer struct {
	q     *request
	now   time.Time
	names map[uuid.UUID]string
}

func (q *request) explainer() *explainer {
	return &explainer{q: q, now: q.now(), names: map[uuid.UUID]string{}}
}

// learn notes what a thing is called.
func (x *explainer) learn(id uuid.UUID, name string) { x.names[id] = name }

func (x *explainer) learnProjects(projects map[uuid.UUID]projectRecord) {
	for id, p := range projects {
		x.learn(id, p.Name)
	}
}

// learnGroups finds out what the groups are called that reasons go through: at most one read, however many reasons.
func (x *explainer) learnGroups(ctx context.Context, why ...[]access.Reason) error {
	var unknown collection
	for _, reasons := range why {
		for _, r := range reasons {
			if _, known := x.names[r.Via]; !known && r.Cause == access.CauseGrant && r.Kind == access.KindGroup {
				unknown.add(r.Via)
			}
		}
	}
	names, err := x.q.principalNames(ctx, unknown.ids)
	for _, id := range unknown.ids {
		x.learn(id, names[id]) // empty for one that was deleted a moment ago
	}
	return err
}

// name is what a thing is called; its id where that is not known.
func (x *explainer) name(id uuid.UUID) string {
	if name := x.names[id]; name != "" {
		return name
	}
	return id.String()
}

func (x *explainer) resource(kind access.Resource, id uuid.UUID) api.AccessResource {
	return api.AccessResource{Kind: kind, ID: id, Name: x.names[id]}
}

// show is reasons about a principal as they are answered.
func (x *explainer) show(subject uuid.UUID, why []access.Reason) []api.AccessReason {
	shown := make([]api.AccessReason, len(why))
	for i, r := range why {
		shown[i] = x.showOne(subject, r)
	}
	return shown
}

func (x *explainer) showOne(subject uuid.UUID, r access.Reason) api.AccessReason {
	shown := api.AccessReason{
		Cause: r.Cause, Role: r.Role, Permission: orNone(r.Permission), Has: orNone(r.Has), ExpiresAt: orNever(r.ExpiresAt),
	}
	if r.Resource != uuid.Nil {
		resource := x.resource(r.On, r.Resource)
		shown.Resource = &resource
	}
	if r.Cause == access.CauseGrant && r.Via != subject {
		shown.Group = &api.Reference{ID: r.Via, Name: x.names[r.Via]}
	}
	return shown
}

func orNone(p access.Permission) *access.Permission {
	if p == access.None {
		return nil
	}
	return &p
}
