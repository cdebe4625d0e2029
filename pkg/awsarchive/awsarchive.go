// Package awsarchive keeps copies of seals in an Amazon S3 bucket, which S3 Object Lock holds to what was put first.
//
// # The bucket
//
// A seal is one object, whose key is its name. The bucket is to have Object Lock on with a default retention, which counts for
// every object that does not say otherwise, and these say nothing: how long evidence is kept is the bucket's owner's to decide,
// and a function that may set a retention needs one permission more. Object Lock wants a checksum with what is put
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html); the SHA-256 is sent, which S3 checks and
// keeps.
//
// # Once
//
// Everything is put with If-None-Match: *, so that what is there stays
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html). Where there is an object already, it is
// read and compared: the same content is what was asked for, as it is after a lost answer, and other content is
// [secrets.ErrArchived]. Object Lock keeps versions, and lets anybody with the rights put another over one, or a marker that
// hides it. A bucket policy that denies s3:PutObject without s3:if-none-match, and s3:DeleteObject, prevents both. A marker is
// an error here and never taken for absence: an hour would be sealed anew.
//
// # Rights
//
//	s3:PutObject   on the objects
//	s3:GetObject   on the objects: an hour whose seal is archived gets that one back, and what is there is compared
//	s3:ListBucket  on the bucket: without it S3 answers 403 for an object that is not there, as for one that may not be read,
//	               and the two must not be mistaken for each other
//	               (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html)
package awsarchive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"strongroom/pkg/secrets"
)

// How a client on Lambda behaves: a run has minutes, but a request that hangs should not use them up.
const (
	attempts    = 3
	maxBackoff  = 200 * time.Millisecond
	dialTimeout = time.Second
)

// maxContent is how long an object may be that is read; a seal has a few kilobytes.
const maxContent = 1 << 20

// An Archive is an S3 bucket. Its methods may be called at the same time.
type Archive struct {
	client *s3.Client
	bucket string
}

var _ secrets.Archive = (*Archive)(nil)

// Open opens a bucket by its name: what functions pass to app.WithArchive. endpoint is empty for AWS's own; a bucket elsewhere
// is named in the path. It connects to nothing yet.
func Open(region, endpoint string, credentials aws.CredentialsProvider, bucket string) secrets.Archive {
	options := s3.Options{
		Region:      region,
		Credentials: credentials,
		HTTPClient: awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
			d.Timeout = dialTimeout
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.MaxBackoff = maxBackoff
			// Two puts of one name at the same moment: S3 wants one of them to come again.
			o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{"ConditionalRequestConflict": {}}})
		}),
	}
	if endpoint != "" {
		options.BaseEndpoint, options.UsePathStyle = &endpoint, true
	}
	return &Archive{s3.New(options), bucket}
}

// Put keeps content under a name, or finds it there.
func (a *Archive) Put(ctx context.Context, name string, content []byte) error {
	sum := sha256.Sum256(content)
	_, err := a.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &a.bucket, Key: &name, Body: bytes.NewReader(content), ContentType: aws.String("application/json"),
		IfNoneMatch: aws.String("*"), ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	})
	var known smithy.APIError
	if !errors.As(err, &known) || known.ErrorCode() != "PreconditionFailed" {
		return a.said("putting", name, err)
	}
	kept, found, err := a.Get(ctx, name)
	switch {
	case err != nil:
		return err
	case !found:
		return a.said("putting", name, errors.New("it was there, and then it was not"))
	case !bytes.Equal(kept, content):
		return a.said("putting", name, secrets.ErrArchived)
	}
	return nil
}

// Get reads what is under a name. What S3 hides behind a delete marker is an error that says so.
func (a *Archive) Get(ctx context.Context, name string) (content []byte, found bool, err error) {
	out, err := a.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &a.bucket, Key: &name, ChecksumMode: types.ChecksumModeEnabled})
	if absent := new(types.NoSuchKey); errors.As(err, &absent) {
		if marked(err) {
			return nil, false, a.said("getting", name, errors.New("it was deleted; remove the delete marker, and it is there again"))
		}
		return nil, false, nil
	}
	if err != nil {
		return nil, false, a.said("getting", name, err)
	}
	defer out.Body.Close() //nolint:errcheck // only read
	content, err = io.ReadAll(io.LimitReader(out.Body, maxContent+1))
	if err == nil && len(content) > maxContent {
		err = fmt.Errorf("it has over %d bytes, as no seal has", maxContent)
	}
	if err != nil {
		return nil, false, a.said("getting", name, err)
	}
	return content, true, nil
}

// marked says whether S3 answered that an object is gone because of a delete marker.
func marked(err error) bool {
	var answer *awshttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPResponse() != nil && answer.HTTPResponse().Header.Get("X-Amz-Delete-Marker") == "true"
}

// said says of an error what was done; nil stays nil.
func (a *Archive) said(doing, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s in the bucket %s: %w", doing, name, a.bucket, err)
}
