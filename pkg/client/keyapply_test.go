package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func accessDenied() error {
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: x is not authorized to perform it"}
}

// failOn has the server fail at what ends in that path.
func (s *sharing) failOn(path string) {
	s.twist = func(r *http.Request, body []byte) any {
		if strings.HasSuffix(r.URL.Path, path) {
			return status{code: api.CodeInternal, message: "an error of ours"}
		}
		return s.answer(r, body)
	}
}

// toDo is a world where three grants are to be made, one of them instead of a narrower one, and two to be removed.
func toDo(t *testing.T) *sharing {
	s := newSharing(t)
	s.give(s.demo.ID, s.user("ann"), access.Manage)
	s.give(s.demo.ID, s.user("bob"), access.Read)
	s.give(s.demo.ID, s.user("cyd"), access.Read)
	s.granted(userARN("ann"), false, nil)
	s.granted(userARN("eve"), false, nil)
	return s
}

func TestWhatIsWantedIsMadeBeforeTheRestIsRemoved(t *testing.T) {
	s := toDo(t)
	done, err := s.apply(s.plan())
	if diff := cmp.Diff([]string{"ann true", "bob true", "cyd true", "ann false", "eve false"}, done); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{"ann [Decrypt GenerateDataKey]", "bob [Decrypt]", "cyd [Decrypt]"}, s.onKey()); diff != "" {
		t.Errorf("on the key (-want +got)\n%s", diff)
	}
}

func TestDoingItTwiceIsHarmless(t *testing.T) {
	s := toDo(t)
	plan := s.plan()
	for range 2 {
		if done, err := s.apply(plan); err != nil || len(done) != 5 {
			t.Errorf("%q, %v", done, err)
		}
	}
	if got := s.onKey(); len(got) != 3 {
		t.Errorf("on the key: %q", got)
	}
}

func TestOneThatFailsDoesNotKeepTheOthers(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"refused": {accessDenied(), "AWS KMS: kms:ACTION: your own IAM identity lacks kms:ACTION on "},
		"unknown": {&types.InvalidArnException{}, "where a role has a path, its identity needs the ARN with it"},
		"full":    {&types.LimitExceededException{}, "of which a key has 50000 at most"},
		"other":   {&types.KMSInternalException{}, "AWS KMS: kms:ACTION: KMSInternalException"},
	} {
		for _, action := range []string{"CreateGrant", "RevokeGrant"} {
			if action == "RevokeGrant" && (name == "unknown" || name == "full") {
				continue
			}
			t.Run(name+" "+action, func(t *testing.T) {
				s := toDo(t)
				plan := s.plan()
				failed := false
				s.kms.fail = func(asked, _ string) error {
					if asked == action && !failed {
						failed = true
						return c.err
					}
					return nil
				}
				done, err := s.apply(plan)
				var refused *client.KMSError
				steps, left := 4, 1
				if action == "CreateGrant" { // the wider one stays as long as the other is not there
					steps, left = 3, 2
				}
				if len(done) != steps || !errors.As(err, &refused) || !strings.Contains(err.Error(), strings.ReplaceAll(c.want, "ACTION", action)) {
					t.Errorf("%q, %v", done, err)
				}
				if done, err = s.apply(s.plan()); len(done) != left || err != nil {
					t.Errorf("the second time %q, %v", done, err)
				}
			})
		}
	}
}

func TestNothingIsDoneOnceTheContextEnds(t *testing.T) {
	s := toDo(t)
	plan := s.plan()
	for _, steps := range []int{2, 1} { // in the midst of making, then of removing
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		err := s.Apply(ctx, plan, func(client.KeyGrant, bool, error) {
			if n++; n == steps {
				cancel()
			}
		})
		if n != steps || !errors.Is(err, context.Canceled) {
			t.Errorf("%d steps, %v", n, err)
		}
		plan = s.plan()
		plan.Make = nil
		cancel()
	}
	if err := s.Apply(t.Context(), client.KeyPlan{}, nil); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
}

// TestOnlyWhatWasAgreedToIsDone: between a plan that is shown and the yes to it, the world may have changed.
func TestOnlyWhatWasAgreedToIsDone(t *testing.T) {
	s := toDo(t)
	agreed := s.plan()
	s.policies[s.demo.ID] = s.policies[s.demo.ID][1:]                                         // ann may nothing
	s.give(s.demo.ID, s.user("dan"), access.Read)                                             // dan was not there
	s.give(s.token.ID, s.user("eve"), access.Read)                                            // eve may after all
	s.granted(userARN("eve"), false, func(in *kms.CreateGrantInput) { in.Constraints = nil }) // of another grant nothing was said
	if _, err := s.apply(agreed.And(s.plan())); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"bob [Decrypt]", "cyd [Decrypt]", "eve [Decrypt]", "eve [Decrypt]"}, s.onKey()); diff != "" {
		t.Errorf("on the key (-want +got)\n%s", diff)
	}
}
