// Package localtest starts a whole Strongroom for a test: the gateway, the functions and the table in the test's process,
// on a free port, over a folder that goes with the test.
package localtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// Service is what requests are signed for.
const Service = "execute-api"

// A Server is a Strongroom that runs until the test ends.
type Server struct {
	// URL is where it answers, without a slash at the end.
	URL string
	// KMSURL is where its KMS answers; empty for At.
	KMSURL string
	// Data is its folder.
	Data string
	t    testing.TB
	log  *syncBuffer
}

// A syncBuffer may be written and read at the same time.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// Logged is what the server has logged until now, JSON lines.
func (s *Server) Logged() string {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.buffer.String()
}

// Start runs a server with its demo: the profiles of package local, the organization and the projects demo, payroll and plain.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartOver(t, t.TempDir())
}

// StartOver is Start over a folder that may hold data already. The server is stopped when the test ends.
func StartOver(t testing.TB, data string) *Server {
	t.Helper()
	return StartWith(t, local.Config{Data: data})
}

// StartWith is Start with a clock, or changes that come twice, as the test wants it; where the server listens and what it
// does with its log is given.
func StartWith(t testing.TB, c local.Config) *Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := &syncBuffer{}
	c.Addr, c.KMSAddr, c.Log = "127.0.0.1:0", "127.0.0.1:0", slog.New(slog.NewJSONHandler(log, nil))
	s, err := local.Open(ctx, c)
	if err != nil {
		cancel()
		t.Fatalf("starting a local Strongroom: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopping the local Strongroom: %v", err)
		}
	})
	return &Server{URL: s.URL(), KMSURL: s.KMSURL(), Data: c.Data, t: t, log: log}
}

// At is a server that runs already, in another process; Logged is empty.
func At(t testing.TB, url, data string) *Server {
	return &Server{URL: url, Data: data, t: t, log: &syncBuffer{}}
}

// Credentials are those of a profile.
func (s *Server) Credentials(profile string) aws.Credentials {
	s.t.Helper()
	c, err := local.Credentials(s.Data, profile)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// AddIdentity makes another profile.
func (s *Server) AddIdentity(in local.NewIdentity) {
	s.t.Helper()
	if _, err := local.AddIdentity(s.Data, in); err != nil {
		s.t.Fatal(err)
	}
}

// A Request is what a profile asks for.
type Request struct {
	Profile, Method string
	// Path is escaped, with the query if any.
	Path string
	// Body is sent as it is where it is a string or bytes, and else as JSON; nil is no body.
	Body   any
	Header http.Header
}

// An Answer is what was answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do is Try that ends the test where there is no answer.
func (s *Server) Do(r Request) Answer {
	s.t.Helper()
	a, err := s.Try(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// Try signs a request and sends it. It may be called at the same time.
func (s *Server) Try(r Request) (Answer, error) {
	body, err := encode(r.Body)
	if err != nil {
		return Answer{}, err
	}
	request, err := http.NewRequestWithContext(s.t.Context(), r.Method, s.URL+r.Path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if r.Header != nil {
		request.Header = r.Header.Clone()
	}
	if r.Body != nil && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	credentials, err := local.Credentials(s.Data, r.Profile)
	if err != nil {
		return Answer{}, err
	}
	hash := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(s.t.Context(), credentials, request, hex.EncodeToString(hash[:]), Service, local.Region, time.Now())
	if err != nil {
		return Answer{}, err
	}
	return send(request)
}

func encode(body any) ([]byte, error) {
	switch given := body.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(given), nil
	case []byte:
		return given, nil
	}
	return json.Marshal(body)
}

func send(request *http.Request) (Answer, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, err
}

// JSON decodes the answer into the value that v points to; another status than want ends the test.
func (s *Server) JSON(r Request, want int, v any) {
	s.t.Helper()
	a := s.Do(r)
	if a.Status != want {
		s.t.Fatalf("%s %s as %s: status %d, want %d: %s", r.Method, r.Path, r.Profile, a.Status, want, a.Body)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		s.t.Fatalf("%s %s: %v in %s", r.Method, r.Path, err, a.Body)
	}
}
