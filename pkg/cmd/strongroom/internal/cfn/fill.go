package cfn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// gone is what AWS::NoValue stands for.
type gone struct{}

// maxDepth is how deep functions may stand within one another.
const maxDepth = 200

// fill is a value with its functions filled in.
func (s *stack) fill(value any) any {
	s.all.depth++
	defer func() { s.all.depth-- }()
	if s.all.depth > maxDepth {
		return symbol("a circle of references")
	}
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 1 {
			for name, argument := range value {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return s.function(name, argument)
				}
			}
		}
		made := map[string]any{}
		for name, member := range value {
			if filled := s.fill(member); !isGone(filled) {
				made[name] = filled
			}
		}
		return made
	case []any:
		made := []any{}
		for _, member := range value {
			if filled := s.fill(member); !isGone(filled) {
				made = append(made, filled)
			}
		}
		return made
	}
	return value
}

func isGone(value any) bool {
	_, ok := value.(gone)
	return ok
}

// braces are not in the names of symbols, which end with one.
var braces = strings.NewReplacer("{", "(", "}", ")")

// symbol is a text that is not known.
func symbol(what string) string {
	return "${" + braces.Replace(what) + "}"
}

// text is a filled-in value as a text; a number may stand where a text is wanted.
func text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(value)
	case nil:
		return ""
	}
	return symbol(fmt.Sprintf("%v", value))
}

// function fills in one function
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html).
func (s *stack) function(name string, argument any) any {
	list, _ := s.list(argument)
	switch {
	case name == "Ref":
		return s.ref(text(argument))
	case name == "Fn::GetAtt":
		return s.attribute(argument)
	case name == "Fn::Join" && len(list) == 2:
		if parts, ok := s.list(list[1]); ok {
			return strings.Join(s.texts(parts), text(s.fill(list[0])))
		}
	case name == "Fn::Sub":
		return s.sub(argument)
	case name == "Fn::Select" && len(list) == 2:
		index, err := strconv.Atoi(text(s.fill(list[0])))
		if from, ok := s.list(list[1]); ok && err == nil && index >= 0 && index < len(from) {
			return s.fill(from[index])
		}
	case name == "Fn::Split" && len(list) == 2:
		if whole := text(s.fill(list[1])); !strings.Contains(whole, "${") {
			return anyList(strings.Split(whole, text(s.fill(list[0]))))
		}
	case name == "Fn::ImportValue":
		return s.all.imported(text(s.fill(argument)))
	}
	return opaque(name, argument)
}

// opaque is a function that is not understood: equal ones are equal.
func opaque(name string, argument any) string {
	written, err := json.Marshal(argument, json.Deterministic(true))
	if err != nil {
		return symbol(name)
	}
	return symbol(name + " " + string(written))
}

// list is a list that stands there, or that a function makes.
func (s *stack) list(value any) ([]any, bool) {
	if list, ok := value.([]any); ok {
		return list, true
	}
	if _, ok := value.(map[string]any); ok {
		list, ok := s.fill(value).([]any)
		return list, ok
	}
	return nil, false
}

func (s *stack) texts(values []any) []string {
	var made []string
	for _, value := range values {
		if filled := s.fill(value); !isGone(filled) {
			made = append(made, text(filled))
		}
	}
	return made
}

func anyList(texts []string) []any {
	made := make([]any, len(texts))
	for i, one := range texts {
		made[i] = one
	}
	return made
}

// ref is what Ref stands for: a pseudo parameter, a parameter, or a resource.
func (s *stack) ref(name string) any {
	switch {
	case name == "AWS::NoValue":
		return gone{}
	case strings.HasPrefix(name, "AWS::"):
		return s.pseudo(name)
	}
	if _, ok := s.template.Resources[name]; ok {
		return Resource{ID: name, Type: s.template.Resources[name].Type, stack: s}.Ref()
	}
	if given, ok := s.parameters[name]; ok {
		return s.parent.fill(given)
	}
	return symbol("parameter " + name)
}

// pseudo is what a pseudo parameter stands for
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html).
func (s *stack) pseudo(name string) string {
	switch {
	case name == "AWS::AccountId" && s.place.Account != "":
		return s.place.Account
	case name == "AWS::Region" && s.place.Region != "":
		return s.place.Region
	case name == "AWS::Partition" && s.place.Region != "":
		return partition(s.place.Region)
	case name == "AWS::URLSuffix" && s.place.Region != "":
		return map[bool]string{true: "amazonaws.com.cn", false: "amazonaws.com"}[strings.HasPrefix(s.place.Region, "cn-")]
	case name == "AWS::StackName":
		return s.name
	case name == "AWS::StackId": // has colons and slashes, which symbols of this prefix don't
		return symbol("id of the stack " + s.name)
	}
	return symbol(name)
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// attribute is what Fn::GetAtt stands for, in both forms: [Resource, Attribute] and Resource.Attribute.
func (s *stack) attribute(argument any) any {
	id, name := "", ""
	switch argument := argument.(type) {
	case []any:
		if len(argument) == 2 {
			id, name = text(argument[0]), text(s.fill(argument[1]))
		}
	case string:
		id, name, _ = strings.Cut(argument, ".")
	}
	found, ok := s.template.Resources[id]
	if !ok {
		return opaque("Fn::GetAtt", argument)
	}
	if output, ok := strings.CutPrefix(name, "Outputs."); ok && s.nested[id] != nil {
		inner := s.nested[id]
		if of, ok := inner.template.Outputs[output]; ok {
			return inner.fill(of.Value)
		}
	}
	return Resource{ID: id, Type: found.Type, stack: s}.Attribute(name)
}

// sub is what Fn::Sub stands for: a text, or a list of a text and its own variables.
func (s *stack) sub(argument any) any {
	own := map[string]any{}
	pattern, ok := argument.(string)
	if list, isList := argument.([]any); isList && len(list) == 2 {
		pattern, ok = list[0].(string)
		own, _ = list[1].(map[string]any)
	}
	if !ok {
		return opaque("Fn::Sub", argument)
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(pattern, "${")
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			b.WriteString(pattern[len(before):])
			return b.String()
		}
		pattern = after
		switch value, mine := own[name]; {
		case strings.HasPrefix(name, "!"):
			b.WriteString("${" + name[1:] + "}")
		case mine:
			b.WriteString(text(s.fill(value)))
		case strings.Contains(name, ".") && !strings.HasPrefix(name, "AWS::"):
			b.WriteString(text(s.attribute(name)))
		default:
			b.WriteString(text(s.ref(name)))
		}
	}
}

// imported is what Fn::ImportValue stands for.
func (all *Stacks) imported(name string) any {
	if all.exports == nil {
		all.exports = map[string]any{}
		for _, s := range all.stacks {
			for _, output := range s.template.Outputs {
				if output.Export.Name != nil {
					all.exports[text(s.fill(output.Export.Name))] = func() any { return s.fill(output.Value) }
				}
			}
		}
	}
	if value, ok := all.exports[name].(func() any); ok {
		return value()
	}
	return symbol("import of " + name)
}
