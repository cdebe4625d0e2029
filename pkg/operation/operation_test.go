package operation_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/access"
	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
)

var update = flag.Bool("update", false, "rewrite the README's table of operations")

func TestTheTableHoldsTogether(t *testing.T) {
	if n := len(operation.Table); n != 67 {
		t.Errorf("the table has %d rows; the contract has 67", n)
	}
	names, routes := map[operation.Name]bool{}, map[string]bool{}
	word := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, row := range operation.Table {
		if names[row.Name] || !word.MatchString(string(row.Name)) {
			t.Errorf("the name %q is there twice, or is no name", row.Name)
		}
		names[row.Name] = true
		if row.Summary == "" || strings.HasSuffix(row.Summary, ".") {
			t.Errorf("%s: the summary %q is not one line without a full stop", row.Name, row.Summary)
		}
		if row.Action != "" && !slices.Contains(access.Actions(), row.Action) {
			t.Errorf("%s needs the action %q, which package access does not know", row.Name, row.Action)
		}
		route, ok := row.Trigger.(operation.HTTP)
		if !ok {
			checkUnrouted(t, row)
			continue
		}
		if routes[route.Route()] {
			t.Errorf("%s is there twice", route.Route())
		}
		routes[route.Route()] = true
		if (route.Status == 204) == route.Body && route.Method == "DELETE" {
			t.Errorf("%s: a DELETE has no body and answers 204", row.Name)
		}
	}
}

// checkUnrouted checks what nobody asks for over HTTP.
func checkUnrouted(t *testing.T, row operation.Row) {
	t.Helper()
	if row.Action != "" {
		t.Errorf("%s needs the action %q, and there is no caller", row.Name, row.Action)
	}
	switch trigger := row.Trigger.(type) {
	case operation.Stream:
		if len(trigger.Items) == 0 || slices.ContainsFunc(trigger.Items, func(of operation.Items) bool { return of.PK == "" }) {
			t.Errorf("%s wants the items %q", row.Name, trigger.Items)
		}
	case operation.Event:
		if len(trigger.Rules) == 0 || slices.ContainsFunc(trigger.Rules, func(r operation.EventRule) bool { return r.Source == "" }) {
			t.Errorf("%s has the rules %v", row.Name, trigger)
		}
	case operation.Schedule:
		if trigger.Every <= 0 || trigger.After < 0 || trigger.After >= trigger.Every ||
			trigger.Every%time.Minute != 0 || trigger.After%time.Minute != 0 {
			t.Errorf("%s has a schedule that is none: %+v", row.Name, trigger)
		}
	}
}

func TestPathParameters(t *testing.T) {
	row := operation.MustLookup(operation.GetSecretVersion)
	got := row.Trigger.(operation.HTTP).PathParameters()
	if diff := cmp.Diff([]string{"secretId", "version"}, got); diff != "" {
		t.Error(diff)
	}
}

// starter says, for the README, what starts an operation.
func starter(t *testing.T, trigger operation.Trigger) string {
	t.Helper()
	switch trigger := trigger.(type) {
	case operation.HTTP:
		return "`" + trigger.Route() + "`"
	case operation.Invoke:
		return "invoked with IAM"
	case operation.Stream:
		return "the table's stream"
	case operation.Schedule:
		return "a schedule: " + trigger.String()
	case operation.Event:
		return "events of " + trigger.String()
	}
	t.Fatalf("the README has no word for a %T", trigger)
	return ""
}

