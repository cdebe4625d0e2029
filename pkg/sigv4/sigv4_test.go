package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
)

const aBody = `{"KeyId":"k"}`

var (
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rules = Rules{Service: "kms", Region: "eu-west-1", Signed: []string{"x-amz-target"}}
	user  = Key{ID: "AKIAEXAMPLEUSER00001", Secret: "user-secret"}
	role  = Key{ID: "ASIAEXAMPLEROLE00001", Secret: "role-secret", SessionToken: "role-token/+="}
)

func find(id string) (Key, bool) {
	k, ok := map[string]Key{user.ID: user, role.ID: role}[id]
	return k, ok
}

// post is a request as net/http's server hands it over, not signed yet.
func post() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/?a=b%20c", strings.NewReader(aBody))
	r.Header.Set("X-Amz-Target", "TrentService.Decrypt")
	return r
}

// A scope is what a request is signed with.
type scope struct {
	key             Key
	service, region string
	at              time.Time
}

var byUser = scope{user, "kms", "eu-west-1", noon}

// sign signs with the SDK's own signer, as a client does.
func (s scope) sign(r *http.Request) *http.Request {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256(body)
	c := aws.Credentials{AccessKeyID: s.key.ID, SecretAccessKey: s.key.Secret, SessionToken: s.key.SessionToken}
	if err := v4.NewSigner().SignHTTP(context.Background(), c, r, hex.EncodeToString(sum[:]), s.service, s.region, s.at); err != nil {
		panic(err)
	}
	return r
}

// check is all that is checked of a request.
func check(r *http.Request) error {
	c, err := rules.Read(r, noon, find)
	if err != nil {
		return err
	}
	body, _ := io.ReadAll(r.Body)
	return c.Verify(r, body)
}

func changed(by scope, change func(*http.Request)) *http.Request {
	r := by.sign(post())
	change(r)
	return r
}

