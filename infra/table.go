package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"strongroom/pkg/table/dynamo"
)

// recoveryDays is how far back the table can be restored; the most that DynamoDB offers.
const recoveryDays = 35

// newTable makes the table that dynamo.Schema describes, and what that leaves out: encryption, backups, protection and
// the stream.
func newTable(stack awscdk.Stack, s settings, key awskms.Key) awsdynamodb.TableV2 {
	schema := dynamo.Schema("")
	partition, sort := attributes(schema.KeySchema)
	props := &awsdynamodb.TablePropsV2{
		PartitionKey: partition, SortKey: sort,
		Billing:            awsdynamodb.Billing_OnDemand(nil),
		Encryption:         encryption(s, key),
		DeletionProtection: yes(s.Retain),
		DynamoStream:       awsdynamodb.StreamViewType(dynamo.StreamViewType),
		RemovalPolicy:      s.removal(),
		WarmThroughput:     warm(s),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: yes(true), RecoveryPeriodInDays: num(recoveryDays),
		},
		Replicas: replicas(s),
	}
	var indexes []*awsdynamodb.GlobalSecondaryIndexPropsV2
	for _, index := range schema.GlobalSecondaryIndexes {
		indexes = append(indexes, indexOf(index))
	}
	props.GlobalSecondaryIndexes = &indexes
	return awsdynamodb.NewTableV2(stack, str("Table"), props)
}

// attributes are the two that a key is made of; all of this table's are strings.
func attributes(key []types.KeySchemaElement) (partition, sort *awsdynamodb.Attribute) {
	if len(key) != 2 || key[0].KeyType != types.KeyTypeHash || key[1].KeyType != types.KeyTypeRange {
		panic(fmt.Sprintf("infra: a key of %d parts, or in another order", len(key)))
	}
	attribute := func(e types.KeySchemaElement) *awsdynamodb.Attribute {
		return &awsdynamodb.Attribute{Name: e.AttributeName, Type: awsdynamodb.AttributeType_STRING}
	}
	return attribute(key[0]), attribute(key[1])
}

func indexOf(index types.GlobalSecondaryIndex) *awsdynamodb.GlobalSecondaryIndexPropsV2 {
	partition, sort := attributes(index.KeySchema)
	props := &awsdynamodb.GlobalSecondaryIndexPropsV2{
		IndexName: index.IndexName, PartitionKey: partition, SortKey: sort,
		ProjectionType: awsdynamodb.ProjectionType(index.Projection.ProjectionType),
	}
	if index.Projection.ProjectionType == types.ProjectionTypeInclude {
		props.NonKeyAttributes = strs(index.Projection.NonKeyAttributes...)
	}
	return props
}

// warm is what the table is to take from its first minute on; nil for what DynamoDB gives every table.
func warm(s settings) *awsdynamodb.WarmThroughput {
	if s.WarmReads == 0 {
		return nil
	}
	return &awsdynamodb.WarmThroughput{ReadUnitsPerSecond: num(s.WarmReads), WriteUnitsPerSecond: num(s.WarmWrites)}
}

// encryption names the table's key, and the replica of it that each other region's copy of the table is encrypted with.
func encryption(s settings, key awskms.Key) awsdynamodb.TableEncryptionV2 {
	if len(s.Replicas) == 0 {
		return awsdynamodb.TableEncryptionV2_CustomerManagedKey(key, nil)
	}
	arns := map[string]*string{}
	for region, arn := range s.Replicas {
		arns[region] = str(arn)
	}
	return awsdynamodb.TableEncryptionV2_CustomerManagedKey(key, &arns)
}

func replicas(s settings) *[]*awsdynamodb.ReplicaTableProps {
	var all []*awsdynamodb.ReplicaTableProps
	for _, region := range slices.Sorted(maps.Keys(s.Replicas)) {
		all = append(all, &awsdynamodb.ReplicaTableProps{Region: str(region), DeletionProtection: yes(s.Retain)})
	}
	if all == nil {
		return nil
	}
	return &all
}
