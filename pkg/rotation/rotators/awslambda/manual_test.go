package awslambda

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/rotation"
)

// TestTheManualHasTheProtocol: each step, each stage, and each member of an event.
func TestTheManualHasTheProtocol(t *testing.T) {
	words := []string{
		StepCreate, StepSet, StepTest, StepFinish, StepUndo, StepRetire, StageCurrent, StagePending, StagePrevious,
	}
	text, err := json.Marshal(Event{SecretID: uuid.Max, Values: map[string]string{StageCurrent: ""}})
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	if len(event) != 4 {
		t.Errorf("an event has %d members, want 4", len(event))
	}
	for name := range event {
		words = append(words, `"`+name+`"`)
	}
	for _, word := range words {
		if !strings.Contains(rotation.Lambda.Manual().Protocol, word) {
			t.Errorf("the manual of %s does not say %s", rotation.Lambda, word)
		}
	}
}
