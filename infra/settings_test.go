package main

import (
	"fmt"
	"maps"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// readWith reads the settings of a cdk.json that is changed first.
func readWith(t *testing.T, change func(stage map[string]any)) (settings, error) {
	t.Helper()
	context := written(t)
	change(context["stages"].(map[string]any)["dev"].(map[string]any))
	return readSettings(func(name *string) any { return context[*name] }, func(string) string { return "" })
}

func TestSettingsThatAreWrongAreNamed(t *testing.T) {
	for want, changes := range map[string]map[string]any{
		`region: "" is none`:                                {"region": ""},
		`region: "Frankfurt" is none`:                       {"region": "Frankfurt"},
		"organization: \"X\" is no lower-case UUID":         {"organization": "X"},
		"is no lower-case UUID; leave it empty":             {"organization": "0190A1B2-0000-7000-8000-000000000001"},
		"memoryMB: 2048 is not from 128 to 1769":            {"memoryMB": 2048},
		"logDays: CloudWatch Logs keeps for [1 3 5":         {"logDays": 2},
		`sealLock: "legal" is none of`:                      {"sealLock": "legal"},
		"sealDays: 0 is no number of days":                  {"sealLock": "compliance", "sealDays": 0},
		"requestsPerSecond and burst: 0 and 100 let nobody": {"requestsPerSecond": 0},
		"deniedPerFiveMinutes: 0 would always alarm":        {"deniedPerFiveMinutes": 0},
		"warmReads and warmWrites: set both":                {"warmReads": 20000},
		"20000 and 3000 are less":                           {"warmReads": 20000, "warmWrites": 3000},
		"replicas: they need multiRegionKeys":               {"replicas": map[string]any{"eu-west-1": "arn"}},
		`replicas: "eu-central-1" is no other region`:       {"multiRegionKeys": true, "replicas": map[string]any{"eu-central-1": "arn"}},
		"domain: it has a name and the ARN":                 {"domain": map[string]any{"name": "a", "certificate": ""}},
		`json: unknown field "memory"`:                      {"memory": 1},
		"workers.concurrency: 1 is not from 2 to 1000":      {"workers": workersWith(1, nil, nil)},
		"workers: name subnets and securityGroups, or":      {"workers": workersWith(5, []any{"subnet-0123456789abcdef0"}, nil)},
		`workers.subnets: "private" is no id of a subnet`:   {"workers": workersWith(5, []any{"private"}, []any{"sg-0123456789abcdef0"})},
		`workers.securityGroups: "db" is no id of a sec`:    {"workers": workersWith(5, []any{"subnet-0123456789abcdef0"}, []any{"db"})},
		`workers.targets: "https://db" is none; write`:      {"workers": workersTelling("db.example.com", "https://db")},
		`workers.targets: "a,b" is none; write`:             {"workers": workersTelling("a,b")},
		`workers.targets: "" is none; write`:                {"workers": workersTelling("")},
		"workers.targets: they have 4199 bytes":             {"workers": workersTelling(slices.Repeat([]any{"database.example.com"}, 200)...)},
	} {
		_, err := readWith(t, func(stage map[string]any) {
			stage["region"] = "eu-central-1"
			maps.Copy(stage, changes)
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, and not %s", changes, err, want)
		}
	}
}

func workersWith(concurrency int, subnets, groups []any) map[string]any {
	return map[string]any{"concurrency": concurrency, "subnets": subnets, "securityGroups": groups}
}

func workersTelling(targets ...any) map[string]any {
	workers := workersWith(5, nil, nil)
	workers["targets"] = targets
	return workers
}

// TestWorkersAreToldTheTargetsOfTheSettings, and none where nobody wrote any.
func TestWorkersAreToldTheTargetsOfTheSettings(t *testing.T) {
	for want, targets := range map[string][]any{
		"": {}, "*": {"*"},
		"db.example.com:5432,*.internal.example.com,arn:aws:lambda:eu-central-1:111122223333:function:rotate": {
			"db.example.com:5432", "*.internal.example.com", "arn:aws:lambda:eu-central-1:111122223333:function:rotate",
		},
	} {
		s, err := readWith(t, func(stage map[string]any) {
			stage["region"], stage["workers"] = "eu-central-1", workersTelling(targets...)
		})
		if err != nil || s.Workers.targets() != want {
			t.Errorf("%v: %q, %v", targets, s.Workers.targets(), err)
		}
	}
	for _, stage := range []string{"dev", "prod"} {
		workers := written(t)["stages"].(map[string]any)[stage].(map[string]any)["workers"].(map[string]any)
		if targets, ok := workers["targets"].([]any); !ok || len(targets) > 0 {
			t.Errorf("%s allows %v", stage, workers["targets"])
		}
	}
}

// TestEverySettingIsDecided: cdk.json has all settings of every stage.
func TestEverySettingIsDecided(t *testing.T) {
	stages := written(t)["stages"].(map[string]any)
	if len(stages) != 2 {
		t.Errorf("%d stages", len(stages))
	}
	dev := stages["dev"].(map[string]any)
	decided := 0
	for i := range reflect.TypeFor[settings]().NumField() {
		if reflect.TypeFor[settings]().Field(i).Tag.Get("json") != "-" {
			decided++
		}
	}
	if len(dev) != decided {
		t.Errorf("dev decides %d settings, and there are %d", len(dev), decided)
	}
	for name := range dev {
		_, err := readWith(t, func(stage map[string]any) {
			stage["region"] = "eu-central-1"
			delete(stage, name)
		})
		if err == nil || !strings.HasSuffix(err.Error(), name+" is missing") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestAStageThatIsNotThere(t *testing.T) {
	context := written(t)
	context["stage"] = "production"
	_, err := readSettings(func(name *string) any { return context[*name] }, func(string) string { return "" })
	if err == nil || err.Error() != `cdk.json has no stage "production", but ["dev" "prod"]` {
		t.Error(err)
	}
}

// TestTheDataStackAlone needs no functions to be built.
func TestTheDataStackAlone(t *testing.T) {
	s := settingsOf(t, "prod")
	s.Only, s.Functions = "data", t.TempDir()
	a := synth(t, s)
	if len(a.data.Resources) == 0 || a.server != nil {
		t.Errorf("%d resources, and a server %v", len(a.data.Resources), a.server)
	}
	for name, output := range a.data.Outputs {
		if output.Export.Name != nil {
			t.Errorf("%s is exported to nobody", name)
		}
	}
}

// TestSeveralRegions: with replicas the table and the keys are of several regions, and a deployment that continues another
// table has its organization's id.
func TestSeveralRegions(t *testing.T) {
	s := settingsOf(t, "prod")
	s.Only, s.MultiRegionKeys = "data", true
	s.Replicas = map[string]string{"eu-west-1": "arn:aws:kms:eu-west-1:123456789012:key/mrk-1"}
	s.WarmReads, s.WarmWrites = 20000, 8000
	s.Organization = "0190a1b2-0000-7000-8000-000000000001"
	a := synth(t, s)
	table := only(t, a, "AWS::DynamoDB::GlobalTable").Properties
	var regions []string
	for _, r := range table["Replicas"].([]any) {
		replica := object(r)
		key := a.data.text(object(replica["SSESpecification"])["KMSMasterKeyId"])
		regions = append(regions, fmt.Sprint(replica["Region"], " ", key, " ", replica["DeletionProtectionEnabled"]))
	}
	if got := strings.Join(regions, ", "); got != "eu-west-1 arn:aws:kms:eu-west-1:123456789012:key/mrk-1 true, eu-central-1 TableKey.Arn true" {
		t.Errorf("replicas: %s", got)
	}
	if got := fmt.Sprint(table["WarmThroughput"]); got != "map[ReadUnitsPerSecond:20000 WriteUnitsPerSecond:8000]" {
		t.Errorf("warm: %s", got)
	}
	for _, k := range a.data.Resources {
		if k.Type == "AWS::KMS::Key" && k.Properties["MultiRegion"] != true {
			t.Errorf("a key of one region: %v", k.Properties["Description"])
		}
	}
	if got := a.data.Outputs["OrganizationId"].Value; got != s.Organization {
		t.Errorf("the organization is %v", got)
	}
}

// TestTheCommandLineProgram lists the stacks through the CDK's own program, which runs this app and validates what it writes.
func TestTheCommandLineProgram(t *testing.T) {
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	cdk := exec.CommandContext(t.Context(), "node_modules/.bin/cdk", "ls", "-c", "stage=prod", "-c", "functions="+dir, "--output", t.TempDir())
	cdk.Env = append(cdk.Environ(), "AWS_REGION=eu-central-1", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_EC2_METADATA_DISABLED=true")
	out, err := cdk.Output()
	if err != nil {
		t.Fatalf("cdk ls (make test-infra installs it): %v\n%s", err, out)
	}
	if string(out) != "strongroom-prod-data\nstrongroom-prod-server\nstrongroom-prod-workers\n" {
		t.Errorf("cdk ls: %s", out)
	}
}
