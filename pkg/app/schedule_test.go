package app_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"strongroom/pkg/app"
	"strongroom/pkg/operation"
)

// scheduled has use run for a payload, and answers its answer or "code: message" of its error, and what was logged.
func scheduled(t *testing.T, use app.ScheduleUse, payload string) (answer, log string) {
	t.Helper()
	var written bytes.Buffer
	f := app.ScheduleFunction(withRow(t, operation.Schedule{Every: time.Hour}), use, app.Settings{
		Account: "123456789012", Log: slog.New(slog.NewJSONHandler(&written, nil)),
	})
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

// tick is a sample payload with some of its text replaced.
func tick(t *testing.T, file string, replacements ...string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(replacements...).Replace(string(data))
}

func TestScheduleFunctionsAreToldTheirTime(t *testing.T) {
	due := time.Date(2026, time.November, 26, 21, 10, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		payload string
		want    time.Time // zero is now
	}{
		"a rule":     {tick(t, "schedule.json"), due},
		"a schedule": {tick(t, "scheduler.json"), due},
		"by hand":    {" {} ", time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			answer, log := scheduled(t, func(ctx context.Context, at time.Time) (any, error) {
				if c.want.IsZero() && (at.Before(before) || at.After(time.Now())) || !c.want.IsZero() && at != c.want {
					t.Errorf("told %s, want %s", at, c.want)
				}
				if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 15*time.Minute {
					t.Error("the run has no deadline")
				}
				return map[string]int{"done": 3}, nil
			}, c.payload)
			if answer != `{"done":3}` || !strings.Contains(log, `"msg":"run","operation":"of-a-test","at":"2026-`) {
				t.Errorf("answered %s; logged %s", answer, log)
			}
		})
	}
}

func TestScheduleFunctionsRefuseWhatIsNotTheClock(t *testing.T) {
	const want = "invalid: this function takes the scheduled events of EventBridge, or {} to be run now, and nothing else"
	for name, payload := range map[string]string{
		"no JSON": "", "null": "null", "a list": "[]", "an argument": `{"all": true}`,
		"another event":  tick(t, "schedule.json", "Scheduled Event", "Secret Created"),
		"another source": tick(t, "schedule.json", "aws.events", "strongroom"),
		"no time":        tick(t, "schedule.json", `"time": "2026-11-26T21:10:00Z",`, ""),
		"a bad time":     tick(t, "schedule.json", "T21:10", "T29:10"),
	} {
		t.Run(name, func(t *testing.T) {
			answer, _ := scheduled(t, nil, payload)
			if answer != want {
				t.Errorf("answered %s", answer)
			}
		})
	}
	answer, _ := scheduled(t, nil, tick(t, "schedule.json", `"123456789012"`, `"999999999999"`))
	if answer != "forbidden: this function serves a deployment of another account" {
		t.Errorf("another account: answered %s", answer)
	}
}

func TestARunThatFailsIsAnError(t *testing.T) {
	const want = "internal: something went wrong inside Strongroom; the log has more"
	for name, use := range map[string]app.ScheduleUse{
		"the table is gone": func(context.Context, time.Time) (any, error) { return nil, errors.New("the table is gone") },
		"panic with a string": func(context.Context, time.Time) (any, error) {
			panic("secret-marker")
		},
	} {
		answer, log := scheduled(t, use, tick(t, "scheduler.json"))
		if answer != want || !strings.Contains(log, name) || !strings.Contains(log, `"msg":"run failed"`) {
			t.Errorf("answered %s; logged %s", answer, log)
		}
		if strings.Contains(log, "secret-marker") {
			t.Errorf("logged what the function panicked with: %s", log)
		}
	}
}