func TestRightSignaturesAreAccepted(t *testing.T) {
	byRole := byUser
	byRole.key = role
	early, late := byUser, byUser
	early.at, late.at = noon.Add(4*time.Minute), noon.Add(-4*time.Minute)
	for name, r := range map[string]*http.Request{
		"a user's": byUser.sign(post()), "a role's, with token": byRole.sign(post()), "four minutes early": early.sign(post()),
		"four minutes old":               late.sign(post()),
		"with a header that is unsigned": changed(byUser, func(r *http.Request) { r.Header.Set("User-Agent", "other") }),
	} {
		if err := check(r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWrongSignaturesAreRefused(t *testing.T) {
	with := func(change func(*scope)) *http.Request {
		by := byUser
		change(&by)
		return by.sign(post())
	}
	byRole := byUser
	byRole.key = role
	unsignedTarget := post()
	unsignedTarget.Header.Del("X-Amz-Target")
	byUser.sign(unsignedTarget).Header.Set("X-Amz-Target", "TrentService.Decrypt")
	for name, c := range map[string]struct {
		r    *http.Request
		kind error // nil where it is of no kind that is told apart
	}{
		"unsigned":                {post(), ErrUnsigned},
		"no Signature Version 4":  {changed(byUser, func(r *http.Request) { r.Header.Set("Authorization", "Bearer a") }), ErrMalformed},
		"an unknown access key":   {with(func(s *scope) { s.key.ID = "AKIANOBODY" }), ErrUnknown},
		"another session token":   {with(func(s *scope) { s.key = role; s.key.SessionToken = "other" }), ErrUnknown},
		"no session token":        {with(func(s *scope) { s.key = role; s.key.SessionToken = "" }), nil},
		"a needless token":        {with(func(s *scope) { s.key.SessionToken = "other" }), nil},
		"another secret":          {with(func(s *scope) { s.key.Secret = "other" }), nil},
		"another service":         {with(func(s *scope) { s.service = "execute-api" }), nil},
		"another region":          {with(func(s *scope) { s.region = "us-east-1" }), nil},
		"six minutes old":         {with(func(s *scope) { s.at = noon.Add(-6 * time.Minute) }), nil},
		"six minutes early":       {with(func(s *scope) { s.at = noon.Add(6 * time.Minute) }), nil},
		"an unsigned target":      {unsignedTarget, nil},
		"another target":          {changed(byUser, func(r *http.Request) { r.Header.Set("X-Amz-Target", "TrentService.Encrypt") }), nil},
		"two targets":             {changed(byUser, func(r *http.Request) { r.Header.Add("X-Amz-Target", "TrentService.Encrypt") }), nil},
		"no target":               {changed(byUser, func(r *http.Request) { r.Header.Del("X-Amz-Target") }), nil},
		"another body":            {changed(byUser, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")) }), nil},
		"another method":          {changed(byUser, func(r *http.Request) { r.Method = http.MethodPut }), nil},
		"another path":            {changed(byUser, func(r *http.Request) { r.URL.Path = "/x" }), nil},
		"another query":           {changed(byUser, func(r *http.Request) { r.URL.RawQuery = "a=c" }), nil},
		"a query that is none":    {changed(byUser, func(r *http.Request) { r.URL.RawQuery += "&a=%zz" }), nil},
		"a presigned query":       {changed(byUser, func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Signature=1" }), nil},
		"another host":            {changed(byUser, func(r *http.Request) { r.Host = "example.org" }), nil},
		"an unsigned payload":     {changed(byUser, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }), nil},
		"another day":             {changed(byUser, func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260302T120000Z") }), nil},
		"two Authorizations":      {changed(byUser, func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }), nil},
		"a token that was erased": {changed(byRole, func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := check(c.r)
			if err == nil || c.kind != nil && !errors.Is(err, c.kind) {
				t.Fatalf("%v, want an error that is %v", err, c.kind)
			}
			for _, kind := range []error{ErrUnsigned, ErrUnknown, ErrMalformed} {
				if c.kind == nil && errors.Is(err, kind) {
					t.Errorf("%v is told to be %v", err, kind)
				}
			}
			for _, values := range c.r.Header {
				if len(values[0]) > 8 && strings.Contains(err.Error(), values[0]) {
					t.Errorf("%q holds what a header said", err)
				}
			}
		})
	}
}

// TestANewSecretReplacesTheOld: nothing of a key is kept between requests.
func TestANewSecretReplacesTheOld(t *testing.T) {
	now := user
	for _, c := range []struct {
		secret string
		ok     bool
	}{{"user-secret", true}, {"new", false}} {
		now.Secret = c.secret
		r := byUser.sign(post())
		claim, err := rules.Read(r, noon, func(string) (Key, bool) { return now, true })
		if err == nil {
			err = claim.Verify(r, []byte(aBody))
		}
		if (err == nil) != c.ok {
			t.Errorf("signed with user-secret, where it is %s: %v", c.secret, err)
		}
	}
}

// FuzzAuthorization has any Authorization header in front of a request that was signed rightly: none of them panics, and
// none but what the signer wrote is accepted.
func FuzzAuthorization(f *testing.F) {
	right := byUser.sign(post()).Header.Get("Authorization")
	f.Add(right)
	f.Add(aHeader)
	f.Add(strings.Replace(right, ";x-amz-date", "", 1))
	f.Add(strings.Replace(right, "SignedHeaders=", "SignedHeaders=;", 1))
	f.Add(strings.Replace(right, user.ID, role.ID, 1))
	f.Add("AWS4-HMAC-SHA256 Credential=////, SignedHeaders=;, Signature=")
	meaning, err := parseAuthorization(right)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := byUser.sign(post())
		r.Header.Set("Authorization", header)
		if check(r) != nil {
			return
		}
		if got, err := parseAuthorization(header); err != nil || !cmp.Equal(got, meaning, cmp.AllowUnexported(authorization{})) {
			t.Errorf("%q was accepted", header)
		}
	})
}
