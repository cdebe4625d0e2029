package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

const (
	// signedFor is API Gateway's name as a service
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html).
	signedFor = "execute-api"
	// maxAnswer is more than any answer has, in bytes: a function of AWS Lambda answers at most 6 MB.
	maxAnswer = 7 << 20
	// MaxAttempts is how often one request is sent at most.
	MaxAttempts = 6
	// firstPause is the longest pause after the first attempt.
	firstPause = 200 * time.Millisecond
	// maxPause is the longest pause between two attempts, but where Retry-After asks for a longer one.
	maxPause = 5 * time.Second
	// maxRetryAfter is how long Retry-After is obeyed; a longer one ends the attempts.
	maxRetryAfter = 30 * time.Second
)

// jitter is a pause of any length up to one that doubles with each attempt: callers that failed together come back apart
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
func jitter(attempt int, first, most time.Duration) time.Duration {
	return rand.N(min(most, first<<min(attempt, 20)) + 1) //nolint:gosec // nothing secret hangs on it
}

// A Request is a call of one operation of the HTTP API, as the operation table knows it.
type Request struct {
	Operation operation.Name
	// Path has the parameters in the path; organizationId is the pinned one where it is left out.
	Path map[string]string
	// Query has those behind it.
	Query url.Values
	// Header has further headers, such as If-Match.
	Header http.Header
	// Body is JSON; nil where the operation takes none.
	Body []byte
	// Once sends it once, whatever happens.
	Once bool
}

// A Response is a success: its status (2xx, or 304), headers and body.
type Response struct {
	*http.Response
	Body []byte
}

// Do calls an operation and answers what it answered. It is what everything else here stands on: it signs, repeats and
// tells errors apart, and decrypts nothing. Errors are an Error, a NoAnswerError, a SetupError or the context's.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	row, ok := operation.Lookup(r.Operation)
	route, http := row.Trigger.(operation.HTTP)
	if !ok || !http {
		return nil, setupf("no operation with a route is called %q", r.Operation)
	}
	address, err := c.address(ctx, route, r)
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		response, err := c.send(ctx, route.Method, address, r)
		wait, again := c.again(response, err, attempt)
		if !again || r.Once || ctx.Err() != nil {
			return response, contextFirst(ctx, err)
		}
		if c.pause(ctx, wait) != nil {
			return nil, contextFirst(ctx, err)
		}
	}
}

// contextFirst is err, and the context's error with it where that has ended.
func contextFirst(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// again says whether to send once more, and after how long.
func (c *Client) again(r *Response, err error, attempt int) (time.Duration, bool) {
	if err == nil || attempt+1 >= MaxAttempts {
		return 0, false
	}
	if r == nil { // no answer at all
		var lost *NoAnswerError
		if !errors.As(err, &lost) {
			return 0, false
		}
	} else if !slices.Contains([]int{
		http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, r.StatusCode) {
		return 0, false
	}
	wait := jitter(attempt, firstPause, maxPause)
	if r != nil {
		if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil {
			asked := time.Duration(seconds) * time.Second
			return max(wait, asked), asked <= maxRetryAfter
		}
	}
	return wait, true
}

// address is where a request goes.
func (c *Client) address(ctx context.Context, route operation.HTTP, r Request) (*url.URL, error) {
	segments := strings.Split(strings.TrimPrefix(route.Path, "/"), "/")
	for i, segment := range segments {
		name, ok := strings.CutPrefix(segment, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		value := r.Path[name]
		if value == "" && name == "organizationId" {
			me, err := c.identity(ctx)
			if err != nil {
				return nil, err
			}
			value = me.organization.String()
		}
		if value == "" || value == "." || value == ".." || strings.Contains(value, "/") { // would be another route
			return nil, setupf("%s can't be %q", name, value)
		}
		segments[i] = url.PathEscape(value)
	}
	address := c.base.JoinPath(segments...)
	address.RawQuery = r.Query.Encode()
	return address, nil
}

// send signs a request and sends it once. An answer that is no success is both: the response, and the error that it is.
func (c *Client) send(ctx context.Context, method string, address *url.URL, r Request) (*Response, error) {
	signed, err := c.sign(ctx, method, address, r)
	if err != nil {
		return nil, err
	}
	got, err := c.http.Do(signed)
	if err != nil {
		err = withoutURL(err)
		return nil, &NoAnswerError{
			Operation: r.Operation, Sent: true, Err: err,
			Reason: fmt.Sprintf("%s can't be reached: %s; is it running, and is the URL right?", c.base, err),
		}
	}
	defer got.Body.Close() //nolint:errcheck // only read
	c.keepTime(got.Header)
	body, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("it is longer than %d bytes, which no answer of Strongroom's is", maxAnswer)
	}
	if err != nil {
		err = withoutURL(err)
		return nil, &NoAnswerError{
			Operation: r.Operation, Sent: true, Err: err,
			Reason: fmt.Sprintf("the answer broke off: %s; a change may have been made all the same", err),
		}
	}
	response := &Response{Response: got, Body: body}
	return response, response.failure(r.Operation)
}

func (c *Client) sign(ctx context.Context, method string, address *url.URL, r Request) (*http.Request, error) {
	signed, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, &SetupError{err}
	}
	if r.Header != nil {
		signed.Header = r.Header.Clone()
	}
	if r.Body != nil {
		signed.Header.Set("Content-Type", "application/json")
	}
	signed.Header.Set("User-Agent", c.config.UserAgent)
	if c.config.AWS.Credentials == nil {
		return nil, setupf("no AWS credentials are set; set AWS_PROFILE, or sign in with `aws sso login`")
	}
	credentials, err := c.config.AWS.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, setupf("no AWS credentials: %w; set AWS_PROFILE, or sign in with `aws sso login`", err)
	}
	hash := sha256.Sum256(r.Body)
	err = v4.NewSigner().SignHTTP(ctx, credentials, signed, hex.EncodeToString(hash[:]), signedFor, c.config.AWS.Region, c.now())
	if err != nil {
		return nil, &SetupError{err}
	}
	return signed, nil
}

