package rotation

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"strongroom/pkg/api"
)

// Settings are those of one kind of rotator. They hold no value: credentials that a rotator needs stand in secrets of their own,
// which the settings name by id.
type Settings interface {
	// Keeps says whether the old value goes on working when the new one is current, until it is retired.
	Keeps() bool
	// Secrets are the further secrets that are read.
	Secrets() []uuid.UUID
	// Target is what values are sent to, as Targets has it; empty where the settings name nothing of that kind.
	Target() string
	check(p *ConfigError)
}

// ParseSettings reads the settings of a kind. An unknown kind, a field that it does not have, and what a field can't be are
// errors of type ConfigError, their fields beneath "settings".
func ParseSettings(kind Kind, text []byte) (Settings, error) {
	var p ConfigError
	settings := of(kind)
	if settings == nil {
		p.add("rotator", "must be one of %s", words(Kinds()))
		return nil, p
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}")
	}
	if len(text) > api.MaxRotationSettings {
		p.add("settings", "has %d bytes; at most %d are allowed", len(text), api.MaxRotationSettings)
		return nil, p
	}
	if bytes.TrimSpace(text)[0] != '{' {
		p.add("settings", "is not a JSON object with the settings of the rotator %s", kind)
		return nil, p
	}
	if err := json.Unmarshal(text, settings, json.RejectUnknownMembers(true)); err != nil {
		var wrong *json.SemanticError
		if errors.As(err, &wrong) && wrong.JSONPointer != "" {
			field := "settings" + strings.ReplaceAll(string(wrong.JSONPointer), "/", ".")
			if errors.Is(err, json.ErrUnknownName) {
				p.add(field, "is no setting of the rotator %s", kind)
			} else {
				p.add(field, "must be %s", wanted(wrong.GoType))
			}
		} else {
			p.add("settings", "is not a JSON object with the settings of the rotator %s", kind)
		}
		return nil, p
	}
	settings.check(&p)
	return settings, p.err()
}

// wanted is what a setting of that type is written as.
func wanted(of reflect.Type) string {
	switch typeInWords(of) {
	case "number":
		return "one whole number"
	case "boolean":
		return "true or false"
	case "list":
		return "a list of texts"
	case "secret":
		return "the id of a secret"
	}
	if of.Kind() == reflect.Struct {
		return "an object with settings of its own"
	}
	return "one text"
}

// of makes settings of that kind, with what holds where nothing is said; nil for no kind.
func of(kind Kind) Settings {
	switch kind {
	case PostgreSQL:
		return &Database{kind: kind, Port: 5432, TLS: TLSVerifyFull}
	case MySQL:
		return &Database{kind: kind, Port: 3306, TLS: TLSVerifyFull}
	case IAMAccessKey:
		return &IAMSettings{Old: OldDelete}
	case Random:
		return &RandomSettings{}
	case HTTP:
		return &HTTPSettings{Timeout: 10}
	case Lambda:
		return &LambdaSettings{}
	}
	return nil
}

// TLS is how a connection to a database is protected.
type TLS string

// The ways of TLS, in PostgreSQL's words (sslmode, https://www.postgresql.org/docs/current/libpq-ssl.html).
const (
	// TLSVerifyFull checks that the server's certificate is signed by one that is trusted, and names the host.
	TLSVerifyFull TLS = "verify-full"
	// TLSVerifyCA checks the signature alone.
	TLSVerifyCA TLS = "verify-ca"
	// TLSDisable sends passwords readable by the network: for loopback addresses alone.
	TLSDisable TLS = "disable"
)

// Database has the settings of the rotators postgresql and mysql. The value of the secret is a JSON object with username and
// password, whose further members are kept, or, with one user, the password alone.
type Database struct {
	kind Kind
	// Host and Port are where the database listens. Host is a name or an address.
	Host string `json:"host"`
	Port int    `json:"port"`
	// Database is what to connect to; where it is empty, the user's own of PostgreSQL, and none of MySQL.
	Database string `json:"database"`
	TLS      TLS    `json:"tls"`
	// CA is the certificates that are trusted, in PEM; the system's where it is empty.
	CA string `json:"ca"`
	// Users are one user, or two that alternate: the value names the one whose turn it is.
	Users []string `json:"users"`
	// AdminSecretID is the secret with the username and password of who may change the users' passwords. One user alone may do
	// without it, and changes its own; two need it.
	AdminSecretID uuid.UUID `json:"adminSecretId"`
	// AccountHost is the host part of the users' names in MySQL, "%" where it is empty.
	AccountHost string `json:"accountHost"`
	// TestQuery is asked with the new password, besides that it connects.
	TestQuery string   `json:"testQuery"`
	Password  Template `json:"password"`
}

