package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/operation"
)

// impatient is a client whose pauses take no time, and what they would have been.
func impatient(d *double) (*client.Client, *[]time.Duration) {
	c := d.client(newFakeKMS(), &config.Memory{Known: config.Pins{Organization: ourOrganization, ClientKey: ourKey}})
	var pauses []time.Duration
	client.SetPause(c, func(ctx context.Context, wait time.Duration) error {
		pauses = append(pauses, wait)
		return ctx.Err()
	})
	return c, &pauses
}

// failing answers something before it answers honestly.
func failing(answers ...any) func(*http.Request, []byte) any {
	return func(*http.Request, []byte) any {
		if len(answers) == 0 {
			return nil
		}
		first := answers[0]
		answers = answers[1:]
		return first
	}
}

func TestWhatPassesIsSentAgain(t *testing.T) {
	throttled := raw{http.StatusTooManyRequests, http.Header{"Retry-After": {"7"}}, `{"message":"Too Many Requests"}`}
	unavailable := status{code: api.CodeUnavailable, message: "not now"}
	for name, test := range map[string]struct {
		answers []any
		sent    int
		want    error
	}{
		"at once":                 {nil, 1, nil},
		"throttled":               {[]any{throttled}, 2, nil},
		"throttled by Strongroom": {[]any{status{code: api.CodeThrottled, message: "slowly"}}, 2, nil},
		"unavailable":             {[]any{unavailable, unavailable, unavailable}, 4, nil},
		"bad gateway":             {[]any{raw{502, nil, ""}, raw{504, nil, ""}}, 3, nil},
		"unavailable for good":    {[]any{unavailable, unavailable, unavailable, unavailable, unavailable, unavailable}, client.MaxAttempts, client.ErrUnavailable},
		"invalid":                 {[]any{status{code: api.CodeInvalid, message: "no"}}, 1, client.ErrInvalid},
		"forbidden":               {[]any{status{code: api.CodeForbidden, message: "no"}}, 1, client.ErrForbidden},
		"not found":               {[]any{status{code: api.CodeNotFound, message: "no"}}, 1, client.ErrNotFound},
		"a fault":                 {[]any{status{code: api.CodeInternal, message: "oh"}}, 1, client.ErrInternal},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			c, pauses := impatient(d)
			d.twist = failing(test.answers...)
			_, err := c.Whoami(t.Context())
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if sent := len(d.sent); sent != test.sent || len(*pauses) != sent-1 {
				t.Errorf("sent %d times with %d pauses, want %d", sent, len(*pauses), test.sent)
			}
			if name == "throttled" && (*pauses)[0] < 7*time.Second {
				t.Errorf("waited %s, though asked for 7 s", (*pauses)[0])
			}
		})
	}
}

// A connection that breaks is no answer, and tried again with the same bytes.
func TestALostConnectionIsTriedAgain(t *testing.T) {
	d := newDouble(t)
	lost := 0
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			if lost < 2 {
				lost++
				in.Close()
				continue
			}
			go forward(in, d.Listener.Addr().String())
		}
	}()
	c, pauses := impatientAt(t, "http://"+listener.Addr().String())
	if _, err := c.Whoami(t.Context()); err != nil || len(*pauses) != 2 {
		t.Errorf("%v after %d pauses", err, len(*pauses))
	}
}

func forward(in net.Conn, to string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(out, in) }()
	_, _ = io.Copy(in, out)
}

func impatientAt(t *testing.T, url string) (*client.Client, *[]time.Duration) {
	t.Helper()
	c, err := client.New(client.Config{URL: url, AWS: aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "not-a-real-one", ""),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var pauses []time.Duration
	client.SetPause(c, func(ctx context.Context, wait time.Duration) error {
		pauses = append(pauses, wait)
		return ctx.Err()
	})
	return c, &pauses
}

// A context that ends ends the attempts, and is what errors.Is finds, beside the answer that was had.
func TestTheContextEndsIt(t *testing.T) {
	d := newDouble(t)
	c := d.client(newFakeKMS(), nil)
	d.twist = func(*http.Request, []byte) any { return status{code: api.CodeUnavailable, message: "never"} }
	ctx, cancel := context.WithCancel(t.Context())
	client.SetPause(c, func(context.Context, time.Duration) error { cancel(); return ctx.Err() })
	if _, err := c.Whoami(ctx); !errors.Is(err, context.Canceled) || !errors.Is(err, client.ErrUnavailable) {
		t.Errorf("cancelled: %v", err)
	}
	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.client(newFakeKMS(), nil).Whoami(late); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("too late: %v", err)
	}
}

func TestWhatIsNotStrongroomIsSaidSo(t *testing.T) {
	for name, test := range map[string]struct {
		answer raw
		says   string
	}{
		"a refused signature": {raw{403, nil, `{"message":"Forbidden"}`}, "the signature was refused"},
		"no such route":       {raw{404, nil, `{"message":"Not Found"}`}, "no such route"},
		"a page":              {raw{200, nil, "<html>secret-text"}, "not what Strongroom answers"},
		"an odd status":       {raw{418, nil, "secret-text"}, "status 418"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDouble(t)
			c, _ := impatient(d)
			d.twist = func(*http.Request, []byte) any { return test.answer }
			_, err := c.Whoami(t.Context())
			var strange *client.NoAnswerError
			if !errors.As(err, &strange) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "secret-text") {
				t.Errorf("%v", err)
			}
		})
	}
}

// The errors that programs tell apart are the API's table, no more and no less.
func TestErrorsAreTheAPIsTable(t *testing.T) {
	sentinels := []error{
		client.ErrInvalid, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrPreconditionFailed,
		client.ErrTooLarge, client.ErrThrottled, client.ErrInternal, client.ErrUnavailable,
	}
	if len(sentinels) != len(api.Statuses) {
		t.Errorf("%d sentinels for %d codes", len(sentinels), len(api.Statuses))
	}
	for code, status := range api.Statuses {
		err := fmt.Errorf("around: %w", &client.Error{Operation: operation.Whoami, Status: status, API: *api.Errorf(code, "message")})
		matched := 0
		for _, sentinel := range sentinels {
			if errors.Is(err, sentinel) {
				matched++
				if sentinel.Error() != string(code) {
					t.Errorf("%s is %v", code, sentinel)
				}
			}
		}
		if matched != 1 {
			t.Errorf("%s matches %d sentinels", code, matched)
		}
	}
}

// A name that would lead to another route is refused before anything is sent.
func TestPathsStayWhereTheyAre(t *testing.T) {
	d := newDouble(t)
	c := d.client(newFakeKMS(), nil)
	for _, id := range []string{"", ".", "..", "a/b"} {
		_, err := c.Do(t.Context(), client.Request{Operation: operation.GetSecret, Path: map[string]string{"secretId": id}})
		var setup *client.SetupError
		if !errors.As(err, &setup) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := c.Do(t.Context(), client.Request{Operation: operation.CreateOrganization}); err == nil {
		t.Error("an operation without a route was sent")
	}
	if len(d.sent) != 0 {
		t.Errorf("sent: %v", d.sent)
	}
}
