package secrets_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

// What becomes of each of a secret's projects.
type fate int

const (
	live fate = iota
	trashed
	purged
)

// A trashCase is a secret in some projects, what becomes of them and of it, and what is asked for then.
type trashCase struct {
	client bool
	fates  []fate
	// first says that the secret goes into the trash before its projects do.
	first bool
	// taken says that the secret's name is used again by then where it would come back to.
	taken bool
	do    string // restore, rename, delete, purge
}

func (c trashCase) String() string {
	return fmt.Sprintf("client %v, projects %v, secret first %v, name taken %v, %s", c.client, c.fates, c.first, c.taken, c.do)
}

// want is what the design says that the answer is.
func (c trashCase) want() api.Code {
	switch c.do {
	case "rename":
		if c.client {
			return api.CodeConflict
		}
	case "restore":
		if c.client && !slices.Contains(c.fates, live) || c.taken {
			return api.CodeConflict
		}
	}
	return ""
}

func trashCases() []trashCase {
	var all [][]fate
	for _, n := range []int{0, 1, 3} {
		combinations := 1
		for range n {
			combinations *= 3
		}
		for i := range combinations {
			fates := make([]fate, n)
			for k := range fates {
				fates[k], i = fate(i%3), i/3
			}
			all = append(all, fates)
		}
	}
	var cases []trashCase
	for _, fates := range all {
		for _, do := range []string{"restore", "rename", "delete", "purge"} {
			for bits := range 8 {
				c := trashCase{client: bits&1 != 0, first: bits&2 != 0, taken: bits&4 != 0, fates: fates, do: do}
				if c.client && len(fates) == 0 {
					continue // a client-encrypted secret is in a project
				}
				if c.taken && c.client && !slices.Contains(fates, live) {
					continue // there is no place where its name could be taken
				}
				cases = append(cases, c)
			}
		}
	}
	return cases
}

// A trashedSecret is a secret of a case, in a world that all cases share.
type trashedSecret struct {
	trashWorld
	c        trashCase
	id       uuid.UUID
	name     string
	projects []uuid.UUID
	live     []uuid.UUID
	purged   []uuid.UUID
}

func (w trashWorld) prepare(c trashCase, serial int) trashedSecret {
	s := trashedSecret{trashWorld: w, c: c, name: fmt.Sprintf("SECRET_%04d", serial)}
	var clients []secretstest.ClientProject
	for k, f := range c.fates {
		name := fmt.Sprintf("project %d of %d", k, serial)
		if c.client {
			clients = append(clients, w.ClientProject(name))
			s.projects = append(s.projects, clients[k].ID)
		} else {
			s.projects = append(s.projects, w.ServerProject(name))
		}
		if f == live {
			s.live = append(s.live, s.projects[k])
		}
	}
	if c.client {
		s.id = w.ClientSecret(s.name, "value", clients...).ID
	} else {
		s.id = w.Secret(s.name, "value", s.projects...).ID
	}
	if c.first {
		w.delete(s.id)
	}
	for k, f := range c.fates {
		if f != live {
			w.delete(s.projects[k])
		}
		if f == purged {
			w.purge(s.projects[k])
			s.purged = append(s.purged, s.projects[k])
		}
	}
	if !c.first {
		w.delete(s.id)
	}
	if c.taken {
		s.take(clients)
	}
	return s
}

// take makes another secret of the name where the first would come back to.
func (s *trashedSecret) take(clients []secretstest.ClientProject) {
	if !s.c.client {
		s.Secret(s.name, "other", s.live...)
		return
	}
	var alive []secretstest.ClientProject
	for _, p := range clients {
		if slices.Contains(s.live, p.ID) {
			alive = append(alive, p)
		}
	}
	s.ClientSecret(s.name, "other", alive...)
}

