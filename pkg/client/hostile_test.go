package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/clientcrypto"
)

// mark is what must never leave in clear.
const mark = "marked-value-8f1c"

// A stage is a double with two client projects and one server project, a pinned client that has read demo/TOKEN once, and
// an attacker's means.
type stage struct {
	*double
	kms                *fakeKMS
	demo, other, plain *api.Project
	token              client.Secret
	// folder has the user's files and a repository, where a test has some.
	folder string
}

func set(t *testing.T, c *client.Client, name, value string) client.Secret {
	t.Helper()
	s, err := c.Set(t.Context(), name, client.NewValue(value))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newStage(t *testing.T) (*stage, *client.Client) {
	d, k := newDouble(t), newFakeKMS()
	s := &stage{double: d, kms: k, demo: d.project("demo", api.EncryptionClient, k), other: d.project("other", api.EncryptionClient, k),
		plain: d.project("plain", api.EncryptionServer, k)}
	c := d.client(k, &config.Memory{Known: d.pins()})
	s.token = set(t, c, "demo/TOKEN", mark)
	set(t, c, "demo/SECOND", "second")
	set(t, c, "other/TOKEN", "of the other project")
	d.record()
	return s, c
}

// secretNamed is what the server stores.
func (s *stage) secretNamed(p *api.Project, name string) *api.Secret {
	for _, stored := range s.secrets {
		if stored.Name == name && stored.Projects[0].ID == p.ID {
			return stored
		}
	}
	s.t.Fatalf("no secret %s", name)
	return nil
}

// instead has the server answer GETs of secrets with a changed one.
func (s *stage) instead(change func(*api.Secret)) {
	s.twist = func(r *http.Request, _ []byte) any {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "secret") {
			return nil
		}
		stored := s.shown(s.secretNamed(s.demo, "TOKEN"))
		change(&stored)
		return stored
	}
}

// answerProject has the server answer get-project with a changed one.
func (s *stage) answerProject(change func(*api.Project)) {
	s.twist = func(r *http.Request, _ []byte) any {
		if r.Method != http.MethodGet || r.URL.Path != "/projects/"+s.demo.ID.String() {
			return nil
		}
		p := *s.demo
		keys := append([]api.ProjectKey{}, *p.Keys...)
		p.Keys = &keys
		change(&p)
		return p
	}
}

// anew is a client that pins the same, but keeps nothing from before.
func (s *stage) anew() *client.Client { return s.client(s.kms, &config.Memory{Known: s.pins()}) }

func get(c *client.Client, name string) func(*testing.T) error {
	return func(t *testing.T) error {
		got, err := c.Get(t.Context(), name)
		if err == nil {
			t.Logf("got %q", got.Value.Reveal())
		}
		return err
	}
}

func change(c *client.Client, name string) func(*testing.T) error {
	return func(t *testing.T) error {
		_, err := c.Set(t.Context(), name, client.NewValue(mark+" anew"))
		return err
	}
}

// A trial is what the client is made to do, the kind of error that it must end in, and what that must name.
type trial struct {
	act  func(*testing.T) error
	want error
	says []string
}

