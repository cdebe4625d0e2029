package secrets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// planPrincipal says all that is to be written to make a principal what next says, and puts that into v.rec: the
// principal under the revision that was read, its list entry, its identities' copies, and the organization where its
// owners change.
func (q *request) planPrincipal(
	ctx context.Context, v *principalSight, next principalRecord, before lost,
) (plan, error) {
	if err := q.checkPrincipalName(ctx, v.id, &next, before); err != nil {
		return plan{}, err
	}
	old := v.rec
	next.revision = table.NextRevision(old.revision, q.Service.now())
	next.Derived = next.revision
	p := plan{act: principalAct(v.id, &old, &next)}
	p.put(toItem(principalKey(v.id), next.revision, &next), table.IfRevision(old.revision))
	q.planPrincipalEntry(&p, v.id, &old, &next)
	if err := q.planIdentities(ctx, &p, v.id, changedPrincipal{&old, &next, before}); err != nil {
		return plan{}, err
	}
	v.rec = next
	err := q.planOwners(&p, v, old.owns(), next.owns())
	return p, err
}

// principalAct says what of a principal changed, with what became of it where that is no name or address.
func principalAct(id uuid.UUID, old, new *principalRecord) *act {
	a := &act{on: aboutPrincipal(id, new.Name)}
	if !new.DeletedAt.IsZero() {
		a.note(true, "deleted")
		return a
	}
	created := !old.exists()
	a.note(created, "created")
	a.note(!created && old.Name != new.Name, "name")
	a.note(!created && old.Email != new.Email, "email")
	a.note(old.Role != new.Role, "role: "+string(new.Role))
	a.note(!old.Disabled && new.Disabled, "disabled")
	a.note(old.Disabled && !new.Disabled, "enabled")
	for _, b := range new.Identities {
		a.note(!slices.ContainsFunc(old.Identities, b.same), "identity added: "+b.ARN)
	}
	for _, b := range old.Identities {
		a.note(!slices.ContainsFunc(new.Identities, b.same), "identity removed: "+b.ARN)
	}
	for _, group := range new.Groups {
		a.note(!slices.Contains(old.Groups, group), "group joined: "+group.String())
	}
	for _, group := range old.Groups {
		a.note(!slices.Contains(new.Groups, group), "group left: "+group.String())
	}
	return a
}

// changedPrincipal is a principal before and after, and what was lost in the attempt before.
type changedPrincipal struct {
	old, new *principalRecord
	before   lost
}

func (q *request) planPrincipalEntry(p *plan, id uuid.UUID, old, new *principalRecord) {
	oldKey := principalEntryKey(q.organization, new.Kind, old.Name)
	newKey := principalEntryKey(q.organization, new.Kind, new.Name)
	if new.exists() {
		cond := table.IfAbsent()
		if old.exists() && oldKey == newKey {
			cond = table.IfRevision(old.Derived)
		}
		entry := entryRecord{ID: id, CreatedAt: new.CreatedAt, UpdatedAt: new.UpdatedAt}
		p.put(toItem(newKey, new.Derived, &entry), cond)
	}
	if old.exists() && (!new.exists() || oldKey != newKey) {
		p.delete(oldKey, table.IfRevision(old.Derived))
	}
}

// planIdentities writes the principal's copy into each of its identities. An ARN that another principal holds fails.
func (q *request) planIdentities(ctx context.Context, p *plan, id uuid.UUID, c changedPrincipal) error {
	for _, b := range c.new.Identities {
		cond := table.IfAbsent()
		if slices.ContainsFunc(c.old.Identities, holds(b.Key)) {
			cond = table.IfRevision(c.old.Derived)
		} else if err := q.checkUnbound(ctx, id, b, c.before); err != nil {
			return err
		}
		p.put(toItem(identityKey(b.Key), c.new.Derived, &identityRecord{
			ARN: b.ARN, UniqueID: b.UniqueID, Principal: id, Name: c.new.Name, Kind: c.new.Kind, Role: c.new.Role,
			Disabled: c.new.Disabled, Groups: c.new.Groups,
		}), cond)
	}
	for _, b := range c.old.Identities {
		if !slices.ContainsFunc(c.new.Identities, holds(b.Key)) {
			p.delete(identityKey(b.Key), table.IfRevision(c.old.Derived))
		}
	}
	return nil
}

// checkUnbound finds out whether an ARN that is bound elsewhere was why an attempt was lost.
func (q *request) checkUnbound(ctx context.Context, id uuid.UUID, b bound, before lost) error {
	key := identityKey(b.Key)
	if !before[key] {
		return nil
	}
	item, taken, err := q.table.Get(ctx, key)
	if err != nil || !taken {
		return err
	}
	var holder identityRecord
	if err := fromItem(item, &holder); err != nil || holder.Principal == id {
		return err
	}
	return api.FieldError(api.CodeConflict, b.field, "is bound to %s %q already; unbind it there first", holder.Kind, holder.Name)
}

// planOwners keeps the organization's list of enabled owners that have an identity, which never becomes empty.
func (q *request) planOwners(p *plan, v *principalSight, before, after bool) error {
	if before == after {
		return nil
	}
	next := v.organization
	next.Owners = slices.DeleteFunc(slices.Clone(next.Owners), func(id uuid.UUID) bool { return id == v.id })
	if after {
		next.Owners = append(next.Owners, v.id)
	}
	if len(next.Owners) == 0 {
		return api.Errorf(api.CodeConflict,
			"this is the last enabled owner with an identity; make somebody else an owner with an identity first")
	}
	next.revision = table.NextRevision(v.organization.revision, q.Service.now())
	p.put(toItem(organizationKey(q.organization), next.revision, &next), table.IfRevision(v.organization.revision))
	return nil
}

