package awskms

import (
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/envelope"
)

func newSigner(t *testing.T, f *fakeKMS) envelope.Signer {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return OpenSigner("us-east-1", server.URL, testCredentials, testKey)
}

func TestSign(t *testing.T) {
	f := &fakeKMS{answer: answering(`{"Signature": "c2lnbmVk", "KeyId": "` + testKey + `", "SigningAlgorithm": "ECDSA_SHA_256"}`)}
	digest := [32]byte{1, 2, 3}
	s := newSigner(t, f)
	got, err := s.Sign(t.Context(), digest)
	if err != nil || string(got) != "signed" || s.ARN() != testKey {
		t.Fatalf("got %q, %v, by %s", got, err, s.ARN())
	}
	want := []request{{Target: "TrentService.Sign", Body: map[string]any{
		"KeyId": testKey, "Message": base64.StdEncoding.EncodeToString(digest[:]), "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256",
	}}}
	if diff := cmp.Diff(want, f.requests); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if !f.signed {
		t.Error("the request was not signed for kms")
	}
}

func TestPublicKey(t *testing.T) {
	f := &fakeKMS{answer: answering(`{"PublicKey": "cHVibGlj", "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}`)}
	got, err := newSigner(t, f).PublicKey(t.Context())
	if err != nil || string(got) != "public" {
		t.Fatalf("got %q, %v", got, err)
	}
	want := []request{{Target: "TrentService.GetPublicKey", Body: map[string]any{"KeyId": testKey}}}
	if diff := cmp.Diff(want, f.requests); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestErrorsOfASigner(t *testing.T) {
	for code, want := range map[string]error{
		"DisabledException": envelope.ErrKeyUnusable, "InvalidKeyUsageException": envelope.ErrKeyUnusable,
		"KMSInvalidStateException": envelope.ErrKeyUnusable, "KMSInternalException": envelope.ErrUnavailable,
		"AccessDeniedException": envelope.ErrKeyUnusable,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel() // retries wait
			status := 400
			if strings.HasPrefix(code, "KMSInternal") {
				status = 500
			}
			s := newSigner(t, &fakeKMS{answer: failing(status, code)})
			_, err := s.Sign(t.Context(), [32]byte{})
			_, again := s.PublicKey(t.Context())
			if !errors.Is(err, want) || !errors.Is(again, want) {
				t.Errorf("Sign: %v; PublicKey: %v; want %v", err, again, want)
			}
		})
	}
}
