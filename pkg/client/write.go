package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/operation"
)

// maxRaces is how often a change is made anew because somebody else was first.
const maxRaces = 20

// Racing makes an attempt at a change, and further ones while it loses against somebody else's: each after a pause, so that
// of several in a race one gets through, until that has happened often enough or ctx ends. The error is the last attempt's,
// with the context's where that has ended.
func (c *Client) Racing(ctx context.Context, attempt func() (lost bool, err error)) error {
	for race := 0; ; race++ {
		lost, err := attempt()
		if !lost || race >= maxRaces || c.pause(ctx, jitter(race, 5*time.Millisecond, 100*time.Millisecond)) != nil {
			return contextFirst(ctx, err)
		}
	}
}

// A NewSecret is a secret to be made.
type NewSecret struct {
	// Project is the name or id of the project to make it in, and Also of further ones, of the same encryption.
	Project string
	Also    []string
	Name    string
	Value   Value
	Note    string
	// ID is a UUIDv7 made within the last hour; one is made where it is zero. Making the same again answers the same.
	ID uuid.UUID
}

// A Change is what is to be different about a secret. What is nil or empty stays as it is.
type Change struct {
	Name  *string
	Value *Value
	Note  *string
	// Add and Remove are projects, by name or id. The value is encrypted for the former, and no longer for the latter;
	// who could read it there may have kept it.
	Add, Remove []string
	// RestoredFrom goes with a value: the version that it was taken from.
	RestoredFrom int64
	// Reencrypt writes the value anew where its project's key is not the current one any longer.
	Reencrypt bool
	// IfMatch is the ETag that the secret must have; empty, the change is made to whatever is there.
	IfMatch string
}

// Set gives a secret a value, and makes the secret where there is none. The value that is there already changes nothing.
// secret is "project/name", or the id of one that is there.
func (c *Client) Set(ctx context.Context, secret string, value Value) (Secret, error) {
	ref, err := parseReference(secret)
	if err != nil {
		return Secret{}, err
	}
	var s Secret
	err = c.Racing(ctx, func() (lost bool, err error) {
		s, err = c.Update(ctx, secret, Change{Value: &value})
		if ref.name == "" || !errors.Is(err, ErrNotFound) {
			return false, err
		}
		s, err = c.Create(ctx, NewSecret{Project: ref.project, Name: ref.name, Value: value})
		return errors.Is(err, ErrConflict), err // somebody else has made it since
	})
	return s, err
}

// Create makes a secret. A name that is taken in one of the projects is ErrConflict.
func (c *Client) Create(ctx context.Context, in NewSecret) (Secret, error) {
	projects, err := c.resolveAll(ctx, append([]string{in.Project}, in.Also...))
	if err != nil {
		return Secret{}, err
	}
	own := in.ID != uuid.Nil
	if !own {
		if in.ID, err = uuid.NewV7(); err != nil {
			return Secret{}, err
		}
	}
	if err := checkTexts(&in.Name, &in.Note); err != nil {
		return Secret{}, err
	}
	s, err := c.create(ctx, in, projects)
	if !own || !errors.Is(err, ErrConflict) {
		return s, err
	}
	// A client-encrypted value is other bytes each time, so that the server can't see that it is the same.
	found, other := c.get(ctx, reference{id: in.ID, through: &projects[0]})
	if other == nil && found.Name == in.Name && found.Value.Equal(in.Value) && found.Note == in.Note {
		return found, nil
	}
	return s, err
}

func (c *Client) create(ctx context.Context, in NewSecret, projects []Project) (Secret, error) {
	home := projects[0]
	return c.sendTwice(ctx, func(anew bool) (Secret, error) {
		body := api.CreateSecret{ID: &in.ID, Name: in.Name, ProjectIDs: idsOf(projects)}
		if in.Note != "" {
			body.Note = &in.Note
		}
		s := Secret{project: home, Value: in.Value}
		value, err := c.seal(ctx, &s, sealing{id: in.ID, name: in.Name, projects: projects, anew: anew})
		if err != nil {
			return Secret{}, err
		}
		body.Value = &value
		got, err := call[api.Secret](ctx, c, Request{Operation: operation.CreateSecret}, body)
		if err != nil {
			return Secret{}, err
		}
		return c.accept(ctx, witness{in.ID: {}}, acceptance{home, reference{name: in.Name, id: in.ID}}, got)
	})
}

