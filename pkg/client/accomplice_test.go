package client_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/clientcrypto"
)

// keyOf is a project's key, as somebody has it who may use it.
func (s *stage) keyOf(p *api.Project) clientcrypto.ProjectKey {
	s.t.Helper()
	key := (*p.Keys)[0]
	made, err := clientcrypto.NewProjectKey(key.ID, p.ID, s.kms.wrapped[hex.EncodeToString(key.Wrapped)].plaintext)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// forged is demo/TOKEN as a holder of another project's key alone makes it up: of the same id, in that project, newer.
func (s *stage) forged(version int64) api.Secret {
	s.t.Helper()
	x := *s.secretNamed(s.demo, "TOKEN")
	value, err := clientcrypto.Encrypt(clientcrypto.Binding{
		Organization: ourOrganization, Secret: x.ID, Name: "TOKEN", Projects: []uuid.UUID{s.other.ID},
	}, []clientcrypto.ProjectKey{s.keyOf(s.other)}, []byte("anything"))
	if err != nil {
		s.t.Fatal(err)
	}
	x.Value, x.Version, x.Projects = value, version, []api.Reference{{ID: s.other.ID, Name: "other"}}
	return x
}

// A server whose accomplice has the key of another project of the reader's can't have a secret that was named in one
// project written for the other: not when a write is repeated, and not when a version is restored.
func TestAValueStaysInTheProjectThatWasNamed(t *testing.T) {
	for name, act := range map[string]func(*testing.T, *client.Client) error{
		"set, after a race": func(t *testing.T, c *client.Client) error { return change(c, "demo/TOKEN")(t) },
		"restore": func(t *testing.T, c *client.Client) error {
			_, err := c.Restore(t.Context(), "demo/TOKEN", 1)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := newStage(t)
			first := s.secretNamed(s.demo, "TOKEN").Value
			set(t, c, "demo/TOKEN", "second")
			raced := false
			s.twist = func(r *http.Request, body []byte) any {
				switch {
				case strings.HasSuffix(r.URL.Path, "/versions/1"):
					return api.SecretVersion{SecretID: s.token.ID, Version: 1, Value: &first}
				case r.Method == http.MethodGet && r.URL.Path == "/secrets/"+s.token.ID.String():
					return s.forged(9)
				case r.Method != http.MethodPut:
					return nil
				case !raced:
					raced = true
					return status{code: api.CodePreconditionFailed, message: "it has changed since"}
				}
				var in api.UpdateSecret
				if err := json.Unmarshal(body, &in); err != nil {
					t.Error(err)
				}
				t.Errorf("sent: %s", *in.Value)
				return nil
			}
			if err := act(t, c); !errors.As(err, new(*clientcrypto.PlaceError)) {
				t.Errorf("%v, want a PlaceError", err)
			}
		})
	}
}

// That a secret, asked for by its id, is one whose values the server encrypts is only the server's word; plaintext is not
// sent on it.
func TestNoPlaintextOnTheServersWord(t *testing.T) {
	s, c := newStage(t)
	open := set(t, c, "plain/OPEN", "open")
	strange := s.project("strange", api.EncryptionServer, s.kms)
	for name, projects := range map[string][]api.Reference{
		"in no project": nil, "in a project that is not pinned": {{ID: strange.ID, Name: "strange"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.instead(func(x *api.Secret) {
				x.Encryption, x.Value, x.Projects, x.Keys = api.EncryptionServer, "x", projects, nil
			})
			known := s.pins()
			delete(known.Projects, "strange")
			s.record()
			if err := change(s.client(s.kms, &config.Memory{Known: known}), s.token.ID.String())(t); err == nil {
				t.Error("it was written")
			}
			if sent, changes := s.record(); changes != 0 || strings.Contains(sent, mark) {
				t.Errorf("sent: %s", sent)
			}
		})
	}
	s.twist = nil
	if err := change(s.anew(), open.ID.String())(t); err != nil {
		t.Errorf("in a project that is pinned so: %v", err)
	}
}

