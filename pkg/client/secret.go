package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/operation"
)

// A Secret is a secret with its value.
type Secret struct {
	ID    uuid.UUID
	Name  string
	Value Value
	Note  string
	// Version is the number of this value.
	Version              int64
	CreatedAt, UpdatedAt time.Time
	CreatedBy, UpdatedBy api.Actor
	// Projects are those that the caller may see.
	Projects   []api.Reference
	Encryption api.Encryption
	// Read, Write and Manage say what the caller may do.
	Read, Write, Manage bool
	// ETag is for Change.IfMatch; GetAll leaves it empty.
	ETag string

	// project is the one that it was read through; binding and key are proved by the ciphertext.
	project Project
	binding clientcrypto.Binding
	key     uuid.UUID
}

// A reference is a secret as people name it: a project and a name in it, or an id.
type reference struct {
	project, name string
	id            uuid.UUID
	// through is the project that the secret with that id is read through; nil leaves that to the answer. It is also the
	// server's hint where to look.
	through *Project
	// clear refuses a secret whose values clients encrypt, and opens none.
	clear bool
}

// again names a secret that was read, whatever it is called meanwhile, through the project that it was read through: a
// server that answers it in another one is not to have the value written there.
func (s Secret) again() reference { return reference{id: s.ID, through: &s.project} }

// parseReference takes "project/name" apart, at the first slash; a UUID alone is a secret's id.
func parseReference(text string) (reference, error) {
	project, name, ok := strings.Cut(text, "/")
	switch {
	case ok && project != "" && name != "":
		return reference{project: project, name: name}, nil
	case !ok:
		if id, isID := parseID(text); isID && id != uuid.Nil {
			return reference{id: id}, nil
		}
	}
	return reference{}, setupf("%q names no secret; write project/name, or the secret's id", text)
}

// parseID reads a UUID in its one spelling: a name may well be 32 hexadecimal digits.
func parseID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil && id.String() == text
}

// Get reads a secret, "project/name" or an id. One that is not there, or that the caller may not see, is ErrNotFound.
func (c *Client) Get(ctx context.Context, secret string) (Secret, error) {
	ref, err := parseReference(secret)
	if err != nil {
		return Secret{}, err
	}
	return c.get(ctx, ref)
}

// GetClear is Get for a secret whose value the server encrypts, and knows. One that is encrypted by clients is ErrClientEncrypted:
// its value is not opened, and no key is asked for.
func (c *Client) GetClear(ctx context.Context, secret string) (Secret, error) {
	ref, err := parseReference(secret)
	if err != nil {
		return Secret{}, err
	}
	ref.clear = true
	return c.get(ctx, ref)
}

func (c *Client) get(ctx context.Context, ref reference) (Secret, error) {
	s, err := c.read(ctx, ref, "")
	if err != nil {
		return Secret{}, err
	}
	return *s, nil
}

// read reads a secret; nil where that still has the ETag.
func (c *Client) read(ctx context.Context, ref reference, etag string) (*Secret, error) {
	return fresh(ctx, c, func(w witness) (*Secret, error) { return c.readOnce(ctx, w, ref, etag) })
}

func (c *Client) readOnce(ctx context.Context, w witness, ref reference, etag string) (_ *Secret, err error) {
	var p Project
	if ref.through != nil {
		p = *ref.through
	}
	r := Request{
		Operation: operation.GetSecret, Path: map[string]string{"secretId": ref.id.String()}, Query: oneParameter("project", orEmpty(p.ID)),
	}
	if ref.name != "" {
		if p, err = c.Resolve(ctx, ref.project); err != nil {
			return nil, err
		}
		r = Request{
			Operation: operation.GetSecretByName, Path: map[string]string{"projectId": p.ID.String()}, Query: url.Values{"name": {ref.name}},
		}
	}
	if etag != "" {
		r.Header = http.Header{"If-None-Match": {etag}}
	}
	got, err := call[api.Secret](ctx, c, r, nil)
	switch {
	case errors.Is(err, errUnchanged):
		return nil, nil
	case err != nil:
		return nil, err
	}
	s, err := c.accept(ctx, w, acceptance{p, ref}, got)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Operation, err)
	}
	return &s, nil
}

