// Package sigv4 checks AWS Signature Version 4 on requests that reach this machine, for what stands in for AWS here.
//
// [Rules.Read] takes everything that needs no body, so that strangers can't have megabytes held; [Claim.Verify] compares
// the body and the signature. The request is signed once more with the SDK's own signer, over the headers that the client
// signed and no others, and the two signatures are compared in constant time. Required: host and x-amz-date among the
// signed headers, what the rules name besides, and x-amz-security-token if there is one; a date within five minutes; the
// service and region of the rules; the access key's session token, or none; a body whose SHA-256 was signed.
//
// Refused though AWS knows them: signatures in the query (presigned URLs), unsigned payloads (over plain HTTP nothing else
// protects a body), signed chunks, a Date header instead of x-amz-date, and a signed content-length of 0, which the SDK's
// signer leaves out. A + in the query means a space, for the signature too: a client that signs it as it stands must send
// %20 or %2B.
//
// Errors say what is wrong and never hold what a header said, so they may be logged.
// The format: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	// maxSkew is how far a request's date may be from now, both ways.
	maxSkew     = 5 * time.Minute
	dateHeader  = "X-Amz-Date"
	tokenHeader = "x-amz-security-token"
	dateForm    = "20060102T150405Z"
)

// Errors that those who answer a client tell apart; all others say that the signature is not right.
var (
	// ErrUnsigned: there is no Authorization header.
	ErrUnsigned = errors.New("there is no Authorization header")
	// ErrUnknown: nobody has that access key, or it has another session token.
	ErrUnknown = errors.New("not the credentials of anybody")
)

// Rules say what a signature must be for.
type Rules struct {
	// Service and Region are those of the credential's scope.
	Service, Region string
	// Signed are headers that must be signed besides host and x-amz-date: lower-case names.
	Signed []string
}

// A Key is what belongs to an access key.
type Key struct {
	ID, Secret string
	// SessionToken goes with temporary credentials; empty for a user's.
	SessionToken string
}

// A Claim is what a request says of its signature, and the access key that it names, before the signature is compared.
type Claim struct {
	authorization
	key Key
	at  time.Time
}

// Read reads what a request says of its signature, and checks all of it that needs no body. find answers the access key
// of that id; it is asked at most once.
func (u Rules) Read(r *http.Request, now time.Time, find func(id string) (Key, bool)) (Claim, error) {
	c := Claim{}
	if presigned(r) {
		return c, errors.New("signatures in the query are not supported, sign with the header")
	}
	if len(r.Header.Values("Authorization")) == 0 {
		return c, ErrUnsigned
	}
	header, err := only(r.Header, "Authorization")
	if err != nil {
		return c, err
	}
	if c.authorization, err = parseAuthorization(header); err != nil {
		return c, err
	}
	if c.service != u.Service || c.region != u.Region {
		return c, fmt.Errorf("it is not signed for %s in %s", u.Service, u.Region)
	}
	if err := c.checkDate(r, now); err != nil {
		return c, err
	}
	if err := c.checkHeaders(r, u.Signed); err != nil {
		return c, err
	}
	var known bool
	if c.key, known = find(c.accessKeyID); !known || c.key.Secret == "" {
		return c, fmt.Errorf("%w: nobody has that access key", ErrUnknown)
	}
	return c, c.checkToken(r)
}

// only answers a header that must be there once.
func only(h http.Header, name string) (string, error) {
	switch values := h.Values(name); len(values) {
	case 1:
		return values[0], nil
	case 0:
		return "", fmt.Errorf("there is no %s header", name)
	default:
		return "", fmt.Errorf("there are %d %s headers", len(values), name)
	}
}

// presigned says whether the query has a part of a signature. With a header beside it, one of them would not be checked.
func presigned(r *http.Request) bool {
	for name := range r.URL.Query() {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			return true
		}
	}
	return false
}

