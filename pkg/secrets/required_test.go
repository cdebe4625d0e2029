package secrets_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
)

// What is required must be there: leaving it out is never taken for an empty list or a zero id.
func TestWhatIsRequiredIsMissed(t *testing.T) {
	w := newWorld(t)
	user, _ := w.User("developer", access.RoleMember)
	secret := w.Secret("A", "value")
	for field, try := range map[string]func() error{
		"identities": func() error {
			_, err := w.PutIdentities(t.Context(), w.Owner, user, "", api.PutIdentities{})
			return err
		},
		"grants": func() error {
			_, err := w.PutSecretAccess(t.Context(), w.Owner, secrets.PutAccess{ID: secret.ID})
			return err
		},
		"key.id": func() error {
			id := uuid.Must(uuid.NewV7())
			_, _, err := w.CreateProject(t.Context(), w.Owner, w.Organization, api.CreateProject{
				ID: &id, Name: "demo", Key: &api.NewProjectKey{Wrapped: []byte{1}},
			})
			return err
		},
		"ids": func() error {
			_, err := w.DeleteSecrets(t.Context(), w.Owner, api.IDs{})
			return err
		},
	} {
		err := try()
		wantCode(t, err, api.CodeInvalid)
		if err != nil && !strings.Contains(err.Error(), field+": ") {
			t.Errorf("the message does not name %s: %v", field, err)
		}
	}
	if p, err := w.GetPrincipal(t.Context(), w.Owner, user); err != nil || len(*p.Identities) != 1 {
		t.Errorf("the user has the identities %v, %v", p.Identities, err)
	}
}

func TestAHintIsLimitedOnWritesToo(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "value")
	hint := make([]uuid.UUID, 11)
	for i := range hint {
		hint[i] = uuid.New()
	}
	value := "second"
	for n, code := range map[int]api.Code{10: "", 11: api.CodeInvalid} {
		_, err := w.GetSecret(t.Context(), w.Owner, secret.ID, hint[:n])
		wantCode(t, err, code)
		_, err = w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{
			ID: secret.ID, Hint: hint[:n], UpdateSecret: api.UpdateSecret{Value: &value},
		})
		wantCode(t, err, code)
	}
}