// warm begins to get the current key of a project whose values are to be opened, beside the request for one, and answers
// how to wait for it. What fails fails again, where it matters.
func (c *Client) warm(ctx context.Context, p Project) (wait func()) {
	var group sync.WaitGroup
	if p.Encryption == api.EncryptionClient {
		group.Go(func() { _, _ = c.currentKey(ctx, p.ID, false) })
	}
	return group.Wait
}

// An acceptance is what was asked for, and through which project; the zero project is chosen from the answer.
type acceptance struct {
	project Project
	ref     reference
}

// accept turns what the server answered into a secret, if it is what was asked for.
func (c *Client) accept(ctx context.Context, w witness, a acceptance, got api.Secret) (Secret, error) {
	p, ref := a.project, a.ref
	if ref.clear && got.Encryption == api.EncryptionClient {
		return Secret{}, ErrClientEncrypted
	}
	me, err := c.identity(ctx)
	if err != nil {
		return Secret{}, err
	}
	if err := differs("the organization", me.organization.String(), got.OrganizationID.String()); err != nil {
		return Secret{}, err
	}
	if ref.id != uuid.Nil {
		if err := differs("the secret that was asked for", ref.id.String(), got.ID.String()); err != nil {
			return Secret{}, err
		}
	}
	if ref.name != "" {
		if err := differs("the name that was asked for", strconv.Quote(ref.name), strconv.Quote(got.Name)); err != nil {
			return Secret{}, err
		}
	}
	s := Secret{
		ID: got.ID, Name: got.Name, Note: got.Note, Version: got.Version, CreatedAt: got.CreatedAt, UpdatedAt: got.UpdatedAt,
		CreatedBy: got.CreatedBy, UpdatedBy: got.UpdatedBy, Projects: got.Projects, Encryption: got.Encryption,
		Read: got.Read, Write: got.Write, Manage: got.Manage, ETag: got.ETag, project: p,
	}
	if p == (Project{}) {
		return s, c.revealThroughAny(ctx, w, &s, got)
	}
	return s, c.reveal(ctx, w, &s, got.Value, got.Keys)
}

