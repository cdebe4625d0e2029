package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// kinds are those of the table of rotators, as texts in order.
func kinds() []string {
	var all []string
	for _, k := range rotation.Kinds() {
		all = append(all, string(k))
	}
	slices.Sort(all)
	return all
}

// worker is the kind of rotator whose construct the resource stands in.
func (p placed) worker() string { return p.operation() }

// workerRoles are the workers' roles, by kind.
func (a *assembly) workerRoles(t *testing.T) map[string]placed {
	t.Helper()
	all := map[string]placed{}
	for _, r := range a.ofWorkers("AWS::IAM::Role") {
		if all[r.worker()].template != nil || r.Properties["Path"] != "/strongroom/workers/" {
			t.Errorf("%s is one of two, or has the path %v", r.name(), r.Properties["Path"])
		}
		all[r.worker()] = r
	}
	return all
}

// TestWorkersAreTheRotators: one function for each row of the table, and no other, each with a role and a log of its own.
func TestWorkersAreTheRotators(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		var got []string
		for _, f := range a.ofWorkers("AWS::Lambda::Function") {
			kind := f.worker()
			got = append(got, kind)
			tags, _ := f.Properties["Tags"].([]any)
			is := map[string]any{
				"name": f.Properties["FunctionName"], "runtime": f.Properties["Runtime"], "handler": f.Properties["Handler"],
				"architecture": f.text(f.Properties["Architectures"]), "timeout": f.Properties["Timeout"], "memory": f.Properties["MemorySize"],
				"kept": f.Properties["ReservedConcurrentExecutions"], "network": f.Properties["VpcConfig"], "role": f.text(f.Properties["Role"]),
				"log": f.text(object(f.Properties["LoggingConfig"])["LogGroup"]), "tags": fmt.Sprint(tags),
			}
			want := map[string]any{
				"name": "strongroom-" + a.settings.Stage + "-worker-" + kind, "runtime": "provided.al2023", "handler": "bootstrap",
				"architecture": "arm64", "timeout": 900.0, "memory": 256.0, "kept": nil, "network": nil, "role": kind + "/Role.Arn",
				"log": kind + "/Log", "tags": "[map[Key:strongroom:rotator Value:" + kind + "]]",
			}
			if diff := cmp.Diff(want, is); diff != "" {
				t.Errorf("%s (-wanted +is):\n%s", kind, diff)
			}
			told := map[string]string{
				"GOMAXPROCS": "1", "STRONGROOM_URL": "Api.ApiEndpoint", "STRONGROOM_ORGANIZATION": "part 2 of ${AWS::StackId}",
				"STRONGROOM_CLIENT_KEY": "ClientKey.Arn", "STRONGROOM_TARGETS": "",
			}
			if diff := cmp.Diff(told, environmentOf(f)); diff != "" {
				t.Errorf("%s: environment (-wanted +is):\n%s", kind, diff)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(kinds(), got); diff != "" {
			t.Errorf("(-table +template):\n%s", diff)
		}
	})
}

// TestWorkersTakeTheirOwnQueue, and nothing else starts them: a message at a time, so many side by side as the settings say.
func TestWorkersTakeTheirOwnQueue(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		got := map[string]string{}
		for _, m := range a.ofWorkers("AWS::Lambda::EventSourceMapping") {
			said := map[string]any{
				"function": m.text(m.Properties["FunctionName"]), "queue": m.text(m.Properties["EventSourceArn"]), "batch": m.Properties["BatchSize"],
				"answers": m.text(m.Properties["FunctionResponseTypes"]), "most": object(m.Properties["ScalingConfig"])["MaximumConcurrency"],
			}
			want := map[string]any{
				"function": m.worker() + "/Function.Arn", "queue": m.worker() + "/Queue.Arn", "batch": 1.0, "answers": "ReportBatchItemFailures", "most": 5.0,
			}
			if diff := cmp.Diff(want, said); diff != "" {
				t.Errorf("%s (-wanted +is):\n%s", m.name(), diff)
			}
			got[m.worker()] = m.name()
		}
		if diff := cmp.Diff(kinds(), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("(-table +template):\n%s", diff)
		}
		for _, kind := range []string{"AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::Lambda::EventInvokeConfig", "AWS::IAM::Policy"} {
			if found := a.ofWorkers(kind); len(found) > 0 {
				t.Errorf("there is a %s: %s", kind, found[0].name())
			}
		}
	})
}

