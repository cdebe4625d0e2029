package client

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// Limits of grants on one KMS key: AWS's, and the number from which on a person should know
// (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html).
const (
	MaxKeyGrants  = 50_000
	ManyKeyGrants = 40_000
)

// A KeyPlan is what is to be done so that the grants on the client key are those that Strongroom's grants ask for.
type KeyPlan struct {
	Project Project
	// Make and Remove are to be done, Keep is right as it is.
	Make, Remove, Keep []KeyGrant
	// Unread is how many policies, of secrets or of the project itself, the caller may not see. Then nothing is removed,
	// since those may ask for it: what would have been is Left.
	Unread int
	Left   []KeyGrant
	// Refused are identities that no key is given to.
	Refused []*IdentityError
	// Present is how many grants there are on the key, and Foreign how many of them open the project's keys and were not
	// made here. Both are zero where only some grants were looked at.
	Present, Foreign int
}

// Empty says that nothing is to be done.
func (p KeyPlan) Empty() bool { return len(p.Make)+len(p.Remove) == 0 }

// And is what both plans say is to be done: a plan that somebody agreed to, and one made again after that.
func (p KeyPlan) And(again KeyPlan) KeyPlan {
	in := func(list []KeyGrant) func(KeyGrant) bool {
		return func(g KeyGrant) bool { return !slices.ContainsFunc(list, g.same) }
	}
	again.Make = slices.DeleteFunc(slices.Clone(again.Make), in(p.Make))
	again.Remove = slices.DeleteFunc(slices.Clone(again.Remove), in(p.Remove))
	return again
}

// compare fills in what is to be made and removed. A grant that is there twice is kept once.
func (p *KeyPlan) compare(wanted map[string]KeyGrant, present []KeyGrant, owners map[string]string) {
	missing := maps.Clone(wanted)
	for _, g := range present {
		w, ok := missing[g.ARN]
		enough := w.Manage == g.Manage || g.Manage && p.Unread > 0 // where the wider one stays, it does
		if ok && enough && !g.Strange {
			delete(missing, g.ARN)
			g.For = w.For
			p.Keep = append(p.Keep, g)
			continue
		}
		if owner, ok := owners[g.ARN]; ok {
			g.For = []string{owner}
		}
		if p.Unread == 0 {
			p.Remove = append(p.Remove, g)
		} else {
			p.Left = append(p.Left, g)
		}
	}
	p.Make = slices.Collect(maps.Values(missing))
	for _, list := range [][]KeyGrant{p.Make, p.Remove, p.Keep, p.Left} {
		slices.SortFunc(list, func(a, b KeyGrant) int { return strings.Compare(a.ARN+a.Name()+a.id, b.ARN+b.Name()+b.id) })
	}
}

// A KeyPlanner makes plans for several projects, and asks for the grants on the key and for the principals once. It is
// for one use, soon and by one goroutine: what it was told grows old.
type KeyPlanner struct {
	// Progress, where it is set, is told how many of a project's secrets were looked at.
	Progress func(done, of int)

	client    *Client
	listed    bool
	present   []types.GrantListEntry
	everybody []api.Principal
}

// KeyPlanner makes one.
func (c *Client) KeyPlanner() *KeyPlanner { return &KeyPlanner{client: c} }

// PlanKeyGrants is a plan for one project: KeyPlanner's Plan, or with principals its PlanFor.
func (c *Client) PlanKeyGrants(ctx context.Context, project string, principals ...uuid.UUID) (KeyPlan, error) {
	p, err := c.Resolve(ctx, project)
	if err != nil {
		return KeyPlan{}, err
	}
	if len(principals) > 0 {
		return c.KeyPlanner().PlanFor(ctx, p, Resource{Project: p.ID}, principals...)
	}
	return c.KeyPlanner().Plan(ctx, p)
}

// Plan compares what is wanted, the union over all live grants on the project and on its secrets, through groups, for
// principals that are not disabled, with what is there. It needs manage on the project, a user of Strongroom to ask, who
// may list principals, and kms:ListGrants. A project whose values the server encrypts wants none.
func (k *KeyPlanner) Plan(ctx context.Context, p Project) (KeyPlan, error) {
	plan := KeyPlan{Project: p}
	w, err := k.client.wanted(ctx, p)
	if err != nil || w == nil {
		return plan, err
	}
	// What is there is looked at before what is wanted: whoever shares meanwhile opens the first lock before the second,
	// so that every grant that is seen here has its reason seen, too.
	present, err := k.presentOf(ctx, w, &plan)
	if err != nil {
		return plan, err
	}
	if err := w.readProject(ctx); err != nil {
		return plan, err
	}
	if err := w.readSecrets(ctx, k.Progress); err != nil {
		return plan, err
	}
	if k.everybody == nil {
		for principal, err := range k.client.Principals(ctx, "") {
			if err != nil {
				return plan, err
			}
			k.everybody = append(k.everybody, principal)
		}
	}
	w.addAll(k.everybody)
	w.finish(&plan, present)
	return plan, nil
}

