package main

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/google/uuid"

	"strongroom/pkg/envelope"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// A statement is one of a role's policy; those of functions all allow. They are written here, by hand, one for each line of a row's
// Access: the CDK's own grants allow more than any operation uses.
type statement struct {
	sid string
	// deny makes it one that takes away.
	deny      bool
	actions   []string
	resources []*string
	// conditions are what must be so besides, by operator and key.
	conditions map[string]map[string]any
}

func (s statement) policy() awsiam.PolicyStatement {
	props := &awsiam.PolicyStatementProps{Sid: str(s.sid), Actions: strs(s.actions...), Resources: list(s.resources...)}
	if s.deny {
		props.Effect = awsiam.Effect_DENY
	}
	if len(s.conditions) > 0 {
		conditions := map[string]any{}
		for operator, keys := range s.conditions {
			conditions[operator] = keys
		}
		props.Conditions = &conditions
	}
	return awsiam.NewPolicyStatement(props)
}

// Resources are the ARNs, and the organization's id, that statements are about.
type resources struct {
	table, index1, index2, stream, tableKey, viaDynamoDB *string
	storageKey, signingKey, bus, log                     *string
	archive                                              *string
	archived                                             []*string
	organization                                         *string
	// queue is the function's own for dead letters; nil where it has none.
	queue *string
	// traces says whether functions send traces.
	traces bool
}

func (v *server) resources(f *function, logs awslogs.LogGroup) resources {
	d := v.data
	r := resources{
		table: d.table.TableArn(), index1: str(*d.table.TableArn() + "/index/" + table.Index1.Name()),
		index2: str(*d.table.TableArn() + "/index/" + table.Index2.Name()), stream: d.table.TableStreamArn(),
		tableKey: d.keys.table.KeyArn(), viaDynamoDB: throughDynamoDB(),
		storageKey: d.keys.storage.KeyArn(), signingKey: d.keys.signing.KeyArn(), bus: d.bus.EventBusArn(),
		archive: d.archive.BucketArn(), archived: archived(d.archive), log: logs.LogGroupArn(),
		organization: d.organization, traces: v.settings.Traces,
	}
	if f.queue != nil {
		r.queue = f.queue.QueueArn()
	}
	return r
}

// statements are what the role of a row's function is allowed.
func statements(row operation.Row, r resources) []statement {
	all := []statement{{
		sid: "WriteItsLog", actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, resources: []*string{r.log},
	}}
	all = append(all, tableStatements(row.Access, r)...)
	if len(row.Access.StorageKey) > 0 {
		all = append(all, storageKeyStatement(row.Access.StorageKey, r))
	}
	if len(row.Access.SigningKey) > 0 {
		all = append(all, statement{sid: "SignSeals", actions: texts(row.Access.SigningKey), resources: []*string{r.signingKey}})
	}
	if row.Access.Bus {
		all = append(all, statement{sid: "Publish", actions: []string{"events:PutEvents"}, resources: []*string{r.bus}})
	}
	if row.Access.Archive {
		all = append(all, archiveStatements(r)...)
	}
	if r.queue != nil {
		all = append(all, statement{sid: "LeaveDeadLetters", actions: []string{"sqs:SendMessage"}, resources: []*string{r.queue}})
	}
	if _, ok := row.Trigger.(operation.Stream); ok {
		all = append(all, streamStatement(r))
	}
	if touchesTable(row) {
		all = append(all, tableKeyStatement(r))
	}
	if r.traces {
		// X-Ray knows no resources for these (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html).
		all = append(all, statement{
			sid: "Trace", actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, resources: []*string{str("*")},
		})
	}
	return all
}

// touchesTable says whether the function reads or writes the table, or its stream.
func touchesTable(row operation.Row) bool {
	_, streamed := row.Trigger.(operation.Stream)
	return streamed || len(row.Access.Table) > 0 || row.Access.Index1 || row.Access.Index2
}

