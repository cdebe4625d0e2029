package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// nag synthesises an app under cdk-nag's rules of AWS solutions. What they find is an error of the CDK's, which is a
// panic here; its text, or else the warnings that were left, is answered.
func nag(t *testing.T, app awscdk.App) (findings string) {
	t.Helper()
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: yes(true), Reports: yes(false)}), nil)
	defer func() {
		if p := recover(); p != nil {
			findings, _ = p.(string)
			if err, ok := p.(error); ok {
				findings = err.Error()
			}
		}
	}()
	dir := *app.Synth(nil).Directory()
	files, err := filepath.Glob(filepath.Join(dir, "*.metadata.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no metadata in %s: %v", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(text), "\n") {
			if strings.Contains(line, "aws:cdk:warning") || strings.Contains(line, "aws:cdk:error") {
				findings += line + "\n"
			}
		}
	}
	return findings
}

// TestNag holds prod, with everything that a setting turns on, to cdk-nag.
func TestNag(t *testing.T) {
	s := settingsOf(t, "prod")
	s.Traces, s.AlarmEmail = true, "operations@example.com"
	s.Domain = domain{Name: "secrets.example.com", Certificate: "arn:aws:acm:eu-central-1:123456789012:certificate/1"}
	s.Workers.Subnets, s.Workers.SecurityGroups = []string{"subnet-0123456789abcdef0"}, []string{"sg-0123456789abcdef0"}
	app := newApp(t, t.TempDir())
	build(app, s)
	if findings := nag(t, app); findings != "" {
		t.Errorf("cdk-nag, which printed its findings above: %s", findings)
	}
}

// TestNagFinds: with the flags of cdk.json, what cdk-nag finds is an error.
func TestNagFinds(t *testing.T) {
	app := newApp(t, t.TempDir())
	stack := awscdk.NewStack(app, str("Bad"), nil)
	awssqs.NewQueue(stack, str("Queue"), nil)
	if findings := nag(t, app); findings == "" {
		t.Error("a queue without TLS passes")
	}
	suppressed := newApp(t, t.TempDir())
	stack = awscdk.NewStack(suppressed, str("Bad"), nil)
	queue := awssqs.NewQueue(stack, str("Queue"), nil)
	suppress(queue, "AwsSolutions-SQS3", "This is a queue of a test.")
	suppress(queue, "AwsSolutions-SQS4", "This is a queue of a test.")
	if findings := nag(t, suppressed); findings != "" {
		t.Errorf("what is suppressed is found: %s", findings)
	}
}

// TestSuppressionsAreReasoned: every one says why in a sentence, and those of rules that have several findings name which.
func TestSuppressionsAreReasoned(t *testing.T) {
	a, found := stage(t, "prod"), 0
	for _, template := range a.everything() {
		for id, r := range template.Resources {
			rules, _ := object(r.Metadata["cdk_nag"])["rules_to_suppress"].([]any)
			for _, rule := range rules {
				found++
				said := object(rule)
				reason, _ := said["reason"].(string)
				if len(strings.Fields(reason)) < 5 || !strings.HasSuffix(reason, ".") {
					t.Errorf("%s: %v is suppressed because %q", template.named(id), said["id"], reason)
				}
				if said["id"] == "AwsSolutions-IAM5" && said["applies_to"] == nil {
					t.Errorf("%s: IAM5 is suppressed altogether", template.named(id))
				}
			}
		}
	}
	if found == 0 {
		t.Error("no suppression was found: is their metadata somewhere else?")
	}
}
