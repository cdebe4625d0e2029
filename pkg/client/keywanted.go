package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
)

// wanted gathers the grants that there should be on the client key for one project.
type wanted struct {
	client                *Client
	organization, project uuid.UUID
	clientKey             string
	// holders are the principals, groups too, that have a live grant on the project or on a secret of its, and whether
	// one on the project lets them manage.
	holders map[uuid.UUID]bool
	// grants are by ARN, of which each has one at most; owners are the names of whom ARNs belong to.
	grants  map[string]KeyGrant
	owners  map[string]string
	refused []*IdentityError
	unread  int
}

// wanted begins to gather; nil where there is nothing to gather.
func (c *Client) wanted(ctx context.Context, p Project) (*wanted, error) {
	me, err := c.identity(ctx)
	if err != nil || p.Encryption != api.EncryptionClient {
		return nil, err
	}
	return &wanted{client: c, organization: me.organization, clientKey: me.clientKey, project: p.ID, holders: map[uuid.UUID]bool{}}, nil
}

func (w *wanted) context() map[string]string {
	return clientcrypto.KeyContext(w.organization, w.project)
}

// ours are those of the grants on the key that have one of the project's names.
func (w *wanted) ours(entries []types.GrantListEntry) []KeyGrant {
	var ours []KeyGrant
	for _, entry := range entries {
		if strings.HasPrefix(aws.ToString(entry.Name), keyGrantPrefix(w.project)) {
			ours = append(ours, fromEntry(entry, w.organization, w.project))
		}
	}
	return ours
}

// note takes the live ones of a policy's grants.
func (w *wanted) note(policy []api.Grant, onProject bool) {
	for _, g := range policy {
		if g.ExpiresAt == nil || g.ExpiresAt.After(w.client.serverNow()) {
			w.holders[g.Principal.ID] = w.holders[g.Principal.ID] || onProject && g.Permission == access.Manage
		}
	}
}

func (w *wanted) readProject(ctx context.Context) error {
	policy, _, err := w.client.Access(ctx, Resource{Project: w.project})
	w.note(policy, true)
	return err
}

func (w *wanted) readSecret(ctx context.Context, id uuid.UUID) error {
	policy, _, err := w.client.Access(ctx, Resource{Secret: id})
	w.note(policy, false)
	return err
}

// readersAtOnce is how many policies of secrets are read at a time.
const readersAtOnce = 16

// readSecrets notes the grants on the project's secrets: whoever has one opens its value with the project's key. Secrets whose
// grants the caller may not see are counted.
func (w *wanted) readSecrets(ctx context.Context, progress func(done, of int)) error {
	var ids []uuid.UUID
	for s, err := range w.client.ProjectSecrets(ctx, w.project.String(), "") {
		if err != nil {
			return err
		}
		ids = append(ids, s.ID)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readersAtOnce)
	var mutex sync.Mutex
	done := 0
	for _, id := range ids {
		group.Go(func() error {
			policy, _, err := w.client.Access(ctx, Resource{Secret: id})
			mutex.Lock()
			defer mutex.Unlock()
			w.note(policy, false)
			if done++; progress != nil {
				progress(done, len(ids))
			}
			switch {
			case errors.Is(err, ErrForbidden), errors.Is(err, ErrNotFound): // deleted meanwhile, or no longer the caller's to see
				w.unread++
			default:
				return err
			}
			return nil
		})
	}
	return group.Wait()
}

// signers are the principals themselves, or the members of those that are groups; those that are gone are left out.
func (c *Client) signers(ctx context.Context, principals []uuid.UUID) ([]api.Principal, error) {
	var signers []api.Principal
	for _, id := range principals {
		p, err := c.Principal(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if p.Kind != access.KindGroup {
			signers = append(signers, p)
			continue
		}
		for member, err := range c.Members(ctx, id) {
			if err != nil {
				return nil, err
			}
			signers = append(signers, member)
		}
	}
	return slices.DeleteFunc(signers, func(p api.Principal) bool { return p.Identities == nil }), nil
}

// addAll makes the grants that principals want, and forgets those that it made before.
func (w *wanted) addAll(principals []api.Principal) {
	w.grants, w.owners, w.refused = map[string]KeyGrant{}, map[string]string{}, nil
	for _, p := range principals {
		if p.Identities == nil {
			continue
		}
		for _, i := range *p.Identities {
			w.owners[i.ARN] = p.Name
		}
		if as, manage, ok := w.wants(p); ok {
			w.add(p, as, manage)
		}
	}
}

// wants says whether a user or service account wants the key, whether to manage, and how it is called then. To who is
// disabled, and to auditors, grants give nothing.
func (w *wanted) wants(p api.Principal) (as string, manage, ok bool) {
	if p.Disabled != nil && *p.Disabled || p.Role == access.RoleAuditor {
		return "", false, false
	}
	as = p.Name
	manage, ok = w.holders[p.ID]
	if p.Groups == nil {
		return as, manage, ok
	}
	for _, group := range *p.Groups {
		manages, holds := w.holders[group.ID]
		if holds && !ok {
			as = fmt.Sprintf("%s (group %s)", p.Name, group.Name)
		}
		manage, ok = manage || manages, ok || holds
	}
	return as, manage, ok
}

// add makes one grant for each identity. An ARN that two principals have, which the server does not allow, gets the wider.
func (w *wanted) add(p api.Principal, as string, manage bool) {
	for _, i := range *p.Identities {
		var refused *IdentityError
		if errors.As(checkGrantee(w.clientKey, p, i), &refused) {
			w.refused = append(w.refused, refused)
			continue
		}
		g, ok := w.grants[i.ARN]
		if !ok {
			g = KeyGrant{Organization: w.organization, Project: w.project, ARN: i.ARN}
		}
		g.Manage = g.Manage || manage
		if !slices.Contains(g.For, as) {
			g.For = append(g.For, as)
		}
		w.grants[i.ARN] = g
	}
}

func (w *wanted) finish(plan *KeyPlan, present []KeyGrant) {
	plan.Unread, plan.Refused = w.unread, w.refused
	plan.compare(w.grants, present, w.owners)
}
