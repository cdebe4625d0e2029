package rotationtest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/rotation"
)

// TestWhoIsDisabledHasRotatedWhatItReadAndNoMore: what the person knows is rotated by one run of the workers, without the clock being
// moved; nothing else is, then or later, and the list says of each secret why it is in it.
func TestWhoIsDisabledHasRotatedWhatItReadAndNoMore(t *testing.T) {
	t.Parallel()
	s := start(t)
	reads := api.RotateOnLeaveRead
	_, err := s.owner.UpdateOrganization(t.Context(), api.UpdateOrganization{Settings: &api.UpdateSettings{RotateOnLeave: &reads}}, "")
	s.must(err)
	person, err := s.owner.FindPrincipal(t.Context(), access.KindUser, local.Developer)
	s.must(err)
	asPerson, asCI := s.as(local.Developer), s.as(local.CI)
	secrets := map[string]uuid.UUID{}
	add := func(name string, rotated bool, readers ...*client.Client) {
		project := "demo"
		if len(secrets)%2 == 1 {
			project = "plain"
		}
		id := s.secret(project, name, "first-Value-1")
		if secrets[name] = id; rotated {
			s.rotated(id, rotation.Random, map[string]any{}, nil)
		}
		for _, reader := range readers {
			_, err := reader.Get(t.Context(), id.String())
			s.must(err)
		}
	}
	known := []string{"KNOWN_1", "KNOWN_2", "KNOWN_3", "KNOWN_4", "KNOWN_5"}
	for _, name := range known {
		add(name, true, asPerson, asCI)
	}
	unknown := []string{"UNKNOWN_1", "UNKNOWN_2", "UNKNOWN_3", "UNKNOWN_4", "UNKNOWN_5"}
	for _, name := range unknown {
		add(name, true, asCI)
	}
	add("REPLACED", true, asPerson) // since it read it
	replaced := s.run(secrets["REPLACED"], api.RotationDone)
	add("UNSET", false, asPerson) // nothing rotates it
	s.until("all that was read is summed up", func() bool { return len(s.readBy(person.ID)) == len(known)+2 })

	want := map[string]string{"UNSET": "read or set version 1, the current one"}
	for _, name := range known {
		want[name] = "read or set version 1, the current one"
	}
	could := map[string]bool{"REPLACED": true}
	for _, name := range unknown {
		could[name] = true
	}
	s.leaves(person.ID, secrets, want, could)

	_, err = s.owner.DisablePrincipal(t.Context(), person.ID)
	s.must(err)
	disabled := time.Now()
	versions := func() (got []string) {
		for name, id := range secrets {
			if v, err := asCI.Get(t.Context(), id.String()); err != nil {
				t.Fatal(err)
			} else if v.Version > 1 {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		return got
	}
	rotated := append(slices.Clone(known), "REPLACED")
	slices.Sort(rotated)
	s.until("what the person knew is rotated", func() bool { return len(versions()) >= len(rotated) })
	t.Logf("%d secrets were rotated %s after the person was disabled", len(known), time.Since(disabled).Round(time.Millisecond))
	// The later passes, which look for reads that were summed up late, an hour and a day after.
	for _, step := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
		s.dispatched(step)
	}
	if diff := cmp.Diff(rotated, versions()); diff != "" {
		t.Errorf("rotated (-want +got):\n%s", diff)
	}
	for _, name := range known {
		run := s.latest(secrets[name])
		if run.Cause != api.CauseLeaver || !strings.HasPrefix(run.Because, "user "+local.Developer+" was disabled at ") || run.Version != 2 {
			t.Errorf("%s was rotated to version %d because of %s: %q", name, run.Version, run.Cause, run.Because)
		}
	}
	for _, name := range unknown {
		if r, err := s.owner.Rotation(t.Context(), secrets[name]); err != nil || r.Run != nil {
			t.Errorf("%s, which the person never read, has the rotation %+v, %v", name, r.Run, err)
		}
	}
	if run := s.latest(secrets["REPLACED"]); run.ID != replaced.ID {
		t.Errorf("what the person had read the value before of was rotated: %+v", run)
	}
	s.leaves(person.ID, secrets, map[string]string{"UNSET": want["UNSET"]}, could)
}

func (s *strongroom) readBy(principal uuid.UUID) (all []api.PrincipalRead) {
	s.Helper()
	for read, err := range s.owner.PrincipalReads(s.Context(), principal) {
		s.must(err)
		all = append(all, read)
	}
	return all
}

// leaves holds the list of what a leaver knows to what it read, and why that is in it, and to what it could have read.
func (s *strongroom) leaves(principal uuid.UUID, secrets map[string]uuid.UUID, read map[string]string, could map[string]bool) {
	s.Helper()
	got, gotCould := map[string]string{}, map[string]bool{}
	for e, err := range s.owner.Rotations(s.Context(), client.RotationFilter{Leaver: principal}) {
		s.must(err)
		switch {
		case e.Leaver == nil || secrets[e.Secret.Name] != e.Secret.ID:
			s.Errorf("the list has %+v", e)
		case e.Leaver.Read:
			got[e.Secret.Name] = e.Leaver.Because
		default:
			gotCould[e.Secret.Name] = strings.HasPrefix(e.Leaver.Because, "could read it: ")
		}
	}
	if diff := cmp.Diff(read, got); diff != "" {
		s.Errorf("what it read, and why it is in the list (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(could, gotCould); diff != "" {
		s.Errorf("what it could have read (-want +got):\n%s", diff)
	}
}
