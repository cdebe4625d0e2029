package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

func open(t *testing.T, data string) *Server {
	t.Helper()
	s, err := Open(t.Context(), Config{Data: data, Addr: "127.0.0.1:0", KMSAddr: "127.0.0.1:0", Log: silent})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A lateBody begins to be read when its request is in the gateway's hands.
type lateBody struct {
	io.Reader
	begins func()
}

func (b *lateBody) Read(p []byte) (int, error) {
	b.begins()
	return b.Reader.Read(p)
}

func TestARequestUnderWayIsAnsweredWhenTheServerStops(t *testing.T) {
	data := t.TempDir()
	s := open(t, data)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()

	content := []byte(`{"kind": "group", "name": "late"}`)
	body := &lateBody{Reader: bytes.NewReader(content)}
	body.begins = func() {
		cancel()
		for { // until new connections are refused
			r, err := http.Get(s.URL()) //nolint:noctx // a test's
			if err != nil {
				return
			}
			_ = r.Body.Close()
			time.Sleep(time.Millisecond)
		}
	}
	path := "/organizations/" + s.organization.String() + "/principals"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(content))
	request.Header.Set("Expect", "100-continue")
	credentials, err := Credentials(data, Owner)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(content)
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, request, hex.EncodeToString(hash[:]), "execute-api", Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		t.Errorf("status %d, want 201", response.StatusCode)
	}
	if err := <-done; err != nil {
		t.Errorf("the server ends with %v", err)
	}
	if _, err := os.Stat(filepath.Join(data, urlFile)); err == nil {
		t.Error("a server that is gone still says where it is")
	}
}

func TestASecondStartIsQuickAndChangesNothing(t *testing.T) {
	data := t.TempDir()
	stop := func(s *Server) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Serve(ctx); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, data)
	organization := s.organization
	stop(s)
	began := time.Now()
	s = open(t, data)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the second start takes %s", took)
	}
	defer stop(s)
	if s.organization != organization {
		t.Error("the second start has another organization")
	}
}
