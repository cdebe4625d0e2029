package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"strongroom/pkg/operation"
	"strongroom/pkg/table"
	"strongroom/pkg/table/dynamo"
)

const (
	// streamRetries is how often a batch of changes is tried again before it is halved once more or, one change long, left as
	// a dead letter. The shard waits meanwhile.
	streamRetries = 5
	// streamWindow is how many seconds changes are gathered for; pollers of values wait for as long to hear of a change.
	streamWindow = 1
	// maxFilters is how many filters an event source mapping takes
	// (https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html).
	maxFilters = 5
)

// follow has the table's stream start the function, with the changes that the row wants.
func (v *server) follow(f *function, t operation.Stream) {
	awslambda.NewCfnEventSourceMapping(f.scope, str("Stream"), &awslambda.CfnEventSourceMappingProps{
		FunctionName:   f.lambda.FunctionArn(),
		EventSourceArn: v.data.table.TableStreamArn(),
		// From the oldest change that there is: nothing is skipped while the function is being made.
		StartingPosition:               str("TRIM_HORIZON"),
		BatchSize:                      num(operation.StreamBatch),
		MaximumBatchingWindowInSeconds: num(streamWindow),
		BisectBatchOnFunctionError:     true,
		MaximumRetryAttempts:           num(streamRetries),
		FilterCriteria:                 &awslambda.CfnEventSourceMapping_FilterCriteriaProperty{Filters: filters(t)},
		DestinationConfig: &awslambda.CfnEventSourceMapping_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventSourceMapping_OnFailureProperty{Destination: f.queue.QueueArn()},
		},
	})
}

// filters are patterns for the keys of the items that the row wants: one for each, any of which is enough.
func filters(t operation.Stream) []any {
	if len(t.Items) > maxFilters {
		panic(fmt.Sprintf("infra: %d filters, and a mapping takes %d", len(t.Items), maxFilters))
	}
	pk, sk := dynamo.KeyNames(table.Primary)
	var all []any
	for _, of := range t.Items {
		keys := map[string]any{}
		for name, prefix := range map[string]string{pk: of.PK, sk: of.SK} {
			if prefix != "" {
				keys[name] = map[string]any{"S": []any{map[string]string{"prefix": prefix}}}
			}
		}
		pattern, err := json.Marshal(map[string]any{"dynamodb": map[string]any{"Keys": keys}})
		if err != nil {
			panic(err)
		}
		all = append(all, &awslambda.CfnEventSourceMapping_FilterProperty{Pattern: str(string(pattern))})
	}
	return all
}

// schedule has the clock start the function. What EventBridge can't deliver, and what the function fails at though Lambda
// tried it again, ends in the function's queue of dead letters; the next run does what is left.
func (v *server) schedule(f *function, t operation.Schedule) {
	expression, err := cron(t)
	if err != nil {
		panic(fmt.Sprintf("infra: %s: %v", f.row.Name, err))
	}
	age := min(t.Every, 6*time.Hour) // Lambda keeps an event that long
	v.rule(f, "Schedule", &awsevents.CfnRuleProps{
		Description: str(string(f.row.Name) + ", " + t.String()), ScheduleExpression: str(expression),
	}, age)
	v.retry(f, age)
}

// listen has EventBridge start the function with the events that the row wants: with a rule for each of the row's, on the bus
// where such events are. AWS's own come over the account's default bus; those of AWS Health about a whole account come to
// us-east-1 (https://docs.aws.amazon.com/health/latest/ug/choosing-a-region.html), so that a deployment elsewhere needs a rule there
// that sends them on.
func (v *server) listen(f *function, t operation.Event) {
	age := 6 * time.Hour
	for _, rule := range t.Rules {
		props := &awsevents.CfnRuleProps{Description: str(string(f.row.Name) + ": " + rule.String()), EventPattern: pattern(rule)}
		if !rule.OfAWS() {
			props.EventBusName = v.data.bus.EventBusName()
		}
		v.rule(f, "On"+camel(operation.Name(strings.ReplaceAll(rule.Source, ".", "-"))), props, age)
	}
	v.retry(f, age)
}

// pattern is what an event must be like for a rule
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html).
func pattern(r operation.EventRule) map[string]any {
	p := map[string]any{"source": []string{r.Source}}
	if len(r.Types) > 0 {
		p["detail-type"] = r.Types
	}
	if len(r.Fields) > 0 {
		p["detail"] = r.Fields
	}
	return p
}

// rule makes a rule whose one target is the function.
func (v *server) rule(f *function, id string, props *awsevents.CfnRuleProps, age time.Duration) {
	props.State = str("ENABLED")
	props.Targets = []any{&awsevents.CfnRule_TargetProperty{
		Id: str("Function"), Arn: f.lambda.FunctionArn(),
		RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{
			MaximumEventAgeInSeconds: num(int(age / time.Second)), MaximumRetryAttempts: num(3),
		},
		DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: f.queue.QueueArn()},
	}}
	rule := awsevents.NewCfnRule(f.scope, str(id), props)
	permission, sid := "Permission", "DeadLettersOfTheSchedule"
	if id != "Schedule" {
		permission, sid = id+"Permission", "DeadLetters"+id
	}
	awslambda.NewCfnPermission(f.scope, str(permission), &awslambda.CfnPermissionProps{
		Action: str("lambda:InvokeFunction"), FunctionName: f.lambda.FunctionArn(),
		Principal: str("events.amazonaws.com"), SourceArn: rule.AttrArn(),
	})
	takeFrom(f.queue, sid, rule.AttrArn())
}

// retry says how often Lambda tries what the function fails at, and where it leaves that in the end.
func (v *server) retry(f *function, age time.Duration) {
	awslambda.NewCfnEventInvokeConfig(f.scope, str("Failures"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName: f.lambda.FunctionName(), Qualifier: str("$LATEST"),
		MaximumEventAgeInSeconds: num(int(age / time.Second)), MaximumRetryAttempts: num(2),
		DestinationConfig: &awslambda.CfnEventInvokeConfig_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventInvokeConfig_OnFailureProperty{Destination: f.queue.QueueArn()},
		},
	})
}

// cron is a schedule as EventBridge writes it, in UTC
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html). Its periods divide an hour or a
// day, so that counting from midnight is counting from 1970; others are an error.
func cron(t operation.Schedule) (string, error) {
	const day = 24 * time.Hour
	minute, hour := int(t.After/time.Minute)%60, int(t.After/time.Hour)
	switch {
	case t.Every < time.Hour && time.Hour%t.Every == 0:
		return fmt.Sprintf("cron(%d/%d * * * ? *)", minute, t.Every/time.Minute), nil
	case t.Every == time.Hour:
		return fmt.Sprintf("cron(%d * * * ? *)", minute), nil
	case t.Every < day && day%t.Every == 0 && t.Every%time.Hour == 0:
		return fmt.Sprintf("cron(%d %d/%d * * ? *)", minute, hour, t.Every/time.Hour), nil
	case t.Every == day:
		return fmt.Sprintf("cron(%d %d * * ? *)", minute, hour), nil
	}
	return "", fmt.Errorf("a period of %v divides neither an hour nor a day, and a cron expression can't say it", t.Every)
}