// checkTexts refuses what JSON would change.
func checkTexts(name, note *string) error {
	if name != nil && !utf8.ValidString(*name) || note != nil && !utf8.ValidString(*note) {
		return setupf("names and notes are UTF-8 text")
	}
	return nil
}

// resolveAll answers the projects, which must have one encryption.
func (c *Client) resolveAll(ctx context.Context, named []string) ([]Project, error) {
	projects := make([]Project, len(named))
	for i, name := range named {
		p, err := c.Resolve(ctx, name)
		if err != nil {
			return nil, err
		}
		if p.Encryption != projects[0].Encryption && i > 0 {
			return nil, setupf("project %q has encryption %s and %q has %s; a secret is in projects of one kind: make a copy of it in the other",
				projects[0].Name, projects[0].Encryption, p.Name, p.Encryption)
		}
		projects[i] = p
	}
	return projects, nil
}

// Update changes a secret, "project/name" or an id. Where somebody else changes it at the same time, it is read and
// changed anew, unless Change.IfMatch names what it must be.
func (c *Client) Update(ctx context.Context, secret string, ch Change) (Secret, error) {
	ref, err := parseReference(secret)
	if err != nil {
		return Secret{}, err
	}
	return c.updateAs(ctx, ref, ch)
}

func (c *Client) updateAs(ctx context.Context, ref reference, ch Change) (Secret, error) {
	clear, err := c.knownClear(ctx, ref)
	if err != nil {
		return Secret{}, err
	}
	var s Secret
	err = c.Racing(ctx, func() (lost bool, err error) {
		old, err := c.get(ctx, ref)
		if err != nil {
			return false, err
		}
		if ch.Value != nil && old.Encryption == api.EncryptionServer && !clear(old) {
			return false, clearByWord(old.ID)
		}
		ref = old.again()
		s, err = c.change(ctx, old, ch)
		return ch.IfMatch == "" && errors.Is(err, ErrPreconditionFailed), err
	})
	return s, err
}

// clearByWord is the refusal to send a value in clear since the server says so.
func clearByWord(id uuid.UUID) error {
	return setupf("that secret %s is one whose value the server encrypts is only the server's word; read it first and look, or name it as project/name", id)
}