// tableStatements has one statement for each set of partitions.
func tableStatements(access operation.Access, r resources) []statement {
	var all []statement
	for _, a := range access.Table {
		i := slices.IndexFunc(all, func(s statement) bool { return slices.Equal(partitionsOf(s), bounded(a.Partitions)) })
		if i < 0 {
			i, all = len(all), append(all, tableStatement(a.Partitions, r))
		}
		all[i].actions = append(all[i].actions, string(a.Action))
	}
	for i := range all {
		slices.Sort(all[i].actions)
	}
	if access.Index1 {
		index := tableStatement([]operation.Partition{operation.Index1Partition}, r)
		index.sid, index.actions, index.resources = "QueryIndex1", []string{string(operation.Query)}, []*string{r.index1}
		all = append(all, index)
	}
	if access.Index2 {
		index := tableStatement([]operation.Partition{operation.Index2Partition}, r)
		index.sid, index.actions, index.resources = "QueryIndex2", []string{string(operation.Query)}, []*string{r.index2}
		all = append(all, index)
	}
	return all
}

// The condition that bounds items, and its operators. ForAllValues also holds for a request that names no key at all,
// such as a Scan; Null refuses those (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html).
const (
	leadingKeys = "dynamodb:LeadingKeys"
	allLike     = "ForAllValues:StringLike"
	isNull      = "Null"
)

func tableStatement(partitions []operation.Partition, r resources) statement {
	return statement{
		sid: sidOf(partitions), resources: []*string{r.table},
		conditions: map[string]map[string]any{
			allLike: {leadingKeys: bounded(partitions)},
			isNull:  {leadingKeys: "false"},
		},
	}
}

// bounded is what the partition keys must be like.
func bounded(partitions []operation.Partition) []string {
	var like []string
	for _, p := range partitions {
		like = append(like, p.Pattern())
	}
	return like
}

func partitionsOf(s statement) []string {
	like, _ := s.conditions[allLike][leadingKeys].([]string)
	return like
}

// sidOf names a statement of those partitions; an id takes letters and digits only.
func sidOf(partitions []operation.Partition) string {
	sid := "Table"
	for _, p := range partitions {
		upper := true
		for _, r := range string(p) {
			letter := r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
			if !letter {
				upper = true
				continue
			}
			if r >= 'A' && r <= 'Z' && !upper {
				r += 'a' - 'A'
			}
			sid, upper = sid+string(r), false
		}
	}
	return sid
}

// storageKeyStatement allows the storage key with the encryption context of this organization's data keys: exactly its
// keys, and its values where they are known.
func storageKeyStatement(actions []operation.KeyAction, r resources) statement {
	const prefix = "kms:EncryptionContext:"
	context := envelope.KeyContext(uuid.Nil, 1)
	equal, present := map[string]any{}, map[string]any{}
	for key, value := range context {
		switch value {
		case uuid.Nil.String():
			equal[prefix+key] = r.organization
		case "1": // any generation, but one
			present[prefix+key] = "false"
		default:
			equal[prefix+key] = value
		}
	}
	return statement{
		sid: "UseStorageKey", actions: texts(actions), resources: []*string{r.storageKey},
		conditions: map[string]map[string]any{
			"StringEquals":              equal,
			"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": slices.Sorted(maps.Keys(context))},
			isNull:                      present,
		},
	}
}

// tableKeyStatement allows DynamoDB to use the table's key for the function, which can't use it itself
// (https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html names the actions).
func tableKeyStatement(r resources) statement {
	return statement{
		sid: "UseTableKeyThroughDynamoDB",
		actions: []string{
			string(operation.Decrypt), "kms:DescribeKey", "kms:Encrypt", string(operation.GenerateDataKey), "kms:ReEncryptFrom", "kms:ReEncryptTo",
		},
		resources:  []*string{r.tableKey},
		conditions: map[string]map[string]any{"StringEquals": {"kms:ViaService": r.viaDynamoDB}},
	}
}

// streamStatement is what Lambda needs to read the stream for the function
// (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html). ListStreams, which names
// every table's, is not needed where the stream is named.
func streamStatement(r resources) statement {
	return statement{
		sid:     "ReadStream",
		actions: []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}, resources: []*string{r.stream},
	}
}

// archiveStatements let the function look for a seal and put one. Neither deleting nor bypassing a lock is among them. Who
// may not list the bucket is told of a seal that is not there that access is denied
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
func archiveStatements(r resources) []statement {
	return []statement{
		{sid: "ArchiveSeals", actions: []string{"s3:GetObject", "s3:PutObject"}, resources: r.archived},
		{sid: "MissSeals", actions: []string{"s3:ListBucket"}, resources: []*string{r.archive}},
	}
}

func texts[T ~string](values []T) []string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	slices.Sort(all)
	return all
}
