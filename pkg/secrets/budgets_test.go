package secrets_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/clientcrypto/clientcryptotest"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
	"strongroom/pkg/table/dynamo/meter"
)

// A recording remembers what a table holds, so that it can be poured into another.
type recording struct {
	table.Table
	mu    sync.Mutex
	items map[table.Key]table.Item
}

func (r *recording) Transact(ctx context.Context, t table.Transaction) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.Table.Transact(ctx, t)
	if err != nil {
		return err
	}
	for _, w := range t.Writes {
		switch w.Op {
		case table.OpPut:
			r.items[w.Item.Key] = w.Item
		case table.OpDelete:
			delete(r.items, w.Item.Key)
		case table.OpCheck:
		}
	}
	return nil
}

// pour writes all items into DynamoDB, faster than transactions would.
func (r *recording) pour(t *testing.T, client *dynamodb.Client, name string) {
	t.Helper()
	chunks := make(chan []table.Item)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for chunk := range chunks {
				requests := map[string][]types.WriteRequest{name: nil}
				for _, item := range chunk {
					requests[name] = append(requests[name], types.WriteRequest{PutRequest: &types.PutRequest{Item: dynamo.Encode(item)}})
				}
				for len(requests) > 0 {
					out, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: requests})
					if err != nil {
						t.Error(err)
						return
					}
					requests = out.UnprocessedItems
				}
			}
		})
	}
	for chunk := range slices.Chunk(slices.Collect(maps.Values(r.items)), 25) {
		chunks <- chunk
	}
	close(chunks)
	group.Wait()
}

// A budgetWorld has what the budgets are stated for: values of 1 KiB in a server project, 1,000 secrets in 50
// projects of which the member sees all through ten groups, and others besides.
type budgetWorld struct {
	*secretstest.World
	member   uuid.UUID
	asMember secrets.Caller
	project  uuid.UUID
	bare     uuid.UUID   // a project to which nobody was granted anything
	ids      []uuid.UUID // of 100 secrets in project
	full     uuid.UUID   // a secret with 100 versions in project
	group    uuid.UUID
	crowded  uuid.UUID                 // the member of ten groups
	shared   uuid.UUID                 // a project that it sees through one of them
	client   secretstest.ClientProject // with 100 secrets too
	sealed   uuid.UUID                 // one of them
	spare    []uuid.UUID               // users that nothing was done with
	// lease is for a rotation that is due, of ids[22]; failing and discarded are those of ids[23] and ids[24], which are claimed, the
	// last with a pending version.
	lease, failing, discarded api.RotationLease
	serial                    int
	meter                     *meter.Meter
}

func newBudgetWorld(t *testing.T, others int) *budgetWorld {
	t.Helper()
	rec := &recording{items: map[table.Key]table.Item{}}
	rec.Table = newBolt(t)
	b := &budgetWorld{World: secretstest.NewAt(t, rec, time.Now().Truncate(time.Hour).Add(time.Minute))}
	b.member, b.asMember = b.User("member", access.RoleMember)
	var groups []uuid.UUID
	for i := range 10 {
		groups = append(groups, b.Group(fmt.Sprintf("group %d", i), b.member))
	}
	for i := range 50 {
		p := b.ServerProject(fmt.Sprintf("project %02d", i))
		b.Grant(p, access.Read, groups[i%10])
		b.shared = p
		for k := range 20 {
			b.Secret(fmt.Sprintf("SECRET_%02d_%02d", i, k), "value", p)
		}
	}
	kib := strings.Repeat("x", 1024)
	b.project = b.ServerProject("budget")
	b.crowded = b.member
	user, asUser := b.User("developer", access.RoleMember)
	b.Grant(b.project, access.Manage, user)
	b.member, b.asMember, b.group = user, asUser, groups[0]
	for i := range 100 {
		b.ids = append(b.ids, b.Secret(fmt.Sprintf("SECRET_%02d", i), kib, b.project).ID)
	}
	b.client = b.ClientProject("client")
	for i := range 100 {
		b.sealed = b.ClientSecret(fmt.Sprintf("SECRET_%02d", i), kib, b.client).ID
	}
	other := b.ServerProject("other")
	for i := range others {
		b.Secret(fmt.Sprintf("OTHER_%05d", i), "value", other)
	}
	b.full = b.Secret("FULL", kib, other).ID
	b.Grant(other, access.Write, user)
	for i := range 99 {
		b.update(b.full, fmt.Sprintf("%04d", i)+kib[4:])
	}
	for i := range 8 {
		b.spare = append(b.spare, b.Principal(access.KindUser, fmt.Sprintf("spare %d", i), access.RoleMember))
	}
	for i := range 600 {
		b.Principal(access.KindUser, fmt.Sprintf("user %03d", i), access.RoleMember)
	}
	b.lease, b.failing, b.discarded = b.rotating(22, false), b.rotating(23, true), b.rotating(24, true)
	if _, err := b.PutPendingVersion(t.Context(), b.Owner, b.ids[24], api.PutPendingVersion{
		RotationLease: b.discarded, Base: 1, Value: &kib,
	}); err != nil {
		t.Fatal(err)
	}
	b.bare = b.ServerProject("bare")
	if _, err := b.PutProjectAccess(t.Context(), b.Owner, secrets.PutAccess{ID: b.bare, Force: true, Grants: []api.Grant{}}); err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(2 * time.Hour)
	seal(t, b.World)
	client, name := dynamotest.New(t)
	rec.pour(t, client, name)
	b.meter = meter.New(client, name)
	b.meter.Hold = 50 * time.Millisecond // fifty queries side by side must have begun before the first has ended
	b.World = b.Again(func(table.Table) table.Table { return dynamo.New(b.meter.Client(), name) })
	return b
}

