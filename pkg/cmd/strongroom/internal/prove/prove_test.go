package prove_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"strongroom/pkg/operation"
)

func TestWhatHoldsIsProven(t *testing.T) {
	report := newTemplates().examine(t)
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	openers := 0
	for _, row := range operation.Table {
		if slices.Contains(row.Access.StorageKey, operation.Decrypt) {
			openers++
		}
	}
	for _, want := range []string{
		fmt.Sprintf("the server is blind: to each of %d roles, and to any other under /strongroom/server/, the client key's policy denies all 45 actions", len(operation.Table)),
		"no grant on the client key can be made without the whole of an encryption context",
		"what its row in the operation table says, no less and no more",
		"only seal-events may sign seals",
		fmt.Sprintf("%d functions may decrypt with the storage key", openers),
		fmt.Sprintf("each of %d functions is started by its own route, schedule, stream or events", len(operation.Table)),
	} {
		if !slices.ContainsFunc(report.Proven, func(proven string) bool { return strings.Contains(proven, want) }) {
			t.Errorf("not proven: %s\n%s", want, strings.Join(report.Proven, "\n"))
		}
	}
	var text strings.Builder
	for _, s := range report.Sections {
		text.WriteString(s.Title + "\n")
		for _, row := range s.Rows {
			text.WriteString(strings.Join(row, " | ") + "\n")
		}
	}
	for _, want := range []string{
		"users and roles of the account whose IAM policy allows it | kms:* | \n",
		"everybody | never kms:* | aws:PrincipalArn ArnLike arn:${AWS::Partition}:iam::${AWS::AccountId}:role/strongroom/server/*\n",
		"seal-events |  | Sign, GetPublicKey | ",
		"get-secret | Decrypt |  | ",
		"get-secret | the route GET /secrets/{secretId}\n",
		"create-organization | nothing here: an administrator with lambda:InvokeFunction\n",
		"sr-data-ClientKey | IAM | kms:*\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, text.String())
		}
	}
}

// spoiled is how many ways of spoiling the templates there are.
const spoiled = 76

