package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

const wide = "Decrypt,GenerateDataKey"

func TestKMSIsAskedForTheUnionOfLiveGrants(t *testing.T) {
	for name, c := range map[string]struct {
		world func(s *sharing)
		want  []string
	}{
		"nobody": {func(*sharing) {}, nil},
		"read":   {func(s *sharing) { s.give(s.demo.ID, s.user("ann"), access.Read) }, []string{"make ann Decrypt for ann"}},
		"write":  {func(s *sharing) { s.give(s.demo.ID, s.user("ann"), access.Write) }, []string{"make ann Decrypt for ann"}},
		"manage": {func(s *sharing) { s.give(s.demo.ID, s.user("ann"), access.Manage) }, []string{"make ann " + wide + " for ann"}},
		"manage, of a secret, is not of the project's key": {func(s *sharing) {
			s.give(s.token.ID, s.user("ann"), access.Manage)
		}, []string{"make ann Decrypt for ann"}},
		"through a group": {func(s *sharing) {
			team := s.group("team")
			s.user("ann", team)
			s.user("bob")
			s.give(s.demo.ID, team, access.Read)
		}, []string{"make ann Decrypt for ann (group team)"}},
		"through a group, and more of one's own": {func(s *sharing) {
			team := s.group("team")
			ann := s.user("ann", team)
			s.give(s.demo.ID, team, access.Read)
			s.give(s.demo.ID, ann, access.Manage)
		}, []string{"make ann " + wide + " for ann"}},
		"of one's own, and more through a group": {func(s *sharing) {
			team, other := s.group("team"), s.group("other")
			ann := s.user("ann", other, team)
			s.give(s.demo.ID, ann, access.Read)
			s.give(s.demo.ID, team, access.Manage)
			s.give(s.two.ID, other, access.Read)
		}, []string{"make ann " + wide + " for ann"}},
		"expired": {func(s *sharing) {
			s.give(s.demo.ID, s.user("ann"), access.Read)
			s.policies[s.demo.ID][0].ExpiresAt = aws.Time(time.Now().Add(-time.Second))
		}, nil},
		"not expired yet": {func(s *sharing) {
			s.give(s.demo.ID, s.user("ann"), access.Read)
			s.policies[s.demo.ID][0].ExpiresAt = aws.Time(time.Now().Add(time.Hour))
		}, []string{"make ann Decrypt for ann"}},
		"manage that is expired, read that is not": {func(s *sharing) {
			ann := s.user("ann")
			s.give(s.demo.ID, ann, access.Manage)
			s.policies[s.demo.ID][0].ExpiresAt = aws.Time(time.Now().Add(-time.Second))
			s.give(s.token.ID, ann, access.Read)
		}, []string{"make ann Decrypt for ann"}},
		"disabled": {func(s *sharing) {
			ann := s.user("ann")
			ann.Disabled = aws.Bool(true)
			s.give(s.demo.ID, ann, access.Read)
		}, nil},
		"an auditor, who sees no values whatever is granted": {func(s *sharing) {
			ann := s.user("ann")
			ann.Role = access.RoleAuditor
			s.give(s.demo.ID, ann, access.Manage)
		}, nil},
		"an owner to whom nothing was granted": {func(s *sharing) { s.user("ann").Role = access.RoleOwner }, nil},
		"one who is gone":                      {func(s *sharing) { s.give(s.demo.ID, &api.Principal{ID: uuid.New()}, access.Read) }, nil},
		"a service account with two identities": {func(s *sharing) {
			ci := s.add(api.Principal{Kind: access.KindServiceAccount, Name: "ci", Identities: &[]api.Identity{
				{ARN: userARN("ci")}, {ARN: "arn:aws:iam::000000000000:role/jobs/ci"},
			}})
			s.give(s.demo.ID, ci, access.Read)
		}, []string{"make arn:aws:iam::000000000000:role/jobs/ci Decrypt for ci", "make ci Decrypt for ci"}},
		"what is right is kept": {func(s *sharing) {
			s.give(s.demo.ID, s.user("ann"), access.Read)
			s.granted(userARN("ann"), false, nil)
		}, []string{"keep ann Decrypt for ann"}},
		"wider than it should be": {func(s *sharing) {
			s.give(s.demo.ID, s.user("ann"), access.Read)
			s.granted(userARN("ann"), true, nil)
		}, []string{"make ann Decrypt for ann", "remove ann " + wide + " for ann"}},
		"narrower than it should be": {func(s *sharing) {
			s.give(s.demo.ID, s.user("ann"), access.Manage)
			s.granted(userARN("ann"), false, nil)
		}, []string{"make ann " + wide + " for ann", "remove ann Decrypt for ann"}},
		"both widths": {func(s *sharing) {
			s.give(s.demo.ID, s.user("ann"), access.Manage)
			s.granted(userARN("ann"), false, nil)
			s.granted(userARN("ann"), true, nil)
		}, []string{"remove ann Decrypt for ann", "keep ann " + wide + " for ann"}},
		"of somebody who was": {func(s *sharing) { s.granted(userARN("gone"), true, nil) }, []string{"remove gone " + wide}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharing(t)
			c.world(s)
			plan := s.plan()
			if diff := cmp.Diff(c.want, words(plan)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if _, err := s.apply(plan); err != nil {
				t.Fatal(err)
			}
			again := s.plan()
			if !again.Empty() {
				t.Errorf("after it was done there is still to do: %q", words(again))
			}
		})
	}
}

