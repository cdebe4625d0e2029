package rotator_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/cmd/strongroom/internal/rotator"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// TestEveryKindHasItsRotator, which wants settings of its own.
func TestEveryKindHasItsRotator(t *testing.T) {
	want := rotation.Kinds()
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(rotator.Open))); diff != "" {
		t.Errorf("(-package rotation +this one):\n%s", diff)
	}
	for kind, open := range rotator.Open {
		_, err := open(aws.Config{}).Create(t.Context(), &rotators.Task{})
		var refused *rotators.Error
		if !errors.As(err, &refused) || !refused.Permanent || err.Error() != "the settings are not those of this rotator" {
			t.Errorf("%s takes settings that are none of its own: %v", kind, err)
		}
	}
}
