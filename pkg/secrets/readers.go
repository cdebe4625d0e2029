package secrets

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// ListSecretReaders lists who read a secret, by id.
func (s *Service) ListSecretReaders(ctx context.Context, by Caller, id uuid.UUID, in api.Page) (
	list api.List[api.Reader], err error,
) {
	q := s.begin(by, operation.ListSecretReaders)
	query, err := readsQuery("readers", secretPK(id), in)
	if err != nil {
		return list, err
	}
	_, page, err := q.lookSecretAndQuery(ctx, id, access.SeeSecretAccess, query)
	if err != nil {
		return list, err
	}
	ids, records, err := readsIn(page)
	if err != nil {
		return list, err
	}
	names, err := q.principalNames(ctx, ids)
	if err != nil {
		return list, err
	}
	list.Data = make([]api.Reader, len(ids))
	for i, rec := range records {
		list.Data[i] = api.Reader{
			Principal: api.ReaderPrincipal{Kind: rec.Kind, ID: ids[i], Name: names[ids[i]]},
			First:     rec.First, Last: rec.Last, Count: rec.Count, Version: rec.Version,
		}
	}
	list.ContinuationToken = readsToken("readers", page)
	return list, nil
}

// ListPrincipalReads lists the secrets that a principal read, by id.
func (s *Service) ListPrincipalReads(ctx context.Context, by Caller, id uuid.UUID, in api.Page) (
	list api.List[api.PrincipalRead], err error,
) {
	q := s.begin(by, operation.ListPrincipalReads)
	query, err := readsQuery("reads", principalPK(id), in)
	if err != nil {
		return list, err
	}
	v, err := q.lookPrincipal(ctx, id)
	if err != nil {
		return list, err
	}
	q.about = aboutPrincipal(id, v.rec.Name)
	if err := q.decideOn(ctx, v.who, access.SeeEvents); err != nil {
		return list, err
	}
	if v.rec.revision == 0 { // of one that was deleted it is still asked what it read
		return list, notFound("principal")
	}
	page, err := q.table.Query(ctx, query)
	if err != nil {
		return list, err
	}
	ids, records, err := readsIn(page)
	if err != nil {
		return list, err
	}
	names, err := q.secretNames(ctx, ids)
	if err != nil {
		return list, err
	}
	list.Data = make([]api.PrincipalRead, len(ids))
	for i, rec := range records {
		list.Data[i] = api.PrincipalRead{
			Secret: api.ReadSecret{ID: ids[i], Name: names[ids[i]]},
			First:  rec.First, Last: rec.Last, Count: rec.Count, Version: rec.Version,
		}
	}
	list.ContinuationToken = readsToken("reads", page)
	return list, nil
}

func readsQuery(list, pk string, in api.Page) (table.Query, error) {
	query := table.Query{PK: pk, Prefix: readPrefix, Limit: in.Limit}
	at, err := position(list, in.ContinuationToken, 1)
	if at != nil {
		query.After = table.Position{SK: readPrefix + at[0]}
	}
	return query, err
}

func readsToken(list string, page table.Page) string {
	if page.Next.IsZero() {
		return ""
	}
	return token{list, []string{strings.TrimPrefix(page.Next.SK, readPrefix)}}.String()
}

// readsIn are the sums in a page, and whom or what they are of.
func readsIn(page table.Page) ([]uuid.UUID, []readRecord, error) {
	ids, records := make([]uuid.UUID, len(page.Items)), make([]readRecord, len(page.Items))
	for i, item := range page.Items {
		var err error
		if ids[i], err = uuid.Parse(strings.TrimPrefix(item.Key.SK, readPrefix)); err != nil {
			return nil, nil, err
		}
		if err := fromItem(item, &records[i]); err != nil {
			return nil, nil, err
		}
	}
	return ids, records, nil
}

// secretNames are the names of those secrets that are still there.
func (q *request) secretNames(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	names := make(map[uuid.UUID]string, len(ids))
	if len(ids) == 0 {
		return names, nil
	}
	keys := make([]table.Key, len(ids))
	for i, id := range ids {
		keys[i] = secretKey(id)
	}
	items, err := q.table.BatchGet(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		item, found := items[keys[i]]
		if !found {
			continue
		}
		var rec secretRecord
		if err := fromItem(item, &rec); err != nil {
			return nil, err
		}
		names[id] = rec.Name
	}
	return names, nil
}
