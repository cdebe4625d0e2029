package rotation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"strongroom/pkg/rotation"
)

const functionARN = "arn:aws:lambda:eu-central-1:111122223333:function:rotate"

// TestSettingsNameTheirTarget: what values are sent to is what a worker's list is about.
func TestSettingsNameTheirTarget(t *testing.T) {
	const signed = `, "signingSecretId": "0190a1b2-0000-7000-8000-000000000001"}`
	for _, c := range []struct {
		kind           rotation.Kind
		settings, want string
	}{
		{rotation.PostgreSQL, `{"host": "db.example.com", "users": ["a"]}`, "db.example.com:5432"},
		{rotation.PostgreSQL, `{"host": "::1", "port": 5433, "users": ["a"]}`, "[::1]:5433"},
		{rotation.MySQL, `{"host": "db.example.com", "users": ["a"]}`, "db.example.com:3306"},
		{rotation.HTTP, `{"url": "https://rotate.example.com/v1"` + signed, "rotate.example.com:443"},
		{rotation.HTTP, `{"url": "https://rotate.example.com:8443/v1"` + signed, "rotate.example.com:8443"},
		{rotation.HTTP, `{"url": "http://[::1]/v1"` + signed, "[::1]:80"},
		{rotation.Lambda, `{"functionArn": "` + functionARN + `", "includeValues": true}`, functionARN},
		{rotation.Lambda, `{"functionArn": "` + functionARN + `"}`, ""},
		{rotation.Random, `{}`, ""},
		{rotation.IAMAccessKey, `{"userName": "app"}`, ""},
	} {
		s, err := rotation.ParseSettings(c.kind, json.RawMessage(c.settings))
		if err != nil {
			t.Errorf("%s %s: %v", c.kind, c.settings, err)
			continue
		}
		if got := s.Target(); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.settings, got, c.want)
		}
	}
}

func TestAListAllowsWhatIsOnIt(t *testing.T) {
	for _, c := range []struct {
		list, target string
		want         bool
	}{
		{"", "db.example.com:5432", false},
		{"", functionARN, false},
		{"*", "db.example.com:5432", true},
		{"*", functionARN, true},
		{"*", "dĆ.example.com:443", true},
		{"db.example.com", "db.example.com:5432", true},
		{"DB.example.com", "db.Example.com:1", true},
		{"db.example.com:5432", "db.example.com:5432", true},
		{"db.example.com:5432", "db.example.com:5433", false},
		{"db.example.com:5432", "db.example.com:54321", false},
		{"other, db.example.com ,", "db.example.com:5432", true},
		{"db.example.com", "db.example.com.attacker.net:5432", false},
		{"db.example.com", "attacker-db.example.com:5432", false},
		{"db.example.com", "x.db.example.com:5432", false},
		{"db.example.com", "db.example.com.:443", false},
		{"*.example.com", "db.example.com:5432", true},
		{"*.example.com", "a.b.example.com:5432", true},
		{"*.example.com", "example.com:5432", false},
		{"*.example.com", "badexample.com:5432", false},
		{"*.example.com", "db.example.com.attacker.net:5432", false},
		{"*.example.com:5432", "db.example.com:5432", true},
		{"*.example.com:5432", "db.example.com:5433", false},
		{"*.example.com:5432", "db.example.com:15432", false},
		{"10.0.0.5:5432", "10.0.0.5:5432", true},
		{"10.0.0.5", "10.0.0.50:5432", false},
		{"[::1]:5432", "[::1]:5432", true},
		{"[0:0::1]:5432", "[::1]:5432", true},
		{"[::1]:5432", "[::1]:5433", false},
		{"::1", "[::1]:5433", true},
		{"kexample.com", "\u212aexample.com:443", false}, // the sign for kelvin, in lower case a k
		{functionARN, functionARN, true},
		{functionARN, functionARN + ":live", false},
		{functionARN, strings.ToUpper(functionARN), false},
		{"arn", functionARN, false},
	} {
		list, err := rotation.ParseTargets(c.list)
		if err != nil {
			t.Errorf("%q: %v", c.list, err)
			continue
		}
		if got := list.Allows(c.target); got != c.want {
			t.Errorf("%q allows %q: %t", c.list, c.target, got)
		}
	}
	if (rotation.Targets{}).Allows("db.example.com:5432") {
		t.Error("what was never set allows something")
	}
}

func TestAListThatIsNoneIsRefused(t *testing.T) {
	for _, list := range []string{
		"https://db.example.com", "db.example.com:", "db.example.com:0", "db.example.com:05432", "db.example.com:65536", "db.example.com:pg", "a b",
		"*example.com", "*.", "db.*.example.com", "[::1", "[::1]5432", "dĆ.example.com", "a:b:c", "arn:aws:iam::111122223333:role/a", "ok.example.com,?",
	} {
		if _, err := rotation.ParseTargets(list); err == nil || !strings.Contains(err.Error(), "is no target: write a host") {
			t.Errorf("%q: %v", list, err)
		}
	}
}
