package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
	"strongroom/pkg/operation"
)

// leastRequests is how many schemathesis must have sent, as all callers together.
const leastRequests = 2000

// A tally is how often schemathesis got which status, by operation.
type tally map[operation.Name]map[int]int

// requests counts all of them.
func (y tally) requests() (n int) {
	for _, statuses := range y {
		for _, times := range statuses {
			n += times
		}
	}
	return n
}

// succeeds says whether the operation answered 2xx at all.
func (y tally) succeeds(name operation.Name) bool {
	for status := range y[name] {
		if status/100 == 2 {
			return true
		}
	}
	return false
}

// TestTheDocumentHolds has schemathesis derive requests from the OpenAPI document, right ones and wrong ones, and compare
// every answer with it. Each caller has a `strongroom local` to itself, since an owner may take what it likes to pieces.
// testdata/schemathesis says what is checked.
func TestTheDocumentHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes about half a minute for each caller")
	}
	python := schemathesis(t)
	// What share of the operations must have succeeded at least once: most of them are about what only owners may do.
	callers := map[string]float64{local.Owner: 0.75, local.Developer: 0.4, local.Stranger: 0}
	sent := make(chan int, len(callers))
	t.Run("as", func(t *testing.T) {
		for profile, share := range callers {
			t.Run(profile, func(t *testing.T) {
				t.Parallel()
				got := try(t, python, profile)
				checkTally(t, got, share)
				sent <- got.requests()
			})
		}
	})
	close(sent)
	all := 0
	for n := range sent {
		all += n
	}
	if all < leastRequests {
		t.Errorf("only %d requests were sent, want %d", all, leastRequests)
	}
	t.Logf("%d requests", all)
}

// schemathesis is the Python that has it; where there is none the test fails, so that it is never silently left out.
func schemathesis(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("STRONGROOM_CACHE")
	if cache == "" {
		cache = filepath.FromSlash("../../../.cache")
	}
	name, err := filepath.Abs(filepath.Join(cache, "schemathesis", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("no schemathesis: %v; run `make tools`, or set STRONGROOM_CACHE", err)
	}
	return name
}

// try runs schemathesis as a profile against a server of its own, and answers what it counted.
func try(t *testing.T, python, profile string) tally {
	t.Helper()
	data := t.TempDir()
	p, ready := launch(t, data)
	s := await(t, p, ready, data)
	address, err := os.ReadFile(filepath.Join(data, "kms-url"))
	if err != nil {
		t.Fatal(err)
	}
	s.KMSURL = strings.TrimSpace(string(address))
	document, err := filepath.Abs(filepath.FromSlash("../../api/openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report.json")
	c := exec.CommandContext(t.Context(), python, "-m", "schemathesis.cli", "run", document, "--url", s.URL, "--no-color")
	c.Dir = filepath.FromSlash("../../../testdata/schemathesis")
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "REPORT="+report)
	c.Env = append(c.Env, given(t, s, profile)...)
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
	if log := p.errors.String(); strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, string(operation.Whoami)) {
		t.Errorf("the server logged errors, or nothing:\n%s", log)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var got tally
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return got
}

// given is the environment that hooks.py wants, for a profile. It makes what chance would hardly find: a group, and in each
// project a secret with two versions.
func given(t *testing.T, s *localtest.Server, profile string) []string {
	t.Helper()
	type values map[string]any
	owner := personOf(t, s, local.Owner)
	me, err := owner.Whoami(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, project := range []string{"demo", "payroll", "plain"} {
		for _, value := range []string{"one", "two"} {
			if _, err := owner.Set(t.Context(), project+"/GREETING", client.NewValue(value)); err != nil {
				t.Fatal(err)
			}
		}
	}
	plain, err := owner.Resolve(t.Context(), "plain")
	if err != nil {
		t.Fatal(err)
	}
	greeting, err := owner.Lookup(t.Context(), "plain/GREETING")
	if err != nil {
		t.Fatal(err)
	}
	// Nobody has the function that rotates it, and so its value stays.
	rotation := values{
		"rotator": "lambda", "every": "30d", "window": "2h", "readers": values{"within": "30d"},
		"settings": values{"functionArn": "arn:aws:lambda:us-east-1:000000000000:function:nowhere", "keepsOld": true},
	}
	team, err := owner.CreatePrincipal(t.Context(), api.CreatePrincipal{Kind: access.KindGroup, Name: "team"})
	if err != nil {
		t.Fatal(err)
	}
	known, err := json.Marshal(map[operation.Name]map[string]values{
		operation.ListGroupMembers: {"path": {"principalId": team.ID}},
		operation.ChangeGroupMembers: {
			"path": {"principalId": team.ID}, "body": {"add": []uuid.UUID{self(t, s, local.Developer)}, "remove": []uuid.UUID{}},
		},
		operation.GetSecretByName: {"path": {"projectId": plain.ID}, "query": {"name": "GREETING"}},
		operation.CreateSecret:    {"body": {"projectIds": []uuid.UUID{plain.ID}}},
		operation.GetRotation:     {"path": {"secretId": greeting}},
		operation.PutRotation:     {"path": {"secretId": greeting}, "body": rotation},
		operation.RotateSecret:    {"path": {"secretId": greeting}},
	})
	if err != nil {
		t.Fatal(err)
	}
	env := []string{
		"ORGANIZATION=" + me.OrganizationID.String(), "KNOWN=" + string(known),
		"SPARE=" + self(t, s, local.CI).String(), "SELF=",
	}
	if profile != local.Stranger {
		env = append(env, "SELF="+self(t, s, profile).String())
	}
	keys := s.Credentials(profile)
	return append(env, "AWS_ACCESS_KEY_ID="+keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey,
		"AWS_SESSION_TOKEN="+keys.SessionToken)
}

// self is a profile's principal.
func self(t *testing.T, s *localtest.Server, profile string) uuid.UUID {
	t.Helper()
	var me api.Me
	s.JSON(localtest.Request{Profile: profile, Method: http.MethodGet, Path: "/me"}, http.StatusOK, &me)
	return me.Principal.ID
}

// checkTally: every operation that has a route was asked, at least that share of them succeeded at least once, and none
// failed inside.
func checkTally(t *testing.T, got tally, share float64) {
	t.Helper()
	routes, succeeded := 0, 0
	var never []operation.Name
	for _, row := range operation.Table {
		if _, ok := row.Trigger.(operation.HTTP); !ok {
			continue
		}
		routes++
		if len(got[row.Name]) == 0 {
			t.Errorf("%s was not asked", row.Name)
		}
		for status, times := range got[row.Name] {
			if status >= http.StatusInternalServerError {
				t.Errorf("%s answered %d, %d times", row.Name, status, times)
			}
		}
		if got.succeeds(row.Name) {
			succeeded++
		} else {
			never = append(never, row.Name)
		}
	}
	if len(got) != routes {
		t.Errorf("%d operations were asked, of %d that have a route", len(got), routes)
	}
	if float64(succeeded) < share*float64(routes) || share == 0 && succeeded > 0 {
		t.Errorf("%d of %d operations succeeded, want a share of %.1f; not %v", succeeded, routes, share, never)
	}
	t.Logf("%d requests, %d of %d operations succeeded, not %v", got.requests(), succeeded, routes, never)
}
