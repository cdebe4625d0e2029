package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// TestAPlanForOneTouchesNobodyElse, and reads no more than it needs.
func TestAPlanForOneTouchesNobodyElse(t *testing.T) {
	s := newSharing(t)
	team := s.group("team")
	ann, bob := s.user("ann", team), s.user("bob", team)
	s.give(s.demo.ID, s.user("cyd"), access.Read) // KMS lacks it
	s.granted(userARN("eve"), false, nil)         // nobody wants it
	secretsRead := func() bool {
		sent, _ := s.record()
		return strings.Contains(sent, s.two.ID.String())
	}
	check := func(step string, p *api.Principal, readsSecrets bool, want ...string) {
		t.Helper()
		plan := s.planFor(p)
		if read := secretsRead(); read != readsSecrets {
			t.Errorf("%s: secrets' policies are read: %t", step, read)
		}
		if diff := cmp.Diff(want, words(plan)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step, diff)
		}
		if _, err := s.apply(plan); err != nil {
			t.Fatal(err)
		}
	}
	s.give(s.demo.ID, ann, access.Read)
	check("she may read", ann, false, "make ann Decrypt for ann")
	s.give(s.demo.ID, team, access.Manage)
	check("her group may manage", team, false, "make ann "+wide+" for ann", "make bob "+wide+" for bob (group team)", "remove ann Decrypt for ann")
	s.policies[s.demo.ID] = s.policies[s.demo.ID][:2]
	check("it no longer may", team, true, "make ann Decrypt for ann", "remove ann "+wide+" for ann", "remove bob "+wide+" for bob")
	s.give(s.two.ID, ann, access.Read)
	s.policies[s.demo.ID] = s.policies[s.demo.ID][:1]
	check("she may read another secret alone", ann, true, "keep ann Decrypt for ann")
	s.policies[s.two.ID] = nil
	ann.Disabled = aws.Bool(true)
	check("she may nothing", ann, true, "remove ann Decrypt for ann")
	check("one who is gone", &api.Principal{ID: uuid.New()}, false)
	if diff := cmp.Diff([]string{"eve [Decrypt]"}, s.onKey()); diff != "" {
		t.Errorf("on the key (-want +got)\n%s", diff)
	}
	s.hidden[s.two.ID] = true
	s.granted(userARN("bob"), false, nil)
	check("somebody of whom not all is known", bob, true, "leave bob Decrypt for bob")
}

// TestAnIdentityThatKMSDoesNotKnowKeepsNoOtherFromBeingRemoved: a role may be gone.
func TestAnIdentityThatKMSDoesNotKnowKeepsNoOtherFromBeingRemoved(t *testing.T) {
	s := newSharing(t)
	ann := s.user("ann")
	ann.Identities = &[]api.Identity{{ARN: userARN("gone")}, {ARN: userARN("ann")}}
	s.granted(userARN("ann"), false, nil)
	s.kms.fail = func(_, grantee string) error {
		if grantee == userARN("gone") {
			return &types.InvalidArnException{}
		}
		return nil
	}
	if diff := cmp.Diff([]string{"remove ann Decrypt for ann"}, words(s.planFor(ann))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestWhoManagesOneSecretSharesIt: the project's policy is not for them to see, so that nothing is removed, and what is wide stays.
func TestWhoManagesOneSecretSharesIt(t *testing.T) {
	s := newSharing(t)
	ann, bob := s.user("ann"), s.user("bob")
	s.hidden[s.demo.ID], s.hidden[s.two.ID] = true, true
	s.give(s.token.ID, ann, access.Read)
	s.give(s.token.ID, bob, access.Read)
	s.granted(userARN("bob"), true, nil)
	p, err := s.Resolve(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		principal *api.Principal
		want      []string
	}{{ann, []string{"make ann Decrypt for ann"}}, {bob, []string{"keep bob " + wide + " for bob"}}} {
		plan, err := s.KeyPlanner().PlanFor(t.Context(), p, client.Resource{Secret: s.token.ID}, c.principal.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, words(plan)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	s.policies[s.token.ID] = nil
	s.granted(userARN("ann"), false, nil)
	s.failOn("/projects/" + s.demo.ID.String() + "/secrets") // which is not for them to see either
	plan, err := s.KeyPlanner().PlanFor(t.Context(), p, client.Resource{Secret: s.token.ID}, ann.ID)
	if diff := cmp.Diff([]string{"leave ann Decrypt for ann"}, words(plan)); diff != "" || err != nil {
		t.Errorf("after it was revoked: %v (-want +got)\n%s", err, diff)
	}
	if _, err := s.KeyPlanner().Plan(t.Context(), p); !errors.Is(err, client.ErrForbidden) {
		t.Errorf("a plan for everybody: %v", err)
	}
}

// TestASecretsGrantIsSeenWithoutTheOthers: the policy of the secret that was shared is the only one read.
func TestASecretsGrantIsSeenWithoutTheOthers(t *testing.T) {
	s := newSharing(t)
	ann := s.user("ann")
	s.give(s.token.ID, ann, access.Read)
	p, err := s.Resolve(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.KeyPlanner().PlanFor(t.Context(), p, client.Resource{Secret: s.token.ID}, ann.ID)
	if diff := cmp.Diff([]string{"make ann Decrypt for ann"}, words(plan)); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if sent, _ := s.record(); strings.Contains(sent, s.two.ID.String()) {
		t.Error("the other secret's policy was read")
	}
}
