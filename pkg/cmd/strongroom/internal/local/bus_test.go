package local

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"

	"strongroom/pkg/awsbus"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/secrets"
)

// asked is what a worker was asked for.
type asked struct {
	kind             rotation.Kind
	secret, rotation uuid.UUID
}

// busOf is AWS's own client of the server's EventBridge, as a profile.
func busOf(t *testing.T, s *Server, profile string) *eventbridge.Client {
	t.Helper()
	c, err := Credentials(s.config.Data, profile)
	if err != nil {
		t.Fatal(err)
	}
	return eventbridge.New(eventbridge.Options{
		Region: Region, BaseEndpoint: aws.String(s.KMSURL()), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil }),
	})
}

func dueEntry(kind string, secret, id uuid.UUID) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{
		Source: aws.String(operation.BusSource), DetailType: aws.String(rotation.NoticeDue),
		Detail: aws.String(`{"resourceId":"` + secret.String() + `","rotationId":"` + id.String() + `","rotator":"` + kind + `"}`),
	}
}

func get(t *testing.T, c <-chan asked) asked {
	t.Helper()
	select {
	case a := <-c:
		return a
	case <-time.After(time.Minute):
		t.Fatal("no worker was asked for")
		return asked{}
	}
}

// TestWhatIsPublishedAsksForWorkers: what use cases publish, and what the owner puts with AWS's own client; whoever else puts
// events is refused, and a message that names nothing asks for nobody.
func TestWhatIsPublishedAsksForWorkers(t *testing.T) {
	workers := make(chan asked, 10)
	s, stop := serveWith(t, Config{Data: t.TempDir(), Rotate: func(_ context.Context, kind rotation.Kind, secret, id uuid.UUID) error {
		workers <- asked{kind, secret, id}
		return nil
	}})
	defer stop()
	secret, id := uuid.New(), uuid.New()
	notice := secrets.Notice{Kind: rotation.NoticeDue, At: time.Now(), Detail: secrets.Detail{ResourceKind: "secret", ResourceID: secret, RotationID: &id, Rotator: "mysql"}}
	if err := (publisher{s}).Publish(t.Context(), []secrets.Notice{{Kind: "Secret Created"}, notice}); err != nil {
		t.Fatal(err)
	}
	if got, want := get(t, workers), (asked{rotation.MySQL, secret, id}); got != want {
		t.Errorf("asked for %v, want %v", got, want)
	}
	entries := []types.PutEventsRequestEntry{dueEntry("none", secret, id), dueEntry("random", uuid.Nil, id), dueEntry("random", id, secret)}
	out, err := busOf(t, s, Owner).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
	if err != nil || out.FailedEntryCount != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	if got, want := get(t, workers), (asked{rotation.Random, id, secret}); got != want {
		t.Errorf("asked for %v, want %v", got, want)
	}
	for _, profile := range []string{Developer, CI, Stranger} {
		_, err := busOf(t, s, profile).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries[2:]})
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" {
			t.Errorf("%s puts events: %v", profile, err)
		}
	}
	if len(workers) > 0 {
		t.Errorf("asked for %v as well", <-workers)
	}
}

func TestMessagesComeTwiceOnPurpose(t *testing.T) {
	var mutex sync.Mutex
	came := 0
	done := make(chan struct{})
	s, stop := serveWith(t, Config{Data: t.TempDir(), Redeliver: 1, Rotate: func(context.Context, rotation.Kind, uuid.UUID, uuid.UUID) error {
		mutex.Lock()
		defer mutex.Unlock()
		if came++; came == 2 {
			close(done)
		}
		return nil
	}})
	defer stop()
	_, err := busOf(t, s, Owner).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{dueEntry("http", uuid.New(), uuid.New())}})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("the message came once")
	}
}

// TestNoticesAreLogged, those so that they are seen that somebody should look at.
func TestNoticesAreLogged(t *testing.T) {
	s := open(t, t.TempDir())
	var log bytes.Buffer
	s.config.Log = slog.New(slog.NewTextHandler(&log, nil))
	if err := (publisher{s}).Publish(t.Context(), []secrets.Notice{{Kind: "Secret Created"}, {Kind: "Principal Disabled"}, {Kind: "Rotation Failed"}}); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "Principal Disabled") || !strings.Contains(got, "Rotation Failed") {
		t.Errorf("logged:\n%s", got)
	}
}

func TestTheSourceIsThatOfTheBusInAWS(t *testing.T) {
	if operation.BusSource != awsbus.Source {
		t.Errorf("the source is %q, and in AWS %q", operation.BusSource, awsbus.Source)
	}
}

// TestEventsForFunctionsOutliveTheProcess: one that is in the folder is dealt with at the next start.
func TestEventsForFunctionsOutliveTheProcess(t *testing.T) {
	data := t.TempDir()
	_, stop := serveWith(t, Config{Data: data})
	stop()
	folder := filepath.Join(data, busFolder, string(operation.RotateOnEvent))
	leak := `{"version":"0","id":"1","detail-type":"Leak","source":"strongroom.leak","account":"` + Account + `","time":"2026-11-26T12:00:00Z",` +
		`"region":"us-east-1","resources":[],"detail":{"secretId":"` + uuid.NewString() + `"}}`
	if err := os.WriteFile(filepath.Join(folder, uuid.NewString()+".json"), []byte(leak), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stop = serveWith(t, Config{Data: data})
	defer stop()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		left, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		if time.Since(start) > time.Minute {
			t.Fatal("the event is still there")
		}
	}
}
