package rotationtest_test

import (
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators/awslambda/lambdatest"
	"strongroom/pkg/rotation/rotators/dbtest"
	"strongroom/pkg/rotation/rotators/iamkey/iamtest"
)

// A check is one use of `rotation check`, of settings that work but for what it changes.
type check struct {
	name string
	// settings are put over those that work, and value and further in place of the secret's value and of that of the secret that
	// the settings name.
	settings       map[string]any
	value, further string
	// env is put over that in which it works; before is done between.
	env    []string
	before func(secret uuid.UUID)
	// says is what is wrong, and what would be right; empty where all is well.
	says string
}

// A target is what can be rotated, and all that it takes.
type target struct {
	kind           rotation.Kind
	settings       map[string]any
	value, further string
	// names is the setting that names the further secret; empty for none.
	names string
	env   []string
	// shown is what values are said to be sent to; empty for nothing.
	shown string
}

// holds goes through checks of a target, by the program.
func (of target) holds(s *strongroom, checks ...check) {
	s.Helper()
	for _, c := range checks {
		value, settings := of.value, maps.Clone(of.settings)
		maps.Copy(settings, c.settings)
		if c.value != "" {
			value = c.value
		}
		t := s.terminal(local.Owner, append(of.env, c.env...)...)
		t.values = []string{"-Password-", "whsec_", "/secret", "first-value"}
		s.checked++
		name := fmt.Sprintf("CHECKED_%d", s.checked)
		secret := s.secret("demo", name, value)
		if of.names != "" {
			further := of.further
			if c.further != "" {
				further = c.further
			}
			settings[of.names] = s.secret("demo", name+"_BY", further)
		}
		s.rotated(secret, of.kind, settings, nil)
		if c.before != nil {
			c.before(secret)
		}
		p := t.runs("rotation", "check", "demo/"+name, "--yes")
		if of.shown != "" && c.settings == nil {
			p.has(t, p.said, "strongroom: demo/"+name+": its target is "+of.shown+", by the rotator "+string(of.kind)+"\n")
		}
		switch want := "strongroom: demo/" + name + ": " + c.says; {
		case c.says == "" && (p.status != 0 || !strings.Contains(p.said, want+"the settings work from here\n")):
			s.Errorf("%s: status %d\n%s", c.name, p.status, p.said)
		case c.says != "" && (p.status != 1 || !strings.Contains(p.said, want)):
			s.Errorf("%s: status %d, want 1 and %q\n%s", c.name, p.status, want, p.said)
		}
		if r, err := s.owner.Rotation(s.Context(), secret); err != nil || r.Run != nil {
			s.Errorf("%s: there is a rotation: %+v, %v", c.name, r.Run, err)
		}
	}
}

const nobodyListens = "refuses connections; are its address and port right, and does it listen there?"

func TestCheckTriesADatabase(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(string(d.kind), func(t *testing.T) {
			t.Parallel()
			s, db := start(t), d.server(t)
			add := map[rotation.Kind]string{rotation.PostgreSQL: "CREATE ROLE ", rotation.MySQL: "CREATE USER "}[d.kind]
			one, two := login{Username: "checked", Password: "first-Password-1"}, login{Username: "checked_a", Password: "first-Password-2"}
			for _, l := range []login{one, two, {Username: "checked_b", Password: "unused-Password-1"}} {
				db.Exec(t, d.add(l.Username, l.Password))
			}
			settings := map[string]any{"host": db.Host, "port": db.Port, "ca": db.CA, "database": d.name, "users": []string{one.Username}}
			single := target{kind: d.kind, settings: settings, value: one.value(), shown: fmt.Sprintf("%s:%d", db.Host, db.Port)}
			wrong := func(user string) string { return login{Username: user, Password: "wrong-Password-1"}.value() }
			refused := "the server refuses the current value: the user %q is not there, or has another password; set a value that works\n"
			single.holds(s,
				check{name: "one user"},
				check{name: "the password alone", value: one.Password},
				check{name: "a wrong password", value: wrong(one.Username), says: fmt.Sprintf(refused, one.Username)},
				check{
					name: "a user who is not there", settings: map[string]any{"users": []string{"nobody"}}, value: wrong("nobody"),
					says: fmt.Sprintf(refused, "nobody"),
				},
				check{
					name: "another user", value: wrong("nobody"),
					says: `the value's username is none of the users in the rotation's settings; set a value of one of ["checked"]`,
				},
				check{name: "nobody listens", settings: map[string]any{"port": 1}, says: "the database server " + nobodyListens + "\n"},
				check{
					name: "a certificate that is not trusted", settings: map[string]any{"ca": db.OtherCA},
					says: "the database server has a certificate that nobody who is trusted signed; have the settings' ca be the certificate of who signed it, in PEM\n",
				},
				check{
					name: "a certificate for another name", settings: map[string]any{"host": db.Address},
					says: "the database server has a certificate for another name than " + db.Address + "; name it in the settings as its certificate does\n",
				},
			)
			if !db.Works(t, one.Username, one.Password) {
				t.Error("a check changed the user's password")
			}
			d.alternatingHolds(s, db, single, two, add)
		})
	}
}

