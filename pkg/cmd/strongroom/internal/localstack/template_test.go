//go:build localstack

package localstack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/table/dynamo"
)

// account and region are those of everything here. LocalStack takes every key for one of that account.
const (
	account = local.Account
	region  = local.Region
)

// awsCredentials are what LocalStack takes, as it takes any.
func awsCredentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("test", "test", "")
}

// resources are what a deployment stands on.
type resources struct {
	table, bus, archive               string
	storageKey, clientKey, signingKey string
	organization                      uuid.UUID
}

// makeResources has CloudFormation make what the template says, and finds it by its kind and its id in the template.
func makeResources(ctx context.Context, e *emulator) (resources, error) {
	template, err := readTemplate()
	if err != nil {
		return resources{}, err
	}
	client := cloudformation.New(cloudformation.Options{Region: region, BaseEndpoint: &e.url, Credentials: awsCredentials()})
	const name = "strongroom-test-data"
	made, err := client.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String(name), TemplateBody: &template})
	if err != nil {
		return resources{}, fmt.Errorf("making the stack, in a LocalStack in which nothing was made yet: %w", err)
	}
	output, err := waitForStack(ctx, client, *made.StackId)
	if err != nil {
		return resources{}, err
	}
	list, err := client.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: made.StackId})
	if err != nil {
		return resources{}, err
	}
	r := resources{}
	if r.organization, err = uuid.Parse(output["OrganizationId"]); err != nil {
		return r, fmt.Errorf("the stack's output OrganizationId is %q: %w", output["OrganizationId"], err)
	}
	for _, found := range []struct {
		to         *string
		kind, id   string
		beforeName string
	}{
		{&r.table, "AWS::DynamoDB::GlobalTable", "Table", ""},
		{&r.bus, "AWS::Events::EventBus", "Bus", ""},
		{&r.archive, "AWS::S3::Bucket", "Archive", ""},
		{&r.storageKey, "AWS::KMS::Key", "StorageKey", "arn:aws:kms:" + region + ":" + account + ":key/"},
		{&r.clientKey, "AWS::KMS::Key", "ClientKey", "arn:aws:kms:" + region + ":" + account + ":key/"},
		{&r.signingKey, "AWS::KMS::Key", "SigningKey", "arn:aws:kms:" + region + ":" + account + ":key/"},
	} {
		physical, err := physicalID(list.StackResources, found.kind, found.id)
		if err != nil {
			return r, err
		}
		*found.to = found.beforeName + physical
	}
	return r, nil
}

// physicalID is what the one resource of that kind is called whose id in the template begins with id.
func physicalID(all []types.StackResource, kind, id string) (string, error) {
	var found []string
	for _, r := range all {
		if aws.ToString(r.ResourceType) == kind && strings.HasPrefix(aws.ToString(r.LogicalResourceId), id) {
			found = append(found, aws.ToString(r.PhysicalResourceId))
		}
	}
	if len(found) != 1 || found[0] == "" {
		return "", fmt.Errorf("the template has %q for the %s that is called %s…, want one", found, kind, id)
	}
	return found[0], nil
}

// waitForStack answers the stack's outputs when it is complete.
func waitForStack(ctx context.Context, client *cloudformation.Client, id string) (map[string]string, error) {
	for {
		out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &id})
		if err != nil {
			return nil, err
		}
		s := out.Stacks[0]
		switch s.StackStatus {
		case types.StackStatusCreateComplete:
			outputs := map[string]string{}
			for _, o := range s.Outputs {
				outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
			}
			return outputs, nil
		case types.StackStatusCreateInProgress:
		default:
			return nil, fmt.Errorf("the stack is %s: %s", s.StackStatus, aws.ToString(s.StackStatusReason))
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(errors.New("the stack is not made in time"), ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// readTemplate reads the synthesised template of the stack that holds data, which STRONGROOM_TEMPLATE names. Without one it is
// made of the same description of the table that the infrastructure is made of, with keys, bus and bucket that have nothing to
// describe.
func readTemplate() (string, error) {
	if name := os.Getenv("STRONGROOM_TEMPLATE"); name != "" {
		template, err := os.ReadFile(name)
		return string(template), err
	}
	key := func(kind object) object {
		kind["KeyPolicy"] = object{"Version": "2012-10-17", "Statement": []object{{
			"Effect": "Allow", "Principal": object{"AWS": "arn:aws:iam::" + account + ":root"}, "Action": "kms:*", "Resource": "*",
		}}}
		return object{"Type": "AWS::KMS::Key", "Properties": kind}
	}
	template, err := json.Marshal(object{
		"Resources": object{
			"Table": object{"Type": "AWS::DynamoDB::GlobalTable", "Properties": tableProperties()}, "StorageKey": key(object{}), "ClientKey": key(object{}),
			"SigningKey": key(object{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}),
			"Bus":        object{"Type": "AWS::Events::EventBus", "Properties": object{"Name": "strongroom-test"}},
			"Archive":    object{"Type": "AWS::S3::Bucket", "Properties": object{"ObjectLockEnabled": true}},
		},
		"Outputs": object{"OrganizationId": object{"Value": object{
			"Fn::Select": []any{2, object{"Fn::Split": []any{"/", object{"Ref": "AWS::StackId"}}}},
		}}},
	})
	return string(template), err
}

type object = map[string]any

// tableProperties are dynamo.Schema as CloudFormation writes it, and the stream.
func tableProperties() object {
	schema := dynamo.Schema("")
	var attributes, indexes []object
	for _, a := range schema.AttributeDefinitions {
		attributes = append(attributes, object{"AttributeName": a.AttributeName, "AttributeType": a.AttributeType})
	}
	for _, i := range schema.GlobalSecondaryIndexes {
		projection := object{"ProjectionType": i.Projection.ProjectionType}
		if i.Projection.NonKeyAttributes != nil {
			projection["NonKeyAttributes"] = i.Projection.NonKeyAttributes
		}
		indexes = append(indexes, object{"IndexName": i.IndexName, "KeySchema": i.KeySchema, "Projection": projection})
	}
	return object{
		"AttributeDefinitions": attributes, "KeySchema": schema.KeySchema, "GlobalSecondaryIndexes": indexes,
		"BillingMode": schema.BillingMode, "StreamSpecification": object{"StreamViewType": "NEW_AND_OLD_IMAGES"},
		"Replicas": []object{{"Region": region}},
	}
}
