package operation

import (
	"time"

	"strongroom/pkg/access"
)

// The operations' names.
const (
	Whoami               Name = "whoami"
	CreateOrganization   Name = "create-organization"
	GetOrganization      Name = "get-organization"
	UpdateOrganization   Name = "update-organization"
	ListPrincipals       Name = "list-principals"
	CreatePrincipal      Name = "create-principal"
	GetPrincipal         Name = "get-principal"
	UpdatePrincipal      Name = "update-principal"
	DeletePrincipal      Name = "delete-principal"
	PutIdentities        Name = "put-identities"
	ListGroupMembers     Name = "list-group-members"
	ChangeGroupMembers   Name = "change-group-members"
	DisablePrincipal     Name = "disable-principal"
	EnablePrincipal      Name = "enable-principal"
	ListProjects         Name = "list-projects"
	CreateProject        Name = "create-project"
	GetProject           Name = "get-project"
	UpdateProject        Name = "update-project"
	AddProjectKey        Name = "add-project-key"
	DeleteProjects       Name = "delete-projects"
	ListSecrets          Name = "list-secrets"
	CreateSecret         Name = "create-secret"
	GetSecret            Name = "get-secret"
	GetSecretByName      Name = "get-secret-by-name"
	UpdateSecret         Name = "update-secret"
	DeleteSecrets        Name = "delete-secrets"
	GetSecretsByIDs      Name = "get-secrets-by-ids"
	ListProjectSecrets   Name = "list-project-secrets"
	GetProjectValues     Name = "get-project-values"
	ListSecretVersions   Name = "list-secret-versions"
	GetSecretVersion     Name = "get-secret-version"
	RestoreSecretVersion Name = "restore-secret-version"
	BreakGlass           Name = "break-glass"
	GetProjectAccess     Name = "get-project-access"
	PutProjectAccess     Name = "put-project-access"
	GetSecretAccess      Name = "get-secret-access"
	PutSecretAccess      Name = "put-secret-access"
	ListSecretPrincipals Name = "list-secret-principals"
	ListPrincipalAccess  Name = "list-principal-access"
	ExplainAccess        Name = "explain-access"
	ListTrash            Name = "list-trash"
	RestoreFromTrash     Name = "restore-from-trash"
	PurgeTrash           Name = "purge-trash"
	PurgeExpiredTrash    Name = "purge-expired-trash"
	SweepDeleted         Name = "sweep-deleted"
	ListEvents           Name = "list-events"
	ListSecretEvents     Name = "list-secret-events"
	ListSecretReaders    Name = "list-secret-readers"
	ListPrincipalReads   Name = "list-principal-reads"
	PublishChanges       Name = "publish-changes"
	RollUpReads          Name = "roll-up-reads"
	ListSeals            Name = "list-seals"
	ExportEvents         Name = "export-events"
	SealEvents           Name = "seal-events"
	RotateDataKeys       Name = "rotate-data-keys"
)

// What functions need of AWS, by the kind of work they do. Get also stands for TransactGetItems, Put and Delete for
// TransactWriteItems: IAM knows no others. All of them put events, if only those of refusals.
var (
	reading        = Access{Table: anywhere(BatchGetItem, PutItem)}
	readingSecret  = Access{Table: anywhere(BatchGetItem, GetItem, PutItem)}
	listing        = Access{Table: anywhere(BatchGetItem, Query, PutItem)}
	listingSecrets = Access{Table: anywhere(BatchGetItem, Query, PutItem), Index2: true}
	listingSecret  = Access{Table: anywhere(BatchGetItem, GetItem, Query, PutItem)}
	writing        = Access{Table: anywhere(BatchGetItem, GetItem, PutItem, DeleteItem)}
	rewriting      = Access{Table: anywhere(BatchGetItem, GetItem, PutItem)}
	counting       = Access{Table: anywhere(BatchGetItem, GetItem, Query, PutItem)}
	sweeping       = Access{Table: anywhere(BatchGetItem, GetItem, Query, PutItem, DeleteItem)}
	writingGroups  = Access{Table: anywhere(BatchGetItem, GetItem, Query, PutItem, DeleteItem)}
	opening        = Access{Table: anywhere(BatchGetItem, GetItem, PutItem), StorageKey: []KeyAction{Decrypt}}
	openingAll     = Access{Table: anywhere(BatchGetItem, GetItem, Query, PutItem), StorageKey: []KeyAction{Decrypt}}
	sealing        = Access{
		Table:      anywhere(BatchGetItem, GetItem, Query, PutItem, DeleteItem),
		StorageKey: []KeyAction{Decrypt},
	}
	rollingUp  = Access{Table: anywhere(GetItem, PutItem)}
	publishing = Access{Bus: true}
	resealing  = Access{
		Table:      anywhere(GetItem, Query, PutItem),
		Index2:     true,
		StorageKey: []KeyAction{Decrypt, GenerateDataKey},
	}
	founding = Access{
		Table:      anywhere(BatchGetItem, GetItem, PutItem),
		StorageKey: []KeyAction{GenerateDataKey},
	}
)