// Whatever the server answers, the client does not take it for something else than it is, does not use another key, and
// sends nothing.
func TestAHostileServerIsFoundOut(t *testing.T) {
	for name, prepare := range map[string]func(*stage, *client.Client) trial{
		"another client key": func(s *stage, _ *client.Client) trial {
			s.me.ClientKeyARN = theirKey
			return trial{func(t *testing.T) error { _, err := s.anew().Whoami(t.Context()); return err }, &config.ContradictionError{}, []string{ourKey, theirKey}}
		},
		"another organization": func(s *stage, _ *client.Client) trial {
			s.me.OrganizationID = theirOrganization
			return trial{func(t *testing.T) error { _, err := s.anew().Whoami(t.Context()); return err }, &config.ContradictionError{}, []string{ourOrganization.String(), theirOrganization.String()}}
		},
		"a project of another organization": func(s *stage, _ *client.Client) trial {
			s.answerProject(func(p *api.Project) { p.OrganizationID = theirOrganization })
			return trial{change(s.anew(), "demo/TOKEN"), &client.PinError{}, []string{ourOrganization.String(), theirOrganization.String()}}
		},
		"another project's id": func(s *stage, _ *client.Client) trial {
			s.answerProject(func(p *api.Project) { p.ID = s.other.ID })
			return trial{change(s.anew(), "demo/NEW"), &client.PinError{}, []string{s.demo.ID.String(), s.other.ID.String()}}
		},
		"another project under the pinned name": func(s *stage, _ *client.Client) trial {
			pins := s.pins()
			delete(pins.Projects, "demo")
			c := s.client(s.kms, &config.Memory{Known: pins})
			s.demo.ID, s.demo.Name = s.other.ID, "demo"
			return trial{change(c, "demo/NEW"), &config.ContradictionError{}, []string{`"other"`, `"demo"`, s.other.ID.String()}}
		},
		"the project renamed": func(s *stage, _ *client.Client) trial {
			s.answerProject(func(p *api.Project) { p.Name = "something else" })
			return trial{change(s.anew(), "demo/NEW"), &config.ContradictionError{}, []string{`"demo"`, `"something else"`}}
		},
		"a project that encrypts no longer": func(s *stage, _ *client.Client) trial {
			s.answerProject(func(p *api.Project) { p.Encryption, p.Keys = api.EncryptionServer, nil })
			s.twistNext(func(r *http.Request) any { return absent(r, "/secret", "/x") })
			return trial{change(s.anew(), "demo/NEW"), &config.ContradictionError{}, []string{"client", "server"}}
		},
		"a secret that is encrypted no longer": func(s *stage, c *client.Client) trial {
			s.instead(func(x *api.Secret) { x.Encryption, x.Value = api.EncryptionServer, "attacker's" })
			return trial{get(c, "demo/TOKEN"), &client.PinError{}, []string{"client", "server"}}
		},
		"such a one, that was never seen": func(s *stage, _ *client.Client) trial {
			s.instead(func(x *api.Secret) { x.Encryption, x.Value = api.EncryptionServer, "attacker's" })
			return trial{get(s.anew(), "demo/TOKEN"), &client.PinError{}, []string{"client", "server"}}
		},
		"a secret of another organization": func(s *stage, c *client.Client) trial {
			s.instead(func(x *api.Secret) { x.OrganizationID = theirOrganization })
			return trial{get(c, "demo/TOKEN"), &client.PinError{}, []string{ourOrganization.String(), theirOrganization.String()}}
		},
		"such a one, to be changed": func(s *stage, c *client.Client) trial {
			s.instead(func(x *api.Secret) { x.Encryption, x.Value = api.EncryptionServer, "attacker's" })
			return trial{change(c, "demo/TOKEN"), &client.PinError{}, []string{"client", "server"}}
		},
		"such a one by its id, in no project": func(s *stage, c *client.Client) trial {
			s.instead(func(x *api.Secret) { x.Encryption, x.Value, x.Projects = api.EncryptionServer, "attacker's", nil })
			return trial{get(c, s.token.ID.String()), &client.PinError{}, []string{"client", "server"}}
		},
		"plaintext": func(s *stage, c *client.Client) trial {
			s.instead(func(x *api.Secret) { x.Value = "attacker's" })
			return trial{get(c, "demo/TOKEN"), &clientcrypto.MalformedError{}, nil}
		},
		"another secret's value": func(s *stage, c *client.Client) trial {
			second := s.secretNamed(s.demo, "SECOND").Value
			s.instead(func(x *api.Secret) { x.Value = second })
			return trial{get(c, "demo/TOKEN"), &clientcrypto.PlaceError{}, []string{s.token.ID.String(), "SECOND"}}
		},
		"another secret whole": func(s *stage, c *client.Client) trial {
			second := *s.secretNamed(s.demo, "SECOND")
			s.instead(func(x *api.Secret) { *x = second })
			return trial{get(c, "demo/TOKEN"), &client.PinError{}, []string{`"TOKEN"`, `"SECOND"`}}
		},
		"another secret's value under the name": func(s *stage, c *client.Client) trial {
			second := *s.secretNamed(s.demo, "SECOND")
			s.instead(func(x *api.Secret) { *x = second; x.Name = "TOKEN" })
			return trial{get(c, "demo/TOKEN"), &clientcrypto.PlaceError{}, []string{`"TOKEN"`, `"SECOND"`}}
		},
		"another project's value of the name": func(s *stage, c *client.Client) trial {
			theirs := *s.secretNamed(s.other, "TOKEN")
			s.instead(func(x *api.Secret) { *x = theirs })
			return trial{get(c, "demo/TOKEN"), &clientcrypto.PlaceError{}, []string{s.demo.ID.String(), s.other.ID.String()}}
		},
		"another secret by its id": func(s *stage, c *client.Client) trial {
			second := *s.secretNamed(s.demo, "SECOND")
			s.instead(func(x *api.Secret) { *x = second })
			return trial{get(c, s.token.ID.String()), &client.PinError{}, []string{s.token.ID.String(), second.ID.String()}}
		},
		"a value that was altered": func(s *stage, c *client.Client) trial {
			s.instead(func(x *api.Secret) {
				parts := strings.Split(x.Value, ".")
				parts[3] = flip(parts[3])
				x.Value = strings.Join(parts, ".")
			})
			return trial{get(c, "demo/TOKEN"), clientcrypto.ErrTampered, nil}
		},
		"an older version": func(s *stage, c *client.Client) trial {
			old := *s.secretNamed(s.demo, "TOKEN")
			set(s.t, c, "demo/TOKEN", "newer")
			s.record()
			s.instead(func(x *api.Secret) { *x = old })
			return trial{get(c, "demo/TOKEN"), &client.StaleError{}, []string{"version 2", "version 1"}}
		},
		"an older value as the version that was seen": func(s *stage, c *client.Client) trial {
			old := *s.secretNamed(s.demo, "TOKEN")
			set(s.t, c, "demo/TOKEN", "newer")
			s.record()
			s.instead(func(x *api.Secret) { x.Value = old.Value })
			return trial{get(c, "demo/TOKEN"), &client.StaleError{}, []string{"version 2"}}
		},
		"an older version among all": func(s *stage, c *client.Client) trial {
			old := *s.secretNamed(s.demo, "TOKEN")
			set(s.t, c, "demo/TOKEN", "newer")
			s.record()
			*s.secretNamed(s.demo, "TOKEN") = old
			return trial{func(t *testing.T) error { _, err := c.GetAll(t.Context(), "demo"); return err }, &client.StaleError{}, []string{"version 2"}}
		},
		"a key of the attacker's": func(s *stage, _ *client.Client) trial {
			theirs := s.kms.projectKey(theirKey, ourOrganization, s.demo.ID)
			s.answerProject(func(p *api.Project) { (*p.Keys)[0].Current = false; *p.Keys = append(*p.Keys, theirs) })
			return trial{change(s.anew(), "demo/TOKEN"), &client.ForeignKeyError{}, []string{ourKey, s.demo.ID.String()}}
		},
		"a key of the attacker's, with the secret": func(s *stage, _ *client.Client) trial {
			theirs := s.kms.projectKey(theirKey, ourOrganization, s.demo.ID)
			s.instead(func(x *api.Secret) {
				(*x.Keys)[0].Current = false
				*x.Keys = append(*x.Keys, api.SecretKey{ProjectID: s.demo.ID, ProjectKey: theirs})
			})
			s.twistNext(func(r *http.Request) any { return absent(r, "/projects/"+s.demo.ID.String(), "/secret") })
			return trial{change(s.anew(), "demo/TOKEN"), &client.ForeignKeyError{}, []string{ourKey, s.demo.ID.String()}}
		},
		"a key of another project": func(s *stage, _ *client.Client) trial {
			theirs := (*s.other.Keys)[0]
			s.answerProject(func(p *api.Project) { (*p.Keys)[0].Current = false; *p.Keys = append(*p.Keys, theirs) })
			return trial{change(s.anew(), "demo/TOKEN"), &client.ForeignKeyError{}, []string{ourKey, s.demo.ID.String()}}
		},
		"a deleted secret beside the one that has its name now": func(s *stage, c *client.Client) trial {
			deleted := *s.secretNamed(s.demo, "TOKEN")
			delete(s.secrets, deleted.ID)
			set(s.t, c, "demo/TOKEN", "of the new one")
			s.record()
			s.secrets[deleted.ID] = &deleted
			return trial{func(t *testing.T) error { _, err := c.GetAll(t.Context(), "demo"); return err }, &client.NoAnswerError{}, []string{`"TOKEN"`}}
		},
		"another project than the one made": func(s *stage, c *client.Client) trial {
			s.twist = func(r *http.Request, _ []byte) any {
				if r.Method != http.MethodPost {
					return nil
				}
				s.changes = 0 // the wrapped key of a project that there is not yet
				return *s.other
			}
			return trial{func(t *testing.T) error {
				_, err := c.CreateProject(t.Context(), "fresh", api.EncryptionClient)
				return err
			}, &client.PinError{}, []string{s.other.ID.String()}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := newStage(t)
			try := prepare(s, c)
			err := try.act(t)
			if err == nil || !errors.Is(err, try.want) && !sameType(err, try.want) {
				t.Fatalf("%v (%T), want a %T", err, err, try.want)
			}
			for _, both := range try.says {
				if !strings.Contains(err.Error(), both) {
					t.Errorf("the error does not name %s: %v", both, err)
				}
			}
			sent, changes := s.record()
			if changes != 0 || strings.Contains(sent, mark) {
				t.Errorf("%d changes were sent:\n%s", changes, sent)
			}
			for _, key := range s.kms.used {
				if key != ourKey {
					t.Errorf("KMS was asked to use %s", key)
				}
			}
		})
	}
}

