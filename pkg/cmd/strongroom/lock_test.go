package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

const adminARN = "arn:aws:iam::000000000000:user/admin"

// admin is an admin of the organization whom KMS lets make project keys, but no grants.
func admin(t *testing.T, s *localtest.Server, owner person) person {
	t.Helper()
	s.AddIdentity(local.NewIdentity{Profile: "admin", ARN: adminARN})
	role := access.RoleAdmin
	made, err := owner.CreatePrincipal(t.Context(), api.CreatePrincipal{Kind: access.KindUser, Name: "admin", Role: &role})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := owner.PutIdentities(t.Context(), made.ID, []api.Identity{{ARN: adminARN}}, ""); err != nil {
		t.Fatal(err)
	}
	service, key, err := owner.ClientKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = service.CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: aws.String(adminARN),
		Operations: []types.GrantOperation{types.GrantOperationGenerateDataKey, types.GrantOperationDecrypt},
	})
	if err != nil {
		t.Fatal(err)
	}
	return personOf(t, s, "admin")
}

// TestAProjectIsMadeWhereKMSRefusesItsGrant says in one line what is missing and what to run.
func TestAProjectIsMadeWhereKMSRefusesItsGrant(t *testing.T) {
	s := localtest.Start(t)
	owner := personOf(t, s, local.Owner)
	admin := admin(t, s, owner)

	made := admin.start(t, "project", "create", "it's new", "--output", "json")
	if status := made.status(t); status != 0 || !strings.Contains(made.out.String(), `"name":"it's new"`) {
		t.Errorf("the status is %d\n%s%s", status, made.out.String(), made.errors.String())
	}
	said := slices.DeleteFunc(strings.Split(strings.TrimSpace(made.errors.String()), "\n"), func(line string) bool {
		return strings.Contains(line, "pinned on first use: ")
	})
	if len(said) != 1 || !strings.HasPrefix(said[0], `strongroom: project "it's new" is made, but its KMS grant for you is not: `) ||
		!strings.Contains(said[0], "your own IAM identity lacks kms:ListGrants on ") ||
		!strings.HasSuffix(said[0], "somebody who may make grants runs `strongroom access sync 'it'\\''s new'`") {
		t.Errorf("it says %q", said)
	}

	quiet := admin.start(t, "project", "create", "quiet", "--no-kms")
	if status := quiet.status(t); status != 0 || quiet.errors.Len() > 0 {
		t.Errorf("with --no-kms the status is %d\n%s", status, quiet.errors.String())
	}
}

// TestBindingsAtTheSameTimeAllCount binds six roles to one service account from six processes.
func TestBindingsAtTheSameTimeAllCount(t *testing.T) {
	s := localtest.Start(t)
	owner := personOf(t, s, local.Owner)
	if whoami := owner.start(t, "whoami"); whoami.status(t) != 0 {
		t.Fatal(whoami.errors.String())
	}
	var running []*execution
	for _, role := range []string{"a", "b", "c", "d", "e", "f"} {
		running = append(running, owner.start(t, "service-account", "bind", local.CI, "arn:aws:iam::000000000000:role/"+role))
	}
	for _, r := range running {
		if status := r.status(t); status != 0 {
			t.Errorf("the status is %d\n%s", status, r.errors.String())
		}
	}
	ci, err := owner.FindPrincipal(t.Context(), access.KindServiceAccount, local.CI)
	if err != nil || len(*ci.Identities) != 1+len(running) {
		t.Errorf("%d identities are bound, want %d: %v", len(*ci.Identities), 1+len(running), err)
	}
}
