package dynamo_test

import (
	"testing"

	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
	"strongroom/pkg/table/tabletest"
)

func TestConformance(t *testing.T) {
	client, name := dynamotest.New(t)
	tabletest.Run(t, func(*testing.T) table.Table { return dynamo.New(client, name) })
}
