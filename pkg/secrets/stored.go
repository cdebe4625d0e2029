package secrets

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/table"
)

// AtLeastStored counts an organization's secrets and what is in its trash, up to about as many as are asked for: for who is
// about to remove a table and wants to know whether anything would be lost. The count of secrets comes from an index and may
// lag a moment behind. It reads no value and makes no event, and asks nobody's leave: it is for who holds the table itself.
func AtLeastStored(ctx context.Context, t table.Table, organization uuid.UUID, enough int) (secrets, trashed int, err error) {
	for shard := 0; shard < secretShards && secrets < enough; shard++ {
		page, err := t.Query(ctx, table.Query{Index: table.Index2, PK: secretIndexPK(organization, shard), Limit: enough - secrets})
		if err != nil {
			return 0, 0, err
		}
		secrets += len(page.Items)
	}
	page, err := t.Query(ctx, table.Query{PK: trashPK(organization), Limit: enough})
	return secrets, len(page.Items), err
}
