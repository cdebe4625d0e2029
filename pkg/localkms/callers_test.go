package localkms

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// everything asks for every operation on the client key, or on the signing key, once, as somebody. All that is asked for would be right.
func (r *rig) everything(t *testing.T, who Caller) map[string]error {
	t.Helper()
	client, ctx, sealed := r.as(who), t.Context(), r.made(t).CiphertextBlob
	grant := func() *kms.CreateGrantOutput {
		return r.mustGrant(t, kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opDecrypt}})
	}
	errs := map[string]error{}
	_, errs["GenerateDataKey"] = client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &r.clientKey, KeySpec: types.DataKeySpecAes256})
	_, errs["Encrypt"] = client.Encrypt(ctx, &kms.EncryptInput{KeyId: &r.clientKey, Plaintext: []byte("x")})
	_, errs["Decrypt"] = client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed, EncryptionContext: ofDemo})
	_, errs["ReEncrypt"] = client.ReEncrypt(ctx, &kms.ReEncryptInput{
		CiphertextBlob: sealed, SourceEncryptionContext: ofDemo, DestinationKeyId: &r.clientKey,
	})
	_, errs["DescribeKey"] = client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &r.clientKey})
	_, errs["CreateKey"] = client.CreateKey(ctx, &kms.CreateKeyInput{})
	_, errs["ListAliases"] = client.ListAliases(ctx, &kms.ListAliasesInput{})
	_, errs["CreateGrant"] = client.CreateGrant(ctx, &kms.CreateGrantInput{
		KeyId: &r.clientKey, GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opDecrypt},
	})
	_, errs["ListGrants"] = client.ListGrants(ctx, &kms.ListGrantsInput{KeyId: &r.clientKey})
	_, errs["RevokeGrant"] = client.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &r.clientKey, GrantId: grant().GrantId})
	_, errs["RetireGrant"] = client.RetireGrant(ctx, &kms.RetireGrantInput{GrantToken: grant().GrantToken})
	_, errs["EnableKey"] = client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &r.clientKey})
	_, errs["DisableKey"] = client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &r.clientKey})
	signing, message, algorithm := aws.String(r.Signing.ARN()), []byte("x"), types.SigningAlgorithmSpecEcdsaSha256
	signature, err := r.Signing.Sign(ctx, sha256.Sum256(message))
	if err != nil {
		t.Fatal(err)
	}
	_, errs["GetPublicKey"] = client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: signing})
	_, errs["Sign"] = client.Sign(ctx, &kms.SignInput{KeyId: signing, Message: message, SigningAlgorithm: algorithm})
	_, errs["Verify"] = client.Verify(ctx, &kms.VerifyInput{
		KeyId: signing, Message: message, Signature: signature, SigningAlgorithm: algorithm,
	})
	for name := range operations {
		if _, ok := errs[name]; !ok {
			t.Errorf("%s is not asked for", name)
		}
	}
	return errs
}

// TestWhoMayDoWhat: the administrator everything, a grantee what its grant says, all others nothing but what a public key is
// for, and the server's roles nothing whatever a grant says.
func TestWhoMayDoWhat(t *testing.T) {
	public := map[string]bool{"GetPublicKey": true, "Verify": true}
	granted := map[string]bool{
		"GenerateDataKey": true, "Encrypt": true, "Decrypt": true, "ReEncrypt": true, "DescribeKey": true, "CreateGrant": true,
	}
	for _, c := range []struct {
		name    string
		who     Caller
		grantee string
		may     func(operation string) bool
	}{
		{"the administrator", admin, "", func(string) bool { return true }},
		{"a grantee of everything", ci, ciRole, func(operation string) bool { return granted[operation] || public[operation] }},
		{"a stranger", stranger, "", func(operation string) bool { return public[operation] }},
		{"the server, a grantee of everything", server, serverARN, func(string) bool { return false }},
		{"the server's session, a grantee of everything", server, server.ARN, func(string) bool { return false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			if c.grantee != "" {
				var operations []types.GrantOperation
				for _, operation := range grantable {
					operations = append(operations, types.GrantOperation(operation))
				}
				r.mustGrant(t, kms.CreateGrantInput{GranteePrincipal: &c.grantee, Operations: operations})
			}
			for operation, err := range r.everything(t, c.who) {
				wanted := "AccessDeniedException"
				if c.may(operation) {
					wanted = ""
				}
				want(t, operation, err, wanted)
				if c.who == server && !strings.Contains(err.Error(), "explicit deny") {
					t.Errorf("%s: %v does not say why", operation, err)
				}
			}
		})
	}
}

// TestWhatIsSignedIsWhatIsDone signs one request and sends another.
func TestWhatIsSignedIsWhatIsDone(t *testing.T) {
	r := newRig(t)
	body := fmt.Sprintf(`{"KeyId": %q}`, r.clientKey)
	describe, disable := "TrentService.DescribeKey", "TrentService.DisableKey"
	for _, c := range []struct {
		name         string
		signed, sent string // X-Amz-Target
		body         string // that is sent
		at           time.Duration
		want         string
	}{
		{"as it was signed", describe, describe, body, 0, ""},
		{"another operation", describe, disable, body, 0, "InvalidSignatureException"},
		{"an operation that is not signed", "", disable, body, 0, "InvalidSignatureException"},
		{"another body", describe, describe, body + " ", 0, "InvalidSignatureException"},
		{"ten minutes old", describe, describe, body, -10 * time.Minute, "InvalidSignatureException"},
		{"of ten minutes hence", describe, describe, body, 10 * time.Minute, "InvalidSignatureException"},
	} {
		request := r.signed(t, c.signed, body, time.Now().Add(c.at))
		request.Header.Set("X-Amz-Target", c.sent)
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(c.body)), int64(len(c.body))
		if got := answeredBy(t, request); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	out, err := r.as(admin).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &r.clientKey})
	if err != nil || !out.KeyMetadata.Enabled {
		t.Errorf("the key was disabled (%v)", err)
	}
}

// signed is a request that the administrator signed; without a target that is not among the signed headers.
func (r *rig) signed(t *testing.T, target, body string, at time.Time) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	if target != "" {
		request.Header.Set("X-Amz-Target", target)
	}
	sum := sha256.Sum256([]byte(body))
	who := aws.Credentials{AccessKeyID: admin.AccessKeyID, SecretAccessKey: admin.SecretAccessKey, SessionToken: admin.SessionToken}
	if err := v4.NewSigner().SignHTTP(t.Context(), who, request, hex.EncodeToString(sum[:]), "kms", Region, at); err != nil {
		t.Fatal(err)
	}
	return request
}

// answeredBy is the name of the error that a request is answered with; empty for none.
func answeredBy(t *testing.T, request *http.Request) string {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Type string `json:"__type"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Type
}
