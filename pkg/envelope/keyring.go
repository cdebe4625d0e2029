package envelope

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Lifetime is how long a Keyring uses what it learned: an unwrapped key, and which key is current. So a storage key that
// was disabled in KMS works for that long at most, and a new generation is not used everywhere before then.
const Lifetime = 5 * time.Minute

// maxKeys bounds how many unwrapped keys are held. An organization has one data key, and two while it is resealed.
const maxKeys = 16

// current stands for the current key where a generation is expected; generations begin at 1.
const current uint32 = 0

// A Keyring unwraps an organization's data keys and keeps them for a while. Its methods may be called at the same time:
// callers that want the same key share one call to the store and to KMS.
type Keyring struct {
	service      KeyService
	store        Store
	organization uuid.UUID
	now          func() time.Time

	mu      sync.Mutex
	held    map[uint32]held
	flights map[uint32]*flight
}

// held is an unwrapped key, and when its wrapped form was asked for.
type held struct {
	key   Key
	since time.Time
}

func (h held) fresh(now time.Time) bool {
	age := now.Sub(h.since)
	return age >= 0 && age < Lifetime // a clock that went back proves nothing
}

// A flight is a call under way that several callers wait for.
type flight struct {
	done chan struct{}
	held held
	err  error
	// abandoned says that err comes from the end of the leading caller's own context, which is nobody else's failure.
	abandoned bool
}

// NewKeyring makes an empty keyring for an organization. now tells the time.
func NewKeyring(service KeyService, store Store, organization uuid.UUID, now func() time.Time) *Keyring {
	return &Keyring{
		service: service, store: store, organization: organization, now: now,
		held: map[uint32]held{}, flights: map[uint32]*flight{},
	}
}

// Current answers the key that new messages are sealed under. Its errors are the store's and the key service's.
func (r *Keyring) Current(ctx context.Context) (Key, error) { return r.get(ctx, current) }

// Key answers the key of a generation, as Generation reads it from a message. Its errors are the store's and the key
// service's.
func (r *Keyring) Key(ctx context.Context, generation uint32) (Key, error) {
	if generation == current {
		return Key{}, fmt.Errorf("%w: generations begin at 1", ErrFormat)
	}
	return r.get(ctx, generation)
}

// NewDataKey makes the key of a generation, for the caller to store. It is not used before the store answers it.
func (r *Keyring) NewDataKey(ctx context.Context, generation uint32) (WrappedKey, error) {
	if generation == current {
		return WrappedKey{}, errors.New("envelope: generations begin at 1")
	}
	m, err := r.service.GenerateDataKey(ctx, KeyContext(r.organization, generation))
	if err != nil {
		return WrappedKey{}, fmt.Errorf("making data key %d: %w", generation, err)
	}
	defer clear(m.Plaintext)
	if len(m.Plaintext) != keySize {
		return WrappedKey{}, fmt.Errorf("making data key %d: KMS answered %d bytes, not %d", generation, len(m.Plaintext), keySize)
	}
	return WrappedKey{Generation: generation, Wrapped: m.Wrapped}, nil
}

// get answers from memory, or waits for the call under way, or makes it. The call is made by one of the callers and not
// by a goroutine of its own, so that nothing outlives the request that needed it; where that caller is cancelled, the
// next one takes over.
func (r *Keyring) get(ctx context.Context, generation uint32) (Key, error) {
	for {
		r.mu.Lock()
		if h, ok := r.held[generation]; ok && h.fresh(r.now()) {
			r.mu.Unlock()
			return h.key, nil
		}
		f, underWay := r.flights[generation]
		if !underWay {
			f = &flight{done: make(chan struct{})}
			r.flights[generation] = f
		}
		r.mu.Unlock()

		if !underWay {
			r.lead(ctx, generation, f)
			return f.held.key, f.err
		}
		select {
		case <-f.done:
			if !f.abandoned {
				return f.held.key, f.err
			}
		case <-ctx.Done():
			return Key{}, ctx.Err()
		}
	}
}

// lead makes the call that f's callers wait for. They are released even if it panics, and then try themselves.
func (r *Keyring) lead(ctx context.Context, generation uint32, f *flight) {
	f.abandoned = true
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.flights, generation)
		if f.err == nil && !f.abandoned {
			r.hold(generation, f.held)
		}
		close(f.done)
	}()
	f.held, f.err = r.load(ctx, generation)
	f.abandoned = f.err != nil && ctx.Err() != nil
}

// hold keeps a key, under its own generation too. What is stale goes, and where that is not enough, the oldest.
func (r *Keyring) hold(generation uint32, h held) {
	now := r.now()
	for g, other := range r.held {
		if !other.fresh(now) {
			delete(r.held, g)
		}
	}
	for _, g := range []uint32{generation, h.key.generation} {
		for len(r.held) >= maxKeys {
			r.dropOldest()
		}
		r.held[g] = h
	}
}

func (r *Keyring) dropOldest() {
	var oldest uint32
	found := false
	for g, h := range r.held {
		if !found || h.since.Before(r.held[oldest].since) {
			oldest, found = g, true
		}
	}
	delete(r.held, oldest)
}

// load asks the store and, unless the key is held under its own generation already, KMS.
func (r *Keyring) load(ctx context.Context, generation uint32) (held, error) {
	since := r.now()
	wrapped, err := r.wrapped(ctx, generation)
	if err != nil {
		return held{}, err
	}
	if generation == current {
		if h, ok := r.heldNow(wrapped.Generation); ok {
			return h, nil
		}
	}
	material, err := r.service.Decrypt(ctx, wrapped.Wrapped, KeyContext(r.organization, wrapped.Generation))
	if err != nil {
		return held{}, fmt.Errorf("unwrapping data key %d: %w", wrapped.Generation, err)
	}
	defer clear(material)
	key, err := NewKey(wrapped.Generation, material)
	return held{key: key, since: since}, err
}

func (r *Keyring) wrapped(ctx context.Context, generation uint32) (WrappedKey, error) {
	if generation == current {
		w, err := r.store.Current(ctx)
		if err != nil {
			return WrappedKey{}, fmt.Errorf("finding the current data key: %w", err)
		}
		return w, nil
	}
	w, err := r.store.Wrapped(ctx, generation)
	if err != nil {
		return WrappedKey{}, fmt.Errorf("finding data key %d: %w", generation, err)
	}
	if w.Generation != generation {
		return WrappedKey{}, fmt.Errorf("finding data key %d: the store answered %d", generation, w.Generation)
	}
	return w, nil
}

func (r *Keyring) heldNow(generation uint32) (held, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.held[generation]
	return h, ok && h.fresh(r.now())
}