// TestGrantsUnderOurNamesAreAsTheyShouldBe: what has a name of ours and is anything else is removed, and made anew where it is wanted.
func TestGrantsUnderOurNamesAreAsTheyShouldBe(t *testing.T) {
	other := uuid.New()
	for name, change := range map[string]func(*kms.CreateGrantInput){
		"more operations": func(in *kms.CreateGrantInput) { in.Operations = append(in.Operations, types.GrantOperationCreateGrant) },
		"as many, others": func(in *kms.CreateGrantInput) { in.Operations = []types.GrantOperation{types.GrantOperationEncrypt} },
		"no constraint":   func(in *kms.CreateGrantInput) { in.Constraints = nil },
		"another project's context": func(in *kms.CreateGrantInput) {
			in.Constraints.EncryptionContextEquals = contextOf(other)
		},
		"a part of the context": func(in *kms.CreateGrantInput) {
			in.Constraints = &types.GrantConstraints{EncryptionContextSubset: map[string]string{"strongroom:organization": ourOrganization.String()}}
		},
		"a part of the context beside the whole": func(in *kms.CreateGrantInput) {
			in.Constraints.EncryptionContextSubset = map[string]string{"strongroom:organization": ourOrganization.String()}
		},
		"somebody may retire it": func(in *kms.CreateGrantInput) { in.RetiringPrincipal = aws.String(userARN("eve")) },
		"another's name": func(in *kms.CreateGrantInput) {
			in.Name = aws.String(strings.Replace(*in.Name, "/Decrypt/", "/Decrypt/0", 1))
		},
		"the wider one's name": func(in *kms.CreateGrantInput) {
			in.Name = aws.String(strings.Replace(*in.Name, "/Decrypt/", "/Decrypt-GenerateDataKey/", 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharing(t)
			s.give(s.demo.ID, s.user("ann"), access.Read)
			s.granted(userARN("ann"), false, change)
			s.granted(userARN("eve"), false, change)
			plan := s.plan()
			if len(plan.Make) != 1 || len(plan.Remove) != 2 || !plan.Remove[0].Strange || !plan.Remove[1].Strange {
				t.Errorf("%q", words(plan))
			}
			if _, err := s.apply(plan); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"ann [Decrypt]"}, s.onKey()); diff != "" {
				t.Errorf("on the key (-want +got)\n%s", diff)
			}
			if again := s.plan(); !again.Empty() || len(again.Keep) != 1 {
				t.Errorf("there is still to do: %q", words(again))
			}
		})
	}
}

