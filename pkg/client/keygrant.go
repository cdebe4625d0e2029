package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
)

// Limits of grants on one KMS key: AWS's, and the number from which on a person should know
// (https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html).
const (
	MaxKeyGrants  = 50_000
	ManyKeyGrants = 40_000
)

// A KeyGrant is a KMS grant on the client key: it lets one IAM principal unwrap the keys of one project, and make new
// ones if it is one who manages the project. It is the second of the two locks; a grant in Strongroom is the first.
type KeyGrant struct {
	Organization, Project uuid.UUID
	// ARN is the IAM user's, role's, or assumed role's.
	ARN string
	// Manage allows GenerateDataKey beside Decrypt.
	Manage bool
	// For names the principals of Strongroom that it is for; empty for a grant that nobody needs any longer.
	For []string
	// id is KMS's, of one that is there; strange says that it is not exactly as it should be.
	id      string
	strange bool
}

// Operations are what the grant allows, as KMS names it.
func (g KeyGrant) Operations() []string {
	if g.Manage {
		return []string{string(types.GrantOperationDecrypt), string(types.GrantOperationGenerateDataKey)}
	}
	return []string{string(types.GrantOperationDecrypt)}
}

// keyGrantPrefix begins the names of all grants of a project.
func keyGrantPrefix(project uuid.UUID) string { return "strongroom/" + project.String() + "/" }

// Name is the same for the same grant, so that making it twice is harmless. The ARN has characters that KMS does not take.
func (g KeyGrant) Name() string {
	sum := sha256.Sum256([]byte(g.ARN))
	return keyGrantPrefix(g.Project) + strings.Join(g.Operations(), "-") + "/" + hex.EncodeToString(sum[:16])
}

// Context is the encryption context that the grant is constrained to.
func (g KeyGrant) Context() map[string]string {
	return clientcrypto.KeyContext(g.Organization, g.Project)
}

// key tells grants apart.
func (g KeyGrant) key() [2]string { return [2]string{g.ARN, strings.Join(g.Operations(), "-")} }

// A KeyPlan is what is to be done so that the grants on the client key are those that Strongroom's grants ask for.
type KeyPlan struct {
	Project      Project
	Make, Remove []KeyGrant
	// Kept is how many are right as they are.
	Kept int
	// Unread is how many secrets' grants the caller may not see. Then nothing is removed: somebody may need it.
	Unread int
	// Present is how many grants there are on the key; zero where only some were looked at.
	Present int
}

// Empty says that nothing is to be done.
func (p KeyPlan) Empty() bool { return len(p.Make)+len(p.Remove) == 0 }

// PlanKeyGrants compares what is wanted, the union over all live grants on the project and on its secrets, through
// groups, with what is there. principals limits it to those users, service accounts or members of groups; none means
// everybody. It needs manage on the project, and kms:ListGrants. A project whose values the server encrypts wants none.
func (c *Client) PlanKeyGrants(ctx context.Context, project string, principals ...uuid.UUID) (KeyPlan, error) {
	p, err := c.Resolve(ctx, project)
	plan := KeyPlan{Project: p}
	if err != nil || p.Encryption != api.EncryptionClient {
		return plan, err
	}
	me, err := c.identity(ctx)
	if err != nil {
		return plan, err
	}
	w := wanted{client: c, organization: me.organization, project: p.ID, grants: map[[2]string]KeyGrant{}}
	if err := w.gather(ctx); err != nil {
		return plan, err
	}
	plan.Unread = w.unread
	var only map[string]bool
	if len(principals) > 0 {
		if only, err = w.arnsOf(ctx, principals); err != nil {
			return plan, err
		}
	}
	present, err := c.keyGrants(ctx, p.ID, me.organization, only, &plan.Present)
	if err != nil {
		return plan, err
	}
	plan.compare(w.grants, present, only)
	return plan, nil
}

