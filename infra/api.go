package main

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
)

// newAPI makes the HTTP API, without routes: those come with their functions.
func (v *server) newAPI() {
	v.api = awsapigatewayv2.NewCfnApi(v.stack, str("Api"), &awsapigatewayv2.CfnApiProps{
		Name: str("strongroom-" + v.settings.Stage), ProtocolType: str("HTTP"),
		Description: str("Strongroom (" + v.settings.Stage + ")"),
		// With a name of its own the API answers to that alone: signatures for another are refused. What stands before it can be
		// gone round by that name all the same.
		DisableExecuteApiEndpoint: v.settings.Domain.Name != "",
	})
	v.accessLog = awslogs.NewLogGroup(v.stack, str("AccessLog"), &awslogs.LogGroupProps{
		Retention: retentions[v.settings.LogDays], EncryptionKey: v.key, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	stage := awsapigatewayv2.NewCfnStage(v.stack, str("Stage"), &awsapigatewayv2.CfnStageProps{
		ApiId: v.api.Ref(), StageName: str("$default"), AutoDeploy: true,
		AccessLogSettings: &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
			DestinationArn: v.accessLog.LogGroupArn(), Format: str(accessLogFormat()),
		},
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{
			ThrottlingRateLimit: num(v.settings.RequestsPerSecond), ThrottlingBurstLimit: num(v.settings.Burst),
		},
	})
	if v.settings.Domain.Name != "" {
		v.newDomain(v.settings.Domain, stage)
	}
}

// accessLogFormat is one line of JSON for each request: who asked for which route, from where, and what came of it. There
// is no path (which has ids), no query (which has names), no header and no body
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html).
func accessLogFormat() string {
	format, err := json.Marshal(map[string]string{
		"requestId":          "$context.requestId",
		"requestTime":        "$context.requestTime",
		"route":              "$context.routeKey",
		"status":             "$context.status",
		"caller":             "$context.identity.userArn",
		"address":            "$context.identity.sourceIp",
		"error":              "$context.error.message",
		"integrationError":   "$context.integration.error",
		"integrationStatus":  "$context.integration.integrationStatus",
		"integrationLatency": "$context.integration.latency",
		"responseLatency":    "$context.responseLatency",
		"responseLength":     "$context.responseLength",
	})
	if err != nil {
		panic(err)
	}
	return string(format)
}

// url is where clients find the API.
func (v *server) url() *string {
	if v.settings.Domain.Name != "" {
		return str("https://" + v.settings.Domain.Name)
	}
	return v.api.AttrApiEndpoint()
}

// newDomain gives the API its own name. A record for it in DNS is the deployer's to make: an alias of the regional name
// that is put out, or of what stands before it.
func (v *server) newDomain(d domain, stage awsapigatewayv2.CfnStage) {
	name := awsapigatewayv2.NewCfnDomainName(v.stack, str("Domain"), &awsapigatewayv2.CfnDomainNameProps{
		DomainName: str(d.Name),
		DomainNameConfigurations: []any{&awsapigatewayv2.CfnDomainName_DomainNameConfigurationProperty{
			CertificateArn: str(d.Certificate), EndpointType: str("REGIONAL"), SecurityPolicy: str("TLS_1_2"),
		}},
	})
	mapping := awsapigatewayv2.NewCfnApiMapping(v.stack, str("DomainMapping"), &awsapigatewayv2.CfnApiMappingProps{
		ApiId: v.api.Ref(), DomainName: name.Ref(), Stage: stage.Ref(),
	})
	mapping.Node().AddDependency(stage)
	output(v.stack, "DomainTarget", "what the API's own name is to be an alias of", name.AttrRegionalDomainName())
}
