package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"strongroom/pkg/table"
)

// Schema is the request that makes the table: on-demand, with both indexes, each projecting what its table.Index says.
// For tests and local tools; in AWS the infrastructure makes the table, and adds what Schema leaves out (encryption,
// backups, deletion protection, the stream).
func Schema(tableName string) *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName:   aws.String(tableName),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   keySchema(table.Primary),
	}
	for _, index := range []table.Index{table.Primary, table.Index1, table.Index2} {
		pk, sk := KeyNames(index)
		for _, name := range []string{pk, sk} {
			in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
				AttributeName: aws.String(name),
				AttributeType: types.ScalarAttributeTypeS,
			})
		}
		if index != table.Primary {
			in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, indexSchema(index))
		}
	}
	return in
}

func indexSchema(index table.Index) types.GlobalSecondaryIndex {
	projection := &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
	if projected := index.Projected(); projected != nil {
		projection = &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: projected}
	}
	return types.GlobalSecondaryIndex{
		IndexName:  aws.String(index.Name()),
		KeySchema:  keySchema(index),
		Projection: projection,
	}
}

func keySchema(index table.Index) []types.KeySchemaElement {
	pk, sk := KeyNames(index)
	return []types.KeySchemaElement{
		{AttributeName: aws.String(pk), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(sk), KeyType: types.KeyTypeRange},
	}
}

// KeyNames are the names of the attributes that hold the keys of the table or of an index.
func KeyNames(index table.Index) (pk, sk string) {
	return index.Name() + "PK", index.Name() + "SK"
}
