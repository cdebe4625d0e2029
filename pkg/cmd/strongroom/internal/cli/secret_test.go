package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

func TestANewlineThatAnEditorAddedIsLeftOut(t *testing.T) {
	for _, test := range []struct{ name, old, edited, want string }{
		{"added", "a", "b\n", "b"},
		{"added to nothing", "", "b\n", "b"},
		{"nothing else changed", "a", "a\n", "a"},
		{"of the last of several lines", "a\nb", "a\nb\n", "a\nb"},
		{"none", "a", "b", "b"},
		{"there before", "a\n", "b\n", "b\n"},
		{"taken out", "a\n", "a", "a"},
		{"more than one", "a", "b\n\n", "b\n\n"},
		{"nothing but one", "a", "\n", ""},
		{"a carriage return with it", "a", "b\r\n", "b\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := withoutAdded(test.old, test.edited); got != test.want {
				t.Errorf("%q edited to %q is %q, want %q", test.old, test.edited, got, test.want)
			}
		})
	}
}

// What nothing was answered for may be done or not, and is not said to be.
func TestOnlyWhatWasAnsweredIsDeleted(t *testing.T) {
	a, b, gone := uuid.New(), uuid.New(), &api.BulkError{Code: api.CodeNotFound, Message: "no such secret"}
	all := []deletion{{Secret: "demo/A", ID: &a}, {Secret: "demo/NOWHERE", Error: gone}, {Secret: "demo/B", ID: &b}, {Secret: "also A", ID: &a}}
	note(all, []api.BulkResult{{ID: a}})
	want := []deletion{
		{Secret: "demo/A", ID: &a}, {Secret: "demo/NOWHERE", Error: gone},
		{Secret: "demo/B", ID: &b, Error: &api.BulkError{Code: api.CodeUnavailable, Message: "no answer; delete it again"}},
		{Secret: "also A", ID: &a},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
