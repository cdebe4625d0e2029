package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
)

// TestFunctionsAreTheTables: one function for each row, and no other.
func TestFunctionsAreTheTables(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		var want, got []string
		for _, row := range operation.Table {
			want = append(want, string(row.Name))
		}
		for _, f := range a.of("AWS::Lambda::Function") {
			name, ok := strings.CutPrefix(f.Properties["FunctionName"].(string), "strongroom-"+a.settings.Stage+"-")
			if !ok {
				t.Errorf("%s is named %v", f.name(), f.Properties["FunctionName"])
			}
			got = append(got, name)
			checkFunction(t, f, operation.MustLookup(operation.Name(name)))
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-table +template):\n%s", diff)
		}
	})
}

// checkFunction checks how a function runs.
func checkFunction(t *testing.T, f placed, row operation.Row) {
	t.Helper()
	seconds := 15.0
	switch row.Trigger.(type) {
	case operation.Stream, operation.Event:
		seconds = 60
	case operation.Schedule:
		seconds = 900
	}
	want := map[string]any{
		"Runtime": "provided.al2023", "Architectures": []any{"arm64"}, "Handler": "bootstrap", "Timeout": seconds,
		"ReservedConcurrentExecutions": nil, "VpcConfig": nil, "MemorySize": float64(f.whole.settings.MemoryMB),
	}
	for property, value := range want {
		if diff := cmp.Diff(value, f.Properties[property]); diff != "" {
			t.Errorf("%s: %s (-wanted +is):\n%s", row.Name, property, diff)
		}
	}
	if log := f.text(f.Properties["LoggingConfig"].(map[string]any)["LogGroup"]); log != string(row.Name)+"/Log" {
		t.Errorf("%s writes the log %s", row.Name, log)
	}
	if diff := cmp.Diff(variables(row), environmentOf(f)); diff != "" {
		t.Errorf("%s: environment (-wanted +is):\n%s", row.Name, diff)
	}
}

func environmentOf(f placed) map[string]string {
	all := map[string]string{}
	for name, value := range f.Properties["Environment"].(map[string]any)["Variables"].(map[string]any) {
		all[name] = f.text(value)
	}
	return all
}

// variables are those that a function is to have.
func variables(row operation.Row) map[string]string {
	all := map[string]string{
		"GOMAXPROCS": "1", "STRONGROOM_TABLE": "Table", "STRONGROOM_ORGANIZATION": "part 2 of ${AWS::StackId}",
		"STRONGROOM_ACCOUNT": "${AWS::AccountId}", "STRONGROOM_CLIENT_KEY": "ClientKey.Arn",
	}
	if _, ok := row.Trigger.(operation.HTTP); ok {
		all["STRONGROOM_API"] = "Api"
	}
	for name, needed := range map[string]bool{
		"STRONGROOM_STORAGE_KEY=StorageKey.Arn": len(row.Access.StorageKey) > 0,
		"STRONGROOM_SIGNING_KEY=SigningKey.Arn": len(row.Access.SigningKey) > 0,
		"STRONGROOM_BUS=Bus":                    row.Access.Bus,
		"STRONGROOM_ARCHIVE=Archive":            row.Access.Archive,
	} {
		if name, value, _ := strings.Cut(name, "="); needed {
			all[name] = value
		}
	}
	return all
}

// TestRoutesAreTheTables: one route for each row that has one, behind the IAM authorizer, to its own function; and no other.
func TestRoutesAreTheTables(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		want, got := map[string]string{}, map[string]string{}
		for _, row := range operation.Table {
			if route, ok := row.Trigger.(operation.HTTP); ok {
				want[route.Route()] = string(row.Name)
			}
		}
		for _, r := range a.of("AWS::ApiGatewayV2::Route") {
			integration := strings.TrimPrefix(r.text(r.Properties["Target"]), "integrations/")
			for _, i := range a.of("AWS::ApiGatewayV2::Integration") {
				if i.name() == integration {
					got[r.Properties["RouteKey"].(string)] = strings.TrimSuffix(i.text(i.Properties["IntegrationUri"]), "/Function.Arn")
				}
			}
			if r.Properties["AuthorizationType"] != "AWS_IAM" || r.text(r.Properties["ApiId"]) != "Api" {
				t.Errorf("%s is open, or of another API", r.name())
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-table +template):\n%s", diff)
		}
	})
}

