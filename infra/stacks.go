package main

import "github.com/aws/aws-cdk-go/awscdk/v2"

// stackProps are what all stacks have in common.
func (s settings) stackProps(description string) *awscdk.StackProps {
	env := &awscdk.Environment{Region: str(s.Region)}
	if s.Account != "" {
		env.Account = str(s.Account)
	}
	return &awscdk.StackProps{
		Env: env, Description: str(description),
		// What is kept when the stack goes can't be removed by a slip.
		TerminationProtection: yes(s.Retain),
		AnalyticsReporting:    yes(false),
		// The rule would have CloudFormation look up a parameter of the bootstrap stack; the CDK's program asks for that
		// stack itself before it deploys anything.
		Synthesizer: awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{GenerateBootstrapVersionRule: yes(false)}),
	}
}

// removal is what becomes of things that hold data when they leave the template.
func (s settings) removal() awscdk.RemovalPolicy {
	if s.Retain {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}

// build makes the stacks of a deployment: what holds data, what works on it, and the workers that rotate secrets. Each can be
// removed and made anew without those before it noticing.
func build(app awscdk.App, s settings) {
	d := newData(app, s)
	if s.Only == "data" {
		return
	}
	v := newServer(app, s, d)
	if s.Only != "server" {
		newWorkers(app, s, v)
	}
}

// output puts a value among those that a deployment prints and writes to a file.
func output(stack awscdk.Stack, name, description string, value *string) {
	awscdk.NewCfnOutput(stack, str(name), &awscdk.CfnOutputProps{Value: value, Description: str(description)})
}