// TestWhatIsNotOursIsLeftAlone: other projects' grants and those of other names, which are counted where they open it.
func TestWhatIsNotOursIsLeftAlone(t *testing.T) {
	s := newSharing(t)
	other := client.KeyGrant{Organization: ourOrganization, Project: uuid.New(), ARN: userARN("ann")}
	named := func(name string, change func(*kms.CreateGrantInput)) {
		s.granted(userARN("ann"), false, func(in *kms.CreateGrantInput) {
			in.Name = &name
			if change != nil {
				change(in)
			}
		})
	}
	named(other.Name(), func(in *kms.CreateGrantInput) { in.Constraints.EncryptionContextEquals = other.Context() })
	named("by-hand", nil)
	named("everything", func(in *kms.CreateGrantInput) { in.Constraints = nil })
	named("part", func(in *kms.CreateGrantInput) {
		in.Constraints = &types.GrantConstraints{EncryptionContextSubset: map[string]string{"strongroom:organization": ourOrganization.String()}}
	})
	named("elsewhere", func(in *kms.CreateGrantInput) { in.Constraints.EncryptionContextEquals = other.Context() })
	named("part-elsewhere", func(in *kms.CreateGrantInput) {
		in.Constraints = &types.GrantConstraints{EncryptionContextSubset: map[string]string{"strongroom:project": other.Project.String()}}
	})
	named("encrypts", func(in *kms.CreateGrantInput) { in.Operations = []types.GrantOperation{types.GrantOperationEncrypt} })
	plan := s.plan()
	if !plan.Empty() || plan.Present != 7 || plan.Foreign != 3 {
		t.Errorf("%d present, %d foreign, %q; want 7, 3 and nothing to do", plan.Present, plan.Foreign, words(plan))
	}
}

// TestNothingIsRemovedThatUnseenGrantsMayAskFor: of a secret whose policy the caller may not see, nobody knows whom it is for.
func TestNothingIsRemovedThatUnseenGrantsMayAskFor(t *testing.T) {
	s := newSharing(t)
	s.hidden[s.two.ID] = true
	s.give(s.demo.ID, s.user("ann"), access.Read)
	s.give(s.token.ID, s.user("bob"), access.Read)
	s.granted(userARN("ann"), true, nil)
	s.granted(userARN("cyd"), false, nil)
	s.granted(userARN("eve"), false, func(in *kms.CreateGrantInput) { in.Constraints = nil })
	plan := s.plan()
	want := []string{"make bob Decrypt for bob", "keep ann " + wide + " for ann", "leave cyd Decrypt", "leave eve Decrypt strange"}
	if diff := cmp.Diff(want, words(plan)); diff != "" || plan.Unread != 1 {
		t.Errorf("%d unread (-want +got)\n%s", plan.Unread, diff)
	}
}