// knownClear answers whether a secret may be sent in clear: what was known before the server is asked decides that. It is
// named through a project, or is in one that is pinned, or was seen before as one whose value the server encrypts.
func (c *Client) knownClear(ctx context.Context, ref reference) (func(Secret) bool, error) {
	if ref.name != "" || ref.through != nil {
		return func(Secret) bool { return true }, nil
	}
	pins, err := c.config.Pins.Pins()
	if err != nil {
		return nil, &SetupError{err}
	}
	me, err := c.identity(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := c.config.Seen.Secret(me.organization, ref.id)
	return func(s Secret) bool {
		for _, pin := range pins.Projects {
			if pin.ID == s.project.ID {
				return true // as one whose values the server encrypts, or it would not have been taken for that
			}
		}
		return seen.Version > 0 && seen.Digest == [sha256.Size]byte{}
	}, err
}

// UpdateFrom changes a secret that was read before, without reading it again. Where somebody else has changed it since,
// nothing is changed, and the error is ErrPreconditionFailed. One that GetAll read has no ETag and can't be changed so.
func (c *Client) UpdateFrom(ctx context.Context, old Secret, ch Change) (Secret, error) {
	if old.ETag == "" && ch.IfMatch == "" {
		return Secret{}, setupf("secret %q was read without its ETag; read it with Get", old.Name)
	}
	return c.change(ctx, old, ch)
}

// change sends what differs from a secret that was read.
func (c *Client) change(ctx context.Context, old Secret, ch Change) (Secret, error) {
	if err := checkTexts(ch.Name, ch.Note); err != nil {
		return Secret{}, err
	}
	add, err := c.resolveAll(ctx, ch.Add)
	if err != nil {
		return Secret{}, err
	}
	remove, err := c.resolveAll(ctx, ch.Remove)
	if err != nil {
		return Secret{}, err
	}
	for _, p := range add {
		if p.Encryption != old.Encryption {
			return Secret{}, setupf("secret %q is encrypted by the %s, and project %q's are by the %s; make a copy of it there",
				old.Name, old.Encryption, p.Name, p.Encryption)
		}
	}
	match := ch.IfMatch
	if match == "" {
		match = old.ETag
	}
	return c.sendTwice(ctx, func(anew bool) (Secret, error) {
		body := api.UpdateSecret{Name: ch.Name, Note: ch.Note, AddProjectIDs: idsOf(add), RemoveProjectIDs: idsOf(remove)}
		value, err := c.changedValue(ctx, &old, ch, movement{add, remove, anew})
		if err != nil {
			return Secret{}, err
		}
		if body.Value = value; value != nil && ch.RestoredFrom != 0 {
			body.RestoredFrom = &ch.RestoredFrom
		}
		if body.Name == nil && body.Note == nil && body.Value == nil && len(add)+len(remove) == 0 {
			return old, nil
		}
		return c.update(ctx, &old, match, body, ch, add)
	})
}

func (c *Client) update(ctx context.Context, old *Secret, match string, body api.UpdateSecret, ch Change, add []Project) (Secret, error) {
	w := witness{}
	if err := c.bear(ctx, w, old.ID); err != nil {
		return Secret{}, err
	}
	if seen := w[old.ID]; seen.Projects != "" { // what the caller added is not news
		for _, p := range add {
			seen.Projects += " " + p.ID.String()
		}
		w[old.ID] = seen
	}
	got, err := call[api.Secret](ctx, c, Request{
		Operation: operation.UpdateSecret, Path: map[string]string{"secretId": old.ID.String()}, Query: oneParameter("project", orEmpty(old.project.ID)), Header: ifMatch(match),
	}, body)
	if err != nil {
		return Secret{}, err
	}
	name := old.Name
	if ch.Name != nil {
		name = *ch.Name
	}
	through := old.project
	if slices.ContainsFunc(body.RemoveProjectIDs, func(id uuid.UUID) bool { return id == through.ID }) {
		through = Project{} // chosen from what the answer and its value name
		if len(add) > 0 {
			through = add[0]
		}
	}
	return c.accept(ctx, w, acceptance{through, reference{name: name, id: old.ID}}, got)
}

// movement is where a secret goes, and whether the projects' keys are to be asked for again.
type movement struct {
	add, remove []Project
	anew        bool
}

// changedValue is the value to send; nil where it stays. A client-encrypted one is made anew for another name, other
// projects, and where a key is not the current one.
func (c *Client) changedValue(ctx context.Context, old *Secret, ch Change, m movement) (*string, error) {
	s := *old
	if ch.Value != nil {
		s.Value = *ch.Value
	}
	if old.Encryption != api.EncryptionClient {
		if ch.Value == nil || ch.Value.Equal(old.Value) {
			return nil, nil
		}
		value, err := c.seal(ctx, &s, sealing{anew: m.anew})
		return &value, err
	}
	to := sealing{id: old.ID, name: old.Name, anew: m.anew}
	if ch.Name != nil {
		to.name = *ch.Name
	}
	for _, id := range old.binding.Projects {
		if !slices.ContainsFunc(m.remove, func(p Project) bool { return p.ID == id }) {
			to.projects = append(to.projects, Project{ID: id})
		}
	}
	for _, p := range m.add {
		if !slices.ContainsFunc(to.projects, func(q Project) bool { return q.ID == p.ID }) {
			to.projects = append(to.projects, p)
		}
	}
	if len(to.projects) == 0 {
		return nil, setupf("secret %q would be in no project; delete it, or add it to another one first", old.Name)
	}
	same := to.name == old.Name && slices.Equal(sortedIDs(to.projects), old.binding.Projects) && s.Value.Equal(old.Value)
	if same {
		if !ch.Reencrypt {
			return nil, nil
		}
		if due, err := c.due(ctx, old); err != nil || !due {
			return nil, err
		}
	}
	value, err := c.seal(ctx, &s, to)
	return &value, err
}

// due says whether a secret's value is under an old key of the project that it was read through. That it is not is looked
// at anew: somebody else may have added a key.
func (c *Client) due(ctx context.Context, s *Secret) (bool, error) {
	key, err := c.currentKey(ctx, s.project.ID, false)
	if err == nil && key.ID() == s.key {
		key, err = c.currentKey(ctx, s.project.ID, true)
	}
	return key.ID() != s.key, err
}

// sealing is what a value is to be bound to.
type sealing struct {
	id       uuid.UUID
	name     string
	projects []Project
	anew     bool
}

// seal is the value as it is sent: encrypted, but for projects that are pinned as ones whose values the server encrypts.
func (c *Client) seal(ctx context.Context, s *Secret, to sealing) (string, error) {
	if !utf8.ValidString(s.Value.Reveal()) { // JSON would change it
		return "", setupf("the value is not UTF-8 text; store binary values as base64")
	}
	if s.project.Encryption == api.EncryptionServer {
		return s.Value.Reveal(), nil
	}
	me, err := c.identity(ctx)
	if err != nil {
		return "", err
	}
	keys, gone, err := c.currentKeys(ctx, idsOf(to.projects), to.anew)
	if err != nil {
		return "", err
	}
	// A project that is not shown was deleted, or is hidden. Leaving it out lets nobody in, and the server refuses what
	// lacks a recipient, saying how many are missing.
	projects := slices.DeleteFunc(sortedIDs(to.projects), func(id uuid.UUID) bool { return slices.Contains(gone, id) })
	if len(projects) == 0 {
		return "", notFoundf(operation.GetProject, "the project is gone, or hidden from you: %s", s.project.Name)
	}
	for _, id := range projects {
		if err := c.allow(id); err != nil {
			return "", err
		}
	}
	value, err := clientcrypto.Encrypt(clientcrypto.Binding{
		Organization: me.organization, Secret: to.id, Name: to.name, Projects: projects,
	}, keys, []byte(s.Value.Reveal()))
	if err != nil {
		return "", &SetupError{err}
	}
	return value, nil
}

// sendTwice sends, and once more with keys asked for anew where the server refuses a value: a project may have a new one.
func (c *Client) sendTwice(ctx context.Context, send func(anew bool) (Secret, error)) (Secret, error) {
	s, err := send(false)
	var refused *Error
	if !errors.As(err, &refused) || refused.API.Code != api.CodeInvalid || ctx.Err() != nil {
		return s, err
	}
	if !slices.ContainsFunc(refused.API.Details, func(d api.Detail) bool { return d.Field == "value" }) {
		return s, err
	}
	if s, again := send(true); again == nil || !errors.Is(again, ErrInvalid) {
		return s, again
	}
	return s, err
}

// Delete puts secrets into the trash, by their ids, and answers how it went with each, in their order.
func (c *Client) Delete(ctx context.Context, secrets ...uuid.UUID) ([]api.BulkResult, error) {
	return bulk(ctx, c, operation.DeleteSecrets, secrets)
}

// bulk calls a bulk operation, as often as its limit asks for.
func bulk(ctx context.Context, c *Client, name operation.Name, ids []uuid.UUID) ([]api.BulkResult, error) {
	var results []api.BulkResult
	for chunk := range slices.Chunk(ids, api.MaxIDs) {
		answer, err := call[api.BulkResults](ctx, c, Request{Operation: name}, api.IDs{IDs: chunk})
		if err != nil {
			return results, fmt.Errorf("after %d of %d: %w", len(results), len(ids), err)
		}
		results = append(results, answer.Data...)
	}
	return results, nil
}

func idsOf(projects []Project) []uuid.UUID {
	var ids []uuid.UUID
	for _, p := range projects {
		ids = append(ids, p.ID)
	}
	return ids
}

func sortedIDs(projects []Project) []uuid.UUID {
	ids := idsOf(projects)
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return ids
}
