package local

import (
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
)

// TestEveryOperationHasItsHandler: each is in the map of what starts it, but for the one that is invoked, which the first
// start calls.
func TestEveryOperationHasItsHandler(t *testing.T) {
	checkRegistry[operation.HTTP](t, registry)
	checkRegistry[operation.Stream](t, streams)
	checkRegistry[operation.Schedule](t, schedules)
	checkRegistry[operation.Event](t, events)
}

func checkRegistry[Trigger operation.Trigger, Func any](t *testing.T, got map[operation.Name]Func) {
	t.Helper()
	var want []operation.Name
	for _, row := range operation.Table {
		if _, ok := row.Trigger.(Trigger); ok {
			want = append(want, row.Name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("the registry is not the operation table (-table +registry):\n%s", diff)
	}
	for name, serve := range got {
		full := runtime.FuncForPC(reflect.ValueOf(serve).Pointer()).Name()
		function := full[strings.LastIndexByte(full, '.')+1:]
		if !strings.EqualFold(function, strings.ReplaceAll(string(name), "-", "")) {
			t.Errorf("%s is served by %s", name, function)
		}
	}
}
