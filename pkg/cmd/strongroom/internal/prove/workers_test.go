package prove_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
)

// withWorkers are the templates of a deployment with workers.
func withWorkers() *templates {
	x := newTemplates()
	all := object{}
	for _, r := range rotation.Rotators {
		addWorker(all, r)
	}
	x.workers = object{"Resources": all}
	x.server["Outputs"] = object{"Api": object{"Value": ref("Api"), "Export": object{"Name": "sr-data:Api"}}}
	return x
}

// few are the same with two functions alone, which is quicker to look at; that others are missing is found then too.
func few() *templates {
	x := withWorkers()
	of := x.functions["Resources"].(object)
	maps.DeleteFunc(of, func(name string, _ any) bool {
		return !strings.HasPrefix(name, "getsecretFunction") && !strings.HasPrefix(name, "getsecretRole") && !strings.HasPrefix(name, "whoami")
	})
	return x
}

// addWorker adds what belongs to a worker, the ids of which begin with its kind.
func addWorker(into object, r rotation.Rotator) {
	of := id(operation.Name(r.Kind))
	into[of+"Log"] = resource("AWS::Logs::LogGroup", object{})
	into[of+"Letters"] = resource("AWS::SQS::Queue", object{"QueueName": "sr-worker-" + string(r.Kind) + "-failed"})
	into[of+"Queue"] = resource("AWS::SQS::Queue", object{
		"QueueName": "sr-worker-" + string(r.Kind), "RedrivePolicy": object{"deadLetterTargetArn": att(of+"Letters", "Arn"), "maxReceiveCount": 5},
	})
	into[of+"Rule"] = resource("AWS::Events::Rule", object{
		"EventBusName": imported("BusName"), "EventPattern": object{
			"source": []any{"strongroom"}, "detail-type": []any{"Rotation Due"}, "detail": object{"rotator": []any{string(r.Kind)}},
		},
		"Targets": []any{object{"Id": "Queue", "Arn": att(of+"Queue", "Arn")}},
	})
	for _, queue := range []string{of + "Queue", of + "Letters"} {
		into[queue+"Policy"] = resource("AWS::SQS::QueuePolicy", object{
			"Queues": []any{ref(queue)}, "PolicyDocument": document(
				statement("Principal", object{"Service": "events.amazonaws.com"}, "Action", "sqs:SendMessage", "Resource", att(queue, "Arn"),
					"Condition", object{"ArnEquals": object{"aws:SourceArn": att(of+"Rule", "Arn")}}),
				object{
					"Effect": "Deny", "Principal": object{"AWS": "*"}, "Action": "sqs:*", "Resource": att(queue, "Arn"),
					"Condition": object{"Bool": object{"aws:SecureTransport": "false"}},
				}),
		})
	}
	into[of+"Role"] = resource("AWS::IAM::Role", object{
		"Path": "/strongroom/workers/", "AssumeRolePolicyDocument": document(statement("Action", "sts:AssumeRole", "Principal", object{"Service": "lambda.amazonaws.com"})),
		"Policies": []any{object{"PolicyName": "access", "PolicyDocument": document(workerStatements(of, r)...)}},
	})
	into[of+"Function"] = resource("AWS::Lambda::Function", object{
		"FunctionName": "sr-worker-" + string(r.Kind), "Role": att(of+"Role", "Arn"), "LoggingConfig": object{"LogGroup": ref(of + "Log")},
	})
	into[of+"Messages"] = resource("AWS::Lambda::EventSourceMapping", object{"FunctionName": att(of+"Function", "Arn"), "EventSourceArn": att(of+"Queue", "Arn")})
}

