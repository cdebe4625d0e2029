package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/local"
	rotating "strongroom/pkg/rotation"
)

// A worker is who is to rotate a secret.
type worker struct {
	kind rotating.Kind
	// name is what commands call it by.
	name string
	// id is the principal's; nil where it wasn't looked up, as for those whose names are known.
	id uuid.UUID
}

// is says whether it is that principal.
func (w worker) is(p api.GrantPrincipal) bool {
	if w.id != uuid.Nil {
		return p.ID == w.id
	}
	return p.Name == w.name && p.Kind == access.KindServiceAccount
}

// worker is who is to rotate what that kind rotates: who was named, who must be there and sign requests, or the one that this
// deployment has for it, if it has one.
func (s *session) worker(ctx context.Context, named string, kind rotating.Kind) (worker, error) {
	if named == "" {
		return worker{kind: kind, name: workerOf(s.URL(), kind)}, nil
	}
	w := worker{kind: kind, name: named}
	p, err := s.principal(ctx, named)
	switch {
	case errors.Is(err, client.ErrForbidden): // who may not look principals up has said a name
		return w, nil
	case is[*client.Error](err), err != nil && explain(err).exit != ExitError && explain(err).exit != ExitUsage:
		return w, err
	case err != nil:
		return w, usage("--worker: %w; nothing was set", err)
	case p.Kind == access.KindGroup:
		return w, usage("--worker: %s is a group, which signs no requests; name the service account of the worker", named)
	}
	w.id = p.ID
	return w, nil
}

// workerOf is the service account of a kind's worker, where nobody said otherwise.
func workerOf(server string, kind rotating.Kind) string {
	if onThisMachine(server) {
		return local.Rotation
	}
	return kind.Worker()
}

// sayWorker says what the worker is missing of the two locks. Who may not see that is told how to look.
func (m *Main) sayWorker(ctx context.Context, s *session, text string, id uuid.UUID, w worker) error {
	if onThisMachine(s.URL()) && !slices.Contains(local.Rotated(), w.kind) {
		m.sayf("no worker comes for the rotator %s here: a local server has workers for %s only", w.kind, listed(local.Rotated(), kindText))
		return nil
	}
	all, err := collect(s.SecretPrincipals(ctx, id))
	if errors.Is(err, client.ErrForbidden) {
		m.sayf("whether its worker %s may write it, you may not see; `%s` says it", w.name, pasted("access", "why", w.name, text, "write"))
		return nil
	}
	if err != nil {
		return err
	}
	projects, err := s.projectsOf(ctx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(p api.SecretPrincipal) bool {
		reach, err := access.ParsePermission(string(p.Reach))
		return err == nil && reach >= access.Write && w.is(p.Principal)
	})
	if i < 0 {
		return m.sayGrant(ctx, s, w, id, projects)
	}
	m.sayf("its worker %s may write it", w.name)
	for _, p := range projects {
		m.sayKey(ctx, s, p, all[i])
	}
	return nil
}

// sayGrant says what lets a worker write a secret that it may not write yet.
func (m *Main) sayGrant(ctx context.Context, s *session, w worker, secret uuid.UUID, projects []client.Project) error {
	name := w.name
	if w.id == uuid.Nil { // one of the deployment's
		named, err := s.PrincipalsNamed(ctx, "", name)
		if err != nil && !errors.Is(err, client.ErrForbidden) {
			return err
		}
		if err == nil && !slices.ContainsFunc(named, func(p api.Principal) bool { return p.Kind == access.KindServiceAccount }) {
			m.sayf("its worker %s is not there yet; `strongroom init --workers` makes it, or --worker names another", name)
			return nil
		}
		if len(named) > 1 {
			name = kind{command: "service-account"}.prefix() + name
		}
	}
	on := []string{secret.String()} // it is in no project, or in none that the caller sees
	if len(projects) > 0 {
		on = nil
	}
	for _, p := range projects {
		on = append(on, p.Name)
	}
	for _, resource := range on {
		m.sayf("its worker %s may not write it yet; `%s` gives it that", w.name, pasted("access", "grant", name, "write", resource))
	}
	return nil
}

// sayKey says whether KMS gives the worker a project's key. What can't be found out is no error: the worker will say it.
func (m *Main) sayKey(ctx context.Context, s *session, p client.Project, worker api.SecretPrincipal) {
	if p.Encryption != api.EncryptionClient {
		return
	}
	plan, err := s.KeyPlanner().PlanFor(ctx, p, client.Resource{Project: p.ID}, worker.Principal.ID)
	switch sync := pasted("access", "sync", p.Name); {
	case err != nil:
		m.sayf("whether KMS gives it the key of %q can't be seen from here; `%s --dry-run` says it: %s", p.Name, sync, err)
	case len(plan.Make) > 0:
		m.sayf("KMS does not give it the key of %q yet; `%s` does that", p.Name, sync)
	}
}

// projectsOf are the projects of a secret.
func (s *session) projectsOf(ctx context.Context, secret uuid.UUID) ([]client.Project, error) {
	found, err := s.FindSecret(ctx, secret.String())
	if err != nil {
		return nil, err
	}
	var projects []client.Project
	for _, shown := range found.Projects {
		p, err := s.Resolve(ctx, shown.ID.String())
		if err != nil {
			return nil, err
		}
		projects = append(projects, p)
	}
	return projects, nil
}
