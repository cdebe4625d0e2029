package gateway

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const target = "/secrets/0190a1b2-0000-7000-8000-000000000001?project=p"

// put is a request with everything that can be altered: a path, a query, a header and a body.
func put() *http.Request {
	r := newRequest(http.MethodPut, target, `{"note":"n"}`)
	r.Header.Set("If-Match", `"1"`)
	return r
}

func TestSignaturesAccepted(t *testing.T) {
	bySession := byUser
	bySession.who = session
	with := func(change func(r *http.Request)) *http.Request {
		r := put()
		change(r)
		return byUser.sign(r)
	}
	for name, r := range map[string]*http.Request{
		"a user's":              byUser.sign(put()),
		"a role's, with token":  bySession.sign(put()),
		"four minutes old":      scope{user, "execute-api", "eu-west-1", noon.Add(-4 * time.Minute)}.sign(put()),
		"four minutes early":    scope{user, "execute-api", "eu-west-1", noon.Add(4 * time.Minute)}.sign(put()),
		"no body":               byUser.sign(newRequest("GET", target, "")),
		"a header with spaces":  with(func(r *http.Request) { r.Header.Set("If-Match", "  a    b ") }),
		"a header twice":        with(func(r *http.Request) { r.Header.Add("If-Match", `"2"`) }),
		"an empty header":       with(func(r *http.Request) { r.Header.Set("X-Empty", "") }),
		"a query with %20":      byUser.sign(newRequest("GET", "/secrets/a?project=a%20b", "")),
		"a query with +":        byUser.sign(newRequest("GET", "/secrets/a?project=a+b", "")),
		"a query with %2B":      byUser.sign(newRequest("GET", "/secrets/a?project=a%2Bb", "")),
		"a query with %25":      byUser.sign(newRequest("GET", "/secrets/a?project=100%25", "")),
		"a query with accents":  byUser.sign(newRequest("GET", "/secrets/a?project=%C3%A9", "")),
		"a query with ~":        byUser.sign(newRequest("GET", "/secrets/a?project=~&project=%7E", "")),
		"a query with repeats":  byUser.sign(newRequest("GET", "/secrets/a?project=b&project=a&project=b", "")),
		"a query out of order":  byUser.sign(newRequest("GET", "/secrets/a?project=z&limit=1&project=%C3%A9&project=a-b&project=a%2Fb", "")),
		"a query without value": byUser.sign(newRequest("GET", "/secrets/a?project&limit=", "")),
		"a path with %20":       byUser.sign(newRequest("GET", "/secrets/a%20b", "")),
		"a path with %25":       byUser.sign(newRequest("GET", "/secrets/a%25b", "")),
		"a path with accents":   byUser.sign(newRequest("GET", "/secrets/%C3%A9", "")),
		"a path with marks":     byUser.sign(newRequest("GET", "/secrets/a+b:c@d~e!f*g'h(i)", "")),
		"the body's hash as header": with(func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", sha256Hex(`{"note":"n"}`))
		}),
	} {
		t.Run(name, func(t *testing.T) {
			s := newRig(t, atNoon)
			if w := s.do(r); w.Code != http.StatusOK || len(s.events) != 1 {
				t.Errorf("%d %s and %d events, want 200 and one; the log:\n%s", w.Code, w.Body, len(s.events), s.log.String())
			}
		})
	}
}

