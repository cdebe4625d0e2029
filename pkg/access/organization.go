package access

// decideOrganization answers for actions that look at roles alone.
func decideOrganization(r Request) Decision {
	p := r.Principal
	switch r.Action { //nolint:exhaustive // Evaluate sends only these; the rest is what admins do
	case SeeSelf:
		return allow(Reason{Cause: CauseSelf})
	case SeeOrganization, SeePrincipals:
		if p.Kind == KindUser {
			return allow(Reason{Cause: CauseRole, Role: p.role()})
		}
		return refuse("this is for users, not for service accounts", Reason{Cause: CauseKind, Kind: p.Kind})
	case ChangeOwners, ChangeOrganization:
		if p.role() == RoleOwner {
			return allow(Reason{Cause: CauseRole, Role: RoleOwner})
		}
		return refuse("this needs the role owner", Reason{Cause: CauseNeedsRole, Role: RoleOwner})
	case SeePrincipalAccess:
		if p.ID == r.Subject {
			return allow(Reason{Cause: CauseSelf})
		}
	case CreateProject:
		if p.role() == RoleMember && r.Settings.MembersCreateProjects {
			return allow(Reason{Cause: CauseSetting})
		}
	}
	if d, ok := decideByRole(r); ok {
		return d
	}
	return needsAdmin(r.Action)
}

// needsAdmin refuses what admins and owners do, and auditors too where they only look.
func needsAdmin(action Action) Decision {
	sentence := "this needs the role admin or owner"
	if action.audited() {
		sentence = "this needs the role admin, owner or auditor"
	}
	return refuse(sentence, Reason{Cause: CauseNeedsRole, Role: RoleAdmin})
}

func barredSentence(why Reason) string {
	switch why.Cause { //nolint:exhaustive // the causes of barred
	case CauseDisabled:
		return "this principal is disabled"
	case CauseUnknownRole:
		return "this user has no valid role"
	}
	return "only users and service accounts may do something"
}
