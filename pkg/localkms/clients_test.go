package localkms

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRoundTripsWithBotocore has another client that this project did not write, with its own signer.
func TestRoundTripsWithBotocore(t *testing.T) {
	python := os.Getenv("STRONGROOM_PYTHON")
	if python == "" {
		python = filepath.FromSlash("../../.cache/venv/bin/python")
	}
	r := newRig(t)
	callers := map[string][3]string{}
	for name, c := range map[string]Caller{"admin": admin, "ci": ci, "server": server, "stranger": stranger} {
		callers[name] = [3]string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken}
	}
	job, err := json.Marshal(map[string]any{"url": r.url, "region": Region, "key": r.clientKey, "role": ciRole, "callers": callers})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, filepath.FromSlash("testdata/botocore_kms.py"))
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
