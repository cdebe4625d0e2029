// Package lambdatest stands in for AWS Lambda with one function, as package awslambda invokes it.
package lambdatest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// ARN is what the function is known by.
const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:rotate:live"

// A Function stands in for Lambda's Invoke (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html), and for a function that
// keeps values. Who reads or changes it while it is invoked locks it.
type Function struct {
	*httptest.Server
	sync.Mutex
	// Works are the values that it takes.
	Works map[string]bool
	// Events and Kinds are what it was invoked with, and how.
	Events []map[string]any
	Kinds  []string
	// Answer is that to createSecret, Raise what is raised, and Refuse the code of an error of Lambda's.
	Answer, Raise, Refuse string
	// Bad is what was wrong with a request.
	Bad error
}

// New starts one that ends with the test.
func New(t testing.TB) *Function {
	t.Helper()
	f := &Function{Works: map[string]bool{"first": true}, Answer: "null"}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Lock()
	defer f.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/2015-03-31/functions/"+ARN+"/invocations" || !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/lambda/") {
		f.Bad = errors.Join(err, errors.New("a bad request: "+r.URL.Path+" "+r.Header.Get("Authorization")))
	}
	kind := r.Header.Get("X-Amz-Invocation-Type")
	f.Kinds = append(f.Kinds, kind)
	if f.Refuse != "" {
		w.Header().Set("X-Amzn-Errortype", f.Refuse)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"Message": "it says first"}`)
		return
	}
	if kind == "DryRun" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		f.Bad = err
	}
	f.Events = append(f.Events, event)
	if f.Raise != "" {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		_, _ = io.WriteString(w, f.Raise)
		return
	}
	values, _ := event["Values"].(map[string]any)
	value := func(stage string) string { text, _ := values[stage].(string); return text }
	answer := "null"
	switch event["Step"] {
	case "createSecret":
		answer = f.Answer
	case "setSecret":
		f.Works[value("AWSPENDING")] = true
	case "testSecret":
		if !f.Works[value("AWSPENDING")] {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			answer = `{"errorMessage": "it does not work"}`
		}
	case "undoSecret":
		f.Works[value("AWSCURRENT")] = true
		delete(f.Works, value("AWSPENDING"))
	case "retireSecret":
		delete(f.Works, value("AWSPREVIOUS"))
	}
	_, _ = io.WriteString(w, answer)
}
