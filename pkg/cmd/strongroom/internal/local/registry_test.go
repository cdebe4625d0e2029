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

func TestEveryRouteOfTheTableHasItsHandler(t *testing.T) {
	var want []operation.Name
	for _, row := range operation.Table {
		if _, ok := row.Trigger.(operation.HTTP); ok {
			want = append(want, row.Name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(registry))); diff != "" {
		t.Errorf("the registry is not the operation table (-table +registry):\n%s", diff)
	}
	for name, serve := range registry {
		full := runtime.FuncForPC(reflect.ValueOf(serve).Pointer()).Name()
		function := full[strings.LastIndexByte(full, '.')+1:]
		if !strings.EqualFold(function, strings.ReplaceAll(string(name), "-", "")) {
			t.Errorf("%s is served by %s", name, function)
		}
	}
}
