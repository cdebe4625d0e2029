package secrets_test

import (
	"strings"
	"testing"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// TestAReasonThatCameWithAnEventIsALineThatCanBeSeen, in the run and in the record: it may have been made by anybody.
func TestAReasonThatCameWithAnEventIsALineThatCanBeSeen(t *testing.T) {
	for said, want := range map[string]string{
		"donne\u0301es\r\n\x1b[31mlost\u202e": "donn\u00e9es [31mlost",
		" \u200b\n":                           "",
		strings.Repeat("e\u0301", 300):        strings.Repeat("\u00e9", 98) + "…",
	} {
		w := newRotatedWorld(t)
		w.set(randomly())
		e := event("strongroom.rotate", "Rotate", map[string]any{"secretId": w.secret.ID, "reason": said})
		if told, err := w.RotateOnEvent(t.Context(), e); err != nil || told.Requested != 1 {
			t.Fatal(told, err)
		}
		because, _, _ := strings.Cut(w.rotation().Run.Because, " (event ")
		said, _ := strings.CutPrefix(because, "asked for by an event")
		if said = strings.TrimPrefix(said, ": "); said != want || w.rotation().Run.Cause != api.CauseEvent {
			t.Errorf("the run says %+q, want %+q", said, want)
		}
		told := events(w.World, of(operation.RotateOnEvent))
		if len(told) != 1 {
			t.Fatalf("%d events tell of it", len(told))
		}
		if reason := told[0].Reason; !strings.Contains(reason, want) || strings.ContainsAny(reason, "\u202e\x1b\r\n\u0301\u200b") {
			t.Errorf("the record says %+q", reason)
		}
	}
}