// A secret that has come into a project since it was seen last is said, and refused in strict mode.
func TestAProjectThatASecretCameIntoIsSaid(t *testing.T) {
	s, c := newStage(t)
	seen := client.NewMemorySeen()
	known := s.pins()
	delete(known.Projects, "other")
	var said []string
	reader := s.make(client.Config{KMS: s.kms, Pins: &config.Memory{Known: known}, Seen: seen, Notice: func(line string) { said = append(said, line) }})
	if err := get(reader, "demo/TOKEN")(t); err != nil || len(said) != 0 {
		t.Fatalf("%v, %q", err, said)
	}
	if _, err := c.Update(t.Context(), "demo/TOKEN", client.Change{Add: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	if err := change(reader, "demo/TOKEN")(t); err != nil || len(said) != 1 || !strings.Contains(said[0], s.other.ID.String()) {
		t.Errorf("%v, said: %q", err, said)
	}
	strict := s.make(client.Config{KMS: s.kms, Pins: &config.Memory{Known: known, Strict: true}})
	if err := get(strict, "demo/TOKEN")(t); err != nil {
		t.Errorf("strict, reading: %v", err)
	}
	s.record()
	if _, err := strict.Set(t.Context(), "demo/TOKEN", client.NewValue("another")); !errors.As(err, new(*config.UnpinnedError)) {
		t.Errorf("strict, writing: %v", err)
	}
	if _, changes := s.record(); changes != 0 {
		t.Error("something was sent")
	}
}

// Who can commit to a repository can't change what its file pins once it was used, nor, without the server's help, make
// anything up.
func TestARepositorysPinsCountOnceTheyAreUsed(t *testing.T) {
	for name, change := range map[string]func(s *stage, pins string) string{
		"the client key": func(_ *stage, pins string) string { return strings.ReplaceAll(pins, ourKey, theirKey) },
		"the project": func(s *stage, pins string) string {
			return strings.ReplaceAll(pins, s.demo.ID.String(), s.other.ID.String())
		},
		"the encryption": func(_ *stage, pins string) string { return strings.ReplaceAll(pins, `"client"`, `"server"`) },
	} {
		for _, used := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, used before: %t", name, used), func(t *testing.T) {
				s, _ := newStage(t)
				c := s.inRepository(t, func(pins string) string { return pins })
				if used {
					set(t, c(), "demo/NEW", "value")
				}
				c = s.inRepository(t, func(pins string) string { return change(s, pins) })
				s.record()
				if _, err := c().Create(t.Context(), client.NewSecret{Project: "demo", Name: "AGAIN", Value: client.NewValue(mark)}); err == nil {
					t.Error("it was made")
				}
				if sent, changes := s.record(); changes != 0 || strings.Contains(sent, mark) {
					t.Errorf("sent: %s", sent)
				}
			})
		}
	}
}

// inRepository makes clients whose pins stand in a repository's file.
func (s *stage) inRepository(t *testing.T, change func(string) string) func() *client.Client {
	t.Helper()
	if s.folder == "" {
		s.folder = t.TempDir()
	}
	own, repository := filepath.Join(s.folder, "own"), filepath.Join(s.folder, "repository")
	write := func(text string, path ...string) {
		file := filepath.Join(path...)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("", repository, ".git", "HEAD")
	write(fmt.Sprintf("[profiles.default]\nurl = %q\n", s.URL), own, "config.toml")
	write(change(fmt.Sprintf("[pins.%q]\norganization = %q\nclient_key = %q\n[pins.%q.projects.demo]\nid = %q\nencryption = \"client\"\n",
		s.URL, ourOrganization, ourKey, s.URL, s.demo.ID)), repository, ".strongroom.toml")
	return func() *client.Client {
		settings, err := config.Load(config.Source{
			Getenv: func(name string) string { return map[string]string{"STRONGROOM_CONFIG_DIR": own}[name] }, Dir: repository,
		})
		if err != nil {
			t.Fatal(err)
		}
		return s.make(client.Config{KMS: s.kms, Pins: settings, Seen: settings.Seen()})
	}
}

// The client's own HTTP client follows no redirection either.
func TestAGivenHTTPClientFollowsNoRedirection(t *testing.T) {
	s, _ := newStage(t)
	elsewhere := newDouble(t)
	c := s.make(client.Config{KMS: s.kms, Pins: &config.Memory{Known: s.pins()}, HTTP: &http.Client{}})
	s.twist = func(r *http.Request, _ []byte) any {
		if r.Method != http.MethodPost {
			return nil
		}
		return raw{http.StatusTemporaryRedirect, http.Header{"Location": {strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) + r.URL.Path}}, ""}
	}
	if err := change(c, "plain/NEW")(t); err == nil {
		t.Error("it was made")
	}
	if sent, _ := elsewhere.record(); sent != "" {
		t.Errorf("sent elsewhere: %s", sent)
	}
}
