package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// Whoami says who the caller is to Strongroom, to anyone who is bound.
func (s *Service) Whoami(ctx context.Context, by Caller) (api.Me, error) {
	q := s.begin(by, operation.Whoami)
	seen, err := q.look(ctx, organizationKey(q.organization))
	if err != nil {
		return api.Me{}, err
	}
	organization, err := q.organizationIn(seen.items)
	if err != nil {
		return api.Me{}, err
	}
	id := seen.who.Principal
	records, err := q.principalRecords(ctx, append([]uuid.UUID{id}, seen.who.Groups...))
	if err != nil {
		return api.Me{}, err
	}
	rec, ok := records[id]
	if !ok {
		return api.Me{}, api.Errorf(api.CodeUnavailable, "your principal is being changed; try again")
	}
	names := map[uuid.UUID]string{}
	for group, rec := range records {
		names[group] = rec.Name
	}
	rec.Groups = seen.who.Groups
	return api.Me{
		OrganizationID: q.organization, OrganizationName: organization.Name, ClientKeyARN: q.clientKeyARN,
		Principal: shownPrincipal(id, &rec, names),
		Identity:  api.Identity{ARN: seen.who.ARN, UniqueID: seen.who.UniqueID},
		Groups:    references(rec.Groups, names),
	}, nil
}
