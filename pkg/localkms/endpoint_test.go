package localkms

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

var ofDemo = map[string]string{"strongroom:organization": "o", "strongroom:project": "demo"}

func ofOther() map[string]string {
	c := maps.Clone(ofDemo)
	c["strongroom:project"] = "other"
	return c
}

// made is a data key that the administrator made.
func (r *rig) made(t testing.TB) *kms.GenerateDataKeyOutput {
	t.Helper()
	out, err := r.as(admin).GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
		KeyId: &r.clientKey, KeySpec: types.DataKeySpecAes256, EncryptionContext: ofDemo,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (r *rig) decrypt(t testing.TB, c Caller, ciphertext []byte, context map[string]string) ([]byte, error) {
	t.Helper()
	out, err := r.as(c).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: ciphertext, KeyId: &r.clientKey, EncryptionContext: context})
	if err != nil {
		return nil, err
	}
	return out.Plaintext, nil
}

func TestRoundTripsWithTheSDK(t *testing.T) {
	r := newRig(t)
	client := r.as(admin)
	made := r.made(t)
	if got, err := r.decrypt(t, admin, made.CiphertextBlob, ofDemo); err != nil || !bytes.Equal(got, made.Plaintext) || len(got) != 32 {
		t.Errorf("a data key: %d bytes, %v", len(got), err)
	}
	if got, err := r.Keys.Key(Client).Decrypt(t.Context(), made.CiphertextBlob, ofDemo); err != nil || !bytes.Equal(got, made.Plaintext) {
		t.Errorf("the key file's own service opens it to %d bytes, %v", len(got), err)
	}
	for _, size := range []int{1, 4096} {
		text := bytes.Repeat([]byte("x"), size)
		sealed, err := client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(ClientAlias), Plaintext: text, EncryptionContext: ofDemo})
		if err != nil {
			t.Fatal(err)
		}
		opened, err := client.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: ofDemo})
		if err != nil || !bytes.Equal(opened.Plaintext, text) || aws.ToString(opened.KeyId) != r.clientKey ||
			opened.EncryptionAlgorithm != types.EncryptionAlgorithmSpecSymmetricDefault {
			t.Errorf("%d bytes: %+v, %v", size, opened, err)
		}
	}
	other, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{Description: aws.String("another")})
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.ReEncrypt(t.Context(), &kms.ReEncryptInput{
		CiphertextBlob: made.CiphertextBlob, SourceEncryptionContext: ofDemo, DestinationKeyId: other.KeyMetadata.Arn,
		DestinationEncryptionContext: ofOther(),
	})
	if err != nil || aws.ToString(again.SourceKeyId) != r.clientKey || aws.ToString(again.KeyId) != aws.ToString(other.KeyMetadata.Arn) {
		t.Fatalf("%+v, %v", again, err)
	}
	opened, err := client.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: again.CiphertextBlob, EncryptionContext: ofOther()})
	if err != nil || !bytes.Equal(opened.Plaintext, made.Plaintext) {
		t.Errorf("re-encrypted: %v", err)
	}
	_, err = r.decrypt(t, admin, again.CiphertextBlob, ofOther())
	want(t, "named the wrong key", err, "IncorrectKeyException")
	if strings.Contains(r.log.String(), "demo") {
		t.Error("the log holds an encryption context")
	}
}

