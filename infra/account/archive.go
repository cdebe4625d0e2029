package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// empty removes every version of every object of the archive, a page at a time.
func empty(ctx context.Context, client *s3.Client, bucket string, out io.Writer) error {
	removed := 0
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var known smithy.APIError
		if errors.As(err, &known) && known.ErrorCode() == "NoSuchBucket" {
			_, err := fmt.Fprintf(out, "the archive %s is gone already\n", bucket)
			return err
		}
		if err != nil {
			return fmt.Errorf("listing the archive %s: %w", bucket, err)
		}
		versions := versionsOf(page)
		if len(versions) == 0 {
			continue
		}
		done, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &bucket, Delete: &types.Delete{Objects: versions, Quiet: aws.Bool(true)},
			// Who may do that may remove what is locked in governance mode; nobody what is in compliance mode.
			BypassGovernanceRetention: aws.Bool(true),
		})
		if err != nil {
			return fmt.Errorf("emptying the archive %s: %w", bucket, err)
		}
		if len(done.Errors) > 0 {
			first := done.Errors[0]
			return fmt.Errorf("emptying the archive %s: %d objects stay, the first %s (%s: %s); what Object Lock holds can be removed after its time only",
				bucket, len(done.Errors), aws.ToString(first.Key), aws.ToString(first.Code), aws.ToString(first.Message))
		}
		removed += len(versions)
	}
	_, err := fmt.Fprintf(out, "the archive %s is empty; %d versions were removed\n", bucket, removed)
	return err
}

// versionsOf are a page's versions and delete markers.
func versionsOf(page *s3.ListObjectVersionsOutput) []types.ObjectIdentifier {
	var all []types.ObjectIdentifier
	for _, v := range page.Versions {
		all = append(all, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
	}
	for _, m := range page.DeleteMarkers {
		all = append(all, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
	}
	return all
}
