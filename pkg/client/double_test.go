package client_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/clientcrypto"
)

const (
	ourKey   = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-0000000000aa"
	theirKey = "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-0000000000bb"
)

var (
	ourOrganization   = uuid.MustParse("01a20a35-6080-7000-8000-000000000001")
	theirOrganization = uuid.MustParse("01a20a35-6080-7000-8000-0000000000f1")
)

// A double is a server that keeps a few projects and secrets as Strongroom does, until a test has it answer something
// else. It remembers all that it was sent.
type double struct {
	*httptest.Server
	t *testing.T

	mutex    sync.Mutex
	me       api.Me
	projects map[uuid.UUID]*api.Project
	secrets  map[uuid.UUID]*api.Secret
	// twist, if it is there, answers before the honest server does; nil goes on.
	twist func(r *http.Request, body []byte) any
	sent  []string
	// changes counts requests that could change something.
	changes int
}

// A status is an answer that is no success, with a code; a raw one is sent as it is.
type (
	status struct {
		code    api.Code
		field   string
		message string
	}
	raw struct {
		status int
		header http.Header
		body   string
	}
)

func newDouble(t *testing.T) *double {
	d := &double{t: t, projects: map[uuid.UUID]*api.Project{}, secrets: map[uuid.UUID]*api.Secret{}}
	d.me = api.Me{
		OrganizationID: ourOrganization, OrganizationName: "ours", ClientKeyARN: ourKey,
		Principal: api.Principal{ID: uuid.MustParse("01a20a35-6080-7000-8000-000000000011"), Name: "somebody"},
	}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.sent = append(d.sent, r.Method+" "+r.URL.String()+" "+string(body))
	if r.Method != http.MethodGet {
		d.changes++
	}
	var answer any
	if d.twist != nil {
		answer = d.twist(r, body)
	}
	if answer == nil {
		answer = d.honest(r, body)
	}
	switch a := answer.(type) {
	case raw:
		maps.Copy(w.Header(), a.header)
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	case status:
		e := api.Errorf(a.code, "%s", a.message)
		if a.field != "" {
			e = api.FieldError(a.code, a.field, "%s", a.message)
		}
		w.WriteHeader(e.Status())
		_ = json.NewEncoder(w).Encode(api.ErrorBody{Error: *e})
	default:
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func encoded(t *testing.T, answer any) string {
	t.Helper()
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// honest answers as Strongroom would, without deciding who may what.
func (d *double) honest(r *http.Request, body []byte) any {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	missing := status{code: api.CodeNotFound, message: "no such thing"}
	switch {
	case r.URL.Path == "/me":
		return d.me
	case path[0] == "organizations" && path[2] == "projects" && r.Method == http.MethodGet:
		list := api.List[api.Project]{}
		for _, p := range d.projects {
			list.Data = append(list.Data, *p)
		}
		return list
	case path[0] == "organizations" && path[2] == "secrets" && r.Method == http.MethodPost:
		return d.create(body)
	case path[0] == "projects":
		p := d.projects[uuid.MustParse(path[1])]
		if p == nil {
			return missing
		}
		if len(path) == 2 {
			return *p
		}
		return d.ofProject(p, path[2], r.URL.Query().Get("name"))
	case path[0] == "secrets" && len(path) == 2:
		s := d.secrets[uuid.MustParse(path[1])]
		if s == nil {
			return missing
		}
		if r.Method == http.MethodPut {
			return d.update(s, body, r.Header.Get("If-Match"))
		}
		return d.shown(s)
	}
	d.t.Errorf("the double does not know %s %s", r.Method, r.URL)
	return missing
}

func (d *double) ofProject(p *api.Project, what, name string) any {
	list := api.List[api.ProjectValue]{Data: []api.ProjectValue{}}
	for _, id := range slices.SortedFunc(maps.Keys(d.secrets), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }) {
		s := d.secrets[id]
		if !slices.ContainsFunc(s.Projects, func(r api.Reference) bool { return r.ID == p.ID }) {
			continue
		}
		if what == "secret" && s.Name == name {
			return d.shown(s)
		}
		list.Data = append(list.Data, api.ProjectValue{ID: s.ID, Name: s.Name, Version: s.Version, Value: s.Value})
	}
	if what == "secret" {
		return status{code: api.CodeNotFound, message: "no such secret"}
	}
	return list
}

// shown is a secret with the keys that open it.
func (d *double) shown(s *api.Secret) api.Secret {
	shown := *s
	for _, p := range s.Projects {
		if s.Encryption != api.EncryptionClient || d.projects[p.ID] == nil {
			continue
		}
		if shown.Keys == nil {
			shown.Keys = &[]api.SecretKey{}
		}
		for _, key := range *d.projects[p.ID].Keys {
			*shown.Keys = append(*shown.Keys, api.SecretKey{ProjectID: p.ID, ProjectKey: key})
		}
	}
	return shown
}

func (d *double) create(body []byte) any {
	var in api.CreateSecret
	if err := json.Unmarshal(body, &in); err != nil {
		d.t.Error(err)
	}
	s := &api.Secret{
		ID: *in.ID, OrganizationID: ourOrganization, Name: in.Name, Value: *in.Value, Version: 1, ETag: `"1"`, Read: true, Write: true,
		Encryption: d.projects[in.ProjectIDs[0]].Encryption,
	}
	for _, id := range in.ProjectIDs {
		s.Projects = append(s.Projects, api.Reference{ID: id, Name: d.projects[id].Name})
	}
	d.secrets[s.ID] = s
	return *s
}

func (d *double) update(s *api.Secret, body []byte, match string) any {
	var in api.UpdateSecret
	if err := json.Unmarshal(body, &in); err != nil {
		d.t.Error(err)
	}
	if match != "" && match != s.ETag {
		return status{code: api.CodePreconditionFailed, message: "it has changed since"}
	}
	if in.Name != nil {
		s.Name = *in.Name
	}
	s.Projects = slices.DeleteFunc(s.Projects, func(r api.Reference) bool { return slices.Contains(in.RemoveProjectIDs, r.ID) })
	for _, id := range in.AddProjectIDs {
		s.Projects = append(s.Projects, api.Reference{ID: id, Name: d.projects[id].Name})
	}
	if in.Value != nil {
		s.Value = *in.Value
		s.Version++
	}
	s.ETag = fmt.Sprintf(`"%d"`, time.Now().UnixNano())
	return *s
}

// project makes a project with one key, as a client would.
func (d *double) project(name string, encryption api.Encryption, service *fakeKMS) *api.Project {
	id := uuid.Must(uuid.NewV7())
	p := &api.Project{ID: id, OrganizationID: ourOrganization, Name: name, Encryption: encryption, Read: true, Write: true}
	if encryption == api.EncryptionClient {
		p.Keys = &[]api.ProjectKey{service.projectKey(ourKey, ourOrganization, id)}
	}
	d.projects[id] = p
	return p
}

// pins are those of the double as it is.
func (d *double) pins() config.Pins {
	pins := config.Pins{Organization: ourOrganization, ClientKey: ourKey, Projects: map[string]config.ProjectPin{}}
	for _, p := range d.projects {
		pins.Projects[p.Name] = config.ProjectPin{ID: p.ID, Encryption: p.Encryption}
	}
	return pins
}

// client is a client of the double.
func (d *double) client(service client.KMS, pins client.Pins) *client.Client {
	return d.make(client.Config{KMS: service, Pins: pins})
}

func (d *double) clientWith(service client.KMS, pins client.Pins, seen client.Seen) *client.Client {
	return d.make(client.Config{KMS: service, Pins: pins, Seen: seen})
}

func (d *double) clientSaying(service client.KMS, pins client.Pins, say func(string)) *client.Client {
	return d.make(client.Config{KMS: service, Pins: pins, Notice: say})
}

func (d *double) make(c client.Config) *client.Client {
	d.t.Helper()
	c.URL = d.URL
	c.AWS = aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "not-a-real-one", "")}
	made, err := client.New(c)
	if err != nil {
		d.t.Fatal(err)
	}
	return made
}

