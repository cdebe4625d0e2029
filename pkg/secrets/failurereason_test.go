package secrets

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation/rotators"
)

// checkReason is whether the server takes a worker's reason, in either of the requests that have one.
func checkReason(reason string) error {
	var p problems
	p.failure(reason)
	if err := p.err(); err != nil {
		return err
	}
	lease := api.RotationLease{ID: uuid.New(), Lease: uuid.New()}
	return checkReport(api.ReportRotation{RotationLease: lease, Outcome: api.OutcomeFailed, Reason: reason})
}

func TestTheServerTakesWhateverReasonAWorkerMakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.SampledFrom([]rune("ae \n\u0301\u0308\u0338\u200b\u202e\u2028\u212b\u00dfo<\u1100\u1161\ufffd")), 0, 300, -1))
		var values rotators.Values
		for _, value := range rapid.SliceOfN(text, 0, 3).Draw(t, "values") {
			values.Add(value)
		}
		said := text.Draw(t, "said") + rapid.SampledFrom([]string{"", "\xff", "\x00", strings.Repeat("e\u0301", 400)}).Draw(t, "more")
		reason := values.Blank(said, api.MaxRotationFailure)
		if err := checkReason(reason); err != nil {
			t.Errorf("%+q is said as %+q: %s", said, reason, err)
		}
	})
}

// FuzzTheServerTakesWhateverReasonAWorkerMakes looks for more of them.
func FuzzTheServerTakesWhateverReasonAWorkerMakes(f *testing.F) {
	f.Add("secret-word", "donne\u0301es")
	f.Add("e\u0301e\u0301e\u0301", "\u00e9\u00e9\u00e9\xff\u200b")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, value, said string) {
		var values rotators.Values
		values.Add(value)
		reason := values.Blank(said, api.MaxRotationFailure)
		if err := checkReason(reason); err != nil {
			t.Errorf("%+q is said as %+q: %s", said, reason, err)
		}
	})
}
