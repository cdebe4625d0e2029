package access_test

import (
	"testing"

	"strongroom/pkg/access"
)

func TestLeastIsWhatEachActionTakes(t *testing.T) {
	want := map[access.Permission][]access.Action{
		access.Read:  {access.SeeProject, access.ListProjectSecrets, access.ReadProjectValues, access.SeeSecret, access.ReadSecret},
		access.Write: {access.CreateSecret, access.WriteSecret, access.RenameSecret, access.DeleteSecret},
		access.Manage: {access.ChangeProject, access.DeleteProject, access.SeeProjectAccess, access.ChangeProjectAccess, access.MoveSecret,
			access.SeeSecretAccess, access.ChangeSecretAccess},
		access.None: {access.SeeSelf, access.SeeOrganization, access.SeePrincipals, access.ChangePrincipals, access.ChangeOwners,
			access.ChangeOrganization, access.BreakGlass, access.CreateProject, access.SeePrincipalAccess, access.SeeEvents, access.PurgeTrash},
	}
	seen := 0
	for permission, actions := range want {
		for _, a := range actions {
			seen++
			if got := a.Least(); got != permission {
				t.Errorf("%s: %s, want %s", a, got, permission)
			}
		}
	}
	if all := len(access.Actions()); seen != all {
		t.Errorf("%d actions were looked at, and there are %d", seen, all)
	}
}
