package access_test

import (
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
)

// Who and what random worlds are about. Grants go to the caller, its groups and others.
var (
	theCaller   = id("caller")
	theStranger = id("stranger")
	theGroups   = []uuid.UUID{id("group 0"), id("group 1"), id("group 2")}
	theHolders  = append([]uuid.UUID{theCaller, theCaller, theStranger}, theGroups...)
	theProjects = []uuid.UUID{id("project 0"), id("project 1"), id("project 2"), id("project 3")}
	theSecret   = id("secret")
	theNow      = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// randomRequest makes a world and a question about it that lacks nothing but the action.
func randomRequest(rnd *rand.Rand) access.Request {
	r := access.Request{Principal: randomCaller(rnd), Now: theNow, Subject: theStranger}
	r.Settings.MembersCreateProjects = rnd.IntN(2) == 0
	if rnd.IntN(4) == 0 {
		r.Subject = theCaller
	}
	var projects []access.Project
	density := rnd.IntN(6) // how likely a grant is: so that "every project" happens
	for _, id := range theProjects {
		projects = append(projects, access.Project{ID: id, Live: rnd.IntN(6) > 0, Grants: randomGrants(rnd, density)})
	}
	if rnd.IntN(30) > 0 {
		r.Project = &projects[rnd.IntN(len(projects))]
	}
	if rnd.IntN(30) > 0 {
		r.Secret = &access.Secret{ID: theSecret, Live: rnd.IntN(15) > 0, Grants: randomGrants(rnd, density-2)}
		for _, i := range rnd.Perm(len(projects))[:rnd.IntN(len(projects)+1)] {
			r.Secret.Projects = append(r.Secret.Projects, projects[i])
		}
	}
	for range rnd.IntN(4) {
		added := access.Project{}
		if rnd.IntN(30) > 0 {
			added = projects[rnd.IntN(len(projects))]
		}
		r.Added = append(r.Added, added)
	}
	return r
}

func randomCaller(rnd *rand.Rand) access.Principal {
	p := access.Principal{ID: theCaller, Kind: access.KindUser, Disabled: rnd.IntN(20) == 0}
	roles := []access.Role{access.RoleOwner, access.RoleAdmin, access.RoleAuditor, "", "superuser"}
	switch n := rnd.IntN(30); {
	case n < len(roles):
		p.Role = roles[n]
	case n < 24:
		p.Role = access.RoleMember
	case n < 29:
		p.Kind = access.KindServiceAccount
		if rnd.IntN(4) == 0 { // counts for nothing
			p.Role = roles[rnd.IntN(len(roles))]
		}
	default:
		p.Kind = access.KindGroup
	}
	for _, group := range theGroups {
		if rnd.IntN(2) == 0 {
			p.Groups = append(p.Groups, group)
		}
	}
	return p
}

func randomGrants(rnd *rand.Rand, density int) access.Grants {
	byHolder := map[uuid.UUID]access.Grant{}
	for range theHolders {
		if rnd.IntN(7) < density {
			g := randomGrant(rnd)
			byHolder[g.Principal] = g
		}
	}
	var list []access.Grant
	for _, g := range byHolder {
		list = append(list, g)
	}
	grants, err := access.NewGrants(list...)
	if err != nil {
		panic(err)
	}
	return grants
}

func randomGrant(rnd *rand.Rand) access.Grant {
	g := access.Grant{
		Principal:  theHolders[rnd.IntN(len(theHolders))],
		Permission: access.Read + access.Permission(rnd.IntN(3)),
	}
	if rnd.IntN(2) == 0 {
		ends := []time.Duration{-time.Hour, -time.Millisecond, 0, time.Millisecond, time.Second, time.Minute, time.Hour}
		g.ExpiresAt = theNow.Add(ends[rnd.IntN(len(ends))])
	}
	return g
}
