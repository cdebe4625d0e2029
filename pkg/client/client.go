// Package client is Strongroom's Go SDK: it reads and writes secrets with nothing but the caller's own AWS credentials.
//
//	c, err := client.Load(ctx, os.Getenv)
//	secret, err := c.Get(ctx, "demo/DATABASE_URL")
//	db, err := sql.Open("pgx", secret.Value.Reveal())
//
// # What it does
//
// Requests are signed with AWS Signature Version 4 for the service execute-api, with the credentials that the AWS SDK
// finds: environment, profiles, IAM Identity Center, a container's, a function's or an instance's role. What is answered
// with 429, 502, 503 or 504, and what gets no answer, is sent again after a growing pause with jitter, until the context
// ends or [MaxAttempts] is reached: every operation of Strongroom may be repeated. Errors of Strongroom are an [Error]
// with one of the codes of package api; errors.Is knows [ErrNotFound] and its like.
//
// Values are of type [Value], which does not print or marshal itself: only Reveal shows it.
//
// # Values that the server can't read
//
// In a project whose encryption is client, values are encrypted here before they are sent, under project keys that AWS
// KMS unwraps with the caller's own identity (package clientcrypto has the form). Unwrapped keys are kept in memory for
// as long as the Client is.
//
// The server is trusted with nothing that decides secrecy. The organization's id, the ARN of its client key and each
// project's name, id and encryption are pinned: from configuration (package config), or on first use, which is said
// through Config.Notice. What the server says otherwise later is a config.ContradictionError that names both sides, an
// answer to something else than was asked for a [PinError]; nothing is sent.
// A value is encrypted for the projects that the old value names in its authenticated header and those that the caller
// named, never for one that the server alone adds. A server that answers an older version than one that this client has
// seen, or falls back to a project key that was replaced, is found out ([StaleError]). Who names a secret by its id alone
// leaves it to the server, on first use, in which of the pinned projects it is.
//
// What is not found out: an old value that is answered as a newer version than any that was seen, since a value is not
// bound to its number (a number far too high makes honest ones look old until the memory is removed); a deleted secret of
// the same name, where the new one was never seen by its id; and what somebody can do who holds a key of the project, or could
// read a value that was shared with it, together with the server: imitate the others, and so have the next value
// encrypted for a project of theirs. That a secret has come into a project since it was last seen here is said through
// Notice, and refused in strict mode unless that project is pinned. A key that a former manager kept can be passed off
// as a new one by the server: rotation is against those who kept a key and don't have the server's help.
//
// # Sharing
//
// What clients encrypt has two locks. Grant and Revoke turn Strongroom's, which counts from the next request on; a
// [KeyPlanner] compares the grants on the client key with what Strongroom's grants ask for, and Apply makes them so, with
// the caller's own IAM rights. Whose an identity is, is the server's word, which is taken within bounds ([IdentityError]):
// a plan is to be looked at by somebody before it is applied.
//
// # Names
//
// A secret is named by its project and its name, "project/name", cut at the first slash; or by its id, a lower-case
// UUID, alone. Where a project's own name has a slash in it, its id stands for it.
package client

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"strongroom/pkg/client/config"
)

// requestTimeout is longer than the 30 seconds after which API Gateway gives up.
const requestTimeout = 40 * time.Second

// A Config says where Strongroom is, who asks, and what is believed of it. Load makes one from files and environment.
type Config struct {
	// URL is where Strongroom is: https, or http on this machine alone.
	URL string
	// AWS holds credentials, region and, for a KMS elsewhere, endpoints, as AWS's own config.LoadDefaultConfig makes it.
	AWS aws.Config
	// Pins is what is believed of this Strongroom; nil keeps pins in memory, from first use on.
	Pins Pins
	// Seen remembers versions and keys; nil keeps them in memory.
	Seen Seen
	// Notice is told, in one line each, what was pinned on first use, and what else a person should know; nil tells nobody.
	// Several goroutines may call it at a time.
	Notice func(line string)
	// KMS unwraps and makes project keys; nil is AWS KMS in the region of the client key, with the credentials of AWS.
	KMS KMS
	// HTTP sends requests; nil is one of AWS's usual kind. Redirections are not followed, whatever it says.
	HTTP *http.Client
	// UserAgent is what requests say of the program; it stands in events.
	UserAgent string
}

// A Client asks one Strongroom. It is safe for concurrent use; make one and keep it, since it keeps unwrapped keys.
type Client struct {
	config Config
	base   *url.URL
	http   *http.Client
	// now and pause are time's, but in tests.
	now   func() time.Time
	pause func(context.Context, time.Duration) error
	// answered says that there was an answer, and ahead how far the server's clock is, in nanoseconds.
	answered atomic.Bool
	ahead    atomic.Int64

	mutex    sync.Mutex
	me       *identity
	kms      KMS
	keyrings map[uuid.UUID]*keyring
	// used are the projects whose pins were taken up, or noted to be hidden.
	used map[uuid.UUID]bool
}

// New makes a client; it sends nothing. A URL that is none, or neither https nor this machine's own, is a SetupError.
func New(c Config) (*Client, error) {
	normal, err := config.NormalURL(c.URL)
	if err != nil {
		return nil, setupf("the URL of Strongroom %w", err)
	}
	base, err := url.Parse(normal)
	if err != nil {
		return nil, &SetupError{err}
	}
	if c.AWS.Region == "" {
		return nil, setupf("no AWS region is set; set AWS_REGION to the one that Strongroom is in")
	}
	if c.Pins == nil {
		c.Pins = &config.Memory{}
	}
	if c.Seen == nil {
		c.Seen = NewMemorySeen()
	}
	if c.UserAgent == "" {
		c.UserAgent = "strongroom-go"
	}
	return &Client{
		config: c, base: base, http: newHTTP(c.HTTP), now: time.Now, pause: pause, kms: c.KMS,
		keyrings: map[uuid.UUID]*keyring{}, used: map[uuid.UUID]bool{},
	}, nil
}

// newHTTP is a client like the one that is given, if any, which follows no redirection: a signature, and what is sent with
// it, are for one address.
func newHTTP(given *http.Client) *http.Client {
	made := http.Client{Timeout: requestTimeout}
	if given != nil {
		made = *given
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
		transport.MaxIdleConnsPerHost = 64
		made.Transport = transport
	}
	made.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &made
}

// URL is where the client's Strongroom is.
func (c *Client) URL() string { return c.base.String() }

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
