package secrets_test

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// A question asks something of a service. What is answered is compared with what a release answered.
type question func(ctx context.Context) (any, error)

// questions are what is asked about a golden's data, a minute after it was left: all that the table says of principals,
// projects, secrets, versions, grants, trash, events, seals and reads, and how it is decided by that.
func (w *goldenWorld) questions() map[string]question {
	page := api.Page{Limit: 500}
	owner := w.owner()
	all := map[string]question{
		"organization": func(ctx context.Context) (any, error) { return w.GetOrganization(ctx, owner, w.Organization) },
		"principals": func(ctx context.Context) (any, error) {
			return w.ListPrincipals(ctx, owner, w.Organization, "", page)
		},
		"members":  func(ctx context.Context) (any, error) { return w.ListGroupMembers(ctx, owner, w.IDs["team"], page) },
		"projects": func(ctx context.Context) (any, error) { return w.ListProjects(ctx, owner, w.Organization, page) },
		"secrets": func(ctx context.Context) (any, error) {
			return w.ListSecrets(ctx, owner, w.Organization, secrets.ListSecrets{Page: page})
		},
		"trash": func(ctx context.Context) (any, error) { return w.ListTrash(ctx, owner, w.Organization, page) },
		"first events": func(ctx context.Context) (any, error) {
			return w.ListEvents(ctx, owner, w.Organization, secrets.ListEvents{EventTimes: w.times(w.began(), 3), Page: page})
		},
		"last events": func(ctx context.Context) (any, error) {
			return w.ListEvents(ctx, owner, w.Organization, secrets.ListEvents{EventTimes: w.times(w.Now.Add(-hours(2)), 2), Page: page})
		},
		"seals": func(ctx context.Context) (any, error) {
			return w.ListSeals(ctx, owner, w.Organization, secrets.EventTimes{}, page)
		},
	}
	for _, name := range []string{"owner", "developer", "lead", "former", "auditor", "ci", "stranger"} {
		w.askPrincipal(all, name, page)
	}
	for _, name := range []string{"plain", "demo", "other", "old"} {
		all["project "+name] = func(ctx context.Context) (any, error) { return w.GetProject(ctx, owner, w.IDs[name]) }
		all["grants on "+name] = func(ctx context.Context) (any, error) { return w.GetProjectAccess(ctx, owner, w.IDs[name]) }
	}
	for name := range w.Values {
		w.askSecret(all, name, page)
	}
	return all
}

// askPrincipal asks what somebody is, knows, and may do.
func (w *goldenWorld) askPrincipal(all map[string]question, name string, page api.Page) {
	by := secretstest.Caller(name)
	all["whoami as "+name] = func(ctx context.Context) (any, error) { return w.Whoami(ctx, by) }
	for secret, id := range w.secrets() {
		all["get "+secret+" as "+name] = func(ctx context.Context) (any, error) { return w.GetSecret(ctx, by, id, nil) }
	}
	id, known := w.IDs[name]
	if !known {
		return
	}
	all["reads of "+name] = func(ctx context.Context) (any, error) { return w.ListPrincipalReads(ctx, w.owner(), id, page) }
	all["reach of "+name] = func(ctx context.Context) (any, error) { return w.ListPrincipalAccess(ctx, w.owner(), id, page) }
	for secret, on := range w.secrets() {
		for _, permission := range []access.Permission{access.Read, access.Write, access.Manage} {
			all["explain "+name+" "+permission.String()+" "+secret] = func(ctx context.Context) (any, error) {
				return w.ExplainAccess(ctx, w.owner(), w.Organization, secrets.ExplainAccess{Principal: id, Secret: &on, Permission: permission})
			}
		}
	}
}

// askSecret asks all about a secret but its values.
func (w *goldenWorld) askSecret(all map[string]question, name string, page api.Page) {
	id, owner := w.IDs[name], w.owner()
	all["versions of "+name] = func(ctx context.Context) (any, error) { return w.ListSecretVersions(ctx, owner, id, page) }
	all["events of "+name] = func(ctx context.Context) (any, error) { return w.ListSecretEvents(ctx, owner, id, page) }
	all["grants on "+name] = func(ctx context.Context) (any, error) { return w.GetSecretAccess(ctx, owner, id) }
	all["readers of "+name] = func(ctx context.Context) (any, error) { return w.ListSecretReaders(ctx, owner, id, page) }
	all["who reaches "+name] = func(ctx context.Context) (any, error) { return w.ListSecretPrincipals(ctx, owner, id, page) }
}

// secrets are the ids of all secrets, by name.
func (w *goldenWorld) secrets() map[string]uuid.UUID {
	ids := map[string]uuid.UUID{}
	for name := range w.Values {
		ids[name] = w.IDs[name]
	}
	return ids
}
