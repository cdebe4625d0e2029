package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
)

func TestEventsInWords(t *testing.T) {
	var (
		ids    = [5]uuid.UUID{}
		read   = access.Read
		at     = time.Date(2026, 11, 26, 15, 4, 5, 6e6, time.UTC)
		secret = func(i int, name string) *api.EventResource {
			return &api.EventResource{Kind: "secret", ID: ids[i], Name: name}
		}
	)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	many := make([]api.EventGrant, 22)
	for i := range many {
		many[i] = api.EventGrant{PrincipalID: ids[0]}
	}
	names := eventNames{ids[0]: "alice", ids[1]: "payroll", ids[2]: "NEW"}
	for _, test := range []struct {
		name  string
		event api.Event
		want  []string
	}{
		{"a principal by the name it had, a project in the reason by its own", api.Event{
			Actor: api.EventActor{Kind: "user", ID: &ids[0], Name: "alice", ARN: "arn:aws:iam::000000000000:user/alice"}, Resource: secret(2, "OLD"),
			Reason: "read on project " + ids[1].String() + " until 2026-11-26T15:04:05.006Z", Values: []api.EventValue{{SecretID: ids[2], Version: 3}},
		}, []string{"alice", "secret OLD", "read on project payroll until 2026-11-26T15:04:05Z", "version 3"}},
		{"what was refused has the name it had", api.Event{
			Resource: secret(2, "OLD"), Reason: "write is missing on secret " + ids[2].String() + ", has read",
		}, []string{"", "secret OLD", "write is missing on secret OLD, has read", ""}},
		{"an id behind its name, as who never came has it", api.Event{
			Resource: secret(2, "OLD"), Reason: "12 readers never came, among them alice (" + ids[0].String() + "), old (" + ids[1].String() + "), gone (" + ids[4].String() + ")",
		}, []string{"", "secret OLD", "12 readers never came, among them alice, old (payroll), gone (" + ids[4].String() + ")", ""}},
		{"who is bound to nobody by ARN", api.Event{
			Actor: api.EventActor{Kind: "unbound", ARN: "arn:aws:sts::000000000000:assumed-role/R/S"}, Reason: "bound to nobody",
		}, []string{"arn:aws:sts::000000000000:assumed-role/R/S", "", "bound to nobody", ""}},
		{"a principal without a name by its id", api.Event{
			Actor: api.EventActor{Kind: "user", ID: &ids[4]}, Resource: secret(4, ""),
		}, []string{ids[4].String(), "secret " + ids[4].String(), "", ""}},
		{"what Strongroom does by itself", api.Event{
			Actor: api.EventActor{Kind: "system"}, Resource: &api.EventResource{Kind: "organization", ID: ids[4]},
		}, []string{"Strongroom", "organization", "", ""}},
		{"grants by name, and an emergency with its reason", api.Event{
			Actor: api.EventActor{Kind: "account"}, Changed: []string{"grants"}, Justification: "down\x1b[2J",
			Grants: []api.EventGrant{{PrincipalID: ids[0]}, {PrincipalID: ids[0], Permission: &read}, {PrincipalID: ids[4], Permission: &read, ExpiresAt: &at}},
		}, []string{"account", "", "", `grants: alice none, alice read, ` + ids[4].String() + ` read until 2026-11-26T15:04:05Z, because "down\x1b[2J"`}},
		{"many secrets, some refused", api.Event{
			Actor: api.EventActor{Kind: "account"}, Values: []api.EventValue{{SecretID: ids[2], Version: 3}, {SecretID: ids[3], Version: 1}}, Refused: ids[3:4],
		}, []string{"account", "", "", "2 values, 1 secret refused"}},
		{"one value of a project", api.Event{
			Resource: &api.EventResource{Kind: "project", ID: ids[1], Name: "payroll"}, Values: []api.EventValue{{SecretID: ids[2], Version: 3}},
		}, []string{"", "project payroll", "", "1 value"}},
		{"what else was changed", api.Event{Changed: []string{"name", "group joined: " + ids[0].String(), "grants"}},
			[]string{"", "", "", "name, group joined: alice, grants"}},
		{"more grants than a line holds", api.Event{Grants: many}, []string{"", "", "", "grants: " + listed(many, names.grant)}},
	} {
		test.event.At, test.event.Action, test.event.Decision = at, "an-action", "allowed"
		row := eventListing([]api.Event{test.event}, names).rows[0]
		want := []string{"2026-11-26T15:04:05Z", test.want[0], "an-action", test.want[1], "allowed", test.want[2], test.want[3]}
		if diff := cmp.Diff(want, row); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// What the command line says is checked before anything is sent, and a few of the newest events are asked for as such.
func TestEventFlags(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		flags    eventFlags
		from, to string
		page     int
		wrong    string
	}{
		{flags: eventFlags{limit: 20}, page: 20},
		{flags: eventFlags{limit: 0}},
		{flags: eventFlags{limit: api.MaxLimit + 1}},
		{flags: eventFlags{limit: 20, denied: true}},
		{flags: eventFlags{limit: 20, actor: "ci"}},
		{flags: eventFlags{limit: 20, action: "get-secret"}},
		{flags: eventFlags{limit: 20, since: "24h"}, from: "2026-11-25T12:00:00Z", page: 20},
		{flags: eventFlags{since: "2d"}, from: "2026-11-24T12:00:00Z"},
		{flags: eventFlags{timeFlags: timeFlags{from: "2026-11-01", to: "2026-11-02T15"}}, from: "2026-11-01T00:00:00Z", to: "2026-11-02T15:00:00Z"},
		{flags: eventFlags{timeFlags: timeFlags{to: "2026-11-02T15:04:05.5Z"}}, to: "2026-11-02T15:04:05Z"},
		{flags: eventFlags{since: "yesterday"}, wrong: `--since must be a time as in 90m, 24h or 30d, not "yesterday"`},
		{flags: eventFlags{since: "-1h"}, wrong: `--since must be a time as in 90m, 24h or 30d, not "-1h"`},
		{flags: eventFlags{timeFlags: timeFlags{to: "noon"}},
			wrong: `--to must be a date, an hour or a moment of UTC, such as 2026-11-26, 2026-11-26T15 or 2026-11-26T15:04:05Z, not "noon"`},
		{flags: eventFlags{action: "read"}, wrong: "no operation is called \"read\"; `strongroom call --help` lists them"},
		{flags: eventFlags{limit: -1}, wrong: "--limit must be 0 or more, not -1"},
	} {
		filter, err := test.flags.filter(now)
		if test.wrong != "" {
			if err == nil || err.Error() != test.wrong {
				t.Errorf("%+v: %v", test.flags, err)
			}
			continue
		}
		shown := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return moment(at)
		}
		if err != nil || shown(filter.From) != test.from || shown(filter.To) != test.to || filter.PageSize != test.page {
			t.Errorf("%+v: %+v, %v", test.flags, filter, err)
		}
	}
}
