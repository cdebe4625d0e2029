package access

import "time"

// What somebody does who uses a permission.
var (
	secretUses  = map[Permission]Action{Read: ReadSecret, Write: WriteSecret, Manage: ChangeSecretAccess}
	projectUses = map[Permission]Action{Read: ReadProjectValues, Write: CreateSecret, Manage: ChangeProjectAccess}
)

// Using is the request of somebody who uses a permission on what r is about: on a secret, to read its value, to change
// it or to change its grants; on a project, to read its values, to create a secret in it or to change its grants. For
// users and service accounts Evaluate allows it exactly where they have the permission (Rights.Has).
func (r Request) Using(p Permission) Request {
	if r.Secret != nil {
		r.Action = secretUses[p]
		return r
	}
	r.Action, r.Added = projectUses[p], nil
	if r.Action == CreateSecret {
		r.Added = make([]Project, 1) // one that does not exist, so far
		if r.Project != nil {
			r.Added[0] = *r.Project
		}
	}
	return r
}

// ProjectWays answers all that gives p something on a project: its role, or else every unexpired grant to it and to its
// groups, its own first. How far they reach is what ProjectRights answers; an auditor's role shows the project and gives
// no right on it.
func ProjectWays(p Principal, project Project, now time.Time) []Reason {
	if why, ok := p.wayByRole(); ok && project.Live {
		return []Reason{why}
	}
	if !project.Live || !p.counts() {
		return nil
	}
	return grantWays(p, OnProject, project, now)
}

// SecretWays is ProjectWays for a secret: the grants on it, then those on the live projects that it is in. Manage on a
// project gives manage on the secret together with manage on all the others alone, and otherwise write.
func SecretWays(p Principal, secret Secret, now time.Time) []Reason {
	if why, ok := p.wayByRole(); ok && secret.Live {
		return []Reason{why}
	}
	if !secret.Live || !p.counts() {
		return nil
	}
	ways := grantWays(p, OnSecret, Project{ID: secret.ID, Grants: secret.Grants}, now)
	for _, project := range secret.Projects {
		if project.Live {
			ways = append(ways, grantWays(p, OnProject, project, now)...)
		}
	}
	return ways
}

// wayByRole is the reason of those for whom grants count for nothing.
func (p Principal) wayByRole() (Reason, bool) {
	_, barred := p.barred()
	return Reason{Cause: CauseRole, Role: p.role()}, !barred && (p.rules() || p.audits())
}

func grantWays(p Principal, on Resource, holder Project, now time.Time) []Reason {
	var ways []Reason
	eachGrant(p, on, holder.ID, holder.Grants, now, func(why Reason) { ways = append(ways, why) })
	return ways
}
