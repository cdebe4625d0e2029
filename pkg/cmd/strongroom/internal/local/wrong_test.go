package local_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

// TestARestoredVersionIsANumber: what can't be a version's number is refused also where the value is the one that is there
// and nothing would change.
func TestARestoredVersionIsANumber(t *testing.T) {
	s := localtest.Start(t)
	var me api.Me
	s.JSON(localtest.Request{Profile: local.Owner, Method: http.MethodGet, Path: "/me"}, http.StatusOK, &me)
	var made api.Secret
	s.JSON(localtest.Request{
		Profile: local.Owner, Method: http.MethodPost, Path: "/organizations/" + me.OrganizationID.String() + "/secrets",
		Body: map[string]string{"name": "A", "value": "one"},
	}, http.StatusCreated, &made)
	for number, status := range map[int64]int{
		0: http.StatusBadRequest, -1: http.StatusBadRequest, 10_000_000_000: http.StatusBadRequest, 1: http.StatusOK,
	} {
		r := localtest.Request{
			Profile: local.Owner, Method: http.MethodPut, Path: "/secrets/" + made.ID.String(),
			Body: map[string]any{"value": "one", "restoredFrom": number},
		}
		if status == http.StatusOK {
			s.JSON(r, status, nil)
			continue
		}
		checkDetails(t, s, r, "restoredFrom must be a version's number: 1 or more")
	}
}

// TestTheNilUUIDIsNobody: it is told from what is missing no better than it can be, and not called missing alone.
func TestTheNilUUIDIsNobody(t *testing.T) {
	s := localtest.Start(t)
	project, _ := demo(t, s)
	const said, none = "is missing, or the nil UUID, which nothing has", "00000000-0000-0000-0000-000000000000"
	for _, principal := range []string{"{}", `{"id":"` + none + `"}`} {
		checkDetails(t, s, localtest.Request{
			Profile: local.Owner, Method: http.MethodPut, Path: "/projects/" + project.ID.String() + "/access-policies",
			Body: `{"grants":[{"principal":` + principal + `,"permission":"read"}]}`,
		}, "grants[0].principal.id "+said)
	}
	checkDetails(t, s, localtest.Request{
		Profile: local.Owner, Method: http.MethodPost, Path: "/projects/" + project.ID.String() + "/keys",
		Body: `{"id":"` + none + `","wrapped":"d3JhcHBlZA=="}`,
	}, "id "+said)
}

// checkDetails sends what must be answered 400, with these details and no others.
func checkDetails(t *testing.T, s *localtest.Server, r localtest.Request, want ...string) {
	t.Helper()
	var body api.ErrorBody
	s.JSON(r, http.StatusBadRequest, &body)
	var got []string
	for _, d := range body.Error.Details {
		got = append(got, fmt.Sprint(d.Field, " ", d.Message))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s %v (-want +got):\n%s", r.Path, r.Body, diff)
	}
}
