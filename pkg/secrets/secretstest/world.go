// Package secretstest makes small organizations for tests: a service over any table, a clock that tests move, and
// callers that are bound to principals.
package secretstest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/clientcrypto/clientcryptotest"
	"strongroom/pkg/envelope"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
	"strongroom/pkg/table/allowed"
)

// Account is the account of all callers.
const Account = "111122223333"

// UniqueID is the unique id of every caller's role.
const UniqueID = "AROAEXAMPLEEXAMPLE123"

// A World is an organization under test. Its helpers fail the test where something does not work.
type World struct {
	testing.TB
	*secrets.Service
	Clock        *Clock
	Keys         *Keys
	Bus          *Bus
	Signer       *Signer
	Archive      *Archive
	Organization uuid.UUID
	// Owner is the caller who owns the organization; OwnerID its principal.
	Owner   secrets.Caller
	OwnerID uuid.UUID
	config  secrets.Config
}

// New makes an organization in the table, which must hold no other of the same id.
func New(t testing.TB, tbl table.Table) *World {
	t.Helper()
	return NewAt(t, tbl, time.Now())
}

// NewAt is New at a certain time.
func NewAt(t testing.TB, tbl table.Table, at time.Time) *World {
	t.Helper()
	w := &World{TB: t, Clock: NewClock(), Keys: NewKeys(), Signer: NewSigner(), Archive: &Archive{}, Bus: &Bus{}, Organization: uuid.New()}
	w.Clock.now.Store(at.UnixNano())
	w.config = secrets.Config{
		Table: tbl, Keys: w.Keys, Signer: w.Signer, Archive: w.Archive, Organization: w.Organization, Account: Account,
		ClientKeyARN: "arn:aws:kms:us-east-1:" + Account + ":key/client", Now: w.Clock.Now,
		Bus: w.Bus,
		Within: func(name operation.Name, beneath table.Table) table.Table {
			return &allowed.Table{Table: beneath, Row: operation.MustLookup(name), Undeclared: func(err error) { t.Error(err) }}
		},
	}
	w.Service = secrets.New(w.config)
	w.Owner = Caller("owner")
	_, err := w.CreateOrganization(t.Context(), api.CreateOrganization{Name: "demo", OwnerName: "owner", OwnerARN: arn("owner")})
	w.must(err)
	me, err := w.Whoami(t.Context(), w.Owner)
	w.must(err)
	w.OwnerID = me.Principal.ID
	return w
}

// A Bus remembers what was published.
type Bus struct {
	mu        sync.Mutex
	published []secrets.Notice
	// Fail, where not nil, is what Publish answers.
	Fail error
}

// Publish implements secrets.Bus.
func (b *Bus) Publish(_ context.Context, notices []secrets.Notice) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Fail != nil {
		return b.Fail
	}
	b.published = append(b.published, notices...)
	return nil
}

// Published answers what was published since the last time.
func (b *Bus) Published() []secrets.Notice {
	b.mu.Lock()
	defer b.mu.Unlock()
	published := b.published
	b.published = nil
	return published
}

// Again is the same organization as another function's container sees it: nothing remembered. wrap, where not nil,
// stands between it and the table.
func (w *World) Again(wrap func(table.Table) table.Table) *World {
	again := *w
	if wrap != nil {
		again.config.Table = wrap(w.config.Table)
	}
	again.Service = secrets.New(again.config)
	return &again
}

// Paced is the same organization, whose clock runs so many times as fast as that of who calls.
func (w *World) Paced(pace int, clientNow func() time.Time) *World {
	again := *w
	again.config.Pace, again.config.ClientNow = pace, clientNow
	again.Service = secrets.New(again.config)
	return &again
}

// With is the same organization with another key that signs.
func (w *World) With(signer *Signer) *World {
	again := *w
	again.Signer, again.config.Signer = signer, signer
	again.Service = secrets.New(again.config)
	return &again
}

// Table is the table beneath the service.
func (w *World) Table() table.Table { return w.config.Table }

func (w *World) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func arn(name string) string { return fmt.Sprintf("arn:aws:iam::%s:role/%s", Account, name) }

// Caller is somebody who assumed the role of that name.
func Caller(name string) secrets.Caller {
	who, err := identity.FromAuthorizer(identity.Authorizer{
		AccountID: Account, UserARN: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/session", Account, name),
		UserID: UniqueID + ":session",
	}, Account)
	if err != nil {
		panic(err)
	}
	return secrets.Caller{Caller: who, RequestID: "test"}
}

