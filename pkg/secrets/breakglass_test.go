package secrets_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
)

const emergency = "the payments queue is down"

// glassWorld has a project, a secret of its, and an admin.
type glassWorld struct {
	*secretstest.World
	project, secret, admin uuid.UUID
	asAdmin                secrets.Caller
}

func newGlassWorld(t *testing.T) *glassWorld {
	w := &glassWorld{World: newWorld(t)}
	w.project = w.ServerProject("plain")
	w.secret = w.Secret("A", "value", w.project).ID
	w.admin, w.asAdmin = w.User("admin", access.RoleAdmin)
	return w
}

func (w *glassWorld) after(d time.Duration) time.Time {
	return w.Clock.Now().Add(d).UTC().Truncate(time.Millisecond)
}

func (w *glassWorld) breaks(by secrets.Caller, permission access.Permission, until time.Time) (api.Grant, error) {
	return w.BreakGlass(w.Context(), by, w.Organization, api.BreakGlass{
		ProjectID: &w.project, Permission: &permission, ExpiresAt: until, Reason: emergency,
	})
}

// own is the admin's grant on the project; nil where there is none.
func (w *glassWorld) own(t *testing.T) *api.Grant {
	t.Helper()
	policy, err := w.GetProjectAccess(t.Context(), w.Owner, w.project)
	wantCode(t, err, "")
	for _, g := range policy.Grants {
		if g.Principal.ID == w.admin {
			return &g
		}
	}
	return nil
}

// broken are the events of broken glass, newest first.
func (w *glassWorld) broken(t *testing.T) []api.Event {
	t.Helper()
	w.Clock.Advance(time.Millisecond)
	list, err := w.ListEvents(t.Context(), w.Owner, w.Organization, secrets.ListEvents{
		Page: api.Page{Limit: 100}, Action: string(operation.BreakGlass),
	})
	wantCode(t, err, "")
	return list.Data
}

func TestBrokenGlassIsAGrantThatEndsAndAnEventOfItsOwn(t *testing.T) {
	w := newGlassWorld(t)
	until := w.after(12 * time.Hour)
	got, err := w.breaks(w.asAdmin, access.Write, until)
	wantCode(t, err, "")
	want := api.Grant{
		Principal:  api.GrantPrincipal{Kind: access.KindUser, ID: w.admin, Name: "admin"},
		Permission: access.Write, ExpiresAt: &until,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&want, w.own(t)); diff != "" {
		t.Errorf("granted (-want +got):\n%s", diff)
	}
	events := w.broken(t)
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	write := access.Write
	e := events[0]
	wantEvent := api.Event{
		ID: e.ID, At: e.At, Actor: e.Actor, Action: "break-glass", Decision: "allowed", Reason: "role admin",
		Resource: &api.EventResource{Kind: "project", ID: w.project, Name: "plain"}, Changed: []string{"grants"},
		Grants:        []api.EventGrant{{PrincipalID: w.admin, Permission: &write, ExpiresAt: &until}},
		Justification: emergency, RequestID: "test",
	}
	if diff := cmp.Diff(wantEvent, e); diff != "" || e.Actor.Name != "admin" {
		t.Errorf("recorded by %v (-want +got):\n%s", e.Actor, diff)
	}
	// It ends by itself, for what grants decide: the admin who is one no longer has it till then, and not a moment longer.
	_, err = w.UpdatePrincipal(t.Context(), w.Owner, w.admin, "", api.UpdatePrincipal{Role: ptr(access.RoleMember)})
	wantCode(t, err, "")
	w.Clock.Advance(until.Sub(w.Clock.Now()) - time.Millisecond)
	get(t, w.World, w.asAdmin, w.secret)
	w.Clock.Advance(time.Millisecond)
	_, err = w.GetSecret(t.Context(), w.asAdmin, w.secret, nil)
	wantCode(t, err, api.CodeNotFound)
}

func TestGlassOfASecretIsBrokenWithoutTheRestOfItsProject(t *testing.T) {
	w := newGlassWorld(t)
	until := w.after(time.Hour)
	got, err := w.BreakGlass(t.Context(), w.asAdmin, w.Organization, api.BreakGlass{SecretID: &w.secret, ExpiresAt: until, Reason: emergency})
	wantCode(t, err, "")
	if got.Permission != access.Read || !got.ExpiresAt.Equal(until) {
		t.Errorf("granted %+v", got)
	}
	policy, err := w.GetSecretAccess(t.Context(), w.Owner, w.secret)
	if err != nil || len(policy.Grants) != 1 || policy.Grants[0].Principal.ID != w.admin {
		t.Errorf("the secret's grants are %+v, %v", policy.Grants, err)
	}
	if own := w.own(t); own != nil {
		t.Errorf("the project's too: %+v", own)
	}
	if e := w.broken(t); len(e) != 1 || e[0].Resource.ID != w.secret || e[0].Resource.Name != "A" || e[0].Justification != emergency {
		t.Errorf("recorded: %+v", e)
	}
}

