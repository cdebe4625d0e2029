package secrets

import (
	"context"
	"net/mail"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// A principalSight is a principal as one request saw it, and the organization with its owners.
type principalSight struct {
	sight
	id           uuid.UUID
	rec          principalRecord
	organization organizationRecord
}

func (q *request) lookPrincipal(ctx context.Context, id uuid.UUID, extra ...table.Key) (principalSight, error) {
	seen, err := q.look(ctx, append([]table.Key{principalKey(id), organizationKey(q.organization)}, extra...)...)
	if err != nil {
		return principalSight{}, err
	}
	v := principalSight{sight: seen, id: id}
	if v.organization, err = q.organizationIn(seen.items); err != nil {
		return v, err
	}
	v.rec, err = principalIn(seen.items, id)
	return v, err
}

// principalIn reads a principal out of the items; the zero record where it is not there.
func principalIn(items map[table.Key]table.Item, id uuid.UUID) (rec principalRecord, err error) {
	if item, ok := items[principalKey(id)]; ok {
		rec.revision = item.Revision
		err = fromItem(item, &rec)
	}
	return rec, err
}

// exists says whether the principal is there and not a tombstone.
func (rec *principalRecord) exists() bool { return rec.revision != 0 && rec.DeletedAt.IsZero() }

// owns says whether the principal is one of the organization's enabled owners with an identity.
func (rec *principalRecord) owns() bool {
	return rec.exists() && rec.Role == access.RoleOwner && !rec.Disabled && len(rec.Identities) > 0
}

// GetPrincipal shows a principal to any user.
func (s *Service) GetPrincipal(ctx context.Context, by Caller, id uuid.UUID) (api.Principal, error) {
	q := s.begin(by, operation.GetPrincipal)
	v, err := q.lookPrincipal(ctx, id)
	if err != nil {
		return api.Principal{}, err
	}
	if err := q.decideOn(ctx, v.who, access.SeePrincipals); err != nil {
		return api.Principal{}, err
	}
	if !v.rec.exists() {
		return api.Principal{}, notFound("principal")
	}
	return q.showPrincipal(ctx, id, &v.rec)
}

// showPrincipal is one principal with the names of its groups.
func (q *request) showPrincipal(ctx context.Context, id uuid.UUID, rec *principalRecord) (api.Principal, error) {
	names, err := q.principalNames(ctx, rec.Groups)
	if err != nil {
		return api.Principal{}, err
	}
	return shownPrincipal(id, rec, names), nil
}

func shownPrincipal(id uuid.UUID, rec *principalRecord, names map[uuid.UUID]string) api.Principal {
	p := api.Principal{
		Kind: rec.Kind, ID: id, Name: rec.Name, Email: rec.Email, Role: rec.Role, CreatedAt: rec.CreatedAt, ETag: etag(rec.Tag),
	}
	if rec.Kind == access.KindGroup {
		return p
	}
	identities := make([]api.Identity, len(rec.Identities))
	for i, b := range rec.Identities {
		identities[i] = api.Identity{ARN: b.ARN, UniqueID: b.UniqueID}
	}
	p.Disabled, p.Identities = &rec.Disabled, &identities
	if rec.Kind == access.KindUser {
		groups := references(rec.Groups, names)
		p.Groups = &groups
		if len(groups) > 0 {
			p.ETag = etag(rec.Tag, groups) // whose names are not the principal's own
		}
	}
	return p
}

func references(ids []uuid.UUID, names map[uuid.UUID]string) []api.Reference {
	list := make([]api.Reference, len(ids))
	for i, id := range ids {
		list[i] = api.Reference{ID: id, Name: names[id]}
	}
	return list
}

// principalRecords reads principals in one batch; those that are gone are left out.
func (q *request) principalRecords(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]principalRecord, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var once collection // two entries of one principal are seen while it is renamed
	once.add(ids...)
	keys := make([]table.Key, len(once.ids))
	for i, id := range once.ids {
		keys[i] = principalKey(id)
	}
	items, err := q.table.BatchGet(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[uuid.UUID]principalRecord, len(items))
	for _, id := range once.ids {
		rec, err := principalIn(items, id)
		if err != nil {
			return nil, err
		}
		if rec.exists() {
			found[id] = rec
		}
	}
	return found, nil
}

func (q *request) principalNames(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	records, err := q.principalRecords(ctx, ids)
	names := make(map[uuid.UUID]string, len(records))
	for id, rec := range records {
		names[id] = rec.Name
	}
	return names, err
}

// CreatePrincipal makes a user, a group or a service account. created is false where the request only repeats an
// earlier one.
func (s *Service) CreatePrincipal(ctx context.Context, by Caller, organization uuid.UUID, in api.CreatePrincipal) (
	answer api.Principal, created bool, err error,
) {
	q := s.begin(by, operation.CreatePrincipal)
	if err := q.checkOrganization(ctx, organization); err != nil {
		return answer, false, err
	}
	if err := q.checkCreatePrincipal(in); err != nil {
		return answer, false, err
	}
	id := orNew(in.ID)
	made := newPrincipal(in)
	err = q.change(ctx, func(ctx context.Context, before lost) (plan, error) {
		v, err := q.lookPrincipal(ctx, id)
		if err != nil {
			return plan{}, err
		}
		q.about = aboutPrincipal(id, in.Name)
		if err := q.decideChange(ctx, v.who, &v.rec, &made); err != nil {
			return plan{}, err
		}
		if created = v.rec.revision == 0; !created {
			if !v.rec.same(&made) {
				return plan{}, api.FieldError(api.CodeConflict, "id", "is used already; make another one for another principal")
			}
			answer, err = q.showPrincipal(ctx, id, &v.rec)
			return plan{}, err
		}
		next := made
		next.CreatedAt = q.now()
		next.changed(q, next.CreatedAt)
		p, err := q.planPrincipal(ctx, &v, next, before)
		answer = shownPrincipal(id, &v.rec, nil)
		return p, err
	})
	return answer, created, err
}

