package rotation

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// A Setting is what people are told of one setting of a kind of rotator.
type Setting struct {
	// Name is as settings have it, that of a member behind its object's: "password.length".
	Name string `json:"name"`
	// Type is text, number, boolean, list or secret, which is the id of one.
	Type   string `json:"type"`
	Needed bool   `json:"needed,omitempty"`
	// Default is what holds where nothing is said, in words where that is no value; empty for nothing.
	Default string `json:"default,omitempty"`
	// Limits are what it can be.
	Limits  string `json:"limits,omitempty"`
	Meaning string `json:"meaning"`
}

// A Manual is what people are told of a kind of rotator, to set it.
type Manual struct {
	Kind     Kind      `json:"kind"`
	Summary  string    `json:"summary"`
	Settings []Setting `json:"settings"`
	// Value is what the secret's value must be, or is made to be.
	Value string `json:"value"`
	// Protocol is, in lines, what is asked of a service or a function of the user's, and how; empty for the others.
	Protocol string `json:"protocol,omitempty"`
	// Example are settings, key=value each, with the secrets that they name as project/name.
	Example []string `json:"example"`
}

// Manual is that of a kind: names, types and defaults are those of its settings' type, the words those of said. The zero Manual
// is for no kind.
func (k Kind) Manual() Manual {
	row, ok := k.Lookup()
	if !ok {
		return Manual{}
	}
	m := manuals[k]
	return Manual{Kind: k, Summary: row.Summary, Settings: settingsOf(k), Value: m.value, Protocol: protocols[k], Example: m.example}
}

// manuals are the words of each kind.
var manuals = map[Kind]struct {
	value   string
	example []string
}{
	PostgreSQL: {databaseValue, []string{
		"host=db.example.com", "users=app_a", "users=app_b", "adminSecretId=demo/DB_ADMIN", "database=app", "ca=@ca.pem",
	}},
	MySQL: {databaseValue, []string{"host=db.example.com", "users=app", "testQuery=select 1 from orders limit 1"}},
	IAMAccessKey: {
		`a JSON object, {"accessKeyId": …, "secretAccessKey": …}: other members stay. The first key is made by hand.`,
		[]string{"userName=app", "old=deactivate"},
	},
	Random: {"any text; with field, a JSON object, of which that member is replaced", []string{"length=40", "classes=lower", "classes=digits", "form=tok_{}"}},
	HTTP: {
		"any text; with field, a JSON object, of which that member is replaced",
		[]string{"url=https://rotate.example.com/hook", "signingSecretId=demo/SIGNING_KEY", "keepsOld=true"},
	},
	Lambda: {
		"any text; with field, a JSON object, of which that member is replaced",
		[]string{"functionArn=arn:aws:lambda:eu-central-1:111122223333:function:rotate", "keepsOld=true"},
	},
}

// protocols are in short what the comments of packages webhook and awslambda say at length.
var protocols = map[Kind]string{
	HTTP: `A request is a POST with {"type", "rotationId", "secretId", "current", "pending", "old"}: values that the type needs are there.
  rotation.check   see whether you could rotate current, and change nothing; it has no rotationId
  rotation.set     make pending work; current works so far
  rotation.test    see whether pending works
  rotation.undo    make current work, and pending, if there is one, not
  rotation.retire  make old not work; current works on; with keepsOld alone
Each may come again, and must come to the same. The headers webhook-id, webhook-timestamp and webhook-signature are those of
Standard Webhooks (https://www.standardwebhooks.com): "v1," and the HMAC-SHA256, in base64, of id.timestamp.body. Check it first.
Any 2xx is done; 408, 425, 429, 5xx and no answer in time are tried again; all else gives the rotation up. {"error": "…"} in
the answer's body is shown, without values.`,
	Lambda: `The function is invoked with {"Step", "SecretId", "ClientRequestToken", "Values"}, as AWS Secrets Manager's are:
  createSecret     nothing, or answer {"value": "…"}, which is taken for the new value
  setSecret        make AWSPENDING work
  testSecret       see whether AWSPENDING works
  finishSecret     a notice: AWSCURRENT is the new value now
  undoSecret       make AWSCURRENT work again, and AWSPENDING, if there is one, not
  retireSecret     make AWSPREVIOUS not work; with keepsOld alone
Each may come again, and must come to the same. Values holds AWSCURRENT, AWSPENDING and AWSPREVIOUS, with includeValues alone;
else the function reads them from Strongroom, as a service account of its own. An error is tried again later.`,
}

const databaseValue = `a JSON object, {"username": …, "password": …}: other members stay. With one user, the password alone will do. ` +
	`The admin's is such an object too.`

