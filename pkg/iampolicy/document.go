package iampolicy

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
)

// A Document is a policy.
type Document struct {
	// Name is how reasons call it; Parse leaves it empty.
	Name       string
	Version    string
	Statements []Statement
}

// An Effect is what a statement does: Allow or Deny.
type Effect string

// The effects.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// A Statement is one of a policy.
type Statement struct {
	Sid    string
	Effect Effect
	// Principals are those of Principal, or, where NotPrincipal is set, of NotPrincipal; nil where there is neither.
	Principals   []PrincipalPattern
	NotPrincipal bool
	// Actions are those of Action, or, where NotAction is set, of NotAction.
	Actions   []string
	NotAction bool
	// Resources are those of Resource, or, where NotResource is set, of NotResource; nil where there is neither.
	Resources   []string
	NotResource bool
	// Conditions all have to hold.
	Conditions []Condition
	// Unread names what is not understood: such a statement is at most Maybe about a request.
	Unread []string
}

// A PrincipalPattern is one of the element Principal: AWS, Service, Federated or CanonicalUser, and its value. Principal
// "*" is {AWS, "*"}, which is the same
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
type PrincipalPattern struct{ Kind, Value string }

// A Condition compares one key. One of the values has to match, or none, where the operator is a negated one.
type Condition struct {
	// Operator is as it was written: ForAnyValue:StringLikeIfExists.
	Operator string
	Key      string
	Values   []string
}

func (c Condition) String() string { return fmt.Sprintf("%s %s %q", c.Operator, c.Key, c.Values) }

// Parse reads a policy document: JSON, without two elements of the same name. It refuses what is no policy: an element of a
// wrong type, or an Effect that is neither Allow nor Deny. Elements that are not known are kept as Statement.Unread.
func Parse(text []byte) (Document, error) {
	var raw map[string]any
	if err := json.Unmarshal(text, &raw); err != nil {
		return Document{}, fmt.Errorf("a policy must be a JSON object: %w", err)
	}
	var d Document
	var unread []string
	var statements []any
	for _, name := range sortedKeys(raw) {
		switch value := raw[name]; name {
		case "Version":
			d.Version, _ = value.(string)
		case "Id":
		case "Statement":
			statements = listOf(value)
		default:
			unread = append(unread, name)
		}
	}
	if _, ok := raw["Statement"]; !ok {
		return Document{}, fmt.Errorf("a policy must have the element Statement")
	}
	for i, s := range statements {
		object, ok := s.(map[string]any)
		if !ok {
			return Document{}, fmt.Errorf("statement %d must be an object", i+1)
		}
		made, err := parseStatement(object)
		if err != nil {
			return Document{}, fmt.Errorf("statement %d: %w", i+1, err)
		}
		made.Unread = append(made.Unread, unread...)
		d.Statements = append(d.Statements, made)
	}
	return d, nil
}

// listOf is a list, or the list of one thing that stands there without brackets.
func listOf(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

func parseStatement(raw map[string]any) (s Statement, err error) {
	for _, name := range sortedKeys(raw) {
		value := raw[name]
		switch name {
		case "Sid":
			s.Sid, _ = value.(string)
		case "Effect":
			text, _ := value.(string)
			s.Effect = Effect(text)
		case "Principal", "NotPrincipal":
			s.NotPrincipal = name == "NotPrincipal"
			s.Principals, err = principalsOf(value)
		case "Action", "NotAction":
			s.NotAction = name == "NotAction"
			s.Actions, err = texts(value)
		case "Resource", "NotResource":
			s.NotResource = name == "NotResource"
			s.Resources, err = texts(value)
		case "Condition":
			s.Conditions, err = conditionsOf(value)
		default:
			s.Unread = append(s.Unread, name)
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, pair := range [][2]string{{"Principal", "NotPrincipal"}, {"Action", "NotAction"}, {"Resource", "NotResource"}} {
		if raw[pair[0]] != nil && raw[pair[1]] != nil {
			return s, fmt.Errorf("has both %s and %s", pair[0], pair[1])
		}
	}
	switch {
	case s.Effect != Allow && s.Effect != Deny:
		return s, fmt.Errorf("effect must be Allow or Deny, not %q", s.Effect)
	case s.Actions == nil:
		return s, fmt.Errorf("has neither Action nor NotAction")
	}
	return s, nil
}

// texts is a text or a list of texts.
func texts(value any) ([]string, error) {
	made := []string{}
	for _, one := range listOf(value) {
		text, ok := one.(string)
		if !ok {
			return nil, fmt.Errorf("must be a string or a list of strings, not %v", one)
		}
		made = append(made, text)
	}
	return made, nil
}

func principalsOf(value any) ([]PrincipalPattern, error) {
	if value == "*" {
		return []PrincipalPattern{{"AWS", "*"}}, nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf(`must be "*" or an object, not %v`, value)
	}
	made := []PrincipalPattern{}
	for _, kind := range sortedKeys(object) {
		values, err := texts(object[kind])
		if err != nil {
			return nil, fmt.Errorf("%s %w", kind, err)
		}
		for _, text := range values {
			made = append(made, PrincipalPattern{kind, text})
		}
	}
	return made, nil
}

func conditionsOf(value any) ([]Condition, error) {
	operators, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("must be an object, not %v", value)
	}
	var made []Condition
	for _, operator := range sortedKeys(operators) {
		keys, ok := operators[operator].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s must be an object, not %v", operator, operators[operator])
		}
		for _, key := range sortedKeys(keys) {
			values, err := scalars(keys[key])
			if err != nil {
				return nil, fmt.Errorf("%s %s %w", operator, key, err)
			}
			made = append(made, Condition{operator, key, values})
		}
	}
	return made, nil
}

// scalars are the values of a condition, which may be written as JSON's numbers and truth values too.
func scalars(value any) ([]string, error) {
	made := []string{}
	for _, one := range listOf(value) {
		switch one := one.(type) {
		case string:
			made = append(made, one)
		case bool:
			made = append(made, strconv.FormatBool(one))
		case float64:
			made = append(made, strconv.FormatFloat(one, 'f', -1, 64))
		default:
			return nil, fmt.Errorf("must be strings, numbers or truth values, not %v", one)
		}
	}
	return made, nil
}

func sortedKeys(object map[string]any) []string {
	var keys []string
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
