package localkms

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"strongroom/pkg/sigv4"
)

// Region is that of every key, and what requests must be signed for.
const Region = "us-east-1"

// maxRequest bounds a request's body, in bytes. The largest that is right has two ciphertexts and contexts.
const maxRequest = 128 << 10

const contentType = "application/x-amz-json-1.1"

// An EndpointConfig is what an endpoint works with. All of it is needed, but for Signing, Now and Log.
type EndpointConfig struct {
	// Keys are those of the key file. Callers can reach the client key, and never the storage key.
	Keys *KMS
	// Signing is the key that signs; nil where there is none. It has no grants and is never disabled.
	Signing *Signer
	// State is the file of grants, aliases and further keys. It is made where there is none; its folder must exist. One
	// endpoint at a time may have it.
	State string
	// Callers answers whose access key that is. It is called for each request.
	Callers func(accessKeyID string) (Caller, bool)
	// Administrator is the ARN of the IAM user or role whom the keys' policy allows everything.
	Administrator string
	// Now is the clock; nil is the real one.
	Now func() time.Time
	// Log gets one line a request, without contexts, and the reasons for refused signatures; nil is slog.Default().
	Log *slog.Logger
}

// An Endpoint answers KMS's requests. Its methods may be called at the same time.
type Endpoint struct {
	EndpointConfig
	changing sync.Mutex // held from reading what is to be changed until it is written
	current  atomic.Pointer[state]
}

// NewEndpoint opens the state. A file that others can read, or that is not a whole one of these keys, is an error and is
// left as it is.
func NewEndpoint(c EndpointConfig) (*Endpoint, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s, err := openState(c.State, c.Keys.Key(Client), c.Now().UTC())
	if err != nil {
		return nil, err
	}
	e := &Endpoint{EndpointConfig: c}
	e.current.Store(s)
	return e, nil
}

// An operation answers a request's body for a caller.
type operation func(e *Endpoint, who Caller, body []byte) (any, error)

// decoded makes an operation of what takes a decoded input. Members that it does not know are refused, since they may
// change what is asked for.
func decoded[In, Out any](f func(*Endpoint, Caller, In) (Out, error)) operation {
	return func(e *Endpoint, who Caller, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in, json.RejectUnknownMembers(true)); err != nil {
			return nil, failuref("SerializationException", "the body is not the JSON of this operation, or has a member that "+
				"the local KMS does not support")
		}
		return f(e, who, in)
	}
}

var operations = map[string]operation{
	"CreateGrant":     decoded((*Endpoint).createGrant),
	"CreateKey":       decoded((*Endpoint).createKey),
	"Decrypt":         decoded((*Endpoint).decrypt),
	"DescribeKey":     decoded((*Endpoint).describeKey),
	"DisableKey":      decoded((*Endpoint).disableKey),
	"EnableKey":       decoded((*Endpoint).enableKey),
	"Encrypt":         decoded((*Endpoint).encrypt),
	"GenerateDataKey": decoded((*Endpoint).generateDataKey),
	"GetPublicKey":    decoded((*Endpoint).getPublicKey),
	"ListAliases":     decoded((*Endpoint).listAliases),
	"ListGrants":      decoded((*Endpoint).listGrants),
	"ReEncrypt":       decoded((*Endpoint).reEncrypt),
	"RetireGrant":     decoded((*Endpoint).retireGrant),
	"RevokeGrant":     decoded((*Endpoint).revokeGrant),
	"Sign":            decoded((*Endpoint).sign),
	"Verify":          decoded((*Endpoint).verify),
}

// ServeHTTP answers one request.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := uuid.NewString()
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	if operations[name] == nil {
		name = "unknown" // what was sent is not logged
	}
	who, answer, err := e.answer(w, r)
	log := e.Log.With("requestId", id, "operation", name, "caller", who.ARN)
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", id)
	if err != nil {
		f := asFailure(err)
		if f == errInternal {
			log.ErrorContext(r.Context(), "KMS request failed", "error", err)
		} else {
			log.InfoContext(r.Context(), "KMS request refused", "error", f.name)
		}
		w.WriteHeader(f.status())
		answer, _ = json.Marshal(map[string]string{"__type": f.name, "message": f.message}, json.Deterministic(true))
	} else {
		log.InfoContext(r.Context(), "KMS request answered")
	}
	_, _ = w.Write(answer) //nolint:gosec // JSON, and no browser signs; an error means that the client is gone
}

