package localkms

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

func openSigner(t *testing.T, path string) *Signer {
	t.Helper()
	s, err := OpenSigner(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAReopenedSignerIsTheSame(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "signing.json")
	first, again := openSigner(t, path), openSigner(t, path)
	digest := sha256.Sum256([]byte("a seal"))
	signature, err := first.Sign(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	public, err := again.PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKIXPublicKey(public)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || !ecdsa.VerifyASN1(key, digest[:], signature) {
		t.Errorf("the key that was opened again does not verify (%v)", err)
	}
	if first.ARN() != again.ARN() || !strings.HasPrefix(first.ARN(), arnPrefix) || fmt.Sprint(first) != first.ARN() {
		t.Errorf("the ARN was %s, is %s, and is printed as %s", first.ARN(), again.ARN(), fmt.Sprint(first))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v (%v)", info.Mode(), err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want one file", entries, err)
	}
}

func TestManyOpenASignerAtOnceAndGetTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signing.json")
	arns := make([]string, 16)
	var wg sync.WaitGroup
	for i := range arns {
		wg.Go(func() {
			s, err := OpenSigner(path)
			if err != nil {
				t.Error(err)
				return
			}
			arns[i] = s.ARN()
		})
	}
	wg.Wait()
	for _, arn := range arns {
		if arn != arns[0] {
			t.Fatalf("one got %s, another %s", arns[0], arn)
		}
	}
}

func TestADamagedSigningKeyIsAnErrorAndIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signing.json")
	openSigner(t, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(content)
	for name, test := range map[string]struct{ content, want string }{
		"empty":               {"", "not the JSON expected"},
		"half":                {whole[:len(whole)/2], "not the JSON expected"},
		"twice":               {whole + whole, "not the JSON expected"},
		"an unknown member":   {strings.Replace(whole, `"arn"`, `"more": 1, "arn"`, 1), "not the JSON expected"},
		"a newer version":     {strings.Replace(whole, `"version": 1`, `"version": 2`, 1), "version 2"},
		"an ARN that is none": {strings.Replace(whole, arnPrefix, "key/", 1), "ARN"},
		"a key of zeros":      {fmt.Sprintf(`{"version":1,"arn":%q,"material":%q}`, arnPrefix+"01936a1e-0000-7000-8000-00000000000a", strings.Repeat("A", 43)+"="), "P-256"},
		"a key of 3 bytes":    {fmt.Sprintf(`{"version":1,"arn":%q,"material":"AAAA"}`, arnPrefix+"01936a1e-0000-7000-8000-00000000000a"), "P-256"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := OpenSigner(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error that names the file and says %q", err, test.want)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != test.content {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
	if err := os.Chmod(path, 0o640); err != nil { //nolint:gosec // that is what is to be refused
		t.Fatal(err)
	}
	if _, err := OpenSigner(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others can read: %v", err)
	}
}

func TestASignerHeedsACancelledContext(t *testing.T) {
	s := openSigner(t, filepath.Join(t.TempDir(), "signing.json"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Sign(ctx, [32]byte{})
	_, again := s.PublicKey(ctx)
	if !errors.Is(err, context.Canceled) || !errors.Is(again, context.Canceled) {
		t.Errorf("Sign: %v; PublicKey: %v", err, again)
	}
}

func TestAnEndpointWithoutASigningKeyKnowsNone(t *testing.T) {
	r := newRig(t)
	key := aws.String(r.Signing.ARN())
	r.Signing = nil
	_, err := r.as(admin).GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: key})
	want(t, "GetPublicKey", err, "NotFoundException")
}
