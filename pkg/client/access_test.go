package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// granted are a policy's grants, in words.
func (s *sharing) inStrongroom() []string {
	var all []string
	for _, g := range s.policies[s.demo.ID] {
		for _, p := range s.principals {
			if p.ID == g.Principal.ID {
				all = append(all, p.Name+" "+g.Permission.String())
			}
		}
	}
	return all
}

func grantOf(p *api.Principal, permission access.Permission) api.Grant {
	return api.Grant{Principal: api.GrantPrincipal{ID: p.ID}, Permission: permission}
}

// TestOnesGrantIsChangedAndNobodyElses, also where somebody else changes the policy meanwhile.
func TestOnesGrantIsChangedAndNobodyElses(t *testing.T) {
	s := newSharing(t)
	ann, bob, cyd := s.user("ann"), s.user("bob"), s.user("cyd")
	demo := client.Resource{Project: s.demo.ID}
	s.give(s.demo.ID, ann, access.Manage)
	check := func(step string, before *api.Grant, wasThere string, err error, want ...string) {
		t.Helper()
		was := ""
		if before != nil {
			was = before.Permission.String()
		}
		if was != wasThere || err != nil {
			t.Errorf("%s: it was %q, want %q; %v", step, was, wasThere, err)
		}
		if diff := cmp.Diff(want, s.inStrongroom()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step, diff)
		}
	}
	before, err := s.Grant(t.Context(), demo, grantOf(bob, access.Read), false)
	check("bob may read", before, "", err, "ann manage", "bob read")
	races := 3
	s.writing = func() {
		if races--; races >= 0 {
			s.give(s.demo.ID, cyd, access.Read)
			s.policies[s.demo.ID] = s.policies[s.demo.ID][:3]
			s.tags[s.demo.ID]++
		}
	}
	before, err = s.Grant(t.Context(), demo, grantOf(bob, access.Write), false)
	check("bob may write, and cyd is let in by somebody else", before, "read", err, "ann manage", "cyd read", "bob write")
	s.record()
	before, err = s.Revoke(t.Context(), demo, bob.ID, false)
	check("bob may nothing", before, "write", err, "ann manage", "cyd read")
	if sent, changes := s.record(); changes != 1 || strings.Contains(sent, "force") {
		t.Errorf("%d changes: %s", changes, sent)
	}
	before, err = s.Revoke(t.Context(), demo, bob.ID, false)
	check("again", before, "", err, "ann manage", "cyd read")
	if _, changes := s.record(); changes != 0 {
		t.Error("what is not there was taken away with a request")
	}
	before, err = s.Revoke(t.Context(), demo, ann.ID, true)
	check("ann gives up her own", before, "manage", err, "cyd read")
	if sent, _ := s.record(); !strings.Contains(sent, "force=true") {
		t.Error("force was not asked for")
	}
	races = 1 << 20
	if _, err = s.Revoke(t.Context(), demo, cyd.ID, false); !errors.Is(err, client.ErrPreconditionFailed) {
		t.Errorf("after races without end: %v", err)
	}
}

// TestASecretIsFoundWithoutItsValue, by both of its names.
func TestASecretIsFoundWithoutItsValue(t *testing.T) {
	s := newSharing(t)
	other := s.project("other", api.EncryptionClient, newFakeKMS())
	s.token.Projects = append(s.token.Projects, api.Reference{ID: other.ID, Name: other.Name})
	for _, named := range []string{"demo/TOKEN", s.token.ID.String()} {
		found, err := s.FindSecret(t.Context(), named)
		if err != nil || found.ID != s.token.ID || found.Name != "TOKEN" || len(found.Projects) != 2 {
			t.Errorf("%s: %+v, %v", named, found, err)
		}
	}
	if sent, _ := s.record(); strings.Contains(sent, "GET /secrets/") || strings.Contains(sent, "/secret?") {
		t.Errorf("a value was read: %s", sent)
	}
	for _, named := range []string{"demo/TOKE", "demo/TOKEN2", other.ID.String()} {
		if found, err := s.FindSecret(t.Context(), named); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s: %+v, %v", named, found, err)
		}
	}
	var setup *client.SetupError
	if _, err := s.FindSecret(t.Context(), "TOKEN"); !errors.As(err, &setup) {
		t.Errorf("no project: %v", err)
	}
	s.twist = func(r *http.Request, body []byte) any { // the index lags
		if strings.HasSuffix(r.URL.Path, "/secrets") && strings.HasPrefix(r.URL.Path, "/organizations/") {
			return api.List[api.SecretEntry]{}
		}
		return s.answer(r, body)
	}
	found, err := s.FindSecret(t.Context(), "demo/TWO")
	if err != nil || found.ID != s.two.ID || fmt.Sprint(found.Projects) != fmt.Sprint([]api.Reference{{ID: s.demo.ID, Name: "demo"}}) {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestPrincipalsOfOneName(t *testing.T) {
	s := newSharing(t)
	s.user("ops")
	s.group("ops")
	s.user("ann")
	for name, want := range map[string]int{"ops": 2, "ann": 1, "an": 0} {
		if named, err := s.PrincipalsNamed(t.Context(), "", name); err != nil || len(named) != want {
			t.Errorf("%s: %d, %v; want %d", name, len(named), err, want)
		}
	}
	s.failOn("/principals")
	if _, err := s.PrincipalsNamed(t.Context(), "", "ann"); !errors.Is(err, client.ErrInternal) {
		t.Error(err)
	}
}
