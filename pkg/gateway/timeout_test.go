package gateway

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestTimeouts: a function's own time ends with 500, as Lambda's does, and what API Gateway would wait for with 503.
func TestTimeouts(t *testing.T) {
	for _, c := range []struct {
		name    string
		timeout time.Duration // the function's; zero is as deployed
		works   time.Duration // how long it takes, whatever it is told
		status  int
		after   time.Duration
	}{
		{"in time", 0, 14 * time.Second, http.StatusOK, 14 * time.Second},
		{"over its own time", 0, time.Minute, http.StatusInternalServerError, Timeout},
		{"long, but allowed", time.Minute, 29 * time.Second, http.StatusOK, 29 * time.Second},
		{"longer than anyone waits", time.Minute, 45 * time.Second, http.StatusServiceUnavailable, MaxWait},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newRig(t, time.Now)
				s.Handler.(*gateway).Timeout = max(c.timeout, Timeout)
				s.answer = func(context.Context, []byte) ([]byte, error) {
					time.Sleep(c.works)
					return []byte(`{"statusCode":200}`), nil
				}
				by := byUser
				by.at = time.Now()
				started := time.Now()
				w := s.do(by.sign(newRequest(http.MethodGet, "/me", "")))
				if took := time.Since(started); w.Code != c.status || took != c.after {
					t.Errorf("%d after %s, want %d after %s", w.Code, took, c.status, c.after)
				}
				if c.status == http.StatusServiceUnavailable && w.Body.String() != `{"message":"Service Unavailable"}` {
					t.Errorf("the body is %s", w.Body)
				}
				time.Sleep(c.works)
			})
		})
	}
}
