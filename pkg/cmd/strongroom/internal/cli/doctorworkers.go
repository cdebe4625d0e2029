package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/deployed"
	"strongroom/pkg/iampolicy"
	rotating "strongroom/pkg/rotation"
)

const (
	checkWorkers = "workers"
	letIn        = "`strongroom init --outputs FILE --workers` does it; FILE is what make deploy wrote"
	// lookedAt is how many rotations are looked at for what rotates them: those that are due first.
	lookedAt = 1000
)

// workers says whether the workers of the rotations that are set are let in, and by what they come by projects' keys. Where no
// rotation is set there is nothing to say.
func (c *clinic) workers(ctx context.Context, s *session, of aws.Config, account *deployed.Identities, unread error) {
	kinds, err := rotatedBy(ctx, s)
	var accounts []api.Principal
	if err == nil && len(kinds) > 0 {
		accounts, err = collect(s.Principals(ctx, access.KindServiceAccount))
	}
	switch {
	case errors.Is(err, client.ErrForbidden):
		c.note(stateWarn, checkWorkers, "ask an owner, admin or auditor to run doctor", "whether those of the rotations that are set are let in, you may not see")
		return
	case err != nil:
		c.note(stateWarn, checkWorkers, "", "whether those of the rotations that are set are let in can't be said: %s", firstLine(err))
		return
	}
	roles := c.letIn(kinds, accounts)
	if len(roles) == 0 {
		return
	}
	c.workersKey(ctx, s, of, account, unread, roles)
}

// rotatedBy are the kinds of rotators that are set, in the order of their table.
func rotatedBy(ctx context.Context, s *session) (kinds []rotating.Kind, err error) {
	set, n := map[string]bool{}, 0
	for e, err := range s.Rotations(ctx, client.RotationFilter{}) {
		if err != nil {
			return nil, err
		}
		set[e.Rotator] = true
		if n++; n == lookedAt {
			break
		}
	}
	return slices.DeleteFunc(rotating.Kinds(), func(k rotating.Kind) bool { return !set[string(k)] }), nil
}

// letIn says of each kind whether its worker is, and answers the workers' roles.
func (c *clinic) letIn(kinds []rotating.Kind, accounts []api.Principal) (roles []string) {
	var well []string
	for _, kind := range kinds {
		name := kind.Worker()
		i := slices.IndexFunc(accounts, func(p api.Principal) bool { return p.Name == name })
		if i < 0 {
			c.note(stateFail, checkWorkers, letIn, "secrets are rotated by %s, and there is no service account %s to let its worker in as", kind, name)
			continue
		}
		p, bound := accounts[i], workerRoles(accounts[i])
		switch {
		case len(bound) == 0:
			c.note(stateFail, checkWorkers, letIn, "secrets are rotated by %s, and the service account %s is bound to no role under %s", kind, name, rotating.WorkerPath)
		case p.Disabled != nil && *p.Disabled:
			c.note(stateFail, checkWorkers, fmt.Sprintf("`%s` lets it in again", pasted("service-account", "enable", name)),
				"secrets are rotated by %s, and the service account %s is disabled", kind, name)
		default:
			well = append(well, name)
		}
		roles = append(roles, bound...)
	}
	if len(well) > 0 {
		c.note(stateOK, checkWorkers, "", "let in by roles under %s: %s", rotating.WorkerPath, strings.Join(well, ", "))
	}
	return roles
}

// workerRoles are the roles of workers that a service account is bound to.
func workerRoles(p api.Principal) (roles []string) {
	for _, i := range identities(p) {
		if strings.Contains(i.ARN, ":role"+rotating.WorkerPath) {
			roles = append(roles, i.ARN)
		}
	}
	return roles
}

// workersKey says whether the workers' roles come by projects' keys by grants alone: each of those is for one project, is seen and
// ends with the access to it.
func (c *clinic) workersKey(ctx context.Context, s *session, of aws.Config, account *deployed.Identities, unread error, roles []string) {
	const check = "workers' keys"
	_, key, err := s.ClientKey(ctx)
	if err == nil {
		err = unread
	}
	var policy iampolicy.Document
	if err == nil {
		policy, err = deployed.KeyPolicy(ctx, of, key)
	}
	if action, denied := deployed.Denied(err); denied {
		c.note(stateWarn, check, "ask an administrator to run doctor", "whether workers come by them by KMS grants alone can't be said: you are not allowed %s", action)
		return
	}
	if err != nil {
		c.note(stateWarn, check, "", "whether workers come by them by KMS grants alone can't be said: %s", firstLine(err))
		return
	}
	var names []string
	for _, i := range account.KeyUsers(key, policy, roles) {
		names = append(names, i.String())
	}
	if len(names) > 0 {
		c.note(stateFail, check, "take that from the role's policies or the key's: `strongroom access grant` gives a worker a KMS grant for each project",
			"policies let %s use the client key, in every project and whatever was granted: %s", counted(len(names), "worker's role", "workers' roles"), strings.Join(names, ", "))
		return
	}
	gone := slices.DeleteFunc(slices.Clone(roles), account.Has)
	if len(gone) > 0 {
		c.note(stateFail, check, letIn, "%s not in this account any more: %s", counted(len(gone), "role that workers are let in by is", "roles that workers are let in by are"),
			strings.Join(gone, ", "))
		return
	}
	c.note(stateOK, check, "", "no policy lets %s use the client key: KMS grants do, project by project", counted(len(roles), "worker's role", "workers' roles"))
}