// TestMessagesAreHiddenForLongEnough: a queue for each worker, with dead letters of its own.
func TestMessagesAreHiddenForLongEnough(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		got := map[string]string{}
		for _, q := range a.ofWorkers("AWS::SQS::Queue") {
			p := q.Properties
			line := fmt.Sprintf("hidden %v, kept %v", p["VisibilityTimeout"], p["MessageRetentionPeriod"])
			if redrive := object(p["RedrivePolicy"]); redrive != nil {
				line += fmt.Sprintf(", after %v to %s", redrive["maxReceiveCount"], q.text(redrive["deadLetterTargetArn"]))
			}
			if allow := object(p["RedriveAllowPolicy"]); allow != nil {
				line += fmt.Sprintf(", %s %s", allow["redrivePermission"], q.text(allow["sourceQueueArns"]))
			}
			if p["SqsManagedSseEnabled"] != true {
				t.Errorf("%s is not encrypted", q.name())
			}
			got[q.name()] = p["QueueName"].(string) + ": " + line
		}
		name := "strongroom-" + a.settings.Stage + "-"
		want := map[string]string{}
		for _, kind := range kinds() {
			// Six times the function's timeout; a day is after how long a run that nobody came for has failed.
			want[kind+"/Queue"] = name + "worker-" + kind + ": hidden 5400, kept 86400, after 5 to " + kind + "/DeadLetters.Arn"
			want[kind+"/DeadLetters"] = name + "worker-" + kind + "-failed: hidden <nil>, kept 1.2096e+06, byQueue arn:aws:sqs:eu-central-1:${AWS::AccountId}:" +
				name + "worker-" + kind
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-wanted +is):\n%s", diff)
		}
	})
}

// TestRulesAskTheWorkerOfTheirKind, on Strongroom's bus, and the queues take from their rules alone.
func TestRulesAskTheWorkerOfTheirKind(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		got := map[string]string{}
		for _, r := range a.ofWorkers("AWS::Events::Rule") {
			pattern := object(r.Properties["EventPattern"])
			targets := r.Properties["Targets"].([]any)
			target := object(targets[0])
			line := fmt.Sprintf("%v %v %v on %s to %s", pattern["source"], pattern["detail-type"], pattern["detail"],
				r.text(r.Properties["EventBusName"]), r.text(target["Arn"]))
			if letters := object(target["DeadLetterConfig"]); letters != nil {
				line += ", or " + r.text(letters["Arn"])
			}
			if len(targets) != 1 || len(r.Properties) != 5 || r.Properties["State"] != "ENABLED" {
				t.Errorf("%s is of another kind: %v", r.name(), r.Properties)
			}
			got[r.name()] = line
		}
		want := map[string]string{}
		for _, kind := range kinds() {
			want[kind+"/Rule"] = fmt.Sprintf("[strongroom] [Rotation Due] map[rotator:[%s]] on Bus to %s/Queue.Arn, or %s/DeadLetters.Arn", kind, kind, kind)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-wanted +is):\n%s", diff)
		}
		senders := map[string]string{}
		for _, line := range policiesOf(a.ofWorkers) {
			parts := strings.SplitN(line, "\t", 4)
			if parts[2] != "never" {
				senders[parts[0]] = strings.Join(parts[1:], " ")
			}
		}
		wanted := map[string]string{}
		for _, kind := range kinds() {
			for _, queue := range []string{"Queue", "DeadLetters"} {
				wanted[kind+"/"+queue+"/Policy"] = fmt.Sprintf("events.amazonaws.com sqs:SendMessage %s/%s.Arn\taws:SourceArn ArnEquals %s/Rule.Arn", kind, queue, kind)
			}
		}
		if diff := cmp.Diff(wanted, senders); diff != "" {
			t.Errorf("who may send (-wanted +is):\n%s", diff)
		}
	})
}

