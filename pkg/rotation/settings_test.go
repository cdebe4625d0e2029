package rotation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
)

const someID = "01980e5b-0000-7000-8000-000000000001"

// least has the least that each kind can do with.
var least = map[Kind]string{
	PostgreSQL:   `{"host": "db.example", "users": ["app"]}`,
	MySQL:        `{"host": "db.example", "users": ["app"]}`,
	IAMAccessKey: `{"userName": "app"}`,
	Random:       `{}`,
	HTTP:         `{"url": "https://rotate.example/hook", "signingSecretId": "` + someID + `"}`,
	Lambda:       `{"functionArn": "arn:aws:lambda:eu-central-1:111122223333:function:rotate"}`,
}

// with is the least settings of a kind with some set; null removes one.
func with(t *testing.T, kind Kind, more string) string {
	t.Helper()
	var settings, set map[string]any
	for text, into := range map[string]*map[string]any{least[kind]: &settings, "{" + more + "}": &set} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	maps.Copy(settings, set)
	maps.DeleteFunc(settings, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestEachKindHasSettings(t *testing.T) {
	id := uuid.MustParse(someID)
	for kind, want := range map[Kind]struct {
		settings Settings
		keeps    bool
		secrets  []uuid.UUID
	}{
		PostgreSQL:   {&Database{kind: PostgreSQL, Host: "db.example", Port: 5432, TLS: TLSVerifyFull, Users: []string{"app"}}, false, nil},
		MySQL:        {&Database{kind: MySQL, Host: "db.example", Port: 3306, TLS: TLSVerifyFull, Users: []string{"app"}}, false, nil},
		IAMAccessKey: {&IAMSettings{UserName: "app", Old: OldDelete}, true, nil},
		Random:       {&RandomSettings{}, false, nil},
		HTTP:         {&HTTPSettings{URL: "https://rotate.example/hook", SigningSecretID: id, Timeout: 10}, false, []uuid.UUID{id}},
		Lambda:       {&LambdaSettings{FunctionARN: "arn:aws:lambda:eu-central-1:111122223333:function:rotate"}, false, nil},
	} {
		got, err := ParseSettings(kind, []byte(least[kind]))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if diff := cmp.Diff(want.settings, got, cmpopts.IgnoreUnexported(Database{})); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
		if got.Keeps() != want.keeps || !slices.Equal(got.Secrets(), want.secrets) {
			t.Errorf("%s: keeps %t, secrets %v", kind, got.Keeps(), got.Secrets())
		}
	}
	if len(least) != len(Kinds()) {
		t.Errorf("%d kinds were tried; there are %d", len(least), len(Kinds()))
	}
}

func TestSettingsThatAreTaken(t *testing.T) {
	ca, err := json.Marshal(certificate(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind  Kind
		more  string
		keeps bool
	}{
		"two users":                     {PostgreSQL, `"users": ["a", "b"], "adminSecretId": "` + someID + `"`, true},
		"a CA":                          {PostgreSQL, `"tls": "verify-ca", "ca": ` + string(ca), false},
		"no TLS, by name":               {PostgreSQL, `"tls": "disable", "host": "localhost"`, false},
		"no TLS, by address":            {MySQL, `"tls": "disable", "host": "127.0.0.2"`, false},
		"no TLS, IPv6":                  {MySQL, `"tls": "disable", "host": "::1"`, false},
		"an address":                    {PostgreSQL, `"host": "10.0.0.1", "port": 65535`, false},
		"an account's host":             {MySQL, `"accountHost": "10.%"`, false},
		"a name of every kind":          {MySQL, `"users": ["'; DROP TABLE x; -- ☃"]`, false},
		"a query":                       {PostgreSQL, `"testQuery": "SELECT 1", "database": "app", "password": {"length": 40}`, false},
		"an old key that is kept":       {IAMAccessKey, `"old": "deactivate"`, true},
		"a service on this machine":     {HTTP, `"url": "http://127.0.0.1:8080/hook?x=1", "timeout": 60`, false},
		"a service that keeps":          {HTTP, `"keepsOld": true, "field": "password", "length": 12`, true},
		"a function's alias":            {Lambda, `"functionArn": "arn:aws:lambda:eu-central-1:111122223333:function:rotate:live", "keepsOld": true`, true},
		"a function in China's regions": {Lambda, `"functionArn": "arn:aws-cn:lambda:cn-north-1:111122223333:function:rotate", "includeValues": true`, false},
		"a template":                    {Random, `"length": 20, "classes": ["symbols", "lower"], "symbols": "!?", "exclude": "lo", "form": "x-{}", "field": "key"`, false},
	} {
		settings, err := ParseSettings(c.kind, []byte(with(t, c.kind, c.more)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if settings.Keeps() != c.keeps {
			t.Errorf("%s: keeps %t", name, settings.Keeps())
		}
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		kind       Kind
		more, want string
	}{
		{PostgreSQL, `"host": null`, `settings.host is ""; write a host's name or address, without a port`},
		{PostgreSQL, `"host": "db:5432"`, `settings.host is "db:5432"; write a host's name or address, without a port`},
		{PostgreSQL, `"host": "-db"`, `settings.host is "-db"; write a host's name or address, without a port`},
		{PostgreSQL, `"port": 0`, `settings.port is 0; it must be from 1 to 65535`},
		{MySQL, `"port": 65536`, `settings.port is 65536; it must be from 1 to 65535`},
		{PostgreSQL, `"tls": "prefer"`, `settings.tls is "prefer"; it must be verify-full, verify-ca or disable`},
		{MySQL, `"tls": "disable"`, `settings.tls is disable, which sends passwords readable; it is allowed for loopback addresses alone`},
		{MySQL, `"tls": "disable", "host": "localhost.example"`, `settings.tls is disable, which sends passwords readable; it is allowed for loopback addresses alone`},
		{PostgreSQL, `"ca": "MIIB"`, `settings.ca has no certificate in PEM, which begins with "-----BEGIN CERTIFICATE-----"`},
		{PostgreSQL, `"users": []`, `settings.users has 0 users; name one, or two that alternate`},
		{PostgreSQL, `"users": ["a", "b", "c"]`, `settings.users has 3 users; name one, or two that alternate`},
		{PostgreSQL, `"users": [""]`, `settings.users[0] must be 1 to 63 bytes long`},
		{PostgreSQL, `"users": ["` + strings.Repeat("x", 64) + `"]`, `settings.users[0] must be 1 to 63 bytes long`},
		{PostgreSQL, `"users": ["a\u0000"]`, `settings.users[0] must be 1 to 63 bytes long`},
		{PostgreSQL, `"users": ["a", "a"], "adminSecretId": "` + someID + `"`, `settings.users names one user twice; name one, or two that alternate`},
		{MySQL, `"users": ["a", "b"]`, `settings.adminSecretId is missing; with two users somebody else must change their passwords: name the secret with that one's username and password`},
		{PostgreSQL, `"accountHost": "%"`, `settings.accountHost is for the rotator mysql alone`},
		{PostgreSQL, `"testQuery": "` + strings.Repeat("x", 1025) + `"`, `settings.testQuery has 1025 bytes; at most 1024 are allowed`},
		{PostgreSQL, `"password": {"length": 5}`, `settings.password.length is 5; it must be from 12 to 4096`},
		{PostgreSQL, `"password": {"size": 5}`, `settings.password.size is no setting of the rotator postgresql`},
		{PostgreSQL, `"passwort": {}`, `settings.passwort is no setting of the rotator postgresql`},
		{PostgreSQL, `"Host": "db"`, `settings.Host is no setting of the rotator postgresql`},
		{PostgreSQL, `"port": "5432"`, `settings.port must be one whole number`},
		{PostgreSQL, `"users": "app"`, `settings.users must be a list of texts`},
		{PostgreSQL, `"adminSecretId": "admin"`, `settings.adminSecretId must be the id of a secret`},
		{PostgreSQL, `"password": "x"`, `settings.password must be an object with settings of its own`},
		{PostgreSQL, `"password": {"length": "x"}`, `settings.password.length must be one whole number`},
		{Random, `"length": [40, 41]`, `settings.length must be one whole number`},
		{Random, `"field": 1`, `settings.field must be one text`},
		{HTTP, `"keepsOld": "yes"`, `settings.keepsOld must be true or false`},
		{PostgreSQL, `"host": "", "port": -1`, `settings.host is ""; write a host's name or address, without a port; settings.port is -1; it must be from 1 to 65535`},

		{IAMAccessKey, `"userName": null`, `settings.userName is ""; an IAM user's name has 1 to 64 letters, digits and characters of _+=,.@-`},
		{IAMAccessKey, `"userName": "/apps/app"`, `settings.userName is "/apps/app"; an IAM user's name has 1 to 64 letters, digits and characters of _+=,.@-`},
		{IAMAccessKey, `"old": "keep"`, `settings.old is "keep"; it must be delete or deactivate`},

		{Random, `"length": 4097`, `settings.length is 4097; it must be from 12 to 4096`},
		{Random, `"length": -1`, `settings.length is -1; it must be from 12 to 4096`},
		{Random, `"classes": ["lower", "emoji"]`, `settings.classes has "emoji"; classes are lower, upper, digits, symbols`},
		{Random, `"classes": ["symbols"], "symbols": "é"`, `settings.symbols and exclude may have visible ASCII characters alone`},
		{Random, `"exclude": " "`, `settings.symbols and exclude may have visible ASCII characters alone`},
		{Random, `"symbols": "!"`, `settings.symbols are given, and the class symbols is not among the classes; add it`},
		{Random, `"classes": ["symbols", "lower"], "symbols": "!a"`, `settings.symbols may have each character once, and no letters and digits: each is to be as likely`},
		{Random, `"classes": ["symbols", "lower"], "symbols": "!?!"`, `settings.symbols may have each character once, and no letters and digits: each is to be as likely`},
		{Random, `"exclude": "0123456789"`, `settings.exclude leaves nothing of the class digits`},
		{Random, `"classes": ["digits"], "exclude": "0"`, `settings.classes leave fewer than 10 characters to choose from`},
		{Random, `"form": "x"`, `settings.form must have {} in it once, where the random characters stand`},
		{Random, `"form": "{}{}"`, `settings.form must have {} in it once, where the random characters stand`},
		{Random, `"form": "{}` + strings.Repeat("x", 1023) + `"`, `settings.form has 1025 bytes; at most 1024 are allowed`},
		{Random, `"field": "` + strings.Repeat("x", 129) + `"`, `settings.field has 129 bytes; at most 128 are allowed`},

		{HTTP, `"url": null`, `settings.url must be an https URL without a user and a fragment, or an http one of a loopback address`},
		{HTTP, `"url": "http://rotate.example/"`, `settings.url must be an https URL without a user and a fragment, or an http one of a loopback address`},
		{HTTP, `"url": "http://127.0.0.1.example/"`, `settings.url must be an https URL without a user and a fragment, or an http one of a loopback address`},
		{HTTP, `"url": "https://me:secret@rotate.example/"`, `settings.url must be an https URL without a user and a fragment, or an http one of a loopback address`},
		{HTTP, `"url": "https://rotate.example/#x"`, `settings.url must be an https URL without a user and a fragment, or an http one of a loopback address`},
		{HTTP, `"url": "https:///x"`, `settings.url must be an https URL without a user and a fragment, or an http one of a loopback address`},
		{HTTP, `"url": "ftp://127.0.0.1/"`, `settings.url must be an https URL without a user and a fragment, or an http one of a loopback address`},
		{HTTP, `"signingSecretId": null`, `settings.signingSecretId is missing; name the secret with the key that requests are to be signed with`},
		{HTTP, `"timeout": 0`, `settings.timeout is 0; it must be from 1 to 60 seconds`},
		{HTTP, `"timeout": 61`, `settings.timeout is 61; it must be from 1 to 60 seconds`},
		{HTTP, `"form": "x"`, `settings.form must have {} in it once, where the random characters stand`},
		{HTTP, `"field": "` + strings.Repeat("x", 129) + `"`, `settings.field has 129 bytes; at most 128 are allowed`},

		{Lambda, `"functionArn": "rotate"`, `settings.functionArn is "rotate"; write the function's ARN, as in "arn:aws:lambda:eu-central-1:111122223333:function:rotate"`},
		{Lambda, `"length": 1`, `settings.length is 1; it must be from 12 to 4096`},
		{Lambda, `"field": "` + strings.Repeat("x", 129) + `"`, `settings.field has 129 bytes; at most 128 are allowed`},
	} {
		_, err := ParseSettings(c.kind, []byte(with(t, c.kind, c.more)))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s with %s: %v; want %s", c.kind, c.more, err, c.want)
		}
	}
}

func TestSettingsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                           "settings is not a JSON object with the settings of the rotator postgresql",
		`null`:                         "settings is not a JSON object with the settings of the rotator postgresql",
		`"x"`:                          "settings is not a JSON object with the settings of the rotator postgresql",
		`{"host": "db"`:                "settings is not a JSON object with the settings of the rotator postgresql",
		`{"host": "db", "host": "db"}`: "settings is not a JSON object with the settings of the rotator postgresql",
		`{"testQuery": "` + strings.Repeat("x", 8192) + `"}`: "settings has 8209 bytes; at most 8192 are allowed",
	} {
		if _, err := ParseSettings(PostgreSQL, []byte(text)); err == nil || err.Error() != want {
			t.Errorf("%.40s: %v; want %s", text, err, want)
		}
	}
	for _, kind := range []Kind{"", "oracle", "PostgreSQL"} {
		want := `rotator must be one of postgresql, mysql, iam-access-key, random, http, lambda`
		if _, err := ParseSettings(kind, nil); err == nil || err.Error() != want {
			t.Errorf("%q: %v; want %s", kind, err, want)
		}
	}
	for _, text := range []string{"", " \n", "{}"} {
		if _, err := ParseSettings(Random, []byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
