package workers

import (
	"errors"
	"testing"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/rotation/worker"
)

func TestWorkersKnowWhatStrongroomRefuses(t *testing.T) {
	other := errors.New("no answer")
	for name, c := range map[string]struct {
		err              error
		refused, invalid bool
		is               error
	}{
		"a conflict":                 {&client.Error{API: *api.Errorf(api.CodeConflict, "it is over")}, true, false, nil},
		"a reason that is not taken": {&client.Error{API: *api.FieldError(api.CodeInvalid, "reason", "is not in NFC")}, false, true, client.ErrInvalid},
		"no right":                   {&client.Error{API: *api.Errorf(api.CodeForbidden, "no right")}, false, false, client.ErrForbidden},
		"a sealed value":             {client.ErrClientEncrypted, false, false, worker.ErrSealed},
		"anything else":              {other, false, false, other},
		"nothing":                    {nil, false, false, nil},
	} {
		got := told(c.err)
		var refused *worker.RefusedError
		if errors.As(got, &refused) != c.refused || errors.Is(got, worker.ErrInvalid) != c.invalid {
			t.Errorf("%s is %v", name, got)
		}
		if c.is != nil && !errors.Is(got, c.is) || (c.err == nil) != (got == nil) {
			t.Errorf("%s is %v; want %v", name, got, c.is)
		}
	}
}
