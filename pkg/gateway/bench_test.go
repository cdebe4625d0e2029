package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkSignature is what checking a signature costs, beside signing the same request with the SDK, as the client did,
// and beside a bare HMAC-SHA256 of the body.
func BenchmarkSignature(b *testing.B) {
	for name, body := range map[string]string{"empty": "", "1KiB": strings.Repeat("x", 1<<10), "100KiB": strings.Repeat("x", 100<<10)} {
		g := newRig(b, atNoon).Handler.(*gateway)
		r := byUser.sign(newRequest(http.MethodPut, target, body))
		b.Run("check/"+name, func(b *testing.B) {
			b.ReportAllocs()
			sent := []byte(body)
			for b.Loop() {
				c, err := g.readClaim(r)
				if err == nil {
					err = c.verify(r, sent)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("sign/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				again := r.Clone(b.Context())
				again.Body = http.NoBody
				if body != "" {
					again = newRequest(http.MethodPut, target, body)
				}
				byUser.sign(again)
			}
		})
		b.Run("HMAC/"+name, func(b *testing.B) {
			b.ReportAllocs()
			message, key := []byte(body), []byte(user.SecretAccessKey)
			for b.Loop() {
				mac := hmac.New(sha256.New, key)
				mac.Write(message)
				mac.Sum(nil)
			}
		})
	}
}

// BenchmarkGateway is a whole request without a connection, to a function that does nothing.
func BenchmarkGateway(b *testing.B) {
	s := newRig(b, atNoon)
	r := byUser.sign(newRequest(http.MethodGet, target, ""))
	b.ReportAllocs()
	for b.Loop() {
		s.events = s.events[:0]
		if w := s.do(r); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
