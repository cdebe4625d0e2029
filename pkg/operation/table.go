package operation

import (
	"slices"
	"time"

	"strongroom/pkg/access"
)

// The operations' names.
const (
	Whoami                Name = "whoami"
	CreateOrganization    Name = "create-organization"
	GetOrganization       Name = "get-organization"
	UpdateOrganization    Name = "update-organization"
	ListPrincipals        Name = "list-principals"
	CreatePrincipal       Name = "create-principal"
	GetPrincipal          Name = "get-principal"
	UpdatePrincipal       Name = "update-principal"
	DeletePrincipal       Name = "delete-principal"
	PutIdentities         Name = "put-identities"
	ListGroupMembers      Name = "list-group-members"
	ChangeGroupMembers    Name = "change-group-members"
	DisablePrincipal      Name = "disable-principal"
	EnablePrincipal       Name = "enable-principal"
	ListProjects          Name = "list-projects"
	CreateProject         Name = "create-project"
	GetProject            Name = "get-project"
	UpdateProject         Name = "update-project"
	AddProjectKey         Name = "add-project-key"
	DeleteProjects        Name = "delete-projects"
	ListSecrets           Name = "list-secrets"
	CreateSecret          Name = "create-secret"
	GetSecret             Name = "get-secret"
	GetSecretByName       Name = "get-secret-by-name"
	UpdateSecret          Name = "update-secret"
	DeleteSecrets         Name = "delete-secrets"
	GetSecretsByIDs       Name = "get-secrets-by-ids"
	ListProjectSecrets    Name = "list-project-secrets"
	GetProjectValues      Name = "get-project-values"
	ListSecretVersions    Name = "list-secret-versions"
	GetSecretVersion      Name = "get-secret-version"
	RestoreSecretVersion  Name = "restore-secret-version"
	GetRotation           Name = "get-rotation"
	PutRotation           Name = "put-rotation"
	DeleteRotation        Name = "delete-rotation"
	RotateSecret          Name = "rotate-secret"
	ClaimRotation         Name = "claim-rotation"
	PutPendingVersion     Name = "put-pending-version"
	PromoteVersion        Name = "promote-version"
	DiscardPendingVersion Name = "discard-pending-version"
	ReportRotation        Name = "report-rotation"
	BreakGlass            Name = "break-glass"
	GetProjectAccess      Name = "get-project-access"
	PutProjectAccess      Name = "put-project-access"
	GetSecretAccess       Name = "get-secret-access"
	PutSecretAccess       Name = "put-secret-access"
	ListSecretPrincipals  Name = "list-secret-principals"
	ListPrincipalAccess   Name = "list-principal-access"
	ExplainAccess         Name = "explain-access"
	ListTrash             Name = "list-trash"
	RestoreFromTrash      Name = "restore-from-trash"
	PurgeTrash            Name = "purge-trash"
	PurgeExpiredTrash     Name = "purge-expired-trash"
	SweepDeleted          Name = "sweep-deleted"
	ListEvents            Name = "list-events"
	ListSecretEvents      Name = "list-secret-events"
	ListSecretReaders     Name = "list-secret-readers"
	ListPrincipalReads    Name = "list-principal-reads"
	PublishChanges        Name = "publish-changes"
	RollUpReads           Name = "roll-up-reads"
	ListSeals             Name = "list-seals"
	ExportEvents          Name = "export-events"
	SealEvents            Name = "seal-events"
	RotateDataKeys        Name = "rotate-data-keys"
	ListRotations         Name = "list-rotations"
	DispatchRotations     Name = "dispatch-rotations"
	RotateOnEvent         Name = "rotate-on-event"
)

