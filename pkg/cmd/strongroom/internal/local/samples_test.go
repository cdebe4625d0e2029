package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
)

// TestEventsAreLambdas: aws-lambda-go's types of what the table's stream and EventBridge hand to functions know every
// field of them.
func TestEventsAreLambdas(t *testing.T) {
	for _, s := range samples(t) {
		var e any
		switch operation.MustLookup(s.operation).Trigger.(type) {
		case operation.Stream:
			e = &lambdaevents.DynamoDBEvent{}
		case operation.Schedule, operation.Event:
			e = &lambdaevents.EventBridgeEvent{}
		default:
			continue
		}
		if string(bytes.TrimSpace(s.payload)) == "{}" { // started by hand
			continue
		}
		if err := json.Unmarshal(s.payload, e); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(e)
		must(err)
		if diff := cmp.Diff(meaning(t, s.payload), meaning(t, again)); diff != "" {
			t.Errorf("%s: decoded and encoded it is another (-file +again):\n%s", s.path(), diff)
		}
	}
}

// TestEventsAreAPIGateways: aws-lambda-go's type of events knows every field of them, and each is addressed to the route
// of its folder.
func TestEventsAreAPIGateways(t *testing.T) {
	for _, s := range routed(t) {
		t.Run(s.path(), func(t *testing.T) {
			var e lambdaevents.APIGatewayV2HTTPRequest
			if err := json.Unmarshal(s.payload, &e); err != nil {
				t.Fatal(err)
			}
			again, err := json.Marshal(e)
			must(err)
			if diff := cmp.Diff(meaning(t, s.payload), meaning(t, again)); diff != "" {
				t.Errorf("decoded and encoded it is another (-file +again):\n%s", diff)
			}
			checkAddress(t, s, e)
			if want := s.path(); e.RequestContext.RequestID+".json" != want {
				t.Errorf("request id %q in %s", e.RequestContext.RequestID, want)
			}
		})
	}
}

// checkAddress compares what an event says in several places of where it goes.
func checkAddress(t *testing.T, s sample, e lambdaevents.APIGatewayV2HTTPRequest) {
	t.Helper()
	route, _ := operation.MustLookup(s.operation).Trigger.(operation.HTTP)
	path := route.Path
	for name, value := range e.PathParameters {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	http := e.RequestContext.HTTP
	got := fmt.Sprint(e.RouteKey, e.RequestContext.RouteKey, http.Method, e.RawPath, http.Path)
	if want := fmt.Sprint(route.Route(), route.Route(), route.Method, path, path); got != want {
		t.Errorf("addressed to %s, want %s", got, want)
	}
	if len(e.PathParameters) != len(route.PathParameters()) {
		t.Errorf("path parameters %v, want %v", e.PathParameters, route.PathParameters())
	}
}

// meaning is JSON without what means nothing: null, "", and what holds nothing else. aws-lambda-go's type writes out
// empty what API Gateway sends as null or leaves out.
func meaning(t *testing.T, encoded []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(encoded, &v); err != nil {
		t.Fatal(err)
	}
	return withoutNothing(v)
}

func withoutNothing(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for name, inner := range x {
			if x[name] = withoutNothing(inner); x[name] == nil {
				delete(x, name)
			}
		}
	case []any:
		for i := range x {
			x[i] = withoutNothing(x[i])
		}
	}
	switch reflect.ValueOf(v).Kind() {
	case reflect.Map, reflect.Slice, reflect.String:
		if reflect.ValueOf(v).Len() == 0 {
			return nil
		}
	}
	return v
}