// TestTheReadmeListsTheTable compares the README's table of operations with the table. Run it with
// -update to rewrite the README.
func TestTheReadmeListsTheTable(t *testing.T) {
	const path, begin, end = "../../README.md",
		"<!-- operations: held equal to the table by a test -->\n", "<!-- end of operations -->"
	var want strings.Builder
	want.WriteString("| operation | route | |\n| --- | --- | --- |\n")
	for _, row := range operation.Table {
		fmt.Fprintf(&want, "| %s | %s | %s |\n", row.Name, starter(t, row.Trigger), row.Summary)
	}
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(readme), begin)
	got, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatal("the README has no place for the operations")
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want.String()+end+after), 0o644); err != nil { //nolint:gosec // a README is for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want.String(), got); diff != "" {
		t.Errorf("the README's operations are not the table's; run go test ./pkg/operation -update (-table +README):\n%s", diff)
	}
}

func TestASchedulesNextTime(t *testing.T) {
	hourly := operation.Schedule{Every: time.Hour, After: 10 * time.Minute}
	for at, want := range map[string]string{"15:09": "15:10", "15:10": "16:10", "23:59": "00:10"} {
		now, err := time.Parse("15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		if got := hourly.Next(now).Format("15:04"); got != want {
			t.Errorf("after %s it is due at %s, not %s", at, got, want)
		}
	}
}

// TestASchedulesBeginning: periods that no day is a multiple of count from the first of January 1970, a Thursday.
func TestASchedulesBeginning(t *testing.T) {
	weekly := operation.Schedule{Every: 7 * 24 * time.Hour, After: 3 * time.Hour}
	for at, want := range map[string]string{
		"2026-11-26T02:59:59Z": "2026-11-26T03:00:00Z", "2026-11-26T03:00:00+00:00": "2026-12-03T03:00:00Z",
		"2026-11-26T03:30:00+01:00": "2026-11-26T03:00:00Z", "1970-01-01T00:00:00Z": "1970-01-01T03:00:00Z",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := weekly.Next(now).Format(time.RFC3339); got != want {
			t.Errorf("after %s it is due at %s, not %s", at, got, want)
		}
	}
}