// failure is the error that the answer is, or nil.
func (r *Response) failure(name operation.Name) error {
	if r.StatusCode/100 == 2 || r.StatusCode == http.StatusNotModified {
		return nil
	}
	var ours api.ErrorBody
	if json.Unmarshal(r.Body, &ours) == nil && ours.Error.Code != "" {
		ours.Error.Message, ours.Error.RequestID = printable(ours.Error.Message), printable(ours.Error.RequestID)
		for i, d := range ours.Error.Details {
			ours.Error.Details[i] = api.Detail{Field: printable(d.Field), Message: printable(d.Message)}
		}
		return &Error{Operation: name, Status: r.StatusCode, API: ours.Error}
	}
	strange := &NoAnswerError{Operation: name}
	switch r.StatusCode {
	case http.StatusForbidden:
		strange.Reason = "the signature was refused; check AWS_PROFILE, AWS_REGION and this machine's clock"
	case http.StatusNotFound:
		strange.Reason = "no such route there; check the URL, and that both ends have the same version"
	default:
		strange.Reason = fmt.Sprintf("answered with status %d, not as Strongroom does; check the URL", r.StatusCode)
		strange.Sent = true
	}
	return strange
}

// printable is a server's text without characters that a terminal would obey.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// call calls an operation whose answer is JSON of type T, with a body of any type that encodes; nil is none.
func call[T any](ctx context.Context, c *Client, r Request, body any) (T, error) {
	answer, _, err := callTagged[T](ctx, c, r, body)
	return answer, err
}

// errUnchanged says that the caller has what was asked for, by the ETag in the request.
var errUnchanged = errors.New("nothing has changed")

// callTagged is call that also answers the ETag. An answer without a body is the zero T; that nothing has changed is
// errUnchanged, and no answer to who has nothing.
func callTagged[T any](ctx context.Context, c *Client, r Request, body any) (answer T, etag string, err error) {
	if body != nil {
		if r.Body, err = json.Marshal(body); err != nil {
			return answer, "", &SetupError{err}
		}
	}
	response, err := c.Do(ctx, r)
	switch {
	case err != nil || response.StatusCode == http.StatusNoContent:
		return answer, "", err
	case response.StatusCode == http.StatusNotModified && (r.Header.Get("If-None-Match") == "" || r.Header.Get("If-None-Match") == noETag):
		return answer, "", &NoAnswerError{Operation: r.Operation, Sent: body != nil, Reason: "the server says that nothing has changed to who has nothing; check the URL"}
	case response.StatusCode == http.StatusNotModified:
		return answer, "", errUnchanged
	}
	if err := json.Unmarshal(response.Body, &answer); err != nil {
		return answer, "", strange(r.Operation)
	}
	return answer, response.Header.Get("ETag"), nil
}

// oneParameter is a query of one parameter; nil where that has no value.
func oneParameter(name, value string) url.Values {
	if value == "" {
		return nil
	}
	return url.Values{name: {value}}
}

// ifMatch is the header for a condition, an ETag as the API writes it; nil where there is none.
func ifMatch(etag string) http.Header {
	if etag == "" {
		return nil
	}
	return http.Header{"If-Match": {etag}}
}
