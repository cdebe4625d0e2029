package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table/dynamo"
)

// only is the one resource of a type in the data stack.
func only(t *testing.T, a *assembly, kind string) placed {
	t.Helper()
	all := a.of(kind)
	if len(all) != 1 {
		t.Fatalf("%d resources are a %s", len(all), kind)
	}
	return all[0]
}

// TestTheTableIsTheAdapters compares the template's table with the one that pkg/table/dynamo describes, and which its own
// conformance suite runs on.
func TestTheTableIsTheAdapters(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		schema, got := dynamo.Schema("any"), only(t, a, "AWS::DynamoDB::GlobalTable").Properties
		var attributes, indexes []string
		for _, d := range schema.AttributeDefinitions {
			attributes = append(attributes, fmt.Sprint(*d.AttributeName, " ", d.AttributeType))
		}
		for _, i := range schema.GlobalSecondaryIndexes {
			indexes = append(indexes, fmt.Sprint(*i.IndexName, schemaText(i.KeySchema), i.Projection.ProjectionType, i.Projection.NonKeyAttributes))
		}
		var gotAttributes, gotIndexes []string
		for _, d := range got["AttributeDefinitions"].([]any) {
			gotAttributes = append(gotAttributes, fmt.Sprint(object(d)["AttributeName"], " ", object(d)["AttributeType"]))
		}
		for _, i := range got["GlobalSecondaryIndexes"].([]any) {
			projection := object(object(i)["Projection"])
			names, _ := projection["NonKeyAttributes"].([]any)
			gotIndexes = append(gotIndexes, fmt.Sprint(object(i)["IndexName"], keyText(object(i)["KeySchema"]), projection["ProjectionType"], names))
		}
		slices.Sort(attributes)
		slices.Sort(gotAttributes)
		want := [][]string{{schemaText(schema.KeySchema)}, attributes, indexes, {string(schema.BillingMode)}, {dynamo.StreamViewType}}
		is := [][]string{
			{keyText(got["KeySchema"])}, gotAttributes, gotIndexes, {got["BillingMode"].(string)},
			{object(got["StreamSpecification"])["StreamViewType"].(string)},
		}
		if diff := cmp.Diff(want, is); diff != "" {
			t.Errorf("(-schema +template):\n%s", diff)
		}
	})
}

func schemaText(key []types.KeySchemaElement) string {
	var text string
	for _, e := range key {
		text += fmt.Sprintf(" %s:%s", aws.ToString(e.AttributeName), e.KeyType)
	}
	return text + " "
}

func keyText(key any) string {
	var text string
	for _, e := range key.([]any) {
		text += fmt.Sprintf(" %v:%v", object(e)["AttributeName"], object(e)["KeyType"])
	}
	return text + " "
}

// TestDataIsKept: in prod, whatever holds data outlives its stack and can't be deleted by a slip; dev goes without a trace.
func TestDataIsKept(t *testing.T) {
	for name, policy := range map[string]string{"prod": "Retain", "dev": "Delete"} {
		a, held := stage(t, name), 0
		for id, r := range a.data.Resources {
			switch r.Type {
			case "AWS::DynamoDB::GlobalTable", "AWS::KMS::Key", "AWS::S3::Bucket":
				held++
				if r.DeletionPolicy != policy || r.UpdateReplace != policy {
					t.Errorf("%s: %s is %s, or %s when replaced", name, a.data.named(id), r.DeletionPolicy, r.UpdateReplace)
				}
			}
		}
		if held != 6 {
			t.Errorf("%s: %d things hold data", name, held)
		}
		replica := object(only(t, a, "AWS::DynamoDB::GlobalTable").Properties["Replicas"].([]any)[0])
		recovery := object(replica["PointInTimeRecoverySpecification"])
		if replica["DeletionProtectionEnabled"] != (name == "prod") || recovery["PointInTimeRecoveryEnabled"] != true {
			t.Errorf("%s: the table is %v", name, replica)
		}
		if key := a.data.text(object(replica["SSESpecification"])["KMSMasterKeyId"]); key != "TableKey.Arn" {
			t.Errorf("%s: the table is encrypted with %s", name, key)
		}
	}
}