// presentOf are the grants on the key that are a project's; the plan is told of the others.
func (k *KeyPlanner) presentOf(ctx context.Context, w *wanted, plan *KeyPlan) ([]KeyGrant, error) {
	if !k.listed {
		all, err := k.client.listGrants(ctx, nil)
		if err != nil {
			return nil, err
		}
		k.present, k.listed = all, true
	}
	plan.Present = len(k.present)
	for _, entry := range k.present {
		if !strings.HasPrefix(aws.ToString(entry.Name), keyGrantPrefix(w.project)) && opens(entry, w.context()) {
			plan.Foreign++
		}
	}
	return w.ours(k.present), nil
}

// PlanFor is a plan for the IAM principals of some users, service accounts or groups alone, after the grants on a resource
// have changed: the project, or a secret in it. It asks for no more than that needs: secrets' policies are read only
// where a grant is there that nothing else asks for. Somebody who may not see the project's policy, but the secret's, is told what to
// make, and nothing to remove.
func (k *KeyPlanner) PlanFor(ctx context.Context, p Project, changed Resource, principals ...uuid.UUID) (KeyPlan, error) {
	plan := KeyPlan{Project: p}
	w, err := k.client.wanted(ctx, p)
	if err != nil || w == nil {
		return plan, err
	}
	signers, err := k.client.signers(ctx, principals)
	if err != nil {
		return plan, err
	}
	present, err := k.presentFor(ctx, w, signers)
	if err != nil {
		return plan, err
	}
	if err := w.readProject(ctx); notShown(err) {
		w.unread++
	} else if err != nil {
		return plan, err
	}
	if changed.Secret != uuid.Nil {
		if err := w.readSecret(ctx, changed.Secret); err != nil {
			return plan, err
		}
	}
	w.addAll(signers)
	unasked := func(g KeyGrant) bool { _, asked := w.grants[g.ARN]; return !asked }
	if w.unread == 0 && slices.ContainsFunc(present, unasked) {
		if err := w.readSecrets(ctx, k.Progress); err != nil {
			return plan, err
		}
		w.addAll(signers)
	}
	w.finish(&plan, present)
	return plan, nil
}

// fewARNs is up to how many ARNs are asked for one by one.
const fewARNs = 20

// presentFor are the project's grants that are for some principals.
func (k *KeyPlanner) presentFor(ctx context.Context, w *wanted, signers []api.Principal) ([]KeyGrant, error) {
	arns := map[string]bool{}
	for _, p := range signers {
		for _, i := range *p.Identities {
			if checkGrantee(w.clientKey, p, i) == nil {
				arns[i.ARN] = true
			}
		}
	}
	var ours []KeyGrant
	if len(arns) <= fewARNs {
		for _, arn := range slices.Sorted(maps.Keys(arns)) {
			entries, err := k.client.listGrants(ctx, &arn)
			if err != nil {
				return nil, err
			}
			ours = append(ours, w.ours(entries)...)
		}
	} else {
		entries, err := k.client.listGrants(ctx, nil)
		if err != nil {
			return nil, err
		}
		ours = w.ours(entries)
	}
	return slices.DeleteFunc(ours, func(g KeyGrant) bool { return !arns[g.ARN] }), nil
}

// listGrants lists the grants on the client key, all of them or a grantee's.
func (c *Client) listGrants(ctx context.Context, grantee *string) ([]types.GrantListEntry, error) {
	service, key, err := c.ClientKey(ctx)
	if err != nil {
		return nil, err
	}
	const most = 100 // that KMS answers at once
	list := kms.NewListGrantsPaginator(service, &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: grantee, Limit: aws.Int32(most)})
	var all []types.GrantListEntry
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		var unknown *types.InvalidArnException
		if grantee != nil && errors.As(err, &unknown) { // nobody that KMS knows: it has no grant
			return nil, nil
		}
		if err != nil {
			return nil, grantError(err, "kms:ListGrants", key)
		}
		all = append(all, page.Grants...)
	}
	return all, nil
}

// notShown says whether an error is that of a thing that the caller may not see.
func notShown(err error) bool { return errors.Is(err, ErrForbidden) || errors.Is(err, ErrNotFound) }
