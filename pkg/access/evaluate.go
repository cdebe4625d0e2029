package access

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// Settings are the organization's settings that decide about access.
type Settings struct {
	// MembersCreateProjects lets members make projects, not only admins and owners.
	MembersCreateProjects bool
}

// A Request asks whether a principal may do something. What the action doesn't look at is ignored.
type Request struct {
	Principal Principal
	Action    Action
	// Project and Secret are what the action is done to; nil stands for one that does not exist.
	Project *Project
	Secret  *Secret
	// Added are the projects that a secret is to be created in (CreateSecret) or to join (MoveSecret), in the
	// caller's order. For one that does not exist put the zero Project.
	Added []Project
	// Subject is whose access is to be seen, of SeePrincipalAccess.
	Subject  uuid.UUID
	Settings Settings
	Now      time.Time
}

// A Decision is the answer to a Request.
type Decision struct {
	Allowed bool
	// Visible says whether the caller may know that what it asked about exists: a refusal is 403 if so and otherwise
	// 404. It is true of what concerns no project and no secret, and of a principal that may do nothing at all.
	Visible bool
	// Invisible holds the places in Request.Added of projects that are gone or that the caller can't see, ascending.
	// Where there are any, and Visible, the answer is 404 naming the field.
	Invisible []int
	// Reasons are what the decision rests on: never empty.
	Reasons []Reason
	// Missing is a sentence for the answer to a visible refusal: what is missing, with counts of projects at most,
	// never an id or a name.
	Missing string
}

// NotFound says whether the refusal is to look as if something did not exist: all of it or, where Visible, what
// Invisible names.
func (d Decision) NotFound() bool { return !d.Allowed && (!d.Visible || len(d.Invisible) > 0) }

// String is the decision's reasons in words, for the record, as in Reason.String.
func (d Decision) String() string { return d.each(Reason.String) }

// Words is the decision's reasons in words, with names and times as in Reason.Words.
func (d Decision) Words(name func(uuid.UUID) string) string {
	return d.each(func(r Reason) string { return r.Words(name) })
}

func (d Decision) each(inWords func(Reason) string) string {
	words := make([]string, len(d.Reasons))
	for i, r := range d.Reasons {
		words[i] = inWords(r)
	}
	return strings.Join(words, "; ")
}

// Evaluate decides. It refuses an action that it doesn't know.
func Evaluate(r Request) Decision {
	if why, barred := r.Principal.barred(); barred {
		return refuse(barredSentence(why), why)
	}
	switch r.Action {
	case SeeSelf, SeeOrganization, SeePrincipals, ChangePrincipals, ChangeOwners, ChangeOrganization, BreakGlass,
		CreateProject, SeePrincipalAccess, SeeEvents, PurgeTrash:
		return decideOrganization(r)
	case CreateSecret:
		return decideCreate(r)
	case SeeProject, ListProjectSecrets, ReadProjectValues, ChangeProject, DeleteProject, SeeProjectAccess,
		ChangeProjectAccess:
		return decideProject(r)
	case SeeSecret, ReadSecret, WriteSecret, RenameSecret, DeleteSecret, MoveSecret, SeeSecretAccess,
		ChangeSecretAccess:
		return decideSecret(r)
	}
	return refuse("this action is unknown", Reason{Cause: CauseUnknownAction})
}

// CouldDelete answers a DeleteSecret or DeleteProject as if what it is about were live: who could have deleted what is
// in the trash, or what is left of it, may delete it again, list it there and restore it. The secret's projects are
// taken as they are.
func CouldDelete(r Request) Decision {
	if r.Project != nil {
		live := *r.Project
		live.Live = true
		r.Project = &live
	}
	if r.Secret != nil {
		live := *r.Secret
		live.Live = true
		r.Secret = &live
	}
	return Evaluate(r)
}

func allow(why ...Reason) Decision {
	return Decision{Allowed: true, Visible: true, Reasons: why}
}

func refuse(missing string, why ...Reason) Decision {
	return Decision{Visible: true, Reasons: why, Missing: missing}
}

func hide(why ...Reason) Decision { return Decision{Reasons: why} }

// gone is how everybody is refused what is not there, or no longer.
func gone(on Resource, id uuid.UUID) Decision {
	return hide(Reason{Cause: CauseGone, On: on, Resource: id})
}

// decideByRole answers for those who need no grants: owners, admins and auditors. All but the first answer is about
// what is there and seen.
func decideByRole(r Request) (Decision, bool) {
	p := r.Principal
	role := Reason{Cause: CauseRole, Role: p.role()}
	switch {
	case p.rules(), p.audits() && r.Action.audited():
		return allow(role), true
	case p.audits() && r.Action.readsValues():
		return refuse("auditors see everything but values", Reason{Cause: CauseAuditor}), true
	case p.audits():
		return refuse("auditors change nothing", Reason{Cause: CauseAuditor}), true
	}
	return Decision{}, false
}
