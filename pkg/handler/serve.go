package handler

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
)

// A call is one request while it is served.
type call struct {
	*http.Request
	// invocation is what is known of the request from outside of it.
	invocation Invocation
	caller     secrets.Caller
	path       map[string]string
	query      url.Values
	problems   []api.Detail
}

// An answer is what a use case's answer becomes.
type answer struct {
	body any
	etag string
	// status, where not zero, is used instead of the operation's own.
	status int
}

// serve makes the handler of an operation without a body.
func serve(name operation.Name, s *secrets.Service, use func(*call) (answer, error)) http.Handler {
	row := operation.MustLookup(name)
	route, ok := row.Trigger.(operation.HTTP)
	if !ok {
		panic("handler: " + string(name) + " has no route")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		invocation, _ := r.Context().Value(invocationKey{}).(Invocation)
		w.Header().Set("X-Request-Id", invocation.RequestID)
		c := &call{Request: r, invocation: invocation}
		a, err := c.run(r.Context(), row, s, use)
		if err != nil {
			err = c.strangersFirst(r.Context(), s, name, err)
			fail(w, r, invocation.RequestID, err)
			return
		}
		if a.status == 0 {
			a.status = route.Status
		}
		respond(w, r, a)
	})
}

// serveBody makes the handler of an operation with a JSON body of the type In.
func serveBody[In any](name operation.Name, s *secrets.Service, use func(*call, In) (answer, error)) http.Handler {
	return serve(name, s, func(c *call) (answer, error) {
		var in In
		if err := c.decode(&in); err != nil {
			return answer{}, err
		}
		return use(c, in)
	})
}

// strangersFirst keeps what is wrong with a request from who may ask nothing at all: such a caller is told that, and not
// what would be right. Only requests that failed pay for it.
func (c *call) strangersFirst(ctx context.Context, s *secrets.Service, name operation.Name, err error) error {
	var known *api.Error
	if errors.As(err, &known) && (known.Code == api.CodeInvalid || known.Code == api.CodeTooLarge) {
		if refused := s.Recognize(ctx, c.caller, name); refused != nil {
			return refused
		}
	}
	return err
}

// run finds out who calls and what is asked for, and calls the use case.
func (c *call) run(
	ctx context.Context, row operation.Row, s *secrets.Service, use func(*call) (answer, error),
) (answer, error) {
	i := c.invocation
	route := row.Trigger.(operation.HTTP) //nolint:errcheck,forcetypeassert // serve has looked
	who, err := identity.FromAuthorizer(i.Authorizer, s.Account())
	c.caller = secrets.Caller{Caller: who, RequestID: i.RequestID, SourceIP: i.SourceIP, UserAgent: i.UserAgent}
	if err != nil {
		c.caller.ARN = i.Authorizer.UserARN
		return answer{}, s.Refuse(ctx, c.caller, row.Name, api.Errorf(api.CodeForbidden, "%s", err))
	}
	if c.path, err = matchPath(route.Path, c.URL.EscapedPath()); err != nil {
		return answer{}, err
	}
	if c.query, err = parseQuery(c.URL.RawQuery, route.Query); err != nil {
		return answer{}, err
	}
	if !route.Body {
		if err := c.refuseBody(); err != nil {
			return answer{}, err
		}
	}
	return use(c)
}

// matchPath takes the parameters out of a path. API Gateway has matched the route already, so a path that does not
// fit can only come from elsewhere.
func matchPath(pattern, path string) (map[string]string, error) {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return nil, api.Errorf(api.CodeNotFound, "no such path")
	}
	parameters := map[string]string{}
	for i, segment := range want {
		if !strings.HasPrefix(segment, "{") {
			if segment != have[i] {
				return nil, api.Errorf(api.CodeNotFound, "no such path")
			}
			continue
		}
		value, err := url.PathUnescape(have[i])
		if err != nil {
			return nil, api.Errorf(api.CodeNotFound, "no such path")
		}
		parameters[strings.Trim(segment, "{}")] = value
	}
	return parameters, nil
}

// parseQuery reads the query, and refuses parameters that the operation does not know or that are there twice.
func parseQuery(raw string, known []string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, api.Errorf(api.CodeInvalid, "the query is malformed: %s", err)
	}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return nil, api.FieldError(api.CodeInvalid, parameter(name), "is unknown; %s", knownParameters(known))
		}
		if len(values) > 1 {
			return nil, api.FieldError(api.CodeInvalid, name, "is there %d times; send it once", len(values))
		}
	}
	return query, nil
}

// parameter is how an error names a query parameter: never by nothing, nor by kilobytes.
func parameter(name string) string {
	if name == "" {
		return "query"
	}
	return clip(name)
}

func knownParameters(known []string) string {
	if len(known) == 0 {
		return "this operation takes no query parameters"
	}
	return "this operation takes " + strings.Join(known, ", ")
}

