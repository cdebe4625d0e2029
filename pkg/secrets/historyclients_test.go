package secrets_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// historyRoles are the clients of a history.
var historyRoles = []role{owner, manager, manager, writer, writer, reader, reader, reader}

// wishes say how often each role asks for what.
var wishes = map[role]map[operation.Name]int{
	owner: {
		operation.PutSecretAccess: 5, operation.PutProjectAccess: 5, operation.UpdateSecret: 5, operation.GetSecret: 2,
		operation.CreateSecret: 2, operation.GetProjectAccess: 2,
	},
	manager: {
		operation.PutSecretAccess: 6, operation.PutProjectAccess: 6, operation.UpdateSecret: 4, operation.RestoreSecretVersion: 2,
		operation.GetSecretAccess: 2, operation.GetSecretVersion: 1,
	},
	writer: { // seldom deletes: that ends what there is to see
		operation.UpdateSecret: 20, operation.RestoreSecretVersion: 8, operation.CreateSecret: 3, operation.GetSecret: 4,
		operation.GetSecretVersion: 4, operation.DeleteSecrets: 1,
	},
	reader: {
		operation.GetSecret: 5, operation.GetSecretsByIDs: 3, operation.GetSecretVersion: 4, operation.GetProjectValues: 3,
		operation.UpdateSecret: 3,
	},
}

// A client asks for one thing after another, with a service of its own, as if it were another function each time.
type client struct {
	*rig
	number  int
	role    role
	by      secrets.Caller
	service *secrets.Service
	random  *rand.Rand
	asked   int
	// seen is what it was last shown of each secret.
	seen [maxHistorySecrets]answered
}

// ask does one operation and notes it.
func (c *client) ask(ctx context.Context, a asked) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a.by = c.role
	call := c.clock.Add(1)
	c.by.RequestID = c.request(call)
	answer, err := does[a.op](c, ctx, a)
	answer.code = secretstest.Code(err)
	if answer.code == api.CodeInternal {
		c.complain("%s failed: %v", a, err)
	}
	if answer.code != "" {
		answer = answered{code: answer.code}
	} else if answer.tag != 0 && answer.version != 0 {
		c.seen[a.secret] = answer
	}
	c.note(step{client: c.number, call: call, back: c.clock.Add(1), asked: a, answered: answer})
}

// next is what the client asks next.
func (c *client) next() asked {
	a := asked{op: c.wish(), secret: c.random.IntN(c.secrets)}
	c.asked++
	if fill := details[a.op]; fill != nil {
		fill(c, &a)
	}
	return a
}

// details say what else is asked.
var details = map[operation.Name]func(*client, *asked){
	operation.CreateSecret: func(c *client, a *asked) { // all of them with the same id
		a.name, a.value = c.firstName(a.secret), fmt.Sprintf("first%d", c.random.IntN(2))
	},
	operation.UpdateSecret: func(c *client, a *asked) {
		if c.role != reader && c.random.IntN(5) == 0 {
			a.name = fmt.Sprintf("%s%d", c.firstName(a.secret), c.random.IntN(3))
		}
		if a.name == "" || c.random.IntN(2) == 0 {
			a.value = fmt.Sprintf("v%d.%d", c.number, c.asked) // nobody else's
		}
		c.sometimesMatch(a)
	},
	operation.RestoreSecretVersion: func(c *client, a *asked) {
		a.version = c.someVersion(a.secret)
		c.sometimesMatch(a)
	},
	operation.GetSecretVersion: func(c *client, a *asked) { a.version = c.someVersion(a.secret) },
	operation.PutSecretAccess: func(c *client, a *asked) {
		a.grant = []access.Permission{0, access.Read, access.Write}[c.random.IntN(3)]
	},
	// Whoever may write in the project by a grant on it keeps that: a write is decided by what was read, and done a moment
	// later, whatever becomes of the grant in between.
	operation.PutProjectAccess: func(c *client, a *asked) { a.grant = []access.Permission{0, access.Read}[c.random.IntN(2)] },
}

func (c *client) sometimesMatch(a *asked) {
	if c.random.IntN(3) == 0 {
		a.match = c.seen[a.secret].tag
	}
}

// someVersion is one that there may be, or not yet.
func (c *client) someVersion(secret int) int64 { return 1 + c.random.Int64N(c.seen[secret].version+2) }

// wish chooses an operation.
func (c *client) wish() operation.Name {
	all := 0
	for _, weight := range wishes[c.role] {
		all += weight
	}
	n := c.random.IntN(all)
	for _, row := range operation.Table { // in an order that is always the same
		if n -= wishes[c.role][row.Name]; n < 0 {
			return row.Name
		}
	}
	panic("a wish is no operation")
}

