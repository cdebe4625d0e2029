package gateway

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
	service = "execute-api"
	// maxSkew is how far a request's date may be from now, both ways.
	maxSkew    = 5 * time.Minute
	dateHeader = "X-Amz-Date"
	dateForm   = "20060102T150405Z"
)

// A claim is what a request says of its signature, and whose access key it names, before the signature is compared.
type claim struct {
	authorization
	identity Identity
	at       time.Time
}

// readClaim reads what a request says of its signature, and checks all of it that needs no body.
func (g *gateway) readClaim(r *http.Request) (claim, error) {
	c := claim{}
	if presigned(r) {
		return c, errors.New("signatures in the query are not supported, sign with the header")
	}
	header, err := only(r.Header, "Authorization")
	if err != nil {
		return c, err
	}
	if c.authorization, err = parseAuthorization(header); err != nil {
		return c, err
	}
	if c.service != service || c.region != g.Region {
		return c, fmt.Errorf("it is not signed for %s in %s", service, g.Region)
	}
	if err := c.checkDate(r, g.Now()); err != nil {
		return c, err
	}
	if err := c.checkHeaders(r); err != nil {
		return c, err
	}
	var known bool
	if c.identity, known = g.Credentials(c.accessKeyID); !known {
		return c, errors.New("nobody has that access key")
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

func (c *claim) checkDate(r *http.Request, now time.Time) error {
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
func (c *claim) checkHeaders(r *http.Request) error {
	for _, name := range []string{"host", "x-amz-date"} {
		if !c.signs(name) {
			return fmt.Errorf("%s is not among the signed headers", name)
		}
	}
	for _, name := range c.signedHeaders {
		there := len(r.Header.Values(name)) > 0
		switch name {
		case "host": // net/http keeps it apart
			there = true
		case "content-length":
			there = r.ContentLength >= 0
		}
		if !there {
			return errors.New("a signed header is missing")
		}
	}
	return nil
}

// checkToken compares the session token, which is a secret too, with the identity's.
func (c *claim) checkToken(r *http.Request) error {
	const name = "x-amz-security-token"
	tokens := r.Header.Values(name)
	switch {
	case len(tokens) == 0 && c.identity.SessionToken == "":
		return nil
	case len(tokens) != 1 || c.identity.SessionToken == "" || !c.signs(name):
		return fmt.Errorf("%s is not there exactly where the access key has a token, or not signed", name)
	case subtle.ConstantTimeCompare([]byte(tokens[0]), []byte(c.identity.SessionToken)) != 1:
		return errors.New("it has another session token")
	}
	return nil
}

// verify compares the body with its signed hash, and the signature with that of the same request signed here.
func (c *claim) verify(r *http.Request, body []byte) error {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if values := r.Header.Values("X-Amz-Content-Sha256"); len(values) > 0 && !slices.Equal(values, []string{hash}) {
		return errors.New("x-amz-content-sha256 is not the body's SHA-256; unsigned and chunked payloads are not supported")
	}
	copied, err := c.copy(r, body)
	if err != nil {
		return err
	}
	credentials := aws.Credentials{AccessKeyID: c.identity.AccessKeyID, SecretAccessKey: c.identity.SecretAccessKey}
	// A signer keeps the key that it derived by access key and day, not by secret: used again, it would accept the
	// old secret after a change.
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, copied, hash, service, c.region, c.at); err != nil {
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
func (c *claim) copy(r *http.Request, body []byte) (*http.Request, error) {
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