// TestTheArchiveIsLocked: Object Lock is on, and in prod nobody removes a seal before its time.
func TestTheArchiveIsLocked(t *testing.T) {
	for name, want := range map[string]string{
		"prod": "map[DefaultRetention:map[Days:400 Mode:COMPLIANCE]]", "dev": "<nil>",
	} {
		for _, b := range stage(t, name).of("AWS::S3::Bucket") {
			if b.name() != "Archive" {
				continue
			}
			lock := object(b.Properties["ObjectLockConfiguration"])
			if b.Properties["ObjectLockEnabled"] != true || fmt.Sprint(lock["Rule"]) != want {
				t.Errorf("%s: %v, %v", name, b.Properties["ObjectLockEnabled"], lock)
			}
			if fmt.Sprint(b.Properties["VersioningConfiguration"]) != "map[Status:Enabled]" {
				t.Errorf("%s keeps no versions", name)
			}
		}
	}
}

// TestTheServerCantUseTheClientKey proves the two halves of it: every role that a function has stands under the path, and
// the key's policy denies everything to whatever stands there.
func TestTheServerCantUseTheClientKey(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		for name, role := range a.roles(t) {
			if role.Properties["Path"] != "/strongroom/server/" {
				t.Errorf("the role of %s has the path %v", name, role.Properties["Path"])
			}
			if trust := fmt.Sprint(role.Properties["AssumeRolePolicyDocument"]); !strings.Contains(trust, "Principal:map[Service:lambda.amazonaws.com]") ||
				strings.Count(trust, "Principal") != 1 {
				t.Errorf("the role of %s is assumed by %s", name, trust)
			}
		}
		want := []string{
			"never\tkms:*\t*\taws:PrincipalArn ArnLike arn:${AWS::Partition}:iam::${AWS::AccountId}:role/strongroom/server/*",
			"never\tkms:CreateGrant\t*\tkms:GrantConstraintType StringNotEquals EncryptionContextEquals",
			"never\tkms:CreateGrant\t*\tkms:GrantOperations ForAnyValue:StringNotEquals Decrypt,GenerateDataKey",
			"never\tkms:CreateGrant\t*\tkms:GranteePrincipal StringLike arn:${AWS::Partition}:iam::${AWS::AccountId}:role/strongroom/server/*",
		}
		var got []string
		for _, k := range a.of("AWS::KMS::Key") {
			if k.name() != "ClientKey" {
				continue
			}
			for _, g := range k.grants(k.Properties["KeyPolicy"]) {
				if g.effect == "Deny" {
					got = append(got, g.String())
				}
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the client key's policy denies (-wanted +is):\n%s", diff)
		}
	})
}

// TestKeysRotate: KMS gives new material to those that can have it, every year.
func TestKeysRotate(t *testing.T) {
	want := map[string]string{
		"ClientKey": "SYMMETRIC_DEFAULT ENCRYPT_DECRYPT true", "StorageKey": "SYMMETRIC_DEFAULT ENCRYPT_DECRYPT true",
		"TableKey": "SYMMETRIC_DEFAULT ENCRYPT_DECRYPT true", "SigningKey": "ECC_NIST_P256 SIGN_VERIFY <nil>",
	}
	got := map[string]string{}
	for id, r := range stage(t, "prod").data.Resources {
		if r.Type == "AWS::KMS::Key" {
			got[stage(t, "prod").data.named(id)] = fmt.Sprint(r.Properties["KeySpec"], " ", r.Properties["KeyUsage"], " ", r.Properties["EnableKeyRotation"])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestOutputs: what people and programs are told of a deployment.
func TestOutputs(t *testing.T) {
	a := stage(t, "prod")
	got := map[string]string{}
	for _, template := range []*template{a.data, a.server} {
		for name, output := range template.Outputs {
			if output.Export.Name == nil {
				got[name] = template.text(output.Value)
			}
		}
	}
	want := map[string]string{
		"TableName": "Table", "OrganizationId": "part 2 of ${AWS::StackId}", "ClientKeyArn": "ClientKey.Arn", "SigningKeyArn": "SigningKey.Arn",
		"ArchiveName": "Archive", "BusName": "Bus", "Url": "Api.ApiEndpoint", "CreateOrganizationFunction": "create-organization/Function",
		"AlarmTopic": "Alarms",
	}
	for name := range got {
		if strings.HasPrefix(name, "Reading") || strings.HasPrefix(name, "Writing") || strings.HasPrefix(name, "Background") {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-wanted +is):\n%s", diff)
	}
}
