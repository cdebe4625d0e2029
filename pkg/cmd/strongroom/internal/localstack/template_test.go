//go:build localstack

package localstack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
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

// makeResources has CloudFormation make what the data stack's template says, and finds it by its kind and its id in the template.
func makeResources(ctx context.Context, e *emulator, all templates) (resources, error) {
	list, output, err := makeStack(ctx, e, "data", all.data)
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
		physical, err := physicalID(list, found.kind, found.id)
		if err != nil {
			return r, err
		}
		*found.to = found.beforeName + physical
	}
	return r, nil
}

// makeStack has CloudFormation make a stack, and answers its resources and outputs.
func makeStack(ctx context.Context, e *emulator, name, template string) (list []types.StackResource, output map[string]string, err error) {
	client := cloudformation.New(cloudformation.Options{Region: region, BaseEndpoint: &e.url, Credentials: awsCredentials()})
	made, err := client.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String("strongroom-test-" + name), TemplateBody: &template})
	if err != nil {
		return nil, nil, fmt.Errorf("making the stack of %s, in a LocalStack in which nothing was made yet: %w", name, err)
	}
	if output, err = waitForStack(ctx, client, *made.StackId); err != nil {
		return nil, nil, err
	}
	described, err := client.DescribeStackResources(ctx, &cloudformation.DescribeStackResourcesInput{StackName: made.StackId})
	if err != nil {
		return nil, nil, err
	}
	return described.StackResources, output, nil
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

// stage is the one whose template is deployed: what is guarded is guarded as in production.
const stage = "prod"

// templates are those of a deployment: of the stack that holds data, as it is, and of what leads events to functions (queues.go).
type templates struct{ data, events string }

// synthesise has the infrastructure's program write the stacks' templates, as the CDK's command line program would have it do: with
// what cdk.json says as its context, and a stand-in for each function's code.
func synthesise(ctx context.Context, folder string) (all templates, err error) {
	infra, written, code := filepath.Join(root, "infra"), filepath.Join(folder, "templates"), filepath.Join(folder, "code")
	program := filepath.Join(cache(), "host", "infra")
	if err := goBuild(ctx, infra, "-o", program, "."); err != nil {
		return all, err
	}
	content, err := os.ReadFile(filepath.Join(infra, "cdk.json"))
	if err != nil {
		return all, err
	}
	var settings struct{ Context map[string]any }
	if err := json.Unmarshal(content, &settings); err != nil {
		return all, fmt.Errorf("cdk.json: %w", err)
	}
	settings.Context["stage"], settings.Context["functions"] = stage, code
	if err := standIns(code); err != nil {
		return all, err
	}
	given, err := json.Marshal(settings.Context)
	if err != nil {
		return all, err
	}
	command := exec.CommandContext(ctx, program)
	command.Dir = infra
	command.Env = append(os.Environ(), "CDK_OUTDIR="+written, "CDK_CONTEXT_JSON="+string(given),
		"CDK_DEFAULT_REGION="+region, "CDK_DEFAULT_ACCOUNT="+account)
	if output, err := command.CombinedOutput(); err != nil {
		return all, fmt.Errorf("the infrastructure's program: %w\n%s", err, output)
	}
	content, err = os.ReadFile(filepath.Join(written, "strongroom-"+stage+"-data.template.json"))
	if err != nil {
		return all, err
	}
	all.data = string(content)
	all.events, err = ofEvents(written)
	return all, err
}

// standIns writes what the templates take for the functions' code. Nothing runs it.
func standIns(code string) error {
	names := make([]string, 0, len(operation.Table)+len(rotation.Rotators))
	for _, row := range operation.Table {
		names = append(names, string(row.Name))
	}
	for _, kind := range rotation.Kinds() {
		names = append(names, filepath.Join("workers", string(kind)))
	}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(code, name), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(code, name, "bootstrap"), []byte(name), 0o600); err != nil {
			return err
		}
	}
	return nil
}