// compare fills in what is to be made and removed. A grant that is there twice is kept once.
func (p *KeyPlan) compare(wanted map[[2]string]KeyGrant, present []KeyGrant, only map[string]bool) {
	missing := maps.Clone(wanted)
	for _, g := range present {
		if _, ok := missing[g.key()]; ok && !g.strange {
			delete(missing, g.key())
			p.Kept++
		} else if p.Unread == 0 {
			p.Remove = append(p.Remove, g)
		}
	}
	for _, g := range missing {
		if only == nil || only[g.ARN] {
			p.Make = append(p.Make, g)
		}
	}
	for _, list := range [][]KeyGrant{p.Make, p.Remove} {
		slices.SortFunc(list, func(a, b KeyGrant) int { return strings.Compare(a.ARN+a.Name(), b.ARN+b.Name()) })
	}
}

// Apply does what a plan says, the making before the removing, and goes on after an error. done is told of each step; the
// answer is all errors together. Doing it again is harmless. It needs kms:CreateGrant and kms:RevokeGrant.
func (c *Client) Apply(ctx context.Context, plan KeyPlan, done func(g KeyGrant, made bool, err error)) error {
	service, key, err := c.ClientKey(ctx)
	if err != nil {
		return err
	}
	var all []error
	for _, g := range plan.Make {
		err := c.makeKeyGrant(ctx, service, key, g)
		done(g, true, err)
		all = append(all, err)
	}
	for _, g := range plan.Remove {
		_, err := service.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &key, GrantId: &g.id})
		var gone *types.NotFoundException
		if errors.As(err, &gone) {
			err = nil
		}
		if err != nil {
			err = grantError(err, "kms:RevokeGrant", key)
		}
		done(g, false, err)
		all = append(all, err)
	}
	return errors.Join(all...)
}

func (c *Client) makeKeyGrant(ctx context.Context, service KMS, key string, g KeyGrant) error {
	operations := make([]types.GrantOperation, 0, 2)
	for _, name := range g.Operations() {
		operations = append(operations, types.GrantOperation(name))
	}
	_, err := service.CreateGrant(ctx, &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: &g.ARN, Operations: operations, Name: aws.String(g.Name()),
		Constraints: &types.GrantConstraints{EncryptionContextEquals: g.Context()},
	})
	if err != nil {
		return grantError(err, "kms:CreateGrant", key)
	}
	return nil
}

// grantError says what is missing where KMS refuses the caller.
func grantError(err error, action, key string) error {
	if denied, ok := kmsError(err, action, key, uuid.Nil).(*KeyDeniedError); ok { //nolint:errorlint // made by kmsError, never wrapped
		return &KMSError{Action: action, Err: fmt.Errorf("your own IAM identity lacks %s on %s", denied.Action, denied.Key)}
	}
	return &KMSError{Action: action, Err: err}
}

// keyGrants lists the grants on the client key that are a project's, of these ARNs or of all.
func (c *Client) keyGrants(ctx context.Context, project, organization uuid.UUID, only map[string]bool, all *int) ([]KeyGrant, error) {
	service, key, err := c.ClientKey(ctx)
	if err != nil {
		return nil, err
	}
	grantees := []*string{nil}
	if only != nil {
		grantees = nil
		for _, arn := range slices.Sorted(maps.Keys(only)) {
			grantees = append(grantees, &arn)
		}
	}
	var ours []KeyGrant
	for _, grantee := range grantees {
		list := kms.NewListGrantsPaginator(service, &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: grantee})
		for list.HasMorePages() {
			page, err := list.NextPage(ctx)
			if err != nil {
				return nil, grantError(err, "kms:ListGrants", key)
			}
			if grantee == nil {
				*all += len(page.Grants)
			}
			for _, entry := range page.Grants {
				if strings.HasPrefix(aws.ToString(entry.Name), keyGrantPrefix(project)) {
					ours = append(ours, fromEntry(entry, project, organization))
				}
			}
		}
	}
	return ours, nil
}

// fromEntry reads a grant that has one of our names, and holds it against what it should be: a wider one under our name
// is strange, and to be removed.
func fromEntry(entry types.GrantListEntry, project, organization uuid.UUID) KeyGrant {
	g := KeyGrant{
		Organization: organization, Project: project, ARN: aws.ToString(entry.GranteePrincipal), id: aws.ToString(entry.GrantId),
		Manage: slices.Contains(entry.Operations, types.GrantOperationGenerateDataKey),
	}
	g.strange = aws.ToString(entry.Name) != g.Name() || len(entry.Operations) != len(g.Operations()) ||
		!slices.Contains(entry.Operations, types.GrantOperationDecrypt) ||
		entry.Constraints == nil || !maps.Equal(entry.Constraints.EncryptionContextEquals, g.Context()) || entry.RetiringPrincipal != nil
	return g
}

