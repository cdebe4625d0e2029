package secrets_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

func update(t *testing.T, w *secretstest.World, settings api.UpdateSettings) api.Organization {
	t.Helper()
	o, err := w.UpdateOrganization(t.Context(), w.Owner, w.Organization, "", api.UpdateOrganization{Settings: &settings})
	wantCode(t, err, "")
	return o
}

func TestSettingsChangeOneByOneAndTheRestStays(t *testing.T) {
	w := newWorld(t)
	before, err := w.GetOrganization(t.Context(), w.Owner, w.Organization)
	wantCode(t, err, "")
	want := api.Settings{EventRetentionDays: 400, TrashRetentionDays: 30, RotateOnLeave: "none"}
	if before.Settings != want || before.ETag != `"1"` {
		t.Errorf("at first: %+v", before)
	}
	steps := []struct {
		in   api.UpdateSettings
		want api.Settings
		etag string
	}{
		{api.UpdateSettings{}, want, `"1"`},
		{api.UpdateSettings{EventRetentionDays: ptr[int64](400), TrashRetentionDays: ptr[int64](30), MembersCreateProjects: ptr(false)}, want, `"1"`},
		{api.UpdateSettings{EventRetentionDays: ptr[int64](90)}, api.Settings{EventRetentionDays: 90, TrashRetentionDays: 30, RotateOnLeave: "none"}, `"2"`},
		{api.UpdateSettings{TrashRetentionDays: ptr[int64](1)}, api.Settings{EventRetentionDays: 90, TrashRetentionDays: 1, RotateOnLeave: "none"}, `"3"`},
		{api.UpdateSettings{MembersCreateProjects: ptr(true)}, api.Settings{MembersCreateProjects: true, EventRetentionDays: 90, TrashRetentionDays: 1, RotateOnLeave: "none"}, `"4"`},
		{api.UpdateSettings{EventRetentionDays: ptr[int64](400), MembersCreateProjects: ptr(false)}, api.Settings{EventRetentionDays: 400, TrashRetentionDays: 1, RotateOnLeave: "none"}, `"5"`},
		{
			api.UpdateSettings{RotateOnLeave: ptr(api.RotateOnLeaveReachable)},
			api.Settings{EventRetentionDays: 400, TrashRetentionDays: 1, RotateOnLeave: "reachable"}, `"6"`,
		},
		{
			api.UpdateSettings{RotateOnLeave: ptr(api.RotateOnLeaveNone)},
			api.Settings{EventRetentionDays: 400, TrashRetentionDays: 1, RotateOnLeave: "none"}, `"7"`,
		},
	}
	for i, step := range steps {
		got := update(t, w, step.in)
		if got.Settings != step.want || got.ETag != step.etag || got.Name != "demo" {
			t.Errorf("step %d: %+v, want %+v and %s", i, got, step.want, step.etag)
		}
		if shown, err := w.GetOrganization(t.Context(), w.Owner, w.Organization); err != nil || shown != got {
			t.Errorf("step %d is answered as %+v and shown as %+v, %v", i, got, shown, err)
		}
	}
}

func TestSettingsHaveLimits(t *testing.T) {
	w := newWorld(t)
	for days, c := range map[string]struct {
		in   api.UpdateSettings
		code api.Code
	}{
		"30 to 3650": {api.UpdateSettings{EventRetentionDays: ptr[int64](29)}, api.CodeInvalid},
		"3650":       {api.UpdateSettings{EventRetentionDays: ptr[int64](3651)}, api.CodeInvalid},
		"is 0":       {api.UpdateSettings{EventRetentionDays: ptr[int64](0)}, api.CodeInvalid},
		"1 to 365":   {api.UpdateSettings{TrashRetentionDays: ptr[int64](0)}, api.CodeInvalid},
		"365":        {api.UpdateSettings{TrashRetentionDays: ptr[int64](366)}, api.CodeInvalid},
		"none, read": {api.UpdateSettings{RotateOnLeave: ptr(api.RotateOnLeave("all"))}, api.CodeInvalid},
		"the least":  {api.UpdateSettings{EventRetentionDays: ptr[int64](30), TrashRetentionDays: ptr[int64](1)}, ""},
		"the most":   {api.UpdateSettings{EventRetentionDays: ptr[int64](3650), TrashRetentionDays: ptr[int64](365)}, ""},
	} {
		_, err := w.UpdateOrganization(t.Context(), w.Owner, w.Organization, "", api.UpdateOrganization{Settings: &c.in})
		wantCode(t, err, c.code)
		if err != nil && !strings.Contains(err.Error(), days) {
			t.Errorf("%s: the message does not say so: %v", days, err)
		}
	}
	for name, code := range map[string]api.Code{"": api.CodeInvalid, strings.Repeat("x", 129): api.CodeInvalid, strings.Repeat("x", 128): ""} {
		_, err := w.UpdateOrganization(t.Context(), w.Owner, w.Organization, "", api.UpdateOrganization{Name: &name})
		wantCode(t, err, code)
	}
}

func TestOnlyOwnersChangeTheOrganization(t *testing.T) {
	w := newWorld(t)
	for _, role := range []access.Role{access.RoleAdmin, access.RoleMember, access.RoleAuditor} {
		_, by := w.User(string(role), role)
		_, err := w.UpdateOrganization(t.Context(), by, w.Organization, "", api.UpdateOrganization{Name: ptr("mine")})
		wantCode(t, err, api.CodeForbidden)
		// Not even what is so already, whatever it is asked under.
		_, err = w.UpdateOrganization(t.Context(), by, w.Organization, `"9"`, api.UpdateOrganization{})
		wantCode(t, err, api.CodeForbidden)
	}
	_, second := w.User("second", access.RoleOwner)
	_, err := w.UpdateOrganization(t.Context(), second, w.Organization, "", api.UpdateOrganization{Name: ptr("ours")})
	wantCode(t, err, "")
	_, err = w.UpdateOrganization(t.Context(), second, w.NewID(), "", api.UpdateOrganization{Name: ptr("ours")})
	wantCode(t, err, api.CodeNotFound)
}