// What functions need of AWS, by the kind of work they do; rows add what is theirs alone. A get is a read within a
// transaction too, or one of the item that made a condition fail: who holds the name, say.
var (
	// A value may be newer than the grant it is read under, so that what decides about a secret is read once more, at one
	// moment.
	aboutSecret = looking(Projects, Secrets).and(GetItem, Identities, Projects, Secrets)
	// Under a data key, which is found by its number to open and as the newest to seal.
	opening = aboutSecret.and(GetItem, Organizations).decrypting()
	sealing = opening.and(Query, Organizations).and(PutItem, Projects, Secrets, Unassigned)
	// A principal is written with its name in a list, and the organization with its owners.
	aboutPrincipal    = looking(Organizations, Principals)
	changingPrincipal = aboutPrincipal.and(GetItem, Organizations).and(PutItem, Organizations, Principals)
	// What goes into the trash, or out of it, has an entry there.
	binning = looking(Organizations, Projects).and(PutItem, TrashLists)
	// Rotations are moved, and what a leaver has read is looked for.
	moving = Access{}.and(BatchGetItem, Principals, Projects, Secrets).and(GetItem, Projects, Secrets).and(Query, Principals).
		and(PutItem, Events, Organizations, Secrets).querying1()
	purging = Access{}.and(BatchGetItem, Projects, Secrets).and(GetItem, Projects, Secrets).
		and(PutItem, Events, Organizations, Projects, Secrets)
)

// looking is what all do for a caller: read, in one batch, who calls and what decides, and put events, if only those of
// refusals.
func looking(at ...Partition) Access {
	return Access{}.and(BatchGetItem, append([]Partition{Identities}, at...)...).and(PutItem, Events)
}

// and is a with an action on more partitions.
func (a Access) and(action TableAction, on ...Partition) Access {
	a.Table = slices.Clone(a.Table)
	i := slices.IndexFunc(a.Table, func(of TableAccess) bool { return of.Action == action })
	if i < 0 {
		i, a.Table = len(a.Table), append(a.Table, TableAccess{Action: action})
	}
	all := append(slices.Clone(a.Table[i].Partitions), on...)
	slices.Sort(all)
	a.Table[i].Partitions = slices.Compact(all)
	return a
}

func (a Access) querying1() Access {
	a.Index1 = true
	return a
}

func (a Access) querying2() Access {
	a.Index2 = true
	return a
}

func (a Access) decrypting() Access {
	a.StorageKey = append(slices.Clone(a.StorageKey), Decrypt)
	return a
}

func (a Access) generating() Access {
	a.StorageKey = append(slices.Clone(a.StorageKey), GenerateDataKey)
	return a
}

