package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
)

// A data is the stack that holds what must not be lost.
type data struct {
	stack        awscdk.Stack
	keys         keys
	table        awsdynamodb.TableV2
	archive      awss3.Bucket
	bus          awsevents.EventBus
	organization *string
}

// newData makes the data stack.
func newData(app awscdk.App, s settings) *data {
	stack := awscdk.NewStack(app, str(s.name("data")), s.stackProps("Strongroom ("+s.Stage+"): what is stored, and the keys to it"))
	d := &data{stack: stack, organization: organization(stack, s)}
	d.keys = newKeys(stack, s)
	d.table = newTable(stack, s, d.keys.table)
	d.archive = newArchive(stack, s)
	d.bus = newBus(stack, s)
	output(stack, "OrganizationId", "the id of this deployment's organization", d.organization)
	output(stack, "TableName", "the DynamoDB table", d.table.TableName())
	output(stack, "ClientKeyArn", "the KMS key that clients wrap project keys under", d.keys.client.KeyArn())
	output(stack, "SigningKeyArn", "the KMS key that signs the seals of events", d.keys.signing.KeyArn())
	output(stack, "ArchiveName", "the bucket of seals", d.archive.BucketName())
	output(stack, "BusName", "the event bus on which changes are published", d.bus.EventBusName())
	return d
}

// organization is the organization's id: a UUID that is made once a deployment, and that no second one has. The last part
// of a stack's id is one, in lower case, and stays for as long as the stack does
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html). Whoever
// restores a table into a new stack sets the id that its items are of.
func organization(stack awscdk.Stack, s settings) *string {
	if s.Organization != "" {
		return str(s.Organization)
	}
	// arn:aws:cloudformation:region:account:stack/name/id
	return awscdk.Fn_Select(num(2), awscdk.Fn_Split(str("/"), stack.StackId(), nil))
}
