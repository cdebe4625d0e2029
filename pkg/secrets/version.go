package secrets

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// ListSecretVersions lists a secret's versions, newest first, without values.
func (s *Service) ListSecretVersions(ctx context.Context, by Caller, id uuid.UUID, in api.Page) (
	list api.List[api.SecretVersion], err error,
) {
	q := s.begin(by, operation.ListSecretVersions)
	query := table.Query{PK: secretPK(id), Prefix: versionPrefix, Limit: in.Limit, Descending: true}
	at, err := position("versions", in.ContinuationToken, 1)
	if err != nil {
		return list, err
	}
	if at != nil {
		query.After = table.Position{SK: versionPrefix + at[0]}
	}
	v, page, err := q.lookSecretAndQuery(ctx, id, access.SeeSecret, query)
	if err != nil {
		return list, err
	}
	return listVersions(&v, page)
}

// lookSecretAndQuery reads a secret and a page of its partition side by side; the page is only good if the caller may.
func (q *request) lookSecretAndQuery(ctx context.Context, id uuid.UUID, action access.Action, query table.Query) (
	v secretSight, page table.Page, err error,
) {
	group, queryContext := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		page, err = q.table.Query(queryContext, query)
		return err
	})
	v, err = q.lookSecret(ctx, id, nil)
	if err == nil {
		err = q.decideSecret(ctx, &v, action)
	}
	if queryError := group.Wait(); err == nil {
		err = queryError
	}
	return v, page, err
}

func listVersions(v *secretSight, page table.Page) (list api.List[api.SecretVersion], err error) {
	list.Data = make([]api.SecretVersion, len(page.Items))
	for i, item := range page.Items {
		number, err := strconv.ParseInt(strings.TrimPrefix(item.Key.SK, versionPrefix), 10, 64)
		if err != nil {
			return list, err
		}
		if list.Data[i], err = v.version(number, item); err != nil {
			return list, err
		}
	}
	if !page.Next.IsZero() {
		list.ContinuationToken = token{"versions", []string{strings.TrimPrefix(page.Next.SK, versionPrefix)}}.String()
	}
	return list, nil
}

// version is one version as it is shown, but for its value.
func (v *secretSight) version(number int64, item table.Item) (api.SecretVersion, error) {
	var rec versionRecord
	err := fromItem(item, &rec)
	return api.SecretVersion{
		SecretID: v.id, Version: number, CreatedAt: rec.CreatedAt, CreatedBy: rec.CreatedBy.api(),
		RestoredFrom: rec.RestoredFrom, Stage: v.stage(number),
	}, err
}

func (v *secretSight) stage(number int64) api.Stage {
	switch number {
	case v.rec.Version:
		return api.StageCurrent
	case v.rec.Previous:
		return api.StagePrevious
	case v.rec.Pending:
		return api.StagePending
	}
	return ""
}

// GetSecretVersion reads one version of a secret with its value.
func (s *Service) GetSecretVersion(ctx context.Context, by Caller, id uuid.UUID, number int64) (api.SecretVersion, error) {
	q := s.begin(by, operation.GetSecretVersion)
	v, err := q.lookSecret(ctx, id, nil, versionKey(id, number), versionValueKey(id, number))
	if err != nil {
		return api.SecretVersion{}, err
	}
	if err := q.decideSecret(ctx, &v, access.ReadSecret); err != nil {
		return api.SecretVersion{}, err
	}
	item, found := v.items[versionKey(id, number)]
	sealed, sealedFound := v.items[versionValueKey(id, number)]
	if !found || !sealedFound {
		return api.SecretVersion{}, notFound("version")
	}
	version, err := v.version(number, item)
	if err != nil {
		return version, err
	}
	value, err := q.openVersion(ctx, id, number, sealed)
	if err != nil {
		return version, err
	}
	if err := q.record(ctx, *v.act().reveals(id, number)); err != nil {
		return api.SecretVersion{}, err
	}
	version.Value, version.Keys = &value, v.wrappedKeys(value)
	return version, nil
}
