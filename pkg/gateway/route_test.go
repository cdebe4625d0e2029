package gateway

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheMostLiteralRouteWins, from the left, in whatever order they were given.
func TestTheMostLiteralRouteWins(t *testing.T) {
	paths := []string{"/a/{b}/c", "/a/b/{c}", "/a/{b}/{c}", "/a/b/c", "/{a}/b/c"}
	for _, c := range []struct {
		path, route string
		parameters  map[string]string
	}{
		{"/a/b/c", "/a/b/c", nil},
		{"/a/b/x", "/a/b/{c}", map[string]string{"c": "x"}},
		{"/a/x/c", "/a/{b}/c", map[string]string{"b": "x"}},
		{"/a/x/y", "/a/{b}/{c}", map[string]string{"b": "x", "c": "y"}},
		{"/x/b/c", "/{a}/b/c", map[string]string{"a": "x"}},
		{"/x/y/c", "", nil},
		{"/a/b", "", nil},
	} {
		for range paths {
			paths = append(paths[1:], paths[0])
			all := routes{}
			for _, path := range paths {
				all["GET"] = append(all["GET"], route{key: path, segments: strings.Split(path, "/")})
			}
			all.sort()
			got, ok := all.match("GET", c.path)
			if ok != (c.route != "") || got.key != c.route {
				t.Errorf("%s: %q, want %q", c.path, got.key, c.route)
			}
			if diff := cmp.Diff(c.parameters, got.parameters); diff != "" {
				t.Errorf("%s: %s", c.path, diff)
			}
		}
	}
}
