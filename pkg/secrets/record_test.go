package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

// events are all events so far that match, newest first.
func events(w *secretstest.World, in secrets.ListEvents) []api.Event {
	w.Helper()
	in.Limit = 500
	var all []api.Event
	for {
		list, err := w.ListEvents(w.Context(), w.Owner, w.Organization, in)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, list.Data...)
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			return all
		}
	}
}

func of(action operation.Name) secrets.ListEvents { return secrets.ListEvents{Action: string(action)} }

// answersValues are the operations that answer values without changing anything; answersAfter those that answer one after
// a change, and so when they are repeated too.
var (
	answersValues = []operation.Name{operation.GetSecret, operation.GetSecretByName, operation.GetSecretsByIDs,
		operation.GetProjectValues, operation.GetSecretVersion}
	answersAfter = []operation.Name{operation.CreateSecret, operation.UpdateSecret, operation.RestoreSecretVersion}
)

// TestEveryOperationIsRecorded: what changes something or answers a value has one event, and nothing else has any.
func TestEveryOperationIsRecorded(t *testing.T) {
	for name, c := range repetitions {
		t.Run(string(name), func(t *testing.T) {
			w := newWorld(t)
			w.TB = t
			send := c.prepare(w)
			before := len(events(w, of(name)))
			_, err := send()
			wantCode(t, err, "")
			first := len(events(w, of(name))) - before
			_, _ = send()
			second := len(events(w, of(name))) - before - first
			route, _ := operation.MustLookup(name).Trigger.(operation.HTTP)
			changes := route.Method != "GET" && route.Method != "" && name != operation.GetSecretsByIDs
			want := [2]int{}
			switch {
			case slices.Contains(answersAfter, name):
				want = [2]int{1, 1}
			case slices.Contains(answersValues, name):
				want = [2]int{1, 1}
				if name == operation.GetSecretsByIDs { // one of the two ids is refused
					want = [2]int{2, 2}
				}
			case name == operation.EnablePrincipal: // who is enabled already stays so
			case changes, name == operation.PurgeExpiredTrash, name == operation.SweepDeleted, name == operation.DispatchRotations,
				name == operation.RotateOnEvent:
				want = [2]int{1, 0}
			}
			if got := [2]int{first, second}; got != want {
				t.Errorf("sent twice, it made %v events, not %v", got, want)
			}
		})
	}
}

