package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"strongroom/pkg/operation"
)

// TestRolesAreGrantedWhatTheTableSays takes the policies of the templates apart and compares what they come to with the
// table, both ways, and whatever else they grant with the few things that a function of that kind needs.
func TestRolesAreGrantedWhatTheTableSays(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		roles := a.roles(t)
		if len(roles) != len(operation.Table) {
			t.Errorf("%d roles for %d operations", len(roles), len(operation.Table))
		}
		for _, row := range operation.Table {
			role, ok := roles[string(row.Name)]
			if !ok {
				t.Errorf("%s has no role", row.Name)
				continue
			}
			got, others := accessOf(t, a.grantsOf(t, role))
			if diff := gocmp.Diff(ordered(row.Access), ordered(got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-table +template):\n%s", row.Name, diff)
			}
			if diff := gocmp.Diff(besides(row), others); diff != "" {
				t.Errorf("%s is granted besides (-wanted +is):\n%s", row.Name, diff)
			}
		}
	})
}

// accessOf is what grants come to as a row's Access, and what else there is, one line each.
func accessOf(t *testing.T, grants []grant) (access operation.Access, others []string) {
	t.Helper()
	for _, g := range grants {
		if g.effect != "Allow" {
			t.Errorf("a role has a statement that denies: %s", g)
		}
		switch {
		case g.resource == "Table.Arn" && !strings.HasPrefix(g.action, "dynamodb:"):
			t.Errorf("an action on the table: %s", g)
		case g.resource == "Table.Arn":
			access.Table = append(access.Table, operation.TableAccess{Action: operation.TableAction(g.action), Partitions: partitions(t, g)})
		case g.resource == "Table.Arn/index/GSI1" && g.action == "dynamodb:Query":
			access.Index1 = slices.Equal(partitions(t, g), []operation.Partition{operation.Index1Partition})
		case g.resource == "Table.Arn/index/GSI2" && g.action == "dynamodb:Query":
			access.Index2 = slices.Equal(partitions(t, g), []operation.Partition{operation.Index2Partition})
		case g.resource == "StorageKey.Arn":
			access.StorageKey = append(access.StorageKey, operation.KeyAction(g.action))
			checkContext(t, g)
		case g.resource == "SigningKey.Arn" && len(g.conditions) == 0:
			access.SigningKey = append(access.SigningKey, operation.KeyAction(g.action))
		case g.resource == "Bus.Arn" && g.action == "events:PutEvents":
			access.Bus = true
		case strings.HasPrefix(g.resource, "Archive.Arn"):
			access.Archive = true
			others = append(others, g.String())
		default:
			others = append(others, g.String())
		}
	}
	slices.Sort(others)
	return access, others
}

// partitions are those that a grant is bound to.
func partitions(t *testing.T, g grant) []operation.Partition {
	t.Helper()
	like := g.conditions["dynamodb:LeadingKeys ForAllValues:StringLike"]
	guard := g.conditions["dynamodb:LeadingKeys Null"]
	if len(like) == 0 || len(g.conditions) != 2 || !slices.Equal(guard, []string{"false"}) {
		t.Errorf("conditions that bound no partitions, or without a guard against requests that name none: %s", g)
	}
	var all []operation.Partition
	for _, pattern := range like {
		// A pattern is a key, or all that begin with a kind; so many question marks are an id.
		kind, prefix := strings.CutSuffix(strings.ReplaceAll(pattern, strings.Repeat("?", 36), "{id}"), "*")
		if kind == "" || strings.ContainsAny(kind, "*?") || prefix != strings.HasSuffix(kind, "#") {
			t.Errorf("%q is neither a key nor a kind of keys", pattern)
		}
		all = append(all, operation.Partition(kind))
	}
	return all
}

// checkContext holds a use of the storage key to the encryption context of this organization's data keys.
func checkContext(t *testing.T, g grant) {
	t.Helper()
	want := map[string][]string{
		"kms:EncryptionContext:organization StringEquals":     {"part 2 of ${AWS::StackId}"},
		"kms:EncryptionContext:purpose StringEquals":          {"data-key"},
		"kms:EncryptionContext:generation Null":               {"false"},
		"kms:EncryptionContextKeys ForAllValues:StringEquals": {"generation", "organization", "purpose"},
	}
	if diff := gocmp.Diff(want, g.conditions); diff != "" {
		t.Errorf("%s (-wanted +is):\n%s", g, diff)
	}
}

// ordered is an access in an order of its own.
func ordered(a operation.Access) operation.Access {
	a.Table, a.StorageKey, a.SigningKey = slices.Clone(a.Table), slices.Clone(a.StorageKey), slices.Clone(a.SigningKey)
	for i := range a.Table {
		a.Table[i].Partitions = slices.Sorted(slices.Values(a.Table[i].Partitions))
	}
	slices.SortFunc(a.Table, func(x, y operation.TableAccess) int {
		return cmp.Or(cmp.Compare(x.Action, y.Action), slices.Compare(x.Partitions, y.Partitions))
	})
	slices.Sort(a.StorageKey)
	slices.Sort(a.SigningKey)
	return a
}

