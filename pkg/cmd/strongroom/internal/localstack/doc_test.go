//go:build localstack

// Package localstack_test runs Strongroom end to end as it runs on AWS: the built function binaries, each behind a stand-in for
// Lambda's Runtime API, and the local gateway before them, over a LocalStack whose table, keys, bus and bucket come from the
// infrastructure's templates. What asks is the built command line program, and other people's signers.
//
// It needs what "make tools-localstack tools-databases" installs, and the build tag localstack; "make test-localstack" gives both. TestMain
// builds the binaries, has the infrastructure's program write the template (package infra, which needs Node), and starts a
// LocalStack of its own on a free port. One that does not start fails the run, and so does
// everything else that is missing: nothing is skipped.
//
// # What is real, and what stands in
//
//	the API of DynamoDB and its Streams   Amazon's DynamoDB Local, behind LocalStack
//	KMS, S3, EventBridge, SQS, IAM's keys LocalStack's own
//	CloudFormation                        LocalStack's own: it makes what the template says
//	Lambda                                package runtimeapi: processes of the binaries, an invocation at a time each
//	event source mappings                 pollers of the stream and of the queues in this package
//	rules that start functions            rules with the same patterns, to queues that this package polls
//	API Gateway                           package gateway
//	the clock's triggers                  the suite, which hands functions the payload of a schedule
//	IAM                                   nobody: LocalStack enforces no policy. The template's tests look at those
package localstack_test