func TestAnEventTellsWhoDidWhat(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	user, asUser := w.User("ada", access.RoleMember)
	w.Grant(project, access.Write, user)
	asUser.SourceIP, asUser.UserAgent, asUser.RequestID = "203.0.113.7", "example/1.0", "request-7"
	secret, _, err := w.CreateSecret(t.Context(), asUser, w.Organization, api.CreateSecret{
		Name: "A", Value: ptr("v"), ProjectIDs: []uuid.UUID{project},
	})
	wantCode(t, err, "")
	got := events(w, of(operation.CreateSecret))[0]
	if got.ID.Version() != 7 {
		t.Errorf("the id %s is no UUIDv7", got.ID)
	}
	want := api.Event{
		ID: got.ID, At: w.Clock.Now().UTC().Truncate(time.Millisecond),
		Actor:    api.EventActor{Kind: "user", ID: &user, Name: "ada", ARN: asUser.ARN},
		Action:   "create-secret",
		Resource: &api.EventResource{Kind: "secret", ID: secret.ID, Name: "A"},
		Decision: "allowed", Reason: fmt.Sprintf("write on project %s", project),
		Values:  []api.EventValue{{SecretID: secret.ID, Version: 1}},
		Changed: []string{"created"}, SourceIP: "203.0.113.7", UserAgent: "example/1.0", RequestID: "request-7",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	under, err := w.ListSecretEvents(t.Context(), w.Owner, secret.ID, page)
	if err != nil || len(under.Data) != 1 || cmp.Diff(want, under.Data[0]) != "" {
		t.Errorf("under the secret: %+v, %v", under, err)
	}
}

func TestAnEventOfGrantsTellsWhichChanged(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	ada, bob := w.Principal(access.KindUser, "ada", ""), w.Principal(access.KindUser, "bob", "")
	w.Grant(project, access.Read, ada)
	w.Clock.Advance(time.Second)
	until := w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	_, err := w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: []api.Grant{
		{Principal: api.GrantPrincipal{ID: bob}, Permission: access.Write, ExpiresAt: &until},
	}})
	wantCode(t, err, "")
	write := access.Write
	want := map[uuid.UUID]api.EventGrant{
		ada: {PrincipalID: ada}, bob: {PrincipalID: bob, Permission: &write, ExpiresAt: &until}, w.OwnerID: {PrincipalID: w.OwnerID},
	}
	got := map[uuid.UUID]api.EventGrant{}
	for _, g := range events(w, of(operation.PutProjectAccess))[0].Grants {
		got[g.PrincipalID] = g
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestABulkReadIsOneEvent(t *testing.T) {
	w := newWorld(t)
	project, other := w.ServerProject("plain"), w.ServerProject("other")
	user, asUser := w.User("ada", access.RoleMember)
	w.Grant(project, access.Read, user)
	a, b, hidden := w.Secret("A", "v", project), w.Secret("B", "v", project), w.Secret("C", "v", other)
	_, err := w.GetSecretsByIDs(t.Context(), asUser, api.IDs{IDs: []uuid.UUID{a.ID, hidden.ID, b.ID}})
	wantCode(t, err, "")
	got := events(w, of(operation.GetSecretsByIDs))
	if len(got) != 2 || len(got[0].Values) != 2 || !slices.Equal(got[1].Refused, []uuid.UUID{hidden.ID}) || got[1].Decision != "denied" {
		t.Errorf("got %+v", got)
	}
	_, err = w.GetProjectValues(t.Context(), asUser, secrets.GetProjectValues{Project: project})
	wantCode(t, err, "")
	if got := events(w, of(operation.GetProjectValues)); len(got) != 1 || len(got[0].Values) != 2 || got[0].Resource.ID != project {
		t.Errorf("got %+v", got)
	}
	if got := events(w, secrets.ListEvents{ResourceID: &hidden.ID}); len(got) != 2 {
		t.Errorf("%d events are about the refused secret: its making and the refusal were expected", len(got))
	}
}

// TestNoValueLeavesUnrecorded: where events can't be written, whatever answers a value or changes something fails.
func TestNoValueLeavesUnrecorded(t *testing.T) {
	for name, c := range repetitions {
		if !slices.Contains(slices.Concat(answersValues, answersAfter), name) {
			continue
		}
		t.Run(string(name), func(t *testing.T) {
			broken := atomic.Bool{}
			counting := &countingTable{Table: newBolt(t)}
			counting.transact = func(ctx context.Context, tx table.Transaction) error {
				if broken.Load() && slices.ContainsFunc(tx.Writes, func(w table.Write) bool {
					return strings.HasPrefix(w.Item.Key.PK, "EVENT#")
				}) {
					return errors.New("no events today")
				}
				return counting.Table.Transact(ctx, tx)
			}
			w := secretstest.New(t, counting)
			send := c.prepare(w)
			broken.Store(true)
			answer, err := send()
			wantCode(t, err, api.CodeUnavailable)
			if text := fmt.Sprintf("%+v", answer); strings.Contains(text, "Value:value") {
				t.Errorf("answered %s", text)
			}
		})
	}
}

func TestRefusalsAreRecorded(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	user, asUser := w.User("ada", access.RoleMember)
	secret := w.Secret("A", "v", project)
	refused := func(name operation.Name, reason string) api.Event {
		t.Helper()
		got := events(w, of(name))
		if len(got) == 0 || got[0].Decision != "denied" || !strings.Contains(got[0].Reason, reason) {
			t.Fatalf("%s: %+v", name, got)
		}
		return got[0]
	}
	_, err := w.GetSecret(t.Context(), asUser, secret.ID, nil)
	wantCode(t, err, api.CodeNotFound)
	if e := refused(operation.GetSecret, "read is missing on secret"); e.Resource.ID != secret.ID || *e.Actor.ID != user || e.Values != nil {
		t.Errorf("%+v", e)
	}
	_, err = w.GetSecretVersion(t.Context(), asUser, uuid.New(), 1)
	wantCode(t, err, api.CodeNotFound)
	refused(operation.GetSecretVersion, "does not exist")
	_, err = w.SetDisabled(t.Context(), asUser, w.OwnerID, true)
	wantCode(t, err, api.CodeForbidden)
	if e := refused(operation.DisablePrincipal, "needs role admin"); e.Resource.ID != w.OwnerID {
		t.Errorf("%+v", e)
	}
	w.Grant(project, access.Manage, user)
	_, err = w.SetDisabled(t.Context(), w.Owner, user, true)
	wantCode(t, err, "")
	_, err = w.GetSecret(t.Context(), asUser, secret.ID, nil)
	wantCode(t, err, api.CodeForbidden)
	refused(operation.GetSecret, "disabled")
}

func TestGivingMoreThanOneHasIsRecorded(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	user, asUser := w.User("ada", access.RoleMember)
	until := w.Clock.Now().Add(time.Hour)
	_, err := w.PutProjectAccess(t.Context(), w.Owner, secrets.PutAccess{ID: project, Grants: []api.Grant{
		{Principal: api.GrantPrincipal{ID: user}, Permission: access.Manage, ExpiresAt: &until},
	}})
	wantCode(t, err, "")
	_, err = w.PutProjectAccess(t.Context(), asUser, secrets.PutAccess{ID: project, Grants: []api.Grant{
		{Principal: api.GrantPrincipal{ID: user}, Permission: access.Manage},
	}})
	wantCode(t, err, api.CodeForbidden)
	if got := events(w, of(operation.PutProjectAccess)); got[0].Decision != "denied" || got[0].Resource.ID != project {
		t.Errorf("%+v", got[0])
	}
}

func TestStrangersAreRecordedOnceAMinute(t *testing.T) {
	w := newWorld(t)
	stranger := secretstest.Caller("stranger")
	count := func() (n int) {
		for _, e := range events(w, of(operation.Whoami)) {
			if e.Actor.Kind != "unbound" || e.Actor.ARN != stranger.ARN || e.Decision != "denied" || e.Actor.ID != nil {
				t.Fatalf("%+v", e)
			}
			n++
		}
		return n
	}
	for i, want := range []int{1, 1, 1, 2} {
		if i == 3 {
			w.Clock.Advance(time.Minute)
		}
		_, err := w.Whoami(t.Context(), stranger)
		wantCode(t, err, api.CodeForbidden)
		if got := count(); got != want {
			t.Errorf("after %d tries there are %d events, not %d", i+1, got, want)
		}
	}
	for i := range 300 {
		_, err := w.Whoami(t.Context(), secretstest.Caller(fmt.Sprintf("stranger-%d", i)))
		wantCode(t, err, api.CodeForbidden)
	}
	if n := len(events(w, of(operation.Whoami))); n > 2+100 {
		t.Errorf("%d events of strangers", n)
	}
}

func TestALostAnswerIsRecordedOnce(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "v", w.ServerProject("plain"))
	_, err := losing(w, nil).UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("w")}})
	wantCode(t, err, "")
	if got := events(w, of(operation.UpdateSecret)); len(got) != 1 {
		t.Errorf("%d events", len(got))
	}
}