// alternatingHolds goes through the checks of two users, and of their admin.
func (d database) alternatingHolds(s *strongroom, db *dbtest.Server, of target, first login, add string) {
	s.Helper()
	admin := login{Username: db.Username, Password: db.Password}
	of.settings = maps.Clone(of.settings)
	of.settings["users"] = []string{"checked_a", "checked_b"}
	of.value, of.names, of.further = first.value(), "adminSecretId", admin.value()
	another := login{Username: "checked_none", Password: "admin-Password-1"}
	db.Exec(s, d.add(another.Username, another.Password))
	of.holds(s,
		check{name: "two users"},
		check{
			name: "a wrong password of the first", value: login{Username: "checked_a", Password: "wrong-Password-1"}.value(),
			says: `the server refuses the current value: the user "checked_a" is not there, or has another password; set a value that works` + "\n",
		},
		check{
			name: "a wrong password of the admin", further: login{Username: admin.Username, Password: "wrong-Password-1"}.value(),
			says: "the server refuses the admin's username and password; set the value of the admin's secret to one that works\n",
		},
		check{
			name: "an admin's value that is none", further: "admin-Password-2", says: "the admin's value must be a JSON object with username and password\n",
		},
		check{name: "an admin who may not", further: another.value(), says: "the server says that its user may not do this "},
		check{
			name: "a second user who is not there", settings: map[string]any{"users": []string{"checked_a", "checked_c"}},
			says: `the server has no user "checked_c"; add it, with the rights that the program needs: ` + add,
		},
	)
	if !db.Works(s, first.Username, first.Password) || !db.Works(s, "checked_b", "unused-Password-1") {
		s.Error("a check changed a user's password")
	}
}

// A service takes the requests of the rotator http, and knows one user.
type service struct {
	*httptest.Server
	verify *standardwebhooks.Webhook
	asked  int
}

const signingKey = "whsec_c2VjcmV0LWtleS1vZi10aGlydHktYnl0ZXMtb3I="

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked++
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = s.verify.Verify(body, r.Header)
	}
	switch {
	case err != nil:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error": "the signature is not by my key; I was sent first-value"}`)
	case r.URL.Path == "/moved":
		http.Redirect(w, r, "/", http.StatusPermanentRedirect)
	case strings.Contains(string(body), "first-value-of-nobody"):
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error": "there is no user that has first-value-of-nobody; make one"}`)
	}
}

