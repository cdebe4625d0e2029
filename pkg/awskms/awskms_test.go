package awskms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/envelope"
)

const testKey = "arn:aws:kms:us-east-1:000000000000:key/01936a1e-0000-4000-8000-00000000000a"

var testContext = map[string]string{"organization": "o", "generation": "1", "purpose": "data-key"}

// A request is what KMS was sent.
type request struct {
	Target string
	Body   map[string]any
}

// fakeKMS answers in KMS's JSON protocol, and remembers what it was asked.
type fakeKMS struct {
	mu       sync.Mutex
	requests []request
	signed   bool
	// answer writes the answer to the n-th request, counted from 1.
	answer func(w http.ResponseWriter, n int)
}

func (f *fakeKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	content, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(content, &body)
	f.mu.Lock()
	f.requests = append(f.requests, request{Target: r.Header.Get("X-Amz-Target"), Body: body})
	f.signed = strings.Contains(r.Header.Get("Authorization"), "/us-east-1/kms/aws4_request")
	n := len(f.requests)
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	f.answer(w, n)
}

// failing answers with an error of that code.
func failing(status int, code string) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, _ int) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type": %q, "message": "what went wrong"}`, code)
	}
}

func answering(body string) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, _ int) { _, _ = io.WriteString(w, body) }
}

func newService(t *testing.T, f *fakeKMS) *Service {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return New(NewClient(Options{Region: "us-east-1", Credentials: testCredentials, Endpoint: server.URL}), testKey)
}

var testCredentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}, nil
})

func TestGenerateDataKey(t *testing.T) {
	f := &fakeKMS{answer: answering(`{"Plaintext": "cGxhaW4=", "CiphertextBlob": "d3JhcHBlZA==", "KeyId": "` + testKey + `"}`)}
	got, err := newService(t, f).GenerateDataKey(t.Context(), testContext)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Plaintext) != "plain" || string(got.Wrapped) != "wrapped" {
		t.Errorf("got %q and %q", got.Plaintext, got.Wrapped)
	}
	want := []request{{Target: "TrentService.GenerateDataKey", Body: map[string]any{
		"KeyId": testKey, "KeySpec": "AES_256",
		"EncryptionContext": map[string]any{"organization": "o", "generation": "1", "purpose": "data-key"},
	}}}
	if diff := cmp.Diff(want, f.requests); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if !f.signed {
		t.Error("the request was not signed for kms")
	}
}

func TestDecrypt(t *testing.T) {
	f := &fakeKMS{answer: answering(`{"Plaintext": "cGxhaW4=", "KeyId": "` + testKey + `"}`)}
	got, err := newService(t, f).Decrypt(t.Context(), []byte("wrapped"), testContext)
	if err != nil || string(got) != "plain" {
		t.Fatalf("got %q, %v", got, err)
	}
	want := []request{{Target: "TrentService.Decrypt", Body: map[string]any{
		"KeyId": testKey, "CiphertextBlob": "d3JhcHBlZA==",
		"EncryptionContext": map[string]any{"organization": "o", "generation": "1", "purpose": "data-key"},
	}}}
	if diff := cmp.Diff(want, f.requests); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		status   int
		code     string
		want     error
		attempts int
	}{
		{400, "ThrottlingException", envelope.ErrUnavailable, 3},
		{400, "LimitExceededException", envelope.ErrUnavailable, 3},
		{500, "DependencyTimeoutException", envelope.ErrUnavailable, 3},
		{500, "KMSInternalException", envelope.ErrUnavailable, 3},
		{500, "KeyUnavailableException", envelope.ErrUnavailable, 3},
		{503, "ServiceUnavailableException", envelope.ErrUnavailable, 3},
		{500, "SomethingNew", envelope.ErrUnavailable, 3},
		{400, "DisabledException", envelope.ErrKeyUnusable, 1},
		{400, "KMSInvalidStateException", envelope.ErrKeyUnusable, 1},
		{400, "NotFoundException", envelope.ErrKeyUnusable, 1},
		{400, "InvalidKeyUsageException", envelope.ErrKeyUnusable, 1},
		{400, "AccessDeniedException", envelope.ErrKeyUnusable, 1},
		{400, "UnrecognizedClientException", envelope.ErrKeyUnusable, 1},
		{400, "InvalidCiphertextException", envelope.ErrWrapped, 1},
		{400, "IncorrectKeyException", envelope.ErrWrapped, 1},
		{400, "ValidationException", nil, 1},
	} {
		t.Run(test.code, func(t *testing.T) {
			t.Parallel() // retries wait
			f := &fakeKMS{answer: failing(test.status, test.code)}
			s := newService(t, f)
			_, err := s.Decrypt(t.Context(), []byte("wrapped"), testContext)
			if got := kindOf(err); !errors.Is(got, test.want) || err == nil {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if len(f.requests) != test.attempts {
				t.Errorf("asked %d times, want %d", len(f.requests), test.attempts)
			}
			f.requests = nil
			_, err = s.GenerateDataKey(t.Context(), testContext)
			if got := kindOf(err); !errors.Is(got, test.want) || err == nil {
				t.Errorf("GenerateDataKey: got %v, want %v", err, test.want)
			}
		})
	}
}

// kindOf answers which of envelope's errors err is, nil for none, and an error for several.
func kindOf(err error) error {
	var kind error
	for _, k := range []error{envelope.ErrUnavailable, envelope.ErrKeyUnusable, envelope.ErrWrapped} {
		if errors.Is(err, k) {
			kind = errors.Join(kind, k)
		}
	}
	return kind
}

func TestOneFailureIsRetried(t *testing.T) {
	f := &fakeKMS{answer: func(w http.ResponseWriter, n int) {
		if n == 1 {
			failing(500, "KMSInternalException")(w, n)
			return
		}
		answering(`{"Plaintext": "cGxhaW4="}`)(w, n)
	}}
	start := time.Now()
	if _, err := newService(t, f).Decrypt(t.Context(), []byte("wrapped"), nil); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("one retry took %v", took)
	}
}

func TestNobodyThereIsUnavailable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	s := New(NewClient(Options{Region: "us-east-1", Credentials: testCredentials, Endpoint: "http://" + address}), testKey)
	if _, err := s.Decrypt(t.Context(), []byte("wrapped"), nil); !errors.Is(err, envelope.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestTheCallersEndIsNotKMSs(t *testing.T) {
	release := make(chan struct{})
	f := &fakeKMS{answer: func(http.ResponseWriter, int) { <-release }}
	s := newService(t, f)
	t.Cleanup(func() { close(release) }) // before the server closes, which waits for its handlers
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Decrypt(ctx, []byte("wrapped"), nil)
	if !errors.Is(err, context.DeadlineExceeded) || kindOf(err) != nil {
		t.Errorf("got %v, want the context's error alone", err)
	}
}
