package rotation

import "testing"

func TestEveryRotatorSaysWhereItsStepsAreDone(t *testing.T) {
	for _, r := range Rotators {
		if outside := r.Kind != Random; outside != (r.Where != "") {
			t.Errorf("%s does its steps at %q", r.Kind, r.Where)
		}
	}
}
