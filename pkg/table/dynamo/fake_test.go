package dynamo_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
)

// A fake answers requests as the test says, for what a real server can't be made to do.
type fake struct {
	mu       sync.Mutex
	requests []request
}

// A request is what a client sent.
type request struct {
	operation string
	body      map[string]any
}

// An answer is what a fake does with the n-th request, from 0: a status and a body, or a connection broken off (0).
type answer func(n int, r request) (status int, body any)

// newFake starts a fake and gives the adapter on it.
func newFake(t *testing.T, answer answer) (*dynamo.Table, *fake) {
	t.Helper()
	f := &fake{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, request := f.record(t, r)
		status, body := answer(n, request)
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return dynamo.New(dynamo.NewClient(dynamotest.Region, server.URL, dynamotest.Credentials()), "t"), f
}

func (f *fake) record(t *testing.T, r *http.Request) (n int, got request) {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	_, got.operation, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if err := json.Unmarshal(b, &got.body); err != nil {
		t.Error(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, got)
	return len(f.requests) - 1, got
}

// operations are what was asked for, in order.
func (f *fake) operations() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := []string{}
	for _, r := range f.requests {
		names = append(names, r.operation)
	}
	return names
}

// failure is the body of an error.
func failure(code string) map[string]any {
	return map[string]any{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": "as the test wants"}
}

// cancelled is the body of a cancelled transaction.
func cancelled(codes ...string) map[string]any {
	var reasons []map[string]any
	for _, code := range codes {
		reasons = append(reasons, map[string]any{"Code": code})
	}
	body := failure("TransactionCanceledException")
	body["CancellationReasons"] = reasons
	return body
}