// TestInvokersAreExact: what is not a person's IAM right to invoke a function is one route, with its method and path, or
// one rule.
func TestInvokersAreExact(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		want, got := map[string][]string{}, map[string][]string{}
		for _, row := range operation.Table {
			switch trigger := row.Trigger.(type) {
			case operation.HTTP:
				want[string(row.Name)] = []string{"apigateway.amazonaws.com arn:aws:execute-api:eu-central-1:${AWS::AccountId}:Api/*/" +
					trigger.Method + trigger.Path}
			case operation.Schedule:
				want[string(row.Name)] = []string{"events.amazonaws.com " + string(row.Name) + "/Schedule.Arn"}
			case operation.Event:
				for _, rule := range trigger.Rules {
					id := "On" + camel(operation.Name(strings.ReplaceAll(rule.Source, ".", "-")))
					want[string(row.Name)] = append(want[string(row.Name)], "events.amazonaws.com "+string(row.Name)+"/"+id+".Arn")
				}
				slices.Sort(want[string(row.Name)])
			}
		}
		for _, p := range a.of("AWS::Lambda::Permission") {
			name := strings.TrimSuffix(p.text(p.Properties["FunctionName"]), "/Function.Arn")
			if p.Properties["Action"] != "lambda:InvokeFunction" || len(p.Properties) != 4 {
				t.Errorf("%s has a permission of another kind: %v", name, p.Properties)
			}
			got[name] = append(got[name], p.text(p.Properties["Principal"])+" "+p.text(p.Properties["SourceArn"]))
		}
		for _, all := range got {
			slices.Sort(all)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-table +template):\n%s", diff)
		}
	})
}

// TestStreamsAreTheTables rebuilds, from the filters, which items wake a function.
func TestStreamsAreTheTables(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		want, got := map[string]operation.Stream{}, map[string]operation.Stream{}
		for _, row := range operation.Table {
			if stream, ok := row.Trigger.(operation.Stream); ok {
				want[string(row.Name)] = stream
			}
		}
		for _, m := range a.of("AWS::Lambda::EventSourceMapping") {
			name := m.operation()
			got[name] = operation.Stream{Items: filtered(t, m)}
			said := map[string]string{
				"FunctionName": name + "/Function.Arn", "EventSourceArn": "Table.StreamArn", "StartingPosition": "TRIM_HORIZON",
				"BatchSize": fmt.Sprint(operation.StreamBatch), "BisectBatchOnFunctionError": "true",
			}
			for property, value := range said {
				if is := m.text(m.Properties[property]); is != value {
					t.Errorf("%s: %s is %s, not %s", name, property, is, value)
				}
			}
			failed := m.Properties["DestinationConfig"].(map[string]any)["OnFailure"].(map[string]any)["Destination"]
			if queue := m.text(failed); queue != name+"/DeadLetters.Arn" {
				t.Errorf("%s leaves its dead letters in %s", name, queue)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-table +template):\n%s", diff)
		}
	})
}

// filtered are the items that a mapping's filters let through.
func filtered(t *testing.T, m placed) []operation.Items {
	t.Helper()
	var all []operation.Items
	for _, f := range m.Properties["FilterCriteria"].(map[string]any)["Filters"].([]any) {
		type beginning []struct{ Prefix string }
		var pattern struct {
			DynamoDB struct {
				Keys map[string]struct{ S beginning }
			}
		}
		if err := json.Unmarshal([]byte(f.(map[string]any)["Pattern"].(string)), &pattern); err != nil {
			t.Fatal(err)
		}
		keys := pattern.DynamoDB.Keys
		items := operation.Items{PK: keys["PK"].S[0].Prefix}
		if sk := keys["SK"].S; len(sk) > 0 {
			items.SK = sk[0].Prefix
		}
		all = append(all, items)
	}
	return all
}

// TestSchedulesAreTheTables reads the rules' cron expressions and finds every time of a day that the table has, and no
// other.
func TestSchedulesAreTheTables(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		want, got := map[string][]string{}, map[string][]string{}
		for _, row := range operation.Table {
			if schedule, ok := row.Trigger.(operation.Schedule); ok {
				want[string(row.Name)] = dueTimes(schedule)
			}
		}
		for _, r := range a.of("AWS::Events::Rule") {
			if _, ok := r.Properties["ScheduleExpression"]; !ok {
				continue
			}
			got[r.operation()] = cronTimes(t, r.Properties["ScheduleExpression"].(string))
			target := r.Properties["Targets"].([]any)[0].(map[string]any)
			if r.text(target["Arn"]) != r.operation()+"/Function.Arn" ||
				r.text(target["DeadLetterConfig"].(map[string]any)["Arn"]) != r.operation()+"/DeadLetters.Arn" {
				t.Errorf("%s starts %s", r.operation(), r.text(target["Arn"]))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-table +template):\n%s", diff)
		}
	})
}

