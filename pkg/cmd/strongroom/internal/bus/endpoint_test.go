package bus

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/sigv4"
)

// busTime is when events are put that say no time.
var busTime = time.Date(2031, 1, 2, 3, 4, 5, 600, time.UTC)

// newEndpoint is an endpoint whose bus hands all it takes to put, and AWS's own client of it for who signs with that key.
func newEndpoint(t *testing.T, put func(Event) error) func(key string) *eventbridge.Client {
	t.Helper()
	server := httptest.NewServer(NewEndpoint(EndpointConfig{
		Put: put, Buses: []string{"default", "strongroom"}, Account: "000000000000", Region: "us-east-1",
		Now: func() time.Time { return busTime },
		Callers: func(id string) (Caller, bool) {
			return Caller{Key: sigv4.Key{ID: id, Secret: "secret"}, ARN: "arn:" + id, MayPut: id == "OWNER"}, id != "UNKNOWN"
		},
	}))
	t.Cleanup(server.Close)
	return func(key string) *eventbridge.Client {
		return eventbridge.New(eventbridge.Options{
			Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: key, SecretAccessKey: "secret"}, nil
			}),
		})
	}
}

func someEntry(change func(*types.PutEventsRequestEntry)) types.PutEventsRequestEntry {
	e := types.PutEventsRequestEntry{Source: aws.String("strongroom.leak"), DetailType: aws.String("Found"), Detail: aws.String(`{"a":"b"}`)}
	change(&e)
	return e
}

func TestEventsArePutByAWSsOwnClient(t *testing.T) {
	var got []Event
	client := newEndpoint(t, func(e Event) error { got = append(got, e); return nil })("OWNER")
	out, err := client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		someEntry(func(*types.PutEventsRequestEntry) {}),
		someEntry(func(e *types.PutEventsRequestEntry) {
			e.EventBusName, e.Resources, e.Time = aws.String("strongroom"), []string{"r"}, aws.Time(time.Unix(1795467600, 5e8))
			e.Source = aws.String("aws.health")
		}),
	}})
	if err != nil || out.FailedEntryCount != 0 || len(out.Entries) != 2 {
		t.Fatalf("%+v, %v", out, err)
	}
	want := []Event{{
		Version: "0", Source: "strongroom.leak", DetailType: "Found", Detail: json.RawMessage(`{"a":"b"}`), AccountID: "000000000000",
		Region: "us-east-1", Time: busTime.Truncate(time.Second), Resources: []string{}, ID: *out.Entries[0].EventId,
	}, {
		Version: "0", Source: "aws.health", DetailType: "Found", Detail: json.RawMessage(`{"a":"b"}`), AccountID: "000000000000",
		Region: "us-east-1", Time: time.Unix(1795467600, 0).UTC(), Resources: []string{"r"}, ID: *out.Entries[1].EventId,
	}}
	if diff := cmp.Diff(want, got); diff != "" || want[0].ID == "" || want[0].ID == want[1].ID {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEntriesAreRefusedOneByOne and the others are put.
func TestEntriesAreRefusedOneByOne(t *testing.T) {
	put := 0
	client := newEndpoint(t, func(Event) error { put++; return nil })("OWNER")
	cases := []struct {
		change func(*types.PutEventsRequestEntry)
		code   string
	}{
		{func(*types.PutEventsRequestEntry) {}, ""},
		{func(e *types.PutEventsRequestEntry) { e.Source = nil }, "InvalidArgument"},
		{func(e *types.PutEventsRequestEntry) { e.DetailType = nil }, "InvalidArgument"},
		{func(e *types.PutEventsRequestEntry) { e.Detail = nil }, "InvalidArgument"},
		{func(e *types.PutEventsRequestEntry) { e.EventBusName = aws.String("other") }, "InvalidArgument"},
		{func(e *types.PutEventsRequestEntry) { e.Time = aws.Time(time.Unix(-1, 0)) }, "InvalidArgument"},
		{func(e *types.PutEventsRequestEntry) { e.Resources = []string{strings.Repeat("x", maxEntry)} }, "InvalidArgument"},
		{func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`"text"`) }, "MalformedDetail"},
		{func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`{"a":1,"a":2}`) }, "MalformedDetail"},
		{func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`null`) }, "MalformedDetail"},
	}
	entries := make([]types.PutEventsRequestEntry, len(cases))
	for i, c := range cases {
		entries[i] = someEntry(c.change)
	}
	out, err := client.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
	if err != nil || int(out.FailedEntryCount) != len(cases)-1 || put != 1 {
		t.Fatalf("%d failed and %d were put, %v", out.FailedEntryCount, put, err)
	}
	for i, c := range cases {
		if code := aws.ToString(out.Entries[i].ErrorCode); code != c.code || (code == "") != (out.Entries[i].EventId != nil) {
			t.Errorf("entry %d: %q, want %q", i, code, c.code)
		}
	}
}

