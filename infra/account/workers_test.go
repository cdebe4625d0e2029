package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWorkersBecomeServiceAccounts by the commands that are said for the roles that the outputs name, in the order of the kinds.
func TestWorkersBecomeServiceAccounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"strongroom-dev-server": {"Url": "https://example.com"}, "strongroom-dev-workers": {
		"IamAccessKeyWorkerRole": "arn:aws:iam::111122223333:role/strongroom/workers/iam", "PostgresqlWorkerRole": "arn:aws:iam::111122223333:role/strongroom/workers/pg"}}`)
	got, err := said(t, "workers", path)
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for line := range strings.Lines(got) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "bin/strongroom "); ok {
			commands = append(commands, command)
		}
	}
	want := []string{
		"service-account create worker-postgresql",
		"service-account bind worker-postgresql arn:aws:iam::111122223333:role/strongroom/workers/pg",
		"service-account create worker-iam-access-key",
		"service-account bind worker-iam-access-key arn:aws:iam::111122223333:role/strongroom/workers/iam",
	}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(got, "access grant service-account:worker-postgresql write PROJECT") {
		t.Errorf("nothing is said of grants: %s", got)
	}
	write(`{"strongroom-dev-server": {"Url": "https://example.com"}}`)
	if got, err := said(t, "workers", path); got != "" || err != nil {
		t.Errorf("without workers: %q, %v", got, err)
	}
	write(`[]`)
	if _, err := said(t, "workers", path); err == nil {
		t.Error("a list is taken for outputs")
	}
}
