package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

func TestWhoamiNamesRoleAndGroupsWhereThereAreAny(t *testing.T) {
	organization := uuid.MustParse("01a20a35-6080-7000-8000-000000000001")
	me := api.Me{
		OrganizationID: organization, OrganizationName: "ours", Identity: api.Identity{ARN: "arn:aws:iam::000000000000:user/a"},
		Principal: api.Principal{Kind: access.KindUser, Name: "a", Role: access.RoleMember},
		Groups:    []api.Reference{{Name: "readers"}, {Name: "writers"}},
	}
	want := [][]string{
		{"who", "a (user)"},
		{"role", "member"},
		{"organization", "ours (01a20a35-6080-7000-8000-000000000001)"},
		{"identity", "arn:aws:iam::000000000000:user/a"},
		{"groups", "readers, writers"},
	}
	if diff := cmp.Diff(want, describeMe(me)); diff != "" {
		t.Errorf("a user (-want +got):\n%s", diff)
	}
	me.Principal, me.Groups = api.Principal{Kind: access.KindServiceAccount, Name: "ci"}, nil
	want = [][]string{{"who", "ci (service account)"}, want[2], want[3]}
	if diff := cmp.Diff(want, describeMe(me)); diff != "" {
		t.Errorf("a service account (-want +got):\n%s", diff)
	}
}
