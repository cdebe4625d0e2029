package awsbus_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/awsbus"
	"strongroom/pkg/secrets"
)

// An entry is what of a request's entries is compared.
type entry struct {
	EventBusName, Source, DetailType, Detail string
	Resources                                []string
	Time                                     float64
}

// serve stands in for EventBridge: it notes the entries of each request and answers as answer says.
func serve(t *testing.T, requests *[][]entry, answer func(i int) string) secrets.Bus {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if target := r.Header.Get("X-Amz-Target"); target != "AWSEvents.PutEvents" {
			t.Errorf("asked for %s", target)
		}
		var in struct{ Entries []entry }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		*requests = append(*requests, in.Entries)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = fmt.Fprint(w, answer(len(*requests)))
	}))
	t.Cleanup(server.Close)
	return awsbus.Open("us-east-1", server.URL, credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""), "strongroom")
}

func notices(n int) []secrets.Notice {
	list := make([]secrets.Notice, n)
	for i := range list {
		list[i] = secrets.Notice{Kind: "Secret Created", At: time.Unix(int64(1795467600+i), 0), Detail: secrets.Detail{
			EventID: uuid.UUID{1, byte(i)}, OrganizationID: uuid.UUID{2}, Action: "create-secret", ResourceKind: "secret",
			ResourceID: uuid.UUID{3, byte(i)}, Version: 1, ActorKind: "system",
		}}
	}
	return list
}

func TestNoticesGoInTensAndInOrder(t *testing.T) {
	var got [][]entry
	bus := serve(t, &got, func(int) string { return `{"FailedEntryCount":0,"Entries":[]}` })
	if err := bus.Publish(t.Context(), notices(23)); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || len(got[0]) != 10 || len(got[2]) != 3 {
		t.Fatalf("%d requests", len(got))
	}
	want := entry{
		EventBusName: "strongroom", Source: "strongroom", DetailType: "Secret Created", Time: 1795467622,
		Resources: []string{"urn:strongroom:secret:03160000-0000-0000-0000-000000000000"},
		Detail: `{"eventId":"01160000-0000-0000-0000-000000000000","organizationId":"02000000-0000-0000-0000-000000000000",` +
			`"action":"create-secret","resourceKind":"secret","resourceId":"03160000-0000-0000-0000-000000000000","version":1,"actorKind":"system"}`,
	}
	if diff := cmp.Diff(want, got[2][2]); diff != "" {
		t.Error(diff)
	}
}

func TestEntriesThatAreNotTakenAreAnError(t *testing.T) {
	var got [][]entry
	bus := serve(t, &got, func(i int) string {
		if i == 2 {
			return `{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"}]}`
		}
		return `{"FailedEntryCount":0,"Entries":[]}`
	})
	err := bus.Publish(t.Context(), notices(12))
	if err == nil || !strings.Contains(err.Error(), "ThrottlingException") {
		t.Errorf("got %v", err)
	}
}
