package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// What the CDK's bootstrap stack leaves its version in, and the least one that the CDK's stacks of today want
// (https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html).
const (
	bootstrapParameter = "/cdk-bootstrap/hnb659fds/version"
	leastBootstrap     = 6
)

// ready says whether the account that the credentials are of can take a deployment.
func ready(ctx context.Context, who *sts.Client, parameters *ssm.Client, region string, out io.Writer) error {
	caller, err := who.GetCallerIdentity(ctx, nil)
	if err != nil {
		return fmt.Errorf("AWS does not take your credentials (\"aws sts get-caller-identity\" would say the same): %w", err)
	}
	account := aws.ToString(caller.Account)
	todo := fmt.Sprintf("prepare it once, as an administrator, with\n\n\tinfra/node_modules/.bin/cdk bootstrap aws://%s/%s\n", account, region)
	found, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(bootstrapParameter)})
	var missing *types.ParameterNotFound
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("the account %s is not prepared for the CDK in %s: %s", account, region, todo)
	case err != nil:
		return fmt.Errorf("asking whether the account %s is prepared for the CDK: %w", account, err)
	}
	value := aws.ToString(found.Parameter.Value)
	if version, err := strconv.Atoi(value); err != nil || version < leastBootstrap {
		return fmt.Errorf("the account %s was prepared for the CDK in %s long ago (version %s, and %d is needed): %s",
			account, region, value, leastBootstrap, todo)
	}
	_, err = fmt.Fprintf(out, "deploying to the account %s in %s as %s\n", account, region, aws.ToString(caller.Arn))
	return err
}