// TestSignaturesRefused has requests that were signed rightly and changed, and such as were signed wrongly.
func TestSignaturesRefused(t *testing.T) {
	bySession, otherKey, ofNobody := byUser, byUser, byUser
	bySession.who = session
	otherKey.who.SecretAccessKey = "another secret"
	ofNobody.who.AccessKeyID = "AKIANOBODY"
	otherToken, noToken, needlessToken := bySession, bySession, byUser
	otherToken.who.SessionToken = "another token"
	noToken.who.SessionToken = ""
	needlessToken.who.SessionToken = "a token"
	at := func(d time.Duration) scope { return scope{user, "execute-api", "eu-west-1", noon.Add(d)} }
	altered := func(by scope, change func(r *http.Request)) *http.Request {
		r := by.sign(put())
		change(r)
		return r
	}
	authorization := func(old, with string) *http.Request {
		return altered(byUser, func(r *http.Request) {
			before := r.Header.Get("Authorization")
			after := strings.Replace(before, old, with, 1)
			if before == after {
				t.Fatalf("%q is not in %q", old, before)
			}
			r.Header.Set("Authorization", after)
		})
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	before := func(change func(*http.Request)) *http.Request {
		r := put()
		change(r)
		return byUser.sign(r)
	}
	empty := byUser.sign(newRequest("GET", target, ""))
	empty.Header.Set("Authorization", strings.Replace(empty.Header.Get("Authorization"), "=host;", "=content-length;host;", 1))
	cases := []struct {
		name   string
		r      *http.Request
		reason string // a part of what the log says
	}{
		{"a signed length of 0", empty, "content-length is signed though it is 0"},
		{"unsigned", put(), "no Authorization"},
		{"an unknown access key", ofNobody.sign(put()), "nobody"},
		{"a wrong secret", otherKey.sign(put()), "another"},
		{"another service", scope{user, "secretsmanager", "eu-west-1", noon}.sign(put()), "execute-api"},
		{"another region", scope{user, "execute-api", "us-east-1", noon}.sign(put()), "execute-api"},
		{"six minutes old", at(-6 * time.Minute).sign(put()), "6m0s"},
		{"six minutes early", at(6 * time.Minute).sign(put()), "6m0s"},
		{"a day old", at(-24 * time.Hour).sign(put()), "24h0m0s"},
		{"another method", altered(byUser, func(r *http.Request) { r.Method = "GET" }), "another"},
		{"another path", altered(byUser, func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, "01", "02", 1) }), "another"},
		{"another query", altered(byUser, func(r *http.Request) { r.URL.RawQuery = "project=q" }), "another"},
		{"a query with more", altered(byUser, func(r *http.Request) { r.URL.RawQuery += "&force=true" }), "another"},
		{"no query", altered(byUser, func(r *http.Request) { r.URL.RawQuery = "" }), "another"},
		{"a query that can't be parsed", altered(byUser, func(r *http.Request) { r.URL.RawQuery += "&a=%zz" }), "query"},
		{"a query with ;", altered(byUser, func(r *http.Request) { r.URL.RawQuery += "&a=1;b=2" }), "query"},
		{"another body", altered(byUser, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"note":"m"}`)) }), "another"},
		{"a body with more", altered(byUser, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"note":"n"} `)) }), "another"},
		{"no body", altered(byUser, func(r *http.Request) { r.Body = http.NoBody }), "signed again"},
		{"another host", altered(byUser, func(r *http.Request) { r.Host = "example.com" }), "another"},
		{"another signed header", altered(byUser, set("If-Match", `"2"`)), "another"},
		{"a signed header twice", altered(byUser, func(r *http.Request) { r.Header.Add("If-Match", `"2"`) }), "another"},
		{"a signed header gone", altered(byUser, func(r *http.Request) { r.Header.Del("If-Match") }), "missing"},
		{"a signed length of another body", altered(byUser, func(r *http.Request) {
			r.Header.Set("Content-Length", "12")
			r.Body = io.NopCloser(strings.NewReader(`{"note":"nn"}`))
		}), "another"},
		{"no date", altered(byUser, func(r *http.Request) { r.Header.Del("X-Amz-Date") }), "no X-Amz-Date"},
		{"two dates", altered(byUser, func(r *http.Request) { r.Header.Add("X-Amz-Date", "20260301T120000Z") }), "2 X-Amz-Date"},
		{"another date", altered(byUser, set("X-Amz-Date", "20260301T120001Z")), "another"},
		{"a date of another form", altered(byUser, set("X-Amz-Date", "2026-03-01T12:00:00Z")), "form"},
		{"a date that is none", altered(byUser, set("X-Amz-Date", "20260301T126000Z")), "form"},
		{"the credential's date another", authorization("/20260301/", "/20260228/"), "another day"},
		{"host not signed", authorization("host;", ""), "host is not among"},
		{"x-amz-date not signed", authorization(";x-amz-date", ""), "x-amz-date is not among"},
		{"one header fewer signed", authorization("if-match;", ""), "another"},
		{"one header more signed", authorization("if-match;", "if-match;if-none-match;"), "missing"},
		{"the signature another", authorization("Signature=", "Signature=0"), "malformed"},
		{"the signature cut", altered(byUser, func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:len(a)-1])
		}), "malformed"},
		{"another algorithm", authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), "algorithm"},
		{"ECDSA", authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "algorithm"},
		{"a bearer's", altered(byUser, set("Authorization", "Bearer abc")), "algorithm"},
		{"two Authorizations", altered(byUser, func(r *http.Request) {
			r.Header.Add("Authorization", r.Header.Get("Authorization"))
		}), "2 Authorization"},
		{"an unsigned payload", before(set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")), "x-amz-content-sha256"},
		{"a chunked payload", before(set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")), "x-amz-content-sha256"},
		{"the hash of another body", before(set("X-Amz-Content-Sha256", sha256Hex("{}"))), "x-amz-content-sha256"},
		{"the hash twice", before(func(r *http.Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{sha256Hex(`{"note":"n"}`), sha256Hex(`{"note":"n"}`)}
		}), "x-amz-content-sha256"},
		{"no token where there is one", noToken.sign(put()), "x-amz-security-token"},
		{"another token", otherToken.sign(put()), "another session token"},
		{"a token where there is none", needlessToken.sign(put()), "x-amz-security-token"},
		{"a token added", altered(byUser, set("X-Amz-Security-Token", session.SessionToken)), "x-amz-security-token"},
		{"a token taken away", altered(bySession, func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }), "missing"},
		{"a token not signed", altered(noToken, set("X-Amz-Security-Token", session.SessionToken)), "x-amz-security-token"},
		{"a token twice", altered(bySession, func(r *http.Request) { r.Header.Add("X-Amz-Security-Token", "more") }), "x-amz-security-token"},
		{"presigned", presign(put()), "in the query"},
		{"presigned and signed", byUser.sign(presign(put())), "in the query"},
		{"presigned under encoded names", byUser.sign(newRequest("GET", "/secrets/a?X%2Damz-Signature=1", "")), "in the query"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newRig(t, atNoon)
			w := s.do(c.r)
			if w.Code != http.StatusForbidden || w.Body.String() != `{"message":"Forbidden"}` || len(s.events) != 0 {
				t.Errorf("%d %s and %d events, want a bare 403 and none", w.Code, w.Body, len(s.events))
			}
			for name := range w.Header() {
				if name != "Content-Type" && name != "Apigw-Requestid" {
					t.Errorf("the answer has the header %s", name)
				}
			}
			_, reason, found := strings.Cut(s.log.String(), "reason=")
			if !found || !strings.Contains(reason, c.reason) {
				t.Errorf("the reason in the log is %q, want one with %q", reason, c.reason)
			}
			checkLog(t, s.log.String(), c.r)
		})
	}
}

