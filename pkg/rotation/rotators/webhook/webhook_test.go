package webhook_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/rotatortest"
	"strongroom/pkg/rotation/rotators/webhook"
	"strongroom/pkg/rotation/worker/workertest"
)

const signingKey = "whsec_c2VjcmV0LWtleS1vZi10aGlydHktYnl0ZXMtb3I="

// A service is one that keeps values, as the package's comment asks it to.
type service struct {
	*httptest.Server
	verify *standardwebhooks.Webhook

	mu       sync.Mutex
	works    map[string]bool
	requests []webhook.Request
	ids      []string
	// answer, where not nil, answers in its place.
	answer http.HandlerFunc
	bad    error
}

func serve(t *testing.T, current string) *service {
	t.Helper()
	verify, err := standardwebhooks.NewWebhook(signingKey)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{verify: verify, works: map[string]bool{current: true}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = s.verify.Verify(body, r.Header)
	}
	var request webhook.Request
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		s.bad = errors.Join(errors.New("a bad request"), err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.requests, s.ids = append(s.requests, request), append(s.ids, r.Header.Get("Webhook-Id"))
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	switch request.Type {
	case webhook.TypeSet:
		s.works[*request.Pending] = true
	case webhook.TypeTest:
		if !s.works[*request.Pending] {
			w.WriteHeader(http.StatusConflict)
		}
	case webhook.TypeUndo:
		s.works[*request.Current] = true
		if request.Pending != nil {
			delete(s.works, *request.Pending)
		}
	case webhook.TypeRetire:
		delete(s.works, *request.Old)
	}
}

func (s *service) target(t *testing.T) *rotatortest.Target {
	t.Helper()
	key := uuid.New()
	settings, err := rotation.ParseSettings(rotation.HTTP, []byte(`{"url": "`+s.URL+`/rotate", "signingSecretId": "`+key.String()+`", "keepsOld": true}`))
	if err != nil {
		t.Fatal(err)
	}
	return &rotatortest.Target{
		Rotator: func() rotators.Rotator { return webhook.New(webhook.Options{Now: time.Now, Loopback: true}) },
		Secret:  uuid.New(), Settings: settings, Further: map[uuid.UUID]string{key: signingKey}, Current: "first",
		Works: func(_ testing.TB, value string) bool { s.mu.Lock(); defer s.mu.Unlock(); return s.works[value] },
	}
}

func (s *service) task(t *testing.T) *rotators.Task {
	t.Helper()
	target, pending, old := s.target(t), "pending-value", "old-value"
	return &rotators.Task{
		Secret: target.Secret, Rotation: uuid.New(), Settings: target.Settings, Further: target.Further, Current: "first", Pending: &pending, Old: &old,
	}
}

func rotator() *webhook.Rotator { return webhook.New(webhook.Options{Now: time.Now, Loopback: true}) }

func TestAServiceIsRotated(t *testing.T) {
	begin := func(t *testing.T) *rotatortest.Target { t.Helper(); return serve(t, "first").target(t) }
	rotatortest.Crashes(t, 6, 6, begin)
	workertest.Crashes(t, rotation.HTTP, 24, 18, begin)
	rotatortest.Twice(t, begin)
}

func TestEachStepIsOneSignedRequest(t *testing.T) {
	s := serve(t, "first")
	task := s.task(t)
	r := rotator()
	for _, step := range []func() error{
		func() error { return r.Set(t.Context(), task) }, func() error { return r.Set(t.Context(), task) },
		func() error { return r.Test(t.Context(), task) }, func() error { return r.Undo(t.Context(), task) },
		func() error { return r.Retire(t.Context(), task) }, func() error { return r.Check(t.Context(), task) },
		func() error { return r.Check(t.Context(), task) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if s.bad != nil {
		t.Error(s.bad)
	}
	id, current := &task.Rotation, &task.Current
	want := []webhook.Request{
		{Type: "rotation.set", RotationID: id, SecretID: task.Secret, Current: current, Pending: task.Pending},
		{Type: "rotation.set", RotationID: id, SecretID: task.Secret, Current: current, Pending: task.Pending},
		{Type: "rotation.test", RotationID: id, SecretID: task.Secret, Pending: task.Pending},
		{Type: "rotation.undo", RotationID: id, SecretID: task.Secret, Current: current, Pending: task.Pending},
		{Type: "rotation.retire", RotationID: id, SecretID: task.Secret, Current: current, Old: task.Old},
		{Type: "rotation.check", SecretID: task.Secret, Current: current},
		{Type: "rotation.check", SecretID: task.Secret, Current: current},
	}
	if diff := cmp.Diff(want, s.requests); diff != "" {
		t.Error(diff)
	}
	if s.ids[0] != s.ids[1] || s.ids[0] != "rotation-set-"+id.String()+"-"+uuid.Nil.String() {
		t.Errorf("a step done twice has the ids %q and %q", s.ids[0], s.ids[1])
	}
	seen := map[string]bool{}
	for _, id := range s.ids[1:] {
		if seen[id] || strings.Contains(id, ".") {
			t.Errorf("the id %q is another request's too, or has a dot", id)
		}
		seen[id] = true
	}
}

func TestAPlainSigningKeyIsItsBytes(t *testing.T) {
	const plain = "a key of more than twenty-four bytes"
	s := serve(t, "first")
	var err error
	if s.verify, err = standardwebhooks.NewWebhookRaw([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	task := s.task(t)
	for id := range task.Further {
		task.Further[id] = plain + "\n"
	}
	if err := rotator().Set(t.Context(), task); err != nil || s.bad != nil {
		t.Error(err, s.bad)
	}
}

func refused(t *testing.T, err error, permanent bool, words string) {
	t.Helper()
	var e *rotators.Error
	if !errors.As(err, &e) || e.Permanent != permanent || e.Reason != words {
		t.Errorf("the error is %v (permanent %t); want %q, %t", err, e != nil && e.Permanent, words, permanent)
	}
}

func TestSigningKeysThatAreNoneAreRefused(t *testing.T) {
	for key, words := range map[string]string{
		"":             "the signing key has 0 bytes; at least 24 are needed",
		"short":        "the signing key has 5 bytes; at least 24 are needed",
		"whsec_c2hvcg": `the signing key begins with "whsec_" and is not base64 after that`,
		"whsec_YWJj":   "the signing key has 3 bytes; at least 24 are needed",
	} {
		s := serve(t, "first")
		task := s.task(t)
		for id := range task.Further {
			task.Further[id] = key
		}
		refused(t, rotator().Set(t.Context(), task), true, words)
		if len(s.requests) != 0 {
			t.Error("a request was sent")
		}
	}
}

func TestAnswersSayWhatBecomesOfTheRotation(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		body      string
		permanent bool
		words     string
	}{
		"not now":           {503, `{"error": "the disk is full"}`, false, "the service answers 503: the disk is full"},
		"too often":         {429, `slow down`, false, "the service answers 429"},
		"its own time out":  {408, ``, false, "the service answers 408"},
		"no":                {422, `{"error": "no such user", "more": 1}`, true, "the service refuses (422): no such user"},
		"conflict":          {409, `{"error": 5}`, true, "the service refuses (409)"},
		"a value":           {400, `{"error": "can't set pending-value for app"}`, true, "the service refuses (400): can't set [value] for app"},
		"another text":      {400, `pending-value`, true, "the service refuses (400)"},
		"a long one":        {500, `{"error": "` + strings.Repeat("x", 300) + `"}`, false, "the service answers 500: " + strings.Repeat("x", 197) + "…"},
		"more than is read": {500, `{"error": "x", "more": "` + strings.Repeat("x", 1<<20) + `"}`, false, "the service answers 500"},
		"somewhere else":    {307, ``, true, "the service answers with a redirect (307), and redirects are not followed; set the URL that it points to"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "first")
			s.answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", s.URL+"/elsewhere")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}
			refused(t, rotator().Set(t.Context(), s.task(t)), c.permanent, c.words)
			if len(s.requests) != 1 {
				t.Errorf("%d requests were sent; want one", len(s.requests))
			}
		})
	}
}

func TestAServiceThatDoesNotAnswerIsNotWaitedForLong(t *testing.T) {
	s := serve(t, "first")
	s.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	task := s.task(t)
	settings, ok := task.Settings.(*rotation.HTTPSettings)
	if !ok {
		t.Fatal("other settings")
	}
	settings.Timeout = 1
	refused(t, rotator().Set(t.Context(), task), false, "the service did not answer in time; does the network let it be reached from here?")
}

func TestRequestsGoToServersThatCanBeTrustedAlone(t *testing.T) {
	s := serve(t, "first")
	task := s.task(t)
	deployed := webhook.New(webhook.Options{Now: time.Now})
	refused(t, deployed.Set(t.Context(), task), true, "the settings' url is http, which is for strongroom local alone; set an https one")
	unknown := httptest.NewTLSServer(s)
	defer unknown.Close()
	settings, ok := task.Settings.(*rotation.HTTPSettings)
	if !ok {
		t.Fatal("other settings")
	}
	settings.URL = unknown.URL
	refused(t, deployed.Set(t.Context(), task), false, "the service has a certificate that nobody who is trusted signed; it needs one of an authority that the system of whoever asks trusts")
	if len(s.requests) != 0 {
		t.Error("a request was sent")
	}
	trusting := webhook.New(webhook.Options{Now: time.Now, Transport: unknown.Client().Transport})
	if err := trusting.Set(t.Context(), task); err != nil {
		t.Error(err)
	}
}

func TestOldValuesAreRetiredWhereTheServiceKeepsThemAlone(t *testing.T) {
	s := serve(t, "first")
	task := s.task(t)
	settings, ok := task.Settings.(*rotation.HTTPSettings)
	if !ok {
		t.Fatal("other settings")
	}
	settings.KeepsOld = false
	if err := rotator().Retire(t.Context(), task); err != nil || len(s.requests) != 0 {
		t.Errorf("%d requests were sent: %v", len(s.requests), err)
	}
}