func TestWhatIsSpoiledIsFoundAndNamed(t *testing.T) {
	toEverybody := statement("Sid", "Open", "Principal", "*", "Action", "kms:Decrypt", "Resource", "*")
	admin := object{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/admin"}
	cases := []struct {
		name  string
		spoil func(*templates)
		// want are the beginnings, or parts, of the sentences; each has to be there.
		want []string
	}{
		{"the Deny is missing", func(x *templates) {
			x.setKeyStatements("ClientKey", toAccount(), x.keyStatements("ClientKey")[2], x.keyStatements("ClientKey")[3])
		},
			[]string{"the client key's policy does not deny kms:Decrypt, kms:GenerateDataKey, kms:Encrypt, kms:ReEncryptFrom and 41 more for certain to"}},
		{"the Deny has another path", func(x *templates) {
			x.keyStatements("ClientKey")[1].(object)["Condition"] = object{"ArnLike": object{"aws:PrincipalArn": "arn:aws:iam::*:role/strongroom/servers/*"}}
		}, []string{"does not deny kms:Decrypt"}},
		{"the Deny is for another account", func(x *templates) {
			x.keyStatements("ClientKey")[1].(object)["Condition"] = object{"ArnLike": object{"aws:PrincipalArn": "arn:aws:iam::111122223333:role/strongroom/server/*"}}
		}, []string{"does not deny kms:Decrypt"}},
		{"the Deny wants one thing more", func(x *templates) {
			x.keyStatements("ClientKey")[1].(object)["Condition"].(object)["Bool"] = object{"aws:SecureTransport": "true"}
		}, []string{"does not deny kms:Decrypt"}},
		{"the Deny compares text without wildcards", func(x *templates) {
			x.keyStatements("ClientKey")[1].(object)["Condition"] = object{"StringEquals": object{"aws:PrincipalArn": serverRoles}}
		}, []string{"does not deny kms:Decrypt"}},
		{"the Deny uses a policy variable", func(x *templates) {
			x.keyStatements("ClientKey")[1].(object)["Condition"] = object{"ArnLike": object{"aws:PrincipalArn": "${aws:PrincipalTag/server}"}}
		}, []string{"does not deny kms:Decrypt"}},
		{"the Deny is for some actions", func(x *templates) {
			x.keyStatements("ClientKey")[1].(object)["Action"] = []any{"kms:Decrypt", "kms:GenerateDataKey*"}
		},
			[]string{"does not deny kms:Encrypt, kms:ReEncryptFrom, kms:ReEncryptTo, kms:CreateGrant"}},
		{"the Deny leaves out what KMS may learn", func(x *templates) {
			x.keyStatements("ClientKey")[1].(object)["Action"] = []any{"kms:Decrypt", "kms:G*", "kms:E*", "kms:R*", "kms:C*", "kms:S*", "kms:V*", "kms:D*", "kms:P*", "kms:L*", "kms:I*", "kms:U*", "kms:T*"}
		}, []string{"does not deny kms:AnythingElse for certain"}},
		{"the Deny is for all but one action", func(x *templates) {
			s := x.keyStatements("ClientKey")[1].(object)
			delete(s, "Action")
			s["NotAction"] = "kms:Decrypt"
		}, []string{"does not deny kms:Decrypt for certain to"}},
		{"the Deny is for one principal", func(x *templates) { x.keyStatements("ClientKey")[1].(object)["Principal"] = object{"AWS": admin} }, []string{"does not deny kms:Decrypt"}},
		{"the Deny is for all but one principal", func(x *templates) {
			s := x.keyStatements("ClientKey")[1].(object)
			delete(s, "Principal")
			s["NotPrincipal"] = object{"AWS": admin}
		}, []string{"does not deny kms:Decrypt"}},
		{"the Deny allows", func(x *templates) { x.keyStatements("ClientKey")[1].(object)["Effect"] = "Allow" },
			[]string{"does not deny kms:Decrypt", `allows kms:* to everybody, Principal "*"`}},
		{"the Deny has an element that there is not", func(x *templates) { x.keyStatements("ClientKey")[1].(object)["Unless"] = "x" }, []string{"does not deny kms:Decrypt"}},
		{"the client key has no policy", func(x *templates) { delete(x.of("ClientKey"), "KeyPolicy") }, []string{"the client key ClientKey has no policy"}},
		{"the client key's policy is a parameter", func(x *templates) { x.of("ClientKey")["KeyPolicy"] = ref("Policy") }, []string{"can't be read, and may say anything", "does not deny kms:Decrypt"}},
		{"the client key's policy depends on a condition", func(x *templates) {
			all := x.keyStatements("ClientKey")
			x.setKeyStatements("ClientKey", all[0], object{"Fn::If": []any{"Prod", all[1], ref("AWS::NoValue")}})
		}, []string{"can't be read, and may say anything"}},
		{"no key is the client key", func(x *templates) {
			delete(x.of("ClientKey"), "Tags")
			for _, row := range operation.Table {
				delete(x.of(id(row.Name)+"Function"), "Environment")
			}
		}, []string{"no key is the client key"}},
		{"two keys are the client key", func(x *templates) { x.add("Second", "AWS::KMS::Key", keyOf("client")["Properties"].(object)) },
			[]string{"2 keys are the client key (ClientKey, Second)", "does not deny kms:Decrypt"}},
		{"a replica of the client key has a policy of its own", func(x *templates) {
			x.add("Replica", "AWS::KMS::ReplicaKey", object{"PrimaryKeyArn": imported("ClientKey"), "KeyPolicy": document(toAccount())})
		}, []string{"does not deny kms:Decrypt"}},
		{"functions use another key as the client key", func(x *templates) {
			x.of("getsecretFunction")["Environment"].(object)["Variables"].(object)["STRONGROOM_CLIENT_KEY"] = imported("StorageKey")
		}, []string{"STRONGROOM_CLIENT_KEY of get-secret is told that sr-data-StorageKey is the client key, which is tagged as the storage key"}},
		{"functions use a key from elsewhere as the client key", func(x *templates) {
			x.of("getsecretFunction")["Environment"].(object)["Variables"].(object)["STRONGROOM_CLIENT_KEY"] = "arn:aws:kms:eu-central-1:111122223333:key/x"
		}, []string{"names a client key that is not in these templates: arn:aws:kms:eu-central-1:111122223333:key/x"}},
		{"everybody may use the client key", func(x *templates) {
			x.setKeyStatements("ClientKey", append(x.keyStatements("ClientKey"), toEverybody)...)
		},
			[]string{`the client key's policy (Open) allows kms:Decrypt to everybody, Principal "*": to whoever calls`}},
		{"another account may use the client key", func(x *templates) {
			x.setKeyStatements("ClientKey", append(x.keyStatements("ClientKey"), statement("Principal", object{"AWS": "arn:aws:iam::999999999999:root"}, "Action", "kms:Decrypt", "Resource", "*"))...)
		}, []string{"to arn:aws:iam::999999999999:root, which is not in the key's own account"}},
		{"a service may use the client key", func(x *templates) {
			x.setKeyStatements("ClientKey", append(x.keyStatements("ClientKey"), statement("Principal", object{"Service": "s3.amazonaws.com"}, "Action", "kms:Decrypt", "Resource", "*"))...)
		}, []string{"to the service s3.amazonaws.com, which is no client"}},
		{"all but one may use the client key", func(x *templates) {
			x.setKeyStatements("ClientKey", append(x.keyStatements("ClientKey"), statement("NotPrincipal", object{"AWS": admin}, "Action", "kms:Decrypt", "Resource", "*"))...)
		}, []string{"with NotPrincipal"}},
		{"grants need no encryption context", func(x *templates) { x.setKeyStatements("ClientKey", x.keyStatements("ClientKey")[:3]...) },
			[]string{"a grant on the client key can be made without an encryption context"}},
		{"grants may be for anything", func(x *templates) {
			all := x.keyStatements("ClientKey")
			x.setKeyStatements("ClientKey", all[0], all[1], all[3])
		}, []string{"a grant of Encrypt, ReEncryptFrom, ReEncryptTo, GenerateDataKeyWithoutPlaintext and 39 more on the client key can be made"}},
		{"grants may be for one operation more", func(x *templates) {
			x.keyStatements("ClientKey")[2].(object)["Condition"] = object{"ForAnyValue:StringNotEquals": object{"kms:GrantOperations": []any{"Decrypt", "GenerateDataKey", "GenerateDataKeyPair"}}}
		}, []string{"a grant of GenerateDataKeyPair on the client key can be made"}},
		{"grants may be for a part of a context", func(x *templates) {
			x.keyStatements("ClientKey")[3].(object)["Condition"] = object{"StringNotEquals": object{"kms:GrantConstraintType": []any{"EncryptionContextEquals", "EncryptionContextSubset"}}}
		}, []string{"for a part of an encryption context (EncryptionContextSubset)"}},
		{"the client key's policy names a role", func(x *templates) {
			x.setKeyStatements("ClientKey", append(x.keyStatements("ClientKey"), statement("Principal", object{"AWS": admin}, "Action", "kms:Decrypt", "Resource", "*"))...)
		}, []string{"allows kms:Decrypt to arn:${AWS::Partition}:iam::${AWS::AccountId}:role/admin itself, whatever the account's IAM policies say"}},
		{"a role is outside the path", func(x *templates) { x.of("getsecretRole")["Path"] = "/strongroom/" },
			[]string{"get-secret has the role sr-server-Functions-getsecretRole with the path /strongroom/, and not one under /strongroom/server/", "does not deny kms:Decrypt"}},
		{"a role has no path", func(x *templates) { delete(x.of("getsecretRole"), "Path") }, []string{"get-secret has the role sr-server-Functions-getsecretRole with the path /, and not one"}},
		{"a function has a role from elsewhere", func(x *templates) { x.of("getsecretFunction")["Role"] = "arn:aws:iam::111122223333:role/admin" },
			[]string{"the role of get-secret (arn:aws:iam::111122223333:role/admin) is not in these templates"}},
		{"a role is allowed all of KMS", func(x *templates) { x.allow(operation.GetSecret, statement("Action", "kms:*", "Resource", "*")) },
			[]string{"get-secret may kms:GenerateDataKey", "get-secret may kms:* on *, which no row"}},
		{"a role is allowed everything but IAM", func(x *templates) { x.allow(operation.GetSecret, statement("NotAction", "iam:*", "Resource", "*")) },
			[]string{"the role of get-secret is allowed all but something", "get-secret may dynamodb:Query, dynamodb:Scan"}},
		{"a role has AWS's administrator policy", func(x *templates) {
			x.of("getsecretRole")["ManagedPolicyArns"] = []any{"arn:aws:iam::aws:policy/AdministratorAccess"}
		},
			[]string{"the role of get-secret has the managed policy arn:aws:iam::aws:policy/AdministratorAccess"}},
		{"a role gets a policy of its own resource", func(x *templates) {
			x.add("More", "AWS::IAM::Policy", object{"Roles": []any{ref("whoamiRole")}, "PolicyDocument": document(statement("Action", "kms:Decrypt", "Resource", imported("StorageKey")))})
		}, []string{"whoami may kms:Decrypt with the storage key"}},
		{"a policy is for a role from elsewhere", func(x *templates) {
			x.add("More", "AWS::IAM::Policy", object{"Roles": []any{"elsewhere"}, "PolicyDocument": document(statement("Action", "kms:Decrypt", "Resource", "*"))})
		}, []string{"belongs to nobody in these templates"}},
		{"a second function may sign", func(x *templates) {
			x.allow(operation.RollUpReads, statement("Action", "kms:Sign", "Resource", imported("SigningKey")))
		},
			[]string{"roll-up-reads may kms:Sign with the signing key, which its row in the operation table does not say"}},
		{"seal-events may not sign", func(x *templates) {
			x.of("sealeventsRole")["Policies"].([]any)[0].(object)["PolicyDocument"] = document(statement("Action", "kms:GetPublicKey", "Resource", imported("SigningKey")))
		}, []string{"seal-events may not kms:Sign with the signing key"}},
		{"a list may decrypt", func(x *templates) {
			x.allow(operation.ListSecrets, statement("Action", "kms:Decrypt", "Resource", imported("StorageKey")))
		},
			[]string{"list-secrets may kms:Decrypt with the storage key"}},
		{"a function may scan", func(x *templates) {
			x.allow(operation.ListSecrets, statement("Action", "dynamodb:Scan", "Resource", imported("Table")))
		},
			[]string{"list-secrets may dynamodb:Scan in the table"}},
		{"a function may use the table's key itself", func(x *templates) {
			x.allow(operation.GetSecret, statement("Action", "kms:Decrypt", "Resource", imported("TableKey")))
		},
			[]string{"get-secret may kms:Decrypt with the table's key itself"}},
		{"a function may read another partition", func(x *templates) {
			x.allow(operation.GetProject, statement("Action", "dynamodb:BatchGetItem", "Resource", imported("Table"), "Condition", object{
				"ForAllValues:StringLike": object{"dynamodb:LeadingKeys": "SECRET#*"}, "Null": object{"dynamodb:LeadingKeys": "false"},
			}))
		}, []string{"get-project may dynamodb:BatchGetItem the items of SECRET# in the table, and its row in the operation table says only IDENTITY#, PROJECT#"}},
		{"a function may read what begins as a partition does", func(x *templates) {
			x.allow(operation.ListSeals, statement("Action", "dynamodb:Query", "Resource", imported("Table"), "Condition", object{
				"ForAllValues:StringLike": object{"dynamodb:LeadingKeys": "SEAL*"}, "Null": object{"dynamodb:LeadingKeys": "false"},
			}))
		}, []string{"list-seals may dynamodb:Query the items of SEALINDEX# in the table"}},
		{"the second index is not bounded", func(x *templates) {
			x.allow(operation.ListSecrets, statement("Action", "dynamodb:Query", "Resource", object{"Fn::Join": []any{"", []any{imported("Table"), "/index/GSI2"}}}))
		}, []string{"list-secrets may dynamodb:Query in the table/index/GSI2 anywhere"}},
		{"the first index is not bounded", func(x *templates) {
			x.allow(operation.ListRotations, statement("Action", "dynamodb:Query", "Resource", object{"Fn::Join": []any{"", []any{imported("Table"), "/index/GSI1"}}}))
		}, []string{"list-rotations may dynamodb:Query in the table/index/GSI1 anywhere"}},
		{"another function may query the first index", func(x *templates) {
			x.allow(operation.ListSecrets, statement("Action", "dynamodb:Query", "Resource", object{"Fn::Join": []any{"", []any{imported("Table"), "/index/GSI1"}}}))
		}, []string{"list-secrets may dynamodb:Query in the first index, which its row in the operation table does not say"}},
		{"more events start a function", func(x *templates) {
			delete(x.of("rotateoneventRule0")["EventPattern"].(object), "detail-type")
		}, []string{"rotate-on-event is started by the events of strongroom, and its row in the operation table says events of strongroom: Principal Deleted"}},
		{"events start a function by a pattern that says more", func(x *templates) {
			x.of("rotateoneventRule1")["EventPattern"].(object)["account"] = []any{"111122223333"}
		}, []string{`is started by the events of {"account":["111122223333"],"source":["strongroom.leak"]}`}},
		{"events start what the clock starts", func(x *templates) {
			x.of("sealeventsRule")["EventPattern"] = object{"source": []any{"strongroom.leak"}}
		}, []string{"seal-events may be invoked by something else than its schedule or its events"}},
		{"a function may use a key that is nobody's", func(x *templates) {
			x.add("LogKey", "AWS::KMS::Key", object{"KeyPolicy": document(toAccount())})
			x.allow(operation.GetSecret, statement("Action", "kms:PutKeyPolicy", "Resource", att("LogKey", "Arn")))
		}, []string{"get-secret may kms:PutKeyPolicy on arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/sr-server-Functions-LogKey, which no row"}},
		{"seal-events may put into another bucket", func(x *templates) {
			x.add("Trail", "AWS::S3::Bucket", object{})
			x.allow(operation.SealEvents, statement("Action", "s3:PutObject", "Resource", object{"Fn::Join": []any{"", []any{att("Trail", "Arn"), "/*"}}}))
		}, []string{"seal-events may s3:PutObject on arn:${AWS::Partition}:s3:::sr-server-Functions-Trail/*, which no row"}},
		{"publish-changes may publish to another bus", func(x *templates) {
			x.add("Other", "AWS::Events::EventBus", object{"Name": "other"})
			x.allow(operation.PublishChanges, statement("Action", "events:PutEvents", "Resource", att("Other", "Arn")))
		}, []string{"publish-changes may events:PutEvents on arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/other, which no row"}},
		{"a function may write another's log", func(x *templates) {
			x.allow(operation.GetSecret, statement("Action", "logs:PutLogEvents", "Resource", att("whoamiLog", "Arn")))
		}, []string{"get-secret may logs:PutLogEvents on arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:sr-server-Functions-whoamiLog:*, which no row"}},
		{"a function that answers may leave dead letters", func(x *templates) {
			x.add("Letters", "AWS::SQS::Queue", object{})
			x.allow(operation.GetSecret, statement("Action", "sqs:SendMessage", "Resource", att("Letters", "Arn")))
		}, []string{"get-secret may sqs:SendMessage on"}},
		{"a function may assume roles", func(x *templates) {
			x.allow(operation.GetSecret, statement("Action", "sts:AssumeRole", "Resource", "*"))
		},
			[]string{"get-secret may sts:AssumeRole on *, which no row"}},
		{"another service may assume a function's role", func(x *templates) {
			x.of("getsecretRole")["AssumeRolePolicyDocument"] = document(statement("Action", "sts:AssumeRole", "Principal", object{"Service": []any{"lambda.amazonaws.com", "ec2.amazonaws.com"}}))
		}, []string{"the role of get-secret may be assumed by somebody else than Lambda"}},
		{"a role for people may use the client key", func(x *templates) {
			x.add("People", "AWS::IAM::Role", object{"Policies": []any{object{"PolicyDocument": document(statement("Action", []any{"kms:Decrypt", "kms:CreateGrant"}, "Resource", "*"))}}})
		}, []string{"sr-server-Functions-People could kms:Decrypt, kms:CreateGrant with the client key", "which is no function's role, could kms:Decrypt, kms:CreateGrant with the storage key"}},
		{"a user has a policy that is not shown", func(x *templates) {
			x.add("Somebody", "AWS::IAM::User", object{"ManagedPolicyArns": []any{"arn:aws:iam::aws:policy/PowerUserAccess"}})
		}, []string{"sr-server-Functions-Somebody could kms:Decrypt", "what the managed policy arn:aws:iam::aws:policy/PowerUserAccess allows is not in the templates"}},
		{"a permission has no source", func(x *templates) { delete(x.of("getsecretPermission"), "SourceArn") },
			[]string{"get-secret may be invoked by apigateway.amazonaws.com for whomever it acts, from any account: getsecretPermission has no SourceArn"}},
		{"a permission is everybody's", func(x *templates) { x.of("getsecretPermission")["Principal"] = "*" }, []string{"get-secret may be invoked by everybody"}},
		{"a permission is another account's", func(x *templates) { x.of("getsecretPermission")["Principal"] = "999999999999" }, []string{"get-secret may be invoked by 999999999999"}},
		{"a permission is for all routes", func(x *templates) {
			x.of("getsecretPermission")["SourceArn"] = object{"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:*/*/*/*"}
		}, []string{"get-secret may be invoked by another API than the one of these templates"}},
		{"a permission is for another route", func(x *templates) { x.of("getsecretPermission")["SourceArn"] = x.of("whoamiPermission")["SourceArn"] },
			[]string{"get-secret may be invoked for GET /me, and its route is GET /secrets/{secretId}"}},
		{"a route needs no signature", func(x *templates) { x.of("getsecretRoute")["AuthorizationType"] = "NONE" }, []string{"the route GET /secrets/{secretId} asks for no signature"}},
		{"a route leads to another function", func(x *templates) { x.of("whoamiRoute")["Target"] = x.of("getsecretRoute")["Target"] },
			[]string{"the route GET /me leads to get-secret, whose row", "nothing starts whoami"}},
		{"a function has a URL", func(x *templates) {
			x.add("Url", "AWS::Lambda::Url", object{"TargetFunctionArn": att("getsecretFunction", "Arn"), "AuthType": "NONE"})
		},
			[]string{"get-secret has a URL of its own (Url)"}},
		{"the API may invoke create-organization", func(x *templates) {
			x.add("P", "AWS::Lambda::Permission", object{"FunctionName": att("createorganizationFunction", "Arn"), "Principal": "apigateway.amazonaws.com", "SourceArn": x.of("whoamiPermission")["SourceArn"]})
		}, []string{"create-organization may be invoked by API Gateway"}},
		{"another rule starts a function", func(x *templates) {
			x.of("sealeventsPermission")["SourceArn"] = "arn:aws:events:eu-central-1:111122223333:rule/x"
		},
			[]string{"seal-events may be invoked by something else than its schedule"}},
		{"another stream starts a function", func(x *templates) {
			x.of("rollupreadsMapping")["EventSourceArn"] = "arn:aws:kinesis:eu-central-1:111122223333:stream/x"
		},
			[]string{"roll-up-reads is started by arn:aws:kinesis:eu-central-1:111122223333:stream/x"}},
		{"a role may invoke functions", func(x *templates) {
			x.add("People", "AWS::IAM::Role", object{"Policies": []any{object{"PolicyDocument": document(statement("Action", "lambda:*", "Resource", "*"))}}})
		}, []string{"sr-server-Functions-People could lambda:InvokeFunction, lambda:UpdateFunctionCode"}},
		{"a role may invoke a version of a function", func(x *templates) {
			x.add("People", "AWS::IAM::Role", object{"Policies": []any{object{"PolicyDocument": document(
				statement("Action", "lambda:InvokeFunction", "Resource", object{"Fn::Sub": "${getsecretFunction.Arn}:*"}),
			)}}})
		}, []string{"sr-server-Functions-People could lambda:InvokeFunction on get-secret"}},
		{"the API has a document with routes", func(x *templates) { x.of("Api")["Body"] = object{"openapi": "3.0.1"} },
			[]string{"the API Api has routes in its Body"}},
		{"a function is missing", func(x *templates) {
			for _, of := range []string{"Function", "Integration", "Route", "Permission"} {
				delete(x.functions["Resources"].(object), "whoami"+of)
			}
		}, []string{"no function is whoami"}},
		{"a template is transformed", func(x *templates) { x.server["Transform"] = "Evil" }, []string{"has a Transform"}},
	}
	if len(cases) != spoiled {
		t.Errorf("there are %d cases, want %d", len(cases), spoiled)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := newTemplates()
			c.spoil(x)
			report := x.examine(t)
			for _, want := range c.want {
				if !slices.ContainsFunc(report.Problems, func(problem string) bool { return strings.Contains(problem, want) }) {
					t.Errorf("%q is not said; said is\n%s", want, strings.Join(report.Problems, "\n"))
				}
			}
		})
	}
}

// TestRowsWithPartitions: a row that bounds its function to partitions wants a condition that holds nowhere else.
func TestAnOpenConditionOnPartitionsIsFound(t *testing.T) {
	bounded := func() (operation.Row, bool) {
		for _, row := range operation.Table {
			for _, a := range row.Access.Table {
				if len(a.Partitions) > 0 {
					return row, true
				}
			}
		}
		return operation.Row{}, false
	}
	row, ok := bounded()
	if !ok {
		t.Skip("no row of the operation table bounds its function to partitions")
	}
	x := newTemplates()
	policy := x.of(id(row.Name) + "Role")["Policies"].([]any)[0].(object)["PolicyDocument"].(object)
	for _, s := range policy["Statement"].([]any) {
		delete(s.(object), "Condition")
	}
	report := x.examine(t)
	if !slices.ContainsFunc(report.Problems, func(problem string) bool { return strings.Contains(problem, "in the table anywhere") }) {
		t.Errorf("it is not found: %q", report.Problems)
	}
}
