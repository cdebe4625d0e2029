package bus

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"strongroom/pkg/sigv4"
)

// Target is what requests name that an Endpoint answers, in the header X-Amz-Target.
const Target = "AWSEvents.PutEvents"

// What one request may have (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
const (
	maxEntries = 10
	maxEntry   = 256 << 10
	maxRequest = maxEntries * maxEntry
)

const contentType = "application/x-amz-json-1.1"

// A Caller is who signed a request.
type Caller struct {
	Key sigv4.Key
	ARN string
	// MayPut says that the caller may put events.
	MayPut bool
}

// An EndpointConfig is what an endpoint works with. All of it is needed, but for Now and Log.
type EndpointConfig struct {
	// Put takes events; an error has the client try again.
	Put func(Event) error
	// Buses are the names of the one bus.
	Buses []string
	// Callers answers whose access key that is.
	Callers func(accessKeyID string) (Caller, bool)
	// Account and Region are those of the events.
	Account, Region string
	// Now dates the events that say no time; nil is the machine's clock, by which signatures are checked in any case.
	Now func() time.Time
	// Log tells of what failed; nil is slog.Default().
	Log *slog.Logger
}

// An Endpoint answers EventBridge's PutEvents, so that people and scanners put events of their own with AWS's clients:
//
//	aws events put-events --endpoint-url URL --entries '[{"Source":"strongroom.leak", …}]'
//
// It is more generous than AWS in one thing: sources that begin with "aws." are taken, so that the events of AWS Health can be
// tried. Names of other buses than its own are refused entry by entry, as AWS does with what it can't take.
type Endpoint struct{ EndpointConfig }

// NewEndpoint makes an endpoint.
func NewEndpoint(c EndpointConfig) *Endpoint {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Endpoint{c}
}

// An entry is an event that a client wants to put.
type entry struct {
	Source, DetailType, Detail, EventBusName, TraceHeader string
	Resources                                             []string
	// Time is seconds since 1970.
	Time *float64
}

// A result is what became of an entry.
type result struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

type putEvents struct {
	Entries    []entry
	EndpointID string `json:"EndpointId"`
}

type results struct {
	FailedEntryCount int
	Entries          []result
}

// A failure is an error as EventBridge answers it.
type failure struct{ name, message string }

func (f *failure) Error() string { return f.name + ": " + f.message }

func failuref(name, format string, args ...any) error {
	return &failure{name, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	out, err := e.answer(w, r)
	if err == nil {
		_ = json.MarshalWrite(w, out)
		return
	}
	status, f := http.StatusBadRequest, new(failure)
	if !errors.As(err, &f) {
		e.Log.ErrorContext(r.Context(), "events can't be put", "error", err)
		status, f = http.StatusInternalServerError, &failure{"InternalException", "something went wrong on the local bus; its log says what"}
	}
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, map[string]string{"__type": f.name, "message": f.message}, json.Deterministic(true))
}

func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request) (out results, err error) {
	body, err := e.authenticate(w, r)
	if err != nil {
		return out, err
	}
	if r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("X-Amz-Target") != Target || r.Header.Get("Content-Type") != contentType {
		return out, failuref("UnknownOperationException", "the local bus has no such operation")
	}
	var in putEvents
	if err := json.Unmarshal(body, &in, json.RejectUnknownMembers(true)); err != nil {
		return out, failuref("SerializationException", "the body is not the JSON of PutEvents, or has a member that the local bus does not support")
	}
	if n := len(in.Entries); n < 1 || n > maxEntries {
		return out, failuref("ValidationException", "there are %d entries; there must be 1 to %d", n, maxEntries)
	}
	for _, one := range in.Entries {
		put, err := e.put(one)
		if err != nil {
			return out, err
		}
		if out.Entries = append(out.Entries, put); put.ErrorCode != "" {
			out.FailedEntryCount++
		}
	}
	return out, nil
}

// authenticate is the body of a request by who may put events.
func (e *Endpoint) authenticate(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var who Caller
	rules := sigv4.Rules{Service: "events", Region: e.Region, Signed: []string{"x-amz-target"}}
	claim, err := rules.Read(r, time.Now(), func(id string) (sigv4.Key, bool) {
		var known bool
		who, known = e.Callers(id)
		return who.Key, known
	})
	if err != nil {
		return nil, signatureFailure(err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return nil, failuref("SerializationException", "the body can't be read, or has more than %d bytes", maxRequest)
	}
	if err := claim.Verify(r, body); err != nil {
		return nil, signatureFailure(err)
	}
	if !who.MayPut {
		return nil, failuref("AccessDeniedException", "User: %s is not authorized to perform: events:PutEvents, because no policy allows it", who.ARN)
	}
	return body, nil
}

// signatureFailure is what a client is told of a signature that is not right.
func signatureFailure(err error) error {
	switch {
	case errors.Is(err, sigv4.ErrUnsigned):
		return failuref("MissingAuthenticationTokenException", "Missing Authentication Token")
	case errors.Is(err, sigv4.ErrUnknown):
		return failuref("UnrecognizedClientException", "The security token included in the request is invalid.")
	case errors.Is(err, sigv4.ErrMalformed):
		return failuref("IncompleteSignatureException", "%s", err)
	}
	return failuref("InvalidSignatureException", "The request signature does not match, or is of another time or region: %s", err)
}

// put puts an entry. What is wrong with it is the result; its error is the bus's own.
func (e *Endpoint) put(in entry) (result, error) {
	if wrong := e.check(in); wrong != nil {
		return *wrong, nil
	}
	at := e.Now()
	if in.Time != nil {
		at = time.UnixMilli(int64(math.Round(*in.Time * 1000)))
	}
	event := Event{
		Version: "0", ID: uuid.NewString(), DetailType: in.DetailType, Source: in.Source, AccountID: e.Account, Region: e.Region,
		Time: at.UTC().Truncate(time.Second), Detail: stdjson.RawMessage(in.Detail), Resources: in.Resources, // EventBridge tells seconds
	}
	if event.Resources == nil {
		event.Resources = []string{}
	}
	return result{EventID: event.ID}, e.Put(event)
}

// check is what is wrong with an entry, if anything.
func (e *Endpoint) check(in entry) *result {
	invalid := func(format string, args ...any) *result {
		return &result{ErrorCode: "InvalidArgument", ErrorMessage: fmt.Sprintf(format, args...)}
	}
	for _, given := range []struct{ name, text string }{{"Source", in.Source}, {"DetailType", in.DetailType}, {"Detail", in.Detail}} {
		if given.text == "" {
			return invalid("%s is missing", given.name)
		}
	}
	size := len(in.Source) + len(in.DetailType) + len(in.Detail)
	for _, resource := range in.Resources {
		size += len(resource)
	}
	var members map[string]stdjson.RawMessage
	switch {
	case in.EventBusName != "" && !slices.Contains(e.Buses, in.EventBusName):
		return invalid("there is one bus here; leave EventBusName out, or name one of %q", e.Buses)
	case size > maxEntry:
		return invalid("the entry has %d bytes; at most %d are allowed", size, maxEntry)
	case json.Unmarshal([]byte(in.Detail), &members) != nil || members == nil:
		return &result{ErrorCode: "MalformedDetail", ErrorMessage: "Detail must be a JSON object, with each member once"}
	case in.Time != nil && (*in.Time < 0 || *in.Time > 1e11):
		return invalid("Time must be seconds since 1970")
	}
	return nil
}