// workerStatements are what a worker's role is to be allowed.
func workerStatements(of string, r rotation.Rotator) []any {
	var routes []any
	for _, name := range operation.Workers {
		route := operation.MustLookup(name).Trigger.(operation.HTTP)
		routes = append(routes, object{"Fn::Join": []any{"", []any{
			"arn:", ref("AWS::Partition"), ":execute-api:", ref("AWS::Region"), ":", ref("AWS::AccountId"), ":", imported("Api"), "/$default/" + route.Invoked(nil),
		}}})
	}
	all := []any{
		statement("Action", []any{"logs:CreateLogStream", "logs:PutLogEvents"}, "Resource", att(of+"Log", "Arn")),
		statement("Action", []any{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}, "Resource", att(of+"Queue", "Arn")),
		statement("Action", "execute-api:Invoke", "Resource", routes),
	}
	switch r.Kind { //nolint:exhaustive // the others have no actions of their own
	case rotation.IAMAccessKey:
		all = append(all, statement("Action", r.Actions, "Resource", object{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/*"},
			"Condition", object{"StringLike": object{"aws:ResourceTag/strongroom:secret": "????????-????-????-????-????????????"}}))
	case rotation.Lambda:
		functions := "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
		all = append(all, statement("Action", r.Actions, "Resource", object{"Fn::Sub": functions + "*"},
			"Condition", object{"StringLike": object{"aws:ResourceTag/strongroom:secret": []any{
				"????????-????-????-????-????????????", "????????-????-????-????-???????????? *",
			}}}),
			object{"Effect": "Deny", "Action": "lambda:*", "Resource": object{"Fn::Sub": functions + "sr-*"}})
	}
	return all
}

// allowed are the statements of a worker's role.
func (t *templates) allowed(worker string) []any {
	return t.of(worker + "Role")["Policies"].([]any)[0].(object)["PolicyDocument"].(object)["Statement"].([]any)
}

// allowWorker adds a statement to a worker's role.
func (t *templates) allowWorker(worker string, s object) {
	policy := t.of(worker + "Role")["Policies"].([]any)[0].(object)["PolicyDocument"].(object)
	policy["Statement"] = append(t.allowed(worker), s)
}

// addWorkers puts a resource among the workers.
func (t *templates) addWorkers(id, kind string, of object) {
	t.workers["Resources"].(object)[id] = resource(kind, of)
}

func TestWhatHoldsOfWorkersIsProven(t *testing.T) {
	report := withWorkers().examine(t)
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	n := len(rotation.Rotators)
	for _, want := range []string{
		fmt.Sprintf("each of %d workers may ask the API for the %d routes that workers ask for", n, len(operation.Workers)),
		fmt.Sprintf("each of %d workers is started by its own queue alone", n),
		"no function's role, and nobody else in these templates, gets at a worker's queue or function",
	} {
		if !slices.ContainsFunc(report.Proven, func(proven string) bool { return strings.Contains(proven, want) }) {
			t.Errorf("not proven: %s\n%s", want, strings.Join(report.Proven, "\n"))
		}
	}
	rows := 0
	for _, s := range report.Sections {
		for _, row := range s.Rows {
			if s.Title == "What workers may do" && row[1] == "sr-"+strings.ReplaceAll(strings.TrimPrefix(row[0], "the "), " for ", "-") &&
				row[2] == fmt.Sprint(len(operation.Workers)) {
				rows++
			}
		}
	}
	if rows != n {
		t.Errorf("the table of workers has %d rows: %v", rows, report.Sections)
	}
}

// TestADeploymentMayHaveNoWorkers, and nothing is said of them then.
func TestADeploymentMayHaveNoWorkers(t *testing.T) {
	if proven := aboutWorkers(newTemplates().examine(t).Proven); len(proven) > 0 {
		t.Errorf("proven: %q", proven)
	}
}

func aboutWorkers(proven []string) []string {
	return slices.DeleteFunc(slices.Clone(proven), func(one string) bool { return !strings.Contains(one, "worker") })
}

// spoiledWorkers is how many ways of spoiling the workers' templates there are.
const spoiledWorkers = 51

func TestWhatIsSpoiledOfWorkersIsFoundAndNamed(t *testing.T) {
	everywhere := func(action any) object { return statement("Action", action, "Resource", "*") }
	cases := []struct {
		name  string
		spoil func(*templates)
		want  string
	}{
		{"one is missing", func(x *templates) { delete(x.workers["Resources"].(object), "httpFunction") }, "no function is the worker for http"},
		{"there are two", func(x *templates) { x.addWorkers("More", "AWS::Lambda::Function", maps.Clone(x.of("httpFunction"))) },
			"are both the worker for http"},
		{"it has the server's path", func(x *templates) { x.of("httpRole")["Path"] = "/strongroom/server/" },
			"the worker for http has the role sr-workers-httpRole with the path /strongroom/server/, and not one under /strongroom/workers/"},
		{"its role is from elsewhere", func(x *templates) { x.of("httpFunction")["Role"] = "arn:aws:iam::111122223333:role/admin" },
			"the role of the worker for http (arn:aws:iam::111122223333:role/admin) is not in these templates"},
		{"two share a role", func(x *templates) { x.of("httpFunction")["Role"] = att("randomRole", "Arn") }, "has the role of the worker for"},
		{"somebody else may assume its role", func(x *templates) {
			x.of("httpRole")["AssumeRolePolicyDocument"] = document(statement("Action", "sts:AssumeRole", "Principal", object{"AWS": imported("Role")}))
		}, "the role of the worker for http may be assumed by somebody else than Lambda"},
		{"a role under the path is nobody's", func(x *templates) {
			x.addWorkers("More", "AWS::IAM::Role", object{"Path": "/strongroom/workers/"})
		}, "sr-workers-More has the path /strongroom/workers/ and is no worker's role"},
		{"a managed policy is not shown", func(x *templates) {
			x.of("httpRole")["ManagedPolicyArns"] = []any{"arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"}
		}, "the role of the worker for http has the managed policy"},
		{"all but something is allowed", func(x *templates) { x.allowWorker("http", statement("NotAction", "iam:*", "Resource", "*")) },
			"the role of the worker for http is allowed all but something"},
		{"it may ask for any route", func(x *templates) {
			x.allowed("http")[2].(object)["Resource"] = object{"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:sr-server-Api/*"}
		}, "the worker for http may ask the API for get-organization, update-organization, list-principals, create-principal and "},
		{"it may ask for whatever is below a secret", func(x *templates) {
			routes := x.allowed("http")[2].(object)["Resource"].([]any)
			parts := maps.Clone(routes[0].(object))["Fn::Join"].([]any)[1].([]any)
			routes[0] = object{"Fn::Join": []any{"", append(slices.Clone(parts[:len(parts)-1]), "/$default/PUT/secrets/*")}}
		}, "put-secret-access"},
		{"it may ask another API", func(x *templates) {
			x.allowWorker("http", statement("Action", "execute-api:Invoke", "Resource", "arn:aws:execute-api:eu-central-1:111122223333:abc123/*"))
		}, "the worker for http may execute-api:Invoke on arn:aws:execute-api:eu-central-1:111122223333:abc123/*, which no worker of its kind needs"},
		{"it may not ask for one", func(x *templates) {
			of := x.allowed("http")[2].(object)
			of["Resource"] = of["Resource"].([]any)[1:]
		}, "the worker for http may not ask the API for whoami, which workers do"},
		{"it has a standing right to the client key", func(x *templates) {
			x.allowWorker("http", statement("Action", "kms:Decrypt", "Resource", imported("ClientKey")))
		}, "the worker for http may kms:Decrypt with sr-data-ClientKey by a policy: workers have the client key by KMS grants"},
		{"the client key is told of it", func(x *templates) {
			x.allowWorker("http", statement("Action", "kms:Decrypt", "Resource", imported("ClientKey")))
		},
			"sr-workers-httpRole could kms:Decrypt with the client key"},
		{"it may decrypt with the storage key", func(x *templates) {
			x.allowWorker("http", statement("Action", "kms:Decrypt", "Resource", imported("StorageKey")))
		}, "the worker for http may kms:Decrypt with sr-data-StorageKey"},
		{"it may sign", func(x *templates) {
			x.allowWorker("http", statement("Action", "kms:Sign", "Resource", imported("SigningKey")))
		},
			"the worker for http may kms:Sign with sr-data-SigningKey"},
		{"it may use the table's key", func(x *templates) {
			x.allowWorker("http", statement("Action", "kms:Decrypt", "Resource", imported("TableKey"), "Condition",
				object{"StringEquals": object{"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}}))
		}, "the worker for http may kms:Decrypt with sr-data-TableKey"},
		{"it may read the table", func(x *templates) {
			x.allowWorker("http", statement("Action", "dynamodb:GetItem", "Resource", imported("Table")))
		},
			"the worker for http may dynamodb:GetItem in the table"},
		{"the table lets it in", func(x *templates) {
			x.of("Table")["ResourcePolicy"] = object{"PolicyDocument": document(statement("Principal", object{"AWS": object{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/strongroom/workers/sr-workers-httpRole"}},
				"Action", "dynamodb:Scan", "Resource", "*"))}
		}, "the worker for http may dynamodb:Scan in the table"},
		{"it may publish", func(x *templates) {
			x.allowWorker("http", statement("Action", "events:PutEvents", "Resource", imported("Bus")))
		},
			"the worker for http may events:PutEvents on"},
		{"it may write another's log", func(x *templates) {
			x.allowWorker("http", statement("Action", "logs:PutLogEvents", "Resource", att("randomLog", "Arn")))
		}, "the worker for http may logs:PutLogEvents on"},
		{"it may take from another's queue", func(x *templates) {
			x.allowWorker("http", statement("Action", "sqs:ReceiveMessage", "Resource", att("randomQueue", "Arn")))
		}, "sr-workers-httpRole could sqs:ReceiveMessage on the queue sr-worker-random of the worker for random"},
		{"it may send to its own queue", func(x *templates) {
			x.allowWorker("http", statement("Action", "sqs:SendMessage", "Resource", att("httpQueue", "Arn")))
		}, "the worker for http may sqs:SendMessage on"},
		{"it gets no message", func(x *templates) { x.allowed("http")[1].(object)["Action"] = "sqs:DeleteMessage" },
			"the worker for http may not sqs:ReceiveMessage, and so gets no message"},
		{"it may pass roles", func(x *templates) { x.allowWorker("http", everywhere("iam:PassRole")) }, "the worker for http may iam:PassRole on *"},
		{"it may assume roles", func(x *templates) { x.allowWorker("http", everywhere("sts:AssumeRole")) }, "the worker for http may sts:AssumeRole on *"},
		{"a role trusts it", func(x *templates) {
			x.of("whoamiRole")["AssumeRolePolicyDocument"] = document(statement("Action", "sts:AssumeRole", "Principal",
				object{"AWS": object{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/strongroom/workers/sr-workers-httpRole"}}))
		}, "the worker for http may become sr-server-Functions-whoamiRole"},
		{"it has another rotator's actions", func(x *templates) { x.allowWorker("http", everywhere("iam:CreateAccessKey")) },
			"the worker for http may iam:CreateAccessKey on *, which no worker of its kind needs"},
		{"it may make keys of any user", func(x *templates) { delete(x.allowed("iamaccesskey")[3].(object), "Condition") },
			"the worker for iam-access-key may iam:CreateAccessKey on what has not the tag strongroom:secret"},
		{"it may make keys of users with any value of the tag", func(x *templates) {
			x.allowed("iamaccesskey")[3].(object)["Condition"] = object{"Null": object{"aws:ResourceTag/strongroom:secret": "false"}}
		}, "the worker for iam-access-key may iam:CreateAccessKey on what has not the tag strongroom:secret, or with any value"},
		{"it may make no keys", func(x *templates) {
			x.allowed("iamaccesskey")[3].(object)["Condition"] = object{"StringLike": object{"aws:ResourceTag/strongroom:user": "*"}}
		}, "the worker for iam-access-key may not iam:CreateAccessKey on what has the tag strongroom:secret, which its rotator does"},
		{"it may invoke any function", func(x *templates) { delete(x.allowed("lambda")[3].(object), "Condition") },
			"the worker for lambda may lambda:InvokeFunction on what has not the tag strongroom:secret"},
		{"it may read any function's tags", func(x *templates) { x.allowWorker("lambda", everywhere("lambda:ListTags")) },
			"the worker for lambda may lambda:ListTags on what has not the tag strongroom:secret"},
		{"it may invoke functions with any value of the tag", func(x *templates) {
			x.allowed("lambda")[3].(object)["Condition"] = object{"Null": object{"aws:ResourceTag/strongroom:secret": "false"}}
		}, "the worker for lambda may lambda:InvokeFunction on what has not the tag strongroom:secret, or with any value"},
		{"it may invoke functions that are marked for no secret", func(x *templates) {
			x.allowed("lambda")[3].(object)["Condition"] = object{"StringLike": object{"aws:ResourceTag/strongroom:secret": []any{
				"????????-????-????-????-????????????", "????????-????-????-????-???????????? *", "true",
			}}}
		}, "the worker for lambda may lambda:InvokeFunction on what has not the tag strongroom:secret, or with any value"},
		{"it may invoke no functions that are for several secrets", func(x *templates) {
			x.allowed("lambda")[3].(object)["Condition"] = object{"StringLike": object{
				"aws:ResourceTag/strongroom:secret": "????????-????-????-????-????????????",
			}}
		}, "the worker for lambda may not lambda:InvokeFunction on what has the tag strongroom:secret, which its rotator does"},
		{"it may invoke the server", func(x *templates) {
			delete(x.allowed("lambda")[4].(object), "Resource")
			x.allowed("lambda")[4].(object)["Resource"] = "arn:aws:lambda:eu-central-1:111122223333:function:other"
		}, "sr-workers-lambdaRole could lambda:InvokeFunction on get-secret"},
		{"its code may change the network", func(x *templates) {
			x.of("httpFunction")["VpcConfig"] = object{"SubnetIds": []any{"subnet-1"}, "SecurityGroupIds": []any{"sg-1"}}
			x.allowWorker("http", everywhere([]any{"ec2:CreateNetworkInterface"}))
		}, "the code of the worker for http may ec2:CreateNetworkInterface itself"},
		{"it may change a network that it is not in", func(x *templates) { x.allowWorker("http", everywhere("ec2:CreateNetworkInterface")) },
			"the worker for http may ec2:CreateNetworkInterface on *"},
		{"nothing starts it", func(x *templates) { delete(x.workers["Resources"].(object), "httpMessages") }, "no queue starts the worker for http"},
		{"it takes another's messages", func(x *templates) { x.of("httpMessages")["EventSourceArn"] = att("randomQueue", "Arn") },
			"the worker for http takes from the queue of the worker for random"},
		{"its dead letters are lost", func(x *templates) { delete(x.of("httpQueue"), "RedrivePolicy") }, "the queue sr-worker-http has no dead letters"},
		{"its rule is for another rotator", func(x *templates) {
			x.of("httpRule")["EventPattern"].(object)["detail"] = object{"rotator": []any{"random"}}
		}, "the rule httpRule fills the queue of the worker for http with"},
		{"its rule is of another bus", func(x *templates) { x.of("httpRule")["EventBusName"] = "default" }, `is of the bus "default"`},
		{"another rule fills its queue", func(x *templates) { x.addWorkers("More", "AWS::Events::Rule", maps.Clone(x.of("httpRule"))) },
			"2 rules fill the queue of the worker for http"},
		{"its queue takes from everybody", func(x *templates) {
			s := x.of("httpQueuePolicy")["PolicyDocument"].(object)["Statement"].([]any)[0].(object)
			delete(s, "Condition")
		}, "the policy of the queue sr-worker-http of the worker for http (Allow sqs:SendMessage) lets in somebody else than its rule"},
		{"the server may touch its queue", func(x *templates) {
			x.allow(operation.Whoami, statement("Action", "sqs:*", "Resource", object{"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:sr-worker-http"}))
		}, "sr-server-Functions-whoamiRole could sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility, sqs:SendMessage and 9 more on the queue sr-worker-http"},
		{"somebody may invoke it", func(x *templates) {
			x.addWorkers("P", "AWS::Lambda::Permission", object{"FunctionName": att("httpFunction", "Arn"), "Principal": "events.amazonaws.com", "SourceArn": att("httpRule", "Arn")})
		}, "the worker for http may be invoked by events.amazonaws.com (P), and only its queue is to start it"},
		{"it has a URL", func(x *templates) {
			x.addWorkers("Url", "AWS::Lambda::Url", object{"TargetFunctionArn": att("httpFunction", "Arn"), "AuthType": "NONE"})
		}, "the worker for http has a URL of its own (Url)"},
		{"somebody may change its code", func(x *templates) {
			x.addWorkers("People", "AWS::IAM::Role", object{"Policies": []any{object{"PolicyDocument": document(everywhere("lambda:UpdateFunctionCode"))}}})
		}, "sr-workers-People could lambda:UpdateFunctionCode on the worker for http"},
	}
	if len(cases) != spoiledWorkers {
		t.Errorf("there are %d cases, want %d", len(cases), spoiledWorkers)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := few()
			c.spoil(x)
			report := x.examine(t)
			if !slices.ContainsFunc(report.Problems, func(problem string) bool { return strings.Contains(problem, c.want) }) {
				missing := func(problem string) bool { return strings.HasPrefix(problem, "no function is ") }
				t.Errorf("%q is not said; said is\n%s", c.want, strings.Join(slices.DeleteFunc(report.Problems, missing), "\n"))
			}
			if proven := aboutWorkers(report.Proven); len(proven) >= 3 {
				t.Errorf("proven all the same: %q", proven)
			}
		})
	}
}
