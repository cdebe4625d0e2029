package client

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// Trash lists what is in the trash, newest first: to owners, admins and auditors all of it, to others what they could
// delete if it were not there.
func (c *Client) Trash(ctx context.Context) iter.Seq2[api.TrashEntry, error] {
	return pages[api.TrashEntry](ctx, c, Request{Operation: operation.ListTrash})
}

// RestoreFromTrash takes projects and secrets out of the trash, and answers how it went with each, in their order. Projects come back
// first, secrets into those of their projects that live. Where a name is given, the one thing is called so from then on; a
// name that is taken is ErrConflict.
func (c *Client) RestoreFromTrash(ctx context.Context, name string, ids ...uuid.UUID) ([]api.BulkResult, error) {
	in := api.RestoreFromTrash{}
	if name != "" {
		in.Name = &name
	}
	var results []api.BulkResult
	for chunk := range slices.Chunk(ids, api.MaxIDs) {
		in.IDs = chunk
		answer, err := call[api.BulkResults](ctx, c, Request{Operation: operation.RestoreFromTrash}, in)
		if err != nil {
			return results, fmt.Errorf("after %d of %d: %w", len(results), len(ids), err)
		}
		results = append(results, answer.Data...)
	}
	return results, nil
}

// PurgeTrash removes for good what is in the trash, and answers how it went with each, in their order.
func (c *Client) PurgeTrash(ctx context.Context, ids ...uuid.UUID) ([]api.BulkResult, error) {
	return bulk(ctx, c, operation.PurgeTrash, ids)
}