func TestDescriptionsAndAliases(t *testing.T) {
	r := newRig(t)
	arnOfAlias := "arn:aws:kms:us-east-1:000000000000:" + ClientAlias
	for _, name := range []string{r.clientKey, strings.TrimPrefix(r.clientKey, arnPrefix), ClientAlias, arnOfAlias} {
		out, err := r.as(admin).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &name})
		if err != nil || aws.ToString(out.KeyMetadata.Arn) != r.clientKey || !out.KeyMetadata.Enabled ||
			time.Since(aws.ToTime(out.KeyMetadata.CreationDate)).Abs() > time.Minute {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	list, err := r.as(admin).ListAliases(t.Context(), &kms.ListAliasesInput{})
	if err != nil || len(list.Aliases) != 1 || aws.ToString(list.Aliases[0].AliasName) != ClientAlias ||
		aws.ToString(list.Aliases[0].AliasArn) != arnOfAlias || arnPrefix+aws.ToString(list.Aliases[0].TargetKeyId) != r.clientKey {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = r.as(ann).ListAliases(t.Context(), &kms.ListAliasesInput{})
	want(t, "who administers nothing", err, "AccessDeniedException")
}

func TestWrongDecryptionsAreRefused(t *testing.T) {
	r := newRig(t)
	sealed := r.made(t).CiphertextBlob
	tampered, otherVersion, unknown := bytes.Clone(sealed), bytes.Clone(sealed), bytes.Clone(sealed)
	tampered[len(tampered)-1] ^= 1
	otherVersion[0]++
	unknown[5] ^= 1
	ofStorage, err := r.Keys.Key(Storage).GenerateDataKey(t.Context(), ofDemo)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		ciphertext []byte
		key        *string
		context    map[string]string
		want       string
	}{
		{"another context", sealed, nil, ofOther(), "InvalidCiphertextException"},
		{"no context", sealed, nil, nil, "InvalidCiphertextException"},
		{"a bit altered", tampered, nil, ofDemo, "InvalidCiphertextException"},
		{"of another form", otherVersion, nil, ofDemo, "InvalidCiphertextException"},
		{"short", sealed[:10], nil, ofDemo, "InvalidCiphertextException"},
		{"nothing but a header", sealed[:headerSize], nil, ofDemo, "InvalidCiphertextException"},
		{"of a key that nobody has", unknown, nil, ofDemo, "AccessDeniedException"},
		{"of the storage key", ofStorage.Wrapped, nil, ofDemo, "AccessDeniedException"},
		{"of the storage key, which is named", ofStorage.Wrapped, aws.String(r.Keys.Key(Storage).ARN()), ofDemo, "NotFoundException"},
		{"of the storage key, the client key named", ofStorage.Wrapped, &r.clientKey, ofDemo, "IncorrectKeyException"},
		{"a key of another account", sealed, aws.String("arn:aws:kms:us-east-1:111122223333:key/1"), ofDemo, "NotFoundException"},
		{"too long", make([]byte, maxWrapped+1), nil, ofDemo, "ValidationException"},
		{"a context that is too long", sealed, nil, map[string]string{"a": strings.Repeat("x", maxContext)}, "ValidationException"},
	} {
		_, err := r.as(admin).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: c.ciphertext, KeyId: c.key, EncryptionContext: c.context})
		want(t, c.name, err, c.want)
	}
}

// TestTheStorageKeyIsOutOfReach: no operation finds it, for anybody.
func TestTheStorageKeyIsOutOfReach(t *testing.T) {
	r := newRig(t)
	storage := r.Keys.Key(Storage).ARN()
	for _, name := range []string{storage, strings.TrimPrefix(storage, arnPrefix)} {
		_, err := r.as(admin).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &name})
		want(t, "DescribeKey", err, "NotFoundException")
		_, err = r.as(admin).Encrypt(t.Context(), &kms.EncryptInput{KeyId: &name, Plaintext: []byte("x")})
		want(t, "Encrypt", err, "NotFoundException")
		_, err = r.as(admin).GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: &name, KeySpec: types.DataKeySpecAes256})
		want(t, "GenerateDataKey", err, "NotFoundException")
		_, err = r.as(admin).CreateGrant(t.Context(), &kms.CreateGrantInput{
			KeyId: &name, GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		})
		want(t, "CreateGrant", err, "NotFoundException")
	}
}

func TestWrongSignaturesGetKMSsErrors(t *testing.T) {
	r := newRig(t)
	wrong, forged, nobody := ann, ci, ann
	wrong.SecretAccessKey, forged.SessionToken, nobody.AccessKeyID = "other", "other", "AKIANOBODY"
	for _, c := range []struct {
		name string
		who  Caller
		want string
	}{
		{"a wrong secret", wrong, "InvalidSignatureException"},
		{"another session token", forged, "UnrecognizedClientException"},
		{"an unknown access key", nobody, "UnrecognizedClientException"},
		{"a right one without permission", ann, "AccessDeniedException"},
	} {
		_, err := r.as(c.who).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &r.clientKey})
		want(t, c.name, err, c.want)
	}
	elsewhere := kms.New(r.as(admin).Options(), func(o *kms.Options) { o.Region = "eu-west-1" })
	_, err := elsewhere.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &r.clientKey})
	want(t, "another region", err, "InvalidSignatureException")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "TrentService.ListAliases")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusBadRequest ||
		!strings.Contains(body.String(), `"__type":"MissingAuthenticationTokenException"`) {
		t.Errorf("unsigned: %d %s, %v", response.StatusCode, body.String(), err)
	}
	for _, secret := range []string{"s-ann", "s-ci", "t-ci", "Signature="} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}

