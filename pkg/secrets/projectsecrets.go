package secrets

import (
	"context"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/envelope"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// A ListSecrets asks for a page of those secrets whose names begin with NamePrefix.
type ListSecrets struct {
	NamePrefix string
	api.Page
}

// ListProjectSecrets lists a project's secrets by name, without values.
func (s *Service) ListProjectSecrets(ctx context.Context, by Caller, project uuid.UUID, in ListSecrets) (
	list api.List[api.ProjectSecret], err error,
) {
	q := s.begin(by, operation.ListProjectSecrets)
	query, err := entriesQuery("project-secrets", projectPK(project), in)
	if err != nil {
		return list, err
	}
	_, page, err := q.lookAndQuery(ctx, project, access.ListProjectSecrets, query)
	if err != nil {
		return list, err
	}
	list.Data = make([]api.ProjectSecret, len(page.Items))
	for i, item := range page.Items {
		var entry entryRecord
		if err := fromItem(item, &entry); err != nil {
			return list, err
		}
		list.Data[i] = api.ProjectSecret{
			ID: entry.ID, Name: strings.TrimPrefix(item.Key.SK, secretPrefix), Version: entry.Version,
			CreatedAt: entry.CreatedAt, UpdatedAt: entry.UpdatedAt,
		}
		if entry.KeyID != uuid.Nil {
			list.Data[i].KeyID = &entry.KeyID
		}
	}
	if !page.Next.IsZero() {
		list.ContinuationToken = token{"project-secrets", []string{strings.TrimPrefix(page.Next.SK, secretPrefix)}}.String()
	}
	return list, nil
}

// entriesQuery asks for a page of the secrets' entries in a home.
func entriesQuery(list, home string, in ListSecrets) (table.Query, error) {
	query := table.Query{PK: home, Prefix: secretPrefix + in.NamePrefix, Limit: in.Limit}
	var wrong problems
	if in.NamePrefix != "" {
		wrong.text("namePrefix", in.NamePrefix, maxSecretName)
	}
	if err := wrong.err(); err != nil {
		return query, err
	}
	at, err := position(list, in.ContinuationToken, 1)
	if at != nil {
		if !strings.HasPrefix(at[0], in.NamePrefix) {
			return query, api.FieldError(api.CodeInvalid, "continuationToken", "was answered for another namePrefix")
		}
		query.After = table.Position{SK: secretPrefix + at[0]}
	}
	return query, err
}

// lookAndQuery reads a project and a page of its partition side by side; the page is only good if the caller may.
func (q *request) lookAndQuery(
	ctx context.Context, project uuid.UUID, action access.Action, query table.Query, extra ...table.Key,
) (v projectSight, page table.Page, err error) {
	group, queryContext := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		page, err = q.table.Query(queryContext, query)
		return err
	})
	v, err = q.lookProject(ctx, project, extra...)
	if err == nil {
		err = q.decideProject(ctx, &v, action)
	}
	if queryError := group.Wait(); err == nil {
		err = queryError
	}
	return v, page, err
}

// GetProjectValues asks for all of a project's secrets with their values.
type GetProjectValues struct {
	Project      uuid.UUID
	Continuation string
	// Known are the ETags of answers that the caller has, as If-None-Match lists them.
	Known IfNoneMatch
}

// ProjectValues are a page of a project's values, and the ETag to ask again with. Unchanged says that the caller has them.
type ProjectValues struct {
	api.List[api.ProjectValue]
	ETag      string
	Unchanged bool
}

// GetProjectValues reads all of a project's secrets with their values, in as few pages as fit.
//
// Whoever asks again and again sends the ETag of the last answer, and is told that nothing changed for three read units. An
// ETag is the project's change mark, and a digest of what decides about the caller. The mark follows the values through the
// table's stream; an ETag is good only if the mark was read before the values, or a change between the two would never be
// seen. A request without If-None-Match reads both at once, for speed: its ETag never matches, and the next answer is full
// once more. Who means to poll begins with `If-None-Match: ""`.
func (s *Service) GetProjectValues(ctx context.Context, by Caller, in GetProjectValues) (ProjectValues, error) {
	q := s.begin(by, operation.GetProjectValues)
	query := table.Query{PK: projectPK(in.Project), Prefix: valuePrefix}
	at, err := position("project-values", in.Continuation, 1)
	if err != nil {
		return ProjectValues{}, err
	}
	if at != nil {
		query.After = table.Position{SK: valuePrefix + at[0]}
	}
	var answer ProjectValues
	var values valueList
	err = q.patiently(ctx, func() error {
		q.allowed = nil
		v, page, err := q.lookForValues(ctx, in, query)
		if err != nil {
			return err
		}
		if answer.ETag, err = v.valuesTag(in, q.start); err != nil {
			return err
		}
		delete(v.items, changedKey(in.Project)) // it decides nothing
		if answer.Unchanged = in.Known.Has(answer.ETag); answer.Unchanged {
			return nil
		}
		if page == nil {
			first, err := q.table.Query(ctx, query)
			if err != nil {
				return err
			}
			page = &first
		}
		values = valueList{q: q, room: maxBulkAnswerSize, act: &act{on: aboutProject(in.Project, v.rec.Name)}}
		if err := values.gather(ctx, query, *page); err != nil {
			return err
		}
		if q.fresh(values.newest) {
			return q.checkUnchanged(ctx, v.items)
		}
		return nil
	})
	if err == nil && len(values.list.Data) > 0 {
		err = q.record(ctx, *values.act)
	}
	if err != nil {
		return ProjectValues{}, err
	}
	answer.List = values.list
	return answer, nil
}

