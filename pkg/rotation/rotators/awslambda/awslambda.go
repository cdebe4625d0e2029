package awslambda

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// A Rotator asks Lambda functions to rotate.
type Rotator struct{ lambda *lambda.Client }

var (
	_ rotators.Rotator  = (*Rotator)(nil)
	_ rotators.Finisher = (*Rotator)(nil)
)

// New is the rotator of functions, which are invoked with the worker's own credentials.
func New(config aws.Config) *Rotator { return &Rotator{lambda.NewFromConfig(config)} }

// An Event is what a function is sent.
type Event struct {
	Step               string
	SecretID           uuid.UUID `json:"SecretId"`
	ClientRequestToken uuid.UUID
	// Values are by AWS's names of stages; nil where the function reads them itself.
	Values map[string]string `json:",omitempty"`
}

// The steps, and AWS's names of stages.
const (
	StepCreate = "createSecret"
	StepSet    = "setSecret"
	StepTest   = "testSecret"
	StepFinish = "finishSecret"
	StepUndo   = "undoSecret"
	StepRetire = "retireSecret"

	StageCurrent  = "AWSCURRENT"
	StagePending  = "AWSPENDING"
	StagePrevious = "AWSPREVIOUS"
)

// Create makes a value by the settings' template, and asks the function for another.
func (r *Rotator) Create(ctx context.Context, t *rotators.Task) (rotators.Created, error) {
	settings, err := rotators.SettingsOf[*rotation.LambdaSettings](t)
	if err != nil {
		return rotators.Created{}, err
	}
	value, err := rotators.Fill(t.Current, settings.Field, settings.Template)
	if err != nil {
		return rotators.Created{}, err
	}
	proposed := *t
	proposed.Pending = &value
	answer, err := r.invoke(ctx, &proposed, StepCreate)
	if err != nil {
		return rotators.Created{}, err
	}
	if answer = bytes.TrimSpace(answer); len(answer) > 0 && answer[0] == '{' {
		var made struct {
			Value *string `json:"value"`
		}
		if json.Unmarshal(answer, &made) != nil || made.Value != nil && *made.Value == "" {
			return rotators.Created{}, rotators.Wrong(nil, `the function's answer to createSecret is not {"value": "…"} with a text that is not empty`)
		}
		if made.Value != nil {
			value = *made.Value
		}
	}
	return rotators.Created{Value: value}, nil
}

// Set asks the function to make the pending value work.
func (r *Rotator) Set(ctx context.Context, t *rotators.Task) error { return r.do(ctx, t, StepSet) }

// Test asks it to try the pending value.
func (r *Rotator) Test(ctx context.Context, t *rotators.Task) error { return r.do(ctx, t, StepTest) }

// Finish tells it that the pending value has become the current one.
func (r *Rotator) Finish(ctx context.Context, t *rotators.Task) error {
	return r.do(ctx, t, StepFinish)
}

// Undo asks it to make the current value work again, and the pending one no more.
func (r *Rotator) Undo(ctx context.Context, t *rotators.Task) error { return r.do(ctx, t, StepUndo) }

// Retire asks it to make the old value not work, where it keeps old ones.
func (r *Rotator) Retire(ctx context.Context, t *rotators.Task) error {
	settings, err := rotators.SettingsOf[*rotation.LambdaSettings](t)
	if err != nil || !settings.KeepsOld || t.Old == nil {
		return err
	}
	return r.do(ctx, t, StepRetire)
}

// Check asks AWS whether the function is for the secret, and whether it could be invoked.
func (r *Rotator) Check(ctx context.Context, t *rotators.Task) error {
	settings, err := rotators.SettingsOf[*rotation.LambdaSettings](t)
	if err != nil {
		return err
	}
	if _, err := rotators.Fill(t.Current, settings.Field, settings.Template); err != nil {
		return err
	}
	if err := r.checkTag(ctx, t, settings); err != nil {
		return err
	}
	_, err = r.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &settings.FunctionARN, InvocationType: types.InvocationTypeDryRun}, regionOf(settings))
	return explain(err)
}

func (r *Rotator) do(ctx context.Context, t *rotators.Task, step string) error {
	_, err := r.invoke(ctx, t, step)
	return err
}

