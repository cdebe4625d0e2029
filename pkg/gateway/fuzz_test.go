package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzRequest alters a request after it was signed: what reaches the function is what was signed.
func FuzzRequest(f *testing.F) {
	f.Add("/secrets/a", "project=p", `"1"`, `{"note":"n"}`)
	f.Add("/secrets/a", "project=p&force=true", `"1"`, `{"note":"n"}`)
	f.Add("/secrets/a", "project=p&project=", `"1", "2"`, ``)
	f.Add("/secrets/%61", "project=%70", ` "1"`, `{"note":"n"} `)
	s := newRig(f, atNoon)
	f.Fuzz(func(t *testing.T, path, query, match, body string) {
		original := newRequest(http.MethodPut, "/secrets/a?project=p", `{"note":"n"}`)
		original.Header.Set("If-Match", `"1"`)
		altered := newRequest(http.MethodPut, "/", body)
		altered.Header = byUser.sign(original).Header
		altered.URL.Path, altered.URL.RawQuery = path, query
		altered.Header.Set("If-Match", match)
		s.events = nil
		w := s.do(altered)
		s.log.Reset()
		if w.Code != http.StatusOK {
			return
		}
		e := s.event(t)
		same := path == "/secrets/a" && body == `{"note":"n"}` && strings.Join(strings.Fields(match), " ") == `"1"` &&
			cmp.Equal(e.QueryStringParameters, map[string]string{"project": "p"})
		if !same {
			t.Errorf("accepted: path %q, query %q, if-match %q, body %q", path, query, match, body)
		}
	})
}