func TestMembersCreateProjectsWhereTheSettingSaysSo(t *testing.T) {
	w := newWorld(t)
	_, asMember := w.User("developer", access.RoleMember)
	_, asCI := w.ServiceAccount("ci")
	encryption := api.EncryptionServer
	create := func(by secrets.Caller, name string) error {
		_, _, err := w.CreateProject(t.Context(), by, w.Organization, api.CreateProject{Name: name, Encryption: &encryption})
		return err
	}
	wantCode(t, create(asMember, "first"), api.CodeForbidden)
	update(t, w, api.UpdateSettings{MembersCreateProjects: ptr(true)})
	wantCode(t, create(asMember, "first"), "")
	wantCode(t, create(asCI, "second"), api.CodeForbidden)
	update(t, w, api.UpdateSettings{MembersCreateProjects: ptr(false)})
	wantCode(t, create(asMember, "second"), api.CodeForbidden)
}

func TestAChangeOfTheOrganizationIsConditional(t *testing.T) {
	w := newWorld(t)
	rename := func(match secrets.IfMatch, name string) error {
		_, err := w.UpdateOrganization(t.Context(), w.Owner, w.Organization, match, api.UpdateOrganization{Name: &name})
		return err
	}
	wantCode(t, rename(`"1"`, "first"), "")
	wantCode(t, rename(`"1"`, "second"), api.CodePreconditionFailed)
	wantCode(t, rename(`"1"`, "first"), "") // it is so already
	// Who owns it is not what the ETag is of: get-organization does not show it.
	w.User("second", access.RoleOwner)
	wantCode(t, rename(`"2"`, "second"), "")
}

// TestSettingsAndOwnersAreChangedAtOnceAndNoneIsLost: both stand in one item.
func TestSettingsAndOwnersAreChangedAtOnceAndNoneIsLost(t *testing.T) {
	w := newWorld(t)
	const n = 6
	users := make([]secrets.Caller, n)
	ids := make([]uuid.UUID, n)
	var group sync.WaitGroup
	for i := range n {
		id, by := w.User(fmt.Sprintf("user-%d", i), access.RoleMember)
		users[i], ids[i] = by, id
		group.Go(func() {
			_, err := w.UpdatePrincipal(t.Context(), w.Owner, id, "", api.UpdatePrincipal{Role: ptr(access.RoleOwner)})
			wantCode(t, err, "")
		})
		group.Go(func() {
			settings := []api.UpdateSettings{
				{EventRetentionDays: ptr[int64](90)}, {TrashRetentionDays: ptr[int64](7)}, {MembersCreateProjects: ptr(true)},
			}[i%3]
			_, err := w.UpdateOrganization(t.Context(), w.Owner, w.Organization, "", api.UpdateOrganization{Settings: &settings})
			wantCode(t, err, "")
		})
	}
	group.Wait()
	got, err := w.GetOrganization(t.Context(), w.Owner, w.Organization)
	wantCode(t, err, "")
	if want := (api.Settings{MembersCreateProjects: true, EventRetentionDays: 90, TrashRetentionDays: 7, RotateOnLeave: "none"}); got.Settings != want {
		t.Errorf("the settings are %+v", got.Settings)
	}
	// Every one of the new owners counts: all others may go, one by one, and the last may not.
	wantCode(t, w.DeletePrincipal(t.Context(), users[0], w.OwnerID), "")
	for i := range n - 1 {
		_, err := w.SetDisabled(t.Context(), users[i], ids[i], true)
		wantCode(t, err, "")
	}
	_, err = w.SetDisabled(t.Context(), users[n-1], ids[n-1], true)
	wantCode(t, err, api.CodeConflict)
}

func TestAChangeOfTheOrganizationSaysWhatChanged(t *testing.T) {
	w := newWorld(t)
	update(t, w, api.UpdateSettings{EventRetentionDays: ptr[int64](90), TrashRetentionDays: ptr[int64](7), MembersCreateProjects: ptr(true)})
	_, err := w.UpdateOrganization(t.Context(), w.Owner, w.Organization, "", api.UpdateOrganization{
		Name: ptr("renamed"), Settings: &api.UpdateSettings{EventRetentionDays: ptr[int64](400), TrashRetentionDays: ptr[int64](7)},
	})
	wantCode(t, err, "")
	update(t, w, api.UpdateSettings{TrashRetentionDays: ptr[int64](7)}) // which is so already
	w.Clock.Advance(time.Second)
	list, err := w.ListEvents(t.Context(), w.Owner, w.Organization, secrets.ListEvents{Page: page, Action: "update-organization"})
	wantCode(t, err, "")
	var got [][]string
	for _, e := range list.Data {
		got = append(got, e.Changed)
	}
	want := [][]string{
		{"name", "eventRetentionDays: 400, was 90"},
		{"membersCreateProjects: true", "eventRetentionDays: 90, was 400", "trashRetentionDays: 7, was 30"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
	if about := list.Data[0].Resource; about.Name != "renamed" || about.ID != w.Organization {
		t.Errorf("the event is about %+v", about)
	}
}
