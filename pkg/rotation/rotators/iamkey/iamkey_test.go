package iamkey_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/iamkey"
	"strongroom/pkg/rotation/rotators/iamkey/iamtest"
	"strongroom/pkg/rotation/rotators/rotatortest"
	"strongroom/pkg/rotation/worker/workertest"
)

const (
	firstID = "AKIAFIRSTFIRSTFIRST1"
	first   = `{"region": "eu-central-1", "accessKeyId": "AKIAFIRSTFIRSTFIRST1", "secretAccessKey": "first/secret"}`
)

func accessKey(id, secret, status string, made time.Time) *iamtest.AccessKey {
	return &iamtest.AccessKey{ID: id, Secret: secret, Status: status, Made: made}
}

// A subject is a user with a key, and the secret that has it.
type subject struct {
	*iamtest.Account
	*rotatortest.Target
	user  *iamtest.User
	slept time.Duration
}

func begin(t *testing.T, old string) *subject {
	t.Helper()
	s := &subject{Account: iamtest.New(t)}
	secret := uuid.New()
	s.user = &iamtest.User{Path: "/apps/", Tags: map[string]string{"strongroom:secret": secret.String(), "team": "x"}, Keys: []*iamtest.AccessKey{accessKey(firstID, "first/secret", "Active", time.Now().Add(-time.Hour))}}
	s.Users["app"] = s.user
	settings, err := rotation.ParseSettings(rotation.IAMAccessKey, []byte(`{"userName": "app", "old": "`+old+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	s.Target = &rotatortest.Target{
		Secret: secret, Settings: settings, Current: first, Works: s.works,
		Rotator: func() rotators.Rotator {
			return iamkey.New(iamkey.Options{Config: s.Config(), Now: time.Now, Sleep: func(_ context.Context, d time.Duration) error { s.slept += d; return nil }})
		},
		Settled: func(t testing.TB, values ...string) {
			t.Helper()
			var active []string
			for _, k := range s.user.Keys {
				if k.Status == "Active" {
					active = append(active, k.ID)
				}
			}
			if len(active) != len(values) {
				t.Errorf("the user has the keys %q; want those of %d values alone", active, len(values))
			}
		},
	}
	return s
}

func (s *subject) works(_ testing.TB, value string) bool {
	s.Lock()
	defer s.Unlock()
	id, _ := rotators.Member(value, "accessKeyId")
	secret, _ := rotators.Member(value, "secretAccessKey")
	u, _, k := s.Key(id)
	return u == s.user && k.Secret == secret && k.Status == "Active"
}

func (s *subject) task() *rotators.Task {
	return &rotators.Task{
		Secret: s.Secret, Rotation: uuid.New(), Settings: s.Settings, Current: s.Current,
		SaveNote: func(context.Context, string) error { return nil },
	}
}

func TestAccessKeysAreRotated(t *testing.T) {
	for _, old := range []string{rotation.OldDelete, rotation.OldDeactivate} {
		t.Run(old, func(t *testing.T) {
			begins := func(t *testing.T) *rotatortest.Target { t.Helper(); return begin(t, old).Target }
			rotatortest.Crashes(t, 6, 6, begins)
			workertest.Crashes(t, rotation.IAMAccessKey, 26, 20, begins)
			rotatortest.Twice(t, begins)
			s := begin(t, old)
			last := rotatortest.Again(t, 3, s.Target)
			if !strings.HasPrefix(last, `{"region": "eu-central-1", "accessKeyId": "AKIANEW`) {
				t.Errorf("the value lost a member: %s", last)
			}
			if n := len(s.user.Keys); n != map[string]int{rotation.OldDelete: 1, rotation.OldDeactivate: 2}[old] {
				t.Errorf("the user has %d keys", n)
			}
		})
	}
}

func TestThePublicIDIsTheKeysID(t *testing.T) {
	s := begin(t, "delete")
	created, err := s.Rotator().Create(t.Context(), s.task())
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := rotators.Member(created.Value, "accessKeyId"); id != created.PublicID || id == firstID {
		t.Errorf("the public id is %q, the key's %q", created.PublicID, id)
	}
}

func TestTheNoteIsWrittenBeforeAKeyIsMade(t *testing.T) {
	s := begin(t, "delete")
	task := s.task()
	task.SaveNote = func(context.Context, string) error { return errors.New("no") }
	refused(t, second(s.Rotator().Create(t.Context(), task)), false, "could not be written down")
	if len(s.user.Keys) != 1 {
		t.Error("a key was made")
	}
}

func TestANewKeyIsWaitedFor(t *testing.T) {
	s := begin(t, "delete")
	s.Late = 3
	rotatortest.Again(t, 1, s.Target)
	if s.slept != 2*time.Second+4*time.Second+8*time.Second {
		t.Errorf("it was waited for %s", s.slept)
	}
	s = begin(t, "delete")
	s.Late = 1000
	task := s.task()
	created, err := s.Rotator().Create(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	task.Pending = &created.Value
	refused(t, s.Rotator().Test(t.Context(), task), false, "AWS does not know the access key")
	if s.slept < 30*time.Second || s.slept > iamkey.Patience {
		t.Errorf("it was waited for %s", s.slept)
	}
}

func second[T any](_ T, err error) error { return err }

func refused(t *testing.T, err error, permanent bool, words string) {
	t.Helper()
	var e *rotators.Error
	if !errors.As(err, &e) || e.Permanent != permanent || !strings.Contains(e.Reason, words) {
		t.Fatalf("the error is %v (%v); want %q, permanent %t", err, errors.Unwrap(err), words, permanent)
	}
	if strings.Contains(e.Reason, "/secret") || len(e.Reason) > api.MaxRotationFailure {
		t.Errorf("the reason %q holds a secret, or is too long", e.Reason)
	}
}

func TestUsersWhoAreNotTheSecretsAreLeftAlone(t *testing.T) {
	for name, tags := range map[string]map[string]string{"no tag": {}, "another secret's": {"strongroom:secret": uuid.NewString()}} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, "delete")
			s.user.Tags = tags
			old, pending := strings.ReplaceAll(first, "FIRST1", "OTHER1"), strings.ReplaceAll(first, "FIRST1", "OTHER2")
			task := s.task()
			task.Old, task.Pending = &old, &pending
			for step, err := range map[string]error{
				"create": second(s.Rotator().Create(t.Context(), task)), "undo": s.Rotator().Undo(t.Context(), task),
				"retire": s.Rotator().Retire(t.Context(), task), "check": s.Rotator().Check(t.Context(), task),
			} {
				t.Log(step)
				refused(t, err, true, "does not say that its keys are this secret's; tag it: aws iam tag-user --user-name app")
			}
			for _, action := range s.Asked {
				if action != "ListUserTags" {
					t.Errorf("it was asked for %s", action)
				}
			}
		})
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(s *subject, task *rotators.Task)
		permanent bool
		words     string
	}{
		"a second key": {func(s *subject, _ *rotators.Task) {
			s.user.Keys = append(s.user.Keys, accessKey("AKIATWO", "x", "Active", time.Now()))
		}, true, "has a second access key, AKIATWO, and IAM allows two"},
		"an inactive one": {func(s *subject, _ *rotators.Task) {
			s.user.Keys = append(s.user.Keys, accessKey("AKIATWO", "x", "Inactive", time.Now()))
		}, true, "has a second access key, AKIATWO"},
		"another's key":  {func(_ *subject, task *rotators.Task) { task.Current = strings.ReplaceAll(first, "FIRST1", "OTHER1") }, true, "is none of the IAM user"},
		"no key":         {func(_ *subject, task *rotators.Task) { task.Current = "password" }, true, "must be a JSON object with an access key"},
		"no user":        {func(s *subject, _ *rotators.Task) { delete(s.Users, "app") }, true, "there is no such IAM user"},
		"not allowed":    {func(s *subject, _ *rotators.Task) { s.Fail["CreateAccessKey"] = "AccessDenied" }, true, "may not do iam:CreateAccessKey"},
		"too often":      {func(s *subject, _ *rotators.Task) { s.Fail["ListAccessKeys"] = "Throttling" }, false, "could not do iam:ListAccessKeys just now"},
		"the limit":      {func(s *subject, _ *rotators.Task) { s.Fail["CreateAccessKey"] = "LimitExceeded" }, false, "as many as IAM allows"},
		"something else": {func(s *subject, _ *rotators.Task) { s.Fail["CreateAccessKey"] = "NewSecret" }, false, "AWS refuses iam:CreateAccessKey"},
		"nobody there":   {func(s *subject, _ *rotators.Task) { s.URL = "http://127.0.0.1:1" }, false, "AWS, asked for iam:ListUserTags, refuses connections"},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t, "delete")
			task := s.task()
			c.change(s, task)
			refused(t, second(s.Rotator().Create(t.Context(), task)), c.permanent, c.words)
		})
	}
}