// record is all that was sent, and how many requests could have changed something; it forgets them.
func (d *double) record() (sent string, changes int) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	sent, changes = strings.Join(d.sent, "\n"), d.changes
	d.sent, d.changes = nil, 0
	return sent, changes
}

// A fakeKMS wraps keys by remembering them, and refuses what KMS refuses.
type fakeKMS struct {
	client.KMS
	mutex   sync.Mutex
	wrapped map[string]wrapped
	// denied are key ARNs that the caller may not use.
	denied map[string]bool
	used   []string
}

type wrapped struct {
	key       string
	context   map[string]string
	plaintext []byte
}

func newFakeKMS() *fakeKMS { return &fakeKMS{wrapped: map[string]wrapped{}, denied: map[string]bool{}} }

func (f *fakeKMS) wrap(key string, encryptionContext map[string]string) ([]byte, []byte) {
	plaintext, id := make([]byte, clientcrypto.KeySize), make([]byte, 16)
	rand.Read(plaintext)
	rand.Read(id)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.wrapped[hex.EncodeToString(id)] = wrapped{key, maps.Clone(encryptionContext), plaintext}
	return id, plaintext
}

// projectKey makes a project key under that key.
func (f *fakeKMS) projectKey(key string, organization, project uuid.UUID) api.ProjectKey {
	blob, _ := f.wrap(key, clientcrypto.KeyContext(organization, project))
	return api.ProjectKey{ID: uuid.Must(uuid.NewV7()), Wrapped: blob, CreatedAt: time.Now(), Current: true}
}

func (f *fakeKMS) use(key string) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.used = append(f.used, key)
	if f.denied[key] {
		return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "User: x is not authorized to perform it"}
	}
	return nil
}

func (f *fakeKMS) Decrypt(_ context.Context, in *kms.DecryptInput, _ ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	if in.KeyId == nil {
		return nil, errors.New("Decrypt without a KeyId: whoever made the ciphertext chooses the key")
	}
	if err := f.use(*in.KeyId); err != nil {
		return nil, err
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	w, ok := f.wrapped[hex.EncodeToString(in.CiphertextBlob)]
	switch {
	case !ok || !maps.Equal(w.context, in.EncryptionContext):
		return nil, &types.InvalidCiphertextException{}
	case w.key != *in.KeyId:
		return nil, &types.IncorrectKeyException{}
	}
	return &kms.DecryptOutput{Plaintext: slices.Clone(w.plaintext), KeyId: in.KeyId}, nil
}

func (f *fakeKMS) GenerateDataKey(_ context.Context, in *kms.GenerateDataKeyInput, _ ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error) {
	if err := f.use(*in.KeyId); err != nil {
		return nil, err
	}
	blob, plaintext := f.wrap(*in.KeyId, in.EncryptionContext)
	return &kms.GenerateDataKeyOutput{CiphertextBlob: blob, Plaintext: slices.Clone(plaintext), KeyId: in.KeyId}, nil
}

// onlyFor is KMS for who may use the keys of one project.
type onlyFor struct {
	*fakeKMS
	project uuid.UUID
}

func (f onlyFor) Decrypt(ctx context.Context, in *kms.DecryptInput, options ...func(*kms.Options)) (*kms.DecryptOutput, error) {
	if in.EncryptionContext["strongroom:project"] != f.project.String() {
		return nil, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not for this context"}
	}
	return f.fakeKMS.Decrypt(ctx, in, options...)
}