// Principal makes a principal without an identity.
func (w *World) Principal(kind access.Kind, name string, role access.Role) uuid.UUID {
	w.Helper()
	in := api.CreatePrincipal{Kind: kind, Name: name}
	if role != "" {
		in.Role = &role
	}
	p, _, err := w.CreatePrincipal(w.Context(), w.Owner, w.Organization, in)
	w.must(err)
	return p.ID
}

// User makes a user with an identity, and its caller.
func (w *World) User(name string, role access.Role) (uuid.UUID, secrets.Caller) {
	w.Helper()
	id := w.Principal(access.KindUser, name, role)
	return id, w.Bind(id, name)
}

// ServiceAccount makes a service account with an identity, and its caller.
func (w *World) ServiceAccount(name string) (uuid.UUID, secrets.Caller) {
	w.Helper()
	id := w.Principal(access.KindServiceAccount, name, "")
	return id, w.Bind(id, name)
}

// Group makes a group with members.
func (w *World) Group(name string, members ...uuid.UUID) uuid.UUID {
	w.Helper()
	id := w.Principal(access.KindGroup, name, "")
	w.Join(id, members...)
	return id
}

// Join adds members to a group.
func (w *World) Join(group uuid.UUID, members ...uuid.UUID) {
	w.Helper()
	for len(members) > 0 {
		n := min(len(members), 30)
		results, err := w.ChangeGroupMembers(w.Context(), w.Owner, group, api.ChangeGroupMembers{Add: members[:n]})
		w.must(err)
		for _, r := range results.Data {
			if r.Error != nil {
				w.Fatal(r.Error.Message)
			}
		}
		members = members[n:]
	}
}

// Bind gives a principal the role of that name, and answers who assumes it.
func (w *World) Bind(id uuid.UUID, name string) secrets.Caller {
	w.Helper()
	_, err := w.PutIdentities(w.Context(), w.Owner, id, "", api.PutIdentities{Identities: []api.Identity{{ARN: arn(name)}}})
	w.must(err)
	return Caller(name)
}

// ServerProject makes a project whose values the server alone seals.
func (w *World) ServerProject(name string) uuid.UUID {
	w.Helper()
	encryption := api.EncryptionServer
	p, _, err := w.CreateProject(w.Context(), w.Owner, w.Organization, api.CreateProject{Name: name, Encryption: &encryption})
	w.must(err)
	return p.ID
}

// A ClientProject is a project whose values clients encrypt, and its current key.
type ClientProject struct {
	ID  uuid.UUID
	Key clientcryptotest.Key
}

// ClientProject makes one.
func (w *World) ClientProject(name string) ClientProject {
	w.Helper()
	id, key := w.NewID(), clientcryptotest.NewKey(uuid.New())
	p, _, err := w.CreateProject(w.Context(), w.Owner, w.Organization, api.CreateProject{
		ID: &id, Name: name, Key: &api.NewProjectKey{ID: key.ID, Wrapped: []byte("wrapped " + name)},
	})
	w.must(err)
	return ClientProject{ID: p.ID, Key: key}
}

// NewKey gives a client project another key, and answers the project as clients know it then.
func (w *World) NewKey(project ClientProject) ClientProject {
	w.Helper()
	project.Key = clientcryptotest.NewKey(uuid.New())
	_, err := w.AddProjectKey(w.Context(), w.Owner, project.ID, "", api.NewProjectKey{
		ID: project.Key.ID, Wrapped: []byte("wrapped " + project.Key.ID.String()),
	})
	w.must(err)
	return project
}

// ClientSecret makes a secret in client projects.
func (w *World) ClientSecret(name, plaintext string, projects ...ClientProject) api.Secret {
	w.Helper()
	id := w.NewID()
	value := w.Encrypt(id, name, plaintext, projects...)
	in := api.CreateSecret{ID: &id, Name: name, Value: &value}
	for _, p := range projects {
		in.ProjectIDs = append(in.ProjectIDs, p.ID)
	}
	s, _, err := w.CreateSecret(w.Context(), w.Owner, w.Organization, in)
	w.must(err)
	return s
}

