package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func TestWhenAGrantEnds(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		flags shareFlags
		want  string
	}{
		"never":            {shareFlags{}, "never"},
		"in hours":         {shareFlags{lasting: "4h"}, "2026-11-26T16:00:00Z"},
		"in minutes":       {shareFlags{lasting: "90m"}, "2026-11-26T13:30:00Z"},
		"in days":          {shareFlags{lasting: "30d"}, "2026-12-26T12:00:00Z"},
		"in a year":        {shareFlags{lasting: "365d"}, "2027-11-26T12:00:00Z"},
		"at a time":        {shareFlags{until: "2027-01-31T18:00:00+01:00"}, "2027-01-31T17:00:00Z"},
		"in no time":       {shareFlags{lasting: "0h"}, ""},
		"before now":       {shareFlags{lasting: "-1h"}, ""},
		"in days that are": {shareFlags{lasting: "1.5d"}, ""},
		"in many days":     {shareFlags{lasting: "65535d"}, ""},
		"in too many days": {shareFlags{lasting: "99999999999d"}, ""},
		"in weeks":         {shareFlags{lasting: "2w"}, ""},
		"now":              {shareFlags{until: "2026-11-26T12:00:00Z"}, ""},
		"at a date":        {shareFlags{until: "2027-01-31"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := c.flags.expiry(now)
			got := "never"
			if err != nil {
				got = ""
			} else if at != nil {
				got = moment(*at)
			}
			if got != c.want || err != nil && explain(err).exit != ExitUsage {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// TestWhatAPersonShouldKnowOfAPlan is said in lines of its own.
func TestWhatAPersonShouldKnowOfAPlan(t *testing.T) {
	demo := client.Project{Name: "demo"}
	refused := &client.IdentityError{Principal: "ci", ARN: "arn:aws:iam::111111111111:role/x", Err: errors.New("no")}
	for name, c := range map[string]struct {
		plan client.KeyPlan
		want string
	}{
		"nothing":     {client.KeyPlan{Project: demo, Present: client.ManyKeyGrants - 1}, ""},
		"many grants": {client.KeyPlan{Project: demo, Present: client.ManyKeyGrants}, "there are 40000 grants on the client key, of 50000 at most"},
		"unread": {client.KeyPlan{Project: demo, Unread: 2, Left: make([]client.KeyGrant, 1)},
			"demo: the grants on 2 secrets are not yours to see, so that nothing is removed; 1 KMS grant that no other grant asks for stay"},
		"foreign": {client.KeyPlan{Project: demo, Foreign: 1}, "demo: 1 KMS grant is opening it that Strongroom did not make"},
		"refused": {client.KeyPlan{Project: demo, Refused: []*client.IdentityError{refused}},
			`demo: the server says that arn:aws:iam::111111111111:role/x is an identity of "ci", to which no key is given: no`},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			(&Main{Stderr: &said}).warnOfPlans([]client.KeyPlan{c.plan, {Present: c.plan.Present}})
			if lines := strings.Count(said.String(), "\n"); !strings.Contains(said.String(), c.want) || c.want == "" && lines != 0 || c.want != "" && lines != 1 {
				t.Errorf("said %q, want %q", said.String(), c.want)
			}
		})
	}
	if err := refusedIdentities([]client.KeyPlan{{}, {Refused: []*client.IdentityError{refused}}}); explain(err).exit != ExitDistrust {
		t.Errorf("refused: %v", err)
	}
	if err := refusedIdentities([]client.KeyPlan{{}}); err != nil {
		t.Error(err)
	}
}

func TestAPlanInATable(t *testing.T) {
	plan := client.KeyPlan{
		Project: client.Project{Name: "demo"}, Make: []client.KeyGrant{{ARN: "arn:a", Manage: true, For: []string{"ann", "bob (group team)"}}},
		Remove: []client.KeyGrant{{ARN: "arn:b", Strange: true}},
	}
	want := [][]string{
		{"make", "demo", "Decrypt, GenerateDataKey", "arn:a", "ann, bob (group team)"},
		{"remove (strange)", "demo", "Decrypt", "arn:b", ""},
	}
	if diff := cmp.Diff(want, planListing([]client.KeyPlan{plan}).rows); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestHalfDoneIsSaid with what is left, and never hides that an answer is not believed.
func TestHalfDoneIsSaid(t *testing.T) {
	grant := &turning{Grant: &api.Grant{}}
	no := errors.New("no")
	identity := &client.IdentityError{Principal: "ci", ARN: "arn:x", Err: no}
	for name, c := range map[string]struct {
		err  error
		exit Exit
		want string
	}{
		"not opened":   {grant.half("demo", false, no), ExitError, "allowed by Strongroom, not yet by KMS: no; run `strongroom access sync demo`"},
		"opened wider": {grant.half("demo", true, no), ExitError, "changed in Strongroom, and KMS allows more than that: no; run `strongroom access sync demo`"},
		"not closed": {(&turning{}).half("a project", false, no), ExitError,
			"refused by Strongroom from now on, not yet by KMS: no; run `strongroom access sync 'a project'`"},
		"no answer": {grant.half("demo", false, &client.NoAnswerError{Reason: "no"}), ExitError, "allowed by Strongroom, not yet by KMS: no; run `strongroom access sync demo`"},
		"several":   {grant.half("demo", false, together([]error{no, no})), ExitError, "allowed by Strongroom, not yet by KMS: no; no; run `strongroom access sync demo`"},
		"distrust": {together([]error{grant.half("demo", false, together([]error{identity, no})), no}), ExitDistrust,
			"allowed by Strongroom, not yet by KMS: " + identity.Error() + "; no; run `strongroom access sync demo`; no"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := explain(c.err); got.exit != c.exit || got.Error() != c.want {
				t.Errorf("%d, %s\nwant %d, %s", got.exit, got, c.exit, c.want)
			}
		})
	}
	if together(nil) != nil {
		t.Error("nothing went wrong, and yet it did")
	}
}
