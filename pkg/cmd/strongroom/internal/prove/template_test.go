package prove_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
	"strongroom/pkg/cmd/strongroom/internal/prove"
	"strongroom/pkg/operation"
)

// An object is one of JSON.
type object = map[string]any

// Templates are those of a deployment as the CDK would write them: what is stored, the API, and, nested in that, the
// functions. Made from the operation table, they are right until a test spoils them.
type templates struct {
	data, server, functions object
	// workers is nil where there are none.
	workers object
}

func ref(name string) object         { return object{"Ref": name} }
func att(id, name string) object     { return object{"Fn::GetAtt": []any{id, name}} }
func imported(name string) object    { return object{"Fn::ImportValue": "sr-data:" + name} }
func statement(fields ...any) object { return pairs(append([]any{"Effect", "Allow"}, fields...)) }
func document(statements ...any) object {
	return object{"Version": "2012-10-17", "Statement": statements}
}
func resource(kind string, of object) object { return object{"Type": kind, "Properties": of} }

func pairs(fields []any) object {
	o := object{}
	for i := 0; i < len(fields); i += 2 {
		o[fields[i].(string)] = fields[i+1]
	}
	return o
}

// serverRoles is what the client key's policy knows the server by.
var serverRoles = object{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/strongroom/server/*"}

func toAccount() object {
	root := object{"Fn::Join": []any{"", []any{"arn:", ref("AWS::Partition"), ":iam::", ref("AWS::AccountId"), ":root"}}}
	return statement("Sid", "IAM", "Principal", object{"AWS": root}, "Action", "kms:*", "Resource", "*")
}

func deny(sid, action string, condition object) object {
	return object{"Sid": sid, "Effect": "Deny", "Principal": object{"AWS": "*"}, "Action": action, "Resource": "*", "Condition": condition}
}

func keyOf(purpose string, statements ...any) object {
	return resource("AWS::KMS::Key", object{
		"KeyPolicy": document(append([]any{toAccount()}, statements...)...),
		"Tags":      []any{object{"Key": "strongroom:key", "Value": purpose}},
	})
}

func newTemplates() *templates {
	data := object{
		"ClientKey": keyOf("client",
			deny("Closed", "kms:*", object{"ArnLike": object{"aws:PrincipalArn": serverRoles}}),
			deny("FewOperations", "kms:CreateGrant", object{"ForAnyValue:StringNotEquals": object{"kms:GrantOperations": []any{"Decrypt", "GenerateDataKey"}}}),
			deny("Bound", "kms:CreateGrant", object{"StringNotEquals": object{"kms:GrantConstraintType": "EncryptionContextEquals"}})),
		"StorageKey": keyOf("storage"),
		"SigningKey": keyOf("signing"),
		"TableKey":   keyOf("table"),
		"Table":      resource("AWS::DynamoDB::Table", object{"SSESpecification": object{"KMSMasterKeyId": att("TableKey", "Arn")}}),
		"Bus":        resource("AWS::Events::EventBus", object{"Name": "sr"}),
		"Archive":    resource("AWS::S3::Bucket", object{}),
	}
	outputs := object{}
	for _, id := range []string{"ClientKey", "StorageKey", "SigningKey", "TableKey", "Table", "Bus", "Archive"} {
		outputs[id] = object{"Value": att(id, "Arn"), "Export": object{"Name": "sr-data:" + id}}
	}
	for _, id := range []string{"Bus", "Archive"} {
		outputs[id+"Name"] = object{"Value": ref(id), "Export": object{"Name": "sr-data:" + id + "Name"}}
	}
	outputs["Stream"] = object{"Value": att("Table", "StreamArn"), "Export": object{"Name": "sr-data:Stream"}}
	server := object{
		"Api": resource("AWS::ApiGatewayV2::Api", object{"ProtocolType": "HTTP"}),
		"Functions": object{
			"Type": "AWS::CloudFormation::Stack", "Properties": object{"Parameters": object{"ApiRef": ref("Api")}},
			"Metadata": object{"aws:asset:path": "functions.nested.template.json"},
		},
	}
	functions := object{}
	for _, row := range operation.Table {
		addFunction(functions, row)
	}
	return &templates{
		object{"Resources": data, "Outputs": outputs}, object{"Resources": server},
		object{"Resources": functions, "Parameters": object{"ApiRef": object{"Type": "String"}}}, nil,
	}
}

// id is an operation's name as the beginning of a resource's id.
func id(row operation.Name) string { return strings.ReplaceAll(string(row), "-", "") }

// addFunction adds an operation's function, its role, and what starts it.
func addFunction(into object, row operation.Row) {
	of := id(row.Name)
	into[of+"Log"] = resource("AWS::Logs::LogGroup", object{})
	into[of+"Role"] = resource("AWS::IAM::Role", object{
		"Path": "/strongroom/server/", "AssumeRolePolicyDocument": document(statement("Action", "sts:AssumeRole", "Principal", object{"Service": "lambda.amazonaws.com"})),
		"Policies": []any{object{"PolicyName": "access", "PolicyDocument": document(statements(row)...)}},
	})
	into[of+"Function"] = resource("AWS::Lambda::Function", object{
		"FunctionName": "sr-" + string(row.Name), "Role": att(of+"Role", "Arn"), "LoggingConfig": object{"LogGroup": ref(of + "Log")},
		"Environment": object{"Variables": object{
			"STRONGROOM_CLIENT_KEY": imported("ClientKey"), "STRONGROOM_ARCHIVE": imported("ArchiveName"), "STRONGROOM_BUS": imported("BusName"),
		}},
	})
	permission := func(who string, source any) {
		into[of+"Permission"] = resource("AWS::Lambda::Permission", object{
			"Action": "lambda:InvokeFunction", "FunctionName": att(of+"Function", "Arn"), "Principal": who, "SourceArn": source,
		})
	}
	switch trigger := row.Trigger.(type) {
	case operation.HTTP:
		into[of+"Integration"] = resource("AWS::ApiGatewayV2::Integration", object{"IntegrationUri": att(of+"Function", "Arn")})
		into[of+"Route"] = resource("AWS::ApiGatewayV2::Route", object{
			"RouteKey": trigger.Route(), "AuthorizationType": "AWS_IAM", "ApiId": ref("ApiRef"),
			"Target": object{"Fn::Join": []any{"/", []any{"integrations", ref(of + "Integration")}}},
		})
		permission("apigateway.amazonaws.com", object{"Fn::Sub": []any{
			"arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/" + trigger.Method + trigger.Path, object{"Api": ref("ApiRef")},
		}})
	case operation.Schedule:
		into[of+"Rule"] = resource("AWS::Events::Rule", object{
			"ScheduleExpression": "rate(1 hour)", "Targets": []any{object{"Id": "f", "Arn": att(of+"Function", "Arn")}},
		})
		permission("events.amazonaws.com", att(of+"Rule", "Arn"))
	case operation.Event:
		for i, rule := range trigger.Rules {
			name := fmt.Sprint(of, "Rule", i)
			pattern := object{"source": []any{rule.Source}}
			if len(rule.Types) > 0 {
				pattern["detail-type"] = rule.Types
			}
			if len(rule.Fields) > 0 {
				pattern["detail"] = rule.Fields
			}
			into[name] = resource("AWS::Events::Rule", object{
				"EventPattern": pattern, "Targets": []any{object{"Id": "f", "Arn": att(of+"Function", "Arn")}},
			})
			into[name+"Permission"] = resource("AWS::Lambda::Permission", object{
				"Action": "lambda:InvokeFunction", "FunctionName": att(of+"Function", "Arn"), "Principal": "events.amazonaws.com",
				"SourceArn": att(name, "Arn"),
			})
		}
	case operation.Stream:
		into[of+"Mapping"] = resource("AWS::Lambda::EventSourceMapping", object{"FunctionName": att(of+"Function", "Arn"), "EventSourceArn": imported("Stream")})
	case operation.Invoke:
	}
}

// statements are what a row's role is allowed.
func statements(row operation.Row) []any {
	all := []any{statement("Action", []any{"logs:CreateLogStream", "logs:PutLogEvents"}, "Resource", att(id(row.Name)+"Log", "Arn"))}
	for _, a := range row.Access.Table {
		s := statement("Action", string(a.Action), "Resource", imported("Table"))
		if len(a.Partitions) > 0 {
			var like []any
			for _, p := range a.Partitions {
				like = append(like, p.Pattern())
			}
			s["Condition"] = object{"ForAllValues:StringLike": object{"dynamodb:LeadingKeys": like}, "Null": object{"dynamodb:LeadingKeys": "false"}}
		}
		all = append(all, s)
	}
	on := func(actions []string, resource any, more ...any) {
		if len(actions) > 0 {
			all = append(all, statement(append([]any{"Action", actions, "Resource", resource}, more...)...))
		}
	}
	var storage, signing []string
	for _, a := range row.Access.StorageKey {
		storage = append(storage, string(a))
	}
	for _, a := range row.Access.SigningKey {
		signing = append(signing, string(a))
	}
	on(storage, imported("StorageKey"))
	on(signing, imported("SigningKey"))
	if row.Access.Index1 {
		on([]string{"dynamodb:Query"}, object{"Fn::Join": []any{"", []any{imported("Table"), "/index/GSI1"}}}, "Condition", object{
			"ForAllValues:StringLike": object{"dynamodb:LeadingKeys": operation.Index1Partition.Pattern()}, "Null": object{"dynamodb:LeadingKeys": "false"},
		})
	}
	if row.Access.Index2 {
		on([]string{"dynamodb:Query"}, object{"Fn::Join": []any{"", []any{imported("Table"), "/index/GSI2"}}}, "Condition", object{
			"ForAllValues:StringLike": object{"dynamodb:LeadingKeys": operation.Index2Partition.Pattern()}, "Null": object{"dynamodb:LeadingKeys": "false"},
		})
	}
	if row.Access.Bus {
		on([]string{"events:PutEvents"}, imported("Bus"))
	}
	if row.Access.Archive {
		on([]string{"s3:PutObject"}, object{"Fn::Join": []any{"", []any{imported("Archive"), "/seal-*"}}})
	}
	if _, ok := row.Trigger.(operation.Stream); ok {
		on([]string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, imported("Stream"))
	}
	on([]string{"kms:Decrypt", "kms:DescribeKey"}, imported("TableKey"),
		"Condition", object{"StringEquals": object{"kms:ViaService": object{"Fn::Sub": "dynamodb.${AWS::Region}.amazonaws.com"}}})
	return all
}

// of is a resource's properties, wherever it is.
func (t *templates) of(id string) object {
	for _, template := range []object{t.data, t.server, t.functions, t.workers} {
		all, _ := template["Resources"].(object)
		if r, ok := all[id].(object); ok {
			return r["Properties"].(object)
		}
	}
	panic("no resource " + id)
}

// add puts a resource among the functions.
func (t *templates) add(id, kind string, of object) {
	t.functions["Resources"].(object)[id] = resource(kind, of)
}

// allow adds a statement to an operation's role.
func (t *templates) allow(row operation.Name, s object) {
	policy := t.of(id(row) + "Role")["Policies"].([]any)[0].(object)["PolicyDocument"].(object)
	policy["Statement"] = append(policy["Statement"].([]any), s)
}

// keyStatements are those of a key's policy.
func (t *templates) keyStatements(id string) []any {
	return t.of(id)["KeyPolicy"].(object)["Statement"].([]any)
}

func (t *templates) setKeyStatements(id string, all ...any) {
	t.of(id)["KeyPolicy"].(object)["Statement"] = all
}

// examine writes the templates and looks at them.
func (t *templates) examine(test *testing.T) prove.Report {
	test.Helper()
	dir := test.TempDir()
	var files []string
	for _, one := range []struct {
		name     string
		template object
	}{{"functions.nested.template.json", t.functions}, {"sr-data.template.json", t.data}, {"sr-server.template.json", t.server}, {"sr-workers.template.json", t.workers}} {
		if one.template == nil {
			continue
		}
		name := one.name
		content, err := json.Marshal(one.template)
		if err != nil {
			test.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			test.Fatal(err)
		}
		files = append(files, filepath.Join(dir, name))
	}
	stacks, err := cfn.Read(cfn.Place{}, files...)
	if err != nil {
		test.Fatal(err)
	}
	return prove.Examine(stacks)
}
