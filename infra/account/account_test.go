package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

// "go test ./... -update" gives the flag to every package of the module; there is nothing to update here.
var _ = flag.Bool("update", false, "has no effect in this package")

// credentials are what stand-ins for AWS take.
func credentials(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "", "AWS_REGION": dynamotest.Region,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
}

// outputs writes a file as make deploy does.
func outputs(t *testing.T, table, archive, organization string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dev.json")
	text, err := json.Marshal(map[string]any{
		"strongroom-dev-server": map[string]string{"Url": "https://example.com"},
		"strongroom-dev-data":   map[string]string{"TableName": table, "ArchiveName": archive, "OrganizationId": organization},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// said is what a run says, and with it its error.
func said(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	if err != nil {
		out.WriteString(err.Error())
	}
	return out.String(), err
}

// TestATableWithSecretsStays asks of a real DynamoDB API, with secrets that Strongroom put there.
func TestATableWithSecretsStays(t *testing.T) {
	credentials(t)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamotest.Endpoint(t))
	client, name := dynamotest.New(t)
	w := secretstest.New(t, dynamo.New(client, name))
	file := outputs(t, name, "archive", w.Organization.String())
	check := func(refused bool, want string, args ...string) {
		t.Helper()
		got, err := said(t, append(append([]string{"removable"}, args...), file)...)
		if (err != nil) != refused || !strings.Contains(got, want) {
			t.Errorf("%v: %s: %v", args, got, err)
		}
	}
	check(false, "holds no secret, and no thing in the trash; it may go")

	project := w.ClientProject("demo")
	first := w.ClientSecret("FIRST", "marked", project)
	w.ClientSecret("SECOND", "marked", project)
	check(true, "holds 2 secrets, and no thing in the trash. Nothing brings them back")
	check(true, "make destroy FORCE=1")
	check(false, "holds 2 secrets, and no thing in the trash; it may go", "-force")

	if _, err := w.DeleteSecrets(t.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{first.ID}}); err != nil {
		t.Fatal(err)
	}
	check(true, "holds 1 secret, and 1 thing in the trash")

	protect(t, client, name, true)
	check(true, "is protected against deletion", "-force")
	protect(t, client, name, false)

	gone, err := said(t, "removable", outputs(t, "gone", "archive", w.Organization.String()))
	if err != nil || gone != "the table gone is gone already\n" {
		t.Errorf("%s: %v", gone, err)
	}
}

func protect(t *testing.T, client *dynamodb.Client, table string, protected bool) {
	t.Helper()
	_, err := client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: &table, DeletionProtectionEnabled: aws.Bool(protected)})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCountingStopsAtEnough(t *testing.T) {
	for want, n := range map[string]int{"no secret": 0, "1 secret": 1, "999 secrets": 999, "1000 secrets or more": 1000} {
		if got := atLeast(n, "secret"); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}

func TestOutputsThatAreNone(t *testing.T) {
	credentials(t)
	for text, want := range map[string]string{
		`{`: "unexpected end of JSON", `{"a":{"Url":"u"}}`: "has no output TableName",
		`{"a":{"TableName":"t","ArchiveName":"a","OrganizationId":"1"}}`:                  "are not a deployment's",
		`{"a":{"TableName":"t","OrganizationId":"0190a1b2-0000-7000-8000-000000000001"}}`: "are not a deployment's",
	} {
		path := filepath.Join(t.TempDir(), "dev.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := said(t, "removable", path); err == nil || !strings.Contains(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
	if got, err := said(t, "removable", filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(got, "is not there, which make deploy writes") {
		t.Errorf("no file: %s", got)
	}
}

func TestUsage(t *testing.T) {
	credentials(t)
	for _, args := range [][]string{nil, {"removable"}, {"ready", "x"}, {"empty", "-force", "x"}, {"removable", "-forse", "x"}, {"other", "x"}} {
		if got, err := said(t, args...); err == nil || !strings.Contains(got, "usage: ") && !strings.Contains(got, "is not there") {
			t.Errorf("%q: %s: %v", args, got, err)
		}
	}
	t.Setenv("AWS_REGION", "")
	if got, err := said(t, "ready"); err == nil || !strings.Contains(got, "set AWS_REGION") {
		t.Errorf("no region: %s", got)
	}
}

// TestReady has stand-ins for STS and SSM answer.
func TestReady(t *testing.T) {
	credentials(t)
	for name, c := range map[string]struct {
		status  int
		answer  string
		refused bool
		want    string
	}{
		"bootstrapped":     {200, `{"Parameter":{"Value":"30"}}`, false, "deploying to the account 111122223333 in us-east-1 as arn:aws:iam::111122223333:user/d\n"},
		"not bootstrapped": {400, `{"__type":"ParameterNotFound"}`, true, "cdk bootstrap aws://111122223333/us-east-1"},
		"long ago":         {200, `{"Parameter":{"Value":"3"}}`, true, "(version 3, and 6 is needed)"},
		"not allowed":      {400, `{"__type":"AccessDeniedException","message":"no"}`, true, "asking whether the account 111122223333 is prepared"},
	} {
		t.Run(name, func(t *testing.T) {
			stand(t, "SSM", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.answer)
			})
			stand(t, "STS", func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/d</Arn>"+
					"<Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")
			})
			got, err := said(t, "ready")
			if (err != nil) != c.refused || !strings.Contains(got, c.want) {
				t.Errorf("%s: %v", got, err)
			}
		})
	}
}

