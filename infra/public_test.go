package main

import (
	"strings"
	"testing"
)

// TestNothingIsPublicButTheAPI: no bucket, queue, topic, key or function answers who is not of the account.
func TestNothingIsPublicButTheAPI(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		buckets := a.all("AWS::S3::Bucket")
		if len(buckets) == 0 {
			t.Error("no bucket was found")
		}
		for _, b := range buckets {
			block := object(b.Properties["PublicAccessBlockConfiguration"])
			for _, way := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
				if block[way] != true {
					t.Errorf("%s: %s is %v", b.name(), way, block[way])
				}
			}
			if b.Properties["WebsiteConfiguration"] != nil || b.Properties["AccessControl"] != nil {
				t.Errorf("%s is a web site or has an ACL", b.name())
			}
		}
		for _, kind := range []string{"AWS::Lambda::Url", "AWS::Events::EventBusPolicy", "AWS::Lambda::LayerVersionPermission", "AWS::CloudFormation::CustomResource"} {
			if found := a.all(kind); len(found) > 0 {
				t.Errorf("there is a %s: %s", kind, found[0].name())
			}
		}
		checkPolicies(t, a)
	})
}

// checkPolicies: whatever is allowed in a resource's policy is allowed to a service, or to the account itself.
func checkPolicies(t *testing.T, a *assembly) {
	t.Helper()
	policies := 0
	for kind, property := range map[string]string{
		"AWS::KMS::Key": "KeyPolicy", "AWS::S3::BucketPolicy": "PolicyDocument", "AWS::SNS::TopicPolicy": "PolicyDocument",
		"AWS::SQS::QueuePolicy": "PolicyDocument", "AWS::IAM::Role": "AssumeRolePolicyDocument",
	} {
		for _, p := range a.all(kind) {
			policies++
			for _, s := range object(p.Properties[property])["Statement"].([]any) {
				statement := object(s)
				if statement["Effect"] == "Deny" {
					continue
				}
				who := object(statement["Principal"])
				account := who["AWS"] != nil && p.text(who["AWS"]) == "arn:aws:iam::${AWS::AccountId}:root" && kind == "AWS::KMS::Key"
				service := who["Service"] != nil && strings.HasSuffix(p.text(who["Service"]), ".amazonaws.com")
				if len(who) != 1 || !account && !service {
					t.Errorf("%s: %v is open to %v", p.name(), statement["Action"], statement["Principal"])
				}
			}
		}
	}
	if policies < 60 {
		t.Errorf("only %d policies were found", policies)
	}
}

// TestTemplatesStaySmall: CloudFormation takes 500 resources in a template; there is room for a few years' operations.
func TestTemplatesStaySmall(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		for name, template := range a.everything() {
			if n := len(template.Resources); n > 400 || n == 0 {
				t.Errorf("%s has %d resources", name, n)
			}
		}
	})
}