// sameType says whether an error, or one that it wraps, has the type of want.
func sameType(err, want error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if reflect.TypeOf(err) == reflect.TypeOf(want) {
			return true
		}
	}
	return false
}

// flip changes a character of base64 into another one.
func flip(text string) string {
	other := byte('A')
	if text[0] == other {
		other = 'B'
	}
	return string(other) + text[1:]
}

// absent answers that there is no such thing where the path has the one in it, and not the other.
func absent(r *http.Request, part, but string) any {
	if strings.Contains(r.URL.Path, part) && !strings.Contains(r.URL.Path, but) {
		return status{code: api.CodeNotFound, message: "no such thing"}
	}
	return nil
}

// twistNext has something answer before what does already.
func (s *stage) twistNext(first func(r *http.Request) any) {
	then := s.twist
	s.twist = func(r *http.Request, body []byte) any {
		if answer := first(r); answer != nil {
			return answer
		}
		return then(r, body)
	}
}

// recipients are the kids of the value that was sent last.
func (s *stage) recipients(t *testing.T) (clientcrypto.Envelope, string) {
	t.Helper()
	sent, _ := s.record()
	lines := strings.Split(sent, "\n")
	_, body, _ := strings.Cut(lines[len(lines)-1], " {")
	var in struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal([]byte("{"+body), &in); err != nil {
		t.Fatalf("%v\n%s", err, sent)
	}
	e, err := clientcrypto.Inspect(in.Value)
	if err != nil {
		t.Fatalf("what was sent is not encrypted: %v", err)
	}
	return e, sent
}

