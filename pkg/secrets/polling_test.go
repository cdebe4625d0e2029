package secrets_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// A poll asks for a project's values again and again, sending the ETag of the last answer.
type poll struct {
	*followed
	by      secrets.Caller
	project uuid.UUID
	known   secrets.IfNoneMatch
}

// ask answers the values, and whether they are a full answer.
func (p *poll) ask() (values map[string]string, full bool) {
	p.Helper()
	got, err := p.GetProjectValues(p.Context(), p.by, secrets.GetProjectValues{Project: p.project, Known: p.known})
	if err != nil {
		p.Fatal(err)
	}
	p.known = secrets.IfNoneMatch(got.ETag)
	values = map[string]string{}
	for _, v := range got.Data {
		values[v.Name] = v.Value
	}
	return values, !got.Unchanged
}

func (p *poll) want(full bool, what string) {
	p.Helper()
	if _, got := p.ask(); got != full {
		p.Errorf("%s: a full answer: %v", what, got)
	}
}

// TestPollingIsCheapWhileNothingChanges, and whatever changes a value, or who may see it, is a full answer.
func TestPollingIsCheapWhileNothingChanges(t *testing.T) {
	f := follow(t, 3)
	project, other := f.ServerProject("plain"), f.ServerProject("other")
	ada, asAda := f.User("ada", access.RoleMember)
	f.Grant(project, access.Read, ada)
	secret := f.Secret("A", "v", project)
	f.rollUp()
	p := &poll{followed: f, by: asAda, project: project, known: `""`}
	p.want(true, "the first")
	p.want(false, "the second")
	update := func(in api.UpdateSecret) {
		t.Helper()
		_, err := f.UpdateSecret(t.Context(), f.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: in})
		wantCode(t, err, "")
		f.rollUp()
	}
	update(api.UpdateSecret{Value: ptr("w")})
	p.want(true, "a new value")
	p.want(false, "after it")
	update(api.UpdateSecret{Name: ptr("B")})
	p.want(true, "a new name")
	update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{other}, RemoveProjectIDs: []uuid.UUID{project}})
	p.want(true, "one that left")
	update(api.UpdateSecret{AddProjectIDs: []uuid.UUID{project}})
	p.want(true, "one that came")
	f.Secret("C", "v", other)
	f.rollUp()
	p.want(false, "another project's")
	_, err := f.DeleteSecrets(t.Context(), f.Owner, api.IDs{IDs: []uuid.UUID{secret.ID}})
	wantCode(t, err, "")
	f.rollUp()
	p.want(true, "one in the trash")
	p.want(false, "after it")
	f.Grant(project, access.Write, ada)
	p.want(true, "another permission")
	p.want(false, "after it")
	group := f.Group("team", ada)
	p.want(true, "another group")
	p.want(false, "after it")
	f.Grant(project, access.Read, group)
	p.want(true, "another grant")
	f.rollUp()
	p.want(false, "after the stream told of no value")
}

// TestAPollerIsRefusedAtOnce, whatever it knows.
func TestAPollerIsRefusedAtOnce(t *testing.T) {
	f := follow(t, 0)
	project := f.ServerProject("plain")
	ada, asAda := f.User("ada", access.RoleMember)
	f.Grant(project, access.Read, ada)
	f.Secret("A", "v", project)
	p := &poll{followed: f, by: asAda, project: project, known: `""`}
	p.want(true, "the first")
	p.want(false, "the second")
	_, err := f.SetDisabled(t.Context(), f.Owner, ada, true)
	wantCode(t, err, "")
	for _, known := range []secrets.IfNoneMatch{p.known, "*", ""} {
		_, err = f.GetProjectValues(t.Context(), asAda, secrets.GetProjectValues{Project: project, Known: known})
		wantCode(t, err, api.CodeForbidden)
	}
}

func TestAnETagThatWasNotAskedForMatchesNothing(t *testing.T) {
	f := follow(t, 0)
	project := f.ServerProject("plain")
	f.Secret("A", "v", project)
	f.rollUp()
	p := &poll{followed: f, by: f.Owner, project: project}
	p.want(true, "without If-None-Match")
	p.want(true, "with what that answered")
	p.want(false, "from then on")
	q := &poll{followed: f, by: f.Owner, project: project, known: p.known + `, "other"`}
	q.want(false, "among others")
	_, asAdmin := f.User("admin", access.RoleAdmin)
	q = &poll{followed: f, by: asAdmin, project: project, known: p.known}
	q.want(true, "somebody else's")
}

// interleaved lets something happen just before one read of the table.
type interleaved struct {
	table.Table
	before func(what string)
}

func (i *interleaved) BatchGet(ctx context.Context, keys []table.Key) (map[table.Key]table.Item, error) {
	i.before("decide")
	return i.Table.BatchGet(ctx, keys)
}

func (i *interleaved) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if strings.HasPrefix(q.Prefix, "VALUE#") {
		i.before("values")
	}
	return i.Table.Query(ctx, q)
}

// TestNoChangeIsHidden: a value is written, and the stream tells of it, at every moment of a poll and between two; whoever
// polls sees the new value at the next poll after the stream has told, whatever happened in between.
func TestNoChangeIsHidden(t *testing.T) {
	moments := []string{"decide", "values", "after"}
	tried := 0
	for _, first := range []secrets.IfNoneMatch{"", `""`} {
		for _, wroteAt := range moments {
			for _, toldAt := range moments {
				for _, poll2 := range []string{"decide", "values", "after"} { // when the stream tells during the second poll
					t.Run(strings.Join([]string{string(first), wroteAt, toldAt, poll2}, "/"), func(t *testing.T) {
						noChangeIsHidden(t, first, [3]string{wroteAt, toldAt, poll2})
					})
					tried++
				}
			}
		}
	}
	if tried != 54 {
		t.Errorf("%d interleavings", tried)
	}
}

func noChangeIsHidden(t *testing.T, first secrets.IfNoneMatch, at [3]string) {
	f := follow(t, 0)
	project := f.ServerProject("plain")
	secret := f.Secret("A", "old", project)
	f.rollUp()
	i := &interleaved{before: func(string) {}}
	w := f.Again(func(inner table.Table) table.Table { i.Table = inner; return i })
	write := func() {
		_, err := f.UpdateSecret(t.Context(), f.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{Value: ptr("new")}})
		wantCode(t, err, "")
	}
	wrote, told := false, false
	step := func(poll int) func(string) {
		return func(moment string) {
			if poll == 1 && moment == at[0] && !wrote {
				wrote = true
				write()
			}
			if wrote && !told && (poll == 1 && moment == at[1] || poll == 2 && (moment == at[2] || moment == "after")) {
				told = true
				f.rollUp()
			}
		}
	}
	watched := *f
	watched.World = w
	p := &poll{followed: &watched, by: f.Owner, project: project, known: first}
	p.TB = t
	seen := ""
	for n := 1; n <= 4; n++ {
		i.before = step(n)
		if values, full := p.ask(); full {
			seen = values["A"]
		}
		step(n)("after")
	}
	if !wrote || !told {
		t.Fatal("nothing was written, or the stream did not tell")
	}
	if seen != "new" {
		t.Errorf("whoever polls still sees %q", seen)
	}
}