func (q *request) checkCreatePrincipal(in api.CreatePrincipal) error {
	var p problems
	p.newID("id", in.ID, q.clientNow())
	p.name("name", in.Name, maxName)
	if !in.Kind.Valid() {
		p.add("kind", "must be user, group or serviceAccount")
	}
	checkUserFields(&p, in.Kind, in.Email, in.Role)
	return p.err()
}

// checkUserFields checks what only users have.
func checkUserFields(p *problems, kind access.Kind, email *string, role *access.Role) {
	if kind != access.KindUser {
		if email != nil {
			p.add("email", "must be left out; only users have one")
		}
		if role != nil {
			p.add("role", "must be left out; only users have one")
		}
		return
	}
	if role != nil && !role.Valid() {
		p.add("role", "must be owner, admin, member or auditor")
	}
	if email == nil || *email == "" {
		return
	}
	if address, err := mail.ParseAddress(*email); err != nil || address.Address != *email || len(*email) > maxEmail {
		p.add("email", "must be one e-mail address of at most %d bytes, without a display name", maxEmail)
	}
}

func newPrincipal(in api.CreatePrincipal) principalRecord {
	rec := principalRecord{Kind: in.Kind, Name: in.Name, Email: valueOr(in.Email), Role: valueOr(in.Role)}
	if in.Kind == access.KindUser && rec.Role == "" {
		rec.Role = access.RoleMember
	}
	return rec
}

// same says whether a create would make what is there.
func (rec *principalRecord) same(made *principalRecord) bool {
	return rec.exists() && rec.Kind == made.Kind && rec.Name == made.Name && rec.Email == made.Email && rec.Role == made.Role
}

// decideChange decides about making a principal into another: only owners give, take or change what owners are.
func (q *request) decideChange(ctx context.Context, who identityRecord, old, new *principalRecord) error {
	if err := q.decideOn(ctx, who, access.ChangePrincipals); err != nil {
		return err
	}
	if old.Role == access.RoleOwner || new.Role == access.RoleOwner {
		return q.decideOn(ctx, who, access.ChangeOwners)
	}
	return nil
}

// changePrincipal is the frame of every change of one principal: edit turns the record into what it is to be, and
// says whether anything differs.
func (q *request) changePrincipal(
	ctx context.Context, id uuid.UUID, match IfMatch, edit func(context.Context, *principalSight, *principalRecord) (bool, error),
) (answer api.Principal, err error) {
	err = q.change(ctx, func(ctx context.Context, before lost) (plan, error) {
		v, err := q.lookPrincipal(ctx, id)
		if err != nil {
			return plan{}, err
		}
		q.about = aboutPrincipal(id, v.rec.Name)
		if err := q.decideOn(ctx, v.who, access.ChangePrincipals); err != nil {
			return plan{}, err
		}
		if !v.rec.exists() {
			return plan{}, notFound("principal")
		}
		next := v.rec
		next.Groups, next.Identities = slices.Clone(v.rec.Groups), slices.Clone(v.rec.Identities)
		differs, err := edit(ctx, &v, &next)
		if err != nil {
			return plan{}, err
		}
		if err := q.decideChange(ctx, v.who, &v.rec, &next); err != nil {
			return plan{}, err
		}
		var p plan
		if differs {
			if err := match.check(v.rec.Tag); err != nil {
				return plan{}, err
			}
			next.changed(q, q.now())
			if p, err = q.planPrincipal(ctx, &v, next, before); err != nil {
				return plan{}, err
			}
		}
		answer, err = q.showPrincipal(ctx, id, &v.rec)
		return p, err
	})
	return answer, err
}

// UpdatePrincipal changes a principal's name, e-mail or role.
func (s *Service) UpdatePrincipal(
	ctx context.Context, by Caller, id uuid.UUID, match IfMatch, in api.UpdatePrincipal,
) (api.Principal, error) {
	return s.begin(by, operation.UpdatePrincipal).changePrincipal(ctx, id, match,
		func(_ context.Context, v *principalSight, next *principalRecord) (bool, error) {
			var wrong problems
			if in.Name != nil {
				wrong.name("name", *in.Name, maxName)
				next.Name = *in.Name
			}
			checkUserFields(&wrong, v.rec.Kind, in.Email, in.Role)
			if in.Email != nil {
				next.Email = *in.Email
			}
			if in.Role != nil {
				next.Role = *in.Role
			}
			return !v.rec.same(next), wrong.err()
		})
}

// SetDisabled refuses a user or service account everything from the next request on, or undoes that.
func (s *Service) SetDisabled(ctx context.Context, by Caller, id uuid.UUID, disabled bool) (api.Principal, error) {
	name := operation.EnablePrincipal
	if disabled {
		name = operation.DisablePrincipal
	}
	return s.begin(by, name).changePrincipal(ctx, id, "",
		func(_ context.Context, v *principalSight, next *principalRecord) (bool, error) {
			if v.rec.Kind == access.KindGroup {
				return false, api.FieldError(api.CodeInvalid, "principalId", "is a group; groups can't be disabled, their members and grants can be removed")
			}
			next.Disabled = disabled
			return v.rec.Disabled != disabled, nil
		})
}
