// Command infra is the CDK app of Strongroom: it writes the CloudFormation templates of a deployment.
package main
