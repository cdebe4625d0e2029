package gateway

import (
	"slices"
	"strings"

	"strongroom/pkg/operation"
)

// A route is a row of the operation table with the function behind it.
type route struct {
	operation operation.Name
	// key is the row's route, "GET /secrets/{secretId}".
	key      string
	segments []string
	function Function
	// parameters are those of one request's path.
	parameters map[string]string
}

// routes are an API's routes by method, the most literal first.
type routes map[string][]route

func newRoutes(functions map[operation.Name]Function) routes {
	all := routes{}
	for name, f := range functions {
		row := operation.MustLookup(name)
		h, ok := row.Trigger.(operation.HTTP)
		if !ok {
			panic("gateway: " + string(name) + " has no route")
		}
		all[h.Method] = append(all[h.Method], route{
			operation: name, key: h.Route(), segments: strings.Split(h.Path, "/"), function: f,
		})
	}
	all.sort()
	return all
}

// sort puts the most literal first.
func (all routes) sort() {
	for _, list := range all {
		slices.SortFunc(list, func(a, b route) int { return slices.Compare(a.order(), b.order()) })
	}
}

// order puts literal segments before parameters.
func (r route) order() []string {
	keys := make([]string, len(r.segments))
	for i, segment := range r.segments {
		keys[i] = "0" + segment
		if parameter(segment) != "" {
			keys[i] = "1" + segment
		}
	}
	return keys
}

// match finds the route of a path, which is decoded already: an encoded slash separates as a plain one does, as in
// HTTP APIs. Nothing is cleaned: a path with an empty segment or dots has no route.
func (all routes) match(method, path string) (route, bool) {
	have := strings.Split(path, "/")
	for _, r := range all[method] {
		if parameters, ok := r.parse(have); ok {
			r.parameters = parameters
			return r, true
		}
	}
	return route{}, false
}

func (r route) parse(have []string) (map[string]string, bool) {
	if len(have) != len(r.segments) {
		return nil, false
	}
	var parameters map[string]string
	for i, segment := range r.segments {
		name := parameter(segment)
		switch {
		case name == "" && segment != have[i]:
			return nil, false
		case name == "":
		case have[i] == "" || have[i] == "." || have[i] == "..":
			return nil, false
		default:
			if parameters == nil {
				parameters = map[string]string{}
			}
			parameters[name] = have[i]
		}
	}
	return parameters, true
}

// parameter is the name in {name}, or empty for a literal segment.
func parameter(segment string) string {
	name, ok := strings.CutPrefix(segment, "{")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(name, "}")
}
