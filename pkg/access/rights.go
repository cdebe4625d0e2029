package access

import (
	"time"

	"github.com/google/uuid"
)

// Rights are what a principal has on one resource at one moment. The zero Rights are none.
type Rights struct {
	held [Manage + 1]held
}

// held says whether there is a permission, until when, and which of the ways to it lasts longest.
type held struct {
	ok bool
	// shared marks a permission that comes from all of a secret's live projects together.
	shared bool
	until  time.Time // zero: for ever
	why    Reason
}

// ProjectRights answers what p has on a project. Owners and admins have everything for ever. Nobody has anything on
// what is not live, nor do disabled principals, and neither do auditors: they see, but not values, so that they have
// not even read. For a group it answers what the grants to it give.
func ProjectRights(p Principal, project Project, now time.Time) Rights {
	if !project.Live || !p.counts() {
		return Rights{}
	}
	if p.rules() {
		return byRole(p.role())
	}
	return granted(p, OnProject, project.ID, project.Grants, now)
}

// SecretRights answers what p has on a secret, its projects' grants taken in. What ProjectRights says of roles holds
// here too.
func SecretRights(p Principal, secret Secret, now time.Time) Rights {
	return reach(p, secret, now).rights
}

// counts says whether role or grants can give p anything.
func (p Principal) counts() bool {
	_, barred := p.barred()
	return (!barred || p.Kind == KindGroup && !p.Disabled) && !p.audits()
}

// Has says whether the rights include a permission. Everybody has None.
func (r Rights) Has(permission Permission) bool {
	return permission == None || permission.Valid() && r.held[permission].ok
}

// Highest is the highest permission that the rights include.
func (r Rights) Highest() Permission {
	for p := Manage; p > None; p-- {
		if r.held[p].ok {
			return p
		}
	}
	return None
}

// Until answers when a permission ends, the zero time for never, and whether there is any.
func (r Rights) Until(permission Permission) (time.Time, bool) {
	if !permission.Valid() {
		return time.Time{}, false
	}
	h := r.held[permission]
	return h.until, h.ok
}

// CoversGrant says whether who has these rights may give the grant: it gives no more than they have, and for no longer.
// That they may change grants at all (ChangeProjectAccess, ChangeSecretAccess) is another question.
func (r Rights) CoversGrant(g Grant) bool {
	until, ok := r.Until(g.Permission)
	return ok && !outlasts(g.ExpiresAt, until)
}

// outlasts says whether what ends at a ends later than what ends at b; zero times never end.
func outlasts(a, b time.Time) bool {
	if b.IsZero() {
		return false
	}
	return a.IsZero() || a.After(b)
}

// byRole is every right, for ever.
func byRole(role Role) Rights {
	h := held{ok: true, why: Reason{Cause: CauseRole, Role: role}}
	return Rights{held: [Manage + 1]held{Read: h, Write: h, Manage: h}}
}

// granted is what grants on one resource give to p and its groups.
func granted(p Principal, on Resource, id uuid.UUID, grants Grants, now time.Time) Rights {
	var r Rights
	eachGrant(p, on, id, grants, now, func(why Reason) {
		r.add(why.Permission, held{ok: true, until: why.ExpiresAt, why: why})
	})
	return r
}

// eachGrant finds the unexpired grants to p and its groups on one resource.
func eachGrant(p Principal, on Resource, id uuid.UUID, grants Grants, now time.Time, found func(Reason)) {
	if len(grants) == 0 {
		return
	}
	look := func(holder uuid.UUID, kind Kind) {
		g, ok := grants.Find(holder)
		if !ok || !g.Permission.Valid() || !g.Holds(now) {
			return
		}
		found(Reason{Cause: CauseGrant, Kind: kind, Via: holder, On: on, Resource: id, Permission: g.Permission,
			ExpiresAt: g.ExpiresAt})
	}
	look(p.ID, p.Kind)
	if p.Kind == KindUser {
		for _, group := range p.Groups {
			look(group, KindGroup)
		}
	}
}

// add takes in another way to a permission and to all below it, keeping for each the one that lasts longest.
func (r *Rights) add(permission Permission, h held) {
	for p := Read; p <= permission; p++ {
		if !r.held[p].ok || outlasts(h.until, r.held[p].until) {
			r.held[p] = h
		}
	}
}

// standing is what a principal has on a secret, and how many of the secret's live projects it may write and manage.
type standing struct {
	rights                     Rights
	live, writable, manageable int
}

// writesAll says whether there is a live project, and write on every one.
func (s standing) writesAll() bool { return s.live > 0 && s.writable == s.live }

func reach(p Principal, secret Secret, now time.Time) standing {
	if !secret.Live || !p.counts() {
		return standing{}
	}
	if p.rules() {
		return standing{rights: byRole(p.role())}
	}
	s := standing{rights: granted(p, OnSecret, secret.ID, secret.Grants, now)}
	var shortest held
	for i := range secret.Projects {
		project := &secret.Projects[i]
		if !project.Live {
			continue
		}
		s.live++
		r := granted(p, OnProject, project.ID, project.Grants, now)
		for permission := Read; permission <= Write; permission++ {
			if r.held[permission].ok {
				s.rights.add(permission, r.held[permission])
			}
		}
		if r.Has(Write) {
			s.writable++
		}
		if h := r.held[Manage]; h.ok {
			s.manageable++
			if !shortest.ok || outlasts(shortest.until, h.until) {
				shortest = h
			}
		}
	}
	if s.live > 0 && s.manageable == s.live {
		shortest.shared = s.live > 1
		s.rights.add(Manage, shortest)
	}
	return s
}