// anywhere is these actions in all partitions.
func anywhere(actions ...TableAction) []TableAccess {
	all := make([]TableAccess, len(actions))
	for i, action := range actions {
		all[i].Action = action
	}
	return all
}

// Table is the operation table.
var Table = []Row{
	// oneself
	{
		Name: Whoami, Action: "", Access: reading,
		Trigger: HTTP{Method: "GET", Path: "/me", Status: 200},
		Summary: "say who the caller is to Strongroom",
	},
	// organization
	{
		Name: CreateOrganization, Action: "", Access: founding,
		Trigger: Invoke{},
		Summary: "make the organization and its first owner, or recover an owner",
	},
	{
		Name: GetOrganization, Action: access.SeeOrganization, Access: reading,
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}", Status: 200},
		Summary: "show the organization",
	},
	{
		Name: UpdateOrganization, Action: access.ChangeOrganization, Access: rewriting,
		Trigger: HTTP{Method: "PUT", Path: "/organizations/{organizationId}", Body: true, Status: 200},
		Summary: "change the organization's name or settings",
	},
	// principals
	{
		Name: ListPrincipals, Action: access.SeePrincipals, Access: listing,
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}/principals", Query: []string{"kind", "limit", "continuationToken"}, Status: 200},
		Summary: "list users, groups and service accounts",
	},
	{
		Name: CreatePrincipal, Action: access.ChangePrincipals, Access: writing,
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/principals", Body: true, Status: 201},
		Summary: "make a user, a group or a service account",
	},
	{
		Name: GetPrincipal, Action: access.SeePrincipals, Access: reading,
		Trigger: HTTP{Method: "GET", Path: "/principals/{principalId}", Status: 200},
		Summary: "show a user, a group or a service account",
	},
	{
		Name: UpdatePrincipal, Action: access.ChangePrincipals, Access: writing,
		Trigger: HTTP{Method: "PUT", Path: "/principals/{principalId}", Body: true, Status: 200},
		Summary: "change a principal's name, e-mail or role",
	},
	{
		Name: DeletePrincipal, Action: access.ChangePrincipals, Access: writingGroups,
		Trigger: HTTP{Method: "DELETE", Path: "/principals/{principalId}", Status: 204},
		Summary: "delete a principal, its identities and memberships",
	},
	{
		Name: PutIdentities, Action: access.ChangePrincipals, Access: writing,
		Trigger: HTTP{Method: "PUT", Path: "/principals/{principalId}/identities", Body: true, Status: 200},
		Summary: "replace the IAM identities of a principal",
	},
	{
		Name: ListGroupMembers, Action: access.SeePrincipals, Access: listing,
		Trigger: HTTP{Method: "GET", Path: "/principals/{principalId}/members", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the users in a group",
	},
	{
		Name: ChangeGroupMembers, Action: access.ChangePrincipals, Access: writingGroups,
		Trigger: HTTP{Method: "POST", Path: "/principals/{principalId}/members", Body: true, Status: 200},
		Summary: "add users to a group and remove them from it",
	},
	{
		Name: DisablePrincipal, Action: access.ChangePrincipals, Access: writing,
		Trigger: HTTP{Method: "POST", Path: "/principals/{principalId}/disable", Status: 200},
		Summary: "refuse a user or service account everything from the next request on",
	},
	{
		Name: EnablePrincipal, Action: access.ChangePrincipals, Access: writing,
		Trigger: HTTP{Method: "POST", Path: "/principals/{principalId}/enable", Status: 200},
		Summary: "undo disable-principal",
	},
	// projects
	{
		Name: ListProjects, Action: access.SeeProject, Access: listing,
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}/projects", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the projects that the caller may see",
	},
	{
		Name: CreateProject, Action: access.CreateProject, Access: writing,
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/projects", Body: true, Status: 201},
		Summary: "make a project",
	},
	{
		Name: GetProject, Action: access.SeeProject, Access: reading,
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}", Status: 200},
		Summary: "show a project and its wrapped project keys",
	},
	{
		Name: UpdateProject, Action: access.ChangeProject, Access: writing,
		Trigger: HTTP{Method: "PUT", Path: "/projects/{projectId}", Body: true, Status: 200},
		Summary: "rename a project",
	},
	{
		Name: AddProjectKey, Action: access.ChangeProject, Access: counting,
		Trigger: HTTP{Method: "POST", Path: "/projects/{projectId}/keys", Body: true, Status: 200},
		Summary: "give a project a new current key, and count the values under older ones",
	},
	{
		Name: DeleteProjects, Action: access.DeleteProject, Access: writing,
		Trigger: HTTP{Method: "POST", Path: "/projects/delete", Body: true, Status: 200},
		Summary: "put projects into the trash",
	},
	// secrets
	{
		Name: ListSecrets, Action: access.SeeSecret, Access: listingSecrets,
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}/secrets", Query: []string{"namePrefix", "limit", "continuationToken"}, Status: 200},
		Summary: "list the secrets that the caller may see, each once",
	},
	{
		Name: CreateSecret, Action: access.CreateSecret, Access: sealing,
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/secrets", Body: true, Status: 201},
		Summary: "store a new secret",
	},
	{
		Name: GetSecret, Action: access.ReadSecret, Access: opening,
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}", Query: []string{"project"}, Status: 200},
		Summary: "read a secret with its value",
	},
	{
		Name: GetSecretByName, Action: access.ReadSecret, Access: opening,
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}/secret", Query: []string{"name"}, Status: 200},
		Summary: "read a secret by its project and name",
	},
	{
		Name: UpdateSecret, Action: access.WriteSecret, Access: sealing,
		Trigger: HTTP{Method: "PUT", Path: "/secrets/{secretId}", Query: []string{"project"}, Body: true, Status: 200},
		Summary: "change a secret's name, value, note or projects",
	},
	{
		Name: DeleteSecrets, Action: access.DeleteSecret, Access: writing,
		Trigger: HTTP{Method: "POST", Path: "/secrets/delete", Body: true, Status: 200},
		Summary: "put secrets into the trash",
	},
	{
		Name: GetSecretsByIDs, Action: access.ReadSecret, Access: opening,
		Trigger: HTTP{Method: "POST", Path: "/secrets/get-by-ids", Body: true, Status: 200},
		Summary: "read several secrets with their values",
	},
	{
		Name: ListProjectSecrets, Action: access.ListProjectSecrets, Access: listing,
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}/secrets", Query: []string{"namePrefix", "limit", "continuationToken"}, Status: 200},
		Summary: "list a project's secrets without values",
	},
	{
		Name: GetProjectValues, Action: access.ReadProjectValues, Access: openingAll,
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}/values", Query: []string{"continuationToken"}, Status: 200},
		Summary: "read all of a project's secrets with their values",
	},
	// versions
	{
		Name: ListSecretVersions, Action: access.SeeSecret, Access: listingSecret,
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/versions", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list a secret's versions, newest first, without values",
	},
	{
		Name: GetSecretVersion, Action: access.ReadSecret, Access: opening,
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/versions/{version}", Status: 200},
		Summary: "read one version of a secret with its value",
	},
	{
		Name: RestoreSecretVersion, Action: access.WriteSecret, Access: sealing,
		Trigger: HTTP{Method: "PUT", Path: "/secrets/{secretId}/versions/restore", Body: true, Status: 200},
		Summary: "give a secret the value of one of its versions again",
	},
	// access policies
	{
		Name: GetProjectAccess, Action: access.SeeProjectAccess, Access: reading,
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}/access-policies", Status: 200},
		Summary: "list a project's grants",
	},
	{
		Name: PutProjectAccess, Action: access.ChangeProjectAccess, Access: writing,
		Trigger: HTTP{Method: "PUT", Path: "/projects/{projectId}/access-policies", Query: []string{"force"}, Body: true, Status: 200},
		Summary: "replace a project's grants",
	},
	{
		Name: GetSecretAccess, Action: access.SeeSecretAccess, Access: readingSecret,
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/access-policies", Status: 200},
		Summary: "list a secret's grants",
	},
	{
		Name: PutSecretAccess, Action: access.ChangeSecretAccess, Access: writing,
		Trigger: HTTP{Method: "PUT", Path: "/secrets/{secretId}/access-policies", Query: []string{"force"}, Body: true, Status: 200},
		Summary: "replace a secret's grants",
	},
	{
		Name: BreakGlass, Action: access.BreakGlass, Access: rewriting,
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/break-glass", Body: true, Status: 200},
		Summary: "give oneself a grant in an emergency, for a while and with a reason",
	},
	{
		Name: ListSecretPrincipals, Action: access.SeeSecretAccess, Access: listingSecret,
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/principals", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list who can reach a secret, how far, and through what",
	},
	{
		Name: ListPrincipalAccess, Action: access.SeePrincipalAccess, Access: listing,
		Trigger: HTTP{Method: "GET", Path: "/principals/{principalId}/access", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list what a principal can reach, how far, and through what",
	},
	{
		Name: ExplainAccess, Action: access.SeePrincipalAccess, Access: readingSecret,
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/access/explain",
			Query: []string{"principalId", "projectId", "secretId", "permission"}, Status: 200,
		},
		Summary: "say whether a principal may read, write or manage something, and why",
	},
	// trash
	{
		Name: ListTrash, Action: "", Access: listing,
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}/trash", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the projects and secrets in the trash that the caller could have deleted, newest first",
	},
	{
		Name: RestoreFromTrash, Action: "", Access: writing,
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/trash/restore", Body: true, Status: 200},
		Summary: "take projects and secrets out of the trash",
	},
	{
		Name: PurgeTrash, Action: access.PurgeTrash, Access: writing,
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/trash/purge", Body: true, Status: 200},
		Summary: "remove for good projects and secrets that are in the trash",
	},
	{
		Name: PurgeExpiredTrash, Action: "", Access: sweeping,
		Trigger: Schedule{Every: time.Hour, After: 20 * time.Minute},
		Summary: "remove for good what has been in the trash for long enough",
	},
	{
		Name: SweepDeleted, Action: "", Access: sweeping,
		Trigger: Schedule{Every: 15 * time.Minute}, // as long as one run has, so that two seldom meet
		Summary: "remove what purged projects and secrets and deleted principals left",
	},
	// events
	{
		Name: ListEvents, Action: access.SeeEvents, Access: listing,
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/events",
			Query: []string{"from", "to", "action", "actorId", "resourceId", "limit", "continuationToken"}, Status: 200,
		},
		Summary: "list who did, or tried to do, what, newest first",
	},
	{
		Name: ListSecretEvents, Action: access.SeeSecretAccess, Access: listingSecret,
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/events", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the changes of a secret, newest first",
	},
	{
		Name: ListSecretReaders, Action: access.SeeSecretAccess, Access: listingSecret,
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/readers", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list who knows a secret's value: first, last, how often, which version",
	},
	{
		Name: ListPrincipalReads, Action: access.SeeEvents, Access: listing,
		Trigger: HTTP{Method: "GET", Path: "/principals/{principalId}/reads", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the secrets whose values a principal knows",
	},
	{
		Name: ListSeals, Action: access.SeeEvents, Access: listing,
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/seals",
			Query: []string{"from", "to", "limit", "continuationToken"}, Status: 200,
		},
		Summary: "list the seals of hours and what retention removed, newest first",
	},
	{
		Name: ExportEvents, Action: access.SeeEvents, Access: listing,
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/events/export",
			Query: []string{"from", "to", "continuationToken"}, Status: 200,
		},
		Summary: "read events as they are stored, with their seals, to be verified elsewhere",
	},
	// what nobody asks for
	{
		Name: PublishChanges, Action: "", Access: publishing,
		// Events as they stand under what was changed: reads don't, and wake nobody here.
		Trigger: Stream{Items: []Items{{"ORG#", "EVENT#"}, {"PRINCIPAL#", "EVENT#"}, {"PROJECT#", "EVENT#"}, {"SECRET#", "EVENT#"}}},
		Summary: "publish changes to the event bus",
	},
	{
		Name: RollUpReads, Action: "", Access: rollingUp,
		Trigger: Stream{Items: []Items{{PK: "EVENT#"}, {PK: "PROJECT#"}}},
		Summary: "sum up who read what, and mark the projects whose values changed",
	},
	{
		Name: SealEvents, Trigger: Schedule{Every: time.Hour, After: 10 * time.Minute},
		Access: Access{
			Table:      anywhere(GetItem, Query, PutItem, DeleteItem),
			SigningKey: []KeyAction{Sign, GetPublicKey}, Archive: true,
		},
		Summary: "seal the events of the hour that is over, and remove what is older than events are kept",
	},
	{
		Name: RotateDataKeys, Action: "", Access: resealing,
		Trigger: Schedule{Every: time.Hour, After: 40 * time.Minute},
		Summary: "make a new data key when the current one is old, and seal everything anew under it",
	},
}
