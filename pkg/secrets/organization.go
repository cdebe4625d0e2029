package secrets

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// checkOrganization refuses the id of another organization as what it is: unknown. It costs no read of its own unless
// the caller is to be refused, who learns first whether it is known here at all.
func (q *request) checkOrganization(ctx context.Context, id uuid.UUID) error {
	if id == q.organization {
		return nil
	}
	if _, err := q.look(ctx); err != nil {
		return err
	}
	return notFound("organization")
}

// GetOrganization shows the organization to any user.
func (s *Service) GetOrganization(ctx context.Context, by Caller, id uuid.UUID) (api.Organization, error) {
	q := s.begin(by, operation.GetOrganization)
	if err := q.checkOrganization(ctx, id); err != nil {
		return api.Organization{}, err
	}
	seen, err := q.look(ctx, organizationKey(q.organization))
	if err != nil {
		return api.Organization{}, err
	}
	if err := q.decideOn(ctx, seen.who, access.SeeOrganization); err != nil {
		return api.Organization{}, err
	}
	rec, err := q.organizationIn(seen.items)
	return q.showOrganization(rec), err
}

// organizationIn reads the organization out of the items; it is there, or nobody would be bound.
func (q *request) organizationIn(items map[table.Key]table.Item) (organizationRecord, error) {
	item := items[organizationKey(q.organization)]
	rec := organizationRecord{resource: resource{revision: item.Revision}}
	return rec, fromItem(item, &rec)
}

func (q *request) showOrganization(rec organizationRecord) api.Organization {
	return api.Organization{
		ID: q.organization, Name: rec.Name, ClientKeyARN: q.clientKeyARN,
		Settings:  rec.settings(),
		CreatedAt: rec.CreatedAt, ETag: etag(rec.Tag),
	}
}

// CreateOrganization makes the organization of this deployment with its first data key and its first owner, or makes
// an existing user an enabled owner again. It is invoked by administrators of the account, who need not be bound to
// anybody; whether the call came from there is for the platform to check. The same again answers the same; a second
// organization is refused.
func (s *Service) CreateOrganization(ctx context.Context, in api.CreateOrganization) (api.Organization, error) {
	q := s.begin(Caller{}, operation.CreateOrganization)
	if in.RecoverOwner != "" {
		return q.recoverOwner(ctx, in)
	}
	owner, err := q.checkCreateOrganization(in)
	if err != nil {
		return api.Organization{}, err
	}
	id := uuid.Must(uuid.NewV7())
	var answer api.Organization
	err = q.change(ctx, func(ctx context.Context, before lost) (plan, error) {
		item, found, err := q.table.Get(ctx, organizationKey(q.organization))
		if err != nil {
			return plan{}, err
		}
		if found {
			rec := organizationRecord{resource: resource{revision: item.Revision}}
			if err := fromItem(item, &rec); err != nil {
				return plan{}, err
			}
			answer = q.showOrganization(rec)
			return plan{}, q.checkSameOrganization(ctx, in, rec, owner)
		}
		v := principalSight{id: id}
		now := q.now()
		v.organization = organizationRecord{Name: in.Name}
		v.organization.CreatedAt = now
		v.organization.changed(q, now)
		next := principalRecord{
			Kind: access.KindUser, Name: in.OwnerName, Role: access.RoleOwner, Identities: []bound{owner},
		}
		next.CreatedAt = now
		next.changed(q, now)
		p, err := q.planPrincipal(ctx, &v, next, before)
		if err != nil {
			return plan{}, err
		}
		answer = q.showOrganization(v.organization)
		err = q.planDataKey(ctx, &p, 1)
		return p, err
	})
	return answer, err
}

func (q *request) checkCreateOrganization(in api.CreateOrganization) (bound, error) {
	var wrong problems
	wrong.name("name", in.Name, maxName)
	wrong.name("ownerName", in.OwnerName, maxName)
	if in.ARN != "" {
		wrong.add("arn", "goes with recoverOwner; the first owner's is ownerArn")
	}
	owner, err := q.parseIdentity(api.Identity{ARN: in.OwnerARN, UniqueID: in.UniqueID})
	if err != nil {
		wrong.add("ownerArn", "%s", err)
	}
	owner.field = "ownerArn"
	return owner, wrong.err()
}

// checkSameOrganization says whether the organization that is there is the one that was asked for.
func (q *request) checkSameOrganization(
	ctx context.Context, in api.CreateOrganization, rec organizationRecord, owner bound,
) error {
	item, found, err := q.table.Get(ctx, identityKey(owner.Key))
	if err != nil {
		return err
	}
	var who identityRecord
	if found {
		if err := fromItem(item, &who); err != nil {
			return err
		}
	}
	pinned := in.UniqueID == "" || in.UniqueID == who.UniqueID
	if rec.Name != in.Name || who.Name != in.OwnerName || who.Role != access.RoleOwner || !pinned {
		return api.Errorf(api.CodeConflict,
			"this deployment has its organization already; another one needs another deployment (a lost owner is replaced with recoverOwner)")
	}
	return nil
}

// recoverOwner makes an existing user an enabled owner with the identity.
func (q *request) recoverOwner(ctx context.Context, in api.CreateOrganization) (answer api.Organization, err error) {
	var wrong problems
	if in.Name+in.OwnerName+in.OwnerARN != "" {
		wrong.add("recoverOwner", "goes with arn and uniqueId alone")
	}
	wrong.name("recoverOwner", in.RecoverOwner, maxName)
	b, err := q.parseIdentity(api.Identity{ARN: in.ARN, UniqueID: in.UniqueID})
	if err != nil {
		wrong.add("arn", "%s", err)
	}
	b.field = "arn"
	if err := wrong.err(); err != nil {
		return answer, err
	}
	err = q.change(ctx, func(ctx context.Context, before lost) (p plan, err error) {
		v, err := q.lookUserNamed(ctx, in.RecoverOwner)
		if err != nil {
			return p, err
		}
		next := v.rec
		next.Role, next.Disabled = access.RoleOwner, false
		next.Identities = inOrder(append(slices.DeleteFunc(slices.Clone(v.rec.Identities), holds(b.Key)), b))
		if n := len(next.Identities); n > maxIdentities {
			return p, api.FieldError(api.CodeInvalid, "arn", "would be the user's identity number %d; at most %d are allowed", n, maxIdentities)
		}
		answer = q.showOrganization(v.organization)
		if v.rec.owns() && slices.EqualFunc(next.Identities, v.rec.Identities, bound.same) {
			return p, nil
		}
		next.changed(q, q.now())
		return q.planPrincipal(ctx, &v, next, before)
	})
	return answer, err
}

// lookUserNamed reads a user by name for an administrator who is bound to nobody.
func (q *request) lookUserNamed(ctx context.Context, name string) (principalSight, error) {
	id, found, err := q.namedBy(ctx, principalEntryKey(q.organization, access.KindUser, name))
	if err != nil {
		return principalSight{}, err
	}
	if !found {
		return principalSight{}, api.FieldError(api.CodeNotFound, "recoverOwner", "no user has that name")
	}
	v := principalSight{id: id}
	items, err := q.table.BatchGet(ctx, []table.Key{principalKey(id), organizationKey(q.organization)})
	if err != nil {
		return v, err
	}
	if v.organization, err = q.organizationIn(items); err != nil {
		return v, err
	}
	if v.rec, err = principalIn(items, id); err == nil && !v.rec.exists() {
		err = errAgain // deleted between the two reads
	}
	return v, err
}
