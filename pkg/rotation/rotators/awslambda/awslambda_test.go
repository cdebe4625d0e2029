package awslambda_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
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
	pending, old, secret := "pending-value", "old-value", uuid.New()
	f.Mark(secret)
	return &rotators.Task{Secret: secret, Rotation: uuid.New(), Settings: settings(t, more), Current: "first", Pending: &pending, Old: &old}
}

func TestAFunctionIsRotated(t *testing.T) {
	begin := func(t *testing.T) *rotatortest.Target {
		t.Helper()
		secret := uuid.New()
		f := newFunction(t)
		f.Mark(uuid.New(), secret)
		return &rotatortest.Target{
			Rotator: func() rotators.Rotator { return f.rotator() }, Secret: secret, Settings: settings(t, `, "keepsOld": true, "includeValues": true`),
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
		"TooManyRequestsException":  {false, "AWS Lambda could not be asked about the function just now"},
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

// TestFunctionsThatAreNotForTheSecretAreAskedForNothing: with whatever tag, at every step, and by who has no right to see it. Each
// time it is said what is to be done about it.
func TestFunctionsThatAreNotForTheSecretAreAskedForNothing(t *testing.T) {
	const tag = "tag it: aws lambda tag-resource --resource arn:aws:lambda:eu-central-1:111122223333:function:rotate --tags 'strongroom:secret=%s'"
	const other = "the function's tag strongroom:secret does not say that it is for this secret; add %s to the ids there, with a space between; it has room for 6"
	const untagged = "the function does not say that it is for this secret; " + tag
	for name, c := range map[string]struct {
		change func(f function, secret uuid.UUID)
		words  string
	}{
		"no tags": {func(f function, _ uuid.UUID) { f.Tags = nil }, untagged},
		"another tag": {func(f function, s uuid.UUID) {
			f.Tags = map[string]string{"strongroom:rotation": "true", "secret": s.String()}
		}, untagged},
		"another secret's":    {func(f function, _ uuid.UUID) { f.Mark(uuid.New()) }, other},
		"several others'":     {func(f function, _ uuid.UUID) { f.Mark(uuid.New(), uuid.New()) }, other},
		"any secret's":        {func(f function, _ uuid.UUID) { f.Tags["strongroom:secret"] = "*" }, other},
		"a part of the id":    {func(f function, s uuid.UUID) { f.Tags["strongroom:secret"] = s.String()[:35] }, other},
		"more than the id":    {func(f function, s uuid.UUID) { f.Tags["strongroom:secret"] = s.String() + "0" }, other},
		"the id with a comma": {func(f function, s uuid.UUID) { f.Tags["strongroom:secret"] = s.String() + "," + uuid.NewString() }, other},
		"tags that IAM hides": {
			func(f function, _ uuid.UUID) { f.Hide = "AccessDeniedException" },
			"whoever asks, the worker's role or who tries the settings, may not read the function's tags (lambda:ListTags); the role may where there is " +
				"the tag of a secret: tag it, with this id and any that are there already, and spaces between: " + strings.TrimPrefix(tag, "tag it: "),
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFunction(t)
			task := f.task(t, `, "keepsOld": true, "includeValues": true`)
			c.change(f, task.Secret)
			r := f.rotator()
			_, created := r.Create(t.Context(), task)
			for step, err := range map[string]error{
				"create": created, "set": r.Set(t.Context(), task), "test": r.Test(t.Context(), task), "finish": r.Finish(t.Context(), task),
				"undo": r.Undo(t.Context(), task), "retire": r.Retire(t.Context(), task), "check": r.Check(t.Context(), task),
			} {
				t.Log(step)
				refused(t, err, true, fmt.Sprintf(c.words, task.Secret))
			}
			if len(f.Events) != 0 || len(f.Kinds) != 0 || f.Looks != 7 || f.Bad != nil {
				t.Errorf("it was invoked %d times with %v, its tags were looked at %d times: %v", len(f.Kinds), f.Events, f.Looks, f.Bad)
			}
			if reason := fmt.Sprintf(c.words, task.Secret) + strings.Repeat("x", 64); len(reason) > api.MaxRotationFailure { // for longer names
				t.Errorf("the reason may have %d bytes", len(reason))
			}
		})
	}
}

// TestAFunctionMayBeForSeveralSecrets, as many as the tag has room for, however the ids are written.
func TestAFunctionMayBeForSeveralSecrets(t *testing.T) {
	f := newFunction(t)
	task := f.task(t, "")
	var ids []uuid.UUID
	for len(ids) < rotation.MaxTagged-1 {
		ids = append(ids, uuid.New())
	}
	f.Mark(append(ids, task.Secret)...)
	if n := len(f.Tags["strongroom:secret"]); n > 256 || n+37 <= 256 {
		t.Errorf("%d ids have %d characters, of 256", rotation.MaxTagged, n)
	}
	for _, value := range []string{f.Tags["strongroom:secret"], strings.ToUpper(task.Secret.String()), "  " + task.Secret.String() + "\t" + ids[0].String()} {
		f.Tags["strongroom:secret"] = value
		if err := f.rotator().Set(t.Context(), task); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// TestTagsThatCantBeReadJustNowAreNoRefusal: that may pass.
func TestTagsThatCantBeReadJustNowAreNoRefusal(t *testing.T) {
	f := newFunction(t)
	task := f.task(t, "")
	f.Hide = "TooManyRequestsException"
	refused(t, f.rotator().Set(t.Context(), task), false, "AWS Lambda could not be asked about the function just now")
	f.Hide = "ResourceNotFoundException"
	refused(t, f.rotator().Set(t.Context(), task), true, "there is no such Lambda function; make it, or name another in the settings")
	if len(f.Kinds) > 0 {
		t.Error("it was invoked")
	}
}

func TestOldValuesAreRetiredWhereTheFunctionKeepsThemAlone(t *testing.T) {
	f := newFunction(t)
	if err := f.rotator().Retire(t.Context(), f.task(t, "")); err != nil || len(f.Events) != 0 {
		t.Errorf("the function was asked %v: %v", f.Events, err)
	}
}
