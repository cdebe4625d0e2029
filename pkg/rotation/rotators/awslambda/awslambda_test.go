package awslambda_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/awslambda"
	"strongroom/pkg/rotation/rotators/awslambda/lambdatest"
	"strongroom/pkg/rotation/rotators/rotatortest"
	"strongroom/pkg/rotation/worker/workertest"
)

const functionARN = lambdatest.ARN

type function struct{ *lambdatest.Function }

func newFunction(t *testing.T) function { t.Helper(); return function{lambdatest.New(t)} }

func (f function) rotator() *awslambda.Rotator {
	return awslambda.New(aws.Config{
		Region: "us-east-1", BaseEndpoint: &f.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "example"}, nil
		}),
	})
}

func settings(t *testing.T, more string) rotation.Settings {
	t.Helper()
	parsed, err := rotation.ParseSettings(rotation.Lambda, []byte(`{"functionArn": "`+functionARN+`"`+more+`}`))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func (f function) task(t *testing.T, more string) *rotators.Task {
	t.Helper()
	pending, old := "pending-value", "old-value"
	return &rotators.Task{Secret: uuid.New(), Rotation: uuid.New(), Settings: settings(t, more), Current: "first", Pending: &pending, Old: &old}
}

func TestAFunctionIsRotated(t *testing.T) {
	begin := func(t *testing.T) *rotatortest.Target {
		t.Helper()
		f := newFunction(t)
		return &rotatortest.Target{
			Rotator: func() rotators.Rotator { return f.rotator() }, Secret: uuid.New(), Settings: settings(t, `, "keepsOld": true, "includeValues": true`),
			Current: "first", Works: func(_ testing.TB, value string) bool { f.Lock(); defer f.Unlock(); return f.Works[value] },
		}
	}
	rotatortest.Crashes(t, 8, 8, begin)
	workertest.Crashes(t, rotation.Lambda, 28, 20, begin)
	rotatortest.Twice(t, begin)
}

func TestEachStepIsAnEventOfAWSSecretsManagersForm(t *testing.T) {
	steps := func(r *awslambda.Rotator, task *rotators.Task) []func() error {
		create := *task
		create.Pending, create.Old = nil, nil
		return []func() error{
			func() error { return r.Check(t.Context(), task) },
			func() error { _, err := r.Create(t.Context(), &create); return err },
			func() error { return r.Set(t.Context(), task) }, func() error { return r.Undo(t.Context(), task) },
			func() error { return r.Finish(t.Context(), task) }, func() error { return r.Retire(t.Context(), task) },
		}
	}
	for more, values := range map[string]map[string]any{
		`, "keepsOld": true`:                        nil,
		`, "keepsOld": true, "includeValues": true`: {"AWSCURRENT": "first", "AWSPENDING": "pending-value", "AWSPREVIOUS": "old-value"},
	} {
		f := newFunction(t)
		task := f.task(t, more)
		for _, step := range steps(f.rotator(), task) {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
		if f.Bad != nil {
			t.Error(f.Bad)
		}
		var want []map[string]any
		for _, step := range []string{"createSecret", "setSecret", "undoSecret", "finishSecret", "retireSecret"} {
			event := map[string]any{"Step": step, "SecretId": task.Secret.String(), "ClientRequestToken": task.Rotation.String()}
			if values != nil {
				event["Values"] = values
			}
			want = append(want, event)
		}
		if created, ok := f.Events[0]["Values"].(map[string]any); ok {
			if proposed, ok := created["AWSPENDING"].(string); !ok || len(proposed) != rotation.DefaultLength || len(created) != 2 {
				t.Errorf("createSecret has the values %v; want the current one and a proposal", created)
			}
			want[0]["Values"] = f.Events[0]["Values"]
		}
		if diff := cmp.Diff(want, f.Events); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"DryRun", "", "", "", "", ""}, f.Kinds); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAFunctionMayMakeTheValue(t *testing.T) {
	for answer, want := range map[string]string{
		`null`: "", ``: "", `{}`: "", `"done"`: "", `{"value": null}`: "", `{"statusCode": 200}`: "", `{"value": "made by it"}`: "made by it",
	} {
		f := newFunction(t)
		f.Answer = answer
		created, err := f.rotator().Create(t.Context(), f.task(t, ""))
		if err != nil || want != "" && created.Value != want || want == "" && len(created.Value) != rotation.DefaultLength {
			t.Errorf("%s: the value is %q: %v", answer, created.Value, err)
		}
	}
	for _, answer := range []string{`{"value": 5}`, `{"value": ""}`, `{"value": "a", "value": "b"}`} {
		f := newFunction(t)
		f.Answer = answer
		_, err := f.rotator().Create(t.Context(), f.task(t, ""))
		refused(t, err, true, `the function's answer to createSecret is not {"value": "…"} with a text that is not empty`)
	}
}

func TestAMemberOfTheCurrentValueIsReplaced(t *testing.T) {
	f := newFunction(t)
	task := f.task(t, `, "field": "password", "length": 16`)
	task.Current = `{"username": "app", "password": "old", "port": 5432}`
	created, err := f.rotator().Create(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	password, ok := rotators.Member(created.Value, "password")
	if !ok || len(password) != 16 || created.Value != `{"username": "app", "password": "`+password+`", "port": 5432}` {
		t.Errorf("the value is %s", created.Value)
	}
	task.Current = "no object"
	refused(t, f.rotator().Check(t.Context(), task), true, `the value must be a JSON object, since the settings name its field "password"`)
}

func refused(t *testing.T, err error, permanent bool, words string) {
	t.Helper()
	var e *rotators.Error
	if !errors.As(err, &e) || e.Permanent != permanent || e.Reason != words {
		t.Errorf("the error is %v; want %q, permanent %t", err, words, permanent)
	}
}

func TestWhatAFunctionRaisesIsShownWithoutValues(t *testing.T) {
	for raise, words := range map[string]string{
		`{"errorMessage": "no such host", "errorType": "X"}`:     "the function failed at setSecret: no such host",
		`{"errorMessage": "can't set pending-value over that."}`: "the function failed at setSecret: can't set [value] over that.",
		`{"errorMessage": ""}`:                                   "the function failed at setSecret; its log may say why",
		`Task timed out, pending-value`:                          "the function failed at setSecret; its log may say why",
	} {
		f := newFunction(t)
		f.Raise = raise
		refused(t, f.rotator().Set(t.Context(), f.task(t, "")), false, words)
	}
	f := newFunction(t)
	f.Raise = `{"errorMessage": "made-by-it is too long"}`
	_, err := f.rotator().Create(t.Context(), f.task(t, ""))
	refused(t, err, false, "the function failed at createSecret; its log may say why")
}

func TestWhyAFunctionIsNotInvokedIsSaid(t *testing.T) {
	for code, c := range map[string]struct {
		permanent bool
		words     string
	}{
		"ResourceNotFoundException": {true, "there is no such Lambda function; make it, or name another in the settings"},
		"AccessDeniedException":     {true, "whoever asks, the worker's role or who tries the settings, may not invoke the function; allow that lambda:InvokeFunction on it"},
		"TooManyRequestsException":  {false, "AWS Lambda could not invoke the function just now"},
		"KMSDisabledException":      {false, "AWS Lambda does not invoke the function"},
	} {
		f := newFunction(t)
		f.Refuse = code
		refused(t, f.rotator().Set(t.Context(), f.task(t, "")), c.permanent, c.words)
		refused(t, f.rotator().Check(t.Context(), f.task(t, "")), c.permanent, c.words)
	}
	f := newFunction(t)
	f.Close()
	refused(t, f.rotator().Set(t.Context(), f.task(t, "")), false, "AWS Lambda refuses connections; are its address and port right, and does it listen there?")
}

func TestOldValuesAreRetiredWhereTheFunctionKeepsThemAlone(t *testing.T) {
	f := newFunction(t)
	if err := f.rotator().Retire(t.Context(), f.task(t, "")); err != nil || len(f.Events) != 0 {
		t.Errorf("the function was asked %v: %v", f.Events, err)
	}
}
