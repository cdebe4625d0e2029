// Package prove reads the synthesised templates of a deployment and says, before it is deployed, who could use which key,
// and whether what Strongroom promises of that holds.
//
//	stacks, err := cfn.Read(cfn.Place{}, files...)
//	report := prove.Examine(stacks)
//
// What has to hold:
//
//   - The server is blind: each role under [ServerPath] is denied every action on the client key by the key's own policy,
//     whatever its own policy says and whatever KMS grants there are, and each function of an operation has such a role.
//   - Nobody is let in to the client key but by the account's own IAM policies, and no grant on it can be made that is
//     not bound to the whole of an encryption context.
//   - Each function's role is allowed what the operation's row says (package operation), and what every function needs
//     besides: no less and no more. So seal-events alone may sign, and the storage key decrypts only for operations
//     whose row says so.
//   - Each rotation worker, where there are any, may do its list and nothing else: take from its own queue, ask the API for
//     the routes that workers ask for (operation.Workers), write its own log, and do its rotator's actions
//     (rotation.Rotators) on what a tag marks for it. It has the client key by KMS grants alone, is started by its own
//     queue alone, which its own rule fills, and nobody else gets at that queue or at the function.
//   - Each function is started by its route, its schedule or its stream alone, and each route asks for a signature.
//
// What can't be known from a template counts against it: see package iampolicy. Not looked at are what is in the account
// besides the templates, and what the account's administrators can do: change policies, roles and functions.
//
// The keys are told apart by the tag strongroom:key (client, storage, signing, table), or else by the functions'
// variables STRONGROOM_CLIENT_KEY, STRONGROOM_STORAGE_KEY and STRONGROOM_SIGNING_KEY, and by what the table is encrypted
// with. A function is an operation's by its tag strongroom:operation, or by its name, which ends with the operation's, and a
// rotator's worker by its tag strongroom:rotator, or by its name, which ends with "-worker-" and the rotator's kind.
package prove

import (
	"fmt"
	"slices"
	"strings"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
)

// ServerPath is the IAM path of the roles of all functions: by it the client key's policy knows the server.
const ServerPath = "/strongroom/server/"

// A Report is what was found.
type Report struct {
	// Sections are tables of who may do what.
	Sections []Section `json:"sections"`
	// Problems are sentences, one for each thing that does not hold.
	Problems []string `json:"problems"`
	// Proven are sentences of what was looked at and holds.
	Proven []string `json:"proven"`
}

// A Section is one table.
type Section struct {
	Title  string     `json:"title"`
	Header []string   `json:"header"`
	Rows   [][]string `json:"rows"`
}

func (r *Report) problem(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.Problems, text) {
		r.Problems = append(r.Problems, text)
	}
}

// prove notes what holds, unless something was found since there were so many problems.
func (r *Report) prove(before int, format string, args ...any) {
	if len(r.Problems) == before {
		r.Proven = append(r.Proven, fmt.Sprintf(format, args...))
	}
}

// Examine looks at everything.
func Examine(stacks *cfn.Stacks) Report {
	r := Report{Sections: []Section{}, Problems: []string{}, Proven: []string{}}
	w := newWorld(stacks, &r)
	for _, file := range stacks.Transformed() {
		r.problem("%s has a Transform: CloudFormation changes it before it is deployed, so that nothing of it can be proven", file)
	}
	w.clientKey(&r)
	w.functionsAccess(&r)
	w.starters(&r)
	w.workers(&r)
	w.wildcards(&r)
	return r
}

// counted is a number and what it counts.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// some are the first few of a list, for a sentence.
func some[S ~string](all []S) string {
	const most = 4
	var words []string
	for _, s := range all[:min(len(all), most)] {
		words = append(words, string(s))
	}
	text := strings.Join(words, ", ")
	if left := len(all) - most; left > 0 {
		text += fmt.Sprintf(" and %d more", left)
	}
	return text
}
