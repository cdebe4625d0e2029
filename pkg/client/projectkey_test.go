package client_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
)

// staleNames are the names of what is under older keys of a project.
func staleNames(t *testing.T, c *client.Client, project string) []string {
	t.Helper()
	names := []string{}
	for s, err := range c.Stale(t.Context(), project) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, s.Name)
	}
	return names
}

// A new key is used by the client that added it without asking again, and by others once the server refuses the old one.
func TestANewKeyIsTakenUp(t *testing.T) {
	c, other := real(t, "owner"), real(t, "owner")
	project := fresh(t, c, "new key")
	a := set(t, c, project+"/A", "first")
	set(t, other, project+"/B", "first")

	added, err := c.AddProjectKey(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	keys := *added.Keys
	if len(keys) != 2 || !keys[1].Current || added.StaleValues != 2 {
		t.Fatalf("%d keys, %d values under older ones, want 2 and 2", len(keys), added.StaleValues)
	}
	for _, s := range []client.Secret{set(t, c, project+"/C", "value"), set(t, other, project+"/B", "second")} {
		if got := stored(t, c, s.ID).Recipients; !slices.Equal(got, []uuid.UUID{keys[1].ID}) {
			t.Errorf("%s is encrypted for %v, want %s", s.Name, got, keys[1].ID)
		}
	}
	if diff := cmp.Diff([]string{"A"}, staleNames(t, c, project)); diff != "" {
		t.Errorf("under older keys (-want +got):\n%s", diff)
	}
	for _, want := range []bool{true, false} { // again is harmless
		if done, err := c.Reencrypt(t.Context(), project, a.ID); err != nil || done != want {
			t.Errorf("encrypted anew: %t, %v, want %t", done, err, want)
		}
	}
	if got, err := c.Get(t.Context(), project+"/A"); err != nil || got.Value.Reveal() != "first" || got.Version != 2 {
		t.Errorf("afterwards it is version %d: %v", got.Version, err)
	}
	if names := staleNames(t, c, project); len(names) > 0 {
		t.Errorf("%v are under older keys still", names)
	}
	if old, err := c.Version(t.Context(), a, 1); err != nil || old.Value.Reveal() != "first" {
		t.Errorf("the older version can't be read: %v", err)
	}
}

// A secret in two projects is encrypted anew for the one whose key was replaced, whichever of them it would be read through.
func TestASharedSecretIsEncryptedAnewForEachProject(t *testing.T) {
	c := real(t, "owner")
	one, two := fresh(t, c, "one"), fresh(t, c, "two")
	shared, err := c.Create(t.Context(), client.NewSecret{Project: one, Also: []string{two}, Name: "SHARED", Value: client.NewValue("value")})
	if err != nil {
		t.Fatal(err)
	}
	for i, project := range []string{one, two} {
		if _, err := c.AddProjectKey(t.Context(), project); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{one, two} {
			if done, err := c.Reencrypt(t.Context(), p, shared.ID); err != nil || done != (p == project) {
				t.Errorf("for %s, whose key is new: %t; encrypted anew: %t, %v", p, p == project, done, err)
			}
		}
		got, err := c.Get(t.Context(), shared.ID.String())
		if err != nil || got.Value.Reveal() != "value" || got.Version != int64(i+2) {
			t.Errorf("it is version %d, want %d: %v", got.Version, i+2, err)
		}
	}
	if names := append(staleNames(t, c, one), staleNames(t, c, two)...); len(names) > 0 {
		t.Errorf("%v are under older keys still", names)
	}
	elsewhere := fresh(t, c, "elsewhere")
	if done, err := c.Reencrypt(t.Context(), elsewhere, shared.ID); err == nil || done {
		t.Error("a secret is encrypted anew for a project that it is not in")
	}
}

func TestOnlyClientProjectsHaveKeys(t *testing.T) {
	c := real(t, "owner")
	project := freshServer(t, c, "without keys")
	s := set(t, c, project+"/A", "value")
	var mine *client.SetupError
	if _, err := c.AddProjectKey(t.Context(), project); !errors.As(err, &mine) {
		t.Errorf("adding a key: %v", err)
	}
	if _, err := c.Reencrypt(t.Context(), project, s.ID); !errors.As(err, &mine) {
		t.Errorf("encrypting anew: %v", err)
	}
	if names := staleNames(t, c, project); len(names) > 0 {
		t.Errorf("%v are under older keys", names)
	}
}

// A server that answers add-project-key with something else is found out before anything is encrypted.
func TestAnAddedKeyIsTheOneThatWasMade(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(*stage) any
		want   error
	}{
		"another project": {func(s *stage) any { return api.AddedProjectKey{Project: *s.other} }, &client.PinError{}},
		"encryption by the server": {func(s *stage) any {
			p := *s.demo
			p.Encryption, p.Keys = api.EncryptionServer, nil
			return api.AddedProjectKey{Project: p}
		}, &config.ContradictionError{}},
		"without the key": {func(s *stage) any { return api.AddedProjectKey{Project: *s.demo} }, &client.PinError{}},
		"another organization": {func(s *stage) any {
			p := *s.demo
			p.OrganizationID = theirOrganization
			return api.AddedProjectKey{Project: p}
		}, &client.PinError{}},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := newStage(t)
			s.twist = func(r *http.Request, _ []byte) any {
				if strings.HasSuffix(r.URL.Path, "/keys") {
					return test.answer(s)
				}
				return nil
			}
			if _, err := c.AddProjectKey(t.Context(), "demo"); !sameType(err, test.want) {
				t.Errorf("%v (%T), want a %T", err, err, test.want)
			}
		})
	}
}

func TestPrincipalsAreFoundByNameAndID(t *testing.T) {
	c := real(t, "owner")
	name := "group " + uuid.NewString()
	made, err := c.CreatePrincipal(t.Context(), api.CreatePrincipal{Kind: access.KindGroup, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	for _, named := range []string{name, made.ID.String()} {
		if got, err := c.FindPrincipal(t.Context(), access.KindGroup, named); err != nil || got.ID != made.ID {
			t.Errorf("%s: %v, %s", named, err, got.ID)
		}
		if _, err := c.FindPrincipal(t.Context(), access.KindUser, named); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s as a user: %v", named, err)
		}
	}
	if _, err := c.FindPrincipal(t.Context(), access.KindGroup, uuid.NewString()); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("another id: %v", err)
	}
}