func asFailure(err error) *failure {
	if f := new(failure); errors.As(err, &f) {
		return f
	}
	return errInternal
}

// answer is what the caller gets, encoded.
func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request) (Caller, []byte, error) {
	who, body, err := e.authenticate(w, r)
	if err != nil {
		return who, nil, err
	}
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	operation := operations[name]
	switch {
	case !ok || operation == nil || r.Method != http.MethodPost || r.URL.Path != "/" || r.URL.RawQuery != "":
		return who, nil, failuref("UnknownOperationException", "the local KMS has no such operation")
	case r.Header.Get("Content-Type") != contentType:
		return who, nil, failuref("SerializationException", "the content type must be %s", contentType)
	case who.serves():
		return who, nil, denied(who, "kms:"+name, "*", "with an explicit deny in a resource-based policy")
	}
	out, err := operation(e, who, body)
	if err != nil {
		return who, nil, err
	}
	answer, err := json.Marshal(out, json.Deterministic(true))
	return who, answer, err
}

// authenticate answers who signed the request, and its body.
func (e *Endpoint) authenticate(w http.ResponseWriter, r *http.Request) (Caller, []byte, error) {
	var who Caller
	rules := sigv4.Rules{Service: "kms", Region: Region, Signed: []string{"x-amz-target"}}
	claim, err := rules.Read(r, e.Now(), func(id string) (sigv4.Key, bool) {
		var known bool
		who, known = e.Callers(id)
		return sigv4.Key{ID: who.AccessKeyID, Secret: who.SecretAccessKey, SessionToken: who.SessionToken}, known
	})
	if err != nil {
		return Caller{}, nil, signatureFailure(err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return Caller{}, nil, failuref("SerializationException", "the body can't be read, or has more than %d bytes", maxRequest)
	}
	if err := claim.Verify(r, body); err != nil {
		return Caller{}, nil, signatureFailure(err)
	}
	return who, body, nil
}

// A request is what a caller wants to do with a key.
type request struct {
	// operation is its name as grants have it.
	operation string
	// encrypts says that it is bound to a context, which grants may constrain.
	encrypts bool
	context  map[string]string
}

// allow is nil where the administrator, or a grant, does what is requested.
func (e *Endpoint) allow(s *state, who Caller, key storedKey, r request) error {
	if who.is(e.Administrator) {
		return nil
	}
	for _, g := range s.Grants {
		if g.allows(who, key, r) {
			return nil
		}
	}
	return denied(who, "kms:"+r.operation, key.arn(), "because no resource-based policy and no grant allows it")
}

func denied(who Caller, action, resource, why string) error {
	return failuref("AccessDeniedException", "User: %s is not authorized to perform: %s on resource: %s %s", who.ARN, action, resource, why)
}

// administer is nil for who may do what no grant allows.
func (e *Endpoint) administer(who Caller, operation, resource string) error {
	if who.is(e.Administrator) {
		return nil
	}
	return denied(who, "kms:"+operation, resource, "because no resource-based policy allows it")
}

// change replaces the state with what f makes of a copy. Unless f fails, and unless it says that nothing changed, it is
// written before it counts; requests under way keep what they began with.
func (e *Endpoint) change(f func(s *state) (changed bool, err error)) error {
	e.changing.Lock()
	defer e.changing.Unlock()
	next := e.current.Load().clone()
	changed, err := f(next)
	if err != nil || !changed {
		return err
	}
	if err := next.write(e.State); err != nil {
		return fmt.Errorf("localkms: writing %s: %w", e.State, err)
	}
	e.current.Store(next)
	return nil
}

// dry is a failure for who only asks whether it would work.
func dry(run bool) error {
	if run {
		return errDryRun
	}
	return nil
}
