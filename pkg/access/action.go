package access

import "slices"

// An Action is something that a principal may be allowed to do. The set is closed.
type Action string

// Actions on the organization and its principals. They look at no project and no secret, but for CreateSecret.
const (
	// SeeSelf is to learn who one is: whoever is not disabled.
	SeeSelf Action = "seeSelf"
	// SeeOrganization is to see the organization and its settings: any user.
	SeeOrganization Action = "seeOrganization"
	// SeePrincipals is to see users, groups and service accounts: any user.
	SeePrincipals Action = "seePrincipals"
	// ChangePrincipals is to make, change, disable, bind or delete principals and to change groups: admin or owner.
	// Where an owner is what changes, or is what somebody becomes, ChangeOwners is asked too.
	ChangePrincipals Action = "changePrincipals"
	// ChangeOwners is to give or take the role owner, or to change an owner: owner.
	ChangeOwners Action = "changeOwners"
	// ChangeOrganization is to change its name and settings: owner.
	ChangeOrganization Action = "changeOrganization"
	// BreakGlass is to give oneself a grant in an emergency, which is recorded as such: admin or owner.
	BreakGlass Action = "breakGlass"
	// CreateProject is to make a project: admin or owner, and members where Settings says so.
	CreateProject Action = "createProject"
	// CreateSecret is to make a secret in the projects of Request.Added: write on every one of them. With none: admin
	// or owner.
	CreateSecret Action = "createSecret"
	// SeePrincipalAccess is to see what Request.Subject can reach: itself, admin, owner or auditor.
	SeePrincipalAccess Action = "seePrincipalAccess"
	// SeeEvents is to see all events, and who read what: admin, owner or auditor.
	SeeEvents Action = "seeEvents"
	// PurgeTrash is to remove for good what is in the trash: admin or owner.
	PurgeTrash Action = "purgeTrash"
)

// Actions on Request.Project.
const (
	// SeeProject is to see it, but no secret in it: read.
	SeeProject Action = "seeProject"
	// ListProjectSecrets is to see its secrets without their values: read.
	ListProjectSecrets Action = "listProjectSecrets"
	// ReadProjectValues is to read the values of all its secrets: read.
	ReadProjectValues Action = "readProjectValues"
	// ChangeProject is to rename it, or to change its keys: manage.
	ChangeProject Action = "changeProject"
	// DeleteProject is to put it into the trash: manage.
	DeleteProject Action = "deleteProject"
	// SeeProjectAccess is to see its grants: manage.
	SeeProjectAccess Action = "seeProjectAccess"
	// ChangeProjectAccess is to change its grants: manage, and Rights.CoversGrant for each grant made.
	ChangeProjectAccess Action = "changeProjectAccess"
)

// Actions on Request.Secret.
const (
	// SeeSecret is to see it, in lists too, and its versions, without values: read.
	SeeSecret Action = "seeSecret"
	// ReadSecret is to read its value, or an older one: read.
	ReadSecret Action = "readSecret"
	// WriteSecret is to change its value or its note: write.
	WriteSecret Action = "writeSecret"
	// RenameSecret is to change its name: write on every live project that it is in, or manage on it.
	RenameSecret Action = "renameSecret"
	// DeleteSecret is to put it into the trash: as RenameSecret.
	DeleteSecret Action = "deleteSecret"
	// MoveSecret is to change which projects it is in: manage on it, and write on each of Request.Added.
	MoveSecret Action = "moveSecret"
	// SeeSecretAccess is to see its grants, who can reach it and who read it, and how it is rotated: manage.
	SeeSecretAccess Action = "seeSecretAccess"
	// ChangeSecretAccess is to change its grants, or how it is rotated: manage, and Rights.CoversGrant for each grant made.
	ChangeSecretAccess Action = "changeSecretAccess"
)

// Actions answers all actions, those on the organization first, then those on projects, then those on secrets.
func Actions() []Action {
	return slices.Concat(organizationActions, projectActions, secretActions)
}

var (
	organizationActions = []Action{SeeSelf, SeeOrganization, SeePrincipals, ChangePrincipals, ChangeOwners,
		ChangeOrganization, BreakGlass, CreateProject, CreateSecret, SeePrincipalAccess, SeeEvents, PurgeTrash}
	projectActions = []Action{SeeProject, ListProjectSecrets, ReadProjectValues, ChangeProject, DeleteProject,
		SeeProjectAccess, ChangeProjectAccess}
	secretActions = []Action{SeeSecret, ReadSecret, WriteSecret, RenameSecret, DeleteSecret, MoveSecret,
		SeeSecretAccess, ChangeSecretAccess}
)

// Least is the least permission, on a project or on all of a secret's, with which somebody without a role may do it; None
// where no permission is asked for, but a role or nothing.
func (a Action) Least() Permission {
	switch {
	case a == CreateSecret || a.writesAll():
		return Write
	case slices.Contains(projectActions, a):
		return a.onProject()
	case slices.Contains(secretActions, a):
		return a.onSecret()
	}
	return None
}

// audited says whether an action only looks, and not at values: what auditors may do, whatever it is done to.
func (a Action) audited() bool {
	switch a { //nolint:exhaustive // everything else changes something, or answers values
	case SeeSelf, SeeOrganization, SeePrincipals, SeePrincipalAccess, SeeEvents, SeeProject, ListProjectSecrets,
		SeeProjectAccess, SeeSecret, SeeSecretAccess:
		return true
	}
	return false
}

// readsValues says whether an action answers values.
func (a Action) readsValues() bool { return a == ReadSecret || a == ReadProjectValues }