func (c *Claim) checkDate(r *http.Request, now time.Time) error {
	text, err := only(r.Header, dateHeader)
	if err != nil {
		return err
	}
	if c.at, err = time.Parse(dateForm, text); err != nil || c.at.Format(dateForm) != text {
		return fmt.Errorf("%s is not of the form %s", dateHeader, dateForm)
	}
	if !strings.HasPrefix(text, c.date+"T") {
		return fmt.Errorf("%s is of another day than the credential", dateHeader)
	}
	if skew := now.Sub(c.at).Abs(); skew > maxSkew {
		return fmt.Errorf("it was signed %s from now", skew.Round(time.Second))
	}
	return nil
}

// checkHeaders checks that what must be signed is, and that what is signed is there.
func (c *Claim) checkHeaders(r *http.Request, signed []string) error {
	for _, name := range append([]string{"host", "x-amz-date"}, signed...) {
		if !c.signs(name) {
			return fmt.Errorf("%s is not among the signed headers", name)
		}
	}
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") && lower != tokenHeader && !c.signs(lower) {
			return errors.New("an x-amz- header is not among the signed headers")
		}
	}
	for _, name := range c.signedHeaders {
		there := len(r.Header.Values(name)) > 0
		switch name {
		case "host": // net/http keeps it apart
			there = true
		case "content-length":
			if r.ContentLength == 0 {
				return errors.New("content-length is signed though it is 0, which is not supported: leave it out of the signed headers")
			}
			there = r.ContentLength > 0
		}
		if !there {
			return errors.New("a signed header is missing")
		}
	}
	return nil
}

// checkToken compares the session token, which is a secret too, with the access key's.
func (c *Claim) checkToken(r *http.Request) error {
	const name = tokenHeader
	tokens := r.Header.Values(name)
	switch {
	case len(tokens) == 0 && c.key.SessionToken == "":
		return nil
	case len(tokens) != 1 || c.key.SessionToken == "" || !c.signs(name):
		return fmt.Errorf("%s is not there exactly where the access key has a token, or not signed", name)
	case subtle.ConstantTimeCompare([]byte(tokens[0]), []byte(c.key.SessionToken)) != 1:
		return fmt.Errorf("%w: it has another session token", ErrUnknown)
	}
	return nil
}

// Verify compares the body with its signed hash, and the signature with that of the same request signed here.
func (c *Claim) Verify(r *http.Request, body []byte) error {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if values := r.Header.Values("X-Amz-Content-Sha256"); len(values) > 0 && !slices.Equal(values, []string{hash}) {
		return errors.New("x-amz-content-sha256 is not the body's SHA-256; unsigned and chunked payloads are not supported")
	}
	copied, err := c.copy(r, body)
	if err != nil {
		return err
	}
	credentials := aws.Credentials{AccessKeyID: c.key.ID, SecretAccessKey: c.key.Secret}
	// A signer keeps the key that it derived by access key and day, not by secret: used again, it would accept the
	// old secret after a change.
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, copied, hash, c.service, c.region, c.at); err != nil {
		return fmt.Errorf("it could not be signed again: %w", err)
	}
	ours, err := parseAuthorization(copied.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	if !slices.Equal(ours.signedHeaders, c.signedHeaders) {
		return errors.New("its signed headers can't be signed again")
	}
	if subtle.ConstantTimeCompare([]byte(ours.signature), []byte(c.signature)) != 1 {
		return errors.New("the signature is another")
	}
	return nil
}

// copy makes a request that holds of r what the client signed.
func (c *Claim) copy(r *http.Request, body []byte) (*http.Request, error) {
	// The signer leaves out parameters that can't be parsed; they would be read though not signed.
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, errors.New("the query is malformed")
	}
	to := &http.Request{Method: r.Method, Host: r.Host, Header: http.Header{}, URL: &url.URL{
		Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery,
	}}
	for _, name := range c.signedHeaders {
		switch name {
		case "host", "x-amz-date": // the signer sets them
		case "content-length":
			to.ContentLength = int64(len(body))
		default:
			// Under its lower-case name the signer signs every header, also those that it leaves out of its own requests.
			to.Header[name] = r.Header.Values(name)
		}
	}
	return to, nil
}
