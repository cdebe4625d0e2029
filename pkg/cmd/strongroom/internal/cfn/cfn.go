// Package cfn reads synthesised CloudFormation templates and fills in, as far as that can be done before they are
// deployed, what their intrinsic functions stand for.
//
//	stacks, err := cfn.Read(cfn.Place{}, "cdk.out/strongroom-dev-server.template.json")
//	for r := range stacks.Resources("AWS::IAM::Role") { arn := r.ARN() … }
//
// A resource of a template gets an ARN that is stable and readable, made of its type and of its name, or, where
// CloudFormation makes up the name, of the stack's and the resource's: two resources never get the same. What only a
// deployment knows becomes a symbol in the text, ${AWS::AccountId} or ${parameter Name}, which package iampolicy takes
// for any text; where a cdk.out/manifest.json says region and account, they are filled in.
//
// Ref, Fn::GetAtt, Fn::Join, Fn::Sub, Fn::Select, Fn::Split, Fn::ImportValue (from the stacks that are read together),
// and outputs and parameters of nested stacks are understood; every other function becomes a symbol. Conditions are not
// evaluated: a resource that has one is taken to be there, and Fn::If is a symbol.
package cfn

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// A Place is where the templates are deployed; empty fields are not known.
type Place struct{ Account, Region string }

// Stacks are the stacks of the templates that were read together.
type Stacks struct {
	stacks []*stack
	// exports are what stacks export, by name, once somebody imports.
	exports map[string]any
	// depth is how many functions are being filled in within one another: a circle is none of CloudFormation's.
	depth int
}

// A stack is one template, with what stands around it.
type stack struct {
	name, file string
	place      Place
	template   template
	// parent is the stack that this one is nested in, and parameters are what it is given by it.
	parent     *stack
	parameters map[string]any
	// nested are the stacks nested in this one, by their resource's id.
	nested map[string]*stack
	// arns are those that were made, by the resource's id.
	arns map[string]string
	all  *Stacks
}

// A template is a file's content, as far as it matters here.
type template struct {
	Parameters map[string]struct {
		Default any
		Type    string
	}
	Resources map[string]struct {
		Type       string
		Properties map[string]any
		Metadata   map[string]any
	}
	Outputs map[string]struct {
		Value  any
		Export struct{ Name any }
	}
	Transform any
}

// Read reads templates, the templates of stacks nested in them, and the manifest.json beside them, if there is one. What
// is given as place wins over what the manifest says. An error names the file.
func Read(place Place, files ...string) (*Stacks, error) {
	all := &Stacks{}
	for _, file := range files {
		if slices.ContainsFunc(all.stacks, func(s *stack) bool { return same(s.file, file) }) {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".json"), ".template")
		if err := all.read(&stack{name: name, file: file, place: placeOf(place, file, name)}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func same(a, b string) bool { return filepath.Clean(a) == filepath.Clean(b) }

// read reads a stack's file and those of the stacks in it.
func (all *Stacks) read(s *stack) error {
	content, err := os.ReadFile(s.file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, &s.template); err != nil {
		return fmt.Errorf("%s: %w", s.file, err)
	}
	if s.template.Resources == nil {
		return fmt.Errorf("%s is no CloudFormation template: it has no Resources", s.file)
	}
	s.all, s.nested, s.arns = all, map[string]*stack{}, map[string]string{}
	all.stacks = append(all.stacks, s)
	for _, id := range slices.Sorted(maps.Keys(s.template.Resources)) {
		resource := s.template.Resources[id]
		path, _ := resource.Metadata["aws:asset:path"].(string)
		if resource.Type != nestedType || path == "" {
			continue
		}
		file := filepath.Join(filepath.Dir(s.file), path)
		// It may have been named itself, before this one.
		all.stacks = slices.DeleteFunc(all.stacks, func(other *stack) bool { return same(other.file, file) })
		given, _ := resource.Properties["Parameters"].(map[string]any)
		s.nested[id] = &stack{name: s.name + "-" + id, file: file, place: s.place, parent: s, parameters: given}
		if err := all.read(s.nested[id]); err != nil {
			return err
		}
	}
	return nil
}

const nestedType = "AWS::CloudFormation::Stack"

// placeOf is where the manifest of the CDK says that a stack is deployed
// (https://github.com/aws/aws-cdk-cli, package cloud-assembly-schema: artifacts.NAME.environment, aws://ACCOUNT/REGION).
func placeOf(given Place, file, name string) Place {
	var manifest struct {
		Artifacts map[string]struct{ Environment string }
	}
	content, err := os.ReadFile(filepath.Join(filepath.Dir(file), "manifest.json"))
	if err != nil || json.Unmarshal(content, &manifest, json.MatchCaseInsensitiveNames(true)) != nil {
		return given
	}
	account, region, _ := strings.Cut(strings.TrimPrefix(manifest.Artifacts[name].Environment, "aws://"), "/")
	if given.Account == "" && !strings.HasPrefix(account, "unknown-") {
		given.Account = account
	}
	if given.Region == "" && !strings.HasPrefix(region, "unknown-") {
		given.Region = region
	}
	return given
}

// Files are the files that were read.
func (all *Stacks) Files() []string {
	var files []string
	for _, s := range all.stacks {
		files = append(files, s.file)
	}
	return files
}

// Transformed are the files of templates that CloudFormation changes before it deploys them: what they say is not what
// will be there.
func (all *Stacks) Transformed() []string {
	var files []string
	for _, s := range all.stacks {
		if s.template.Transform != nil {
			files = append(files, s.file)
		}
		for id := range s.template.Resources {
			if strings.HasPrefix(id, "Fn::") { // Fn::ForEach, Fn::Transform
				files = append(files, s.file)
			}
		}
	}
	return slices.Compact(files)
}

// Resources yields the resources of a type, in the order of stacks and ids; of every type, where it is empty.
func (all *Stacks) Resources(ofType string) iter.Seq[Resource] {
	return func(yield func(Resource) bool) {
		for _, s := range all.stacks {
			for _, id := range slices.Sorted(maps.Keys(s.template.Resources)) {
				if r := s.template.Resources[id]; ofType == "" || r.Type == ofType {
					if !yield(Resource{ID: id, Type: r.Type, stack: s}) {
						return
					}
				}
			}
		}
	}
}

// Outputs yields the names and values of all outputs.
func (all *Stacks) Outputs() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, s := range all.stacks {
			for _, name := range slices.Sorted(maps.Keys(s.template.Outputs)) {
				if !yield(name, text(s.fill(s.template.Outputs[name].Value))) {
					return
				}
			}
		}
	}
}
