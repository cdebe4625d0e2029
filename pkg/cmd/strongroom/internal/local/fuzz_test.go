package local

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// A playground is one world for many requests, made anew when they have changed much of it.
type playground struct {
	*world
	file    string
	db      *bolt.DB
	counter *writeCounter
}

// worn is after how many writes a playground is made anew.
const worn = 200

func newPlayground(f *testing.F) *playground {
	p := &playground{file: filepath.Join(f.TempDir(), "table.bolt")}
	p.renew()
	f.Cleanup(func() { _ = p.db.Close() })
	return p
}

func (p *playground) renew() {
	if p.db != nil {
		must(p.db.Close())
	}
	content, keys := snapshot()
	must(os.WriteFile(p.file, content, 0o600))
	var err error
	p.db, err = bolt.Open(p.file, bolt.NoSync())
	must(err)
	p.counter = &writeCounter{Table: table.Table(p.db)}
	p.world = &world{service: worldService(p.counter, keys, worldTime)}
}

// try sends a payload to an operation. Whatever it is, the answer is well formed, and no failure of the server's.
func (p *playground) try(t *testing.T, row operation.Row, payload []byte) {
	if p.counter.writes.Load() > worn {
		p.renew()
	}
	answer, err := p.function(row.Name, slog.New(slog.DiscardHandler)).Invoke(t.Context(), payload)
	if !hasRoute(row.Name) {
		checkInvoked(t, invoked(t, answer, err))
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	r := proxied(t, answer)
	switch {
	case r.StatusCode < http.StatusOK || r.StatusCode >= http.StatusInternalServerError:
		t.Errorf("%s: status %d: %s", row.Name, r.StatusCode, r.Body)
	case r.StatusCode >= http.StatusBadRequest:
		wantError(t, r)
	}
}

func checkInvoked(t *testing.T, r response) {
	if r.Error == nil {
		return
	}
	status := api.Statuses[api.Code(r.Error.Type)]
	if status < http.StatusBadRequest || status >= http.StatusInternalServerError || r.Error.Message == "" {
		t.Errorf("failed with %+v", *r.Error)
	}
}

func indexOf(name operation.Name) int {
	return slices.IndexFunc(operation.Table, func(row operation.Row) bool { return row.Name == name })
}

// FuzzEveryFunction sends any bytes to any function.
func FuzzEveryFunction(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(uint8(indexOf(s.operation)), s.payload)
	}
	p := newPlayground(f)
	f.Fuzz(func(t *testing.T, n uint8, payload []byte) {
		p.try(t, operation.Table[int(n)%len(operation.Table)], payload)
	})
}

// FuzzEveryRequest sends any request of anybody to any operation that has a route.
func FuzzEveryRequest(f *testing.F) {
	template := map[operation.Name]draft{}
	for _, s := range routed(f) {
		d := parseDraft(s.payload)
		template[s.operation] = d
		iam := iamOf(d)
		f.Add(uint8(indexOf(s.operation)), d.RawPath, d.RawQueryString, d.Headers["content-type"], d.Headers["if-match"],
			[]byte(d.Body), iam["userArn"], iam["userId"])
	}
	p := newPlayground(f)
	f.Fuzz(func(t *testing.T, n uint8, path, query, contentType, condition string, body []byte, arn, userID string) {
		row := operation.Table[int(n)%len(operation.Table)]
		d, ok := template[row.Name]
		if !ok {
			return
		}
		d.RawPath, d.RawQueryString = path, query
		d = d.withHeader("content-type", contentType).withHeader("if-match", condition).withHeader("if-none-match", condition).withBody(body)
		d.RequestContext = withCaller(d.RequestContext, arn, userID)
		p.try(t, row, d.payload())
	})
}

// iamOf is what an event says of its caller.
func iamOf(d draft) map[string]string {
	encoded, err := json.Marshal(d.RequestContext)
	must(err)
	var context struct {
		Authorizer struct {
			IAM struct{ UserARN, UserID string }
		}
	}
	must(json.Unmarshal(encoded, &context))
	iam := context.Authorizer.IAM
	return map[string]string{"userArn": iam.UserARN, "userId": iam.UserID}
}

// withCaller is an event's context with another caller, of the same account.
func withCaller(context map[string]any, arn, userID string) map[string]any {
	encoded, err := json.Marshal(context)
	must(err)
	var copied map[string]any
	must(json.Unmarshal(encoded, &copied))
	copied["authorizer"] = map[string]any{"iam": map[string]any{"accountId": worldAccount, "userArn": arn, "userId": userID}}
	return copied
}
