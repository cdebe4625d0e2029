package local_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

// kmsOf is AWS's own client of the server's KMS.
func kmsOf(t *testing.T, s *localtest.Server, profile string) *kms.Client {
	t.Helper()
	c := s.Credentials(profile)
	return kms.New(kms.Options{
		Region: local.Region, BaseEndpoint: &s.KMSURL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil }),
	})
}

// demo is the demo's client project, and the id of its organization and the client key that whoami tells.
func demo(t *testing.T, s *localtest.Server) (api.Project, api.Me) {
	t.Helper()
	var me api.Me
	s.JSON(localtest.Request{Profile: local.Owner, Method: "GET", Path: "/me"}, 200, &me)
	var projects api.List[api.Project]
	s.JSON(localtest.Request{Profile: local.Owner, Method: "GET", Path: "/organizations/" + me.OrganizationID.String() + "/projects"}, 200, &projects)
	for _, p := range projects.Data {
		if p.Name == "demo" {
			return p, me
		}
	}
	t.Fatal("there is no project demo")
	return api.Project{}, me
}

func refusal(err error) string {
	var answered smithy.APIError
	if errors.As(err, &answered) {
		return answered.ErrorCode()
	}
	return ""
}

// TestTheDemosKeysOpenToThoseWhoMay: whom the demo lets read, KMS lets unwrap, and nobody else; for that project alone.
func TestTheDemosKeysOpenToThoseWhoMay(t *testing.T) {
	data := t.TempDir()
	s := localtest.StartOver(t, data)
	s.AddIdentity(local.NewIdentity{Profile: "function", ARN: "arn:aws:iam::000000000000:role/strongroom/server/get-secret"})
	project, me := demo(t, s)
	ofDemo := map[string]string{"strongroom:organization": me.OrganizationID.String(), "strongroom:project": project.ID.String()}
	other := map[string]string{"strongroom:organization": me.OrganizationID.String(), "strongroom:project": "other"}
	wrapped := (*project.Keys)[0].Wrapped
	for profile, want := range map[string][2]string{
		local.Owner:     {"", "InvalidCiphertextException"},
		local.Developer: {"", "AccessDeniedException"},
		local.CI:        {"", "AccessDeniedException"},
		local.Rotation:  {"", "AccessDeniedException"},
		local.Stranger:  {"AccessDeniedException", "AccessDeniedException"},
		"function":      {"AccessDeniedException", "AccessDeniedException"},
	} {
		for i, c := range []map[string]string{ofDemo, other} {
			_, err := kmsOf(t, s, profile).Decrypt(t.Context(), &kms.DecryptInput{
				CiphertextBlob: wrapped, KeyId: &me.ClientKeyARN, EncryptionContext: c,
			})
			if (err == nil) != (want[i] == "") || refusal(err) != want[i] {
				t.Errorf("%s, context %d: %v, want %q", profile, i, err, want[i])
			}
		}
	}
	grants, err := kmsOf(t, s, local.Owner).ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &me.ClientKeyARN})
	if err != nil || len(grants.Grants) != 6 {
		t.Fatalf("%d grants, %v; want six", len(grants.Grants), err)
	}
	for _, g := range grants.Grants {
		if _, err := kmsOf(t, s, local.Owner).RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: g.KeyId, GrantId: g.GrantId}); err != nil {
			t.Error(err)
		}
	}
	_, err = kmsOf(t, s, local.CI).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: wrapped, EncryptionContext: ofDemo})
	if refusal(err) != "AccessDeniedException" {
		t.Errorf("after the revocation: %v", err)
	}
}
