package cfn

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write writes templates into a folder, and answers it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const outer = `{"Resources": {
  "Role": {"Type": "AWS::IAM::Role", "Properties": {"Path": "/a/b/", "RoleName": "r"}},
  "Key": {"Type": "AWS::KMS::Key", "Metadata": {"aws:cdk:path": "app/Key/Resource"}, "Properties": {"Tags": [{"Key": "k", "Value": {"Ref": "AWS::StackName"}}]}},
  "Topic": {"Type": "AWS::SNS::Topic"},
  "Odd": {"Type": "Custom::Odd::Thing"},
  "Inner": {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "inner.json"}, "Properties": {"Parameters": {"Given": {"Fn::GetAtt": ["Key", "Arn"]}}}}
}, "Outputs": {"X": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Out"]}, "Export": {"Name": "out:X"}}}}`

const inner = `{"Parameters": {"Given": {"Type": "String"}}, "Resources": {"Table": {"Type": "AWS::DynamoDB::Table"}}, "Outputs": {"Out": {"Value": {"Fn::Sub": "<${Given}>"}}}}`

func TestFunctionsAreFilledIn(t *testing.T) {
	dir := write(t, map[string]string{"outer.template.json": outer, "inner.json": inner})
	for value, want := range map[string]string{
		`{"Ref": "Role"}`:                          "r",
		`{"Fn::GetAtt": ["Role", "Arn"]}`:          "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/a/b/r",
		`{"Fn::GetAtt": "Key.Arn"}`:                "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/outer-Key",
		`{"Ref": "Topic"}`:                         "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:outer-Topic",
		`{"Fn::GetAtt": ["Odd", "Arn"]}`:           "arn:${AWS::Partition}:custom-odd-thing:${AWS::Region}:${AWS::AccountId}:outer-Odd",
		`{"Fn::GetAtt": ["Odd", "Other"]}`:         "${outer-Odd.Other}",
		`{"Fn::GetAtt": ["Inner", "Outputs.Out"]}`: "<arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/outer-Key>",
		`{"Fn::ImportValue": "out:X"}`:             "<arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/outer-Key>",
		`{"Fn::ImportValue": "elsewhere"}`:         "${import of elsewhere}",
		`{"Ref": "Unknown"}`:                       "${parameter Unknown}",
		`{"Fn::Join": ["-", ["a", {"Ref": "Role"}, {"Ref": "AWS::NoValue"}, 1, true]]}`: "a-r-1-true",
		`{"Fn::Sub": "${!Literal} ${Role} ${Role.Arn} ${AWS::Region} ${open"}`:          "${Literal} r arn:${AWS::Partition}:iam::${AWS::AccountId}:role/a/b/r ${AWS::Region} ${open",
		`{"Fn::Sub": ["${A}${B}", {"A": {"Ref": "Role"}, "B": "x"}]}`:                   "rx",
		`{"Fn::Select": [1, ["a", {"Ref": "Role"}]]}`:                                   "r",
		`{"Fn::Select": ["0", {"Fn::Split": ["/", "a/b"]}]}`:                            "a",
		`{"Fn::Select": [9, ["a"]]}`:                                                    `${Fn::Select [9,["a"]]}`,
		`{"Fn::If": ["C", "a", "b"]}`:                                                   `${Fn::If ["C","a","b"]}`,
		`{"Fn::Select": [0, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}`:            `${Fn::Select [0,("Fn::Split":["/",("Ref":"AWS::StackId")])]}`,
		`{"Fn::FindInMap": ["A", "B", "C"]}`:                                            `${Fn::FindInMap ["A","B","C"]}`,
	} {
		template := strings.Replace(outer, `"Odd": {"Type": "Custom::Odd::Thing"}`, `"Odd": {"Type": "Custom::Odd::Thing", "Properties": {"V": `+value+`}}`, 1)
		if err := os.WriteFile(filepath.Join(dir, "outer.template.json"), []byte(template), 0o600); err != nil {
			t.Fatal(err)
		}
		stacks, err := Read(Place{}, filepath.Join(dir, "inner.json"), filepath.Join(dir, "outer.template.json"))
		if err != nil {
			t.Fatal(err)
		}
		for r := range stacks.Resources("Custom::Odd::Thing") {
			if got := r.Text("V"); got != want {
				t.Errorf("%s: %q, want %q", value, got, want)
			}
		}
	}
}

func TestAManifestSaysWhere(t *testing.T) {
	dir := write(t, map[string]string{
		"outer.template.json": outer, "inner.json": inner,
		"manifest.json": `{"artifacts": {"outer": {"environment": "aws://unknown-account/cn-north-1"}}}`,
	})
	stacks, err := Read(Place{Account: "111122223333"}, filepath.Join(dir, "outer.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var arns []string
	for _, kind := range []string{"AWS::KMS::Key", "AWS::DynamoDB::Table"} {
		for r := range stacks.Resources(kind) {
			arns = append(arns, r.ARN())
		}
	}
	want := []string{"arn:aws-cn:kms:cn-north-1:111122223333:key/outer-Key", "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/outer-Inner-Table"}
	if diff := cmp.Diff(want, arns); diff != "" {
		t.Error(diff)
	}
	for r := range stacks.Resources("AWS::KMS::Key") {
		if r.Label() != "app/Key" || r.Tags()["k"] != "outer" || !r.Is(r.ARN()) || r.Is("other") {
			t.Errorf("label %q, tags %v", r.Label(), r.Tags())
		}
	}
	if got := len(stacks.Files()); got != 2 {
		t.Errorf("%d files were read, want the stack and the one in it", got)
	}
}

func TestACircleEnds(t *testing.T) {
	dir := write(t, map[string]string{"a.json": `{"Resources": {"R": {"Type": "X", "Properties": {"V": {"Fn::ImportValue": "x"}}}},
		"Outputs": {"O": {"Value": {"Fn::ImportValue": "x"}, "Export": {"Name": "x"}}}}`})
	stacks, err := Read(Place{}, filepath.Join(dir, "a.json"))
	if err != nil {
		t.Fatal(err)
	}
	for r := range stacks.Resources("X") {
		if got := r.Text("V"); !strings.Contains(got, "a circle of references") {
			t.Error(got)
		}
	}
}