func (b *budgetWorld) update(id uuid.UUID, value string) {
	_, err := b.UpdateSecret(b.Context(), b.Owner, secrets.UpdateSecret{ID: id, UpdateSecret: api.UpdateSecret{Value: &value}})
	if err != nil {
		b.Fatal(err)
	}
}

// rotating has one of the secrets rotated, by a worker that has claimed it or is to.
func (b *budgetWorld) rotating(n int, claimed bool) api.RotationLease {
	_, err := b.PutRotation(b.Context(), b.Owner, secrets.PutRotation{ID: b.ids[n], PutRotation: api.PutRotation{Rotator: "random"}})
	wantCode(b, err, "")
	run, err := b.RotateSecret(b.Context(), b.Owner, b.ids[n], api.RotateSecret{})
	wantCode(b, err, "")
	lease := api.RotationLease{ID: run.ID, Lease: uuid.New()}
	if claimed {
		_, err = b.ClaimRotation(b.Context(), b.Owner, b.ids[n], api.ClaimRotation{RotationLease: lease})
		wantCode(b, err, "")
	}
	return lease
}

// next is a value of 1 KiB that nobody had before.
func (b *budgetWorld) next() *string {
	b.serial++
	return ptr(fmt.Sprintf("%01024d", b.serial))
}

// A budget is what an operation may cost, and a request that costs it. The numbers are those of the design; where
// the design has none, they are what it costs now, so that a change shows.
type budget struct {
	operation   operation.Name
	what        string
	trips       int
	read, write float64
	run         func(b *budgetWorld) error
}

func (b *budgetWorld) projectKey() api.NewProjectKey {
	return api.NewProjectKey{ID: b.client.Key.ID, Wrapped: bytes.Repeat([]byte("w"), 184)} // as long as KMS makes them
}

func (b *budgetWorld) page(n int) api.Page { return api.Page{Limit: n} }

