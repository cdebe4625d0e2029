// Command account asks the account that a deployment is in, or is to be in, before make changes anything there. It uses the
// credentials of whoever runs make, and says what it finds in a sentence:
//
//	account ready                     whether the account can take a deployment: credentials work, the CDK is bootstrapped
//	account removable [-force] FILE   whether the stacks may be deleted; FILE has their outputs, as make deploy wrote them
//	account empty FILE                empties the archive of seals, since CloudFormation deletes no bucket with something in it
//
// Each ends with status 1, and says what to do, where the answer is no: ready where something is missing, removable where
// the table is protected, and where it holds secrets, in the trash or out of it, and -force is not given; empty where
// Object Lock holds something.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

var errUsage = errors.New("usage: account ready | account removable [-force] FILE | account empty FILE")

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	force := flags.Bool("force", false, "even if secrets are lost")
	if err := flags.Parse(args[1:]); err != nil || *force && args[0] != "removable" {
		return errUsage
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	if cfg.Region == "" {
		return errors.New("no region is set: set AWS_REGION, or one in ~/.aws/config")
	}
	if args[0] == "ready" && flags.NArg() == 0 {
		return ready(ctx, sts.NewFromConfig(cfg), ssm.NewFromConfig(cfg), cfg.Region, out)
	}
	if flags.NArg() != 1 {
		return errUsage
	}
	d, err := readOutputs(flags.Arg(0))
	if err != nil {
		return err
	}
	switch args[0] {
	case "removable":
		return removable(ctx, dynamodb.NewFromConfig(cfg), d, *force, out)
	case "empty":
		// A bucket is named in the path where S3 is somewhere else.
		return empty(ctx, s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil }), d.archive, out)
	}
	return errUsage
}
