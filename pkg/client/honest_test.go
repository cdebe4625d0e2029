package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
)

// hold has the first request that matches wait: its answer is of before, and goes out when the test says.
func (s *stage) hold(match func(*http.Request) bool, answer func(body []byte) any) (entered, goOn chan bool) {
	entered, goOn = make(chan bool), make(chan bool)
	first := true
	s.twist = func(r *http.Request, body []byte) any {
		if !match(r) || !first {
			return nil
		}
		first = false
		a := answer(body)
		s.mutex.Unlock()
		entered <- true
		<-goOn
		s.mutex.Lock()
		return a
	}
	return entered, goOn
}

// ofDemo matches get-project.
func (s *stage) ofDemo(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/projects/"+s.demo.ID.String()
}

// rotate gives demo another key.
func (s *stage) rotate() api.ProjectKey {
	before, fresh := (*s.demo.Keys)[0], s.kms.projectKey(ourKey, ourOrganization, s.demo.ID)
	s.demo.Keys = &[]api.ProjectKey{{ID: before.ID, Wrapped: before.Wrapped}, fresh}
	return fresh
}

// An answer that was under way while somebody else saw a newer key says nothing against the server.
func TestAnAnswerUnderWayIsNoReturnToAnOldKey(t *testing.T) {
	s, _ := newStage(t)
	seen := client.NewMemorySeen()
	a, b := s.remembering(seen), s.remembering(seen)
	old := *s.demo
	entered, goOn := s.hold(s.ofDemo, func([]byte) any { return old })
	done := make(chan error)
	go func() {
		_, err := a.Create(t.Context(), client.NewSecret{Project: "demo", Name: "NEW", Value: client.NewValue("x")})
		done <- err
	}()
	<-entered
	s.mutex.Lock()
	s.rotate()
	s.mutex.Unlock()
	set(t, b, "demo/OTHER", "y")
	goOn <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Two people who add a key at the same time both succeed, though the first one's answer comes last.
func TestTwoKeysAddedAtTheSameTime(t *testing.T) {
	s, _ := newStage(t)
	seen := client.NewMemorySeen()
	a, b := s.remembering(seen), s.remembering(seen)
	isAdd := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/keys") }
	add := func(body []byte) any {
		var in api.NewProjectKey
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		var keys []api.ProjectKey
		for _, k := range *s.demo.Keys {
			keys = append(keys, api.ProjectKey{ID: k.ID, Wrapped: k.Wrapped})
		}
		keys = append(keys, api.ProjectKey{ID: in.ID, Wrapped: in.Wrapped, Current: true})
		s.demo.Keys = &keys
		return api.AddedProjectKey{Project: *s.demo}
	}
	entered, goOn := s.hold(isAdd, add)
	held, adds := s.twist, 0
	s.twist = func(r *http.Request, body []byte) any {
		if isAdd(r) {
			if adds++; adds == 2 {
				return add(body)
			}
		}
		return held(r, body)
	}
	done := make(chan error)
	go func() { _, err := a.AddProjectKey(t.Context(), "demo"); done <- err }()
	<-entered
	if _, err := b.AddProjectKey(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	goOn <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Whether a value is under an old key is looked at anew: somebody else may have added one.
func TestReencryptSeesAKeyThatSomebodyElseAdded(t *testing.T) {
	s, c := newStage(t)
	s.rotate()
	if done, err := c.Reencrypt(t.Context(), "demo", s.token.ID); err != nil || !done {
		t.Errorf("%t, %v", done, err)
	}
}

// Nobody waits longer than their context for a key that somebody else is asking for.
func TestADeadlineCountsWhileSomebodyElseAsks(t *testing.T) {
	s, _ := newStage(t)
	c := s.anew()
	entered, goOn := s.hold(s.ofDemo, func([]byte) any { return nil })
	done := make(chan error)
	make := func(ctx context.Context, name string) error {
		_, err := c.Create(ctx, client.NewSecret{Project: "demo", Name: name, Value: client.NewValue("x")})
		return err
	}
	go func() { done <- make(t.Context(), "FIRST") }()
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := make(ctx, "SECOND"); !errors.Is(err, context.DeadlineExceeded) { // or it waits for goOn for ever
		t.Errorf("%v", err)
	}
	goOn <- true
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// An answer that is none is not kept: the next one counts.
func TestAStrangeAnswerIsForgotten(t *testing.T) {
	s, _ := newStage(t)
	c := s.client(s.kms, nil)
	first := true
	s.twist = func(r *http.Request, _ []byte) any {
		if !first || r.URL.Path != "/me" {
			return nil
		}
		first = false
		return struct{}{}
	}
	if err := get(c, "demo/TOKEN")(t); !errors.As(err, new(*client.NoAnswerError)) {
		t.Errorf("%v", err)
	}
	if err := get(c, "demo/TOKEN")(t); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A list may be gone through again, and by several at the same time.
func TestAListIsGoneThroughTwice(t *testing.T) {
	s, c := newStage(t)
	s.twist = func(r *http.Request, _ []byte) any {
		if r.URL.Query().Get("continuationToken") == "" {
			return api.List[api.Project]{Data: []api.Project{{Name: "one"}}, ContinuationToken: "t"}
		}
		return api.List[api.Project]{Data: []api.Project{{Name: "two"}}}
	}
	projects := c.Projects(t.Context())
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			names := ""
			for p, err := range projects {
				if err != nil {
					t.Error(err)
				}
				names += p.Name
			}
			if names != "onetwo" {
				t.Errorf("got %s", names)
			}
		})
	}
	group.Wait()
}

// A list without an end, or with more entries than an answer holds, is given up.
func TestListsHaveAnEnd(t *testing.T) {
	for name, answer := range map[string]any{
		"the same page again": api.List[api.Project]{ContinuationToken: "same"},
		"too many entries":    raw{http.StatusOK, nil, `{"data":[` + strings.Repeat("{},", 100_000) + `{}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := newStage(t)
			asked := 0
			s.twist = func(*http.Request, []byte) any { asked++; return answer }
			for p, err := range c.Projects(t.Context()) {
				if !errors.As(err, new(*client.NoAnswerError)) {
					t.Fatalf("%v, %v", p, err)
				}
			}
			if asked > 2 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

// A secret that GetAll read can't be changed over somebody else's change; it has to be read with its ETag.
func TestUpdateFromNeedsAnETag(t *testing.T) {
	s, c := newStage(t)
	all, err := c.GetAll(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	s.record()
	mine := client.NewValue("mine")
	if _, err := c.UpdateFrom(t.Context(), all[0], client.Change{Value: &mine}); !errors.As(err, new(*client.SetupError)) {
		t.Errorf("%v", err)
	}
	if _, changes := s.record(); changes != 0 {
		t.Error("something was sent")
	}
}

// What JSON would change, and names that could not be used again, are refused before anything is sent.
func TestTextsThatCantBeSent(t *testing.T) {
	s, c := newStage(t)
	bad, pinned := "N\xff", "other"
	delete(s.projects, s.other.ID)
	for name, act := range map[string]func() error{
		"a name": func() error {
			_, err := c.Create(t.Context(), client.NewSecret{Project: "plain", Name: bad})
			return err
		},
		"a note": func() error {
			_, err := c.Create(t.Context(), client.NewSecret{Project: "plain", Name: "N", Note: bad})
			return err
		},
		"a changed name": func() error { _, err := c.Update(t.Context(), "demo/TOKEN", client.Change{Name: &bad}); return err },
		"a project's name": func() error {
			_, err := c.CreateProject(t.Context(), uuid.NewString(), api.EncryptionServer)
			return err
		},
		"a pinned name":      func() error { _, err := c.CreateProject(t.Context(), pinned, api.EncryptionServer); return err },
		"the id of zeros":    func() error { _, err := c.Get(t.Context(), uuid.Nil.String()); return err },
		"every now and then": func() error { return first(c.Watch(t.Context(), "demo/TOKEN", 0)) },
	} {
		if err := act(); !errors.As(err, new(*client.SetupError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, changes := s.record(); changes != 0 {
		t.Error("something was sent")
	}
}

// first is the error that a sequence begins with.
func first[T any](all iter.Seq2[T, error]) (err error) {
	all(func(_ T, e error) bool { err = e; return false })
	return err
}

// Who gives up while others are always first is told that, and not only who was first.
func TestGivingUpARace(t *testing.T) {
	s, c := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.twist = func(r *http.Request, _ []byte) any {
		if r.Method == http.MethodPut {
			return status{code: api.CodePreconditionFailed, message: "it has changed since"}
		}
		return nil
	}
	client.SetPause(c, func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() })
	if _, err := c.Set(ctx, "demo/TOKEN", client.NewValue("z")); !errors.Is(err, context.Canceled) || !errors.Is(err, client.ErrPreconditionFailed) {
		t.Error(err)
	}
}

// A server's text can't move a terminal's cursor.
func TestErrorsHoldNoEscapes(t *testing.T) {
	s, c := newStage(t)
	s.twist = func(*http.Request, []byte) any {
		return status{code: api.CodeForbidden, message: "\x1b]0;owned\a\x1b[2J fine"}
	}
	err := get(c, "demo/TOKEN")(t)
	s.instead(func(x *api.Secret) { x.Encryption = "\x1b[2J" })
	if text := err.Error() + get(c, "demo/TOKEN")(t).Error(); strings.ContainsAny(text, "\x1b\a") {
		t.Errorf("%q", text)
	}
}

// A repeated create is the same one, though the ciphertext is another.
func TestCreatingTheSameAgain(t *testing.T) {
	c := real(t, "owner")
	for name, project := range map[string]string{"client": fresh(t, c, "twice"), "server": freshServer(t, c, "twice in clear")} {
		in := client.NewSecret{Project: project, Name: "A", Value: client.NewValue("v"), ID: uuid.Must(uuid.NewV7())}
		for range 2 {
			if _, err := c.Create(t.Context(), in); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		in.Value = client.NewValue("another")
		if _, err := c.Create(t.Context(), in); !errors.Is(err, client.ErrConflict) {
			t.Errorf("%s, with another value: %v", name, err)
		}
	}
}

// flaky is KMS that can't be reached at first.
type flaky struct {
	*fakeKMS
	fail int
}

func (f *flaky) Decrypt(ctx context.Context, in *kms.DecryptInput, options ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	if f.fail > 0 {
		f.fail--
		return nil, errors.New("connection reset")
	}
	return f.fakeKMS.Decrypt(ctx, in, options...)
}

// Watch waits out what passes, a KMS that can't be reached too.
func TestWatchWaitsForKMS(t *testing.T) {
	s, _ := newStage(t)
	c := s.client(&flaky{s.kms, 2}, &config.Memory{Known: s.pins()})
	client.SetPause(c, func(context.Context, time.Duration) error { return nil })
	if err := first(c.Watch(t.Context(), "demo/TOKEN", time.Second)); err != nil {
		t.Error(err)
	}
}
