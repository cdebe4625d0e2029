package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/app"
	"strongroom/pkg/metric"
	"strongroom/pkg/metric/metrictest"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// onLambda is an invocation's context as aws-lambda-go makes it.
func onLambda(t *testing.T, trace string) context.Context {
	t.Helper()
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "2f0fd6f2-4c0b-4b9e-8d1f-000000000001"})
	return context.WithValue(ctx, "x-amzn-trace-id", trace) //nolint:revive,staticcheck // the key is aws-lambda-go's
}

// measured has make's function answer, and answers the one line that it logs: its metrics, without the time, and its members.
func measured(t *testing.T, payload []byte, make func(app.Settings) lambda.Handler) (metrictest.Values, map[string]any) {
	t.Helper()
	var log bytes.Buffer
	f := make(app.Settings{Account: "123456789012", Metrics: true, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	_, _ = f.Invoke(onLambda(t, ""), payload)
	for _, line := range strings.SplitAfter(strings.TrimSpace(log.String()), "\n") {
		if !strings.Contains(line, `"_aws"`) {
			continue
		}
		values := metrictest.Lines(t, line)
		var members map[string]any
		if err := json.Unmarshal([]byte(line), &members); err != nil || len(values) != 1 {
			t.Fatalf("%v: %s", err, line)
		}
		if took, ok := values[0][metric.Duration]; ok && took <= 0 {
			t.Errorf("it took %g", took)
		}
		delete(values[0], metric.Duration)
		return values[0], members
	}
	t.Fatalf("no line has metrics: %s", log.String())
	return nil, nil
}

func TestRequestsAreMeasured(t *testing.T) {
	payload := eventWith(t, nil)
	for _, c := range []struct {
		name    string
		payload []byte
		handler http.HandlerFunc
		want    metrictest.Values
	}{
		{"answered", payload, func(w http.ResponseWriter, r *http.Request) {
			metric.Add(r.Context(), metric.TableCalls, 2)
			metric.Add(r.Context(), metric.ReadUnits, 3.5)
			metric.Add(r.Context(), metric.WriteUnits, 0)
			w.WriteHeader(http.StatusOK)
		}, metrictest.Values{metric.Requests: 1, metric.TableCalls: 2, metric.ReadUnits: 3.5}},
		{"refused", payload, func(w http.ResponseWriter, r *http.Request) {
			metric.Add(r.Context(), metric.Denied, 1)
			w.WriteHeader(http.StatusForbidden)
		}, metrictest.Values{metric.Requests: 1, metric.Refused: 1, metric.Denied: 1}},
		{"failed", payload, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
			metrictest.Values{metric.Requests: 1, metric.Errors: 1}},
		{"panicked", payload, func(http.ResponseWriter, *http.Request) { panic("secret-marker") },
			metrictest.Values{metric.Requests: 1, metric.Errors: 1}},
		{"no event", []byte("secret-marker"), nil, metrictest.Values{metric.Requests: 1, metric.Refused: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := measured(t, c.payload, func(s app.Settings) lambda.Handler {
				return app.Function(operation.UpdateSecret, c.handler, s)
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunsAreMeasured(t *testing.T) {
	failed := errors.New("secret-marker")
	for name, c := range map[string]struct {
		payload []byte
		make    func(app.Settings) lambda.Handler
		want    metrictest.Values
	}{
		"a run": {[]byte("{}"), func(s app.Settings) lambda.Handler {
			return app.ScheduleFunction(operation.SealEvents, func(ctx context.Context, _ time.Time) (any, error) {
				metric.Add(ctx, metric.SealedHours, 2)
				metric.Add(ctx, metric.SealAgeSeconds, 0)
				return nil, nil //nolint:nilnil // nothing to say
			}, s)
		}, metrictest.Values{metric.Runs: 1, metric.SealedHours: 2, metric.SealAgeSeconds: 0}},
		"a run that fails": {[]byte("{}"), func(s app.Settings) lambda.Handler {
			return app.ScheduleFunction(operation.SealEvents, func(context.Context, time.Time) (any, error) { return nil, failed }, s)
		}, metrictest.Values{metric.Runs: 1, metric.Failures: 1}},
		"an invocation": {[]byte("{}"), func(s app.Settings) lambda.Handler {
			return app.InvokeFunction(operation.CreateOrganization, func(context.Context, json.RawMessage) (any, error) { panic(failed) }, s)
		}, metrictest.Values{metric.Runs: 1, metric.Failures: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := measured(t, c.payload, c.make)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBatchesAreMeasured(t *testing.T) {
	batch, err := os.ReadFile("../../events/publish-changes/changes.json")
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	got, _ := measured(t, batch, func(s app.Settings) lambda.Handler {
		s.Account = ""
		return app.StreamFunction(operation.PublishChanges, func(_ context.Context, all []table.Change) error {
			changes = len(all)
			return nil
		}, s)
	})
	if diff := cmp.Diff(metrictest.Values{metric.Runs: 1, metric.Changes: float64(changes)}, got); diff != "" || changes == 0 {
		t.Errorf("%d changes (-want +got):\n%s", changes, diff)
	}
}

// TestLinesTellOfTheInvocation what Lambda alone knows, and of a process's first that it was.
func TestLinesTellOfTheInvocation(t *testing.T) {
	const root = "1-5e9f0c65-1de4d666d4dd26aced652b6c"
	var log bytes.Buffer
	f := app.Function(operation.UpdateSecret, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }),
		app.Settings{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	for i, c := range []struct{ trace, want string }{
		{"Root=" + root + ";Parent=53995c3f42cd8ad8;Sampled=1", root},
		{"Root=" + root + ";Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:0|68fd508a:5", root},
		{"Root=" + root + ";Sampled=1", root},
		{"Root=" + root + ";Parent=53995c3f42cd8ad8;Sampled=0", ""},
		{"Root=secret-marker;Sampled=1", ""},
		{"", ""},
	} {
		log.Reset()
		if _, err := f.Invoke(onLambda(t, c.trace), eventWith(t, nil)); err != nil {
			t.Fatal(err)
		}
		var line struct {
			RequestID, LambdaRequestID, TraceID string
			ColdStart                           bool
		}
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(line.RequestID, " ", line.LambdaRequestID, " ", line.TraceID, " ", line.ColdStart)
		want := fmt.Sprint("LV7fzho-PHcEJPw= 2f0fd6f2-4c0b-4b9e-8d1f-000000000001 ", c.want, " ", i == 0)
		if got != want {
			t.Errorf("%q: %s, want %s", c.trace, got, want)
		}
	}
}

// TestLinesAreSmall: CloudWatch takes $0.50 for a gigabyte of them, and the package comment says what that comes to.
func TestLinesAreSmall(t *testing.T) {
	for with, want := range map[bool]int{true: 580, false: 280} {
		var log bytes.Buffer
		f := app.Function(operation.GetProjectValues, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name, n := range map[metric.Name]float64{metric.TableCalls: 2, metric.ReadUnits: 36, metric.WriteUnits: 3} {
				metric.Add(r.Context(), name, n)
			}
			w.WriteHeader(http.StatusOK)
		}), app.Settings{Metrics: with, Log: slog.New(slog.NewJSONHandler(&log, nil))})
		event := eventWith(t, map[string]any{"routeKey": "GET /projects/{projectId}/values", "requestContext.http.method": "GET"})
		for range 2 { // the second is not the first any more
			log.Reset()
			if _, err := f.Invoke(onLambda(t, ""), event); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("with metrics %t: %d bytes", with, log.Len())
		if n := log.Len(); n > want+20 || n < want-20 {
			t.Errorf("with metrics %t: %d bytes, want about %d: %s", with, n, want, log.String())
		}
	}
}

// TestTheManualHasTheMetrics: the package comment shows package metric's table.
func TestTheManualHasTheMetrics(t *testing.T) {
	source, err := os.ReadFile("app.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range metric.Table {
		name := string(row.Name)
		if row.PerOperation {
			name += "*"
		}
		if want := fmt.Sprintf("//	%-22s %-13s %s\n", name, row.Unit, row.Meaning); !strings.Contains(string(source), want) {
			t.Errorf("app.go's comment has no line %q", want)
		}
	}
	if n := strings.Count(string(source), " Count  ") + strings.Count(string(source), " Milliseconds  ") +
		strings.Count(string(source), " Seconds  "); n != len(metric.Table) {
		t.Errorf("app.go's comment has %d lines of metrics, the table %d", n, len(metric.Table))
	}
}
