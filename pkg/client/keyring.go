package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/operation"
)

// A keyring is a project's keys: wrapped, as the server answered them, and those that were unwrapped. They stay in
// memory, and are asked for again only when a value names a key that is not among them, or the server refuses one.
type keyring struct {
	project uuid.UUID
	// held is full while somebody works on the keyring, who may be asking the server or KMS meanwhile.
	held chan struct{}

	loaded    bool
	wrapped   map[uuid.UUID][]byte
	unwrapped map[uuid.UUID]clientcrypto.ProjectKey
	current   uuid.UUID
	// offered is the current key as an answer with a secret had it.
	offered uuid.UUID
}

func (c *Client) keyring(project uuid.UUID) *keyring {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.keyrings[project] == nil {
		c.keyrings[project] = &keyring{
			project: project, held: make(chan struct{}, 1),
			wrapped: map[uuid.UUID][]byte{}, unwrapped: map[uuid.UUID]clientcrypto.ProjectKey{},
		}
	}
	return c.keyrings[project]
}

// lock waits for whoever works on it, as long as ctx lasts.
func (k *keyring) lock(ctx context.Context) error {
	select {
	case k.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *keyring) unlock() { <-k.held }

// load asks the server for the wrapped keys. The keyring is locked.
func (c *Client) load(ctx context.Context, k *keyring) error {
	before, err := c.seenKeys(ctx, k.project)
	if err != nil {
		return err
	}
	p, err := c.getProject(ctx, k.project)
	if err != nil {
		return err
	}
	if err := c.checkProject(ctx, k.project, p); err != nil {
		return err
	}
	return c.take(k, before, *p.Keys)
}

// knownKeys are what had been seen of a project's keys before a request began: the answer may not fall behind that. What
// others see while it is under way says nothing against it.
type knownKeys struct {
	organization uuid.UUID
	ids          []uuid.UUID
	current      uuid.UUID
}

func (c *Client) seenKeys(ctx context.Context, project uuid.UUID) (knownKeys, error) {
	me, err := c.identity(ctx)
	if err != nil {
		return knownKeys{}, err
	}
	ids, current, err := c.config.Seen.ProjectKeys(me.organization, project)
	return knownKeys{me.organization, ids, current}, err
}

// checkProject holds a client project that the server answered against what is known of it.
func (c *Client) checkProject(ctx context.Context, id uuid.UUID, p api.Project) error {
	me, err := c.identity(ctx)
	if err != nil {
		return err
	}
	if err := differs("the project that was asked for", id.String(), p.ID.String()); err != nil {
		return err
	}
	if err := differs("the organization", me.organization.String(), p.OrganizationID.String()); err != nil {
		return err
	}
	if err := c.checkPinned(p); err != nil {
		return err
	}
	if p.Encryption != api.EncryptionClient || p.Keys == nil {
		return &PinError{
			What: fmt.Sprintf("the encryption of project %q", p.Name), Pinned: string(api.EncryptionClient), Got: string(p.Encryption),
		}
	}
	return nil
}

// checkPinned holds a project against its pin, if it has one: of the further projects of a value, which its authenticated
// header names, not all need be pinned.
func (c *Client) checkPinned(p api.Project) error {
	pins, err := c.config.Pins.Pins()
	if err != nil {
		return &SetupError{err}
	}
	for name, pin := range pins.Projects {
		if name == p.Name || pin.ID == p.ID {
			return c.config.Pins.Check(said(p), "the server at "+c.URL())
		}
	}
	return nil
}

// take keeps the keys that the server answered, unless it fell back to one that was replaced.
func (c *Client) take(k *keyring, before knownKeys, keys []api.ProjectKey) error {
	wrapped := make(map[uuid.UUID][]byte, len(keys))
	ids := make([]uuid.UUID, 0, len(keys))
	current := uuid.Nil
	for _, key := range keys {
		wrapped[key.ID] = key.Wrapped
		ids = append(ids, key.ID)
		if key.Current {
			current = key.ID
		}
	}
	if current == uuid.Nil {
		return &NoAnswerError{Operation: operation.GetProject, Reason: fmt.Sprintf("the server names no current key of project %s", k.project)}
	}
	was := before.current
	if was != uuid.Nil && current != was && (slices.Contains(before.ids, current) || !slices.Contains(ids, was)) {
		return &StaleError{What: "the current key of project " + k.project.String(), Seen: was.String(), Got: current.String()}
	}
	if err := c.config.Seen.PutProjectKeys(before.organization, k.project, ids, current); err != nil {
		return err
	}
	k.wrapped, k.current, k.loaded = wrapped, current, true
	return nil
}

// offer keeps the keys that came with a secret whose value is for these projects: those that open it, and what is said to
// be the current one. They are all that somebody gets who may not see a project; of one that was loaded nothing is taken.
func (c *Client) offer(ctx context.Context, projects []uuid.UUID, keys []api.SecretKey) error {
	for _, key := range keys {
		if !slices.Contains(projects, key.ProjectID) {
			continue
		}
		k := c.keyring(key.ProjectID)
		if err := k.lock(ctx); err != nil {
			return err
		}
		if !k.loaded {
			k.wrapped[key.ID] = key.Wrapped
			if key.Current {
				k.offered = key.ID
			}
		}
		k.unlock()
	}
	return nil
}

// adopt takes the current key that was offered, for a project that the server does not show, unless it was replaced. The
// keyring is locked, and stays one that was not loaded.
func (c *Client) adopt(ctx context.Context, k *keyring) error {
	seen, err := c.seenKeys(ctx, k.project)
	if err != nil {
		return err
	}
	if seen.current != k.offered && slices.Contains(seen.ids, k.offered) {
		return &StaleError{What: "the current key of project " + k.project.String(), Seen: seen.current.String(), Got: k.offered.String()}
	}
	k.current = k.offered
	return c.config.Seen.PutProjectKeys(seen.organization, k.project, slices.Collect(maps.Keys(k.wrapped)), k.current)
}

// key unwraps a key that was loaded. The keyring is locked.
func (c *Client) key(ctx context.Context, k *keyring, id uuid.UUID) (clientcrypto.ProjectKey, error) {
	if key, ok := k.unwrapped[id]; ok {
		return key, nil
	}
	key, err := c.unwrap(ctx, k.project, id, k.wrapped[id])
	if err == nil {
		k.unwrapped[id] = key
	}
	return key, err
}

// keysOf answers the project's keys among those needed, unwrapped. None of them is no error: opening says so.
func (c *Client) keysOf(ctx context.Context, project uuid.UUID, needed []uuid.UUID) ([]clientcrypto.ProjectKey, error) {
	k := c.keyring(project)
	if err := k.lock(ctx); err != nil {
		return nil, err
	}
	defer k.unlock()
	has := func(id uuid.UUID) bool { return k.wrapped[id] != nil }
	if !slices.ContainsFunc(needed, has) {
		if err := c.load(ctx, k); err != nil {
			return nil, err
		}
	}
	var keys []clientcrypto.ProjectKey
	for _, id := range needed {
		if !has(id) {
			continue
		}
		key, err := c.key(ctx, k, id)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// currentKey answers the key that values of a project are encrypted under now; anew asks the server again.
func (c *Client) currentKey(ctx context.Context, project uuid.UUID, anew bool) (clientcrypto.ProjectKey, error) {
	k := c.keyring(project)
	if err := k.lock(ctx); err != nil {
		return clientcrypto.ProjectKey{}, err
	}
	defer k.unlock()
	if anew || !k.loaded {
		err := c.load(ctx, k)
		if errors.Is(err, ErrNotFound) && k.offered != uuid.Nil && !anew { // hidden; or deleted since, and then refused
			err = c.adopt(ctx, k)
		}
		if err != nil {
			return clientcrypto.ProjectKey{}, err
		}
	}
	return c.key(ctx, k, k.current)
}

// A LackingKeysError says that a value is for projects whose keys the caller can't have. Nothing was sent.
type LackingKeysError struct {
	// Lacking are those projects, and Of is how many there are in all.
	Lacking []uuid.UUID
	Of      int
	// Err is why the first of them can't be had.
	Err error
}

func (e *LackingKeysError) Error() string {
	return fmt.Sprintf("the value is for %d projects, and the keys of %d of them can't be had: %s", e.Of, len(e.Lacking), e.Err)
}

// Unwrap is why the first of them can't be had.
func (e *LackingKeysError) Unwrap() error { return e.Err }

// currentKeys answers one key for each project. Projects in gone are those that the server does not show: deleted, or
// hidden from the caller.
func (c *Client) currentKeys(ctx context.Context, projects []uuid.UUID, anew bool) (keys []clientcrypto.ProjectKey, gone []uuid.UUID, err error) {
	lacking := LackingKeysError{Of: len(projects)}
	for _, id := range projects {
		key, err := c.currentKey(ctx, id, anew)
		var denied *KeyDeniedError
		if errors.As(err, &denied) && !anew { // is the project still there?
			key, err = c.currentKey(ctx, id, true)
		}
		switch {
		case errors.Is(err, ErrNotFound):
			gone = append(gone, id)
		case errors.As(err, &denied) && len(projects) > 1:
			lacking.Lacking = append(lacking.Lacking, id)
			if lacking.Err == nil {
				lacking.Err = err
			}
		case err != nil:
			return nil, nil, err
		default:
			keys = append(keys, key)
		}
	}
	if lacking.Err != nil {
		return nil, nil, &lacking
	}
	return keys, gone, nil
}
