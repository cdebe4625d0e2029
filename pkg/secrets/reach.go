package secrets

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
)

// seesAll says whether the caller sees everything that is there, by role. What it is shown is decided on all the same.
func (r identityRecord) seesAll() bool {
	return r.Role == access.RoleOwner || r.Role == access.RoleAdmin || r.Role == access.RoleAuditor
}

// A reach is what was granted to a caller and its groups. It says where to look; what is found there decides.
type reach struct{ projects, secrets []uuid.UUID }

func (q *request) reach(ctx context.Context, who identityRecord) (r reach, err error) {
	principals := append([]uuid.UUID{who.Principal}, who.Groups...)
	found := make([][]string, len(principals))
	err = q.sideBySide(ctx, len(principals), func(ctx context.Context, i int) (err error) {
		found[i], err = q.namesUnder(ctx, principalPK(principals[i]), reachPrefix)
		return err
	})
	if err != nil {
		return r, err
	}
	names := slices.Concat(found...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		kind, text, _ := strings.Cut(name, "#")
		id, err := uuid.Parse(text)
		if err != nil {
			return r, err
		}
		if kind == onProject {
			r.projects = append(r.projects, id)
		} else {
			r.secrets = append(r.secrets, id)
		}
	}
	return r, nil
}

// sideBySide does n things, several at a time.
func (q *request) sideBySide(ctx context.Context, n int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxReadsAtOnce)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// projectsByID reads projects in one batch.
func (q *request) projectsByID(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]projectRecord, error) {
	projects := make(map[uuid.UUID]projectRecord, len(ids))
	if len(ids) == 0 {
		return projects, nil
	}
	items, err := q.table.BatchGet(ctx, projectKeys(ids))
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		id, rec, err := projectOf(item)
		if err != nil {
			return nil, err
		}
		projects[id] = rec
	}
	return projects, nil
}