// stand has a handler stand in for a service.
func stand(t *testing.T, service string, h http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_"+service, server.URL)
}

// TestTheArchiveIsEmptied has a stand-in for S3 with two pages of versions.
func TestTheArchiveIsEmptied(t *testing.T) {
	credentials(t)
	var deleted []string
	locked := ""
	stand(t, "S3", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			var asked struct {
				Object []struct{ Key, VersionId string } //nolint:revive // S3's own name
			}
			if err := xml.NewDecoder(r.Body).Decode(&asked); err != nil || r.Header.Get("X-Amz-Bypass-Governance-Retention") != "true" {
				t.Errorf("%v, or without bypassing", err)
			}
			fmt.Fprint(w, "<DeleteResult>")
			for _, o := range asked.Object {
				if o.Key == locked {
					fmt.Fprintf(w, "<Error><Key>%s</Key><Code>AccessDenied</Code><Message>locked</Message></Error>", o.Key)
					continue
				}
				deleted = append(deleted, o.Key+" "+o.VersionId)
			}
			fmt.Fprint(w, "</DeleteResult>")
			return
		}
		if r.URL.Query().Get("key-marker") == "" {
			fmt.Fprint(w, "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>"+
				"<Version><Key>a</Key><VersionId>1</VersionId></Version></ListVersionsResult>")
			return
		}
		fmt.Fprint(w, "<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>b</Key><VersionId>2</VersionId></Version>"+
			"<DeleteMarker><Key>b</Key><VersionId>3</VersionId></DeleteMarker></ListVersionsResult>")
	})
	file := outputs(t, "table", "archive", "0190a1b2-0000-7000-8000-000000000001")
	got, err := said(t, "empty", file)
	if err != nil || got != "the archive archive is empty; 3 versions were removed\n" {
		t.Errorf("%s: %v", got, err)
	}
	slices.Sort(deleted)
	if diff := cmp.Diff([]string{"a 1", "b 2", "b 3"}, deleted); diff != "" {
		t.Error(diff)
	}
	locked = "a"
	if got, err := said(t, "empty", file); err == nil || !strings.Contains(got, "1 objects stay, the first a (AccessDenied: locked)") {
		t.Errorf("locked: %s: %v", got, err)
	}
}

func TestAnArchiveThatIsGone(t *testing.T) {
	credentials(t)
	stand(t, "S3", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<Error><Code>NoSuchBucket</Code></Error>")
	})
	if got, err := said(t, "empty", outputs(t, "table", "archive", "0190a1b2-0000-7000-8000-000000000001")); err != nil || got != "the archive archive is gone already\n" {
		t.Errorf("%s: %v", got, err)
	}
}