func TestEventsArePagedNewestFirst(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "v", w.ServerProject("plain"))
	var want []time.Time
	for i := range 40 {
		w.Clock.Advance(time.Duration(i) * 5 * time.Minute) // sixty-five hours in all
		get(t, w, w.Owner, secret.ID)
		want = append(want, w.Clock.Now().UTC().Truncate(time.Millisecond))
	}
	slices.Reverse(want)
	in := of(operation.GetSecret)
	in.ActorID = &w.OwnerID
	var got []time.Time
	pages := 0
	for in.Limit = 7; ; pages++ {
		list, err := w.ListEvents(t.Context(), w.Owner, w.Organization, in)
		wantCode(t, err, "")
		for _, e := range list.Data {
			got = append(got, e.At)
		}
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if pages < 5 {
		t.Errorf("only %d pages before the last", pages)
	}
	from, to := want[20], want[10]
	between := of(operation.GetSecret)
	between.From, between.To = &from, &to
	if got := events(w, between); len(got) != 10 || !got[0].At.Equal(want[11]) || !got[9].At.Equal(want[20]) {
		t.Errorf("from %s to %s there are %d", from, to, len(got))
	}
}

func TestOnlyWhoMayListEvents(t *testing.T) {
	w := newWorld(t)
	_, asMember := w.User("ada", access.RoleMember)
	_, asAuditor := w.User("auditor", access.RoleAuditor)
	_, err := w.ListEvents(t.Context(), asMember, w.Organization, secrets.ListEvents{Page: page})
	wantCode(t, err, api.CodeForbidden)
	_, err = w.ListEvents(t.Context(), asAuditor, w.Organization, secrets.ListEvents{Page: page})
	wantCode(t, err, "")
	_, err = w.ListEvents(t.Context(), asAuditor, uuid.New(), secrets.ListEvents{Page: page})
	wantCode(t, err, api.CodeNotFound)
	for _, in := range []secrets.ListEvents{
		{EventTimes: secrets.EventTimes{From: ptr(w.Clock.Now().Add(time.Hour))}},
		{EventTimes: secrets.EventTimes{From: ptr(w.Clock.Now()), To: ptr(w.Clock.Now().Add(-time.Hour))}}, {Page: api.Page{ContinuationToken: "x"}},
	} {
		_, err = w.ListEvents(t.Context(), asAuditor, w.Organization, in)
		wantCode(t, err, api.CodeInvalid)
	}
}