// lookForValues reads what decides, the project's change mark and, where nobody polls, the first values beside it.
func (q *request) lookForValues(ctx context.Context, in GetProjectValues, query table.Query) (
	v projectSight, page *table.Page, err error,
) {
	if in.Known == "" {
		var first table.Page
		v, first, err = q.lookAndQuery(ctx, in.Project, access.ReadProjectValues, query, changedKey(in.Project))
		return v, &first, err
	}
	if v, err = q.lookProject(ctx, in.Project, changedKey(in.Project)); err == nil {
		err = q.decideProject(ctx, &v, access.ReadProjectValues)
	}
	return v, nil, err
}

// valuesTag is the ETag of a page of the project's values.
func (v *projectSight) valuesTag(in GetProjectValues, now time.Time) (string, error) {
	// Once a day the answer is full, each caller's at a time of its own, lest a change that the stream lost stay hidden.
	day := (now.Unix() + int64(binary.BigEndian.Uint32(v.who.Principal[12:]))) / (24 * 60 * 60)
	var rec changedRecord
	if item, found := v.items[changedKey(in.Project)]; found {
		if err := fromItem(item, &rec); err != nil {
			return "", err
		}
	}
	view := []any{v.who.Principal, " ", v.who.revision, " ", v.rec.revision, " ", in.Continuation, " ", day}
	if in.Known == "" {
		view = append(view, " at once")
	}
	return etag(rec.Count, view...), nil
}

// valueFrame is more than what a ProjectValue takes in an answer besides its name and its value.
const valueFrame = 256

// A valueList gathers a project's values until an answer is full.
type valueList struct {
	q      *request
	list   api.List[api.ProjectValue]
	room   int
	newest time.Time
	act    *act // names what was gathered
}

// gather opens the page's values, and asks for further pages while there is room.
func (l *valueList) gather(ctx context.Context, query table.Query, page table.Page) (err error) {
	l.list.Data = []api.ProjectValue{}
	for {
		for i, item := range page.Items {
			if full, err := l.add(ctx, item); err != nil || full {
				return err
			}
			page.Items[i] = table.Item{} // a megabyte that is needed no longer
		}
		if page.Next.IsZero() {
			return nil
		}
		query.After = page.Next
		if page, err = l.q.table.Query(ctx, query); err != nil {
			return err
		}
	}
}

func (l *valueList) add(ctx context.Context, item table.Item) (full bool, err error) {
	var rec copyRecord
	if err := fromItem(item, &rec); err != nil {
		return false, err
	}
	id, err := uuid.Parse(strings.TrimPrefix(item.Key.SK, valuePrefix))
	if err != nil {
		return false, err
	}
	value, err := l.q.open(ctx, l.q.place(id, envelope.PurposeValue, rec.Version), rec.Value)
	if err != nil {
		return false, err
	}
	shown := api.ProjectValue{
		ID: id, Name: rec.Name, Version: rec.Version, CreatedAt: rec.CreatedAt, UpdatedAt: rec.UpdatedAt, Value: value,
	}
	n := valueFrame + sizeOfText(shown.Name) + sizeOfText(shown.Value)
	if n > l.room {
		last := l.list.Data[len(l.list.Data)-1].ID
		l.list.ContinuationToken = token{"project-values", []string{last.String()}}.String()
		return true, nil
	}
	l.room -= n
	if rec.ChangedAt.After(l.newest) {
		l.newest = rec.ChangedAt
	}
	l.list.Data = append(l.list.Data, shown)
	l.act.reveals(id, rec.Version)
	return false, nil
}