// checkPrincipalName finds out whether the name was why an attempt was lost. Who may change principals sees them all.
func (q *request) checkPrincipalName(ctx context.Context, id uuid.UUID, next *principalRecord, before lost) error {
	key := principalEntryKey(q.organization, next.Kind, next.Name)
	if !before[key] || !next.DeletedAt.IsZero() {
		return nil
	}
	holder, taken, err := q.namedBy(ctx, key)
	if err != nil || !taken || holder == id {
		return err
	}
	return api.FieldError(api.CodeConflict, "name", "is used by the %s %s; choose another one", next.Kind, holder)
}

// PutIdentities replaces the identities of a user or service account.
func (s *Service) PutIdentities(
	ctx context.Context, by Caller, id uuid.UUID, match IfMatch, in api.PutIdentities,
) (api.Principal, error) {
	identities, err := s.parseIdentities(in)
	if err != nil {
		return api.Principal{}, err
	}
	q := s.begin(by, operation.PutIdentities)
	return q.changePrincipal(ctx, id, match,
		func(ctx context.Context, v *principalSight, next *principalRecord) (bool, error) {
			if v.rec.Kind == access.KindGroup {
				return false, api.FieldError(api.CodeInvalid, "principalId", "is a group; only users and service accounts have identities")
			}
			next.Identities = identities
			if slices.EqualFunc(v.rec.Identities, identities, bound.same) {
				return false, nil
			}
			return true, q.decideSessions(ctx, v, identities)
		})
}

// decideSessions decides about sessions of roles that owners are bound by. A session is looked up before its role, so
// whoever binds it puts somebody else in the owner's place.
func (q *request) decideSessions(ctx context.Context, v *principalSight, identities []bound) error {
	for _, b := range identities {
		if b.role == "" || slices.ContainsFunc(v.rec.Identities, holds(b.Key)) {
			continue
		}
		item, found, err := q.table.Get(ctx, identityKey(b.role))
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		var who identityRecord
		if err := fromItem(item, &who); err != nil {
			return err
		}
		if who.Role == access.RoleOwner {
			if err := q.decideOn(ctx, v.who, access.ChangeOwners); err != nil {
				return err
			}
		}
	}
	return nil
}

// parseIdentities checks the identities and orders them by what they are looked up by.
func (s *Service) parseIdentities(in api.PutIdentities) ([]bound, error) {
	var wrong problems
	if in.Identities == nil {
		wrong.add("identities", "is missing; send an empty list to unbind the principal from everything")
	}
	if n := len(in.Identities); n > maxIdentities {
		wrong.add("identities", "are %d; at most %d are allowed", n, maxIdentities)
		return nil, wrong.err()
	}
	list := make([]bound, 0, len(in.Identities))
	for i, given := range in.Identities {
		b, err := s.parseIdentity(given)
		if err != nil {
			wrong.add(indexed("identities", i)+wrongIn(err), "%s", err)
		} else if slices.ContainsFunc(list, holds(b.Key)) {
			wrong.add(indexed("identities", i), "is there twice (an ARN's path makes no difference)")
		}
		b.field = indexed("identities", i)
		list = append(list, b)
	}
	return inOrder(list), wrong.err()
}

// inOrder sorts identities by what they are looked up by, so that equal sets are equal lists.
func inOrder(list []bound) []bound {
	slices.SortFunc(list, func(a, b bound) int { return strings.Compare(a.Key, b.Key) })
	return list
}

func (s *Service) parseIdentity(given api.Identity) (bound, error) {
	b, err := identity.ParseBinding(given.ARN, given.UniqueID, s.account)
	return bound{ARN: b.ARN, Key: b.Key, UniqueID: b.UniqueID, role: b.Role}, err
}

// wrongIn is which field of an identity an error of parseIdentity is about.
func wrongIn(err error) string {
	if errors.Is(err, identity.ErrUniqueID) {
		return ".uniqueId"
	}
	return ".arn"
}

// DeletePrincipal deletes a principal with its identities and memberships. What was granted to it stays written in the
// resources, where it gives nobody anything, until it is swept.
func (s *Service) DeletePrincipal(ctx context.Context, by Caller, id uuid.UUID) error {
	q := s.begin(by, operation.DeletePrincipal)
	return q.change(ctx, func(ctx context.Context, before lost) (plan, error) {
		v, err := q.lookPrincipal(ctx, id)
		if err != nil {
			return plan{}, err
		}
		q.about = aboutPrincipal(id, v.rec.Name)
		if err := q.decideChange(ctx, v.who, &v.rec, &v.rec); err != nil {
			return plan{}, err
		}
		if v.rec.revision == 0 {
			return plan{}, notFound("principal")
		}
		if !v.rec.exists() {
			return plan{}, nil
		}
		if err := q.checkEmpty(ctx, &v); err != nil {
			return plan{}, err
		}
		old, now := v.rec, q.now()
		next := v.rec
		next.DeletedAt, next.Identities, next.Groups, next.FormerGroups = now, nil, nil, v.rec.Groups
		next.changed(q, now)
		p, err := q.planPrincipal(ctx, &v, next, before)
		for _, group := range old.Groups {
			p.delete(memberKey(group, id), table.IfPresent())
		}
		q.planSweep(&p, onPrincipal, id, now)
		return p, err
	})
}

// checkEmpty refuses to delete a group that has members: what decides about them would sit in a third place.
func (q *request) checkEmpty(ctx context.Context, v *principalSight) error {
	if v.rec.Kind != access.KindGroup {
		return nil
	}
	members, err := q.countMembers(ctx, principalPK(v.id))
	if err != nil || members == 0 {
		return err
	}
	return api.Errorf(api.CodeConflict, "the group has %s; remove them first", count(members, "member"))
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
