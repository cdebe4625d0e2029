package localkms

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
)

const (
	adminRole = "arn:aws:iam::000000000000:role/Administrator"
	annUser   = "arn:aws:iam::000000000000:user/team/ann"
	ciRole    = "arn:aws:iam::000000000000:role/jobs/ci"
	serverARN = "arn:aws:iam::000000000000:role/strongroom/server/get-secret"
)

// Those who may sign in the tests.
var (
	admin = Caller{AccessKeyID: "ASIAADMIN", SecretAccessKey: "s-admin", SessionToken: "t-admin",
		ARN: "arn:aws:sts::000000000000:assumed-role/Administrator/owner"}
	ann = Caller{AccessKeyID: "AKIAANN", SecretAccessKey: "s-ann", ARN: annUser}
	ci  = Caller{AccessKeyID: "ASIACI", SecretAccessKey: "s-ci", SessionToken: "t-ci",
		ARN: "arn:aws:sts::000000000000:assumed-role/ci/run-1", Role: ciRole}
	server = Caller{AccessKeyID: "ASIASERVER", SecretAccessKey: "s-server", SessionToken: "t-server",
		ARN: "arn:aws:sts::000000000000:assumed-role/get-secret/get-secret", Role: serverARN}
	stranger = Caller{AccessKeyID: "AKIASTRANGER", SecretAccessKey: "s-stranger", ARN: "arn:aws:iam::000000000000:user/stranger"}
)

var callers = []Caller{admin, ann, ci, server, stranger}

// A rig is an endpoint that is served.
type rig struct {
	*Endpoint
	folder, url string
	log         *lockedBuffer
	clientKey   string
}

type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}

func newRig(t testing.TB) *rig { return rigOver(t, t.TempDir()) }

// rigOver serves an endpoint over a folder that may have a state already.
func rigOver(t testing.TB, folder string) *rig {
	t.Helper()
	keys, err := Open(filepath.Join(folder, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := OpenSigner(filepath.Join(folder, "signing.json"))
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	e, err := NewEndpoint(EndpointConfig{
		Keys: keys, Signing: signer, State: filepath.Join(folder, "kms.json"), Administrator: adminRole, Log: slog.New(slog.NewTextHandler(log, nil)),
		Callers: func(id string) (Caller, bool) {
			for _, c := range callers {
				if c.AccessKeyID == id {
					return c, true
				}
			}
			return Caller{}, false
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return &rig{e, folder, s.URL, log, keys.Key(Client).ARN()}
}

// as is AWS's own client, unmodified, with the caller's credentials.
func (r *rig) as(c Caller) *kms.Client {
	return kms.New(kms.Options{
		Region: Region, BaseEndpoint: aws.String(r.url), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
		}),
	})
}

// code is the name of the error that KMS answered; empty for none.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var answered smithy.APIError
	if !errors.As(err, &answered) {
		t.Fatalf("not an answer of KMS: %v", err)
	}
	return answered.ErrorCode()
}

func want(t testing.TB, what string, err error, wanted string) {
	t.Helper()
	if got := code(t, err); got != wanted {
		t.Errorf("%s: %q (%v), want %q", what, got, err, wanted)
	}
}
