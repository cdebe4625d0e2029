package access

import (
	"fmt"
)

// decideProject answers for actions on a project.
func decideProject(r Request) Decision {
	if r.Project == nil {
		return gone(OnProject, [16]byte{})
	}
	if !r.Project.Live {
		return gone(OnProject, r.Project.ID)
	}
	if d, ok := decideByRole(r); ok {
		return d
	}
	rights := ProjectRights(r.Principal, *r.Project, r.Now)
	need := r.Action.onProject()
	if rights.Has(need) {
		return allow(rights.held[need].why)
	}
	missing := Reason{Cause: CauseMissing, On: OnProject, Resource: r.Project.ID, Permission: need,
		Has: rights.Highest()}
	if missing.Has == None {
		return hide(missing)
	}
	return refuse(fmt.Sprintf("this needs %s on the project; you have %s", need, missing.Has), missing)
}

// onProject is the permission that an action on a project needs.
func (a Action) onProject() Permission {
	switch a { //nolint:exhaustive // everything else changes the project, or shows who may
	case SeeProject, ListProjectSecrets, ReadProjectValues:
		return Read
	}
	return Manage
}

// decideCreate answers for CreateSecret.
func decideCreate(r Request) Decision {
	added := judgeAdded(r)
	if len(added.invisible) > 0 {
		return added.hide()
	}
	if d, ok := decideByRole(r); ok {
		return d
	}
	switch {
	case len(r.Added) == 0:
		d := needsAdmin(r.Action)
		d.Missing = "a secret in no project needs the role admin or owner; name a project that you may write"
		return d
	case len(added.missing) > 0:
		return refuse(added.sentence("the secret is to be in"), added.missing...)
	}
	return allow(added.reasons...)
}

// additions are what a principal may do with the projects that a secret is to be in.
type additions struct {
	total     int
	invisible []int
	gone      []Reason // why those are invisible
	missing   []Reason // write, on those that are seen
	reasons   []Reason // for write on the others
}

func judgeAdded(r Request) additions {
	a := additions{total: len(r.Added)}
	for i := range r.Added {
		project := &r.Added[i]
		rights := ProjectRights(r.Principal, *project, r.Now)
		lacks := Reason{Cause: CauseMissing, On: OnProject, Resource: project.ID, Permission: Write,
			Has: rights.Highest()}
		switch {
		case !project.Live:
			a.invisible = append(a.invisible, i)
			a.gone = append(a.gone, Reason{Cause: CauseGone, On: OnProject, Resource: project.ID})
		case r.Principal.audits():
		case lacks.Has == None:
			a.invisible = append(a.invisible, i)
			a.gone = append(a.gone, lacks)
		case lacks.Has < Write:
			a.missing = append(a.missing, lacks)
		default:
			a.reasons = append(a.reasons, rights.held[Write].why)
		}
	}
	return a
}

// hide refuses by naming the field that names what can't be seen.
func (a additions) hide() Decision {
	return Decision{Visible: true, Invisible: a.invisible, Reasons: a.gone}
}

func (a additions) sentence(relation string) string {
	return fmt.Sprintf("this needs write on %s that %s; it is missing on %d",
		theProjects(a.total), relation, len(a.missing))
}

// theProjects says how many projects are meant, in words that fit after "on".
func theProjects(n int) string {
	if n == 1 {
		return "the project"
	}
	return fmt.Sprintf("each of the %d projects", n)
}