// workerGrants is what a worker's role is to be allowed, from the tables.
func workerGrants(t *testing.T, r rotation.Rotator) []string {
	t.Helper()
	kind := string(r.Kind)
	all := []string{
		"logs:CreateLogStream\t" + kind + "/Log.Arn", "logs:PutLogEvents\t" + kind + "/Log.Arn",
		"sqs:DeleteMessage\t" + kind + "/Queue.Arn", "sqs:GetQueueAttributes\t" + kind + "/Queue.Arn", "sqs:ReceiveMessage\t" + kind + "/Queue.Arn",
	}
	for _, name := range operation.Workers {
		route := operation.MustLookup(name).Trigger.(operation.HTTP)
		path := strings.ReplaceAll(strings.ReplaceAll(route.Path, "{secretId}", strings.Repeat("?", 8)+strings.Repeat("-????", 3)+"-"+strings.Repeat("?", 12)),
			"{projectId}", "????????-????-????-????-????????????")
		all = append(all, "execute-api:Invoke\tarn:aws:execute-api:eu-central-1:${AWS::AccountId}:Api/$default/"+route.Method+
			strings.ReplaceAll(path, "{version}", "*"))
	}
	bounds := map[string]string{
		"iam": "arn:aws:iam::${AWS::AccountId}:user/*\taws:ResourceTag/strongroom:secret StringLike ????????-????-????-????-????????????",
		"lambda": "arn:aws:lambda:eu-central-1:${AWS::AccountId}:function:*\taws:ResourceTag/strongroom:secret StringLike " +
			"????????-????-????-????-????????????,????????-????-????-????-???????????? *",
	}
	for _, action := range r.Actions {
		service, _, _ := strings.Cut(action, ":")
		if bounds[service] == "" {
			t.Fatalf("what bounds %s?", action)
		}
		all = append(all, action+"\t"+bounds[service])
	}
	if slices.Contains(r.Actions, "lambda:InvokeFunction") {
		all = append(all, "never\tlambda:*\tarn:aws:lambda:eu-central-1:${AWS::AccountId}:function:strongroom-*")
	}
	slices.Sort(all)
	return all
}

// TestWorkersRolesAllowWhatTheTablesSay, and nothing else: no key, no table, no other queue, no role.
func TestWorkersRolesAllowWhatTheTablesSay(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		roles := a.workerRoles(t)
		if len(roles) != len(rotation.Rotators) {
			t.Errorf("%d roles for %d rotators", len(roles), len(rotation.Rotators))
		}
		for _, r := range rotation.Rotators {
			var got []string
			for _, g := range a.grantsOf(t, roles[string(r.Kind)]) {
				got = append(got, g.String())
			}
			slices.Sort(got)
			if diff := cmp.Diff(workerGrants(t, r), got); diff != "" {
				t.Errorf("%s (-tables +template):\n%s", r.Kind, diff)
			}
			// As TestPoliciesOfRolesAreNotTooLong has it of the functions' roles.
			if text, err := json.Marshal(roles[string(r.Kind)].Properties["Policies"]); err != nil || len(text) > 10240*3/4 {
				t.Errorf("%s has a policy of %d characters: %v", r.Kind, len(text), err)
			}
		}
	})
}

// TestTheServerGainsNothingByTheWorkers: its templates, but for what they put out and the dashboard, are the same without.
func TestTheServerGainsNothingByTheWorkers(t *testing.T) {
	s := settingsOf(t, "dev")
	s.Only = "server"
	without, with := synth(t, s), stage(t, "dev")
	if without.workers != nil {
		t.Error("there are workers")
	}
	for name, template := range without.templates() {
		if diff := cmp.Diff(template.Resources, with.templates()[name].Resources); diff != "" {
			t.Errorf("%s (-without +with):\n%s", name, diff)
		}
	}
}

