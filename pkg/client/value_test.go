package client_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"strongroom/pkg/client"
)

// Whatever prints or marshals a value, or what holds one, shows nothing of it.
func TestValuesDoNotShow(t *testing.T) {
	v := client.NewValue(mark)
	s := client.Secret{Name: "n", Value: v}
	holder := struct{ inner any }{v}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T"} {
		for _, it := range []any{v, &v, s, &s, []client.Value{v}, map[string]client.Value{"a": v}, holder, &holder, client.Version{Value: v}, client.NewSecret{Value: v}, client.Change{Value: &v}} {
			shown := fmt.Sprintf(verb, it)
			if strings.Contains(shown, mark) || strings.Contains(strings.ToLower(shown), fmt.Sprintf("%x", mark)) {
				t.Errorf("%s of %T shows it", verb, it)
			}
		}
	}
	for _, it := range []any{v, &v, s, []client.Value{v}, map[string]client.Value{"a": v}} {
		shown, err := json.Marshal(it)
		if err != nil || strings.Contains(string(shown), mark) || !strings.Contains(string(shown), "[redacted]") {
			t.Errorf("JSON of %T: %s, %v", it, shown, err)
		}
	}
	var log strings.Builder
	for _, h := range []slog.Handler{
		slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil),
	} {
		slog.New(h).Info("m", "value", v, "secret", s, "pointer", &v)
	}
	if strings.Contains(log.String(), mark) || strings.Count(log.String(), "[redacted]") < 4 {
		t.Errorf("logged: %s", log.String())
	}
	if v.Reveal() != mark || (client.Value{}).Reveal() != "" || !v.Equal(client.NewValue(mark)) || v.Equal(client.Value{}) {
		t.Error("Reveal and Equal")
	}
}