// checkTag sees that the function is for the secret. It is looked at before every step: the tag may be taken away at any time. Tags
// are those of a function, not of its versions and aliases (https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html).
func (r *Rotator) checkTag(ctx context.Context, t *rotators.Task, settings *rotation.LambdaSettings) error {
	function := unqualified(settings.FunctionARN)
	out, err := r.lambda.ListTags(ctx, &lambda.ListTagsInput{Resource: &function}, regionOf(settings))
	command := fmt.Sprintf("aws lambda tag-resource --resource %s --tags '%s=%s'", function, rotation.SecretTag, t.Secret)
	if code(err) == denied {
		return rotators.Wrong(err, "whoever asks, the worker's role or who tries the settings, may not read the function's tags "+
			"(lambda:ListTags); the role may where there is the tag of a secret: tag it, with this id and any that are there already, and spaces between: %s", command)
	}
	if err != nil {
		return explain(err)
	}
	value, tagged := out.Tags[rotation.SecretTag]
	switch {
	case rotation.Tagged(value, t.Secret):
		return nil
	case tagged:
		return rotators.Wrong(nil, "the function's tag %s does not say that it is for this secret; add %s to the ids there, with a space between; it has room for %d",
			rotation.SecretTag, t.Secret, rotation.MaxTagged)
	}
	return rotators.Wrong(nil, "the function does not say that it is for this secret; tag it: %s", command)
}

// unqualified is the ARN of a function without a version or an alias.
func unqualified(arn string) string {
	parts := strings.Split(arn, ":")
	return strings.Join(parts[:7], ":")
}

// invoke asks the function for a step, if it is for the secret, and answers what it answers.
func (r *Rotator) invoke(ctx context.Context, t *rotators.Task, step string) (answer []byte, err error) {
	settings, err := rotators.SettingsOf[*rotation.LambdaSettings](t)
	if err != nil {
		return nil, err
	}
	if err := r.checkTag(ctx, t, settings); err != nil {
		return nil, err
	}
	event := Event{Step: step, SecretID: t.Secret, ClientRequestToken: t.Rotation}
	if settings.IncludeValues {
		event.Values = map[string]string{StageCurrent: t.Current}
		for stage, value := range map[string]*string{StagePending: t.Pending, StagePrevious: t.Old} {
			if value != nil {
				event.Values[stage] = *value
			}
		}
	}
	payload, err := json.Marshal(event, json.Deterministic(true))
	if err != nil {
		return nil, rotators.Wrong(err, "a value is not valid UTF-8, and can't be sent as JSON")
	}
	err = t.Outside(step, func() error {
		out, err := r.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &settings.FunctionARN, Payload: payload}, regionOf(settings))
		if err != nil {
			return explain(err)
		}
		if out.FunctionError != nil {
			return failure(t, step, out.Payload)
		}
		answer = out.Payload
		return nil
	})
	return answer, err
}

var errFunction = errors.New("the function raised an error")

// failure is what a function's error says (https://docs.aws.amazon.com/lambda/latest/dg/lambda-invocation.html).
func failure(t *rotators.Task, step string, payload []byte) error {
	var raised struct {
		Message string `json:"errorMessage"`
	}
	if step == StepCreate || json.Unmarshal(payload, &raised) != nil || raised.Message == "" {
		return rotators.Failed(errFunction, "the function failed at %s; its log may say why", step)
	}
	return rotators.Failed(errFunction, "the function failed at %s: %s", step, t.Said(raised.Message))
}

// code is that of an error of Lambda's, and denied the one of who may not do a thing, under either of its names.
func code(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	if code := api.ErrorCode(); code != "AccessDenied" {
		return code
	}
	return denied
}

const denied = "AccessDeniedException"

// explain says in words of our own why a function could not be invoked
// (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
func explain(err error) error {
	if err == nil {
		return nil
	}
	switch code(err) {
	case "":
		return rotators.Failed(err, "AWS Lambda %s", rotators.Network(err, "something stands between AWS and whoever asks"))
	case "ResourceNotFoundException":
		return rotators.Wrong(err, "there is no such Lambda function; make it, or name another in the settings")
	case denied:
		return rotators.Wrong(err, "whoever asks, the worker's role or who tries the settings, may not invoke the function; allow that lambda:InvokeFunction on it")
	case "TooManyRequestsException", "ServiceException", "ThrottlingException":
		return rotators.Failed(err, "AWS Lambda could not be asked about the function just now")
	}
	return rotators.Failed(err, "AWS Lambda does not invoke the function")
}

// regionOf asks where the function is.
func regionOf(settings *rotation.LambdaSettings) func(*lambda.Options) {
	return func(o *lambda.Options) { o.Region = strings.SplitN(settings.FunctionARN, ":", 5)[3] }
}
