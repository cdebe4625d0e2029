package awslambda

import (
	"bytes"
	"context"
	"errors"
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

// Check asks AWS whether the function could be invoked.
func (r *Rotator) Check(ctx context.Context, t *rotators.Task) error {
	settings, err := rotators.SettingsOf[*rotation.LambdaSettings](t)
	if err != nil {
		return err
	}
	if _, err := rotators.Fill(t.Current, settings.Field, settings.Template); err != nil {
		return err
	}
	_, err = r.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &settings.FunctionARN, InvocationType: types.InvocationTypeDryRun}, regionOf(settings))
	return explain(err)
}

func (r *Rotator) do(ctx context.Context, t *rotators.Task, step string) error {
	_, err := r.invoke(ctx, t, step)
	return err
}

// invoke asks the function for a step, and answers what it answers.
func (r *Rotator) invoke(ctx context.Context, t *rotators.Task, step string) (answer []byte, err error) {
	settings, err := rotators.SettingsOf[*rotation.LambdaSettings](t)
	if err != nil {
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

// explain says in words of our own why a function could not be invoked
// (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
func explain(err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return rotators.Failed(err, "AWS Lambda %s", rotators.Network(err, "something stands between AWS and whoever asks"))
	}
	switch api.ErrorCode() {
	case "ResourceNotFoundException":
		return rotators.Wrong(err, "there is no such Lambda function; make it, or name another in the settings")
	case "AccessDeniedException", "AccessDenied":
		return rotators.Wrong(err, "whoever asks, the worker's role or who tries the settings, may not invoke the function; allow that lambda:InvokeFunction on it")
	case "TooManyRequestsException", "ServiceException", "ThrottlingException":
		return rotators.Failed(err, "AWS Lambda could not invoke the function just now")
	}
	return rotators.Failed(err, "AWS Lambda does not invoke the function")
}

// regionOf asks where the function is.
func regionOf(settings *rotation.LambdaSettings) func(*lambda.Options) {
	return func(o *lambda.Options) { o.Region = strings.SplitN(settings.FunctionARN, ":", 5)[3] }
}