// does is how each operation is asked for.
var does = map[operation.Name]func(*client, context.Context, asked) (answered, error){
	operation.CreateSecret: func(c *client, ctx context.Context, a asked) (answered, error) {
		s, created, err := c.service.CreateSecret(ctx, c.by, c.world.Organization, api.CreateSecret{
			ID: &c.ids[a.secret], Name: a.name, Value: &a.value, ProjectIDs: []uuid.UUID{c.project},
		})
		answer := shown(s)
		answer.created = created
		return answer, err
	},
	operation.UpdateSecret: func(c *client, ctx context.Context, a asked) (answered, error) {
		in := secrets.UpdateSecret{ID: c.ids[a.secret], Match: matching(a.match)}
		if a.name != "" {
			in.Name = &a.name
		}
		if a.value != "" {
			in.Value = &a.value
		}
		s, err := c.service.UpdateSecret(ctx, c.by, in)
		return shown(s), err
	},
	operation.RestoreSecretVersion: func(c *client, ctx context.Context, a asked) (answered, error) {
		s, err := c.service.RestoreSecretVersion(ctx, c.by, c.ids[a.secret], matching(a.match), a.version)
		return shown(s), err
	},
	operation.DeleteSecrets: func(c *client, ctx context.Context, a asked) (answered, error) {
		results, err := c.service.DeleteSecrets(ctx, c.by, api.IDs{IDs: []uuid.UUID{c.ids[a.secret]}})
		if err == nil && results.Data[0].Error != nil {
			err = api.Errorf(results.Data[0].Error.Code, "%s", results.Data[0].Error.Message)
		}
		return answered{}, err
	},
	operation.GetSecret: func(c *client, ctx context.Context, a asked) (answered, error) {
		var hint []uuid.UUID
		if c.random.IntN(2) == 0 {
			hint = []uuid.UUID{c.project}
		}
		s, err := c.service.GetSecret(ctx, c.by, c.ids[a.secret], hint)
		return shown(s), err
	},
	operation.GetSecretsByIDs: func(c *client, ctx context.Context, a asked) (answered, error) {
		list, err := c.service.GetSecretsByIDs(ctx, c.by, api.IDs{IDs: []uuid.UUID{c.ids[a.secret]}})
		if err != nil {
			return answered{}, err
		}
		if len(list.Errors) > 0 {
			return answered{}, api.Errorf(list.Errors[0].Error.Code, "%s", list.Errors[0].Error.Message)
		}
		return shown(list.Data[0]), nil
	},
	operation.GetSecretVersion: func(c *client, ctx context.Context, a asked) (answered, error) {
		v, err := c.service.GetSecretVersion(ctx, c.by, c.ids[a.secret], a.version)
		if err != nil {
			return answered{}, err
		}
		return answered{value: *v.Value, version: v.Version, stage: v.Stage}, nil
	},
	operation.GetProjectValues: func(c *client, ctx context.Context, a asked) (answered, error) {
		list, err := c.service.GetProjectValues(ctx, c.by, secrets.GetProjectValues{Project: c.project})
		for _, v := range list.Data {
			if v.ID == c.ids[a.secret] {
				return answered{name: v.Name, value: v.Value, version: v.Version}, err
			}
		}
		return answered{}, err
	},
	operation.GetSecretAccess: func(c *client, ctx context.Context, a asked) (answered, error) {
		return c.policy(c.service.GetSecretAccess(ctx, c.by, c.ids[a.secret]))
	},
	operation.GetProjectAccess: func(c *client, ctx context.Context, _ asked) (answered, error) {
		return c.policy(c.service.GetProjectAccess(ctx, c.by, c.project))
	},
	operation.PutSecretAccess: func(c *client, ctx context.Context, a asked) (answered, error) {
		return c.policy(c.service.PutSecretAccess(ctx, c.by, secrets.PutAccess{ID: c.ids[a.secret], Grants: c.grants(a, []api.Grant{})}))
	},
	operation.PutProjectAccess: func(c *client, ctx context.Context, a asked) (answered, error) {
		return c.policy(c.service.PutProjectAccess(ctx, c.by, secrets.PutAccess{ID: c.project, Grants: c.grants(a, c.lasting)}))
	},
}

// grants are those that stay, and the reader's.
func (r *rig) grants(a asked, lasting []api.Grant) []api.Grant {
	if a.grant == 0 {
		return lasting
	}
	return append(slices.Clip(lasting), api.Grant{Principal: api.GrantPrincipal{ID: r.reader}, Permission: a.grant})
}

// policy is what a policy gives the reader.
func (r *rig) policy(policy secrets.Policy, err error) (answered, error) {
	answer := answered{tag: counter(policy.ETag)}
	for _, g := range policy.Grants {
		if g.Principal.ID == r.reader {
			answer.grant = g.Permission
		}
	}
	return answer, err
}

func shown(s api.Secret) answered {
	return answered{name: s.Name, value: s.Value, version: s.Version, tag: counter(s.ETag)}
}

// counter is what an ETag counts.
func counter(etag string) int64 {
	text, _, _ := strings.Cut(strings.Trim(etag, `"`), ".")
	n, _ := strconv.ParseInt(text, 10, 64) // zero for no tag
	return n
}

// matching is the If-Match header for a counter; empty for zero.
func matching(tag int64) secrets.IfMatch {
	if tag == 0 {
		return ""
	}
	return secrets.IfMatch(fmt.Sprintf("%q", strconv.FormatInt(tag, 10)))
}

// patience is how long a client waits for an answer.
const patience = 5 * time.Second
