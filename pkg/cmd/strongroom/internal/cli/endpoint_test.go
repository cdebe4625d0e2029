package cli

import "testing"

func TestWhereValuesMayTravel(t *testing.T) {
	for _, url := range []string{
		"https://abc.execute-api.us-east-1.amazonaws.com", "https://strongroom.example/stage", "http://127.0.0.1:8787",
		"http://[::1]:8787", "http://localhost:8787/",
	} {
		if _, err := parseBase(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"", "strongroom.example", "http://strongroom.example", "http://127.0.0.1.example", "http://192.0.2.1:8787",
		"http://localhost.example", "ftp://127.0.0.1", "https://", "https://user:x@strongroom.example",
		"https://strongroom.example?x=y", "https://strongroom.example#x", "https://strong room", "127.0.0.1:8787",
	} {
		if _, err := parseBase(url); err == nil {
			t.Errorf("%q is accepted", url)
		}
	}
}