// checkLog fails where the log holds what a header said.
func checkLog(t *testing.T, log string, r *http.Request) {
	t.Helper()
	for name, values := range r.Header {
		for _, value := range values {
			if len(value) > 8 && strings.Contains(log, value) {
				t.Errorf("the log holds the header %s", name)
			}
		}
	}
	for _, secret := range []string{user.SecretAccessKey, session.SecretAccessKey, session.SessionToken, user.AccessKeyID, "Signature="} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestUnsignedHeadersMayChange: the signature covers the headers that it names; the rest is anybody's, as on AWS.
func TestUnsignedHeadersMayChange(t *testing.T) {
	s := newRig(t, atNoon)
	r := byUser.sign(put())
	r.Header.Set("User-Agent", "other")
	r.Header.Set("X-Added", "yes")
	if w := s.do(r); w.Code != http.StatusOK {
		t.Errorf("%d %s; the log:\n%s", w.Code, w.Body, s.log.String())
	}
}

// TestANewSecretReplacesTheOld: an access key whose secret was changed does not sign with the old one any more.
func TestANewSecretReplacesTheOld(t *testing.T) {
	now := user
	s := newRig(t, atNoon)
	g := s.Handler.(*gateway)
	g.Credentials = func(string) (Identity, bool) { return now, true }
	if w := s.do(byUser.sign(put())); w.Code != http.StatusOK {
		t.Fatalf("%d before the change", w.Code)
	}
	now.SecretAccessKey = "new"
	if w := s.do(byUser.sign(put())); w.Code != http.StatusForbidden {
		t.Errorf("%d with the old secret, want 403", w.Code)
	}
	by := byUser
	by.who = now
	if w := s.do(by.sign(put())); w.Code != http.StatusOK {
		t.Errorf("%d with the new secret, want 200", w.Code)
	}
}