func TestCheckAsksAService(t *testing.T) {
	t.Parallel()
	s, asked := start(t), &service{}
	var err error
	asked.verify, err = standardwebhooks.NewWebhook(signingKey)
	s.must(err)
	asked.Server = httptest.NewTLSServer(asked)
	defer asked.Close()
	trusted := filepath.Join(t.TempDir(), "trusted.pem") // in place of the system's (https://pkg.go.dev/crypto/x509#SystemCertPool)
	s.must(os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: asked.Certificate().Raw}), 0o600))
	of := target{
		kind: rotation.HTTP, settings: map[string]any{"url": asked.URL + "/"}, value: "first-value", names: "signingSecretId", further: signingKey,
		env: []string{"SSL_CERT_FILE=" + trusted, "SSL_CERT_DIR="}, shown: strings.TrimPrefix(asked.URL, "https://"),
	}
	of.holds(s,
		check{name: "a service"},
		check{
			name: "another key", further: "whsec_YW5vdGhlci1rZXktb2YtdGhpcnR5LWJ5dGVzLW9yPQ==",
			says: "the service refuses (401): the signature is not by my key; I was sent [value]\n",
		},
		check{name: "a key that is too short", further: "whsec_YWJj", says: "the signing key has 3 bytes; at least 24 are needed\n"},
		check{
			name: "a user who is not there", value: "first-value-of-nobody",
			says: "the service refuses (404): there is no user that has [value]; make one\n",
		},
		check{
			name: "a service that moved", settings: map[string]any{"url": asked.URL + "/moved"},
			says: "the service answers with a redirect (308), and redirects are not followed; set the URL that it points to\n",
		},
		check{name: "nobody listens", settings: map[string]any{"url": "https://127.0.0.1:1/"}, says: "the service " + nobodyListens + "\n"},
	)
	before := asked.asked
	of.env = []string{"SSL_CERT_DIR=" + t.TempDir()}
	of.holds(s, check{
		name: "a certificate that is not trusted",
		says: "the service has a certificate that nobody who is trusted signed; it needs one of an authority that the system of whoever asks trusts\n",
	})
	if asked.asked != before || before != 4 {
		t.Errorf("the service was asked %d times with a certificate that is trusted, want 4, and %d with one that is not", before, asked.asked-before)
	}
}

func TestCheckAsksWhetherALambdaFunctionCouldBeInvoked(t *testing.T) {
	t.Parallel()
	s, function := start(t), lambdatest.New(t)
	refuses := func(code string) func(uuid.UUID) {
		return func(secret uuid.UUID) {
			function.Mark(uuid.New(), secret)
			function.Lock()
			defer function.Unlock()
			function.Refuse, function.Hide = code, ""
		}
	}
	of := target{
		kind: rotation.Lambda, settings: map[string]any{"functionArn": lambdatest.ARN, "includeValues": true}, value: "first-value", shown: lambdatest.ARN,
		env: []string{"AWS_ENDPOINT_URL_LAMBDA=" + function.URL},
	}
	of.holds(s,
		check{name: "a function", before: refuses("")},
		check{
			name: "one that is for no secret", before: func(uuid.UUID) { function.Lock(); defer function.Unlock(); function.Tags = nil },
			says: "the function does not say that it is for this secret; tag it: " +
				"aws lambda tag-resource --resource arn:aws:lambda:eu-central-1:111122223333:function:rotate --tags 'strongroom:secret=",
		},
		check{
			name: "one whose tags may not be read", before: func(uuid.UUID) { function.Lock(); defer function.Unlock(); function.Hide = "AccessDeniedException" },
			says: "whoever asks, the worker's role or who tries the settings, may not read the function's tags (lambda:ListTags); the role may where there is ",
		},
		check{
			name: "none of that name", before: refuses("ResourceNotFoundException"),
			says: "there is no such Lambda function; make it, or name another in the settings\n",
		},
		check{
			name: "one that may not be invoked", before: refuses("AccessDeniedException"),
			says: "whoever asks, the worker's role or who tries the settings, may not invoke the function; allow that lambda:InvokeFunction on it\n",
		},
		check{
			name: "no member of that name", settings: map[string]any{"field": "password"}, before: refuses(""),
			says: `the value must be a JSON object, since the settings name its field "password"` + "\n",
		},
		check{
			name: "one that is for others", before: func(uuid.UUID) { function.Mark(uuid.New()) },
			says: "the function's tag strongroom:secret does not say that it is for this secret; add ",
		},
		check{name: "nobody listens", env: []string{"AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:1"}, says: "AWS Lambda " + nobodyListens + "\n"},
	)
	if function.Bad != nil || len(function.Events) > 0 {
		t.Errorf("the function was invoked with %v: %v", function.Events, function.Bad)
	}
}

