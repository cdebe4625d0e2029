package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/clientcrypto"
)

// real is a client of the server that TestMain runs, as a profile of it.
func real(t *testing.T, profile string) *client.Client {
	t.Helper()
	environment := map[string]string{}
	if err := signAs(profile, func(name, value string) error {
		environment[name] = value
		t.Setenv(name, value) // for AWS's own configuration
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// What one test pins and sees is nothing to another one.
	environment["STRONGROOM_CONFIG_DIR"] = t.TempDir()
	c, err := client.Load(t.Context(), func(name string) string {
		if value, ok := environment[name]; ok {
			return value
		}
		return os.Getenv(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fresh is a client project of this test's own, and freshServer one whose values the server encrypts.
func fresh(t *testing.T, c *client.Client, name string) string {
	t.Helper()
	return create(t, c, name, api.EncryptionClient)
}

func freshServer(t *testing.T, c *client.Client, name string) string {
	t.Helper()
	return create(t, c, name, api.EncryptionServer)
}

func create(t *testing.T, c *client.Client, name string, encryption api.Encryption) string {
	t.Helper()
	name = fmt.Sprintf("%s %s", name, uuid.NewString())
	if _, err := c.CreateProject(t.Context(), name, encryption); err != nil {
		t.Fatal(err)
	}
	return name
}

// Where nothing can be written, as in a function, a program reads all the same, and strict refuses what it did not bring.
func TestAFunctionHasNoFolders(t *testing.T) {
	real(t, "developer") // sets what signs
	without := func(strict string) func(string) string {
		return func(name string) string {
			switch name {
			case "HOME", "STRONGROOM_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "USERPROFILE":
				return ""
			case "STRONGROOM_STRICT":
				return strict
			}
			return os.Getenv(name)
		}
	}
	c, err := client.Load(t.Context(), without(""))
	if err != nil {
		t.Fatal(err)
	}
	set(t, c, "demo/IN_A_FUNCTION", "value")
	if s, err := c.Get(t.Context(), "demo/IN_A_FUNCTION"); err != nil || s.Value.Reveal() != "value" {
		t.Error(err)
	}
	if c, err = client.Load(t.Context(), without("1")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "demo/IN_A_FUNCTION"); !errors.As(err, new(*config.UnpinnedError)) {
		t.Errorf("strict: %v", err)
	}
}

// Values of every kind come back as they went, from both kinds of projects.
func TestValuesComeBack(t *testing.T) {
	c := real(t, "owner")
	client, server := fresh(t, c, "values"), freshServer(t, c, "values in clear")
	for _, value := range []string{"", "\x00", "a\r\nb\n", strings.Repeat("ü", 1<<15), "{}", `"`, "a.b.c.d.e", "\u2028\U000e0001"} {
		for _, at := range []string{client, server} {
			name := at + "/" + uuid.NewString()
			set(t, c, name, value)
			got, err := c.Get(t.Context(), name)
			if err != nil || got.Value.Reveal() != value {
				t.Errorf("%.20q in %s: %v, equal: %t", value, at, err, got.Value.Reveal() == value)
			}
			byID, err := c.Get(t.Context(), got.ID.String())
			if err != nil || !byID.Value.Equal(got.Value) {
				t.Errorf("%.20q by its id: %v", value, err)
			}
		}
	}
}

// The same value again makes no version, though it would be encrypted to other bytes.
func TestTheSameAgainChangesNothing(t *testing.T) {
	c := real(t, "owner")
	project := fresh(t, c, "again")
	first := set(t, c, project+"/A", "value")
	again := set(t, c, project+"/A", "value")
	if first.Version != 1 || again.Version != 1 || first.ETag != again.ETag {
		t.Errorf("version %d, then %d", first.Version, again.Version)
	}
	if s := set(t, c, project+"/A", "another"); s.Version != 2 {
		t.Errorf("a change is version %d", s.Version)
	}
}

// stored is what the server holds of a secret: what its JWE says of itself.
func stored(t *testing.T, c *client.Client, id uuid.UUID) clientcrypto.Envelope {
	t.Helper()
	e, err := clientcrypto.Inspect(client.Stored(t.Context(), c, id))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A value follows its secret: renamed, put into another project and taken out of one, it is encrypted for exactly where
// it is, and its history stays readable.
func TestAValueFollowsItsSecret(t *testing.T) {
	c := real(t, "owner")
	one, two := fresh(t, c, "one"), fresh(t, c, "two")
	s := set(t, c, one+"/NAME", "value")
	renamed := "RENAMED"
	for _, step := range []struct {
		change   client.Change
		name     string
		projects int
	}{
		{client.Change{Name: &renamed}, "RENAMED", 1},
		{client.Change{Add: []string{two}}, "RENAMED", 2},
		{client.Change{Remove: []string{one}}, "RENAMED", 1},
	} {
		got, err := c.Update(t.Context(), s.ID.String(), step.change)
		if err != nil {
			t.Fatalf("%+v: %v", step.change, err)
		}
		e := stored(t, c, s.ID)
		if got.Value.Reveal() != "value" || e.Binding.Name != step.name || len(e.Recipients) != step.projects || len(e.Binding.Projects) != step.projects {
			t.Errorf("%+v: stored as %q for %v", step.change, e.Binding.Name, e.Binding.Projects)
		}
	}
	if got, err := c.Get(t.Context(), two+"/RENAMED"); err != nil || got.Value.Reveal() != "value" {
		t.Errorf("where it is: %v", err)
	}
	if _, err := c.Get(t.Context(), one+"/RENAMED"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("where it was: %v", err)
	}
}

// An older value is taken up again, for what the secret is called now.
func TestRestore(t *testing.T) {
	c := real(t, "owner")
	server := freshServer(t, c, "restore in clear")
	for _, project := range []string{fresh(t, c, "restore"), server} {
		name := uuid.NewString()
		set(t, c, project+"/"+name, "first")
		s := set(t, c, project+"/"+name, "second")
		renamed := uuid.NewString()
		if _, err := c.Update(t.Context(), s.ID.String(), client.Change{Name: &renamed}); err != nil {
			t.Fatal(err)
		}
		got, err := c.Restore(t.Context(), s.ID.String(), 1)
		if err != nil || got.Value.Reveal() != "first" {
			t.Fatalf("%s: %v", project, err)
		}
		var numbers []int64
		for v, err := range c.Versions(t.Context(), s.ID) {
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, v.RestoredFrom)
		}
		if numbers[0] != 1 {
			t.Errorf("restored from: %v", numbers)
		}
		old, err := c.Version(t.Context(), got, 1)
		if err != nil || old.Value.Reveal() != "first" || project != server && old.Name != name {
			t.Errorf("version 1: %v, name %q", err, old.Name)
		}
		if again, err := c.Restore(t.Context(), s.ID.String(), 1); err != nil || again.Version != got.Version {
			t.Errorf("again: %v, version %d", err, again.Version)
		}
	}
}

// Sixteen writers of one secret lose nothing: the last version is somebody's, and every write made at most one.
func TestWritersAtTheSameTime(t *testing.T) {
	c := real(t, "owner")
	project := fresh(t, c, "writers")
	const writers, writes = 8, 4
	var (
		group  sync.WaitGroup
		mutex  sync.Mutex
		values []string
	)
	for i := range writers {
		group.Go(func() {
			for j := range writes {
				value := fmt.Sprintf("%d %d", i, j)
				if _, err := c.Set(t.Context(), project+"/ONE", client.NewValue(value)); err != nil {
					t.Errorf("%s: %v", value, err)
				}
				mutex.Lock()
				values = append(values, value)
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	s, err := c.Get(t.Context(), project+"/ONE")
	if err != nil || s.Version != writers*writes || !slices.Contains(values, s.Value.Reveal()) {
		t.Errorf("%v, version %d", err, s.Version)
	}
	seen := map[string]bool{}
	for n := range s.Version {
		v, err := c.Version(t.Context(), s, n+1)
		if err != nil {
			t.Fatal(err)
		}
		seen[v.Value.Reveal()] = true
	}
	if len(seen) != writers*writes {
		t.Errorf("%d of %d values are in the history", len(seen), writers*writes)
	}
}

// A whole project comes back in the order of its creation, over several pages.
func TestGetAllIsWhole(t *testing.T) {
	c := real(t, "owner")
	project := fresh(t, c, "all")
	var want []string
	large := strings.Repeat("x", 60<<10)
	for i := range 90 { // more than five megabytes when encrypted
		name := fmt.Sprintf("%03d", i)
		want = append(want, name)
		set(t, c, project+"/"+name, large+name)
	}
	all, err := c.GetAll(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		got = append(got, s.Name)
		if s.Value.Reveal() != large+s.Name {
			t.Errorf("%s has another value", s.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Who has no key, or no grant, is told by the lock that stops them.
func TestBothLocks(t *testing.T) {
	owner := real(t, "owner")
	project := fresh(t, owner, "locks")
	set(t, owner, project+"/A", "value")
	me, err := owner.Whoami(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := owner.Project(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	id := p.ID.String()
	ci := real(t, "ci")
	if _, err := ci.Get(t.Context(), id+"/A"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("without a grant: %v", err)
	}
	var account uuid.UUID
	for p, err := range owner.Principals(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if p.Name == "ci" {
			account = p.ID
		}
	}
	if _, _, err := owner.PutAccess(t.Context(), client.Resource{Project: p.ID}, []api.Grant{
		{Principal: api.GrantPrincipal{ID: account}, Permission: access.Read},
		{Principal: api.GrantPrincipal{ID: me.Principal.ID}, Permission: access.Manage},
	}, "", false); err != nil {
		t.Fatal(err)
	}
	var denied *client.KeyDeniedError
	if _, err := ci.Get(t.Context(), id+"/A"); !errors.As(err, &denied) || denied.Project != p.ID {
		t.Errorf("without a key: %v", err)
	}
	plan, err := owner.PlanKeyGrants(t.Context(), project)
	if err != nil || len(plan.Make) != 2 || len(plan.Remove) != 0 {
		t.Fatalf("%+v, %v", plan, err)
	}
	if err := owner.Apply(t.Context(), plan, func(client.KeyGrant, bool, error) {}); err != nil {
		t.Fatal(err)
	}
	if s, err := ci.Get(context.Background(), id+"/A"); err != nil || s.Value.Reveal() != "value" {
		t.Errorf("with both: %v", err)
	}
}
