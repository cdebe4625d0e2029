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

	"github.com/google/uuid"

	"strongroom/pkg/rotation"
)

// ARN is what the function is known by.
const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:rotate:live"

// A Function stands in for Lambda's Invoke (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html) and ListTags, and for a
// function that keeps values. Who reads or changes it while it is invoked locks it.
type Function struct {
	*httptest.Server
	sync.Mutex
	// Works are the values that it takes.
	Works map[string]bool
	// Events and Kinds are what it was invoked with, and how.
	Events []map[string]any
	Kinds  []string
	// Tags are those of the function, and Looks how often they were asked for.
	Tags  map[string]string
	Looks int
	// Answer is that to createSecret, Raise what is raised, Refuse the code of an error of Lambda's, and Hide that of one of ListTags.
	Answer, Raise, Refuse, Hide string
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

// Mark tags it as one that is for those secrets.
func (f *Function) Mark(secrets ...uuid.UUID) {
	ids := make([]string, len(secrets))
	for i, id := range secrets {
		ids[i] = id.String()
	}
	f.Lock()
	defer f.Unlock()
	f.Tags = map[string]string{"team": "x", rotation.SecretTag: strings.Join(ids, " ")}
}

const tagsPath = "/2017-03-31/tags/"

// listTags stands in for https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html, which knows functions alone.
func (f *Function) listTags(w http.ResponseWriter, r *http.Request) {
	f.Looks++
	if strings.TrimPrefix(r.URL.Path, tagsPath) != strings.TrimSuffix(ARN, ":live") || r.Method != http.MethodGet {
		f.Bad = errors.New("a bad request for tags: " + r.Method + " " + r.URL.Path)
	}
	if f.Hide != "" {
		refuse(w, f.Hide, http.StatusForbidden)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"Tags": f.Tags}) // whether it came is seen by what follows
}

// refuse answers an error of Lambda's.
func refuse(w http.ResponseWriter, code string, status int) {
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"Message": "it says first"}`)
}

func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Lock()
	defer f.Unlock()
	if strings.HasPrefix(r.URL.Path, tagsPath) {
		f.listTags(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/2015-03-31/functions/"+ARN+"/invocations" || !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/lambda/") {
		f.Bad = errors.Join(err, errors.New("a bad request: "+r.URL.Path+" "+r.Header.Get("Authorization")))
	}
	kind := r.Header.Get("X-Amz-Invocation-Type")
	f.Kinds = append(f.Kinds, kind)
	if f.Refuse != "" {
		refuse(w, f.Refuse, http.StatusBadRequest)
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