var budgets = []budget{
	{operation.Whoami, "in one group", 2, 4, 0, func(b *budgetWorld) error {
		_, err := b.Whoami(b.Context(), secretstest.Caller("developer"))
		return err
	}},
	{operation.GetOrganization, "", 1, 2, 0, func(b *budgetWorld) error {
		_, err := b.GetOrganization(b.Context(), b.asMember, b.Organization)
		return err
	}},
	{operation.UpdateOrganization, "a setting", 2, 2, 6, func(b *budgetWorld) error {
		_, err := b.UpdateOrganization(b.Context(), b.Owner, b.Organization, "", api.UpdateOrganization{
			Settings: &api.UpdateSettings{TrashRetentionDays: ptr[int64](7)},
		})
		return err
	}},
	{operation.ListPrincipals, "a page of 10", 4, 22, 0, func(b *budgetWorld) error {
		_, err := b.ListPrincipals(b.Context(), b.asMember, b.Organization, access.KindUser, b.page(10))
		return err
	}},
	{operation.CreatePrincipal, "a user", 2, 3, 8, func(b *budgetWorld) error {
		_, _, err := b.CreatePrincipal(b.Context(), b.Owner, b.Organization, api.CreatePrincipal{Kind: access.KindUser, Name: "new"})
		return err
	}},
	{operation.GetPrincipal, "", 1, 3, 0, func(b *budgetWorld) error {
		_, err := b.GetPrincipal(b.Context(), b.asMember, b.OwnerID)
		return err
	}},
	{operation.UpdatePrincipal, "renamed, one identity", 2, 3, 12, func(b *budgetWorld) error {
		_, err := b.UpdatePrincipal(b.Context(), b.Owner, b.member, "", api.UpdatePrincipal{Name: ptr("renamed")})
		return err
	}},
	{operation.PutIdentities, "one", 2, 3, 10, func(b *budgetWorld) error {
		_, err := b.PutIdentities(b.Context(), b.Owner, b.spare[0], "", api.PutIdentities{Identities: []api.Identity{
			{ARN: "arn:aws:iam::" + secretstest.Account + ":user/spare"},
		}})
		return err
	}},
	{operation.ListGroupMembers, "one", 4, 15, 0, func(b *budgetWorld) error {
		_, err := b.ListGroupMembers(b.Context(), b.asMember, b.group, b.page(10))
		return err
	}},
	{operation.ChangeGroupMembers, "one added", 4, 8, 12, func(b *budgetWorld) error {
		_, err := b.ChangeGroupMembers(b.Context(), b.Owner, b.group, api.ChangeGroupMembers{Add: b.spare[1:2]})
		return err
	}},
	{operation.DisablePrincipal, "one identity", 2, 3, 10, func(b *budgetWorld) error {
		_, err := b.SetDisabled(b.Context(), b.Owner, b.spare[0], true)
		return err
	}},
	{operation.EnablePrincipal, "one identity", 2, 3, 10, func(b *budgetWorld) error {
		_, err := b.SetDisabled(b.Context(), b.Owner, b.spare[0], false)
		return err
	}},
	{operation.DeletePrincipal, "one identity", 2, 3, 12, func(b *budgetWorld) error {
		return b.DeletePrincipal(b.Context(), b.Owner, b.spare[0])
	}},
	{operation.ListProjects, "2 of a member", 3, 4, 0, func(b *budgetWorld) error {
		_, err := b.ListProjects(b.Context(), b.asMember, b.Organization, b.page(10))
		return err
	}},
	{operation.CreateProject, "", 2, 3, 10, func(b *budgetWorld) error {
		encryption := api.EncryptionServer
		_, _, err := b.CreateProject(b.Context(), b.Owner, b.Organization, api.CreateProject{Name: "new", Encryption: &encryption})
		return err
	}},
	{operation.GetProject, "", 1, 2, 0, func(b *budgetWorld) error {
		_, err := b.GetProject(b.Context(), b.asMember, b.project)
		return err
	}},
	{operation.UpdateProject, "renamed", 2, 2, 10, func(b *budgetWorld) error {
		_, err := b.UpdateProject(b.Context(), b.asMember, b.project, "", api.UpdateProject{Name: ptr("renamed")})
		return err
	}},
	{operation.AddProjectKey, "100 secrets", 3, 6, 8, func(b *budgetWorld) error {
		b.client.Key = clientcryptotest.NewKey(uuid.New())
		answer, err := b.AddProjectKey(b.Context(), b.Owner, b.client.ID, "", b.projectKey())
		if err == nil && answer.StaleValues != 100 {
			return fmt.Errorf("%d values are stale", answer.StaleValues)
		}
		return err
	}},
	{operation.AddProjectKey, "once more, which counts", 2, 6, 0, func(b *budgetWorld) error {
		_, err := b.AddProjectKey(b.Context(), b.Owner, b.client.ID, "", b.projectKey())
		return err
	}},
	{operation.GetSecret, "hinted", 2, 3, 1, func(b *budgetWorld) error {
		_, err := b.GetSecret(b.Context(), b.asMember, b.ids[1], []uuid.UUID{b.project})
		return err
	}},
	{operation.GetSecret, "not hinted", 3, 3, 1, func(b *budgetWorld) error {
		_, err := b.GetSecret(b.Context(), b.asMember, b.ids[2], nil)
		return err
	}},
	{operation.GetSecret, "remembered", 2, 3, 1, func(b *budgetWorld) error {
		_, err := b.GetSecret(b.Context(), b.asMember, b.ids[1], nil)
		return err
	}},
	{operation.GetSecret, "client-encrypted, with its keys", 2, 3, 1, func(b *budgetWorld) error {
		_, err := b.GetSecret(b.Context(), b.Owner, b.sealed, []uuid.UUID{b.client.ID})
		return err
	}},
	{operation.GetSecretByName, "", 3, 6, 1, func(b *budgetWorld) error {
		_, err := b.GetSecretByName(b.Context(), b.asMember, b.project, "SECRET_03")
		return err
	}},
	{operation.GetProjectValues, "100", 2, 36, 3, func(b *budgetWorld) error {
		_, err := b.GetProjectValues(b.Context(), b.asMember, secrets.GetProjectValues{Project: b.project})
		return err
	}},
	{operation.GetSecretsByIDs, "100", 3, 110, 3, func(b *budgetWorld) error {
		_, err := b.GetSecretsByIDs(b.Context(), b.asMember, api.IDs{IDs: b.ids})
		return err
	}},
	{operation.ListProjectSecrets, "100", 1, 8, 0, func(b *budgetWorld) error {
		_, err := b.ListProjectSecrets(b.Context(), b.asMember, b.project, secrets.ListSecrets{Page: b.page(100)})
		return err
	}},
	{operation.ListProjectSecrets, "100 of a client project", 1, 8, 0, func(b *budgetWorld) error {
		_, err := b.ListProjectSecrets(b.Context(), b.Owner, b.client.ID, secrets.ListSecrets{Page: b.page(100)})
		return err
	}},
	{operation.ListSecrets, "a page of 500 of 1,000 in 50 projects, caller in 10 groups", 3, 115, 0, func(b *budgetWorld) error {
		list, err := b.ListSecrets(b.Context(), secretstest.Caller("member"), b.Organization, secrets.ListSecrets{Page: b.page(500)})
		if err == nil && (len(list.Data) != 500 || list.ContinuationToken == "") {
			return fmt.Errorf("the page has %d entries", len(list.Data))
		}
		return err
	}},
	{operation.CreateSecret, "in one project", 2, 3, 22, func(b *budgetWorld) error {
		_, _, err := b.CreateSecret(b.Context(), b.asMember, b.Organization, api.CreateSecret{
			Name: "NEW", Value: b.next(), ProjectIDs: []uuid.UUID{b.project},
		})
		return err
	}},
	{operation.UpdateSecret, "in one project, hinted", 2, 3, 22, func(b *budgetWorld) error {
		_, err := b.UpdateSecret(b.Context(), b.asMember, secrets.UpdateSecret{
			ID: b.ids[5], Hint: []uuid.UUID{b.project}, UpdateSecret: api.UpdateSecret{Value: b.next()},
		})
		return err
	}},
	{operation.UpdateSecret, "in one client project, hinted", 2, 3, 24, func(b *budgetWorld) error {
		value := b.Encrypt(b.sealed, "SECRET_99", *b.next(), b.client)
		_, err := b.UpdateSecret(b.Context(), b.Owner, secrets.UpdateSecret{
			ID: b.sealed, Hint: []uuid.UUID{b.client.ID}, UpdateSecret: api.UpdateSecret{Value: &value},
		})
		return err
	}},
	{operation.UpdateSecret, "an old version is dropped", 3, 3, 28, func(b *budgetWorld) error {
		_, err := b.UpdateSecret(b.Context(), b.asMember, secrets.UpdateSecret{ID: b.full, UpdateSecret: api.UpdateSecret{Value: b.next()}})
		return err
	}},
	{operation.ListSecretVersions, "100", 2, 8, 0, func(b *budgetWorld) error {
		_, err := b.ListSecretVersions(b.Context(), b.asMember, b.full, b.page(100))
		return err
	}},
	{operation.GetSecretVersion, "", 2, 5, 1, func(b *budgetWorld) error {
		_, err := b.GetSecretVersion(b.Context(), b.asMember, b.full, 50)
		return err
	}},
	{operation.RestoreSecretVersion, "an old version is dropped", 2, 4, 28, func(b *budgetWorld) error {
		_, err := b.RestoreSecretVersion(b.Context(), b.asMember, b.full, "", 50)
		return err
	}},
	{operation.GetProjectAccess, "2 grants", 2, 4, 0, func(b *budgetWorld) error {
		_, err := b.GetProjectAccess(b.Context(), b.asMember, b.project)
		return err
	}},
	{operation.PutProjectAccess, "one grant changed", 3, 4, 10, func(b *budgetWorld) error {
		_, err := b.PutProjectAccess(b.Context(), b.asMember, secrets.PutAccess{ID: b.project, Grants: []api.Grant{
			{Principal: api.GrantPrincipal{ID: b.OwnerID}, Permission: access.Manage},
			{Principal: api.GrantPrincipal{ID: b.member}, Permission: access.Manage},
			{Principal: api.GrantPrincipal{ID: b.spare[2]}, Permission: access.Read},
		}})
		return err
	}},
	{operation.GetSecretAccess, "no grants", 2, 3, 0, func(b *budgetWorld) error {
		_, err := b.GetSecretAccess(b.Context(), b.Owner, b.ids[7])
		return err
	}},
	{operation.PutSecretAccess, "one grant given", 3, 4, 10, func(b *budgetWorld) error {
		_, err := b.PutSecretAccess(b.Context(), b.Owner, secrets.PutAccess{ID: b.ids[7], Grants: []api.Grant{
			{Principal: api.GrantPrincipal{ID: b.spare[2]}, Permission: access.Read},
		}})
		return err
	}},
	{operation.PutRotation, "for the first time", 3, 4, 10, func(b *budgetWorld) error {
		in := api.PutRotation{Rotator: "random", Every: "30d"}
		_, err := b.PutRotation(b.Context(), b.Owner, secrets.PutRotation{ID: b.ids[21], PutRotation: in})
		return err
	}},
	{operation.GetRotation, "nobody is waited for", 1, 4, 0, func(b *budgetWorld) error {
		_, err := b.GetRotation(b.Context(), b.Owner, b.ids[21])
		return err
	}},
	{operation.PutRotation, "the same, by another", 3, 4, 12, func(b *budgetWorld) error {
		in := api.PutRotation{Rotator: "random", Every: "30d"}
		_, err := b.PutRotation(b.Context(), b.asMember, secrets.PutRotation{ID: b.ids[21], PutRotation: in})
		return err
	}},
	{operation.GetRotation, "set by another", 2, 5, 0, func(b *budgetWorld) error {
		_, err := b.GetRotation(b.Context(), b.Owner, b.ids[21])
		return err
	}},
	{operation.RotateSecret, "", 2, 4, 8, func(b *budgetWorld) error {
		_, err := b.RotateSecret(b.Context(), b.Owner, b.ids[21], api.RotateSecret{})
		return err
	}},
	{operation.ClaimRotation, "", 3, 4, 8, func(b *budgetWorld) error {
		b.lease.Lease = uuid.New()
		_, err := b.ClaimRotation(b.Context(), b.Owner, b.ids[22], api.ClaimRotation{RotationLease: b.lease})
		return err
	}},
	{operation.ClaimRotation, "renewed", 2, 4, 3, func(b *budgetWorld) error {
		_, err := b.ClaimRotation(b.Context(), b.Owner, b.ids[22], api.ClaimRotation{RotationLease: b.lease})
		return err
	}},
	{operation.PutPendingVersion, "", 2, 4, 16, func(b *budgetWorld) error {
		_, err := b.PutPendingVersion(b.Context(), b.Owner, b.ids[22], api.PutPendingVersion{RotationLease: b.lease, Base: 1, Value: b.next()})
		return err
	}},
	{operation.PromoteVersion, "in one project", 3, 6, 18, func(b *budgetWorld) error {
		_, err := b.PromoteVersion(b.Context(), b.Owner, b.ids[22], api.PromoteVersion{RotationLease: b.lease, Version: 2})
		return err
	}},
	{operation.ReportRotation, "a failure", 3, 4, 8, func(b *budgetWorld) error {
		_, err := b.ReportRotation(b.Context(), b.Owner, b.ids[23], api.ReportRotation{
			RotationLease: b.failing, Outcome: api.OutcomeRetry, Reason: "the target does not answer",
		})
		return err
	}},
	{operation.DiscardPendingVersion, "", 3, 4, 18, func(b *budgetWorld) error {
		_, err := b.DiscardPendingVersion(b.Context(), b.Owner, b.ids[24], api.DiscardPendingVersion{
			RotationLease: b.discarded, Reason: "the target does not answer",
		})
		return err
	}},
	{operation.DeleteRotation, "one under way", 2, 4, 10, func(b *budgetWorld) error {
		return b.DeleteRotation(b.Context(), b.Owner, secrets.DeleteRotation{ID: b.ids[21], Force: true})
	}},
	{operation.ListSecretPrincipals, "a page, which looks at 500 principals", 4, 518, 0, func(b *budgetWorld) error {
		list, err := b.ListSecretPrincipals(b.Context(), b.Owner, b.ids[7], b.page(500))
		if err == nil && (len(list.Data) != 3 || list.ContinuationToken == "") {
			return fmt.Errorf("the page has %d entries", len(list.Data))
		}
		return err
	}},
	{operation.ListPrincipalAccess, "50 projects through 10 groups", 4, 73, 0, func(b *budgetWorld) error {
		list, err := b.ListPrincipalAccess(b.Context(), secretstest.Caller("member"), b.crowded, b.page(500))
		if err == nil && len(list.Data) != 50 {
			return fmt.Errorf("the page has %d entries", len(list.Data))
		}
		return err
	}},
	{operation.ListPrincipalAccess, "everything, by role", 1, 2, 0, func(b *budgetWorld) error {
		_, err := b.ListPrincipalAccess(b.Context(), b.Owner, b.OwnerID, b.page(500))
		return err
	}},
	{operation.ExplainAccess, "a secret in one project", 2, 4, 0, func(b *budgetWorld) error {
		_, err := b.ExplainAccess(b.Context(), b.Owner, b.Organization, secrets.ExplainAccess{
			Principal: b.member, Secret: &b.ids[9], Permission: access.Read,
		})
		return err
	}},
	{operation.ExplainAccess, "a project, through a group", 2, 4, 0, func(b *budgetWorld) error {
		_, err := b.ExplainAccess(b.Context(), secretstest.Caller("member"), b.Organization, secrets.ExplainAccess{
			Principal: b.crowded, Project: &b.shared, Permission: access.Read,
		})
		return err
	}},
	{operation.BreakGlass, "a project", 2, 2, 8, func(b *budgetWorld) error {
		_, err := b.BreakGlass(b.Context(), b.Owner, b.Organization, api.BreakGlass{
			ProjectID: &b.bare, Permission: ptr(access.Manage), ExpiresAt: b.Clock.Now().Add(time.Hour), Reason: "the pager went off",
		})
		return err
	}},
	{operation.BreakGlass, "a secret", 3, 3, 10, func(b *budgetWorld) error {
		_, err := b.BreakGlass(b.Context(), b.Owner, b.Organization, api.BreakGlass{
			SecretID: &b.ids[9], ExpiresAt: b.Clock.Now().Add(time.Hour), Reason: "the pager went off",
		})
		return err
	}},
	{operation.DeleteSecrets, "one in one project", 3, 4, 17, func(b *budgetWorld) error {
		_, err := b.DeleteSecrets(b.Context(), b.asMember, api.IDs{IDs: b.ids[8:9]})
		return err
	}},
	{operation.ListEvents, "24 hours, nearly all empty", 25, 260, 0, func(b *budgetWorld) error {
		_, err := b.ListEvents(b.Context(), b.Owner, b.Organization, secrets.ListEvents{Page: api.Page{Limit: 10}})
		return err
	}},
	{operation.GetProjectValues, "polled, nothing changed", 1, 3, 0, func(b *budgetWorld) error {
		got, err := b.GetProjectValues(b.Context(), b.asMember, secrets.GetProjectValues{Project: b.project, Known: "*"})
		if err == nil && !got.Unchanged {
			return errors.New("something changed")
		}
		return err
	}},
	{operation.ListSecretReaders, "none", 1, 4, 0, func(b *budgetWorld) error {
		_, err := b.ListSecretReaders(b.Context(), b.Owner, b.ids[7], api.Page{Limit: 100})
		return err
	}},
	{operation.ListPrincipalReads, "none", 2, 4, 0, func(b *budgetWorld) error {
		_, err := b.ListPrincipalReads(b.Context(), b.Owner, b.member, api.Page{Limit: 100})
		return err
	}},
	{operation.RollUpReads, "100 reads by one, of one secret", 3, 1, 2, func(b *budgetWorld) error {
		return b.RollUpReads(b.Context(), b.reads(100))
	}},
	{operation.RollUpReads, "100 changed values of one project", 2, 1, 2, func(b *budgetWorld) error {
		return b.RollUpReads(b.Context(), b.changes(100))
	}},
	{operation.PublishChanges, "100 changes of a secret", 0, 0, 0, func(b *budgetWorld) error {
		before := len(b.Bus.Published())
		err := b.PublishChanges(b.Context(), b.told(100))
		return counted(len(b.Bus.Published())-before, 100, err)
	}},
	{operation.RotateDataKeys, "nothing is due", 1, 1, 0, func(b *budgetWorld) error {
		told, err := b.RotateDataKeys(b.Context())
		if err == nil && (told.Generation != 1 || told.Unfinished) {
			return fmt.Errorf("it tells %+v", told)
		}
		return err
	}},
	{operation.ListSecretEvents, "100 of 101", 1, 15, 0, func(b *budgetWorld) error {
		_, err := b.ListSecretEvents(b.Context(), b.Owner, b.full, api.Page{Limit: 100})
		return err
	}},
	{operation.SealEvents, "an hour without events", 6, 13, 1, func(b *budgetWorld) error {
		now := b.Clock.Now()
		b.Clock.Advance(now.Truncate(time.Hour).Add(time.Hour + 5*time.Minute).Sub(now))
		report, err := b.SealEvents(b.Context())
		if err == nil && (report.Sealed != 1 || report.Events != 0) {
			return fmt.Errorf("sealed: %+v", report)
		}
		return err
	}},
	{operation.ListSeals, "two", 3, 4, 0, func(b *budgetWorld) error {
		list, err := b.ListSeals(b.Context(), b.Owner, b.Organization, secrets.EventTimes{}, b.page(10))
		if err == nil && len(list.Data) != 2 {
			return fmt.Errorf("%d seals", len(list.Data))
		}
		return err
	}},
	{operation.ExportEvents, "an hour without events", 5, 14, 0, func(b *budgetWorld) error {
		hour := b.Clock.Now().Truncate(time.Hour).Add(-2 * time.Hour)
		export, err := b.ExportEvents(b.Context(), b.Owner, b.Organization, secrets.EventTimes{From: &hour, To: ptr(hour.Add(time.Hour))}, "")
		if err == nil && (len(export.Data) != 1 || export.Data[0].Seal == nil) {
			return fmt.Errorf("%d parts", len(export.Data))
		}
		return err
	}},
	{operation.ListTrash, "one, of who may see it alone", 4, 4, 0, func(b *budgetWorld) error {
		list, err := b.ListTrash(b.Context(), b.asMember, b.Organization, b.page(100))
		return counted(len(list.Data), 1, err)
	}},
	{operation.ListTrash, "one, of all", 2, 2, 0, func(b *budgetWorld) error {
		list, err := b.ListTrash(b.Context(), b.Owner, b.Organization, b.page(100))
		return counted(len(list.Data), 1, err)
	}},
	{operation.RestoreFromTrash, "a secret in one project", 3, 5, 17, func(b *budgetWorld) error {
		results, err := b.RestoreFromTrash(b.Context(), b.asMember, b.Organization, api.RestoreFromTrash{IDs: b.ids[8:9]})
		return done(results, err)
	}},
	{operation.DeleteSecrets, "again", 2, 4, 17, func(b *budgetWorld) error {
		results, err := b.DeleteSecrets(b.Context(), b.asMember, api.IDs{IDs: b.ids[8:9]})
		return done(results, err)
	}},
	{operation.PurgeTrash, "a secret in one project", 3, 5, 12, func(b *budgetWorld) error {
		results, err := b.PurgeTrash(b.Context(), b.Owner, b.Organization, api.IDs{IDs: b.ids[8:9]})
		return done(results, err)
	}},
	{operation.PurgeExpiredTrash, "nothing is", 1, 1, 0, func(b *budgetWorld) error {
		run, err := b.PurgeExpiredTrash(b.Context())
		return counted(run.Done, 0, err)
	}},
	{operation.SweepDeleted, "a secret with one version, and a principal", 10, 8, 18, func(b *budgetWorld) error {
		run, err := b.SweepDeleted(b.Context())
		return counted(run.Done, 2, err)
	}},
	{operation.ListRotations, "none", 2, 4, 0, func(b *budgetWorld) error {
		for _, id := range b.ids[22:25] {
			wantCode(b, b.DeleteRotation(b.Context(), b.Owner, secrets.DeleteRotation{ID: id, Force: true}), "")
		}
		b.Clock.Advance(6 * time.Second)
		b.meter.Reset()
		list, err := b.ListRotations(b.Context(), b.Owner, b.Organization, secrets.ListRotations{Page: b.page(100)})
		return counted(len(list.Data), 0, err)
	}},
	{operation.ListRotations, "one, set by another", 4, 8, 0, func(b *budgetWorld) error {
		_, err := b.PutRotation(b.Context(), b.asMember, secrets.PutRotation{ID: b.ids[22], PutRotation: randomly()})
		wantCode(b, err, "")
		b.Clock.Advance(6 * time.Second)
		b.meter.Reset()
		list, err := b.ListRotations(b.Context(), b.Owner, b.Organization, secrets.ListRotations{Page: b.page(100)})
		if err == nil && (len(list.Data) != 1 || list.Data[0].SetBy == nil || list.Data[0].SetBy.ID != b.member) {
			return fmt.Errorf("listed are %+v", list.Data)
		}
		return err
	}},
	{operation.ListRotations, "what a leaver could have read, 100", 12, 500, 0, func(b *budgetWorld) error {
		list, err := b.ListRotations(b.Context(), b.Owner, b.Organization, secrets.ListRotations{Leaver: &b.member, Page: b.page(100)})
		return counted(len(list.Data), 100, err)
	}},
	{operation.RotateOnEvent, "a secret that nothing rotates", 2, 4, 0, func(b *budgetWorld) error {
		told, err := b.RotateOnEvent(b.Context(), event("strongroom.rotate", "Mine", map[string]any{"secretId": b.ids[10]}))
		return counted(told.Unset, 1, err)
	}},
	{operation.DispatchRotations, "nothing is due", 5, 3, 0, func(b *budgetWorld) error {
		run, err := b.DispatchRotations(b.Context())
		return counted(run.Done, 0, err)
	}},
	{operation.DispatchRotations, "one that is due", 7, 6, 8, func(b *budgetWorld) error {
		secrets.SetRotation(b.TB, b.Service, b.ids[10], daily)
		secrets.MoveRotation(b.TB, b.Service, b.ids[10], func(r *rotation.Record) { r.NextAt = b.Clock.Now().UTC().Truncate(time.Millisecond) })
		b.Clock.Advance(6 * time.Second)
		b.meter.Reset()
		run, err := b.DispatchRotations(b.Context())
		return counted(run.Done, 1, err)
	}},
	{operation.DeleteProjects, "one", 3, 3, 10, func(b *budgetWorld) error {
		_, err := b.DeleteProjects(b.Context(), b.asMember, api.IDs{IDs: []uuid.UUID{b.project}})
		return err
	}},
	{operation.RestoreFromTrash, "a project", 3, 4, 10, func(b *budgetWorld) error {
		results, err := b.RestoreFromTrash(b.Context(), b.asMember, b.Organization, api.RestoreFromTrash{IDs: []uuid.UUID{b.project}})
		return done(results, err)
	}},
}

