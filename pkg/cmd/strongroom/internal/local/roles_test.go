package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets/secretstest"
)

// rolesFile has what every operation answers to everybody; go test -run TestOwnersAdmins -update writes it.
const rolesFile = root + "/testdata/operations-by-role.txt"

// A column is somebody of the world, and how API Gateway reports them.
type column struct {
	title, userARN, userID string
	// principal is whom package access decides about; its grants are not in there.
	principal access.Principal
	// granted says that something was granted, so that roles alone don't tell what is allowed.
	granted bool
}

func roleColumn(title, name string, p access.Principal, granted bool) column {
	return column{
		title: title, userARN: "arn:aws:sts::" + worldAccount + ":assumed-role/" + name + "/session",
		userID: secretstest.UniqueID + ":session", principal: p, granted: granted,
	}
}

// columns are everybody who differs. What the words reader, writer and manager say is of the project plain.
var columns = []column{
	{"owner", ownerARN, "AIDAEXAMPLEEXAMPLE123", user(11, access.RoleOwner), true},
	roleColumn("admin", "admin", user(12, access.RoleAdmin), false),
	roleColumn("auditor", "auditor", user(15, access.RoleAuditor), false),
	roleColumn("manager", "lead", user(19, access.RoleMember), true),
	roleColumn("writer", "developer", user(13, access.RoleMember), true),
	roleColumn("reader", "ada", user(18, access.RoleMember), true),
	roleColumn("service account", "ci", access.Principal{ID: fixedID(14), Kind: access.KindServiceAccount}, true),
	{"member", graceARN, "AROASSOEXAMPLEEXAMPLE:grace@example.com", user(20, access.RoleMember), false},
	roleColumn("disabled", "former", access.Principal{ID: fixedID(16), Kind: access.KindUser, Role: access.RoleMember, Disabled: true}, false),
	roleColumn("stranger", "nobody", access.Principal{}, false),
}

func user(n int, role access.Role) access.Principal {
	return access.Principal{ID: fixedID(n), Kind: access.KindUser, Role: role}
}

// A question is one request of an operation.
type question struct {
	row operation.Row
	// event is the event that it is made from.
	event string
	draft draft
}

// more are other events of operations for which one request is not enough: they need less than the base, or more.
var more = map[operation.Name][]string{
	operation.CreatePrincipal: {"admin-makes-an-owner"},
	operation.UpdatePrincipal: {"admin-changes-an-owner"},
	operation.CreateSecret:    {"server", "in-no-project"},
	operation.UpdateSecret:    {"value-and-note"},
	operation.GetSecret:       {"granted-one"},
	operation.BreakGlass:      {"secret"},
}

// questions are the base of every operation that has a route, and more.
func questions(t *testing.T) []question {
	t.Helper()
	found := map[string]draft{}
	for _, s := range routed(t) {
		found[string(s.operation)+"/"+s.name] = parseDraft(s.payload)
	}
	var all []question
	for _, row := range operation.Table {
		if !hasRoute(row.Name) {
			continue
		}
		for _, event := range append([]string{bases[row.Name]}, more[row.Name]...) {
			d, ok := found[string(row.Name)+"/"+event]
			if !ok {
				t.Fatalf("%s has no event named %q", row.Name, event)
			}
			all = append(all, question{row, event, d.withoutConditions()})
		}
	}
	return all
}

// withoutConditions leaves out what only a caller who saw the thing before could send.
func (d draft) withoutConditions() draft {
	d.Headers = maps.Clone(d.Headers)
	delete(d.Headers, "if-match")
	delete(d.Headers, "if-none-match")
	return d
}

// as is the event as somebody else sends it.
func (d draft) as(c column) draft {
	d.RequestContext = maps.Clone(d.RequestContext)
	d.RequestContext["authorizer"] = map[string]any{"iam": map[string]any{
		"accessKey": "ASIAEXAMPLEEXAMPLE12", "accountId": worldAccount, "callerId": c.userID, "cognitoIdentity": nil,
		"principalOrgId": nil, "userArn": c.userARN, "userId": c.userID,
	}}
	return d
}

// An outcome is what an answer says of what its caller may do.
type outcome struct {
	// text is the status; behind it what became of each thing that was asked for, or how many things a list has.
	text string
	// allowed says that something was done or shown.
	allowed bool
}

