package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkSignature is what checking a signature costs, beside signing the same request with the SDK, as the client did,
// and beside a bare HMAC-SHA256 of the body.
func BenchmarkSignature(b *testing.B) {
	for name, body := range map[string]string{"empty": "", "1KiB": strings.Repeat("x", 1<<10), "100KiB": strings.Repeat("x", 100<<10)} {
		sent := []byte(body)
		unsigned := func() *http.Request {
			r := post()
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(sent)), int64(len(sent))
			return r
		}
		r := byUser.sign(unsigned())
		b.Run("check/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c, err := rules.Read(r, noon, find)
				if err == nil {
					err = c.Verify(r, sent)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("sign/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				byUser.sign(unsigned())
			}
		})
		b.Run("HMAC/"+name, func(b *testing.B) {
			b.ReportAllocs()
			key := []byte(user.Secret)
			for b.Loop() {
				mac := hmac.New(sha256.New, key)
				mac.Write(sent)
				mac.Sum(nil)
			}
		})
	}
}