func TestCheckAsksIAMAboutAnAccessKey(t *testing.T) {
	t.Parallel()
	s, account := start(t), iamtest.New(t)
	account.Employ(s.server.Credentials(local.Owner))
	const id, first = "AKIAFIRSTFIRSTFIRST1", `{"accessKeyId": "AKIAFIRSTFIRSTFIRST1", "secretAccessKey": "first/secret"}`
	// is makes the user anew, with the secret's tag and its key, and changes it.
	is := func(change func(*iamtest.User)) func(uuid.UUID) {
		return func(secret uuid.UUID) {
			account.Lock()
			defer account.Unlock()
			u := &iamtest.User{Path: "/", Tags: map[string]string{"strongroom:secret": secret.String()}, Keys: []*iamtest.AccessKey{{ID: id, Secret: "first/secret", Status: "Active"}}}
			account.Users["app"], account.Fail = u, map[string]string{}
			change(u)
		}
	}
	whole := is(func(*iamtest.User) {})
	of := target{
		kind: rotation.IAMAccessKey, settings: map[string]any{"userName": "app"}, value: first,
		env: []string{"AWS_ENDPOINT_URL_IAM=" + account.URL, "AWS_ENDPOINT_URL_STS=" + account.URL},
	}
	of.holds(s,
		check{name: "a key", before: whole},
		check{
			name: "another secret of it", value: strings.ReplaceAll(first, "first/", "another/"), before: whole,
			says: "AWS says that the access key's secret is another one; set a value with the one that it was made with\n",
		},
		check{
			name: "one that is inactive", before: is(func(u *iamtest.User) { u.Keys[0].Status = "Inactive" }),
			says: "AWS does not know the access key, or it is inactive: a new one may take a minute, and another can be activated, or set the value of one that works\n",
		},
		check{
			name: "one of somebody else", value: strings.ReplaceAll(first, "FIRST1", "OTHER1"), before: whole,
			says: `the current value's access key is none of the IAM user "app"; set a value with one that is` + "\n",
		},
		check{name: "no key", value: "first-value", before: whole, says: `the value must be a JSON object with an access key: {"accessKeyId": …, "secretAccessKey": …}`},
		check{
			name: "no user", before: is(func(*iamtest.User) { delete(account.Users, "app") }),
			says: "there is no such IAM user; make it, and a first access key, or name another in the settings\n",
		},
		check{
			name: "a user without the tag", before: is(func(u *iamtest.User) { u.Tags = nil }),
			says: `the IAM user "app" does not say that its keys are this secret's; tag it: aws iam tag-user --user-name app --tags Key=strongroom:secret,Value=`,
		},
		check{
			name: "a second key", before: is(func(u *iamtest.User) { u.Keys = append(u.Keys, &iamtest.AccessKey{ID: "AKIATWO", Status: "Active"}) }),
			says: `the IAM user "app" has a second access key, AKIATWO, and IAM allows two: delete it, if nothing uses it` + "\n",
		},
		check{
			name: "not allowed", before: is(func(*iamtest.User) { account.Fail["ListAccessKeys"] = "AccessDenied" }),
			says: "whoever asks, the worker's role or who tries the settings, may not do iam:ListAccessKeys for the user; allow that\n",
		},
		check{
			name: "nobody listens", env: []string{"AWS_ENDPOINT_URL_IAM=http://127.0.0.1:1"}, before: whole,
			says: "AWS, asked for iam:ListUserTags, " + nobodyListens + "\n",
		},
	)
	account.Lock()
	defer account.Unlock()
	for _, action := range account.Asked {
		if !strings.HasPrefix(action, "List") && !strings.HasPrefix(action, "Get") {
			t.Errorf("a check did %s", action)
		}
	}
}
