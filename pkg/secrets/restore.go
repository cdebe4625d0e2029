package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/envelope"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// RestoreSecretVersion gives a secret the value of one of its versions again, as a new version.
func (s *Service) RestoreSecretVersion(ctx context.Context, by Caller, id uuid.UUID, match IfMatch, version int64) (
	answer api.Secret, err error,
) {
	q := s.begin(by, operation.RestoreSecretVersion)
	err = q.change(ctx, func(ctx context.Context, _ lost) (plan, error) {
		v, err := q.lookSecret(ctx, id, nil, versionValueKey(id, version))
		if err != nil {
			return plan{}, err
		}
		c, err := q.restoreVersion(ctx, &v, match, version)
		if err != nil {
			return plan{}, err
		}
		answer, err = q.show(ctx, &v)
		return q.planShown(&v, c), err
	})
	if err != nil {
		return api.Secret{}, err
	}
	return answer, nil
}

func (q *request) restoreVersion(ctx context.Context, v *secretSight, match IfMatch, version int64) (*secretChange, error) {
	if err := q.decideSecret(ctx, v, access.WriteSecret); err != nil {
		return nil, err
	}
	item, ok := v.items[versionValueKey(v.id, version)]
	if !ok || version == v.rec.Pending {
		return nil, api.FieldError(api.CodeNotFound, "version", "the secret has no version %d", version)
	}
	value, err := q.openVersion(ctx, v.id, version, item)
	if err != nil {
		return nil, err
	}
	old := v.rec
	current, err := q.open(ctx, q.place(v.id, envelope.PurposeValue, old.Version), old.Value)
	if err != nil || current == value {
		return nil, err
	}
	if err := match.check(old.Tag); err != nil {
		return nil, err
	}
	if old.Encryption == api.EncryptionClient {
		if err := q.checkEncrypted(v, &v.rec, value); err != nil {
			return nil, restoreByClient(err)
		}
	}
	c := &secretChange{id: v.id, old: &old, new: &v.rec}
	v.rec.UpdatedBy = v.who.actor()
	v.rec.changed(q, q.now())
	if c.version, err = q.replaceValue(ctx, v, value, version); err != nil {
		return nil, err
	}
	return c, nil
}

func restoreByClient(err error) error {
	return api.FieldError(api.CodeConflict, "version",
		"was encrypted for another name, other projects or other keys than the secret has now; decrypt it and write it anew "+
			"with update-secret and restoredFrom (%s)", err)
}

// openVersion opens the value of a version.
func (q *request) openVersion(ctx context.Context, id uuid.UUID, version int64, item table.Item) (string, error) {
	var rec versionValueRecord
	if err := fromItem(item, &rec); err != nil {
		return "", err
	}
	return q.open(ctx, q.place(id, envelope.PurposeValue, version), rec.Value)
}
