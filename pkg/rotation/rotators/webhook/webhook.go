package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 8 << 10

// Options say how requests are sent.
type Options struct {
	// Now is the time.
	Now func() time.Time
	// Loopback allows http to loopback addresses: for `strongroom local`. In AWS nothing of a user's listens there, but what the
	// worker itself is driven by.
	Loopback bool
	// Transport sends requests; nil for one that trusts the system's certificates.
	Transport http.RoundTripper
}

// A Rotator asks services to rotate.
type Rotator struct {
	now      func() time.Time
	loopback bool
	client   *http.Client
}

var _ rotators.Rotator = (*Rotator)(nil)

// New is the rotator of services that are asked by requests.
func New(o Options) *Rotator {
	return &Rotator{now: o.Now, loopback: o.Loopback, client: &http.Client{
		Transport:     o.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// A Request is the body of what a service is sent.
type Request struct {
	Type       string     `json:"type"`
	RotationID *uuid.UUID `json:"rotationId,omitempty"`
	SecretID   uuid.UUID  `json:"secretId"`
	Current    *string    `json:"current,omitempty"`
	Pending    *string    `json:"pending,omitempty"`
	Old        *string    `json:"old,omitempty"`
}

// The types of request.
const (
	TypeCheck  = "rotation.check"
	TypeSet    = "rotation.set"
	TypeTest   = "rotation.test"
	TypeUndo   = "rotation.undo"
	TypeRetire = "rotation.retire"
)

// Create makes a value by the settings' template.
func (*Rotator) Create(_ context.Context, t *rotators.Task) (rotators.Created, error) {
	settings, err := rotators.SettingsOf[*rotation.HTTPSettings](t)
	if err != nil {
		return rotators.Created{}, err
	}
	value, err := rotators.Fill(t.Current, settings.Field, settings.Template)
	return rotators.Created{Value: value}, err
}

// Set asks the service to make the pending value work.
func (r *Rotator) Set(ctx context.Context, t *rotators.Task) error {
	return r.ask(ctx, t, Request{Type: TypeSet, Current: &t.Current, Pending: t.Pending})
}

// Test asks it to try the pending value.
func (r *Rotator) Test(ctx context.Context, t *rotators.Task) error {
	return r.ask(ctx, t, Request{Type: TypeTest, Pending: t.Pending})
}

// Undo asks it to make the current value work again, and the pending one no more.
func (r *Rotator) Undo(ctx context.Context, t *rotators.Task) error {
	return r.ask(ctx, t, Request{Type: TypeUndo, Current: &t.Current, Pending: t.Pending})
}

// Retire asks it to make the old value not work, where it keeps old ones.
func (r *Rotator) Retire(ctx context.Context, t *rotators.Task) error {
	settings, err := rotators.SettingsOf[*rotation.HTTPSettings](t)
	if err != nil || !settings.KeepsOld || t.Old == nil {
		return err
	}
	return r.ask(ctx, t, Request{Type: TypeRetire, Current: &t.Current, Old: t.Old})
}

// Check asks it whether it could rotate.
func (r *Rotator) Check(ctx context.Context, t *rotators.Task) error {
	if _, err := r.Create(ctx, t); err != nil {
		return err
	}
	return r.ask(ctx, t, Request{Type: TypeCheck, Current: &t.Current})
}

// ask sends a request and takes its answer.
func (r *Rotator) ask(ctx context.Context, t *rotators.Task, body Request) error {
	settings, err := rotators.SettingsOf[*rotation.HTTPSettings](t)
	if err != nil {
		return err
	}
	key, err := signingKey(t.Further[settings.SigningSecretID])
	if err != nil {
		return err
	}
	if !r.loopback && !strings.HasPrefix(settings.URL, "https://") {
		return rotators.Wrong(nil, "the settings' url is http, which is for strongroom local alone; set an https one")
	}
	id := "check-" + uuid.NewString() // each is to be done
	if body.SecretID = t.Secret; body.Type != TypeCheck {
		body.RotationID = &t.Rotation
		id = body.Type + "-" + t.Rotation.String() + "-" + t.Attempt.String()
		id = strings.ReplaceAll(id, ".", "-") // dots join what is signed
	}
	text, err := json.Marshal(body)
	if err != nil {
		return rotators.Wrong(err, "a value is not valid UTF-8, and can't be sent as JSON")
	}
	ctx, cancel := context.WithTimeout(ctx, settings.RequestTimeout())
	defer cancel()
	return t.Outside(body.Type, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, settings.URL, bytes.NewReader(text))
		if err != nil {
			return rotators.Wrong(err, "the settings' url can't be asked")
		}
		sent := strconv.FormatInt(r.now().Unix(), 10)
		request.Header = http.Header{
			"Content-Type": {"application/json"}, "User-Agent": {"strongroom"}, "Webhook-Id": {id}, "Webhook-Timestamp": {sent},
			"Webhook-Signature": {sign(key, id, sent, text)},
		}
		answer, err := r.client.Do(request)
		if err != nil {
			return rotators.Failed(err, "the service %s", rotators.Network(err, "it needs one of an authority that the system of whoever asks trusts"))
		}
		defer func() { _ = answer.Body.Close() }() // what is read of it is
		return judge(t, answer)
	})
}

// judge says what an answer means.
func judge(t *rotators.Task, answer *http.Response) error {
	status := answer.StatusCode
	if status/100 == 2 {
		return nil
	}
	if status/100 == 3 {
		return rotators.Wrong(nil, "the service answers with a redirect (%d), and redirects are not followed; set the URL that it points to", status)
	}
	said := ""
	var body struct {
		Error string `json:"error"`
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err == nil && json.Unmarshal(text, &body) == nil && body.Error != "" {
		said = ": " + t.Said(body.Error)
	}
	switch {
	case status/100 == 5, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return rotators.Failed(errStatus, "the service answers %d%s", status, said)
	}
	return rotators.Wrong(errStatus, "the service refuses (%d)%s", status, said)
}

var errStatus = errors.New("a status that says no")