// TestBrokenGlassTakesNothingAway has what somebody has before, and what comes of asking for write for an hour.
func TestBrokenGlassTakesNothingAway(t *testing.T) {
	hour := func(n int) *time.Duration { return ptr(time.Duration(n) * time.Hour) }
	type grant struct {
		permission access.Permission
		lasts      *time.Duration // nil: without end
	}
	asked := grant{access.Write, hour(1)}
	for name, c := range map[string]struct {
		before, want grant
		code         api.Code
		events       int
	}{
		"nothing":            {grant{}, asked, "", 1},
		"less, for shorter":  {grant{access.Read, ptr(time.Minute)}, asked, "", 1},
		"less, for as long":  {grant{access.Read, hour(1)}, asked, "", 1},
		"as much, shorter":   {grant{access.Write, ptr(time.Minute)}, asked, "", 1},
		"the same":           {asked, asked, "", 0},
		"as much, longer":    {grant{access.Write, hour(2)}, grant{access.Write, hour(2)}, "", 0},
		"more, for as long":  {grant{access.Manage, hour(1)}, grant{access.Manage, hour(1)}, "", 0},
		"more, without end":  {grant{access.Manage, nil}, grant{access.Manage, nil}, "", 0},
		"less, without end":  {grant{access.Read, nil}, grant{access.Read, nil}, api.CodeConflict, 0},
		"less, for longer":   {grant{access.Read, hour(2)}, grant{access.Read, hour(2)}, api.CodeConflict, 0},
		"more, for shorter":  {grant{access.Manage, ptr(time.Minute)}, grant{access.Manage, ptr(time.Minute)}, api.CodeConflict, 0},
		"what ended already": {grant{access.Manage, ptr(time.Millisecond)}, asked, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newGlassWorld(t)
			start := w.after(time.Millisecond)
			at := func(g grant) *time.Time {
				if g.lasts == nil {
					return nil
				}
				return ptr(start.Add(*g.lasts))
			}
			if c.before.permission != access.None {
				until := at(c.before)
				_, err := w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: w.project, Force: true, Grants: []api.Grant{
					{Principal: api.GrantPrincipal{ID: w.admin}, Permission: c.before.permission, ExpiresAt: until},
				}})
				wantCode(t, err, "")
			}
			w.Clock.Advance(2 * time.Millisecond)
			answer, err := w.breaks(w.asAdmin, asked.permission, *at(asked))
			wantCode(t, err, c.code)
			got := w.own(t)
			want := api.Grant{Principal: api.GrantPrincipal{Kind: access.KindUser, ID: w.admin, Name: "admin"},
				Permission: c.want.permission, ExpiresAt: at(c.want)}
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("by then there is (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, answer); c.code == "" && diff != "" {
				t.Errorf("the answer (-want +got):\n%s", diff)
			}
			if n := len(w.broken(t)); n != c.events {
				t.Errorf("%d events, want %d", n, c.events)
			}
		})
	}
}

