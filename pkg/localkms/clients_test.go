package localkms

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// python is the interpreter that has what testdata/python/requirements.txt lists.
func python() string {
	if name := os.Getenv("STRONGROOM_PYTHON"); name != "" {
		return name
	}
	return filepath.FromSlash("../../.cache/venv/bin/python")
}

// TestRoundTripsWithBotocore has another client that this project did not write, with its own signer.
func TestRoundTripsWithBotocore(t *testing.T) {
	r := newRig(t)
	callers := map[string][3]string{}
	for name, c := range map[string]Caller{"admin": admin, "ci": ci, "server": server, "stranger": stranger} {
		callers[name] = [3]string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken}
	}
	job, err := json.Marshal(map[string]any{"url": r.url, "region": Region, "key": r.clientKey, "role": ciRole, "callers": callers})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python(), filepath.FromSlash("testdata/botocore_kms.py"))
	var output, complaint bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(job), &output, &complaint
	if err := command.Run(); err != nil {
		t.Fatalf("botocore_kms.py: %v (after `make tools` it should work, or set STRONGROOM_PYTHON)\n%s", err, complaint.String())
	}
	var got []string
	if err := json.Unmarshal(output.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{
		"admin GenerateDataKey ok", "admin Decrypt ok, the same", "admin Decrypt InvalidCiphertextException",
		"ci Decrypt AccessDeniedException", "admin CreateGrant ok", "ci Decrypt ok, the same", "ci Decrypt AccessDeniedException",
		"stranger Decrypt AccessDeniedException", "server Decrypt AccessDeniedException", "admin ListGrants ok, 1",
		"ci RevokeGrant AccessDeniedException", "admin RevokeGrant ok", "ci Decrypt AccessDeniedException",
		"admin Encrypt ok", "admin ReEncrypt ok", "admin DescribeKey ok", "admin ListAliases ok", "admin CreateKey ok",
		"wrong DescribeKey InvalidSignatureException",
	}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestRoundTripsWithTheAWSCLI types what the documentation of the AWS CLI says, in processes of their own.
func TestRoundTripsWithTheAWSCLI(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds, and botocore's client is tried all the same")
	}
	r := newRig(t)
	file := filepath.Join(t.TempDir(), "wrapped")
	const context = "strongroom:organization=o,strongroom:project=demo"
	made := r.aws(t, admin, "generate-data-key", "--key-id", ClientAlias, "--key-spec", "AES_256", "--encryption-context", context)
	if err := os.WriteFile(file, made.CiphertextBlob, 0o600); err != nil {
		t.Fatal(err)
	}
	decrypt := func(who Caller, context string) string {
		got := r.aws(t, who, "decrypt", "--ciphertext-blob", "fileb://"+file, "--key-id", r.clientKey, "--encryption-context", context)
		switch {
		case got.failure != "":
			return got.failure
		case len(got.Plaintext) != 32 || !bytes.Equal(got.Plaintext, made.Plaintext):
			return "another key"
		}
		return "the same key"
	}
	said := []string{decrypt(admin, context), decrypt(admin, "strongroom:project=demo"), decrypt(ci, context)}
	grant := r.aws(t, admin, "create-grant", "--key-id", r.clientKey, "--name", "cli", "--grantee-principal", ciRole, "--operations", "Decrypt",
		"--constraints", `{"EncryptionContextEquals": {"strongroom:organization": "o", "strongroom:project": "demo"}}`)
	said = append(said, decrypt(ci, context), decrypt(server, context))
	list := r.aws(t, admin, "list-grants", "--key-id", r.clientKey)
	said = append(said, r.aws(t, admin, "revoke-grant", "--key-id", r.clientKey, "--grant-id", grant.GrantID).failure, decrypt(ci, context))
	if diff := cmp.Diff([]string{
		"the same key", "InvalidCiphertextException", "AccessDeniedException", "the same key", "AccessDeniedException", "", "AccessDeniedException",
	}, said); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(list.Grants) != 1 || list.Grants[0].GrantID != grant.GrantID || grant.GrantID == "" {
		t.Errorf("made %+v, listed %+v", grant, list)
	}
}

// spoken is what the AWS CLI says of an answer; failure is the error's name where there is one.
type spoken struct {
	CiphertextBlob []byte   `json:"CiphertextBlob"`
	Plaintext      []byte   `json:"Plaintext"`
	GrantID        string   `json:"GrantId"`
	Grants         []spoken `json:"Grants"`
	failure        string
}

// aws runs the AWS CLI, which knows nothing but its environment.
func (r *rig) aws(t *testing.T, who Caller, arguments ...string) spoken {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "none")
	command := exec.CommandContext(t.Context(), python(), slices.Concat([]string{"-m", "awscli", "kms"}, arguments)...)
	command.Env = []string{
		"AWS_ENDPOINT_URL_KMS=" + r.url, "AWS_REGION=" + Region, "AWS_DEFAULT_REGION=" + Region, "AWS_MAX_ATTEMPTS=1",
		"AWS_ACCESS_KEY_ID=" + who.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + who.SecretAccessKey, "AWS_SESSION_TOKEN=" + who.SessionToken,
		"AWS_CONFIG_FILE=" + nowhere, "AWS_SHARED_CREDENTIALS_FILE=" + nowhere, "HOME=" + filepath.Dir(nowhere),
	}
	var output, complaint bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaint
	err := command.Run()
	if _, named, ok := strings.Cut(complaint.String(), "An error occurred ("); err != nil && ok {
		name, _, _ := strings.Cut(named, ")")
		return spoken{failure: name}
	}
	var said spoken
	if err == nil && output.Len() > 0 {
		err = json.Unmarshal(output.Bytes(), &said)
	}
	if err != nil {
		t.Fatalf("aws kms %s: %v (after `make tools` it should work, or set STRONGROOM_PYTHON)\n%s", arguments[0], err, complaint.String())
	}
	return said
}