// TestKeysAreGivenWithinBounds: whose an identity is, is the server's word, so that not every one is believed.
func TestKeysAreGivenWithinBounds(t *testing.T) {
	const sso = "arn:aws:sts::000000000000:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/ann@example.com"
	taken := []api.Identity{
		{ARN: userARN("team/ann")}, {ARN: "arn:aws:iam::000000000000:role/ann"}, {ARN: sso, UniqueID: "AROAEXAMPLEEXAMPLE000"},
	}
	refused := []string{
		"arn:aws:iam::111111111111:user/ann", "arn:aws:iam::000000000000:root", "arn:aws-cn:iam::000000000000:user/ann",
		"arn:aws:iam::000000000000:role/strongroom/server/get-secret", "arn:aws:sts::000000000000:assumed-role/ann/ann",
		"arn:aws:sts::000000000000:federated-user/ann", "arn:aws:iam::000000000000:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
		"lambda.amazonaws.com", "*", "",
	}
	s := newSharing(t)
	ann := s.user("ann")
	identities := slices.Clone(taken)
	for _, arn := range refused {
		identities = append(identities, api.Identity{ARN: arn})
	}
	ann.Identities = &identities
	s.give(s.demo.ID, ann, access.Read)
	for name, plan := range map[string]client.KeyPlan{"of the project": s.plan(), "for her": s.planFor(ann)} {
		var made, not []string
		for _, g := range plan.Make {
			made = append(made, g.ARN)
		}
		for _, r := range plan.Refused {
			not = append(not, r.ARN)
			if r.Principal != "ann" || r.Unwrap() == nil || !strings.Contains(r.Error(), `an identity of "ann", to which no key is given: `) {
				t.Errorf("%s: %s", name, r)
			}
		}
		if diff := cmp.Diff([]string{taken[1].ARN, taken[0].ARN, sso}, made); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if diff := cmp.Diff(refused, not); diff != "" {
			t.Errorf("%s, refused (-want +got)\n%s", name, diff)
		}
	}
}

// TestAProjectOfTheServersWantsNothing of KMS, which is not even asked.
func TestAProjectOfTheServersWantsNothing(t *testing.T) {
	s := newSharing(t)
	p := client.Project{ID: s.demo.ID, Name: "demo", Encryption: api.EncryptionServer}
	s.give(s.demo.ID, s.user("ann"), access.Read)
	plan, err := s.KeyPlanner().Plan(t.Context(), p)
	if err != nil || !plan.Empty() {
		t.Errorf("%q, %v", words(plan), err)
	}
	plan, err = s.KeyPlanner().PlanFor(t.Context(), p, client.Resource{Project: p.ID}, s.principals[0].ID)
	if err != nil || !plan.Empty() || len(s.kms.asked) > 0 {
		t.Errorf("%q, %v, KMS was asked %q", words(plan), err, s.kms.asked)
	}
}

// TestWhoSharesMeanwhileIsNotUndone: the first lock is opened before the second, so that a plan that looks at the second first
// sees why each grant is there.
func TestWhoSharesMeanwhileIsNotUndone(t *testing.T) {
	for name, plan := range map[string]func(s *sharing, ann *api.Principal) client.KeyPlan{
		"of the project": func(s *sharing, _ *api.Principal) client.KeyPlan { return s.plan() },
		"for her":        func(s *sharing, ann *api.Principal) client.KeyPlan { return s.planFor(ann) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharing(t)
			ann := s.user("ann")
			shared := false
			s.kms.fail = func(action, _ string) error {
				if action == "ListGrants" && !shared { // just before the second lock is looked at
					shared = true
					s.give(s.demo.ID, ann, access.Read)
					s.granted(userARN("ann"), false, nil)
				}
				return nil
			}
			if got := plan(s, ann); !got.Empty() || len(got.Keep) != 1 {
				t.Errorf("%q", words(got))
			}
		})
	}
}

// TestSeveralProjectsAreOneListing of the key's grants and of the principals.
func TestSeveralProjectsAreOneListing(t *testing.T) {
	s := newSharing(t)
	s.give(s.demo.ID, s.user("ann"), access.Read)
	planner, progress := s.KeyPlanner(), []string{}
	planner.Progress = func(done, of int) { progress = append(progress, fmt.Sprint(done, "/", of)) }
	p, err := s.Resolve(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if plan, err := planner.Plan(t.Context(), p); err != nil || len(plan.Make) != 1 {
			t.Fatal(plan, err)
		}
	}
	sent, _ := s.record()
	if lists := strings.Count(sent, "/principals"); lists != 1 || len(s.kms.asked) != 1 {
		t.Errorf("principals were listed %d times, grants %d times", lists, len(s.kms.asked))
	}
	if diff := cmp.Diff([]string{"1/2", "2/2", "1/2", "2/2", "1/2", "2/2"}, progress); diff != "" {
		t.Errorf("progress (-want +got)\n%s", diff)
	}
}

