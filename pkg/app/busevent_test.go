package app_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/app"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// evented has use take a payload, and answers its answer or "code: message" of its error, and what was logged.
func evented(t *testing.T, use app.EventUse, payload string) (answer, log string) {
	t.Helper()
	var written bytes.Buffer
	of := operation.Event{Rules: []operation.EventRule{
		{Source: "strongroom.leak"},
		{Source: "aws.health", Types: []string{"AWS Health Event"}, Fields: map[string][]string{"eventTypeCode": {"AWS_RISK_CREDENTIALS_EXPOSED"}}},
	}}
	f := app.EventFunction(withRow(t, of), use, app.Settings{Account: "123456789012", Log: slog.New(slog.NewJSONHandler(&written, nil))})
	out, err := f.Invoke(t.Context(), []byte(payload))
	var e messages.InvokeResponse_Error
	if errors.As(err, &e) {
		out = []byte(e.Type + ": " + e.Message)
	}
	if strings.Count(written.String(), "\n") != 1 {
		t.Errorf("logged other than one line: %s", written.String())
	}
	return string(out), written.String()
}

func TestEventFunctionsGetTheEventsThatTheyWant(t *testing.T) {
	want := secrets.BusEvent{
		ID: "121345678-1234-1234-1234-123456789012", Source: "aws.health", Type: "AWS Health Event",
		At: time.Date(2026, time.November, 26, 21, 10, 0, 0, time.UTC),
	}
	answer, log := evented(t, func(ctx context.Context, e secrets.BusEvent) (any, error) {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Minute {
			t.Error("the function has no deadline")
		}
		if !strings.Contains(string(e.Detail), `"entityValue": "AKIAIOSFODNN7EXAMPLE"`) {
			t.Errorf("told %s", e.Detail)
		}
		e.Detail = nil
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
		return map[string]int{"requested": 1}, nil
	}, tick(t, "health.json"))
	if answer != `{"requested":1}` || !strings.Contains(log, `"msg":"event","operation":"of-a-test","source":"aws.health","eventId":"121345678`) {
		t.Errorf("answered %s; logged %s", answer, log)
	}
}

func TestEventFunctionsRefuseWhatNoRuleMatches(t *testing.T) {
	const invalid = "invalid: this function takes the events of EventBridge that its rules match, and nothing else"
	for name, payload := range map[string]string{
		"no JSON": "secret-marker", "null": "null", "nothing": "{}", "a list": "[]", "the clock": tick(t, "schedule.json"),
		"another source":   tick(t, "health.json", "aws.health", "aws.ec2"),
		"another type":     tick(t, "health.json", "AWS Health Event", "secret-marker"),
		"another code":     tick(t, "health.json", `"AWS_RISK_CREDENTIALS_EXPOSED"`, `"secret-marker"`),
		"a code in a list": tick(t, "health.json", `"AWS_RISK_CREDENTIALS_EXPOSED"`, `["AWS_RISK_CREDENTIALS_EXPOSED"]`),
		"no detail":        tick(t, "health.json", `"detail": {`, `"other": {`),
		"no time":          tick(t, "health.json", `"time"`, `"timed"`),
		"no id":            tick(t, "health.json", `"id"`, `"ids"`),
	} {
		answer, log := evented(t, nil, payload)
		want := invalid
		if answer != want || !strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, "secret-marker") {
			t.Errorf("%s: answered %s; logged %s", name, answer, log)
		}
	}
	if answer, _ := evented(t, nil, tick(t, "health.json", "123456789012", "999999999999")); answer != "forbidden: this function serves a deployment of another account" {
		t.Errorf("answered %s", answer)
	}
	answer, log := evented(t, func(context.Context, secrets.BusEvent) (any, error) { panic("secret-marker") }, tick(t, "health.json"))
	if !strings.HasPrefix(answer, "internal: ") || strings.Contains(log, "secret-marker") {
		t.Errorf("answered %s; logged %s", answer, log)
	}
}
