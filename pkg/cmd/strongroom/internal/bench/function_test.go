package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/uuid"

	"strongroom/pkg/app"
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table/bolt"
)

// newFunctionWorld is an organization over a bolt file that is not synced to the disk.
func newFunctionWorld(b *testing.B, secrets int) (w *secretstest.World, project, secret uuid.UUID) {
	b.Helper()
	db, err := bolt.Open(filepath.Join(b.TempDir(), "table.bolt"), bolt.NoSync())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	w = secretstest.NewAt(b, db, time.Now().Add(-time.Hour)) // nothing is so new that it is read twice
	project = w.ServerProject("plain")
	for i := range secrets {
		secret = w.Secret(fmt.Sprintf("SECRET_%04d", i), strings.Repeat("x", 1024), project).ID
	}
	w.Clock.Advance(time.Minute)
	return w, project, secret
}

// event is what API Gateway sends for a GET by the owner.
func event(b *testing.B, w *secretstest.World, name operation.Name, path string) []byte {
	b.Helper()
	route := operation.MustLookup(name).Trigger.(operation.HTTP)
	payload, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: route.Route(), RawPath: path,
		Headers: map[string]string{"accept": "*/*", "host": "local", "user-agent": "benchmark"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: route.Route(), AccountID: secretstest.Account, APIID: "local", DomainName: "local", RequestID: "benchmark",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: route.Method, Path: path},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
				IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{
					AccountID: secretstest.Account, UserARN: w.Owner.ARN, UserID: secretstest.UniqueID + ":session",
				},
			},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	// The type has no null for what API Gateway sends as null.
	return bytes.Replace(payload, []byte(`"cognitoIdentity":{"amr":null,"identityId":"","identityPoolId":""}`), []byte(`"cognitoIdentity":null`), 1)
}

func invoke(b *testing.B, f lambda.Handler, payload []byte) float64 {
	var response events.APIGatewayV2HTTPResponse
	answer, err := f.Invoke(b.Context(), payload)
	if err == nil {
		err = json.Unmarshal(answer, &response)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%v %s", err, answer)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Invoke(b.Context(), payload); err != nil {
			b.Fatal(err)
		}
	}
	return float64(b.Elapsed().Nanoseconds()) / float64(b.N)
}

// BenchmarkFunction measures whole functions over bolt, event in and answer out, beside a handler that answers a
// kibibyte without looking at anything.
func BenchmarkFunction(b *testing.B) {
	w, project, secret := newFunctionWorld(b, 1000)
	settings := app.Settings{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	nothing := http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, strings.Repeat("x", 1024))
	})
	times := map[string]float64{}
	for _, c := range []struct {
		label   string
		name    operation.Name
		handler http.Handler
		path    string
	}{
		{"bare", operation.GetSecret, nothing, "/secrets/" + secret.String()},
		{"get-secret", operation.GetSecret, handler.GetSecret(w.Service), "/secrets/" + secret.String()},
		{"get-project-values", operation.GetProjectValues, handler.GetProjectValues(w.Service), "/projects/" + project.String() + "/values"},
	} {
		f := app.Function(c.name, c.handler, settings)
		payload := event(b, w, c.name, c.path)
		b.Run(c.label, func(b *testing.B) { times[c.label] = invoke(b, f, payload) })
	}
	if times["bare"] > 0 && times["get-secret"] > 0 {
		fmt.Printf("# get-secret takes %.1f times what a handler does that only answers\n", times["get-secret"]/times["bare"])
	}
}