// TestWorkersOfDatabasesRunInTheNetwork that the settings name, and no others; the code of no worker may change it.
func TestWorkersOfDatabasesRunInTheNetwork(t *testing.T) {
	s := settingsOf(t, "dev")
	s.Workers.Subnets, s.Workers.SecurityGroups = []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}, []string{"sg-0123456789abcdef0"}
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	a := synth(t, s)
	got := map[string]string{}
	for _, f := range a.ofWorkers("AWS::Lambda::Function") {
		if network := object(f.Properties["VpcConfig"]); network != nil {
			got[f.worker()] = f.text(network["SubnetIds"]) + " " + f.text(network["SecurityGroupIds"])
		}
	}
	const network = "subnet-0123456789abcdef0,subnet-0123456789abcdef1 sg-0123456789abcdef0"
	if diff := cmp.Diff(map[string]string{"mysql": network, "postgresql": network}, got); diff != "" {
		t.Errorf("(-wanted +is):\n%s", diff)
	}
	anything := "arn:aws:ec2:eu-central-1:${AWS::AccountId}:*/*"
	for kind, role := range a.workerRoles(t) {
		var lines []string
		for _, g := range a.grantsOf(t, role) {
			if strings.HasPrefix(g.action, "ec2:") {
				lines = append(lines, g.String())
			}
		}
		var want []string
		if got[kind] != "" {
			want = []string{
				"ec2:AssignPrivateIpAddresses\t" + anything, "ec2:CreateNetworkInterface\t" + anything, "ec2:DeleteNetworkInterface\t" + anything,
				"ec2:UnassignPrivateIpAddresses\t" + anything, "ec2:DescribeNetworkInterfaces\t*", "ec2:DescribeSubnets\t*",
				"never\tec2:*\t*\tlambda:SourceFunctionArn ArnEquals arn:aws:lambda:eu-central-1:${AWS::AccountId}:function:strongroom-dev-worker-" + kind,
			}
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("%s (-wanted +is):\n%s", kind, diff)
		}
	}
}

// TestWorkersAreWatched: each by what it was asked for in vain and by what waits for it.
func TestWorkersAreWatched(t *testing.T) {
	want := map[string]string{}
	for _, kind := range kinds() {
		want["dead-letters-worker-"+kind] = "ApproximateNumberOfMessagesVisible of strongroom-prod-worker-" + kind + "-failed >= 1"
		want["behind-worker-"+kind] = "ApproximateAgeOfOldestMessage of strongroom-prod-worker-" + kind + " >= 3600"
	}
	got := map[string]string{}
	for _, alarm := range stage(t, "prod").ofWorkers("AWS::CloudWatch::Alarm") {
		p, name := alarm.Properties, alarmed(t, alarm)
		of := object(p["Dimensions"].([]any)[0])
		got[name] = fmt.Sprintf("%v of %v >= %v", p["MetricName"], of["Value"], p["Threshold"])
		if p["Namespace"] != "AWS/SQS" || of["Name"] != "QueueName" || p["EvaluationPeriods"] != 1.0 || p["TreatMissingData"] != "notBreaching" {
			t.Errorf("%s: %v", name, p)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-wanted +is):\n%s", diff)
	}
}

// TestTheWorkersPutOutTheirRoles, for them to be bound to service accounts.
func TestTheWorkersPutOutTheirRoles(t *testing.T) {
	a, got := stage(t, "prod"), map[string]string{}
	for name, output := range a.workers.Outputs {
		got[name] = a.workers.text(output.Value)
	}
	want := map[string]string{
		"PostgresqlWorkerRole": "postgresql/Role.Arn", "MysqlWorkerRole": "mysql/Role.Arn", "IamAccessKeyWorkerRole": "iam-access-key/Role.Arn",
		"RandomWorkerRole": "random/Role.Arn", "HttpWorkerRole": "http/Role.Arn", "LambdaWorkerRole": "lambda/Role.Arn",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-wanted +is):\n%s", diff)
	}
	if n := len(a.workers.Resources); n > 160 {
		t.Errorf("%d resources", n)
	}
}
