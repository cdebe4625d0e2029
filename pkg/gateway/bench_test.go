package gateway

import (
	"net/http"
	"testing"
)

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
