package local

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// bases are the events that bad input is made from: each is allowed, and its body has every list and object that the
// request may have.
var bases = map[operation.Name]string{
	operation.Whoami:                "iam-user",
	operation.GetOrganization:       "member",
	operation.ListPrincipals:        "first-page",
	operation.CreatePrincipal:       "user",
	operation.GetPrincipal:          "member",
	operation.UpdatePrincipal:       "role",
	operation.DeletePrincipal:       "service-account",
	operation.PutIdentities:         "two",
	operation.ListGroupMembers:      "member",
	operation.ChangeGroupMembers:    "partly",
	operation.DisablePrincipal:      "service-account",
	operation.EnablePrincipal:       "former",
	operation.ListProjects:          "first-page",
	operation.CreateProject:         "client",
	operation.GetProject:            "server",
	operation.UpdateOrganization:    "settings",
	operation.UpdateProject:         "rename",
	operation.AddProjectKey:         "new",
	operation.DeleteProjects:        "several",
	operation.ListSecrets:           "first-page",
	operation.CreateSecret:          "server-by-an-admin",
	operation.GetSecret:             "with-a-hint",
	operation.GetSecretByName:       "service-account",
	operation.UpdateSecret:          "moved",
	operation.DeleteSecrets:         "several",
	operation.GetSecretsByIDs:       "partly",
	operation.ListProjectSecrets:    "auditor-first-page",
	operation.GetProjectValues:      "service-account",
	operation.ListSecretVersions:    "first-page",
	operation.GetSecretVersion:      "first",
	operation.RestoreSecretVersion:  "first",
	operation.GetRotation:           "manager",
	operation.PutRotation:           "alternating-users",
	operation.DeleteRotation:        "manager",
	operation.RotateSecret:          "developer",
	operation.ClaimRotation:         "first",
	operation.PutPendingVersion:     "server",
	operation.PromoteVersion:        "client",
	operation.DiscardPendingVersion: "pending",
	operation.ReportRotation:        "retry",
	operation.GetProjectAccess:      "manager",
	operation.PutProjectAccess:      "one-more",
	operation.GetSecretAccess:       "auditor",
	operation.PutSecretAccess:       "service-account",
	operation.ListSecretPrincipals:  "first-page",
	operation.ListPrincipalAccess:   "first-page",
	operation.ExplainAccess:         "oneself",
	operation.BreakGlass:            "project",
	operation.ListTrash:             "first-page",
	operation.RestoreFromTrash:      "under-another-name",
	operation.PurgeTrash:            "several",
	operation.ListEvents:            "until-before",
	operation.ListSecretEvents:      "auditor",
	operation.ListSecretReaders:     "auditor",
	operation.ListPrincipalReads:    "auditor",
	operation.ListRotations:         "leaver-first-page",
	operation.ListSeals:             "until-before",
	operation.ExportEvents:          "until-before",
}

// A draft is an event that is being changed.
type draft struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	RequestContext        map[string]any    `json:"requestContext"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

func parseDraft(payload []byte) (d draft) {
	must(json.Unmarshal(payload, &d))
	return d
}

// withBody is the event with another body, as API Gateway encodes it.
func (d draft) withBody(body []byte) draft {
	d.Body, d.IsBase64Encoded = string(body), false
	if !utf8.Valid(body) {
		d.Body, d.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return d
}

func (d draft) withQuery(query string) draft {
	d.RawQueryString = query
	return d
}

func (d draft) withHeader(name, value string) draft {
	d.Headers = maps.Clone(d.Headers)
	d.Headers[name] = value
	return d
}

// withParameter is the event with another path parameter; value is decoded, as in rawPath.
func (d draft) withParameter(route operation.HTTP, name, value string) draft {
	d.PathParameters = maps.Clone(d.PathParameters)
	d.PathParameters[name] = value
	d.RawPath = route.Path
	for name, value := range d.PathParameters {
		d.RawPath = strings.ReplaceAll(d.RawPath, "{"+name+"}", value)
	}
	return d
}

func (d draft) payload() []byte {
	payload, err := json.Marshal(d)
	must(err)
	return payload
}

// A writeCounter counts the transactions that changed something: all but those that record a refusal, and no more.
type writeCounter struct {
	table.Table
	writes atomic.Int64
}

func (c *writeCounter) Transact(ctx context.Context, t table.Transaction) error {
	err := c.Table.Transact(ctx, t)
	if err == nil && !(len(t.Writes) == 1 && strings.HasPrefix(t.Writes[0].Item.Key.PK, "EVENT#")) {
		c.writes.Add(1)
	}
	return err
}

// A probe sends requests to one operation in one world.
type probe struct {
	*world
	row     operation.Row
	route   operation.HTTP
	base    draft
	counter *writeCounter
}

func newProbe(t testing.TB, row operation.Row) *probe {
	t.Helper()
	p := &probe{row: row}
	p.route, _ = row.Trigger.(operation.HTTP)
	p.world = newWorld(t, func(tbl table.Table) table.Table {
		p.counter = &writeCounter{Table: tbl}
		return p.counter
	})
	for _, s := range routed(t) {
		if s.operation == row.Name && s.name == bases[row.Name] {
			p.base = parseDraft(s.payload)
			return p
		}
	}
	t.Fatalf("%s has no event named %q", row.Name, bases[row.Name])
	return nil
}

// eachRoute runs a test for every operation that has a route.
func eachRoute(t *testing.T, test func(*testing.T, *probe)) {
	n := 0
	for _, row := range operation.Table {
		if _, ok := row.Trigger.(operation.HTTP); ok {
			n++
			t.Run(string(row.Name), func(t *testing.T) { test(t, newProbe(t, row)) })
		}
	}
	if n != len(bases) {
		t.Errorf("%d operations have a route and %d a base", n, len(bases))
	}
}

func (p *probe) send(t testing.TB, d draft) response {
	t.Helper()
	answer, err := p.function(p.row.Name, slog.New(slog.DiscardHandler)).Invoke(t.Context(), d.payload())
	if err != nil {
		t.Fatal(err)
	}
	return proxied(t, answer)
}

// wantRefused sends what must be a 4xx that names the field, where one is at fault, and writes nothing.
func (p *probe) wantRefused(t testing.TB, d draft, field string) {
	t.Helper()
	before := p.counter.writes.Load()
	r := p.send(t, d)
	if written := p.counter.writes.Load() - before; written > 0 {
		t.Errorf("%d transactions were written", written)
	}
	if r.StatusCode < 400 || r.StatusCode > 499 {
		t.Errorf("status %d, want 4xx: %.300s", r.StatusCode, r.Body)
		return
	}
	e := wantError(t, r)
	if field == "" {
		return
	}
	for _, detail := range e.Details {
		if detail.Field == field || strings.HasPrefix(detail.Field, field+".") || strings.HasPrefix(detail.Field, field+"[") {
			return // the field, or something in it
		}
	}
	t.Errorf("no detail names %q: %.500s", field, r.Body)
}

// wantBase sends the base: what was refused before was refused for its own sake.
func (p *probe) wantBase(t *testing.T) {
	t.Helper()
	if r := p.send(t, p.base); r.StatusCode >= http.StatusBadRequest {
		t.Errorf("the base is refused after all that: %d %s", r.StatusCode, r.Body)
	}
}
