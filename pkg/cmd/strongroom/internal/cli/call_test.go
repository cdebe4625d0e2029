package cli

import (
	"slices"
	"testing"
	"time"

	"strongroom/pkg/operation"
)

// TestWhatHasNoRouteIsNotCalled: whoever asks for such an operation is told what starts it.
func TestWhatHasNoRouteIsNotCalled(t *testing.T) {
	whole := operation.Table
	t.Cleanup(func() { operation.Table = whole })
	operation.Table = append(slices.Clone(whole),
		operation.Row{Name: "of-changes", Trigger: operation.Stream{Items: []operation.Items{{PK: "p"}}}},
		operation.Row{Name: "of-the-clock", Trigger: operation.Schedule{Every: time.Hour, After: 10 * time.Minute}},
		operation.Row{Name: "of-events", Trigger: operation.Event{Rules: []operation.EventRule{{Source: "elsewhere", Types: []string{"Told"}}}}})
	for name, want := range map[string]string{
		"of-changes":   "of-changes has no route: changes of the table start its function",
		"of-the-clock": "of-the-clock has no route: the clock starts its function, every hour, 10 minutes past",
		"of-events":    "of-events has no route: events start its function, of elsewhere: Told",
		"of-nothing":   "no operation is called \"of-nothing\"; `strongroom call --help` lists them",
	} {
		if err := unknownOperation([]string{name}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	var m Main
	for _, c := range m.call().Commands() {
		if c.Name() == "of-changes" || c.Name() == "of-the-clock" || c.Name() == "of-events" {
			t.Errorf("%s has a command", c.Name())
		}
	}
}
