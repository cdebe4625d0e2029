package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An assembly is what the CDK wrote: the templates of all stacks.
type assembly struct {
	settings settings
	data     *template
	server   *template
	workers  *template
	// nested are the server's, by the name of the group.
	nested map[string]*template
}

// A template is one stack's.
type template struct {
	Resources  map[string]resource
	Parameters map[string]any
	Outputs    map[string]struct {
		Value  any
		Export struct{ Name any }
	}

	whole *assembly
	// parent and resource say where a nested stack stands; nil and empty for others.
	parent *template
	self   string
}

// A resource is one of a template's.
type resource struct {
	Type           string
	Properties     map[string]any
	Metadata       map[string]any
	DeletionPolicy string
	UpdateReplace  string `json:"UpdateReplacePolicy"`
}

func readAssembly(t *testing.T, dir string, s settings) *assembly {
	t.Helper()
	a := &assembly{settings: s, nested: map[string]*template{}}
	read := func(file string) *template {
		made := &template{whole: a}
		readJSON(t, filepath.Join(dir, file), made)
		return made
	}
	a.data = read(s.name("data") + ".template.json")
	if s.Only == "data" {
		return a
	}
	a.server = read(s.name("server") + ".template.json")
	if s.Only != "server" {
		a.workers = read(s.name("workers") + ".template.json")
	}
	for id, r := range a.server.Resources {
		if r.Type != "AWS::CloudFormation::Stack" {
			continue
		}
		nested := read(r.Metadata["aws:asset:path"].(string))
		nested.parent, nested.self = a.server, id
		name, _, _ := strings.Cut(a.server.named(id), ".")
		a.nested[name] = nested
	}
	return a
}

// templates are those that hold data and work on it, the server's nested ones under their group.
func (a *assembly) templates() map[string]*template {
	all := map[string]*template{"data": a.data}
	if a.server != nil {
		all["server"] = a.server
	}
	maps.Copy(all, a.nested)
	return all
}

// A placed resource is one with where it stands.
type placed struct {
	*template
	id string
	resource
}

// everything is all templates, the workers' too.
func (a *assembly) everything() map[string]*template {
	all := a.templates()
	if a.workers != nil {
		all["workers"] = a.workers
	}
	return all
}

// of are all resources of a type but the workers', in the order of their names.
func (a *assembly) of(kind string) []placed { return among(a.templates(), kind) }

// all are all resources of a type.
func (a *assembly) all(kind string) []placed { return among(a.everything(), kind) }

// ofWorkers are the workers' resources of a type.
func (a *assembly) ofWorkers(kind string) []placed {
	return among(map[string]*template{"workers": a.workers}, kind)
}

func among(templates map[string]*template, kind string) []placed {
	var all []placed
	for _, t := range templates {
		for id, r := range t.Resources {
			if r.Type == kind {
				all = append(all, placed{t, id, r})
			}
		}
	}
	slices.SortFunc(all, func(x, y placed) int { return strings.Compare(x.name(), y.name()) })
	return all
}

// name is what the resource is called in the program: the path of its construct, without the stack's name.
func (p placed) name() string { return p.named(p.id) }

// operation is the operation whose construct the resource stands in.
func (p placed) operation() string {
	first, _, _ := strings.Cut(p.name(), "/")
	return first
}

// named is what the resource of an id is called in the program.
func (t *template) named(id string) string {
	path, ok := t.Resources[id].Metadata["aws:cdk:path"].(string)
	if !ok {
		return id
	}
	parts := strings.Split(path, "/")[1:]
	if t.parent != nil {
		parts = parts[1:] // the group
	}
	if last := len(parts) - 1; last > 0 && (parts[last] == "Resource" || parts[last] == "Default") {
		parts = parts[:last]
	}
	return strings.Join(parts, "/")
}

// text says a value of a template in words: what stands for a resource becomes its name, through parameters of nested
// stacks and exports of other ones. What it does not know it panics at.
func (t *template) text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case []any:
		return t.listed(value)
	case map[string]any:
		if len(value) == 1 {
			for function, argument := range value {
				return t.called(function, argument)
			}
		}
	case bool, float64:
		return fmt.Sprint(value)
	}
	panic(fmt.Sprintf("no words for %v", value))
}

func (t *template) listed(values []any) string {
	var all []string
	for _, v := range values {
		all = append(all, t.text(v))
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

func (t *template) called(function string, argument any) string {
	switch function {
	case "Ref":
		return t.referred(argument.(string))
	case "Fn::Sub":
		return argument.(string)
	case "Fn::GetAtt":
		pair := argument.([]any)
		return t.attribute(pair[0].(string), pair[1].(string))
	case "Fn::ImportValue":
		return t.imported(argument.(string))
	case "Fn::Join":
		pair := argument.([]any)
		var all []string
		for _, part := range pair[1].([]any) {
			all = append(all, t.text(part))
		}
		return strings.Join(all, pair[0].(string))
	case "Fn::Select":
		pair := argument.([]any)
		split := pair[1].(map[string]any)["Fn::Split"].([]any)
		return fmt.Sprintf("part %v of %s", pair[0], t.text(split[1]))
	}
	panic("no words for " + function)
}

// attribute is one of a resource's; that of a nested stack is what it puts out.
func (t *template) attribute(id, name string) string {
	if output, ok := strings.CutPrefix(name, "Outputs."); ok {
		for _, nested := range t.whole.nested {
			if nested.self == id {
				return nested.text(nested.Outputs[output].Value)
			}
		}
	}
	return t.named(id) + "." + name
}

func (t *template) referred(id string) string {
	switch {
	case strings.HasPrefix(id, "AWS::"):
		return "${" + id + "}"
	case t.Parameters[id] != nil:
		given := t.parent.Resources[t.self].Properties["Parameters"].(map[string]any)
		return t.parent.text(given[id])
	}
	return t.named(id)
}

func (t *template) imported(export string) string {
	for _, from := range []*template{t.whole.data, t.whole.server} {
		for _, output := range from.Outputs {
			if output.Export.Name == export {
				return from.text(output.Value)
			}
		}
	}
	panic("nobody exports " + export)
}
