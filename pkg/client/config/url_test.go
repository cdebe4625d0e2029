package config_test

import (
	"net/url"
	"strings"
	"testing"

	"strongroom/pkg/client/config"
)

func TestNormalURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://strongroom.example":                       "https://strongroom.example",
		"https://strongroom.example/":                      "https://strongroom.example",
		"HTTPS://StrongRoom.Example:443/Prod/":             "https://strongroom.example/Prod",
		"https://x1.execute-api.eu-central-1.example/prod": "https://x1.execute-api.eu-central-1.example/prod",
		"https://h:8443":                                   "https://h:8443",
		"https://192.0.2.1/a/b":                            "https://192.0.2.1/a/b",
		"https://[2001:DB8::0:1]:9":                        "https://[2001:db8::1]:9",
		"http://127.0.0.1:8787":                            "http://127.0.0.1:8787",
		"http://127.1.2.3:80/":                             "http://127.1.2.3",
		"http://[0:0::1]:8787":                             "http://[::1]:8787",
		"http://LOCALHOST:8787/":                           "http://localhost:8787",
		"https://xn--bcher-kva.example/a.b_c~d-e":          "https://xn--bcher-kva.example/a.b_c~d-e",
	} {
		got, err := config.NormalURL(text)
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
}

func TestNormalURLRefuses(t *testing.T) {
	for _, text := range []string{
		"", "strongroom.example", "//h", "https:", "https://", "https:///x", "https:h", "ftp://h", "file:///h", "https://:443",
		"http://strongroom.example", "http://localhost.example", "http://192.0.2.1", "http://[2001:db8::1]", "http://localhost@h",
		"https://marked@h", "https://me:marked@h", "https://h?", "https://h?a=b", "https://h#", "https://h/#a", "https://h/x?y",
		"https://h:", "https://h:0", "https://h:0443", "https://h:65536", "https://h:+443", "https://h:x",
		"https://h//x", "https://h/x//", "https://h/./x", "https://h/..", "https://h/%2e", "https://h/a%2Fb", "https://h/a b", "https://h/ä", `https://h\x`, "https://h/x;y",
		"https://h.", "https://.h", "https://h..i", "https://-h", "https://bücher.example", "https://h%41", "https://h i", "https://h\n",
		"https://127.1", "https://2130706433", "https://0x7f.1", "https://0x7f000001", "https://127.0.0.01", "https://h.1", "https://1.2.3.4.5",
		"https://[::1%25lo]", "https://[::ffff:127.0.0.1]", "https://::1", "https://[::1", "https://[h]", "https://" + strings.Repeat("a", 254),
	} {
		if got, err := config.NormalURL(text); err == nil {
			t.Errorf("%q: got %s", text, got)
		} else if strings.Contains(err.Error(), "marked") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzNormalURL looks for a normal form that is not one, and for one that Go's HTTP client reads otherwise.
func FuzzNormalURL(f *testing.F) {
	for _, seed := range []string{"https://h/x", "http://127.0.0.1:8787", "https://[::1]:1/", "HTTPS://A.B:443", "https://0x7f", "https://a@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		normal, err := config.NormalURL(text)
		if err != nil {
			return
		}
		if again, err := config.NormalURL(normal); err != nil || again != normal {
			t.Errorf("%q became %q, and that %q, %v", text, normal, again, err)
		}
		given, err1 := url.Parse(text)
		u, err2 := url.Parse(normal)
		if err1 != nil || err2 != nil || u.String() != normal || u.User != nil || !strings.EqualFold(given.Scheme, u.Scheme) {
			t.Errorf("%q became %q: %v, %v", text, normal, err1, err2)
		}
	})
}
