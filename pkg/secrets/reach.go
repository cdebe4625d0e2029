package secrets

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
	"strongroom/pkg/table"
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
		g, err := parseGranted(name)
		if err != nil {
			return r, err
		}
		if g.kind == onProject {
			r.projects = append(r.projects, g.id)
		} else {
			r.secrets = append(r.secrets, g.id)
		}
	}
	return r, nil
}

// A granted is a project or a secret that something was granted on.
type granted struct {
	kind string
	id   uuid.UUID
}

// String is how a reach item's sort key names it, behind its prefix.
func (g granted) String() string { return g.kind + "#" + g.id.String() }

func (g granted) key() table.Key {
	if g.kind == onProject {
		return projectKey(g.id)
	}
	return secretKey(g.id)
}

func parseGranted(name string) (granted, error) {
	kind, text, _ := strings.Cut(name, "#")
	id, err := uuid.Parse(text)
	return granted{kind, id}, err
}

// isGranted says whether a name is one that String answers.
func isGranted(name string) bool {
	g, err := parseGranted(name)
	return err == nil && g.String() == name && (g.kind == onProject || g.kind == onSecret)
}

// grantedAfter are the next n things, in the order of their names, that were granted to the principals, and whether there
// are more. Each principal's are asked for, so many of them that the first of all are among them.
func (q *request) grantedAfter(ctx context.Context, principals []uuid.UUID, after string, n int) (
	next []granted, more bool, err error,
) {
	pages := make([]table.Page, len(principals))
	err = q.sideBySide(ctx, len(principals), func(ctx context.Context, i int) (err error) {
		query := table.Query{PK: principalPK(principals[i]), Prefix: reachPrefix, Limit: n + 1}
		if after != "" {
			query.After = table.Position{SK: reachPrefix + after}
		}
		pages[i], err = q.table.Query(ctx, query)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	var names []string
	for _, page := range pages {
		for _, item := range page.Items {
			names = append(names, strings.TrimPrefix(item.Key.SK, reachPrefix))
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if len(next) == n {
			return next, true, nil
		}
		g, err := parseGranted(name)
		if err != nil {
			return nil, false, err
		}
		next = append(next, g)
	}
	return next, false, nil
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