func (c *call) refuseBody() error {
	var one [1]byte
	if n, _ := c.Body.Read(one[:]); n > 0 {
		return api.Errorf(api.CodeInvalid, "this operation takes no body; leave it out")
	}
	return nil
}

// wrong notes that a parameter is malformed. The use case is not called then: see checked.
func (c *call) wrong(name, message string) {
	c.problems = append(c.problems, api.Detail{Field: name, Message: message})
}

// checked is the error for the parameters that were malformed.
func (c *call) checked() error {
	if len(c.problems) == 0 {
		return nil
	}
	first := c.problems[0]
	return &api.Error{Code: api.CodeInvalid, Message: first.Field + ": " + first.Message, Details: c.problems}
}

// id is a path parameter that is an id.
func (c *call) id(name string) uuid.UUID {
	id, ok := parseID(c.path[name])
	if !ok {
		c.wrong(name, "must be a lower-case UUID")
	}
	return id
}

// parseID takes ids in their one form alone, so that an id is always the same text.
func parseID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil && id.String() == text
}

// ids is a query parameter that is a list of ids, separated by commas.
func (c *call) ids(name string) []uuid.UUID {
	text := c.query.Get(name)
	if text == "" {
		return nil
	}
	var ids []uuid.UUID
	for part := range strings.SplitSeq(text, ",") {
		id, ok := parseID(part)
		if !ok {
			c.wrong(name, "must be lower-case UUIDs, separated by commas")
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

// optionalID is a query parameter that is an id; nil where it is absent.
func (c *call) optionalID(name string) *uuid.UUID {
	if !c.query.Has(name) {
		return nil
	}
	id, ok := parseID(c.query.Get(name))
	if !ok {
		c.wrong(name, "must be a lower-case UUID")
	}
	return &id
}

// time is a query parameter that is a time; nil where it is absent.
func (c *call) time(name string) *time.Time {
	if !c.query.Has(name) {
		return nil
	}
	t, err := parseTime(c.query.Get(name))
	if err != nil {
		c.wrong(name, err.Error())
	}
	return &t
}

// page is which part of a list is asked for.
func (c *call) page() api.Page {
	p := api.Page{Limit: api.DefaultLimit, ContinuationToken: c.query.Get("continuationToken")}
	if c.query.Has("limit") {
		n, err := strconv.Atoi(c.query.Get("limit"))
		if err != nil || n < 1 || n > api.MaxLimit {
			c.wrong("limit", "must be a number from 1 to "+strconv.Itoa(api.MaxLimit))
		}
		p.Limit = n
	}
	return p
}

// flag is a query parameter that is true or false.
func (c *call) flag(name string) bool {
	switch c.query.Get(name) {
	case "true":
		return true
	case "false":
		return false
	}
	if !c.query.Has(name) {
		return false
	}
	c.wrong(name, "must be true or false")
	return false
}

// ifMatch is the condition under which something is to be changed.
func (c *call) ifMatch() secrets.IfMatch {
	return secrets.IfMatch(strings.Join(c.Header.Values("If-Match"), ","))
}

// ifNoneMatch are the answers that the caller has.
func (c *call) ifNoneMatch() secrets.IfNoneMatch {
	return secrets.IfNoneMatch(strings.Join(c.Header.Values("If-None-Match"), ","))
}

// respond writes a success: 304 where a GET's caller has this very answer already.
func respond(w http.ResponseWriter, r *http.Request, a answer) {
	if a.etag != "" {
		w.Header().Set("ETag", a.etag)
		if r.Method == http.MethodGet && secrets.IfNoneMatch(strings.Join(r.Header.Values("If-None-Match"), ",")).Has(a.etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	writeJSON(w, a.status, a.body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w) // writes once, when all is encoded; wire types always encode
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body) // an error is the client's being gone
}

// fail writes an error. What is not meant for the caller goes to the log; it never holds what the request said.
func fail(w http.ResponseWriter, r *http.Request, requestID string, err error) {
	shown := api.Errorf(api.CodeInternal, "something went wrong inside Strongroom; the log has more under this request's id")
	var known *api.Error
	if errors.As(err, &known) {
		copied := *known
		shown = &copied
	}
	shown.RequestID = requestID
	if shown.Status() >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "request failed", "requestId", requestID, "error", err)
	}
	if shown.Code == api.CodeThrottled {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, shown.Status(), api.ErrorBody{Error: *shown})
}

// read reads the body, up to the limit.
func (c *call) read() ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(c.Body, api.MaxBody+1))
	if err != nil {
		return nil, api.Errorf(api.CodeInvalid, "the body could not be read")
	}
	if len(body) > api.MaxBody {
		return nil, api.Errorf(api.CodeTooLarge, "the body is larger than %d bytes", api.MaxBody)
	}
	return body, nil
}
