package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"strongroom/pkg/rotation"
)

// inVPC says whether a worker runs in the VPC of the settings: those whose targets are databases do, where one is set. Others ask
// services of AWS and of the Internet.
func (w *workers) inVPC(k rotation.Kind) bool {
	return len(w.settings.Workers.Subnets) > 0 && (k == rotation.PostgreSQL || k == rotation.MySQL)
}

// enterVPC puts a worker's function into the subnets. The VPC follows from these.
func (w *workers) enterVPC(k *worker) {
	function, ok := k.lambda.Node().DefaultChild().(awslambda.CfnFunction)
	if !ok {
		panic("infra: a function without a resource")
	}
	function.SetVpcConfig(&awslambda.CfnFunction_VpcConfigProperty{
		SubnetIds: strs(w.settings.Workers.Subnets...), SecurityGroupIds: strs(w.settings.Workers.SecurityGroups...),
	})
}

// networkStatements are what Lambda needs to put a function into a VPC, in the function's name, on what resources it documents;
// and that the function's own code may do none of it
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html).
func (w *workers) networkStatements(k rotation.Kind) []statement {
	changes := []string{
		"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses",
	}
	looks := []string{"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}
	own := w.arn("lambda", *w.stack.Region(), "function", w.functionName(k), awscdk.ArnFormat_COLON_RESOURCE_NAME)
	return []statement{
		{sid: "EnterTheNetwork", actions: changes, resources: []*string{w.interfaces()}},
		{sid: "SeeTheNetwork", actions: looks, resources: []*string{str("*")}},
		{
			sid: "NothingOfTheNetworkForItsCode", deny: true, actions: []string{"ec2:*"}, resources: []*string{str("*")},
			conditions: map[string]map[string]any{"ArnEquals": {"lambda:SourceFunctionArn": own}},
		},
	}
}

// interfaces are the ARNs of whatever EC2 has in the region.
func (w *workers) interfaces() *string {
	return w.arn("ec2", *w.stack.Region(), "*", "*", awscdk.ArnFormat_SLASH_RESOURCE_NAME)
}