// counted is an error where not so many were seen.
func counted(got, want int, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("%d, not %d", got, want)
	}
	return err
}

// done is an error where one of several failed.
func done(results api.BulkResults, err error) error {
	for _, result := range results.Data {
		if result.Error != nil {
			return fmt.Errorf("%s: %s", result.ID, result.Error.Message)
		}
	}
	return err
}

// reads are changes that tell of so many reads.
func (b *budgetWorld) reads(n int) []table.Change {
	changes := make([]table.Change, n)
	for i := range changes {
		e := audit.Event{
			ID: uuid.Must(uuid.NewV7()), At: b.Clock.Now(), Actor: audit.Actor{Kind: audit.ByUser, ID: b.member}, Action: "get-secret",
			Decision: audit.Allowed, Values: []audit.Value{{Secret: b.ids[9], Version: 1}},
		}
		key := table.Key{PK: fmt.Sprintf("EVENT#%s#%d", audit.HourOf(e.At), i%8), SK: e.ID.String()}
		changes[i] = table.Change{Key: key, New: &table.Item{Key: key, Attributes: map[string]any{"v": int64(1), "e": e.Encode()}}}
	}
	return changes
}

// told are changes that tell of so many new values of a secret.
func (b *budgetWorld) told(n int) []table.Change {
	changes := make([]table.Change, n)
	for i := range changes {
		e := audit.Event{
			ID: uuid.Must(uuid.NewV7()), At: b.Clock.Now(), Actor: audit.Actor{Kind: audit.ByUser, ID: b.member}, Action: "update-secret",
			Decision: audit.Allowed, Resource: audit.Resource{Kind: audit.OnSecret, ID: b.ids[9]}, Changed: []string{"value"},
		}
		key := table.Key{PK: "SECRET#" + b.ids[9].String(), SK: "EVENT#" + e.ID.String()}
		changes[i] = table.Change{Key: key, New: &table.Item{Key: key, Attributes: map[string]any{"v": int64(1), "e": e.Encode()}}}
	}
	return changes
}