// A saying is what no type says of a setting.
type saying struct{ fallback, limits, meaning string }

// said has the words for each setting, which is the same in each kind that has it.
var said = map[string]saying{
	"host":          {"", "a name or an address, without a port", "where the database listens"},
	"port":          {"", "1 to 65535", "its port"},
	"database":      {"the user's own with PostgreSQL, none with MySQL", "", "what to connect to"},
	"tls":           {"", "verify-full, verify-ca; disable for loopback addresses alone", "how the connection is protected, as PostgreSQL's sslmode"},
	"ca":            {"the system's", "certificates in PEM; @FILE reads them", "which authorities are trusted"},
	"users":         {"", "1 or 2, of 1 to 63 bytes", "the database's users: two alternate, so that the old password works on while the new one is taken up"},
	"adminSecretId": {"the user changes its own password", "needed with two users", "the secret with the username and password of who changes the users' passwords"},
	"accountHost":   {"%", "", "the host part of the users' names, as in 'app'@'%'"},
	"testQuery":     {"it connects, and no more", "at most 1024 bytes", "what is asked with the new password, besides"},

	"length":  {fmt.Sprint(DefaultLength), fmt.Sprintf("%d to %d", MinLength, MaxLength), "how many random characters there are"},
	"classes": {strings.Join(classNames[:3], ", "), strings.Join(classNames, ", "), "the classes that each give at least one character; said again for each"},
	"symbols": {classes["symbols"], "visible ASCII, each once; with the class symbols", "the characters of the class symbols"},
	"exclude": {"", "visible ASCII", "characters that are never used, such as those that look alike"},
	"form":    {"{}", "at most 1024 bytes, with {} once", "what the value looks like: the random characters stand at {}, as in tok_{}"},
	"field":   {"the whole value is replaced", "at most 128 bytes", "the member of a JSON object that is replaced"},

	"userName": {"", "1 to 64 letters, digits and _+=,.@-", "the IAM user, tagged " + SecretTag + "=<the secret's id>"},
	"old":      {"", OldDelete + ", " + OldDeactivate, "what becomes of the old key; deactivate keeps it until the next rotation"},

	"url":             {"", "https; http to a loopback address", "the service that is asked to check, set, test, undo and retire values, by POST"},
	"signingSecretId": {"", "a key of at least 24 bytes, or whsec_ and base64", "the secret with the key that requests are signed with, by Standard Webhooks"},
	"timeout":         {"", "1 to 60", "how many seconds a request may take"},
	"keepsOld":        {"", "true, false", "whether the old value works on until it is to be retired, so that readers are waited for"},

	"functionArn":   {"", "with or without a version or an alias", "the Lambda function, tagged " + SecretTag + "=<the secret's id>"},
	"includeValues": {"", "true, false", "whether events hold the values, for a function that does not read them from Strongroom"},
}

// settingsOf are a kind's settings, in the order of their type, those that are needed first.
func settingsOf(k Kind) []Setting {
	var needed ConfigError // of what nothing was said about
	defaults := of(k)
	defaults.check(&needed)
	all := flatten(k, "", reflect.ValueOf(defaults).Elem())
	for i := range all {
		all[i].Needed = slices.ContainsFunc(needed, func(p Problem) bool { return p.Field == "settings."+all[i].Name })
	}
	slices.SortStableFunc(all, func(a, b Setting) int {
		switch {
		case a.Needed == b.Needed:
			return 0
		case a.Needed:
			return -1
		}
		return 1
	})
	return all
}

// flatten are the settings of a struct.
func flatten(k Kind, within string, value reflect.Value) []Setting {
	var all []Setting
	for i := range value.NumField() {
		field, v := value.Type().Field(i), value.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
			all = append(all, flatten(k, within, v)...)
			continue
		case name == "" || name == "accountHost" && k != MySQL:
			continue
		case field.Type == reflect.TypeFor[Template]():
			all = append(all, flatten(k, within+name+".", v)...)
			continue
		}
		words := said[name]
		all = append(all, Setting{
			Name: within + name, Type: typeInWords(field.Type), Default: defaultInWords(v, words.fallback), Limits: words.limits, Meaning: words.meaning,
		})
	}
	return all
}

func typeInWords(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[uuid.UUID]():
		return "secret"
	case of.Kind() == reflect.Slice:
		return "list"
	case of.Kind() == reflect.Int:
		return "number"
	case of.Kind() == reflect.Bool:
		return "boolean"
	}
	return "text"
}

// defaultInWords is what of makes a setting, or what its zero value stands for.
func defaultInWords(v reflect.Value, zero string) string {
	if v.IsZero() && v.Kind() != reflect.Bool {
		return zero
	}
	return fmt.Sprint(v.Interface())
}