// TestManyGrantsAreListedToTheEnd, page by page, whether for all or for a large group.
func TestManyGrantsAreListedToTheEnd(t *testing.T) {
	s := newSharing(t)
	team := s.group("team")
	const many = 250
	for i := range many {
		s.user(fmt.Sprintf("u%d", i), team)
		s.granted(userARN(fmt.Sprintf("u%d", i)), false, nil)
	}
	plan := s.plan()
	if plan.Present != many || len(plan.Remove) != many {
		t.Errorf("%d present, %d to remove, want %d", plan.Present, len(plan.Remove), many)
	}
	s.kms.asked = nil
	if plan = s.planFor(team); len(plan.Remove) != many || len(s.kms.asked) != 3 {
		t.Errorf("%d to remove, after %d questions", len(plan.Remove), len(s.kms.asked))
	}
}

// TestWhatCantBeReadEndsAPlan: half a picture would remove what it does not show.
func TestWhatCantBeReadEndsAPlan(t *testing.T) {
	for name, part := range map[string]string{
		"the project's policy": "/projects/PROJECT/access-policies", "a secret's policy": "/secrets/TWO/access-policies",
		"the secrets": "/projects/PROJECT/secrets", "the principals": "/principals",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharing(t)
			s.granted(userARN("ann"), false, nil)
			path := strings.NewReplacer("PROJECT", s.demo.ID.String(), "TWO", s.two.ID.String()).Replace(part)
			s.failOn(path)
			plan, err := s.PlanKeyGrants(t.Context(), "demo")
			if !errors.Is(err, client.ErrInternal) || !plan.Empty() {
				t.Errorf("%q, %v", words(plan), err)
			}
		})
	}
	s := newSharing(t)
	s.kms.fail = func(string, string) error { return accessDenied() }
	var refused *client.KMSError
	if _, err := s.PlanKeyGrants(t.Context(), "demo"); !errors.As(err, &refused) ||
		err.Error() != "AWS KMS: kms:ListGrants: your own IAM identity lacks kms:ListGrants on "+s.key {
		t.Errorf("%v", err)
	}
}

// A grant that opens the project under a name like ours, but not this project's, is somebody else's, and is counted.
func TestAWideGrantUnderANameLikeOursIsForeign(t *testing.T) {
	s := newSharing(t)
	for _, name := range []string{"strongroom/x", "strongroom/" + uuid.NewString() + "/Decrypt/x"} {
		for _, operation := range []types.GrantOperation{types.GrantOperationDecrypt, types.GrantOperationReEncryptFrom} {
			if _, err := s.kms.CreateGrant(t.Context(), &kms.CreateGrantInput{
				KeyId: &s.key, GranteePrincipal: aws.String(userARN("eve")), Name: aws.String(name + string(operation)), Operations: []types.GrantOperation{operation},
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if plan, err := s.PlanKeyGrants(t.Context(), "demo"); err != nil || plan.Foreign != 4 {
		t.Errorf("%d are foreign, %v", plan.Foreign, err)
	}
}

// A secret that the caller no longer sees may still be shared: nothing is removed on its account.
func TestASecretOutOfSightKeepsItsGrants(t *testing.T) {
	s := newSharing(t)
	s.give(s.token.ID, s.user("ann"), access.Read)
	s.granted(userARN("ann"), false, nil)
	s.double.twist = func(r *http.Request, _ []byte) any {
		if strings.HasSuffix(r.URL.Path, "/access-policies") && strings.HasPrefix(r.URL.Path, "/secrets/") {
			return status{code: api.CodeNotFound, message: "no such secret"}
		}
		return s.answer(r, nil)
	}
	if plan, err := s.PlanKeyGrants(t.Context(), "demo"); err != nil || len(plan.Remove) != 0 || len(plan.Left) != 1 || plan.Unread == 0 {
		t.Errorf("%+v, %v", plan, err)
	}
}
