package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/metric"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// TestAlarms: which there are, from where on, and that each sends its beginning and end to the topic and says what to do.
func TestAlarms(t *testing.T) {
	want := map[string]string{
		"server-errors": ">= 1, 2 times", "function-throttles": ">= 1, 2 times", "table-throttled": ">= 10, 2 times",
		"many-denied": ">= 50, 1 times", "seal-late": ">= 8100, 1 times, silence too", "foreign-invoke": ">= 1, 1 times",
		"rotations-late": ">= 600, 1 times, silence too", "rotations-failed": ">= 1, 1 times",
	}
	for _, row := range operation.Table {
		switch row.Trigger.(type) {
		case operation.Stream:
			want["behind-"+string(row.Name)] = ">= 300000, 3 times"
			want["dead-letters-"+string(row.Name)] = ">= 1, 1 times"
		case operation.Schedule, operation.Event:
			want["dead-letters-"+string(row.Name)] = ">= 1, 1 times"
		}
	}
	a, got := stage(t, "prod"), map[string]string{}
	for _, alarm := range a.of("AWS::CloudWatch::Alarm") {
		p, name := alarm.Properties, alarmed(t, alarm)
		got[name] = fmt.Sprintf(">= %v, %v times", p["Threshold"], p["EvaluationPeriods"])
		if p["TreatMissingData"] == "breaching" {
			got[name] += ", silence too"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-wanted +is):\n%s", diff)
	}
}

// alarmed is what an alarm is about. It tells people, of its end too, and says what to do.
func alarmed(t *testing.T, alarm placed) string {
	t.Helper()
	p := alarm.Properties
	name := strings.TrimPrefix(p["AlarmName"].(string), "strongroom-prod-")
	if alarm.text(p["AlarmActions"]) != "Alarms" || alarm.text(p["OKActions"]) != "Alarms" || p["ComparisonOperator"] != "GreaterThanOrEqualToThreshold" {
		t.Errorf("%s acts on %v, %v, when %v", name, p["AlarmActions"], p["OKActions"], p["ComparisonOperator"])
	}
	if words := strings.Fields(p["AlarmDescription"].(string)); len(words) < 15 {
		t.Errorf("%s does not say what to do: %v", name, p["AlarmDescription"])
	}
	return name
}

// TestAlarmsWatchWhatFunctionsWrite: with the dimension that pkg/metric says, since CloudWatch takes a metric with others
// for another one, which nobody writes.
func TestAlarmsWatchWhatFunctionsWrite(t *testing.T) {
	watched := map[string]string{}
	for _, alarm := range stage(t, "prod").of("AWS::CloudWatch::Alarm") {
		all := []map[string]any{alarm.Properties}
		if parts, ok := alarm.Properties["Metrics"].([]any); ok {
			all = nil
			for _, part := range parts {
				if stat, ok := object(part)["MetricStat"].(map[string]any); ok {
					all = append(all, object(stat["Metric"]))
				}
			}
		}
		for _, m := range all {
			if m["Namespace"] != metric.Namespace {
				continue
			}
			dimensions, _ := m["Dimensions"].([]any)
			watched[m["MetricName"].(string)] = fmt.Sprint(dimensions)
		}
	}
	want := map[string]string{
		string(metric.Denied):         "[]",
		string(metric.SealAgeSeconds): "[map[Name:operation Value:seal-events]]",

		string(metric.RotationsFailed):     "[]",
		string(metric.RotationLateSeconds): "[map[Name:operation Value:dispatch-rotations]]",
	}
	if diff := cmp.Diff(want, watched); diff != "" {
		t.Errorf("(-wanted +is):\n%s", diff)
	}
	for name, dimensions := range want {
		if metric.Lookup(metric.Name(name)).PerOperation != (dimensions != "[]") {
			t.Errorf("pkg/metric says otherwise of %s", name)
		}
	}
}

// TestForeignInvokesAreCounted: whoever invokes as an identity, through an API of their own too.
func TestForeignInvokesAreCounted(t *testing.T) {
	for _, f := range stage(t, "prod").of("AWS::Logs::MetricFilter") {
		if f.name() != "ForeignInvokes" {
			continue
		}
		pattern := f.Properties["FilterPattern"].(string)
		for _, part := range []string{
			"invokedBy NOT EXISTS", `invokedBy != "apigateway.amazonaws.com"`, `type = "AssumedRole"`, `type = "IAMUser"`, `type = "Root"`,
		} {
			if !strings.Contains(pattern, "$.userIdentity."+part) {
				t.Errorf("%s is not counted by %s", part, pattern)
			}
		}
		return
	}
	t.Error("there is no filter of foreign invocations")
}

// TestTheTrailIsKept whatever becomes of the deployment.
func TestTheTrailIsKept(t *testing.T) {
	for _, b := range stage(t, "prod").of("AWS::S3::Bucket") {
		if b.name() == "TrailBucket" && b.DeletionPolicy != "Retain" {
			t.Errorf("%s is %s", b.name(), b.DeletionPolicy)
		}
	}
}