func TestWhoMayNotBreakTheGlassIsToldSoAndRecorded(t *testing.T) {
	w := newGlassWorld(t)
	until := w.after(time.Hour)
	lead, asLead := w.User("lead", access.RoleMember)
	w.Grant(w.project, access.Manage, lead)
	_, asMember := w.User("member", access.RoleMember)
	_, asAuditor := w.User("auditor", access.RoleAuditor)
	_, asCI := w.ServiceAccount("ci")
	_, second := w.User("second", access.RoleOwner)
	for name, c := range map[string]struct {
		by   secrets.Caller
		code api.Code
	}{
		"who manages it": {asLead, api.CodeForbidden}, "a member": {asMember, api.CodeForbidden}, "an auditor": {asAuditor, api.CodeForbidden},
		"a service account": {asCI, api.CodeForbidden}, "a stranger": {secretstest.Caller("stranger"), api.CodeForbidden},
		"an owner": {second, ""}, "an admin": {w.asAdmin, ""},
	} {
		_, err := w.breaks(c.by, access.Read, until)
		if secretstest.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	denied, allowed := 0, 0
	for _, e := range w.broken(t) {
		if e.Decision == "denied" {
			denied++
		} else {
			allowed++
		}
	}
	if denied != 5 || allowed != 2 {
		t.Errorf("%d were recorded as denied and %d as allowed", denied, allowed)
	}
	// What is gone is gone for admins too; who is none learns nothing of what there is.
	for _, id := range []uuid.UUID{uuid.New(), w.trashed()} {
		in := api.BreakGlass{ProjectID: &id, ExpiresAt: until, Reason: emergency}
		_, err := w.BreakGlass(t.Context(), w.asAdmin, w.Organization, in)
		wantCode(t, err, api.CodeNotFound)
		_, err = w.BreakGlass(t.Context(), asMember, w.Organization, in)
		wantCode(t, err, api.CodeForbidden)
	}
}

func (w *glassWorld) trashed() uuid.UUID {
	id := w.ServerProject("gone")
	w.Trash(id)
	return id
}

func TestWhatAnEmergencyNeedsIsSaid(t *testing.T) {
	w := newGlassWorld(t)
	until := w.after(time.Hour)
	for name, c := range map[string]struct {
		in    api.BreakGlass
		field string
	}{
		"no thing":               {api.BreakGlass{ExpiresAt: until, Reason: emergency}, "projectId"},
		"two things":             {api.BreakGlass{ProjectID: &w.project, SecretID: &w.secret, ExpiresAt: until, Reason: emergency}, "secretId"},
		"no end":                 {api.BreakGlass{ProjectID: &w.project, Reason: emergency}, "expiresAt"},
		"an end that is past":    {api.BreakGlass{ProjectID: &w.project, ExpiresAt: w.after(0), Reason: emergency}, "expiresAt"},
		"more than twelve hours": {api.BreakGlass{ProjectID: &w.project, ExpiresAt: w.after(12*time.Hour + time.Millisecond), Reason: emergency}, "expiresAt"},
		"no reason":              {api.BreakGlass{ProjectID: &w.project, ExpiresAt: until}, "reason"},
		"a short reason":         {api.BreakGlass{ProjectID: &w.project, ExpiresAt: until, Reason: "an outage"}, "reason"},
		"a reason of spaces":     {api.BreakGlass{ProjectID: &w.project, ExpiresAt: until, Reason: strings.Repeat(" ", 20)}, "reason"},
		"a long reason":          {api.BreakGlass{ProjectID: &w.project, ExpiresAt: until, Reason: strings.Repeat("x", 501)}, "reason"},
		"a reason of two lines":  {api.BreakGlass{ProjectID: &w.project, ExpiresAt: until, Reason: "an outage\nof payments"}, "reason"},
		"no permission":          {api.BreakGlass{ProjectID: &w.project, Permission: ptr(access.None), ExpiresAt: until, Reason: emergency}, "permission"},
	} {
		_, err := w.BreakGlass(t.Context(), w.asAdmin, w.Organization, c.in)
		wantCode(t, err, api.CodeInvalid)
		if !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: the message does not name %s: %v", name, c.field, err)
		}
	}
	in := api.BreakGlass{ProjectID: &w.project, ExpiresAt: until, Reason: strings.Repeat("x", 500)}
	_, err := w.BreakGlass(t.Context(), w.asAdmin, w.Organization, in)
	wantCode(t, err, "")
	if e := w.broken(t); len(e) != 1 || e[0].Justification != in.Reason {
		t.Errorf("of a reason of 500 bytes, this is recorded: %+v", e)
	}
}

// TestGlassThatIsBrokenTwiceAtOnceIsBrokenOnce: two containers get one request, as when the first answer is slow.
func TestGlassThatIsBrokenTwiceAtOnceIsBrokenOnce(t *testing.T) {
	w := newGlassWorld(t)
	until := w.after(time.Hour)
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			_, err := w.Again(nil).BreakGlass(t.Context(), w.asAdmin, w.Organization, api.BreakGlass{
				ProjectID: &w.project, ExpiresAt: until, Reason: emergency,
			})
			wantCode(t, err, "")
		})
	}
	group.Wait()
	if n := len(w.broken(t)); n != 1 {
		t.Errorf("%d events", n)
	}
	// A lost answer is no second act either.
	_, err := losing(w.World, nil).BreakGlass(t.Context(), w.asAdmin, w.Organization, api.BreakGlass{
		ProjectID: &w.project, ExpiresAt: until.Add(time.Hour), Reason: emergency,
	})
	wantCode(t, err, "")
	if n := len(w.broken(t)); n != 2 {
		t.Errorf("%d events after a lost answer", n)
	}
}
