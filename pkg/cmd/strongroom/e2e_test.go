package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
	"strongroom/pkg/operation"
)

// python is the interpreter with the packages of testdata/python; where there is none the test fails, so that it is
// never silently left out.
func python(t *testing.T) string {
	t.Helper()
	name := os.Getenv("STRONGROOM_PYTHON")
	if name == "" {
		name = filepath.FromSlash("../../../.cache/venv/bin/python")
	}
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("no Python with botocore: %v; run `make tools`, or set STRONGROOM_PYTHON", err)
	}
	return name
}

// TestEveryOperationWithOtherPeoplesSigners runs the script that tries every row of the table that has a route with
// curl's and with botocore's signatures, and takes forty values there and back.
func TestEveryOperationWithOtherPeoplesSigners(t *testing.T) {
	s := localtest.Start(t)
	type row struct {
		Name   operation.Name `json:"name"`
		Method string         `json:"method"`
		Path   string         `json:"path"`
		Query  []string       `json:"query"`
		Body   bool           `json:"body"`
		Status int            `json:"status"`
	}
	rows := []row{}
	for _, r := range operation.Table {
		if h, ok := r.Trigger.(operation.HTTP); ok {
			rows = append(rows, row{r.Name, h.Method, h.Path, append([]string{}, h.Query...), h.Body, h.Status})
		}
	}
	profiles := map[string]any{}
	for _, name := range []string{local.Owner, local.Developer, local.CI, local.Stranger} {
		c := s.Credentials(name)
		profiles[name] = map[string]string{
			"accessKeyId": c.AccessKeyID, "secretAccessKey": c.SecretAccessKey, "sessionToken": c.SessionToken,
		}
	}
	given, err := json.Marshal(map[string]any{
		"url": s.URL, "region": local.Region, "profiles": profiles, "operations": rows,
	})
	if err != nil {
		t.Fatal(err)
	}
	var output, complaint bytes.Buffer
	script := filepath.FromSlash("../../../testdata/e2e/every_operation.py")
	c := exec.CommandContext(t.Context(), python(t), script)
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(given), &output, &complaint
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, output.String(), complaint.String())
	}
	want := fmt.Sprintf("curl: %d operations, 40 entries\nbotocore: %d operations, 40 entries\n", len(rows), len(rows))
	if got := output.String(); got != want {
		t.Errorf("the script says %q, want %q", got, want)
	}
	checkNothingInClear(t, s)
}

// checkNothingInClear searches what is stored, and what was logged, for parts of the values and notes that the script
// wrote.
func checkNothingInClear(t *testing.T, s *localtest.Server) {
	t.Helper()
	stored, err := os.ReadFile(filepath.Join(s.Data, "strongroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	logged := []byte(s.Logged())
	if !bytes.Contains(stored, []byte("TWENTY_KILOBYTES")) || !bytes.Contains(logged, []byte("create-secret")) {
		t.Error("names are not found in what is stored, or operations in what was logged: the search shows nothing")
	}
	for _, part := range []string{"not%2Fa%2Breal", "fake", "a note", "BEGIN PRIVATE KEY", "Здравствуйте"} {
		if bytes.Contains(stored, []byte(part)) {
			t.Errorf("%q is stored in clear", part)
		}
		if bytes.Contains(logged, []byte(part)) {
			t.Errorf("%q was logged", part)
		}
	}
	for _, name := range []string{"TWENTY_KILOBYTES", "somebody@example.org"} {
		if bytes.Contains(logged, []byte(name)) {
			t.Errorf("%q was logged", name)
		}
	}
}
