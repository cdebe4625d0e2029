package secrets_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// TestAReadIsOfOneMoment changes the secret and then its project between any two reads of a request, the secret being old
// when the request began: the answer is one that there was at some moment.
func TestAReadIsOfOneMoment(t *testing.T) {
	reads := map[string]func(w *secretstest.World, by secrets.Caller, secret uuid.UUID) (string, error){
		"get-secret": func(w *secretstest.World, by secrets.Caller, secret uuid.UUID) (string, error) {
			s, err := w.GetSecret(w.Context(), by, secret, nil)
			return s.Value, err
		},
		"get-secrets-by-ids": func(w *secretstest.World, by secrets.Caller, secret uuid.UUID) (string, error) {
			s, err := w.GetSecretsByIDs(w.Context(), by, api.IDs{IDs: []uuid.UUID{secret}})
			if err == nil && len(s.Data) > 0 {
				return s.Data[0].Value, nil
			}
			return "", err
		},
		"get-secret-version": func(w *secretstest.World, by secrets.Caller, secret uuid.UUID) (string, error) {
			v, err := w.GetSecretVersion(w.Context(), by, secret, 1)
			if err != nil {
				return "", err
			}
			return *v.Value + string(v.Stage), nil
		},
	}
	type part struct {
		w                     *secretstest.World
		project, secret, user uuid.UUID
	}
	changes := map[string]struct {
		before, meanwhile func(part)
		never             []string
	}{
		"replaced, then shared": {
			before: func(part) {},
			meanwhile: func(p part) {
				_, err := p.w.UpdateSecret(p.w.Context(), p.w.Owner, secrets.UpdateSecret{ID: p.secret, UpdateSecret: api.UpdateSecret{Value: ptr("new")}})
				wantCode(p.w, err, "")
				p.w.Grant(p.project, access.Read, p.user)
			},
			never: []string{"old", "oldcurrent"},
		},
		"shared by itself, then no longer with its project": {
			before: func(p part) { p.w.Grant(p.project, access.Read, p.user) },
			meanwhile: func(p part) {
				p.w.GrantSecret(p.secret, access.Read, p.user)
				_, err := p.w.PutProjectAccess(p.w.Context(), p.w.Owner, secrets.PutAccess{ID: p.project, Grants: []api.Grant{}})
				wantCode(p.w, err, "")
			},
			never: []string{""},
		},
	}
	for name, read := range reads {
		for how, change := range changes {
			t.Run(fmt.Sprintf("%s, %s", name, how), func(t *testing.T) {
				for point := int64(1); ; point++ {
					w := newWorld(t)
					p := part{w: w, project: w.ServerProject("plain")}
					p.secret = w.Secret("A", "old", p.project).ID
					user, asUser := w.User("developer", access.RoleMember)
					p.user = user
					change.before(p)
					w.Clock.Advance(time.Minute)
					counting := &countingTable{before: func(call int64) {
						if call == point {
							change.meanwhile(p)
						}
					}}
					value, err := read(w.Again(func(inner table.Table) table.Table {
						counting.Table = inner
						return tornTable{counting, false}
					}), asUser, p.secret)
					if counting.calls.Load() < point {
						break // the request was over before
					}
					if secretstest.Code(err) == api.CodeInternal {
						t.Fatal(err)
					}
					for _, never := range change.never {
						if value == never {
							t.Errorf("stepping in before read %d, the answer is %q, %v", point, value, err)
						}
					}
				}
			})
		}
	}
}