func TestDisabledKeysDoNothing(t *testing.T) {
	r := newRig(t)
	sealed := r.made(t).CiphertextBlob
	_, err := r.as(ann).DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &r.clientKey})
	want(t, "disabled by somebody", err, "AccessDeniedException")
	_, err = r.as(admin).DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &r.clientKey})
	want(t, "disabling", err, "")
	_, err = r.decrypt(t, admin, sealed, ofDemo)
	want(t, "decrypting", err, "DisabledException")
	out, err := rigOver(t, r.folder).as(admin).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &r.clientKey})
	if err != nil || out.KeyMetadata.KeyState != types.KeyStateDisabled {
		t.Errorf("after a restart: %+v, %v", out, err)
	}
	_, err = r.as(admin).EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: &r.clientKey})
	want(t, "enabling", err, "")
	_, err = r.decrypt(t, admin, sealed, ofDemo)
	want(t, "decrypting again", err, "")
}

func TestBadInput(t *testing.T) {
	r := newRig(t)
	client := r.as(admin)
	for _, in := range []*kms.GenerateDataKeyInput{
		{}, {KeySpec: types.DataKeySpecAes256, NumberOfBytes: aws.Int32(16)}, {NumberOfBytes: aws.Int32(0)}, {NumberOfBytes: aws.Int32(1025)},
		{KeySpec: "AES_512"},
	} {
		in.KeyId = &r.clientKey
		_, err := client.GenerateDataKey(t.Context(), in)
		want(t, "GenerateDataKey", err, "ValidationException")
	}
	for _, size := range []int{0, maxPlaintext + 1} {
		_, err := client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &r.clientKey, Plaintext: make([]byte, size)})
		want(t, "Encrypt", err, "ValidationException")
	}
	_, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: types.KeySpecRsa2048})
	want(t, "a key of another kind", err, "UnsupportedOperationException")
	_, err = client.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: aws.String("{}")})
	want(t, "a member that is not supported", err, "SerializationException")
	_, err = r.as(ann).CreateKey(t.Context(), &kms.CreateKeyInput{})
	want(t, "a key for somebody", err, "AccessDeniedException")
	_, err = client.ListKeys(t.Context(), &kms.ListKeysInput{})
	want(t, "an operation that is not there", err, "UnknownOperationException")
	_, err = client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &r.clientKey, Plaintext: []byte("x"), DryRun: aws.Bool(true)})
	want(t, "a dry run", err, "DryRunOperationException")
	_, err = client.Encrypt(t.Context(), &kms.EncryptInput{KeyId: &r.clientKey, Plaintext: []byte("x"), GrantTokens: []string{"none"}})
	want(t, "a token of no grant", err, "InvalidGrantTokenException")
}

// TestChangesKeepTheCiphers: only a key that is made needs a new one, and who began before does not see it.
func TestChangesKeepTheCiphers(t *testing.T) {
	r := newRig(t)
	create := func() string {
		out, err := r.as(admin).CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		return *out.KeyMetadata.KeyId
	}
	first := create()
	before := r.current.Load()
	second := create()
	r.mustGrant(t, kms.CreateGrantInput{GranteePrincipal: aws.String(annUser), Operations: []types.GrantOperation{opDecrypt}})
	after := r.current.Load()
	if before.services[first] == nil || before.services[first] != after.services[first] {
		t.Error("a key's cipher was made again")
	}
	if after.services[second] == nil || len(before.services) != 2 || len(after.services) != 3 {
		t.Errorf("%d ciphers before and %d after, want 2 and 3", len(before.services), len(after.services))
	}
}

func TestTheStateFile(t *testing.T) {
	r := newRig(t)
	path := filepath.Join(r.folder, "kms.json")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	config := r.EndpointConfig
	for name, change := range map[string]func(){
		"damaged":             func() { _ = os.WriteFile(path, []byte(`{"version": 1, "ke`), 0o600) },
		"a newer version":     func() { _ = os.WriteFile(path, []byte(`{"version": 2}`), 0o600) },
		"no keys":             func() { _ = os.WriteFile(path, []byte(`{"version": 1}`), 0o600) },
		"open to others":      func() { _ = os.Chmod(path, 0o640) }, //nolint:gosec // what is to be refused
		"of another key file": func() { newRigAt(t, path) },
	} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := NewEndpoint(config); err != nil {
			t.Fatal(err)
		}
		change()
		if _, err := NewEndpoint(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// newRigAt puts the state of another key file there.
func newRigAt(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(newRig(t).folder, "kms.json"))
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
