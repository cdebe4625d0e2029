package kmstest

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

func TestADifferenceIsToBeListedAndToBeThere(t *testing.T) {
	c := check{name: "a", want: "right"}
	for _, test := range []struct {
		name, got string
		listed    map[string]string
		complaint string
	}{
		{"right", "right", nil, ""},
		{"wrong", "wrong", nil, `want "right"`},
		{"wrong as listed", "wrong", map[string]string{"a": "wrong"}, ""},
		{"wrong as is listed of another", "wrong", map[string]string{"b": "wrong"}, `want "right"`},
		{"wrong otherwise than listed", "worse", map[string]string{"a": "wrong"}, `known: "wrong"`},
		{"right though listed", "right", map[string]string{"a": "wrong"}, "take it off the list"},
		{"right, and that is what is listed", "right", map[string]string{"a": "right"}, "take it off the list"},
	} {
		got := c.complaint(test.got, test.listed)
		if (got == "") != (test.complaint == "") || !strings.Contains(got, test.complaint) {
			t.Errorf("%s: %q, want %q", test.name, got, test.complaint)
		}
	}
}

func TestOutcomesAreOfTheTypesThatOperationsDeclare(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, "done"},
		{&types.NotFoundException{}, "NotFoundException"},
		{&smithy.GenericAPIError{Code: "NotFoundException"}, "NotFoundException, which the operation does not have"},
		{&smithy.GenericAPIError{Code: "ValidationException"}, "ValidationException"},
		{errors.New("lost"), "no answer of KMS: lost"},
	} {
		if got := outcome(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