// A project that the server adds to a secret's is not written to; one that a person adds is.
func TestNobodyIsARecipientOnTheServersWord(t *testing.T) {
	s, c := newStage(t)
	s.secretNamed(s.demo, "TOKEN").Projects = append(s.secretNamed(s.demo, "TOKEN").Projects, api.Reference{ID: s.other.ID, Name: "other"})
	set(t, c, "demo/TOKEN", "changed")
	if e, sent := s.recipients(t); len(e.Recipients) != 1 || e.Recipients[0] != (*s.demo.Keys)[0].ID || strings.Contains(sent, "changed") {
		t.Errorf("sent for %v of %v:\n%s", e.Recipients, e.Binding.Projects, sent)
	}
	if _, err := c.Update(t.Context(), "demo/SECOND", client.Change{Add: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	if e, _ := s.recipients(t); len(e.Recipients) != 2 || len(e.Binding.Projects) != 2 {
		t.Errorf("sent for %v of %v", e.Recipients, e.Binding.Projects)
	}
}

// A server that claims that a key is the current one which was replaced is not believed, nor one that a key is gone.
func TestAReplacedKeyIsNotTakenUpAgain(t *testing.T) {
	s, _ := newStage(t)
	seen := client.NewMemorySeen()
	old := (*s.demo.Keys)[0]
	fresh := s.kms.projectKey(ourKey, ourOrganization, s.demo.ID)
	both := []api.ProjectKey{old, fresh}
	both[0].Current = false
	s.demo.Keys = &both
	set(t, s.remembering(seen), "demo/TOKEN", "under the fresh one")
	if e, _ := s.recipients(t); e.Recipients[0] != fresh.ID {
		t.Fatal("not the current key")
	}
	for name, keys := range map[string][]api.ProjectKey{
		"the old one again": {{ID: old.ID, Wrapped: old.Wrapped, Current: true}, {ID: fresh.ID, Wrapped: fresh.Wrapped}},
		"the old one alone": {{ID: old.ID, Wrapped: old.Wrapped, Current: true}},
		"the fresh one gone": {
			{ID: old.ID, Wrapped: old.Wrapped}, {ID: uuid.Must(uuid.NewV7()), Wrapped: old.Wrapped, Current: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.demo.Keys = &keys
			_, err := s.remembering(seen).Set(t.Context(), "demo/NEW", client.NewValue(mark))
			var stale *client.StaleError
			if !errors.As(err, &stale) {
				t.Errorf("%v, want a StaleError", err)
			}
			if _, changes := s.record(); changes != 0 {
				t.Error("something was sent")
			}
		})
	}
}

// remembering is a client that keeps what others saw.
func (s *stage) remembering(seen client.Seen) *client.Client {
	return s.clientWith(s.kms, &config.Memory{Known: s.pins()}, seen)
}

// In strict mode nothing is believed on first use.
func TestStrictTakesNothingOnTheServersWord(t *testing.T) {
	s, _ := newStage(t)
	whole := s.pins()
	for name, known := range map[string]config.Pins{
		"nothing pinned":    {},
		"no project pinned": {Organization: whole.Organization, ClientKey: whole.ClientKey},
		"no organization":   {Projects: whole.Projects},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.client(s.kms, &config.Memory{Known: known, Strict: true})
			for _, act := range []func(*testing.T) error{change(c, "demo/TOKEN"), get(c, "demo/TOKEN"), change(c, "demo/NEW")} {
				var unpinned *config.UnpinnedError
				if err := act(t); !errors.As(err, &unpinned) {
					t.Errorf("%v, want an UnpinnedError", err)
				}
			}
			if _, changes := s.record(); changes != 0 {
				t.Error("something was sent")
			}
		})
	}
}