func TestASchedulesWords(t *testing.T) {
	for want, s := range map[string]operation.Schedule{
		"every hour":                  {Every: time.Hour},
		"every hour, 10 minutes past": {Every: time.Hour, After: 10 * time.Minute},
		"every 6 hours":               {Every: 6 * time.Hour},
		"every 5 minutes":             {Every: 5 * time.Minute},
		"every day, at 03:30 UTC":     {Every: 24 * time.Hour, After: 210 * time.Minute},
		"every 90 days, at 00:00 UTC": {Every: 90 * 24 * time.Hour},
	} {
		if got := s.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAStreamWantsItsItems(t *testing.T) {
	s := operation.Stream{Items: []operation.Items{{PK: "EVENT#"}, {PK: "SECRET#", SK: "READ#"}}}
	if !s.Wants("EVENT#2026", "1") || !s.Wants("SECRET#1", "READ#1") || s.Wants("SECRET#1", "SECRET") || s.Wants("PROJECT#1", "READ#1") {
		t.Error("the items are not told apart")
	}
}

func TestAnEventsRulesMatch(t *testing.T) {
	e := operation.Event{Rules: []operation.EventRule{
		{Source: "strongroom", Types: []string{"Principal Deleted", "Principal Disabled"}}, {Source: "strongroom.leak"},
		{Source: "aws.health", Types: []string{"AWS Health Event"}, Fields: map[string][]string{"service": {"RISK"}, "code": {"A", "B"}}},
	}}
	for words, want := range map[string]bool{
		"strongroom|Principal Disabled": true, "strongroom|Secret Created": false, "strongroom.leak|whatever": true, "other|Principal Disabled": false,
		"aws.health|AWS Health Event|service=RISK|code=B": true, "aws.health|AWS Health Event|service=RISK": false,
		"aws.health|AWS Health Event|service=RISK|code=C": false, "aws.health|Other|service=RISK|code=A": false,
	} {
		parts, fields := strings.Split(words, "|"), map[string]string{}
		for _, part := range parts[2:] {
			name, value, _ := strings.Cut(part, "=")
			fields[name] = value
		}
		if got := e.Wants(parts[0], parts[1], func(name string) string { return fields[name] }); got != want {
			t.Errorf("%s: %t", words, got)
		}
	}
	const want = "strongroom: Principal Deleted, Principal Disabled; strongroom.leak; aws.health: AWS Health Event, code A or B, service RISK"
	if e.String() != want || e.Rules[0].OfAWS() || !e.Rules[2].OfAWS() {
		t.Errorf("in words %s", e)
	}
}

// TestWhatOnlyReadsPutsEventsAlone: a function that answers a GET records, and changes nothing else.
func TestWhatOnlyReadsPutsEventsAlone(t *testing.T) {
	n := 0
	for _, row := range operation.Table {
		if route, ok := row.Trigger.(operation.HTTP); !ok || route.Method != "GET" {
			continue
		}
		n++
		for _, of := range row.Access.Table {
			switch {
			case of.Action == operation.DeleteItem,
				of.Action == operation.PutItem && !slices.Equal(of.Partitions, []operation.Partition{operation.Events}):
				t.Errorf("%s does %s on %q", row.Name, of.Action, of.Partitions)
			}
		}
	}
	if n < 25 {
		t.Errorf("only %d operations are GETs", n)
	}
}

// TestEachActionIsNamedOnce, with its partitions in order, so that a role has one statement for it.
func TestEachActionIsNamedOnce(t *testing.T) {
	for _, row := range operation.Table {
		seen := map[operation.TableAction]bool{}
		for _, of := range row.Access.Table {
			if seen[of.Action] || len(of.Partitions) == 0 || !slices.IsSorted(of.Partitions) {
				t.Errorf("%s: %s on %q", row.Name, of.Action, of.Partitions)
			}
			seen[of.Action] = true
		}
		if seen[operation.ConditionCheckItem] {
			t.Errorf("%s checks conditions; see ConditionCheckItem", row.Name)
		}
	}
}

func TestPartitionsAreToldApart(t *testing.T) {
	const organization = "ORG#01a20a35-6080-7000-8000-000000000001"
	for pk, want := range map[string]operation.Partition{
		"SEAL": operation.Seals, "SEALINDEX#2026-11-23T21": operation.SealIndexes, "REMOVAL": operation.Removals,
		"EVENT#2026-11-23T21#unbound": operation.Events, organization: operation.Organizations,
		organization + "#TRASH": operation.TrashLists, organization + "#UNASSIGNED": operation.Unassigned,
		organization + "#SECRETS#3": operation.Index2Partition,
	} {
		if got := operation.PartitionOf(pk); got != want || !want.Has(pk) || !want.Has(want.Example()) {
			t.Errorf("%s is of %s", pk, got)
		}
	}
	for _, of := range []operation.Partition{operation.Organizations, operation.TrashLists, operation.Index2Partition} {
		for _, pk := range []string{organization + "#UNASSIGNED", organization + "x", "ORG#o", "ORG#", "SECRET#" + organization} {
			if of.Has(pk) {
				t.Errorf("%s has %s", of, pk)
			}
		}
	}
	if operation.Seals.Has("SEALINDEX#2026") || operation.Events.Has("EVENT") || operation.Removals.Has("REMOVALS") {
		t.Error("a partition has another's keys")
	}
	if got := operation.Seals.Pattern() + " " + operation.SealIndexes.Pattern(); got != "SEAL SEALINDEX#*" ||
		operation.TrashLists.Pattern() != "ORG#"+strings.Repeat("?", 36)+"#TRASH" {
		t.Errorf("the patterns are %s", got)
	}
}

// TestMetricsOfOneOperationNameIt as the table does.
func TestMetricsOfOneOperationNameIt(t *testing.T) {
	named := 0
	for _, row := range metric.Table {
		if row.Only != "" {
			named++
			operation.MustLookup(operation.Name(row.Only))
		}
	}
	if named != 5 {
		t.Errorf("%d metrics are of one operation", named)
	}
}
