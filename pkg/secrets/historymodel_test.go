package secrets_test

import (
	"fmt"
	"strings"

	"github.com/anishathalye/porcupine"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// A state is one secret, and what decides about it, between two operations.
type state struct {
	exists, trashed bool
	name            string
	history         string // every value, each before a comma
	tag, accessTag  int64
	projectTag      int64 // of the project's grants
	// onSecret and onProject are the reader's grants.
	onSecret, onProject access.Permission
}

func (s state) String() string {
	life := "absent"
	if s.exists {
		life = fmt.Sprintf("%s = %s tag %d", s.name, strings.TrimSuffix(s.history, ","), s.tag)
	}
	if s.trashed {
		life += ", in the trash"
	}
	return fmt.Sprintf("%s; reader: %d on it (%d), %d on the project (%d)", life, s.onSecret, s.accessTag, s.onProject, s.projectTag)
}

// version is the number of the current version.
func (s state) version() int64 { return int64(strings.Count(s.history, ",")) }

// value is a version's value.
func (s state) value(version int64) (string, bool) {
	if version < 1 || version > s.version() {
		return "", false
	}
	return strings.Split(s.history, ",")[version-1], true
}

func (s state) current() string {
	value, _ := s.value(s.version())
	return value
}

func (s state) stage(version int64) api.Stage {
	switch version {
	case s.version():
		return api.StageCurrent
	case s.version() - 1:
		return api.StagePrevious
	}
	return ""
}

// may is the code of the answer to who needs that permission on the secret; empty for who has it.
func (s state) may(by role, needed access.Permission) api.Code {
	has := access.Manage
	if by == reader {
		has = max(s.onSecret, s.onProject)
	}
	switch {
	case !s.exists, s.trashed, has == 0:
		return api.CodeNotFound
	case has < needed:
		return api.CodeForbidden
	}
	return ""
}

// show is the secret as it is answered.
func (s state) show() answered {
	return answered{name: s.name, value: s.current(), version: s.version(), tag: s.tag}
}

// after is the answer to an operation, and the state after it.
func (s state) after(a asked) (answered, state) { return models[a.op](s, a) }

// models say what each operation does.
var models = map[operation.Name]func(state, asked) (answered, state){
	operation.CreateSecret:         state.create,
	operation.UpdateSecret:         state.update,
	operation.RestoreSecretVersion: state.restore,
	operation.DeleteSecrets:        state.delete,
	operation.GetSecret:            state.get,
	operation.GetSecretsByIDs:      state.get,
	operation.GetSecretVersion:     state.getVersion,
	operation.GetSecretAccess:      state.secretAccess,
	operation.PutSecretAccess:      state.secretAccess,
	operation.GetProjectAccess:     state.projectAccess,
	operation.PutProjectAccess:     state.projectAccess,
}

func (s state) secretAccess(a asked) (answered, state) {
	if code := s.may(a.by, access.Manage); code != "" {
		return answered{code: code}, s
	}
	if !a.reads() {
		s.onSecret, s.accessTag = granted(a, s.onSecret, s.accessTag)
	}
	return answered{tag: s.accessTag, grant: s.onSecret}, s
}

func (s state) projectAccess(a asked) (answered, state) {
	if !a.reads() {
		s.onProject, s.projectTag = granted(a, s.onProject, s.projectTag)
	}
	return answered{tag: s.projectTag, grant: s.onProject}, s
}

// granted is the reader's grant and the policy's tag after a replacement.
func granted(a asked, old access.Permission, tag int64) (access.Permission, int64) {
	if a.grant == old {
		return old, tag
	}
	return a.grant, tag + 1
}

func (s state) create(a asked) (answered, state) {
	switch {
	case !s.exists:
		s.exists, s.name, s.history, s.tag = true, a.name, a.value+",", 1
		answer := s.show()
		answer.created = true
		return answer, s
	case s.trashed, s.name != a.name, s.current() != a.value:
		return answered{code: api.CodeConflict}, s
	}
	return s.show(), s
}

func (s state) update(a asked) (answered, state) {
	if code := s.may(a.by, access.Write); code != "" {
		return answered{code: code}, s
	}
	next := s
	if a.name != "" {
		next.name = a.name
	}
	if a.value != "" && a.value != s.current() {
		next.history += a.value + ","
	}
	return s.change(next, a.match)
}

func (s state) restore(a asked) (answered, state) {
	if code := s.may(a.by, access.Write); code != "" {
		return answered{code: code}, s
	}
	value, ok := s.value(a.version)
	if !ok {
		return answered{code: api.CodeNotFound}, s
	}
	next := s
	if value != s.current() {
		next.history += value + ","
	}
	return s.change(next, a.match)
}

// change is the answer to an update that would make s the next state: nothing happens where that is no other, and
// If-Match counts only where it is.
func (s state) change(next state, match int64) (answered, state) {
	switch {
	case next == s:
		return s.show(), s
	case match != 0 && match != s.tag:
		return answered{code: api.CodePreconditionFailed}, s
	}
	next.tag++
	return next.show(), next
}

// delete puts the secret into the trash. Who could have done that may do it again.
func (s state) delete(a asked) (answered, state) {
	live := s
	live.trashed = false
	code := live.may(a.by, access.Write)
	if code == "" && !s.trashed {
		s.trashed = true
		s.tag++
	}
	return answered{code: code}, s
}

func (s state) get(a asked) (answered, state) {
	if code := s.may(a.by, access.Read); code != "" {
		return answered{code: code}, s
	}
	return s.show(), s
}

func (s state) getVersion(a asked) (answered, state) {
	code := s.may(a.by, access.Read)
	value, ok := s.value(a.version)
	switch {
	case code != "":
		return answered{code: code}, s
	case !ok:
		return answered{code: api.CodeNotFound}, s
	}
	return answered{value: value, version: a.version, stage: s.stage(a.version)}, s
}

// model is a sequential Strongroom with one secret that begins with that state.
func model(begin state) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return begin },
		Step: func(before, input, output any) (bool, any) {
			answer, after := before.(state).after(input.(asked))
			got := output.(answered)
			return got.unknown() || got == answer, after
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%s -> %s", input, output) },
		DescribeState:     func(s any) string { return fmt.Sprint(s) },
	}
}