// On first use everything is pinned and said; from then on it counts.
func TestFirstUseIsPinnedAndSaid(t *testing.T) {
	s, _ := newStage(t)
	pins := &config.Memory{}
	var said []string
	c := s.clientSaying(s.kms, pins, func(line string) { said = append(said, line) })
	if err := get(c, "demo/TOKEN")(t); err != nil {
		t.Fatal(err)
	}
	known, err := pins.Pins()
	if err != nil || known.Organization != ourOrganization || known.ClientKey != ourKey || known.Projects["demo"].ID != s.demo.ID {
		t.Errorf("pinned: %+v, %v", known, err)
	}
	if all := strings.Join(said, "\n"); len(said) != 2 || !strings.Contains(all, ourKey) || !strings.Contains(all, s.demo.ID.String()) {
		t.Errorf("said:\n%s", all)
	}
	s.me.ClientKeyARN = theirKey
	if _, err := c.Whoami(t.Context()); !strings.Contains(err.Error(), theirKey) {
		t.Error(err)
	}
}

// Plaintext is for projects that are pinned as ones that the server encrypts, whatever it is asked to be mixed with.
func TestPlaintextGoesWhereItMay(t *testing.T) {
	s, c := newStage(t)
	set(t, c, "plain/OPEN", mark)
	if sent, _ := s.record(); !strings.Contains(sent, mark) {
		t.Error("the control: nothing was sent")
	}
	if _, err := c.Update(t.Context(), "plain/OPEN", client.Change{Add: []string{"demo"}}); err == nil || !strings.Contains(err.Error(), "copy") {
		t.Errorf("a server's secret was put into a client project: %v", err)
	}
	if _, err := c.Create(t.Context(), client.NewSecret{Project: "plain", Also: []string{"demo"}, Name: "X", Value: client.NewValue(mark)}); err == nil {
		t.Error("made in projects of both kinds")
	}
	if _, err := c.Set(t.Context(), "demo/BINARY", client.NewValue("\xff"+mark)); err == nil || !strings.Contains(err.Error(), "base64") {
		t.Errorf("binary: %v", err)
	}
	if sent, changes := s.record(); changes != 0 || strings.Contains(sent, mark) && !strings.Contains(sent, "plain") {
		t.Errorf("sent:\n%s", sent)
	}
}