// TestEventsAreTheTables rebuilds, from the rules' patterns, which events start a function, and over which bus they come.
func TestEventsAreTheTables(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		want, got := map[string][]string{}, map[string][]string{}
		for _, row := range operation.Table {
			if trigger, ok := row.Trigger.(operation.Event); ok {
				for _, rule := range trigger.Rules {
					bus := "Bus"
					if rule.OfAWS() {
						bus = "default"
					}
					want[string(row.Name)] = append(want[string(row.Name)], bus+" "+rule.String())
				}
			}
		}
		for _, r := range a.of("AWS::Events::Rule") {
			if r.Properties["EventPattern"] == nil || operation.Name(r.operation()) != operation.RotateOnEvent {
				continue
			}
			encoded, err := json.Marshal(r.Properties["EventPattern"])
			if err != nil {
				t.Fatal(err)
			}
			var pattern struct {
				Source     []string
				DetailType []string `json:"detail-type"`
				Detail     map[string][]string
			}
			decoder := json.NewDecoder(strings.NewReader(string(encoded)))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&pattern); err != nil || len(pattern.Source) != 1 {
				t.Fatalf("the pattern %s: %v", encoded, err)
			}
			rule, bus := operation.EventRule{Source: pattern.Source[0], Types: pattern.DetailType, Fields: pattern.Detail}, "default"
			if name := r.Properties["EventBusName"]; name != nil {
				bus = r.text(name)
			}
			got[r.operation()] = append(got[r.operation()], bus+" "+rule.String())
			target := r.Properties["Targets"].([]any)[0].(map[string]any)
			if r.text(target["Arn"]) != r.operation()+"/Function.Arn" ||
				r.text(target["DeadLetterConfig"].(map[string]any)["Arn"]) != r.operation()+"/DeadLetters.Arn" {
				t.Errorf("%s starts %s", r.operation(), r.text(target["Arn"]))
			}
		}
		for _, all := range []map[string][]string{want, got} {
			for _, rules := range all {
				slices.Sort(rules)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-table +template):\n%s", diff)
		}
	})
}

func dueTimes(s operation.Schedule) []string {
	midnight := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	var all []string
	for at := s.Next(midnight.Add(-time.Second)); at.Before(midnight.Add(24 * time.Hour)); at = s.Next(at) {
		all = append(all, at.Format("15:04"))
	}
	return all
}

// cronTimes are the times of a day of a cron expression whose days are all.
func cronTimes(t *testing.T, expression string) []string {
	t.Helper()
	fields := strings.Fields(strings.Trim(strings.TrimPrefix(expression, "cron"), "()"))
	if len(fields) != 6 || !slices.Equal(fields[2:], []string{"*", "*", "?", "*"}) {
		t.Fatalf("%s is not of every day", expression)
	}
	of := func(field string, most int) []int {
		if field == "*" {
			field = "0/1"
		}
		var first, step int
		if n, _ := fmt.Sscanf(field, "%d/%d", &first, &step); n < 2 {
			return []int{first}
		}
		var all []int
		for i := first; i < most; i += step {
			all = append(all, i)
		}
		return all
	}
	var all []string
	for _, hour := range of(fields[1], 24) {
		for _, minute := range of(fields[0], 60) {
			all = append(all, fmt.Sprintf("%02d:%02d", hour, minute))
		}
	}
	return all
}

func TestCron(t *testing.T) {
	for want, s := range map[string]operation.Schedule{
		"cron(10 * * * ? *)":   {Every: time.Hour, After: 10 * time.Minute},
		"cron(0/15 * * * ? *)": {Every: 15 * time.Minute},
		"cron(7/20 * * * ? *)": {Every: 20 * time.Minute, After: 7 * time.Minute},
		"cron(30 1/6 * * ? *)": {Every: 6 * time.Hour, After: 90 * time.Minute},
		"cron(15 3 * * ? *)":   {Every: 24 * time.Hour, After: 3*time.Hour + 15*time.Minute},
	} {
		got, err := cron(s)
		if err != nil || got != want {
			t.Errorf("%v is %s: %v", s, got, err)
		}
		if diff := cmp.Diff(dueTimes(s), cronTimes(t, got)); diff != "" {
			t.Errorf("%s (-schedule +cron):\n%s", got, diff)
		}
	}
	for _, s := range []operation.Schedule{{Every: 7 * time.Minute}, {Every: 5 * time.Hour}, {Every: 90 * time.Minute}, {Every: 48 * time.Hour}} {
		if got, err := cron(s); err == nil {
			t.Errorf("every %v is %s", s.Every, got)
		}
	}
}

// TestNothingStartsCreateOrganization: an administrator does, with IAM rights of their own.
func TestNothingStartsCreateOrganization(t *testing.T) {
	a := stage(t, "prod")
	kinds := map[string]bool{}
	for _, template := range a.nested {
		for id, r := range template.Resources {
			if strings.HasPrefix(template.named(id), string(operation.CreateOrganization)+"/") {
				kinds[r.Type] = true
			}
		}
	}
	want := []string{"AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Logs::LogGroup"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(kinds))); diff != "" {
		t.Error(diff)
	}
}