// revealThroughAny reveals a secret that was asked for by its id, through the first of its projects whose keys the caller
// can have: pinned ones first, then others that the caller sees, then hidden ones. A secret in none of these can't be
// client-encrypted; unless it was seen otherwise, the server's word that it is not counts.
func (c *Client) revealThroughAny(ctx context.Context, w witness, s *Secret, got api.Secret) error {
	candidates, err := c.candidates(got)
	if err != nil {
		return err
	}
	if len(candidates) == 0 {
		if s.Encryption == api.EncryptionClient {
			return setupf("the server says no project of the secret, so that no key of yours opens it")
		}
		s.project = Project{Encryption: s.Encryption}
		return c.reveal(ctx, w, s, got.Value, nil)
	}
	var first error
	for _, candidate := range candidates {
		if s.project, err = candidate(ctx); err == nil {
			err = c.reveal(ctx, w, s, got.Value, got.Keys)
		}
		var (
			denied *KeyDeniedError
			place  *clientcrypto.PlaceError
		)
		if err == nil || !errors.As(err, &denied) && !errors.As(err, &place) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// candidates are the projects that a secret may be read through, each to be resolved when its turn comes.
func (c *Client) candidates(got api.Secret) ([]func(context.Context) (Project, error), error) {
	pins, err := c.config.Pins.Pins()
	if err != nil {
		return nil, &SetupError{err}
	}
	pinned, seen := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for _, pin := range pins.Projects {
		pinned[pin.ID] = true
	}
	var first, then, last []func(context.Context) (Project, error)
	resolve := func(id uuid.UUID) func(context.Context) (Project, error) {
		return func(ctx context.Context) (Project, error) { return c.Resolve(ctx, id.String()) }
	}
	for _, p := range got.Projects {
		seen[p.ID] = true
		if pinned[p.ID] {
			first = append(first, resolve(p.ID))
		} else {
			then = append(then, resolve(p.ID))
		}
	}
	if got.Keys == nil {
		return append(first, then...), nil
	}
	for _, key := range *got.Keys {
		switch {
		case seen[key.ProjectID]:
		case pinned[key.ProjectID]:
			first = append(first, resolve(key.ProjectID))
		default:
			last = append(last, func(context.Context) (Project, error) { return c.hidden(key.ProjectID) })
		}
		seen[key.ProjectID] = true
	}
	return slices.Concat(first, then, last), nil
}

// hidden is a project that the caller may not see, of a secret that was shared alone.
func (c *Client) hidden(id uuid.UUID) (Project, error) {
	if err := c.allow(id); err != nil {
		return Project{}, err
	}
	if c.use(id) {
		c.notice("a secret is read through project %s, which you may not see and which is not pinned", id)
	}
	return Project{ID: id, Name: id.String(), Encryption: api.EncryptionClient}, nil
}

// allow refuses, in strict mode, a project whose id is not pinned.
func (c *Client) allow(id uuid.UUID) error {
	pins, err := c.config.Pins.Pins()
	if err != nil {
		return &SetupError{err}
	}
	for _, pin := range pins.Projects {
		if pin.ID == id {
			return nil
		}
	}
	// There is no name to hold against anything; what only strict refuses is refused under any.
	nameless := config.ProjectPin{ID: id, Encryption: api.EncryptionClient}
	return c.config.Pins.Check(config.Pins{Projects: map[string]config.ProjectPin{id.String(): nameless}}, "the server at "+c.URL())
}

// reveal puts the value into the secret, opened where the project's values are encrypted by clients.
func (c *Client) reveal(ctx context.Context, w witness, s *Secret, value string, keys *[]api.SecretKey) error {
	me, err := c.identity(ctx)
	if err != nil {
		return err
	}
	if pinned := s.project.Encryption; pinned != "" && pinned != s.Encryption {
		return &PinError{What: "the encryption of secret " + s.ID.String(), Pinned: string(pinned), Got: strconv.Quote(string(s.Encryption))}
	}
	if s.Encryption != api.EncryptionClient {
		s.Value = NewValue(value)
		return c.remember(w, sighting{organization: me.organization, secret: s.ID, name: s.Name, version: s.Version})
	}
	opened, err := c.open(ctx, value, keys, clientcrypto.Expectation{
		Organization: me.organization, Secret: s.ID, Name: s.Name, Project: s.project.ID,
	})
	if err != nil {
		return err
	}
	s.Value, s.binding, s.key = NewValue(string(opened.Plaintext)), opened.Binding, opened.Key
	return c.remember(w, sighting{me.organization, s.ID, s.Name, s.Version, value, s.binding.Projects})
}

// open decrypts a value with the keys of the project that it is read through, and asks for them where they are not at hand.
// Form and place are checked before any key is asked for.
func (c *Client) open(ctx context.Context, value string, offered *[]api.SecretKey, want clientcrypto.Expectation) (clientcrypto.Opened, error) {
	opened, err := clientcrypto.Open(value, nil, want)
	var missing *clientcrypto.NoKeyError
	if !errors.As(err, &missing) {
		return opened, err
	}
	if offered != nil {
		e, err := clientcrypto.Inspect(value)
		if err == nil {
			err = c.offer(ctx, e.Binding.Projects, *offered)
		}
		if err != nil {
			return clientcrypto.Opened{}, err
		}
	}
	keys, err := c.keysOf(ctx, want.Project, missing.Needed)
	if err != nil {
		return clientcrypto.Opened{}, err
	}
	return clientcrypto.Open(value, keys, want)
}
