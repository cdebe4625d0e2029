package operation_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
)

// TestWorkersAskForRoutesOfTheTable: each once, and each over HTTP.
func TestWorkersAskForRoutesOfTheTable(t *testing.T) {
	if len(operation.Workers) == 0 {
		t.Fatal("workers ask for nothing")
	}
	seen := map[operation.Name]bool{}
	for _, name := range operation.Workers {
		row, ok := operation.Lookup(name)
		if !ok {
			t.Errorf("workers ask for %s, which is no row of the table", name)
			continue
		}
		if _, ok := row.Trigger.(operation.HTTP); !ok || seen[name] {
			t.Errorf("workers ask for %s, which is no route or is named twice", name)
		}
		seen[name] = true
	}
}

// TestWorkersChangeNothingButSecrets: nothing of the access that others have, of principals, projects and keys.
func TestWorkersChangeNothingButSecrets(t *testing.T) {
	for _, name := range operation.Workers {
		route, _ := operation.MustLookup(name).Trigger.(operation.HTTP)
		if route.Method != "GET" && !slices.Contains(route.PathParameters(), "secretId") {
			t.Errorf("workers change with %s something that is no secret: %s", name, route.Route())
		}
	}
}

func TestInvoked(t *testing.T) {
	const id, other = "????????-????-????-????-????????????", "0190a1b2-0000-7000-8000-000000000001"
	got := map[string]string{}
	for _, path := range []string{"/me", "/secrets/{secretId}/versions/{version}", "/projects/{projectId}/secrets"} {
		got[path] = operation.HTTP{Method: "GET", Path: path}.Invoked(map[string]string{"projectId": other})
	}
	want := map[string]string{
		"/me":                                    "GET/me",
		"/secrets/{secretId}/versions/{version}": "GET/secrets/" + id + "/versions/*",
		"/projects/{projectId}/secrets":          "GET/projects/" + other + "/secrets",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