// outcomeOf reads an answer. How many events there are is no matter of roles, and changes with all that is recorded. That
// a list of the organization's projects or secrets is empty is how it is refused.
func outcomeOf(row operation.Row, r response) outcome {
	text := fmt.Sprint(r.StatusCode)
	if r.StatusCode >= 400 || row.Name == operation.ListEvents || row.Name == operation.ListSecretEvents {
		return outcome{text, r.StatusCode < 400}
	}
	var body struct {
		Data   []struct{ Error *api.BulkError }
		Errors []struct{ Error api.BulkError }
	}
	if r.StatusCode == 204 || json.Unmarshal(r.Body, &body) != nil || !bytes.Contains(r.Body, []byte(`"data":`)) {
		return outcome{text, true}
	}
	var failed []string
	for _, d := range body.Data {
		if d.Error != nil {
			failed = append(failed, fmt.Sprint(api.Statuses[d.Error.Code]))
		}
	}
	done := len(body.Data) - len(failed)
	for _, e := range body.Errors {
		failed = append(failed, fmt.Sprint(api.Statuses[e.Error.Code]))
	}
	text += fmt.Sprintf(" %d", done)
	if len(failed) > 0 {
		text += "+" + strings.Join(failed, "+")
	}
	filtered := row.Action == access.SeeProject || row.Action == access.SeeSecret
	return outcome{text, done > 0 || len(failed) == 0 && !filtered}
}

// ask sends a question in a world of its own, and answers how many transactions changed something, too.
func (q question) ask(t *testing.T, c column) (outcome, int64) {
	t.Helper()
	p := newProbe(t, q.row)
	r := p.send(t, q.draft.as(c))
	return outcomeOf(q.row, r), p.counter.writes.Load()
}

// TestOwnersAdminsAuditorsAndOthersMayWhatTheirRoleSays asks every operation as everybody. That no role may more or less
// than before is held by a file; what must be so whatever the file says is checked besides.
func TestOwnersAdminsAuditorsAndOthersMayWhatTheirRoleSays(t *testing.T) {
	var text strings.Builder
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	fmt.Fprintf(out, "operation\tevent\t%s\n", strings.Join(titles, "\t"))
	for _, q := range questions(t) {
		cells := make([]string, len(columns))
		for i, c := range columns {
			got, written := q.ask(t, c)
			cells[i] = got.text
			q.check(t, c, got, written)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", q.row.Name, q.event, strings.Join(cells, "\t"))
	}
	must(out.Flush())
	compareText(t, rolesFile, trimmed(text.String()))
}

// check is what must be so of one answer.
func (q question) check(t *testing.T, c column, got outcome, written int64) {
	t.Helper()
	where := fmt.Sprintf("%s %s as %s: %s", q.row.Name, q.event, c.title, got.text)
	if !got.allowed && written > 0 {
		t.Errorf("%s, and %d transactions were written", where, written)
	}
	switch c.title {
	case "owner":
		if !got.allowed {
			t.Errorf("%s; owners may do everything", where)
		}
	case "admin":
		if ownersAlone := q.row.Action == access.ChangeOrganization || strings.Contains(q.event, "owner"); got.allowed == ownersAlone {
			t.Errorf("%s; admins may do everything but what names owners", where)
		}
	case "auditor":
		if written > 0 {
			t.Errorf("%s, and %d transactions were written; auditors change nothing", where, written)
		}
	case "disabled", "stranger":
		if got.text != "403" {
			t.Errorf("%s; nothing is for them, and all of it is refused alike", where)
		}
	}
	if c.granted || q.row.Action == "" || strings.Contains(q.event, "owner") {
		return
	}
	decision := access.Evaluate(access.Request{
		Principal: c.principal, Action: q.row.Action, Subject: uuid.Max, Now: worldTime,
		Project: &access.Project{ID: fixedID(31), Live: true}, Secret: &access.Secret{ID: fixedID(51), Live: true},
	})
	if decision.Allowed != got.allowed {
		t.Errorf("%s; package access says of %s: %t, %s", where, q.row.Action, decision.Allowed, decision)
	}
}

// trimmed is text without spaces at the ends of lines.
func trimmed(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func compareText(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		must(os.WriteFile(file, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("somebody may do more or less than before (-%s +got):\n%s", file, diff)
	}
}

// TestTheColumnsAreTheWorld: somebody of each role, kind and state is among them.
func TestTheColumnsAreTheWorld(t *testing.T) {
	roles := []access.Role{access.RoleOwner, access.RoleAdmin, access.RoleMember, access.RoleAuditor, ""}
	for _, role := range roles {
		if !slices.ContainsFunc(columns, func(c column) bool { return c.principal.Role == role }) {
			t.Errorf("nobody has the role %q", role)
		}
	}
	w := newWorld(t, nil)
	for _, c := range columns {
		p := &probe{world: w, row: operation.MustLookup(operation.Whoami)}
		r := p.send(t, parseDraft(samplePayload(t, operation.Whoami, bases[operation.Whoami])).as(c))
		if known := c.title != "stranger" && c.title != "disabled"; (r.StatusCode == 200) != known {
			t.Errorf("%s is answered %d: %s", c.title, r.StatusCode, r.Body)
		} else if known && !bytes.Contains(r.Body, []byte(c.principal.ID.String())) {
			t.Errorf("%s is somebody else: %s", c.title, r.Body)
		}
	}
}

func samplePayload(t *testing.T, name operation.Name, event string) []byte {
	t.Helper()
	for _, s := range routed(t) {
		if s.operation == name && s.name == event {
			return s.payload
		}
	}
	t.Fatalf("%s has no event named %q", name, event)
	return nil
}