// besides is what a function's role is granted though its Access does not say so.
func besides(row operation.Row) []string {
	name := string(row.Name)
	all := []string{"logs:CreateLogStream\t" + name + "/Log.Arn", "logs:PutLogEvents\t" + name + "/Log.Arn"}
	for _, action := range []string{
		"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo",
	} {
		all = append(all, action+"\tTableKey.Arn\tkms:ViaService StringEquals dynamodb.${AWS::Region}.${AWS::URLSuffix}")
	}
	if row.Access.Archive {
		all = append(all, "s3:ListBucket\tArchive.Arn")
		for _, action := range []string{"s3:GetObject", "s3:PutObject"} {
			all = append(all, action+"\tArchive.Arn/removal-*", action+"\tArchive.Arn/seal-*")
		}
	}
	switch row.Trigger.(type) {
	case operation.Schedule, operation.Event:
		all = append(all, "sqs:SendMessage\t"+name+"/DeadLetters.Arn")
	case operation.Stream:
		all = append(all, "sqs:SendMessage\t"+name+"/DeadLetters.Arn",
			"dynamodb:DescribeStream\tTable.StreamArn", "dynamodb:GetRecords\tTable.StreamArn", "dynamodb:GetShardIterator\tTable.StreamArn")
	}
	slices.Sort(all)
	return all
}

// TestKeysAreUsedByFewFunctions says once more, and apart from the table, which functions may use the two keys: a change
// of the table that lets another one open values or sign is to be thought over twice.
func TestKeysAreUsedByFewFunctions(t *testing.T) {
	a := stage(t, "prod")
	want := map[string][]string{
		"kms:Decrypt StorageKey.Arn": {
			"create-secret", "get-project-values", "get-secret", "get-secret-by-name", "get-secret-version", "get-secrets-by-ids",
			"promote-version", "put-pending-version", "restore-secret-version", "rotate-data-keys", "update-secret",
		},
		"kms:GenerateDataKey StorageKey.Arn": {"create-organization", "rotate-data-keys"},
		"kms:Sign SigningKey.Arn":            {"seal-events"},
		"kms:GetPublicKey SigningKey.Arn":    {"seal-events"},
	}
	got := map[string][]string{}
	for name, role := range a.roles(t) {
		for _, g := range a.grantsOf(t, role) {
			if strings.HasPrefix(g.action, "kms:") && g.resource != "TableKey.Arn" {
				got[g.action+" "+g.resource] = append(got[g.action+" "+g.resource], name)
			}
		}
	}
	for _, names := range got {
		slices.Sort(names)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-wanted +is):\n%s", diff)
	}
}

// TestNothingIsGrantedOnEverything: X-Ray's two actions alone have no resource to be bound to, and are granted only where
// traces are on.
func TestNothingIsGrantedOnEverything(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		for name, role := range a.roles(t) {
			for _, g := range a.grantsOf(t, role) {
				if strings.Contains(g.action, "*") || strings.HasPrefix(g.resource, "*") {
					t.Errorf("%s: %s", name, g)
				}
			}
		}
	})
}

// TestPoliciesOfRolesAreNotTooLong for IAM, which takes 10,240 characters without white space in all inline policies of a role
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). What stands for an ARN here is not much shorter.
func TestPoliciesOfRolesAreNotTooLong(t *testing.T) {
	both(t, func(t *testing.T, a *assembly) {
		for name, role := range a.roles(t) {
			text, err := json.Marshal(role.Properties["Policies"])
			if most := 10240 * 3 / 4; err != nil || len(text) > most {
				t.Errorf("%s has a policy of %d characters, and should have %d at most: %v", name, len(text), most, err)
			}
		}
	})
}

func TestAStatementForEachSetOfPartitions(t *testing.T) {
	arn := str("table")
	got := tableStatements(operation.Access{Table: []operation.TableAccess{
		{Action: operation.PutItem, Partitions: []operation.Partition{operation.Events}},
		{Action: operation.GetItem, Partitions: []operation.Partition{operation.Organizations, operation.Secrets}},
		{Action: operation.DeleteItem, Partitions: []operation.Partition{operation.Events}},
		{Action: operation.Query, Partitions: []operation.Partition{operation.SealIndexes, operation.Seals}},
	}}, resources{table: arn})
	bound := func(like ...string) map[string]map[string]any {
		return map[string]map[string]any{
			"ForAllValues:StringLike": {"dynamodb:LeadingKeys": like}, "Null": {"dynamodb:LeadingKeys": "false"},
		}
	}
	want := []statement{
		{sid: "TableEvent", actions: []string{"dynamodb:DeleteItem", "dynamodb:PutItem"}, resources: []*string{arn}, conditions: bound("EVENT#*")},
		{sid: "TableOrgidSecret", actions: []string{"dynamodb:GetItem"}, resources: []*string{arn}, conditions: bound("ORG#"+strings.Repeat("?", 36), "SECRET#*")},
		{sid: "TableSealindexSeal", actions: []string{"dynamodb:Query"}, resources: []*string{arn}, conditions: bound("SEALINDEX#*", "SEAL")},
	}
	if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(statement{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