// Alternating says whether there are two users.
func (d *Database) Alternating() bool { return len(d.Users) == 2 }

// Keeps says whether there are two users.
func (d *Database) Keeps() bool { return d.Alternating() }

// Secrets are the admin's.
func (d *Database) Secrets() []uuid.UUID { return present(d.AdminSecretID) }

// maxUser is how many bytes the name of a database's user has at most: PostgreSQL's 63, MySQL's 32 characters and MariaDB's 128.
const maxUser = 63

func (d *Database) check(p *ConfigError) {
	checkHost(p, "settings.host", d.Host)
	if d.Port < 1 || d.Port > 65535 {
		p.add("settings.port", "is %d; it must be from 1 to 65535", d.Port)
	}
	switch {
	case !slices.Contains([]TLS{TLSVerifyFull, TLSVerifyCA, TLSDisable}, d.TLS):
		p.add("settings.tls", "is %q; it must be %s, %s or %s", d.TLS, TLSVerifyFull, TLSVerifyCA, TLSDisable)
	case d.TLS == TLSDisable && !loopback(d.Host):
		p.add("settings.tls", "is disable, which sends passwords readable; it is allowed for loopback addresses alone")
	}
	if d.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(d.CA)) {
		p.add("settings.ca", "has no certificate in PEM, which begins with %q", "-----BEGIN CERTIFICATE-----")
	}
	if n := len(d.Users); n != 1 && n != 2 {
		p.add("settings.users", "has %d users; name one, or two that alternate", n)
	}
	for i, user := range d.Users {
		if user == "" || len(user) > maxUser || strings.ContainsRune(user, 0) {
			p.add(fmt.Sprintf("settings.users[%d]", i), "must be 1 to %d bytes long", maxUser)
		}
	}
	if d.Alternating() {
		if d.Users[0] == d.Users[1] {
			p.add("settings.users", "names one user twice; name one, or two that alternate")
		}
		if d.AdminSecretID == uuid.Nil {
			p.add("settings.adminSecretId", "is missing; with two users somebody else must change their passwords: name the secret with that one's username and password")
		}
	}
	if d.AccountHost != "" && d.kind != MySQL {
		p.add("settings.accountHost", "is for the rotator mysql alone")
	}
	if len(d.TestQuery) > 1024 {
		p.add("settings.testQuery", "has %d bytes; at most 1024 are allowed", len(d.TestQuery))
	}
	d.Password.check(p, "settings.password")
}

// What becomes of an old access key.
const (
	OldDelete     = "delete"
	OldDeactivate = "deactivate"
)

// IAMSettings has those of the rotator iam-access-key. The value of the secret is a JSON object with accessKeyId and
// secretAccessKey, whose further members are kept. The IAM user must carry SecretTag with the secret's id, so that nobody who manages
// a secret makes keys of another's user.
type IAMSettings struct {
	UserName string `json:"userName"`
	// Old is what becomes of the old key: delete, or deactivate, which keeps it until the next rotation.
	Old string `json:"old"`
}

// Keeps is true: IAM users have up to two keys.
func (*IAMSettings) Keeps() bool { return true }

// Secrets are none.
func (*IAMSettings) Secrets() []uuid.UUID { return nil }

// iamUser is what names of IAM users are made of (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html).
var iamUser = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

func (s *IAMSettings) check(p *ConfigError) {
	if !iamUser.MatchString(s.UserName) {
		p.add("settings.userName", "is %q; an IAM user's name has 1 to 64 letters, digits and characters of _+=,.@-", s.UserName)
	}
	if s.Old != OldDelete && s.Old != OldDeactivate {
		p.add("settings.old", "is %q; it must be %s or %s", s.Old, OldDelete, OldDeactivate)
	}
}

// RandomSettings has those of the rotator random. The value of the secret is what the template makes, or, with Field, a JSON
// object of which that member is replaced.
type RandomSettings struct {
	Template
	Field string `json:"field"`
}

