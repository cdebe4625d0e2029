package webhook

import (
	"reflect"
	"strings"
	"testing"

	"strongroom/pkg/rotation"
)

// TestTheManualHasTheProtocol: each type of request, and each field of one.
func TestTheManualHasTheProtocol(t *testing.T) {
	words := []string{TypeCheck, TypeSet, TypeTest, TypeUndo, TypeRetire}
	of := reflect.TypeFor[Request]()
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		words = append(words, `"`+name+`"`)
	}
	for _, word := range words {
		if !strings.Contains(rotation.HTTP.Manual().Protocol, word) {
			t.Errorf("the manual of %s does not say %s", rotation.HTTP, word)
		}
	}
}
