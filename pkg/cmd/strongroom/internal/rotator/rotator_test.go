package rotator_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/cmd/strongroom/internal/rotator"
	"strongroom/pkg/rotation"
)

func TestEveryKindHasItsRotator(t *testing.T) {
	want := rotation.Kinds()
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(rotator.Open))); diff != "" {
		t.Errorf("(-package rotation +this one):\n%s", diff)
	}
	for kind, open := range rotator.Open {
		if open(aws.Config{}) == nil {
			t.Errorf("%s has none", kind)
		}
	}
}
