package secrets

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// AddProjectKey gives a client project a new current project key, and counts the values that are under older ones. For a
// key id that the project has already it changes nothing, whichever of its keys that is, and counts: so a client that
// re-encrypts asks again how much is left, and whoever was interrupted goes on where it was.
//
// New values must be under the current key from then on. A write that read the project before and comes after, at most
// one request's time later, still lands under the old key, since no write to a secret checks its project in its
// transaction: its value is counted as stale like the others.
//
// Counting is one strong query of the list entries of the project's secrets, which have no values: about 125 bytes and the
// name each, so one read unit for some 28 secrets, whatever the size of their values, and a round trip for each MB, or
// some 7,000 secrets.
func (s *Service) AddProjectKey(ctx context.Context, by Caller, id uuid.UUID, match IfMatch, in api.NewProjectKey) (
	answer api.AddedProjectKey, err error,
) {
	q := s.begin(by, operation.AddProjectKey)
	var wrong problems
	wrong.newKey("", in)
	if err := wrong.err(); err != nil {
		return answer, err
	}
	var current uuid.UUID
	err = q.change(ctx, func(ctx context.Context, _ lost) (p plan, err error) {
		v, err := q.lookProject(ctx, id)
		if err != nil {
			return p, err
		}
		if err := q.decideProject(ctx, &v, access.ChangeProject); err != nil {
			return p, err
		}
		old := v.rec
		if err := q.addKey(&v.rec, match, in); err != nil {
			return p, err
		}
		answer.Project, current = q.showProject(v.who, id, &v.rec), v.rec.currentKey()
		if v.rec.Tag == old.Tag {
			return p, nil
		}
		return q.planProject(id, old, &v.rec), nil
	})
	if err != nil {
		return answer, err
	}
	answer.StaleValues, err = q.countStale(ctx, id, current)
	return answer, err
}

// addKey makes a key the current one; a key that is known changes nothing.
func (q *request) addKey(rec *projectRecord, match IfMatch, in api.NewProjectKey) error {
	if rec.Encryption != api.EncryptionClient {
		return api.Errorf(api.CodeInvalid,
			"a %s project has no project keys; only the values of client projects are encrypted by clients", rec.Encryption)
	}
	for _, key := range rec.Keys {
		if key.ID != in.ID {
			continue
		}
		if !bytes.Equal(key.Wrapped, in.Wrapped) {
			return api.FieldError(api.CodeConflict, "id",
				"is used already by another key of the project; make another one for another key")
		}
		return nil
	}
	if err := match.check(rec.Tag); err != nil {
		return err
	}
	if len(rec.Keys) >= maxProjectKeys {
		return api.Errorf(api.CodeInvalid,
			"the project has %d project keys already; at most %d are allowed", len(rec.Keys), maxProjectKeys)
	}
	now := q.now()
	rec.Keys = append(slices.Clip(rec.Keys), projectKeyRecord{ID: in.ID, Wrapped: in.Wrapped, CreatedAt: now})
	rec.changed(q, now)
	return nil
}

// countStale counts the secrets in the project whose current value is not under the key.
func (q *request) countStale(ctx context.Context, project, current uuid.UUID) (stale int64, err error) {
	query := table.Query{PK: projectPK(project), Prefix: secretPrefix}
	for {
		page, err := q.table.Query(ctx, query)
		if err != nil {
			return 0, err
		}
		for _, item := range page.Items {
			var entry entryRecord
			if err := fromItem(item, &entry); err != nil {
				return 0, err
			}
			if entry.KeyID != current {
				stale++
			}
		}
		if page.Next.IsZero() {
			return stale, nil
		}
		query.After = page.Next
	}
}