// changes are changes of so many values of the project.
func (b *budgetWorld) changes(n int) []table.Change {
	changes := make([]table.Change, n)
	for i := range changes {
		key := table.Key{PK: "PROJECT#" + b.project.String(), SK: "VALUE#" + uuid.NewString()}
		changes[i] = table.Change{Key: key, New: &table.Item{Key: key, Revision: 1}}
	}
	return changes
}

// TestBudgets counts what every operation costs in DynamoDB and KMS, warm, and that it costs the same however many
// secrets there are. What is counted stands in testdata/budgets.json too, from where "make cost" takes it.
func TestBudgets(t *testing.T) {
	many := 10_000
	if testing.Short() {
		many = 1_000
	}
	few, bytes := countBudgets(t, 10)
	compareMeasured(t, few, bytes)
	if counted, _ := countBudgets(t, many); !slices.EqualFunc(few, counted, cost.same) {
		t.Errorf("with 10 and with %d secrets besides the costs differ:\n%v\n%v", many, few, counted)
	}
}

type cost struct {
	Trips                 int
	ReadUnits, WriteUnits float64
}

// same says whether two costs are the same but for rounding: ids, and the partitions of events, are left to chance.
func (c cost) same(other cost) bool {
	return c.Trips == other.Trips && math.Abs(c.ReadUnits-other.ReadUnits) <= max(1, c.ReadUnits/10) && c.WriteUnits == other.WriteUnits
}