// A server that adds a key and goes on with the old one would have a person believe that the project has a new one.
func TestAKeyThatIsAddedIsTheCurrentOne(t *testing.T) {
	for name, answer := range map[string]func(old, added api.ProjectKey) []api.ProjectKey{
		"the old one stays": func(old, added api.ProjectKey) []api.ProjectKey { return []api.ProjectKey{old, added} },
		"it is not added":   func(old, _ api.ProjectKey) []api.ProjectKey { return []api.ProjectKey{old} },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStage(t)
			s.twist = func(r *http.Request, body []byte) any {
				if r.Method != http.MethodPost {
					return nil
				}
				var in api.NewProjectKey
				if err := json.Unmarshal(body, &in); err != nil {
					t.Error(err)
				}
				p := *s.demo
				keys := answer((*p.Keys)[0], api.ProjectKey{ID: in.ID, Wrapped: in.Wrapped})
				p.Keys = &keys
				return api.AddedProjectKey{Project: p}
			}
			if _, err := s.anew().AddProjectKey(t.Context(), "demo"); !errors.As(err, new(*client.PinError)) {
				t.Errorf("%v, want a PinError", err)
			}
		})
	}
}

// A secret that is asked for by its id is read through whichever of its projects the caller has the key of.
func TestAnIDIsReadThroughAnyProject(t *testing.T) {
	s, c := newStage(t)
	if _, err := c.Update(t.Context(), "demo/TOKEN", client.Change{Add: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*api.Project{s.demo, s.other} {
		for _, pins := range []config.Pins{s.pins(), {}} {
			reader := s.client(onlyFor{s.kms, p.ID}, &config.Memory{Known: pins})
			if got, err := reader.Get(t.Context(), s.token.ID.String()); err != nil || got.Value.Reveal() != mark {
				t.Errorf("through %s: %v", p.Name, err)
			}
		}
	}
	nobody := s.client(onlyFor{s.kms, s.plain.ID}, &config.Memory{Known: s.pins()})
	if _, err := nobody.Get(t.Context(), s.token.ID.String()); !errors.As(err, new(*client.KeyDeniedError)) {
		t.Errorf("without any: %v", err)
	}
}

// Who was given one secret alone reads and writes it, though its project is hidden; strict wants that pinned.
func TestASecretThatWasSharedAlone(t *testing.T) {
	s, _ := newStage(t)
	s.twist = func(r *http.Request, _ []byte) any {
		switch {
		case strings.HasPrefix(r.URL.Path, "/projects/"):
			return status{code: api.CodeNotFound, message: "no such project"}
		case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/secrets/"):
			shown := s.shown(s.secretNamed(s.demo, "TOKEN"))
			shown.Projects = []api.Reference{}
			return shown
		}
		return nil
	}
	known := s.pins()
	known.Projects = nil
	c, id := s.client(s.kms, &config.Memory{Known: known}), s.token.ID.String()
	if got, err := c.Get(t.Context(), id); err != nil || got.Value.Reveal() != mark {
		t.Fatalf("%v", err)
	}
	s.record()
	if err := change(c, id)(t); err != nil {
		t.Fatal(err)
	}
	if e, sent := s.recipients(t); len(e.Recipients) != 1 || e.Recipients[0] != (*s.demo.Keys)[0].ID || strings.Contains(sent, mark) {
		t.Errorf("sent for %v", e.Recipients)
	}
	strict := s.client(s.kms, &config.Memory{Known: known, Strict: true})
	if err := get(strict, id)(t); !errors.As(err, new(*config.UnpinnedError)) {
		t.Errorf("strict: %v", err)
	}
	pinned := s.client(s.kms, &config.Memory{Known: s.pins(), Strict: true})
	if err := get(pinned, id)(t); err != nil {
		t.Errorf("strict, and pinned: %v", err)
	}
}

// A key that came with an answer that was under way while the project got a new one is not taken for the current one.
func TestAnAnswerThatWasUnderWayWhileAKeyWasReplaced(t *testing.T) {
	s, _ := newStage(t)
	c := s.anew()
	old := s.shown(s.secretNamed(s.demo, "TOKEN"))
	keys := []api.ProjectKey{(*s.demo.Keys)[0], s.kms.projectKey(ourKey, ourOrganization, s.demo.ID)}
	keys[0].Current = false
	s.demo.Keys = &keys
	set(t, c, "demo/NEW", "under the new key")
	s.instead(func(x *api.Secret) { *x = old })
	if err := get(c, "demo/TOKEN")(t); err != nil {
		t.Fatalf("read: %v", err)
	}
	s.twist = nil
	s.record()
	set(t, c, "demo/TOKEN", "anew")
	if e, _ := s.recipients(t); e.Recipients[0] != keys[1].ID {
		t.Error("written under the old key")
	}
}

// Who lacks a key of one of a secret's projects is told before anything is sent; a project that the server does not
// show is left out.
func TestKeysThatCantBeHad(t *testing.T) {
	s, c := newStage(t)
	if _, err := c.Update(t.Context(), "demo/TOKEN", client.Change{Add: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	s.record()
	lonely := s.client(onlyFor{s.kms, s.demo.ID}, &config.Memory{Known: s.pins()})
	var lacking *client.LackingKeysError
	if err := change(lonely, "demo/TOKEN")(t); !errors.As(err, &lacking) || len(lacking.Lacking) != 1 || lacking.Of != 2 {
		t.Errorf("%v, want one of two", err)
	}
	if _, changes := s.record(); changes != 0 {
		t.Error("something was sent")
	}
	delete(s.projects, s.other.ID)
	if err := change(lonely, "demo/TOKEN")(t); err != nil {
		t.Fatal(err)
	}
	if e, _ := s.recipients(t); len(e.Recipients) != 1 {
		t.Errorf("for %v", e.Recipients)
	}
	denied := s.client(onlyFor{s.kms, s.other.ID}, &config.Memory{Known: s.pins()})
	var refused *client.KeyDeniedError
	if err := get(denied, "demo/SECOND")(t); !errors.As(err, &refused) || refused.Project != s.demo.ID || refused.Action != "kms:Decrypt" {
		t.Errorf("%v, want KMS's refusal", err)
	}
}

// A redirection is not followed: the signature, and what was to be changed, are for one address.
func TestARedirectionIsNotFollowed(t *testing.T) {
	s, c := newStage(t)
	elsewhere := newDouble(t)
	s.twist = func(r *http.Request, _ []byte) any {
		return raw{http.StatusTemporaryRedirect, http.Header{"Location": {elsewhere.URL + r.URL.Path}}, ""}
	}
	for _, act := range []func(*testing.T) error{get(c, "demo/TOKEN"), change(c, "demo/TOKEN")} {
		var strange *client.NoAnswerError
		if err := act(t); !errors.As(err, &strange) {
			t.Errorf("%v", err)
		}
	}
	if sent, _ := elsewhere.record(); sent != "" {
		t.Errorf("sent elsewhere: %s", sent)
	}
}
