//go:build localstack

package localstack_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/awsarchive"
	"strongroom/pkg/awskms"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table/dynamo"
)

// age is how long ago the organization of the past was made.
const age = 3 * time.Hour

// newPast deploys the functions over a table of its own, in which an organization was made hours ago and its owner did a few
// things then: the binaries know no clock but the machine's, and nothing that happens now can be sealed now.
func newPast(t *testing.T) *deployment {
	t.Helper()
	r := stack.resources
	r.table, r.organization = "strongroom-test-past", uuid.New()
	if _, err := stack.dynamodb().CreateTable(t.Context(), dynamo.Schema(r.table)); err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(-age)
	service := secrets.New(secrets.Config{
		Table: dynamo.New(stack.dynamodb(), r.table), Organization: r.organization, Account: account, ClientKeyARN: r.clientKey,
		Keys: awskms.Open(region, stack.emulator.url, awsCredentials(), r.storageKey),
		Now:  func() time.Time { return now },
	})
	if _, err := service.CreateOrganization(t.Context(), api.CreateOrganization{Name: "past", OwnerName: local.Owner, OwnerARN: ownerRole}); err != nil {
		t.Fatal(err)
	}
	arn := callers[local.Owner]
	who, err := identity.FromAuthorizer(identity.Authorizer{AccountID: account, UserARN: arn, UserID: "AROAEXAMPLEEXAMPLE123:owner"}, account)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"FIRST", "SECOND"} {
		value := "value"
		made, _, err := service.CreateSecret(t.Context(), secrets.Caller{Caller: who}, r.organization, api.CreateSecret{Name: name, Value: &value})
		if err == nil {
			_, err = service.GetSecret(t.Context(), secrets.Caller{Caller: who}, made.ID, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	d, err := deploy(stack.emulator, r, stack.binaries, filepath.Join(t.TempDir(), "past"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

func bucket() *s3.Client {
	return s3.New(s3.Options{Region: region, BaseEndpoint: &stack.emulator.url, Credentials: awsCredentials(), UsePathStyle: true})
}

// TestHoursAreSealedAndVerified: the function seals what is over, S3 has the seals under Object Lock, and an export is verified
// without a connection, with KMS's public key. What somebody changes in the table afterwards is found, and so is a seal that they
// take out.
func TestHoursAreSealedAndVerified(t *testing.T) {
	d := newPast(t)
	var report secrets.SealReport
	d.tick(t, operation.SealEvents, &report)
	want := hoursToSeal(time.Now())
	if report.Sealed != len(want) || report.Unfinished || report.Events < 4 || report.Through != want[len(want)-1] {
		t.Fatalf("%+v, want %v sealed", report, want)
	}
	for _, hour := range want {
		head, err := bucket().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &d.archive, Key: aws.String("seal-" + string(hour) + ".json")})
		if err != nil || head.ObjectLockMode == "" || head.ObjectLockRetainUntilDate == nil || !head.ObjectLockRetainUntilDate.After(time.Now()) {
			t.Errorf("the seal of %s in the archive is not locked (%v)", hour, err)
		}
	}
	if d.tick(t, operation.SealEvents, &report); report.Sealed != 0 {
		t.Errorf("again: %+v", report)
	}
	key := publicKey(t, d)
	if a := verify(t, d, key); a.status != 0 {
		t.Fatalf("status %d: %s%s", a.status, a.out, a.said)
	}

	remove(t, d, "SEAL", string(want[len(want)-1]))
	if d.tick(t, operation.SealEvents, &report); report.Restored != 1 { // the archive gives it back
		t.Errorf("without the newest seal: %+v", report)
	}
	if a := verify(t, d, key); a.status != 0 {
		t.Errorf("with the archive's seal: status %d: %s%s", a.status, a.out, a.said)
	}
	removeAnEvent(t, d, want[0])
	if a := verify(t, d, key); a.status != 4 || !strings.Contains(a.out+a.said, "removed") {
		t.Errorf("status %d: %s%s", a.status, a.out, a.said)
	}
}

// hoursToSeal are those since the organization of the past was made that are over for ten minutes.
func hoursToSeal(now time.Time) (all []audit.Hour) {
	for hour := audit.HourOf(now.Add(-age)); !hour.Next().Start().Add(audit.SealAfter).After(now); hour = hour.Next() {
		all = append(all, hour)
	}
	return all
}

// publicKey writes the key that seals are signed with into a file, as `aws kms get-public-key` does.
func publicKey(t *testing.T, d *deployment) string {
	t.Helper()
	client := kms.New(kms.Options{Region: region, BaseEndpoint: &stack.emulator.url, Credentials: awsCredentials()})
	got, err := client.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: &d.signingKey})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(got.PublicKey)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// verify exports all events as the owner, and verifies the file.
func verify(t *testing.T, d *deployment, key string) said {
	t.Helper()
	file := filepath.Join(t.TempDir(), "events.jsonl")
	d.must(t, local.Owner, "", "events", "export", "--file", file)
	return d.cli(t.Context(), local.Stranger, "", "events", "verify", file, "--key", key)
}

func remove(t *testing.T, d *deployment, pk, sk string) {
	t.Helper()
	out, err := d.dynamodb().DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: &d.table, ReturnValues: types.ReturnValueAllOld,
		Key: map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: pk}, "SK": &types.AttributeValueMemberS{Value: sk}},
	})
	if err != nil || out.Attributes == nil {
		t.Fatalf("%s / %s: %v, %v", pk, sk, out, err)
	}
}

// removeAnEvent removes the first event of an hour.
func removeAnEvent(t *testing.T, d *deployment, hour audit.Hour) {
	t.Helper()
	for shard := range 8 {
		pk := fmt.Sprintf("EVENT#%s#%d", hour, shard)
		out, err := d.dynamodb().Query(t.Context(), &dynamodb.QueryInput{
			TableName: &d.table, Limit: aws.Int32(1), KeyConditionExpression: aws.String("PK = :pk"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: pk}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Items) > 0 {
			sk, _ := out.Items[0]["SK"].(*types.AttributeValueMemberS)
			remove(t, d, pk, sk.Value)
			return
		}
	}
	t.Fatalf("there is no event in %s", hour)
}

// TestTheArchiveInS3 holds the bucket to what every archive must do, and to what S3 alone has: delete markers, and Object Lock.
func TestTheArchiveInS3(t *testing.T) {
	a := awsarchive.Open(region, stack.emulator.url, awsCredentials(), stack.archive)
	secretstest.TestArchive(t, a, "conformance/")
	ctx, name := context.Background(), "conformance/marked"
	if err := a.Put(ctx, name, []byte("content")); err != nil {
		t.Fatal(err)
	}
	versions, err := bucket().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &stack.archive, Prefix: &name})
	if err != nil || len(versions.Versions) != 1 {
		t.Fatalf("%+v, %v", versions, err)
	}
	if _, err := bucket().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &stack.archive, Key: &name, VersionId: versions.Versions[0].VersionId}); err == nil {
		t.Error("a locked version was deleted")
	}
	if _, err := bucket().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &stack.archive, Key: &name}); err != nil {
		t.Fatal(err)
	}
	if _, found, err := a.Get(ctx, name); found || err == nil || !strings.Contains(err.Error(), "delete marker") {
		t.Errorf("behind a delete marker: %t, %v", found, err)
	}
	none := awsarchive.Open(region, stack.emulator.url, awsCredentials(), "there-is-no-such-bucket")
	if _, found, err := none.Get(ctx, name); found || err == nil || errors.Is(err, secrets.ErrArchived) {
		t.Errorf("in no bucket: %t, %v", found, err)
	}
}
