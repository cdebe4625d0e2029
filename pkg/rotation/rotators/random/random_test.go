package random_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/random"
	"strongroom/pkg/rotation/rotators/rotatortest"
	"strongroom/pkg/rotation/worker/workertest"
)

func begin(settings, current string) func(t *testing.T) *rotatortest.Target {
	return func(t *testing.T) *rotatortest.Target {
		t.Helper()
		parsed, err := rotation.ParseSettings(rotation.Random, []byte(settings))
		if err != nil {
			t.Fatal(err)
		}
		return &rotatortest.Target{
			Rotator: func() rotators.Rotator { return random.New() }, Secret: uuid.New(), Settings: parsed, Current: current,
			Works: func(testing.TB, string) bool { return true }, NoTarget: true,
		}
	}
}

func TestThereIsNothingOutsideOfARandomValue(t *testing.T) {
	rotatortest.Crashes(t, 0, 0, begin(`{}`, "old"))
	workertest.Crashes(t, rotation.Random, 12, 12, begin(`{}`, "old"))
	rotatortest.Twice(t, begin(`{"field": "key"}`, `{"key": "old"}`))
}

func TestAValueIsWhatTheTemplateMakes(t *testing.T) {
	for name, c := range map[string]struct{ settings, current, want string }{
		"letters and digits":                 {`{}`, "old", `^[A-Za-z0-9]{32}$`},
		"a form":                             {`{"length": 12, "classes": ["digits"], "form": "key-{}!"}`, "old", `^key-[0-9]{12}!$`},
		"a member, and the rest as it stood": {`{"field": "key"}`, `{ "b": 1.50, "key": "old", "a": [] }`, `^{ "b": 1.50, "key": "[A-Za-z0-9]{32}", "a": \[\] }$`},
		"a member that was not there":        {`{"field": "key"}`, `{"a": 1}`, `^{"a": 1,"key":"[A-Za-z0-9]{32}"}$`},
	} {
		t.Run(name, func(t *testing.T) {
			value := rotatortest.Again(t, 2, begin(c.settings, c.current)(t))
			if !regexp.MustCompile(c.want).MatchString(value) {
				t.Errorf("the value is %s; want %s", value, c.want)
			}
		})
	}
}

func TestAMemberOfWhatIsNoObjectIsRefused(t *testing.T) {
	for _, current := range []string{"", "text", `["key"]`, `{"key": 1, "key": 2}`, `{"key": 1} more`} {
		target := begin(`{"field": "key"}`, current)(t)
		err := target.Rotator().Check(t.Context(), &rotators.Task{Settings: target.Settings, Current: current})
		var e *rotators.Error
		if !errors.As(err, &e) || !e.Permanent || !strings.Contains(e.Reason, `must be a JSON object, since the settings name its field "key"`) {
			t.Errorf("%q: %v", current, err)
		}
	}
}