// Encrypt makes the value that a secret of that id and name has in those projects.
func (w *World) Encrypt(id uuid.UUID, name, plaintext string, projects ...ClientProject) string {
	w.Helper()
	binding := clientcrypto.Binding{Organization: w.Organization, Secret: id, Name: name}
	var keys []clientcryptotest.Key
	slices.SortFunc(projects, func(a, b ClientProject) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	for _, p := range projects {
		binding.Projects = append(binding.Projects, p.ID)
		keys = append(keys, p.Key)
	}
	return clientcryptotest.Encrypt(binding, keys, plaintext)
}

// NewID is an id as a client makes it now.
func (w *World) NewID() uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	ms := w.Clock.Now().UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id
}

// Grant gives permissions on a project, besides those that are there.
func (w *World) Grant(project uuid.UUID, permission access.Permission, principals ...uuid.UUID) {
	w.Helper()
	policy, err := w.GetProjectAccess(w.Context(), w.Owner, project)
	w.must(err)
	_, err = w.PutProjectAccess(w.Context(), w.Owner, secrets.PutAccess{
		ID: project, Grants: with(policy.Grants, permission, principals),
	})
	w.must(err)
}

// GrantSecret gives permissions on a secret, besides those that are there.
func (w *World) GrantSecret(secret uuid.UUID, permission access.Permission, principals ...uuid.UUID) {
	w.Helper()
	policy, err := w.GetSecretAccess(w.Context(), w.Owner, secret)
	w.must(err)
	_, err = w.PutSecretAccess(w.Context(), w.Owner, secrets.PutAccess{
		ID: secret, Grants: with(policy.Grants, permission, principals),
	})
	w.must(err)
}

func with(grants []api.Grant, permission access.Permission, principals []uuid.UUID) []api.Grant {
	for _, id := range principals {
		found := false
		for i := range grants {
			if grants[i].Principal.ID == id {
				grants[i].Permission, grants[i].ExpiresAt, found = permission, nil, true
			}
		}
		if !found {
			grants = append(grants, api.Grant{Principal: api.GrantPrincipal{ID: id}, Permission: permission})
		}
	}
	return grants
}

// Secret makes a secret.
func (w *World) Secret(name, value string, projects ...uuid.UUID) api.Secret {
	w.Helper()
	s, _, err := w.CreateSecret(w.Context(), w.Owner, w.Organization, api.CreateSecret{
		Name: name, Value: &value, ProjectIDs: projects,
	})
	w.must(err)
	return s
}

// Trash deletes a project.
func (w *World) Trash(project uuid.UUID) {
	w.Helper()
	results, err := w.DeleteProjects(w.Context(), w.Owner, api.IDs{IDs: []uuid.UUID{project}})
	w.must(err)
	if failed := results.Data[0].Error; failed != nil {
		w.Fatal(failed.Message)
	}
}

// Code is the code of an error that a caller sees; empty for none, "internal" for any other error.
func Code(err error) api.Code {
	var known *api.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &known):
		return known.Code
	}
	return api.CodeInternal
}

// A Clock stands still until it is moved.
type Clock struct{ now atomic.Int64 }

// NewClock makes a clock that shows the present.
func NewClock() *Clock {
	c := &Clock{}
	c.now.Store(time.Now().UnixNano())
	return c
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time { return time.Unix(0, c.now.Load()) }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.now.Add(int64(d)) }

// Keys is a key service in memory, which counts its calls.
type Keys struct {
	key   []byte
	aead  cipher.AEAD
	mu    sync.Mutex
	calls int
}

// NewKeys makes one with a key of its own.
func NewKeys() *Keys {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return KeysOf(key)
}

// KeysOf makes one with a key of 32 bytes, for another process that opens the same table.
func KeysOf(key []byte) *Keys {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return &Keys{key: key, aead: aead}
}

// Key is what KeysOf makes the same key service of.
func (k *Keys) Key() []byte { return k.key }

// Calls is how often it was called.
func (k *Keys) Calls() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls
}

func (k *Keys) count() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
}

// GenerateDataKey makes a data key.
func (k *Keys) GenerateDataKey(_ context.Context, keyContext map[string]string) (envelope.DataKeyMaterial, error) {
	k.count()
	plaintext := make([]byte, 32)
	_, _ = rand.Read(plaintext)
	wrapped := k.aead.Seal(nil, nil, plaintext, fmt.Append(nil, keyContext))
	return envelope.DataKeyMaterial{Plaintext: plaintext, Wrapped: wrapped}, nil
}

// Decrypt unwraps a data key.
func (k *Keys) Decrypt(_ context.Context, wrapped []byte, keyContext map[string]string) ([]byte, error) {
	k.count()
	return k.aead.Open(nil, nil, wrapped, fmt.Append(nil, keyContext))
}
