package secrets

import (
	"context"
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
func (q *request) lookAndQuery(ctx context.Context, project uuid.UUID, action access.Action, query table.Query) (
	v projectSight, page table.Page, err error,
) {
	group, queryContext := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		page, err = q.table.Query(queryContext, query)
		return err
	})
	v, err = q.lookProject(ctx, project)
	if err == nil {
		err = q.decideProject(ctx, &v, action)
	}
	if queryError := group.Wait(); err == nil {
		err = queryError
	}
	return v, page, err
}

// GetProjectValues reads all of a project's secrets with their values, in as few pages as fit.
func (s *Service) GetProjectValues(ctx context.Context, by Caller, project uuid.UUID, continuation string) (
	list api.List[api.ProjectValue], err error,
) {
	q := s.begin(by, operation.GetProjectValues)
	query := table.Query{PK: projectPK(project), Prefix: valuePrefix}
	at, err := position("project-values", continuation, 1)
	if err != nil {
		return list, err
	}
	if at != nil {
		query.After = table.Position{SK: valuePrefix + at[0]}
	}
	var values valueList
	err = q.patiently(ctx, func() error {
		q.allowed = nil
		v, page, err := q.lookAndQuery(ctx, project, access.ReadProjectValues, query)
		if err != nil {
			return err
		}
		values = valueList{q: q, room: maxBulkAnswerSize, act: &act{on: aboutProject(project, v.rec.Name)}}
		if err := values.gather(ctx, query, page); err != nil {
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
		return list, err
	}
	return values.list, nil
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
