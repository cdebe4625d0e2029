package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/operation"
)

// A secret is found without its value being asked for, but where its project's list is not to be seen.
func TestLookup(t *testing.T) {
	s, c := newStage(t)
	for _, name := range []string{"demo/TOKEN", s.demo.ID.String() + "/TOKEN", s.token.ID.String()} {
		id, err := c.Lookup(t.Context(), name)
		if err != nil || id != s.token.ID {
			t.Errorf("%s: %s, %v", name, id, err)
		}
	}
	if sent, _ := s.record(); strings.Contains(sent, "/secret?") || strings.Contains(sent, "/secrets/") || !strings.Contains(sent, "/secrets?") {
		t.Errorf("sent:\n%s", sent)
	}
	for _, name := range []string{"demo/NOWHERE", "demo/TOKE"} {
		if id, err := c.Lookup(t.Context(), name); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s: %s, %v", name, id, err)
		}
	}
	for _, code := range []api.Code{api.CodeNotFound, api.CodeForbidden} {
		s.twist = func(r *http.Request, _ []byte) any {
			if strings.HasSuffix(r.URL.Path, "/secrets") {
				return status{code: code, message: "not the list"}
			}
			return nil
		}
		if id, err := c.Lookup(t.Context(), "demo/TOKEN"); err != nil || id != s.token.ID {
			t.Errorf("without the list, %s: %s, %v", code, id, err)
		}
	}
}

// A name may look much like an id.
func TestIDsHaveOneSpelling(t *testing.T) {
	_, c := newStage(t)
	id := uuid.NewString()
	for _, text := range []string{
		strings.ToUpper(id), strings.ReplaceAll(id, "-", ""), "{" + id + "}", "urn:uuid:" + id,
	} {
		if _, err := c.Get(t.Context(), text); !errors.As(err, new(*client.SetupError)) {
			t.Errorf("%s is taken for a secret's id: %v", text, err)
		}
		var answered *client.Error
		if _, err := c.Resolve(t.Context(), text); !errors.As(err, &answered) || answered.Operation != operation.ListProjects {
			t.Errorf("%s is not looked for as a project's name: %v", text, err)
		}
	}
}

// A change of a secret that was read is not made over somebody else's.
func TestUpdateFrom(t *testing.T) {
	c := real(t, "owner")
	for _, project := range []string{fresh(t, c, "from"), freshServer(t, c, "from in clear")} {
		read := set(t, c, project+"/A", "first")
		mine, note := client.NewValue("mine"), "a note"
		set(t, c, project+"/A", "theirs")
		if _, err := c.UpdateFrom(t.Context(), read, client.Change{Value: &mine}); !errors.Is(err, client.ErrPreconditionFailed) {
			t.Errorf("over somebody else's change: %v", err)
		}
		now, err := c.Get(t.Context(), project+"/A")
		if err != nil || now.Value.Reveal() != "theirs" {
			t.Errorf("theirs was lost: %v", err)
		}
		got, err := c.UpdateFrom(t.Context(), now, client.Change{Value: &mine, Note: &note})
		if err != nil || got.Value.Reveal() != "mine" || got.Note != note || got.Version != 3 {
			t.Errorf("from what is there: version %d, %v", got.Version, err)
		}
	}
}