// Keeps is false: there is no target.
func (*RandomSettings) Keeps() bool { return false }

// Secrets are none.
func (*RandomSettings) Secrets() []uuid.UUID { return nil }

func (s *RandomSettings) check(p *ConfigError) {
	s.Template.check(p, "settings")
	checkField(p, s.Field)
}

// HTTPSettings has those of the rotator http: a service that is asked to set, test, undo and retire values. Package
// rotation/rotators/webhook describes the requests.
type HTTPSettings struct {
	// URL is where they are sent: https, or http to a loopback address.
	URL string `json:"url"`
	// SigningSecretID is the secret with the key that requests are signed with.
	SigningSecretID uuid.UUID `json:"signingSecretId"`
	// Timeout of a request in seconds, 1 to 60.
	Timeout int `json:"timeout"`
	// KeepsOld says that the old value goes on working until it is to be retired.
	KeepsOld bool `json:"keepsOld"`
	Template
	Field string `json:"field"`
}

// Keeps says whether the service keeps the old value.
func (s *HTTPSettings) Keeps() bool { return s.KeepsOld }

// Secrets are the signing key's.
func (s *HTTPSettings) Secrets() []uuid.UUID { return present(s.SigningSecretID) }

func (s *HTTPSettings) check(p *ConfigError) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || (u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname()))) {
		p.add("settings.url", "must be an https URL without a user and a fragment, or an http one of a loopback address")
	}
	if s.SigningSecretID == uuid.Nil {
		p.add("settings.signingSecretId", "is missing; name the secret with the key that requests are to be signed with")
	}
	if s.Timeout < 1 || s.Timeout > 60 {
		p.add("settings.timeout", "is %d; it must be from 1 to 60 seconds", s.Timeout)
	}
	s.Template.check(p, "settings")
	checkField(p, s.Field)
}

// LambdaSettings has those of the rotator lambda: a function of the user's that takes AWS Secrets Manager's rotation events
// (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html). Package
// rotation/rotators/awslambda describes what it is sent, and what it must do. The function must carry SecretTag with the secret's id,
// or with several: else nobody has said that it is for this secret.
type LambdaSettings struct {
	// FunctionARN is the function's, with or without a version or an alias.
	FunctionARN string `json:"functionArn"`
	// KeepsOld says that the old value goes on working, and that the function knows the step retireSecret.
	KeepsOld bool `json:"keepsOld"`
	// IncludeValues has events hold the values: for a function that does not read them from Strongroom itself.
	IncludeValues bool `json:"includeValues"`
	// Template and Field make the new value, unless the function does.
	Template
	Field string `json:"field"`
}

// Keeps says whether the function keeps the old value.
func (s *LambdaSettings) Keeps() bool { return s.KeepsOld }

// Secrets are none that the worker reads.
func (*LambdaSettings) Secrets() []uuid.UUID { return nil }

var lambdaARN = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]{1,64}(:[\w$-]{1,128})?$`)

func (s *LambdaSettings) check(p *ConfigError) {
	if !lambdaARN.MatchString(s.FunctionARN) {
		p.add("settings.functionArn", "is %q; write the function's ARN, as in %q", s.FunctionARN, "arn:aws:lambda:eu-central-1:111122223333:function:rotate")
	}
	s.Template.check(p, "settings")
	checkField(p, s.Field)
}

// RequestTimeout is how long one request may take.
func (s *HTTPSettings) RequestTimeout() time.Duration { return time.Duration(s.Timeout) * time.Second }

func checkField(p *ConfigError, field string) {
	if len(field) > 128 {
		p.add("settings.field", "has %d bytes; at most 128 are allowed", len(field))
	}
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$`)

func checkHost(p *ConfigError, field, host string) {
	if _, err := netip.ParseAddr(host); err == nil {
		return
	}
	if !hostName.MatchString(host) {
		p.add(field, "is %q; write a host's name or address, without a port", host)
	}
}

// loopback says whether a host can be nobody but this machine, by its text alone: nothing is looked up.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func present(id uuid.UUID) []uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return []uuid.UUID{id}
}

func words(kinds []Kind) string {
	text := make([]string, len(kinds))
	for i, kind := range kinds {
		text[i] = string(kind)
	}
	return strings.Join(text, ", ")
}