func countBudgets(t *testing.T, others int) (counted []cost, bytes map[string]int) {
	b := newBudgetWorld(t, others)
	bytes = b.bytes()
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "with %d secrets besides\n", others)
	fmt.Fprintln(out, "operation\t\ttrips\trequests\tread units\twrite units\tKMS calls\t")
	seen := map[operation.Name]bool{operation.CreateOrganization: true} // happens once
	for _, c := range budgets {
		seen[c.operation] = true
		b.update(b.ids[0], *b.next())    // warm: the data key is known
		b.Clock.Advance(6 * time.Second) // values older than five seconds, keys younger than five minutes
		b.meter.Reset()
		calls := b.Keys.Calls()
		if err := c.run(b); err != nil {
			t.Fatalf("%s: %v", c.operation, err)
		}
		r, kms := b.meter.Report(), b.Keys.Calls()-calls
		fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%g\t%g\t%d\t\n", c.operation, c.what, r.Trips, r.Requests, r.ReadUnits, r.WriteUnits, kms)
		if r.Trips > c.trips || r.ReadUnits > c.read || r.WriteUnits > c.write || kms != 0 {
			t.Errorf("%s %s: %d trips, %g read and %g write units, %d KMS calls; the budget is %d, %g, %g, 0",
				c.operation, c.what, r.Trips, r.ReadUnits, r.WriteUnits, kms, c.trips, c.read, c.write)
		}
		counted = append(counted, cost{r.Trips, r.ReadUnits, r.WriteUnits})
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, row := range operation.Table {
		if !seen[row.Name] {
			t.Errorf("%s has no budget", row.Name)
		}
	}
	return counted, bytes
}