func TestRequestsToTheBusThatAreRefused(t *testing.T) {
	clients := newEndpoint(t, func(e Event) error {
		if e.Source == "broken" {
			return errTest
		}
		return nil
	})
	good := someEntry(func(*types.PutEventsRequestEntry) {})
	broken := someEntry(func(e *types.PutEventsRequestEntry) { e.Source = aws.String("broken") })
	for name, c := range map[string]struct {
		key     string
		entries []types.PutEventsRequestEntry
		want    string
	}{
		"by who is known and may not": {"OTHER", []types.PutEventsRequestEntry{good}, "AccessDeniedException"},
		"by nobody who is known":      {"UNKNOWN", []types.PutEventsRequestEntry{good}, "UnrecognizedClientException"},
		"of no entry":                 {"OWNER", []types.PutEventsRequestEntry{}, "ValidationException"},
		"of eleven":                   {"OWNER", slices.Repeat([]types.PutEventsRequestEntry{good}, 11), "ValidationException"},
		"that the bus fails with":     {"OWNER", []types.PutEventsRequestEntry{broken}, "InternalException"},
	} {
		_, err := clients(c.key).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: c.entries})
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != c.want {
			t.Errorf("a request %s: %v, want %s", name, err, c.want)
		}
	}
	_, err := clients("OWNER").DescribeEventBus(t.Context(), &eventbridge.DescribeEventBusInput{})
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "UnknownOperationException" {
		t.Errorf("another operation: %v", err)
	}
}

// TestRulesTakeTheirEvents to their queues, by source, type and members of the detail.
func TestRulesTakeTheirEvents(t *testing.T) {
	queue := func() *Queue {
		q, err := NewQueue(QueueConfig{})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	due, leaks := queue(), queue()
	b := New(
		Rule{Queue: due, Wants: func(source, kind string, field func(string) string) bool {
			return source == "strongroom" && kind == "Rotation Due" && field("rotator") == "random"
		}},
		Rule{Queue: leaks, Wants: func(source, _ string, field func(string) string) bool {
			return source == "strongroom.leak" && field("number")+field("none") == ""
		}},
	)
	for _, e := range []Event{
		{Source: "strongroom", DetailType: "Rotation Due", Detail: json.RawMessage(`{"rotator":"random"}`)},
		{Source: "strongroom", DetailType: "Rotation Due", Detail: json.RawMessage(`{"rotator":"mysql"}`)},
		{Source: "strongroom", DetailType: "Rotation Due", Detail: json.RawMessage(`[]`)},
		{Source: "strongroom.leak", DetailType: "x", Detail: json.RawMessage(`{"number":1}`)},
	} {
		if err := b.Put(e); err != nil {
			t.Fatal(err)
		}
	}
	if len(due.ready) != 1 || len(leaks.ready) != 1 {
		t.Fatalf("%d and %d messages", len(due.ready), len(leaks.ready))
	}
	var got Event
	if err := json.Unmarshal(due.ready[0].body, &got); err != nil || got.DetailType != "Rotation Due" || string(got.Detail) != `{"rotator":"random"}` {
		t.Errorf("%s, %v", due.ready[0].body, err)
	}
	if err := b.Put(Event{Detail: json.RawMessage(`{`)}); err == nil {
		t.Error("a detail that is no JSON is put")
	}
}
