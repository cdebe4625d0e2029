package secrets_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// A history is what several clients asked at the same time, and what they were answered. These files make histories and
// judge them: the words are here, who asks what in historyclients_test.go, with what in historyrig_test.go; what a sequential
// Strongroom would answer in historymodel_test.go; what must hold besides in historyfinal_test.go, historygrants_test.go and
// historyevents_test.go. That all of it finds faults is shown in historybroken_test.go.

// A role is what a client is to the secrets of a history.
type role string

// The roles. Owner, manager and writer keep their rights; the reader has those that are given and taken away.
const (
	owner   role = "owner"
	manager role = "manager" // manages the project
	writer  role = "writer"  // writes in the project
	reader  role = "reader"
)

// asked is an operation as a client asks for it. What it does not need is zero.
type asked struct {
	op      operation.Name
	by      role
	secret  int // which of the history's
	name    string
	value   string
	version int64
	match   int64             // the ETag's counter in If-Match
	grant   access.Permission // what the reader is to have; zero: nothing
}

// answered is the answer, as far as the model knows it.
type answered struct {
	code    api.Code // empty: success
	created bool
	name    string
	value   string
	version int64
	tag     int64
	stage   api.Stage
	grant   access.Permission
}

// unknown says whether the operation may have happened or not, or may still happen: whatever the table did not answer in time,
// being throttled included, which may come after an answer that was lost.
func (a answered) unknown() bool { return a.code == api.CodeThrottled || a.code == api.CodeUnavailable }

// A step is one operation of a history. Call and back count all that happened in it, so that one operation was over
// before another began where its back is less than the other's call.
type step struct {
	client     int
	call, back int64
	asked
	answered
}

// reads says whether the operation changes nothing.
func (a asked) reads() bool { return strings.HasPrefix(string(a.op), "get-") }

// showsValue says whether it is answered with a value.
func (s step) showsValue() bool {
	return s.code == "" && s.answered.value != ""
}

func (a asked) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s", a.by, a.op)
	if a.op != operation.PutProjectAccess && a.op != operation.GetProjectAccess {
		fmt.Fprintf(&text, " %d", a.secret)
	}
	for what, given := range parts(a.name, a.value, a.version, a.match, a.grant) {
		fmt.Fprintf(&text, " %s %s", what, given)
	}
	if grants(a.op) && a.grant == 0 {
		text.WriteString(" nothing")
	}
	return text.String()
}

func (a answered) String() string {
	if a.code != "" {
		return string(a.code)
	}
	var text strings.Builder
	text.WriteString("ok")
	if a.created {
		text.WriteString(" created")
	}
	for what, given := range parts(a.name, a.value, a.version, a.tag, a.grant) {
		fmt.Fprintf(&text, " %s %s", what, given)
	}
	if a.stage != "" {
		fmt.Fprintf(&text, " (%s)", a.stage)
	}
	return text.String()
}

// parts are those that are not zero, with what they are.
func parts(name, value string, version, tag int64, grant access.Permission) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		given := func(what string, v any, is bool) bool { return !is || yield(what, fmt.Sprint(v)) }
		_ = given("name", name, name != "") && given("value", value, value != "") && given("version", version, version != 0) &&
			given("tag", tag, tag != 0) && given("grant", grant, grant != 0)
	}
}

// grants says whether the operation replaces grants.
func grants(op operation.Name) bool {
	return op == operation.PutSecretAccess || op == operation.PutProjectAccess
}

// A history is all steps, in the order in which they began.
type history []step

func (h history) String() string {
	var text strings.Builder
	for _, s := range h {
		fmt.Fprintf(&text, "  %3d to %3d  client %d, %s -> %s\n", s.call, s.back, s.client, s.asked, s.answered)
	}
	return text.String()
}

// of are the steps that the test holds for.
func (h history) of(holds func(step) bool) history {
	return slices.DeleteFunc(slices.Clone(h), func(s step) bool { return !holds(s) })
}

// never is after everything: when an operation of unknown outcome is over.
const never = 1 << 40

// operations are those on one secret, and on the grants of the project, as porcupine wants them. What may still happen is
// never over, and a read that failed says nothing. The values of a whole project are promised to nobody as they were at
// one moment.
func (h history) operations(secret int) []porcupine.Operation {
	var all []porcupine.Operation
	for _, s := range h {
		onProject := s.op == operation.PutProjectAccess || s.op == operation.GetProjectAccess
		if s.secret != secret && !onProject || s.op == operation.GetProjectValues || s.unknown() && s.reads() {
			continue
		}
		back := s.back
		if s.unknown() {
			back = never
		}
		all = append(all, porcupine.Operation{ClientId: s.client, Input: s.asked, Call: s.call, Output: s.answered, Return: back})
	}
	return all
}
