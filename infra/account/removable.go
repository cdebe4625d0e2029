package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"strongroom/pkg/secrets"
	"strongroom/pkg/table/dynamo"
)

// enough is how many secrets are counted at most: one would be enough to refuse, and the number is for people.
const enough = 1000

// removable says whether the table may go.
func removable(ctx context.Context, client *dynamodb.Client, d deployment, force bool, out io.Writer) error {
	described, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &d.table})
	var gone *types.ResourceNotFoundException
	if errors.As(err, &gone) {
		_, err := fmt.Fprintf(out, "the table %s is gone already\n", d.table)
		return err
	}
	if err != nil {
		return fmt.Errorf("looking at the table %s: %w", d.table, err)
	}
	if aws.ToBool(described.Table.DeletionProtectionEnabled) {
		return fmt.Errorf("the table %s is protected against deletion, as are the keys and the archive. "+
			"If this deployment is really to go, set \"retain\" to false for its stage in infra/cdk.json, run make deploy, and then this again", d.table)
	}
	stored, trashed, err := secrets.AtLeastStored(ctx, dynamo.New(client, d.table), d.organization, enough)
	if err != nil {
		return fmt.Errorf("counting the secrets in the table %s: %w", d.table, err)
	}
	if stored+trashed > 0 && !force {
		return fmt.Errorf("the table %s holds %s, and %s in the trash. Nothing brings them back once the stacks are gone. "+
			"To delete them all the same, run make destroy FORCE=1", d.table, atLeast(stored, "secret"), atLeast(trashed, "thing"))
	}
	_, err = fmt.Fprintf(out, "the table %s holds %s, and %s in the trash; it may go\n",
		d.table, atLeast(stored, "secret"), atLeast(trashed, "thing"))
	return err
}

// atLeast is a count in words.
func atLeast(n int, of string) string {
	switch {
	case n == 0:
		return "no " + of
	case n == 1:
		return "1 " + of
	case n >= enough:
		return fmt.Sprintf("%d %ss or more", n, of)
	}
	return fmt.Sprintf("%d %ss", n, of)
}
