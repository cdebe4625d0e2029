package access

import (
	"fmt"
	"slices"
	"time"
)

// decideSecret answers for actions on a secret.
func decideSecret(r Request) Decision {
	if r.Secret == nil {
		return gone(OnSecret, [16]byte{})
	}
	if !r.Secret.Live {
		return gone(OnSecret, r.Secret.ID)
	}
	s := reach(r.Principal, *r.Secret, r.Now)
	if s.rights.Highest() == None && !r.Principal.audits() {
		return hide(r.missing(s))
	}
	var added additions
	if r.Action == MoveSecret {
		if added = judgeAdded(r); len(added.invisible) > 0 {
			return added.hide()
		}
	}
	if d, ok := decideByRole(r); ok {
		return d
	}
	d := s.decide(r)
	if r.Action != MoveSecret {
		return d
	}
	return added.join(d)
}

// decide answers for who reads the secret at least, and has no role that decides.
func (s standing) decide(r Request) Decision {
	need := r.Action.onSecret()
	switch {
	case s.rights.Has(need):
		return allow(s.because(r, need)...)
	case r.Action.writesAll() && s.writesAll():
		return allow(everyProject(r.Principal, *r.Secret, Write, r.Now)...)
	}
	return refuse(s.sentence(r.Action), r.missing(s))
}

// join takes what must be so of the projects added into the decision about a move.
func (a additions) join(d Decision) Decision {
	if len(a.missing) > 0 {
		sentence := a.sentence("the secret is to join")
		if !d.Allowed {
			return refuse(d.Missing+"; "+sentence, slices.Concat(d.Reasons, a.missing)...)
		}
		return refuse(sentence, a.missing...)
	}
	if d.Allowed {
		d.Reasons = append(d.Reasons, a.reasons...)
	}
	return d
}

// onSecret is the permission that is enough for an action on a secret.
func (a Action) onSecret() Permission {
	switch a { //nolint:exhaustive // everything else needs manage, if only where write on every project is missing
	case SeeSecret, ReadSecret:
		return Read
	case WriteSecret:
		return Write
	}
	return Manage
}

// writesAll says whether write on every live project is enough too.
func (a Action) writesAll() bool { return a == RenameSecret || a == DeleteSecret }

// because answers why there is a permission: one grant, or those on all of the secret's projects.
func (s standing) because(r Request, permission Permission) []Reason {
	h := s.rights.held[permission]
	if h.shared {
		return everyProject(r.Principal, *r.Secret, permission, r.Now)
	}
	return []Reason{h.why}
}

// everyProject answers the grants that give a permission on each live project.
func everyProject(p Principal, secret Secret, permission Permission, now time.Time) []Reason {
	var why []Reason
	for _, project := range secret.Projects {
		if h := ProjectRights(p, project, now).held[permission]; h.ok {
			why = append(why, h.why)
		}
	}
	return why
}

// missing is the reason to refuse an action on the secret.
func (r Request) missing(s standing) Reason {
	return Reason{Cause: CauseMissing, On: OnSecret, Resource: r.Secret.ID, Permission: r.Action.onSecret(),
		Has: s.rights.Highest()}
}

// sentence says what is missing, to somebody who reads the secret at least.
func (s standing) sentence(a Action) string {
	if a == WriteSecret {
		return "this needs write on the secret or on a project that it is in; you have read"
	}
	if s.live == 0 {
		return fmt.Sprintf("this needs manage on the secret itself, which is in no project; you have %s",
			s.rights.Highest())
	}
	need, have := Manage, s.manageable
	if a.writesAll() {
		need, have = Write, s.writable
	}
	sentence := fmt.Sprintf("this needs manage on the secret, or %s on %s that it is in", need, theProjects(s.live))
	if s.live == 1 {
		return fmt.Sprintf("%s; you have %s", sentence, s.rights.Highest())
	}
	return fmt.Sprintf("%s; you have it on %d", sentence, have)
}