func TestCheckAsksWhoTheKeyIsOf(t *testing.T) {
	s := begin(t, "delete")
	if err := s.Rotator().Check(t.Context(), s.task()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ListUserTags", "ListUserTags", "ListAccessKeys", "GetCallerIdentity"}, s.Asked); diff != "" {
		t.Error(diff)
	}
	s.user.Keys[0].Secret = "another/secret"
	refused(t, s.Rotator().Check(t.Context(), s.task()), false, "the access key's secret is another one")
	s = begin(t, "delete")
	pending := `{"accessKeyId": "AKIAWORKERWORKERWORK", "secretAccessKey": "the-workers-secret"}`
	task := s.task()
	task.Pending = &pending
	refused(t, s.Rotator().Test(t.Context(), task), true, `not one of the IAM user "app"`)
}

// The old value may be of a key that is long gone, or the current one's own.
func TestRetireTouchesTheOldKeyAlone(t *testing.T) {
	s := begin(t, "delete")
	for _, old := range []string{first, strings.ReplaceAll(first, "FIRST1", "OTHER1")} {
		task := s.task()
		task.Old = &old
		if err := s.Rotator().Retire(t.Context(), task); err != nil || !s.works(t, first) {
			t.Errorf("the current key works no more: %v", err)
		}
	}
	if slices.Contains(s.Asked, "DeleteAccessKey") {
		t.Error("a key was deleted")
	}
}

func TestAKeyThatSomebodyMadeByHandIsNotTakenForAWorkers(t *testing.T) {
	for made, deleted := range map[time.Duration]bool{time.Minute: true, 20 * time.Minute: false} {
		s := begin(t, "delete")
		s.user.Keys = append(s.user.Keys, accessKey("AKIATWO", "x", "Active", time.Now().Add(-time.Hour+made)))
		task := s.task()
		task.Note = "iam-access-keys " + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) + " " + firstID
		err := s.Rotator().Undo(t.Context(), task)
		if err != nil || slices.Contains(s.Asked, "DeleteAccessKey") != deleted {
			t.Errorf("made %s after the note: %v, it was asked for %q", made, err, s.Asked)
		}
	}
}