// Table is the operation table.
var Table = []Row{
	// oneself
	{
		Name: Whoami, Action: "", Access: aboutPrincipal,
		Trigger: HTTP{Method: "GET", Path: "/me", Status: 200},
		Summary: "say who the caller is to Strongroom",
	},
	// organization
	{
		Name: CreateOrganization, Action: "",
		Access: Access{}.and(BatchGetItem, Organizations, Principals).and(GetItem, Identities, Organizations).
			and(PutItem, Events, Identities, Organizations, Principals).generating(),
		Trigger: Invoke{},
		Summary: "make the organization and its first owner, or recover an owner",
	},
	{
		Name: GetOrganization, Action: access.SeeOrganization, Access: looking(Organizations),
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}", Status: 200},
		Summary: "show the organization",
	},
	{
		Name: UpdateOrganization, Action: access.ChangeOrganization,
		Access:  looking(Organizations).and(PutItem, Organizations),
		Trigger: HTTP{Method: "PUT", Path: "/organizations/{organizationId}", Body: true, Status: 200},
		Summary: "change the organization's name or settings",
	},
	// principals
	{
		Name: ListPrincipals, Action: access.SeePrincipals, Access: looking(Principals).and(Query, Organizations),
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}/principals", Query: []string{"kind", "limit", "continuationToken"}, Status: 200},
		Summary: "list users, groups and service accounts",
	},
	{
		Name: CreatePrincipal, Action: access.ChangePrincipals, Access: changingPrincipal,
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/principals", Body: true, Status: 201},
		Summary: "make a user, a group or a service account",
	},
	{
		Name: GetPrincipal, Action: access.SeePrincipals, Access: aboutPrincipal,
		Trigger: HTTP{Method: "GET", Path: "/principals/{principalId}", Status: 200},
		Summary: "show a user, a group or a service account",
	},
	{
		Name: UpdatePrincipal, Action: access.ChangePrincipals,
		Access:  changingPrincipal.and(PutItem, Identities).and(DeleteItem, Organizations),
		Trigger: HTTP{Method: "PUT", Path: "/principals/{principalId}", Body: true, Status: 200},
		Summary: "change a principal's name, e-mail or role",
	},
	{
		Name: DeletePrincipal, Action: access.ChangePrincipals,
		Access: aboutPrincipal.and(Query, Principals).and(PutItem, Organizations, Principals).
			and(DeleteItem, Identities, Organizations, Principals),
		Trigger: HTTP{Method: "DELETE", Path: "/principals/{principalId}", Status: 204},
		Summary: "delete a principal, its identities and memberships",
	},
	{
		Name: PutIdentities, Action: access.ChangePrincipals,
		Access:  changingPrincipal.and(GetItem, Identities).and(PutItem, Identities).and(DeleteItem, Identities),
		Trigger: HTTP{Method: "PUT", Path: "/principals/{principalId}/identities", Body: true, Status: 200},
		Summary: "replace the IAM identities of a principal",
	},
	{
		Name: ListGroupMembers, Action: access.SeePrincipals, Access: aboutPrincipal.and(Query, Principals),
		Trigger: HTTP{Method: "GET", Path: "/principals/{principalId}/members", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the users in a group",
	},
	{
		Name: ChangeGroupMembers, Action: access.ChangePrincipals,
		Access:  changingPrincipal.and(Query, Principals).and(PutItem, Identities).and(DeleteItem, Principals),
		Trigger: HTTP{Method: "POST", Path: "/principals/{principalId}/members", Body: true, Status: 200},
		Summary: "add users to a group and remove them from it",
	},
	{
		Name: DisablePrincipal, Action: access.ChangePrincipals, Access: changingPrincipal.and(PutItem, Identities),
		Trigger: HTTP{Method: "POST", Path: "/principals/{principalId}/disable", Status: 200},
		Summary: "refuse a user or service account everything from the next request on",
	},
	{
		Name: EnablePrincipal, Action: access.ChangePrincipals, Access: changingPrincipal.and(PutItem, Identities),
		Trigger: HTTP{Method: "POST", Path: "/principals/{principalId}/enable", Status: 200},
		Summary: "undo disable-principal",
	},
	// projects
	{
		Name: ListProjects, Action: access.SeeProject,
		Access:  looking(Projects).and(Query, Organizations, Principals),
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}/projects", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the projects that the caller may see",
	},
	{
		Name: CreateProject, Action: access.CreateProject,
		Access:  looking(Organizations, Projects).and(GetItem, Organizations).and(PutItem, Organizations, Principals, Projects),
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/projects", Body: true, Status: 201},
		Summary: "make a project",
	},
	{
		Name: GetProject, Action: access.SeeProject, Access: looking(Projects),
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}", Status: 200},
		Summary: "show a project and its wrapped project keys",
	},
	{
		Name: UpdateProject, Action: access.ChangeProject,
		Access:  looking(Projects).and(GetItem, Organizations).and(PutItem, Organizations, Projects).and(DeleteItem, Organizations),
		Trigger: HTTP{Method: "PUT", Path: "/projects/{projectId}", Body: true, Status: 200},
		Summary: "rename a project",
	},
	{
		Name: AddProjectKey, Action: access.ChangeProject,
		Access:  looking(Projects).and(Query, Projects).and(PutItem, Organizations, Projects),
		Trigger: HTTP{Method: "POST", Path: "/projects/{projectId}/keys", Body: true, Status: 200},
		Summary: "give a project a new current key, and count the values under older ones",
	},
	{
		Name: DeleteProjects, Action: access.DeleteProject, Access: binning.and(PutItem, Projects).and(DeleteItem, Organizations),
		Trigger: HTTP{Method: "POST", Path: "/projects/delete", Body: true, Status: 200},
		Summary: "put projects into the trash",
	},
	// secrets
	{
		Name: ListSecrets, Action: access.SeeSecret,
		Access:  looking(Projects, Secrets).and(Query, Principals, Projects).querying2(),
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}/secrets", Query: []string{"namePrefix", "limit", "continuationToken"}, Status: 200},
		Summary: "list the secrets that the caller may see, each once",
	},
	{
		Name: CreateSecret, Action: access.CreateSecret, Access: sealing.and(GetItem, Unassigned),
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
		Name: UpdateSecret, Action: access.WriteSecret,
		Access:  sealing.and(GetItem, Unassigned).and(DeleteItem, Projects, Secrets, Unassigned),
		Trigger: HTTP{Method: "PUT", Path: "/secrets/{secretId}", Query: []string{"project"}, Body: true, Status: 200},
		Summary: "change a secret's name, value, note or projects",
	},
	{
		Name: DeleteSecrets, Action: access.DeleteSecret,
		Access: binning.and(BatchGetItem, Secrets).and(GetItem, Identities, Organizations, Projects, Secrets).
			and(PutItem, Secrets).and(DeleteItem, Projects, Unassigned),
		Trigger: HTTP{Method: "POST", Path: "/secrets/delete", Body: true, Status: 200},
		Summary: "put secrets into the trash",
	},
	{
		Name: GetSecretsByIDs, Action: access.ReadSecret,
		Access:  looking(Projects, Secrets).and(GetItem, Organizations).decrypting(),
		Trigger: HTTP{Method: "POST", Path: "/secrets/get-by-ids", Body: true, Status: 200},
		Summary: "read several secrets with their values",
	},
	{
		Name: ListProjectSecrets, Action: access.ListProjectSecrets, Access: looking(Projects).and(Query, Projects),
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}/secrets", Query: []string{"namePrefix", "limit", "continuationToken"}, Status: 200},
		Summary: "list a project's secrets without values",
	},
	{
		Name: GetProjectValues, Action: access.ReadProjectValues,
		Access:  looking(ChangeMarks, Projects).and(GetItem, Organizations).and(Query, Projects).decrypting(),
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}/values", Query: []string{"continuationToken"}, Status: 200},
		Summary: "read all of a project's secrets with their values",
	},
	// versions
	{
		Name: ListSecretVersions, Action: access.SeeSecret, Access: aboutSecret.and(Query, Secrets),
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/versions", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list a secret's versions, newest first, without values",
	},
	{
		Name: GetSecretVersion, Action: access.ReadSecret, Access: opening,
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/versions/{version}", Status: 200},
		Summary: "read one version of a secret with its value",
	},
	{
		Name: RestoreSecretVersion, Action: access.WriteSecret, Access: sealing.and(DeleteItem, Secrets),
		Trigger: HTTP{Method: "PUT", Path: "/secrets/{secretId}/versions/restore", Body: true, Status: 200},
		Summary: "give a secret the value of one of its versions again",
	},
	// rotation
	{
		Name: GetRotation, Action: access.SeeSecretAccess, Access: aboutSecret.and(BatchGetItem, Principals).and(Query, Secrets),
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/rotation", Status: 200},
		Summary: "show how a secret is rotated, how that goes, and who is waited for",
	},
	{
		Name: PutRotation, Action: access.ChangeSecretAccess, Access: aboutSecret.and(PutItem, Secrets, Setters).and(DeleteItem, Setters),
		Trigger: HTTP{Method: "PUT", Path: "/secrets/{secretId}/rotation", Body: true, Status: 200},
		Summary: "set how a secret is rotated from now on",
	},
	{
		Name: DeleteRotation, Action: access.ChangeSecretAccess, Access: aboutSecret.and(PutItem, Secrets).and(DeleteItem, Secrets, Setters),
		Trigger: HTTP{Method: "DELETE", Path: "/secrets/{secretId}/rotation", Query: []string{"force"}, Status: 204},
		Summary: "have a secret rotated no more",
	},
	{
		Name: RotateSecret, Action: access.WriteSecret, Access: aboutSecret.and(PutItem, Secrets),
		Trigger: HTTP{Method: "POST", Path: "/secrets/{secretId}/rotate", Body: true, Status: 200},
		Summary: "rotate a secret now",
	},
	// rotation, by workers
	{
		Name: ClaimRotation, Action: access.WriteSecret, Access: aboutSecret.and(PutItem, Secrets),
		Trigger: HTTP{Method: "POST", Path: "/secrets/{secretId}/rotation/claim", Body: true, Status: 200},
		Summary: "take a secret's rotation for a worker, or renew its lease",
	},
	{
		Name: PutPendingVersion, Action: access.WriteSecret,
		Access:  aboutSecret.and(GetItem, Organizations).and(Query, Organizations).and(PutItem, Secrets).and(DeleteItem, Secrets).decrypting(),
		Trigger: HTTP{Method: "POST", Path: "/secrets/{secretId}/versions/pending", Body: true, Status: 200},
		Summary: "store the value that a rotation made, as the pending version",
	},
	{
		Name: PromoteVersion, Action: access.WriteSecret,
		Access:  opening.and(PutItem, Projects, Secrets, Unassigned),
		Trigger: HTTP{Method: "POST", Path: "/secrets/{secretId}/versions/promote", Body: true, Status: 200},
		Summary: "make the pending version of a rotation the current one",
	},
	{
		Name: DiscardPendingVersion, Action: access.WriteSecret, Access: aboutSecret.and(PutItem, Secrets).and(DeleteItem, Secrets),
		Trigger: HTTP{Method: "POST", Path: "/secrets/{secretId}/versions/discard", Body: true, Status: 200},
		Summary: "give a rotation up, and its pending version",
	},
	{
		Name: ReportRotation, Action: access.WriteSecret, Access: aboutSecret.and(PutItem, Secrets),
		Trigger: HTTP{Method: "POST", Path: "/secrets/{secretId}/rotation/report", Body: true, Status: 200},
		Summary: "say what came of an attempt to rotate a secret",
	},
	// access policies
	{
		Name: GetProjectAccess, Action: access.SeeProjectAccess, Access: looking(Principals, Projects),
		Trigger: HTTP{Method: "GET", Path: "/projects/{projectId}/access-policies", Status: 200},
		Summary: "list a project's grants",
	},
	{
		Name: PutProjectAccess, Action: access.ChangeProjectAccess,
		Access:  looking(Principals, Projects).and(PutItem, Principals, Projects).and(DeleteItem, Principals),
		Trigger: HTTP{Method: "PUT", Path: "/projects/{projectId}/access-policies", Query: []string{"force"}, Body: true, Status: 200},
		Summary: "replace a project's grants",
	},
	{
		Name: GetSecretAccess, Action: access.SeeSecretAccess, Access: aboutSecret.and(BatchGetItem, Principals),
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/access-policies", Status: 200},
		Summary: "list a secret's grants",
	},
	{
		Name: PutSecretAccess, Action: access.ChangeSecretAccess,
		Access:  aboutSecret.and(BatchGetItem, Principals).and(PutItem, Principals, Secrets).and(DeleteItem, Principals),
		Trigger: HTTP{Method: "PUT", Path: "/secrets/{secretId}/access-policies", Query: []string{"force"}, Body: true, Status: 200},
		Summary: "replace a secret's grants",
	},
	{
		Name: BreakGlass, Action: access.BreakGlass, Access: aboutSecret.and(PutItem, Principals, Projects, Secrets),
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/break-glass", Body: true, Status: 200},
		Summary: "give oneself a grant in an emergency, for a while and with a reason",
	},
	{
		Name: ListSecretPrincipals, Action: access.SeeSecretAccess,
		Access:  aboutSecret.and(BatchGetItem, Principals).and(GetItem, Principals).and(Query, Organizations),
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/principals", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list who can reach a secret, how far, and through what",
	},
	{
		Name: ListPrincipalAccess, Action: access.SeePrincipalAccess,
		Access:  looking(Principals, Projects, Secrets).and(Query, Principals),
		Trigger: HTTP{Method: "GET", Path: "/principals/{principalId}/access", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list what a principal can reach, how far, and through what",
	},
	{
		Name: ExplainAccess, Action: access.SeePrincipalAccess,
		Access: aboutSecret.and(BatchGetItem, Principals).and(GetItem, Principals),
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/access/explain",
			Query: []string{"principalId", "projectId", "secretId", "permission"}, Status: 200,
		},
		Summary: "say whether a principal may read, write or manage something, and why",
	},
	// trash
	{
		Name: ListTrash, Action: "", Access: looking(Projects, Secrets).and(Query, TrashLists),
		Trigger: HTTP{Method: "GET", Path: "/organizations/{organizationId}/trash", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the projects and secrets in the trash that the caller could have deleted, newest first",
	},
	{
		Name: RestoreFromTrash, Action: "",
		Access: aboutSecret.and(GetItem, Organizations, Unassigned).and(PutItem, Organizations, Projects, Secrets, Unassigned).
			and(DeleteItem, TrashLists),
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/trash/restore", Body: true, Status: 200},
		Summary: "take projects and secrets out of the trash",
	},
	{
		Name: PurgeTrash, Action: access.PurgeTrash,
		Access:  purging.and(BatchGetItem, Identities).and(GetItem, Identities).and(DeleteItem, TrashLists),
		Trigger: HTTP{Method: "POST", Path: "/organizations/{organizationId}/trash/purge", Body: true, Status: 200},
		Summary: "remove for good projects and secrets that are in the trash",
	},
	{
		Name: PurgeExpiredTrash, Action: "", Access: purging.and(Query, TrashLists).and(DeleteItem, TrashLists),
		Trigger: Schedule{Every: time.Hour, After: 20 * time.Minute},
		Summary: "remove for good what has been in the trash for long enough",
	},
	{
		Name: SweepDeleted, Action: "",
		Access: purging.and(BatchGetItem, Principals).and(Query, Organizations, Principals, Projects, Secrets).
			and(DeleteItem, ChangeMarks, Organizations, Principals, Projects, Secrets, Setters),
		Trigger: Schedule{Every: 15 * time.Minute}, // as long as one run has, so that two seldom meet
		Summary: "remove what purged projects and secrets and deleted principals left",
	},
	// events
	{
		Name: ListEvents, Action: access.SeeEvents, Access: looking(Organizations).and(Query, Events),
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/events",
			Query: []string{"from", "to", "action", "actorId", "resourceId", "limit", "continuationToken"}, Status: 200,
		},
		Summary: "list who did, or tried to do, what, newest first",
	},
	{
		Name: ListSecretEvents, Action: access.SeeSecretAccess, Access: aboutSecret.and(Query, Secrets),
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/events", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the changes of a secret, newest first",
	},
	{
		Name: ListSecretReaders, Action: access.SeeSecretAccess,
		Access:  aboutSecret.and(BatchGetItem, Principals).and(Query, Secrets),
		Trigger: HTTP{Method: "GET", Path: "/secrets/{secretId}/readers", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list who knows a secret's value: first, last, how often, which version",
	},
	{
		Name: ListPrincipalReads, Action: access.SeeEvents,
		Access:  aboutPrincipal.and(BatchGetItem, Secrets).and(Query, Principals),
		Trigger: HTTP{Method: "GET", Path: "/principals/{principalId}/reads", Query: []string{"limit", "continuationToken"}, Status: 200},
		Summary: "list the secrets whose values a principal knows",
	},
	{
		Name: ListSeals, Action: access.SeeEvents, Access: looking(Organizations).and(Query, Removals, Seals),
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/seals",
			Query: []string{"from", "to", "limit", "continuationToken"}, Status: 200,
		},
		Summary: "list the seals of hours and what retention removed, newest first",
	},
	{
		Name: ExportEvents, Action: access.SeeEvents,
		Access: looking(Organizations).and(GetItem, Seals).and(Query, Events, Removals, SealIndexes),
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/events/export",
			Query: []string{"from", "to", "continuationToken"}, Status: 200,
		},
		Summary: "read events as they are stored, with their seals, to be verified elsewhere",
	},
	{
		Name: ListRotations, Action: access.SeeEvents,
		Access: looking(Principals, Projects, Secrets).and(Query, Principals, Projects, Setters, TrashLists).querying1().querying2(),
		Trigger: HTTP{
			Method: "GET", Path: "/organizations/{organizationId}/rotations",
			Query: []string{"due", "leaver", "limit", "continuationToken"}, Status: 200,
		},
		Summary: "list rotations by when they are due, or the secrets that a leaver knows or could have read",
	},
	// what nobody asks for
	{
		Name: PublishChanges, Action: "", Access: Access{Bus: true},
		// Events as they stand under what was changed: reads don't, and wake nobody here.
		Trigger: Stream{Items: []Items{{"ORG#", "EVENT#"}, {"PRINCIPAL#", "EVENT#"}, {"PROJECT#", "EVENT#"}, {"SECRET#", "EVENT#"}}},
		Summary: "publish changes to the event bus",
	},
	{
		Name: RollUpReads, Action: "",
		Access:  Access{}.and(GetItem, ChangeMarks, Secrets).and(PutItem, ChangeMarks, Principals, Secrets),
		Trigger: Stream{Items: []Items{{PK: "EVENT#"}, {PK: "PROJECT#"}}},
		Summary: "sum up who read what, and mark the projects whose values changed",
	},
	{
		Name: SealEvents, Trigger: Schedule{Every: time.Hour, After: 10 * time.Minute},
		Access: Access{SigningKey: []KeyAction{Sign, GetPublicKey}, Archive: true}.
			and(GetItem, Organizations, Removals, Seals).and(Query, Events, Removals, SealIndexes, Seals).
			and(PutItem, Removals, SealIndexes, Seals).and(DeleteItem, Events, SealIndexes, Seals),
		Summary: "seal the events of the hour that is over, and remove what is older than events are kept",
	},
	{
		Name: RotateDataKeys, Action: "",
		Access: Access{}.and(BatchGetItem, Organizations).and(GetItem, Organizations, Secrets).and(Query, Organizations, Secrets, TrashLists).
			and(PutItem, Events, Organizations, Projects, Secrets, Unassigned).querying2().decrypting().generating(),
		Trigger: Schedule{Every: time.Hour, After: 40 * time.Minute},
		Summary: "make a new data key when the current one is old, and seal everything anew under it",
	},
	{
		Name: DispatchRotations, Action: "",
		Access:  moving.and(Query, Organizations, Projects, Secrets, TrashLists).and(DeleteItem, Organizations, Secrets, Setters).querying2(),
		Trigger: Schedule{Every: time.Minute},
		Summary: "ask for workers for the rotations that are due, and give up what nobody comes for",
	},
	{
		Name: RotateOnEvent, Action: "",
		Access: moving.and(BatchGetItem, Organizations).and(GetItem, Principals),
		Trigger: Event{Rules: []EventRule{
			{Source: "strongroom", Types: []string{"Principal Deleted", "Principal Disabled"}},
			{Source: "strongroom.leak"},
			{Source: "strongroom.rotate"},
			{
				Source: "aws.health", Types: []string{"AWS Health Event"},
				Fields: map[string][]string{"service": {"RISK"}, "eventTypeCode": {"AWS_RISK_CREDENTIALS_EXPOSED"}},
			},
		}},
		Summary: "have secrets rotated because somebody left, or something leaked, or a rule of yours says so",
	},
}