// check does what the case says, twice, and looks at what came of it.
func (s *trashedSecret) check(t *testing.T) {
	name := s.name
	var do func() api.Code
	switch s.c.do {
	case "restore":
		do = func() api.Code { return s.restore(s.id, nil) }
	case "rename":
		name += "_RESTORED"
		do = func() api.Code { return s.restore(s.id, &name) }
	case "delete":
		do = func() api.Code { s.delete(s.id); return "" }
	case "purge":
		do = func() api.Code { return s.tryPurge(s.id) }
	}
	for range 2 {
		if got := do(); got != s.c.want() {
			t.Fatalf("answers %q, want %q", got, s.c.want())
		}
	}
	restored := s.c.want() == "" && (s.c.do == "restore" || s.c.do == "rename")
	found, err := s.GetSecret(t.Context(), s.Owner, s.id, nil)
	if !restored {
		wantCode(t, err, api.CodeNotFound)
	} else {
		wantCode(t, err, "")
		s.checkRestored(t, found, name)
	}
	if s.c.do == "purge" {
		if code := s.restore(s.id, nil); code != api.CodeNotFound {
			t.Errorf("restoring what is purged answers %q", code)
		}
		s.delete(s.id) // is so already
		_, _, err := s.CreateSecret(t.Context(), s.Owner, s.Organization, api.CreateSecret{ID: &s.id, Name: "again", Value: ptr("x")})
		wantCode(t, err, api.CodeConflict)
	}
}

func (s *trashedSecret) checkRestored(t *testing.T, found api.Secret, name string) {
	var ids []uuid.UUID
	for _, p := range found.Projects {
		ids = append(ids, p.ID)
	}
	slices.SortFunc(s.live, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	if found.Name != name || !slices.Equal(ids, s.live) || found.Version != 1 {
		t.Errorf("it is back as %q, version %d, in %v; want %q in %v", found.Name, found.Version, ids, name, s.live)
	}
	for _, p := range s.live {
		same, err := s.GetSecretByName(t.Context(), s.Owner, p, name)
		if err != nil || same.ID != s.id {
			t.Errorf("by name it is %s, %v", same.ID, err)
		}
		values, err := s.GetProjectValues(t.Context(), s.Owner, secrets.GetProjectValues{Project: p})
		if err != nil || !slices.ContainsFunc(values.Data, func(v api.ProjectValue) bool { return v.ID == s.id && v.Value == found.Value }) {
			t.Errorf("the values of a project don't have it: %v", err)
		}
	}
	if s.tryPurge(s.id) != api.CodeConflict {
		t.Error("what lives is purged")
	}
}

// TestEveryCombinationOfTrash tries every combination, then sweeps, and looks whether what is left is whole and nothing tells of what was
// purged.
func TestEveryCombinationOfTrash(t *testing.T) {
	w := newTrashWorld(t)
	cases := trashCases()
	var all []trashedSecret
	for i, c := range cases {
		t.Run(c.String(), func(t *testing.T) {
			w.TB = t
			s := w.prepare(c, i)
			s.check(t)
			all = append(all, s)
		})
	}
	if len(cases) < 600 {
		t.Errorf("%d cases", len(cases))
	}
	w.TB = t
	wantWhole(t, w.Organization, w.recording.all())
	w.sweep()
	items := w.recording.all()
	wantWhole(t, w.Organization, items)
	var ids []uuid.UUID
	for _, s := range all {
		ids = append(append(ids, s.id), s.purged...)
	}
	told := mentions(items, ids...)
	for _, s := range all {
		if s.c.do == "purge" {
			if got, want := told[s.id], []string{"SECRET#" + s.id.String() + " / SECRET"}; !slices.Equal(got, want) {
				t.Errorf("%s: the purged secret is told of by %v", s.c, got)
			}
		}
		for _, p := range s.purged {
			for _, key := range told[p] {
				// Tombstones, and what is in the trash and so in no list of the project's.
				if key != "PROJECT#"+p.String()+" / PROJECT" && key != "SECRET#"+s.id.String()+" / SECRET" {
					t.Errorf("%s: the purged project is told of by %s", s.c, key)
				}
			}
		}
		if s.c.do == "restore" && s.c.want() == "" {
			if _, err := s.UpdateSecret(t.Context(), s.Owner, secrets.UpdateSecret{ID: s.id, UpdateSecret: api.UpdateSecret{Note: ptr("still changed")}}); err != nil {
				t.Errorf("%s: the restored secret can't be changed: %v", s.c, err)
			}
		}
	}
}
