package secrets_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
)

func TestWhatIsTooLongOrCannotBeSeenIsRefused(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	create := func(name, value, note string) error {
		_, _, err := w.CreateSecret(t.Context(), w.Owner, w.Organization, api.CreateSecret{
			Name: name, Value: &value, Note: &note, ProjectIDs: []uuid.UUID{project},
		})
		return err
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, c := range map[string]struct {
		err    error
		number string
	}{
		"a name of 513 bytes":          {create(long(513), "", ""), "512"},
		"an empty name":                {create("", "", ""), "512"},
		"a name with a newline":        {create("a\nb", "", ""), "U+000A"},
		"a name with a zero width":     {create("a\u200bb", "", ""), "U+200B"},
		"a name with a line separator": {create("a\u2028b", "", ""), "U+2028"},
		"a name that is not NFC":       {create("e\u0301", "", ""), "NFC"},
		"a name that is not UTF-8":     {create("a\xff", "", ""), "UTF-8"},
		"a value of 64 KiB and one":    {create("v", long(64<<10+1), ""), "65536"},
		"a note of 16 KiB and one":     {create("n", "", long(16<<10+1)), "16384"},
	} {
		wantCode(t, c.err, api.CodeInvalid)
		if !strings.Contains(c.err.Error(), c.number) {
			t.Errorf("%s: the message does not say %s: %v", name, c.number, c.err)
		}
	}
	wantCode(t, create(long(512), long(64<<10), long(16<<10)), "")
	wantCode(t, create("empty", "", ""), "")
	wantCode(t, create("nul", "a\x00b", ""), "")
}

func TestOldVersionsAreDroppedButNeverTheCurrentAndPrevious(t *testing.T) {
	w := newWorld(t)
	secret := w.Secret("A", "0")
	for i := range 119 {
		_, err := w.UpdateSecret(t.Context(), w.Owner, secrets.UpdateSecret{ID: secret.ID, UpdateSecret: api.UpdateSecret{
			Value: ptr(strconv.Itoa(i + 1)),
		}})
		wantCode(t, err, "")
	}
	versions, err := w.ListSecretVersions(t.Context(), w.Owner, secret.ID, api.Page{Limit: 500})
	wantCode(t, err, "")
	if n := len(versions.Data); n != 100 || versions.Data[0].Version != 120 || versions.Data[99].Version != 21 {
		t.Errorf("%d versions are kept, from %d to %d", n, versions.Data[0].Version, versions.Data[n-1].Version)
	}
	_, err = w.GetSecretVersion(t.Context(), w.Owner, secret.ID, 20)
	wantCode(t, err, api.CodeNotFound)
	old, err := w.GetSecretVersion(t.Context(), w.Owner, secret.ID, 21)
	if err != nil || *old.Value != "20" {
		t.Errorf("version 21: %+v, %v", old, err)
	}
}

func TestListsAreWholeAndInOrderOverPages(t *testing.T) {
	w := newWorld(t)
	projects := []uuid.UUID{w.ServerProject("one"), w.ServerProject("two"), w.ServerProject("three")}
	user, asUser := w.User("developer", access.RoleMember)
	group := w.Group("team", user)
	w.Grant(projects[0], access.Read, user)
	w.Grant(projects[1], access.Read, group)
	var want, all []string
	for i := range 60 {
		name := fmt.Sprintf("S%02d", i%20) // the same names in all three projects
		secret := w.Secret(name, "value", projects[i/20])
		if i/20 < 2 {
			want = append(want, name+" "+secret.ID.String())
		}
		all = append(all, name+" "+secret.ID.String())
	}
	direct := w.Secret("DIRECT", "value")
	w.GrantSecret(direct.ID, access.Read, user)
	want, all = append(want, "DIRECT "+direct.ID.String()), append(all, "DIRECT "+direct.ID.String())
	for who, c := range map[string]struct {
		by   secrets.Caller
		want []string
	}{"a member": {asUser, want}, "the owner": {w.Owner, all}} {
		for _, limit := range []int{1, 3, 7, 500} {
			got := listAll(t, w, c.by, limit, "")
			if diff := cmp.Diff(sortedStrings(c.want), got); diff != "" {
				t.Errorf("%s, pages of %d (-want +got):\n%s", who, limit, diff)
			}
		}
		if got := listAll(t, w, c.by, 2, "S1"); len(got) != 10*(len(c.want)-1)/20 {
			t.Errorf("%s sees %d names that begin with S1: %v", who, len(got), got)
		}
	}
}

func listAll(t *testing.T, w *secretstest.World, by secrets.Caller, limit int, prefix string) []string {
	t.Helper()
	var got []string
	in := secrets.ListSecrets{NamePrefix: prefix, Page: api.Page{Limit: limit}}
	for {
		list, err := w.ListSecrets(t.Context(), by, w.Organization, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range list.Data {
			got = append(got, entry.Name+" "+entry.ID.String())
		}
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			return got
		}
	}
}

func TestAProjectsValuesComeInAsFewPagesAsFit(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	quotes := strings.Repeat(`"`, 60<<10) // each is four bytes in an answer within an answer
	for i := range 30 {
		w.Secret(fmt.Sprintf("S%02d", i), quotes, project)
	}
	w.Clock.Advance(time.Minute)
	seen, continuation, pages := map[string]bool{}, "", 0
	for {
		list, err := w.GetProjectValues(t.Context(), w.Owner, secrets.GetProjectValues{Project: project, Continuation: continuation})
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, v := range list.Data {
			if seen[v.Name] || v.Value != quotes {
				t.Errorf("%s comes twice, or with another value", v.Name)
			}
			seen[v.Name] = true
		}
		if continuation = list.ContinuationToken; continuation == "" {
			break
		}
	}
	if len(seen) != 30 || pages != 2 {
		t.Errorf("%d values in %d pages", len(seen), pages)
	}
	var ids api.IDs
	list, err := w.ListProjectSecrets(t.Context(), w.Owner, project, secrets.ListSecrets{Page: api.Page{Limit: 100}})
	wantCode(t, err, "")
	for _, s := range list.Data {
		ids.IDs = append(ids.IDs, s.ID)
	}
	found, err := w.GetSecretsByIDs(t.Context(), w.Owner, ids)
	wantCode(t, err, "")
	if len(found.Data)+len(found.Errors) != 30 || len(found.Errors) == 0 || found.Errors[0].Error.Code != api.CodeTooLarge {
		t.Errorf("%d values and %d errors", len(found.Data), len(found.Errors))
	}
}

func TestABrokenTokenIsRefused(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	for i := range 3 {
		w.Secret(strconv.Itoa(i), "value", project)
	}
	first, err := w.ListProjectSecrets(t.Context(), w.Owner, project, secrets.ListSecrets{Page: api.Page{Limit: 1}})
	wantCode(t, err, "")
	good := first.ContinuationToken
	for _, bad := range []string{"x", good + "x", good[:len(good)-1], strings.ToUpper(good), "%%%", strings.Repeat("A", 10000)} {
		_, err := w.ListProjectSecrets(t.Context(), w.Owner, project, secrets.ListSecrets{Page: api.Page{Limit: 1, ContinuationToken: bad}})
		wantCode(t, err, api.CodeInvalid)
	}
	// Another list's token is no good here.
	_, err = w.ListProjects(t.Context(), w.Owner, w.Organization, api.Page{Limit: 1, ContinuationToken: good})
	wantCode(t, err, api.CodeInvalid)
	_, err = w.GetProjectValues(t.Context(), w.Owner, secrets.GetProjectValues{Project: project, Continuation: good})
	wantCode(t, err, api.CodeInvalid)
}

func sortedStrings(list []string) []string {
	sorted := slices.Clone(list)
	slices.Sort(sorted)
	return sorted
}

func TestGroupsAndIdentitiesHaveLimits(t *testing.T) {
	w := newWorld(t)
	group := w.Group("team")
	var members []uuid.UUID
	for i := range 31 {
		members = append(members, w.Principal(access.KindUser, fmt.Sprintf("user %d", i), access.RoleMember))
	}
	_, err := w.ChangeGroupMembers(t.Context(), w.Owner, group, api.ChangeGroupMembers{Add: members})
	wantCode(t, err, api.CodeInvalid)
	w.Join(group, members...)
	err = w.DeletePrincipal(t.Context(), w.Owner, group)
	wantCode(t, err, api.CodeConflict)
	if !strings.Contains(err.Error(), "31 members") {
		t.Errorf("the message does not say how many: %v", err)
	}
	list, err := w.ListGroupMembers(t.Context(), w.Owner, group, api.Page{Limit: 20})
	if err != nil || len(list.Data) != 20 || list.ContinuationToken == "" {
		t.Errorf("members: %d, %q, %v", len(list.Data), list.ContinuationToken, err)
	}
	var identities []api.Identity
	for i := range 11 {
		identities = append(identities, api.Identity{ARN: fmt.Sprintf("arn:aws:iam::%s:user/u%d", secretstest.Account, i)})
	}
	_, err = w.PutIdentities(t.Context(), w.Owner, members[0], "", api.PutIdentities{Identities: identities})
	wantCode(t, err, api.CodeInvalid)
	_, err = w.PutIdentities(t.Context(), w.Owner, members[0], "", api.PutIdentities{Identities: identities[:10]})
	wantCode(t, err, "")
	_, err = w.PutIdentities(t.Context(), w.Owner, members[1], "", api.PutIdentities{Identities: identities[9:10]})
	wantCode(t, err, api.CodeConflict)
	// The user with ten identities leaves: the group, the ARNs and the name are free.
	wantCode(t, w.DeletePrincipal(t.Context(), w.Owner, members[0]), "")
	_, err = w.PutIdentities(t.Context(), w.Owner, members[1], "", api.PutIdentities{Identities: identities[9:10]})
	wantCode(t, err, "")
}

func TestETags(t *testing.T) {
	w := newWorld(t)
	project := w.ServerProject("plain")
	secret := w.Secret("A", "value", project)
	user, asUser := w.User("developer", access.RoleMember)
	w.Grant(project, access.Write, user)
	counter := func(tag string) string { before, _, _ := strings.Cut(strings.Trim(tag, `"`), "."); return before }
	seen := get(t, w, asUser, secret.ID)
	if counter(seen.ETag) != counter(get(t, w, w.Owner, secret.ID).ETag) {
		t.Error("the counter is not the same for every caller")
	}
	if seen.ETag == get(t, w, w.Owner, secret.ID).ETag {
		t.Error("who may do more sees another tag")
	}
	update := func(match secrets.IfMatch, value string) error {
		_, err := w.UpdateSecret(t.Context(), asUser, secrets.UpdateSecret{ID: secret.ID, Match: match, UpdateSecret: api.UpdateSecret{Value: &value}})
		return err
	}
	wantCode(t, update(secrets.IfMatch(seen.ETag), "second"), "")
	wantCode(t, update(secrets.IfMatch(seen.ETag), "third"), api.CodePreconditionFailed)
	wantCode(t, update(secrets.IfMatch(seen.ETag), "second"), "") // it is so already
	wantCode(t, update(`"7", "2"`, "third"), "")
	wantCode(t, update(`W/"3"`, "fourth"), api.CodePreconditionFailed)
	wantCode(t, update("*", "fourth"), "")
	// Grants have a tag of their own.
	before := get(t, w, asUser, secret.ID).ETag
	w.GrantSecret(secret.ID, access.Read, w.OwnerID)
	if after := get(t, w, asUser, secret.ID).ETag; after != before {
		t.Errorf("a grant changed the secret's tag from %s to %s", before, after)
	}
	w.Grant(project, access.Read, user)
	if after := get(t, w, asUser, secret.ID).ETag; after == before || counter(after) != counter(before) {
		t.Errorf("a caller with other rights sees the tag %s, before %s", after, before)
	}
}

func TestPagesOfPrincipalsFitIntoAnAnswer(t *testing.T) {
	w := newWorld(t)
	quotes := func(i int) string { return fmt.Sprintf("%03d%s", i, strings.Repeat(`"`, 125)) }
	user := w.Principal(access.KindUser, "0", access.RoleMember)
	var users []uuid.UUID
	for i := range 300 {
		users = append(users, w.Principal(access.KindUser, quotes(i), access.RoleMember))
	}
	for i := range 50 {
		w.Group(quotes(i), user)
	}
	// What one user has, all have: it is what they look like that counts here.
	item, _, err := w.Table().Get(t.Context(), table.Key{PK: "PRINCIPAL#" + user.String(), SK: "PRINCIPAL"})
	wantCode(t, err, "")
	for _, id := range users {
		rewrite(t, w, table.Key{PK: "PRINCIPAL#" + id.String(), SK: "PRINCIPAL"}, func(attributes map[string]any) {
			attributes["groups"] = item.Attributes["groups"]
		})
	}
	in, n, pages := api.Page{Limit: 500}, 0, 0
	for {
		list, err := w.ListPrincipals(t.Context(), w.Owner, w.Organization, access.KindUser, in)
		wantCode(t, err, "")
		n, pages = n+len(list.Data), pages+1
		if in.ContinuationToken = list.ContinuationToken; in.ContinuationToken == "" {
			break
		}
	}
	if n != 302 || pages < 2 {
		t.Errorf("%d users in %d pages", n, pages)
	}
}
