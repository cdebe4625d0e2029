package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"strongroom/pkg/app"
	"strongroom/pkg/operation"
)

// gatewayWaits is how much longer API Gateway waits than the function runs, so that its own answer arrives.
const gatewayWaits = 2 * time.Second

// route leads a route of the API to its function, behind the IAM authorizer, and allows the API to invoke the function
// for that method and path and nothing else.
func (v *server) route(f *function, h operation.HTTP) {
	integration := awsapigatewayv2.NewCfnIntegration(f.scope, str("Integration"), &awsapigatewayv2.CfnIntegrationProps{
		ApiId: v.api.Ref(), IntegrationType: str("AWS_PROXY"), IntegrationMethod: str("POST"),
		IntegrationUri: f.lambda.FunctionArn(), PayloadFormatVersion: str("2.0"),
		TimeoutInMillis: num(int((app.Timeout + gatewayWaits) / time.Millisecond)),
	})
	awsapigatewayv2.NewCfnRoute(f.scope, str("Route"), &awsapigatewayv2.CfnRouteProps{
		ApiId: v.api.Ref(), RouteKey: str(h.Route()), AuthorizationType: str("AWS_IAM"),
		OperationName: str(string(f.row.Name)),
		Target:        awscdk.Fn_Join(str("/"), list(str("integrations"), integration.Ref())),
	})
	// The API has one stage. Parameters of a path stand in the ARN as they do in the route.
	from := awscdk.Stack_Of(f.scope).FormatArn(&awscdk.ArnComponents{
		Service: str("execute-api"), Resource: v.api.Ref(), ResourceName: str("*/" + h.Method + h.Path),
	})
	awslambda.NewCfnPermission(f.scope, str("Permission"), &awslambda.CfnPermissionProps{
		Action: str("lambda:InvokeFunction"), FunctionName: f.lambda.FunctionArn(),
		Principal: str("apigateway.amazonaws.com"), SourceArn: from,
	})
}