// TestTheDashboardShowsWhatFunctionsMeasure: every metric of pkg/metric's table, with the dimension that it has.
func TestTheDashboardShowsWhatFunctionsMeasure(t *testing.T) {
	d := only(t, stage(t, "prod"), "AWS::CloudWatch::Dashboard")
	body := d.text(d.Properties["DashboardBody"])
	var page struct {
		Widgets []struct{ Properties struct{ Metrics [][]any } }
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		t.Fatalf("the page is no JSON: %v\n%s", err, body)
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, row := range metric.Table {
		want[string(row.Name)] = row.PerOperation
	}
	perOperation := regexp.MustCompile(`SEARCH\('\{Strongroom,operation\} MetricName="(\w+)"'`)
	for _, w := range page.Widgets {
		for _, line := range w.Properties.Metrics {
			if found := perOperation.FindStringSubmatch(fmt.Sprint(line)); found != nil {
				got[found[1]] = true
			}
			if line[0] == metric.Namespace {
				name, _ := line[1].(string)
				if dimensions := len(line) - 2; dimensions > 1 { // the last one is how it is drawn
					t.Errorf("%s has dimensions: %v", name, line)
				}
				got[name] = false
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-table +dashboard; true is by operation):\n%s", diff)
	}
	for _, line := range []string{
		"IteratorAge", "ApproximateNumberOfMessagesVisible", "ReadThrottleEvents", "5xx",
		`MetricName=\"Duration\" strongroom prod', 'p50'`, `MetricName=\"Duration\" strongroom prod', 'p99'`,
	} {
		if !strings.Contains(body, line) {
			t.Errorf("%s is not shown", line)
		}
	}
	if len(page.Widgets) != 24 {
		t.Errorf("%d graphs", len(page.Widgets))
	}
}

// TestKeysAreWatched: a rule for what makes a key useless or opens it, for each key of the data stack.
func TestKeysAreWatched(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		got := map[string]string{}
		for _, r := range a.of("AWS::Events::Rule") {
			pattern, ok := r.Properties["EventPattern"].(map[string]any)
			if !ok || r.text(pattern["source"]) != "aws.kms" {
				continue // the clock's, or one that starts a function or a worker
			}
			target := object(r.Properties["Targets"].([]any)[0])
			if r.text(target["Arn"]) != "Alarms" {
				t.Errorf("%s tells %v", r.name(), target["Arn"])
			}
			detail := object(pattern["detail"])
			of := pattern["resources"]
			if detail != nil {
				of = object(detail["resources"])["ARN"]
			}
			got[r.name()] = r.text(pattern["detail-type"]) + ": " + r.text(of)
			if detail != nil && r.text(detail["eventName"]) != "DisableKey,DisableKeyRotation,PutKeyPolicy,ReplicateKey,ScheduleKeyDeletion" {
				t.Errorf("%s is for %v", r.name(), detail["eventName"])
			}
		}
		want := map[string]string{
			"KeyCalls":    "AWS API Call via CloudTrail: ClientKey.Arn,SigningKey.Arn,StorageKey.Arn,TableKey.Arn",
			"KeysDeleted": "KMS CMK Deletion: ClientKey.Arn,SigningKey.Arn,StorageKey.Arn,TableKey.Arn",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-wanted +is):\n%s", diff)
		}
	})
}

// TestTheTrailSeesInvocations of every function that somebody waits for, and of no other: what starts those of the stream
// is Lambda itself.
func TestTheTrailSeesInvocations(t *testing.T) {
	if n := len(stage(t, "dev").of("AWS::CloudTrail::Trail")); n != 0 {
		t.Errorf("dev has %d trails", n)
	}
	trail := only(t, stage(t, "prod"), "AWS::CloudTrail::Trail")
	var want, got []string
	for _, row := range operation.Table {
		if answers(row) {
			want = append(want, "arn:aws:lambda:eu-central-1:${AWS::AccountId}:function:strongroom-prod-"+string(row.Name))
		}
	}
	for _, s := range trail.Properties["AdvancedEventSelectors"].([]any) {
		for _, f := range object(s)["FieldSelectors"].([]any) {
			if field := object(f); field["Field"] == "resources.ARN" {
				got = trail.values(field["Equals"])
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || len(got) > 500 { // CloudTrail takes 500 values
		t.Errorf("(-wanted +is):\n%s", diff)
	}
}

// TestLogsAreKeptEncryptedForAWhile: every log group has a key and a retention, and every function and the API one.
func TestLogsAreKeptEncryptedForAWhile(t *testing.T) {
	for name, days := range map[string]float64{"dev": 7, "prod": 90} {
		groups := stage(t, name).all("AWS::Logs::LogGroup")
		for _, g := range groups {
			if g.text(g.Properties["KmsKeyId"]) != "LogKey.Arn" || g.Properties["RetentionInDays"] != days {
				t.Errorf("%s: %s is kept for %v days, under %v", name, g.name(), g.Properties["RetentionInDays"], g.Properties["KmsKeyId"])
			}
		}
		if len(groups) < len(operation.Table)+len(rotation.Rotators)+1 {
			t.Errorf("%s has %d logs", name, len(groups))
		}
	}
}

// TestTheAccessLogHasNoSecrets: it names the variables that it may; a path has ids, a query has names of secrets, a header
// has signatures.
func TestTheAccessLogHasNoSecrets(t *testing.T) {
	s := only(t, stage(t, "prod"), "AWS::ApiGatewayV2::Stage")
	var format map[string]string
	if err := json.Unmarshal([]byte(object(s.Properties["AccessLogSettings"])["Format"].(string)), &format); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"$context.error.message", "$context.identity.sourceIp", "$context.identity.userArn", "$context.integration.error",
		"$context.integration.integrationStatus", "$context.integration.latency", "$context.requestId", "$context.requestTime",
		"$context.responseLatency", "$context.responseLength", "$context.routeKey", "$context.status",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Values(format))); diff != "" {
		t.Errorf("(-wanted +is):\n%s", diff)
	}
	throttle := object(s.Properties["DefaultRouteSettings"])
	if throttle["ThrottlingRateLimit"] != 500.0 || throttle["ThrottlingBurstLimit"] != 1000.0 {
		t.Errorf("throttled at %v", throttle)
	}
}
