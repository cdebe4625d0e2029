package secretstest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/audit"
	"strongroom/pkg/audit/evidence"
	"strongroom/pkg/secrets"
)

// A Signer is a signing key in memory, which counts its signatures.
type Signer struct {
	key   *ecdsa.PrivateKey
	der   []byte
	Signs atomic.Int64
}

// NewSigner makes one with a key of its own.
func NewSigner() *Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return &Signer{key: key, der: der}
}

// ARN is the key's name.
func (*Signer) ARN() string { return "arn:aws:kms:us-east-1:" + Account + ":key/signing" }

// Sign signs.
func (s *Signer) Sign(_ context.Context, digest [32]byte) ([]byte, error) {
	s.Signs.Add(1)
	return ecdsa.SignASN1(rand.Reader, s.key, digest[:])
}

// PublicKey is the public half.
func (s *Signer) PublicKey(context.Context) ([]byte, error) { return s.der, nil }

// An Archive is one in memory.
type Archive struct {
	mu    sync.Mutex
	files map[string][]byte
}

// Get answers what it keeps.
func (a *Archive) Get(_ context.Context, name string) (content []byte, found bool, err error) {
	content, found = a.Files()[name]
	return content, found, nil
}

// Put keeps the content, unless there is some of that name; if that is other content it is an error.
func (a *Archive) Put(_ context.Context, name string, content []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.files == nil {
		a.files = map[string][]byte{}
	}
	if a.files[name] == nil {
		a.files[name] = content
	}
	if !bytes.Equal(a.files[name], content) {
		return fmt.Errorf("keeping %s: %w", name, secrets.ErrArchived)
	}
	return nil
}

// Files are what it keeps.
func (a *Archive) Files() map[string][]byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.files)
}

// Export is the file of all events so far, as the command line would write it.
func (w *World) Export(times secrets.EventTimes) []byte {
	w.Helper()
	return Export(w, w.Service, w.Owner, w.Organization, times, w.Clock.Now())
}

// Export is the file of an organization's events, exported at a certain time, as the command line would write it.
func Export(
	t testing.TB, s *secrets.Service, by secrets.Caller, organization uuid.UUID, times secrets.EventTimes, at time.Time,
) []byte {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	var file *evidence.Writer
	for token := ""; ; {
		page, err := s.ExportEvents(t.Context(), by, organization, times, token)
		must(err)
		if file == nil {
			file, err = evidence.NewWriter(&out, evidence.Header{
				Organization: organization, From: audit.Hour(page.From), To: audit.Hour(page.To), ExportedAt: at,
			})
			must(err)
		}
		for _, part := range page.Data {
			must(file.Part(part))
		}
		if token = page.ContinuationToken; token == "" {
			must(file.Close())
			return out.Bytes()
		}
	}
}

// Verify verifies a file, trusting the world's key.
func (w *World) Verify(file []byte) *evidence.Report {
	w.Helper()
	report, err := evidence.Verify(bytes.NewReader(file), evidence.Trust{
		Keys: []audit.PublicKey{w.Signer.der}, Organization: w.Organization,
	})
	w.must(err)
	return report
}
