package secrets

import (
	"context"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

const (
	// maxAsked is how many principals a page of list-secret-principals looks at: what a page reads is bounded by it.
	maxAsked = 500
	// minAsked is how many are read at once at least; more where the page is to have more.
	minAsked = 100
)

// ListSecretPrincipals lists the users and service accounts that can reach a secret, by kind and name. It walks through
// all that the organization has and decides about each: roles reach a secret as well as grants do, and no index knows
// them. So a page may be short, or empty with a continuation token. Members of groups are listed each for itself, with
// the group as the way.
func (s *Service) ListSecretPrincipals(ctx context.Context, by Caller, id uuid.UUID, page api.Page) (
	list api.List[api.SecretPrincipal], err error,
) {
	q := s.begin(by, operation.ListSecretPrincipals)
	at, err := parseVisit(page.ContinuationToken)
	if err != nil {
		return list, err
	}
	v, err := q.lookSecret(ctx, id, nil, at.keys()...)
	if err != nil {
		return list, err
	}
	if err := q.decideSecret(ctx, &v, access.SeeSecretAccess); err != nil {
		return list, err
	}
	l := reacherList{explainer: q.explainer(), v: &v, limit: page.Limit, room: maxBulkAnswerSize, last: at}
	if l.at, err = at.position(&v.sight); err != nil {
		return list, err
	}
	l.learn(id, v.rec.Name)
	l.learnProjects(v.projects)
	return l.walk(ctx)
}

// A visit is the principal that a page came to, as a continuation token has it: not by its name, which is not for everybody
// who manages a secret. Its tag tells whether it is still where it was in the list.
type visit struct {
	id  uuid.UUID
	tag int64
}

func (v visit) String() string {
	return token{"secret-principals", []string{v.id.String(), strconv.FormatInt(v.tag, 10)}}.String()
}

func parseVisit(text string) (v visit, err error) {
	at, err := position("secret-principals", text, 2)
	if err != nil || at == nil {
		return v, err
	}
	if v.id, err = uuid.Parse(at[0]); err == nil {
		v.tag, err = strconv.ParseInt(at[1], 10, 64)
	}
	if err != nil || v.String() != text || v.id == uuid.Nil {
		return v, malformedToken()
	}
	return v, nil
}

// keys are what position needs to be read.
func (v visit) keys() []table.Key {
	if v.id == uuid.Nil {
		return nil
	}
	return []table.Key{principalKey(v.id)}
}

// position is where in the list of principals that one is; nil for the beginning.
func (v visit) position(seen *sight) ([]string, error) {
	if v.id == uuid.Nil {
		return nil, nil
	}
	rec, err := principalIn(seen.items, v.id)
	if err != nil {
		return nil, err
	}
	if !rec.exists() || rec.Tag != v.tag {
		return nil, api.FieldError(api.CodeInvalid, "continuationToken",
			"goes on after a principal that has changed since; leave it out to begin anew")
	}
	return []string{principalPrefix(rec.Kind) + rec.Name}, nil
}

// A reacherList gathers those that can reach a secret.
type reacherList struct {
	*explainer
	v     *secretSight
	data  []api.SecretPrincipal
	limit int
	room  int
	// at is where the walk has come to, and last whom it visited there.
	at   []string
	last visit
}

func (l *reacherList) walk(ctx context.Context) (list api.List[api.SecretPrincipal], err error) {
	l.data = []api.SecretPrincipal{}
	more := true
	for left := maxAsked; more && left > 0 && len(l.data) < l.limit; {
		n := min(max(l.limit, minAsked), left)
		if more, err = l.next(ctx, n); err != nil {
			return list, err
		}
		left -= n
	}
	list.Data = l.data
	if more {
		list.ContinuationToken = l.last.String()
	}
	return list, nil
}

// next decides about the next n principals. more says that the list does not end there.
func (l *reacherList) next(ctx context.Context, n int) (more bool, err error) {
	kinds := []access.Kind{access.KindServiceAccount, access.KindUser} // in the order of their prefixes
	entries, more, err := l.q.principalEntries(ctx, kinds, l.at, n)
	if err != nil {
		return false, err
	}
	ids := make([]uuid.UUID, len(entries))
	for i, entry := range entries {
		ids[i] = entry.id
	}
	records, err := l.q.principalRecords(ctx, ids)
	if err != nil {
		return false, err
	}
	asks, ways := l.ask(ids, records)
	if err := l.learnGroups(ctx, ways...); err != nil {
		return false, err
	}
	for i, entry := range entries {
		rec, ok := records[entry.id]
		if len(ways[i]) > 0 && !l.add(asks[i], rec.Name, ways[i]) {
			return true, nil
		}
		if l.at = []string{entry.at}; ok { // and was not deleted between the two reads
			l.last = visit{entry.id, rec.Tag}
		}
	}
	return more, nil
}

// ask makes a request of each principal that is there, and finds its ways to the secret.
func (l *reacherList) ask(ids []uuid.UUID, records map[uuid.UUID]principalRecord) ([]access.Request, [][]access.Reason) {
	asks, ways := make([]access.Request, len(ids)), make([][]access.Reason, len(ids))
	for i, id := range ids {
		if rec, ok := records[id]; ok {
			asks[i] = access.Request{Principal: rec.access(id), Secret: l.v.access(), Now: l.now}
			ways[i] = waysOf(asks[i])
		}
	}
	return asks, ways
}

// add shows one more, and says whether there was room for it.
func (l *reacherList) add(r access.Request, name string, ways []access.Reason) bool {
	if len(l.data) == l.limit {
		return false
	}
	p := r.Principal
	entry := api.SecretPrincipal{
		Principal: api.GrantPrincipal{Kind: p.Kind, ID: p.ID, Name: name}, Reach: reachOf(r), ExpiresAt: reachEnds(r),
	}
	shown := slices.DeleteFunc(slices.Clone(ways), l.hides)
	entry.Reasons, entry.HiddenReasons = l.show(p.ID, shown), int64(len(ways)-len(shown))
	if l.room -= size(entry) + 1; l.room < 0 && len(l.data) > 0 {
		return false
	}
	l.data = append(l.data, entry)
	return true
}

// hides says whether a way goes through a project that the caller may not see.
func (l *reacherList) hides(way access.Reason) bool {
	return way.On == access.OnProject && !l.q.sees(l.v.who, way.Resource, l.v.projects[way.Resource])
}