// wanted gathers the grants that there should be on the client key for one project.
type wanted struct {
	client                *Client
	organization, project uuid.UUID
	grants                map[[2]string]KeyGrant
	principals            map[uuid.UUID]bool // those that may manage, or not, by Strongroom's grants
	unread                int
}

func (w *wanted) gather(ctx context.Context) error {
	w.principals = map[uuid.UUID]bool{}
	policy, _, err := w.client.Access(ctx, Resource{Project: w.project})
	if err != nil {
		return err
	}
	for _, g := range policy {
		w.want(g, g.Permission == access.Manage)
	}
	if err := w.gatherSecrets(ctx); err != nil {
		return err
	}
	for id, manage := range w.principals {
		signers, err := w.signers(ctx, id)
		if err != nil {
			return err
		}
		for _, p := range signers {
			if p.Disabled != nil && *p.Disabled {
				continue
			}
			for _, i := range *p.Identities {
				w.add(i.ARN, p.Name, manage)
			}
		}
	}
	return nil
}

// want notes a grant that is live.
func (w *wanted) want(g api.Grant, manage bool) {
	if g.ExpiresAt == nil || g.ExpiresAt.After(w.client.now()) {
		w.principals[g.Principal.ID] = w.principals[g.Principal.ID] || manage
	}
}

func (w *wanted) add(arn, name string, manage bool) {
	// Who manages through one grant and reads through another needs the wider one alone.
	narrow, wide := KeyGrant{ARN: arn}, KeyGrant{ARN: arn, Manage: true}
	found, ok := w.grants[wide.key()]
	if !ok {
		found, ok = w.grants[narrow.key()]
	}
	if !ok {
		found = KeyGrant{Organization: w.organization, Project: w.project, ARN: arn}
	}
	delete(w.grants, found.key())
	found.Manage = found.Manage || manage
	if !slices.Contains(found.For, name) {
		found.For = append(found.For, name)
		slices.Sort(found.For)
	}
	w.grants[found.key()] = found
}

// readersAtOnce is how many policies of secrets are read at a time.
const readersAtOnce = 16

// gatherSecrets notes the grants on the project's secrets: whoever has one opens its value with the project's key.
func (w *wanted) gatherSecrets(ctx context.Context) error {
	group, groupContext := errgroup.WithContext(ctx)
	group.SetLimit(readersAtOnce)
	var mutex sync.Mutex
	for s, err := range w.client.ProjectSecrets(ctx, w.project.String(), "") {
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			policy, _, err := w.client.Access(groupContext, Resource{Secret: s.ID})
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case errors.Is(err, ErrForbidden):
				w.unread++
				return nil
			case errors.Is(err, ErrNotFound): // deleted meanwhile
				return nil
			}
			for _, g := range policy {
				w.want(g, false)
			}
			return err
		})
	}
	return group.Wait()
}

// arnsOf are the ARNs of some principals, disabled ones too, and of the members of those that are groups.
func (w *wanted) arnsOf(ctx context.Context, principals []uuid.UUID) (map[string]bool, error) {
	arns := map[string]bool{}
	for _, id := range principals {
		signers, err := w.signers(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, p := range signers {
			for _, i := range *p.Identities {
				arns[i.ARN] = true
			}
		}
	}
	return arns, nil
}

// signers are the principal itself, or a group's members: those that have identities.
func (w *wanted) signers(ctx context.Context, id uuid.UUID) ([]api.Principal, error) {
	p, err := w.client.Principal(ctx, id)
	if errors.Is(err, ErrNotFound) { // deleted; its grants are swept in time
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	signers := []api.Principal{p}
	if p.Kind == access.KindGroup {
		signers = nil
		for member, err := range w.client.Members(ctx, id) {
			if err != nil {
				return nil, err
			}
			signers = append(signers, member)
		}
	}
	return slices.DeleteFunc(signers, func(p api.Principal) bool { return p.Identities == nil }), nil
}
