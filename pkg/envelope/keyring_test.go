package envelope

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// fakeKMS wraps by remembering, and counts.
type fakeKMS struct {
	mu       sync.Mutex
	wrapped  map[string]DataKeyMaterial
	contexts map[string]map[string]string
	decrypts atomic.Int64
	// before, where set, runs at the start of each Decrypt.
	before func(context.Context) error
	// handedOut are the plaintexts that callers were given, to see whether they overwrote them.
	handedOut [][]byte
}

func (f *fakeKMS) GenerateDataKey(_ context.Context, keyContext map[string]string) (DataKeyMaterial, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wrapped == nil {
		f.wrapped, f.contexts = map[string]DataKeyMaterial{}, map[string]map[string]string{}
	}
	id := uuid.New()
	m := DataKeyMaterial{Plaintext: append(id[:], id[:]...), Wrapped: []byte(id.String())}
	f.wrapped[id.String()], f.contexts[id.String()] = m, maps.Clone(keyContext)
	given := DataKeyMaterial{Plaintext: bytes.Clone(m.Plaintext), Wrapped: m.Wrapped}
	f.handedOut = append(f.handedOut, given.Plaintext)
	return given, nil
}

func (f *fakeKMS) Decrypt(ctx context.Context, wrapped []byte, keyContext map[string]string) ([]byte, error) {
	f.decrypts.Add(1)
	if f.before != nil {
		if err := f.before(ctx); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m, ok := f.wrapped[string(wrapped)]
	if !ok || !maps.Equal(keyContext, f.contexts[string(wrapped)]) {
		return nil, ErrWrapped
	}
	given := bytes.Clone(m.Plaintext)
	f.handedOut = append(f.handedOut, given)
	return given, nil
}

// fakeStore keeps wrapped keys by generation.
type fakeStore struct {
	mu      sync.Mutex
	keys    map[uint32]WrappedKey
	current uint32
	reads   atomic.Int64
}

var errNoKey = errors.New("no such data key")

func (s *fakeStore) Current(ctx context.Context) (WrappedKey, error) {
	s.mu.Lock()
	current := s.current
	s.mu.Unlock()
	return s.Wrapped(ctx, current)
}

func (s *fakeStore) Wrapped(_ context.Context, generation uint32) (WrappedKey, error) {
	s.reads.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.keys[generation]
	if !ok {
		return WrappedKey{}, errNoKey
	}
	return w, nil
}

// A ring is a Keyring over fakes, with as many generations as were asked for, and a clock that the test moves.
type ring struct {
	*Keyring
	kms   *fakeKMS
	store *fakeStore
	clock atomic.Int64
}

func (r *ring) pass(d time.Duration) { r.clock.Add(int64(d)) }

func newRing(t *testing.T, generations uint32) *ring {
	t.Helper()
	r := &ring{kms: &fakeKMS{}, store: &fakeStore{keys: map[uint32]WrappedKey{}, current: generations}}
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	r.Keyring = NewKeyring(r.kms, r.store, uuid.UUID{1}, func() time.Time { return start.Add(time.Duration(r.clock.Load())) })
	for g := uint32(1); g <= generations; g++ {
		r.add(t, g)
	}
	return r
}

func (r *ring) add(t *testing.T, generation uint32) {
	t.Helper()
	w, err := r.NewDataKey(t.Context(), generation)
	if err != nil {
		t.Fatal(err)
	}
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.store.keys[generation], r.store.current = w, generation
}

func (r *ring) mustCurrent(t *testing.T) Key {
	t.Helper()
	k, err := r.Current(t.Context())
	if err != nil {
		t.Error(err) // not Fatal: other goroutines than the test's call this
	}
	return k
}

func (r *ring) mustKey(t *testing.T, generation uint32) Key {
	t.Helper()
	k, err := r.Key(t.Context(), generation)
	if err != nil {
		t.Error(err)
	}
	return k
}

func TestWarmReadsMakeNoCall(t *testing.T) {
	r := newRing(t, 1)
	sealed, err := r.mustCurrent(t).Seal(testPlace, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	decrypts, reads := r.kms.decrypts.Load(), r.store.reads.Load()
	if decrypts != 1 || reads != 1 {
		t.Fatalf("the first use made %d KMS calls and %d reads, want 1 and 1", decrypts, reads)
	}
	for range 1000 {
		generation, err := Generation(sealed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.mustKey(t, generation).Open(testPlace, sealed); err != nil {
			t.Fatal(err)
		}
		r.mustCurrent(t)
		r.pass(299 * time.Millisecond) // all of it takes 299 s
	}
	if n := r.kms.decrypts.Load() - decrypts; n != 0 {
		t.Errorf("1,000 warm reads made %d KMS calls", n)
	}
	if n := r.store.reads.Load() - reads; n != 0 {
		t.Errorf("1,000 warm reads made %d reads of the store", n)
	}
}

func TestKeysExpireAfterFiveMinutes(t *testing.T) {
	uses := map[string]func(*ring, *testing.T) Key{
		"current":       (*ring).mustCurrent,
		"by generation": func(r *ring, t *testing.T) Key { return r.mustKey(t, 1) },
	}
	for name, use := range uses {
		t.Run(name, func(t *testing.T) {
			r := newRing(t, 1)
			use(r, t)
			r.pass(5*time.Minute - 1)
			use(r, t)
			if n := r.kms.decrypts.Load(); n != 1 {
				t.Errorf("just before five minutes: %d KMS calls, want 1", n)
			}
			r.pass(1)
			use(r, t)
			if n := r.kms.decrypts.Load(); n != 2 {
				t.Errorf("at five minutes: %d KMS calls, want 2", n)
			}
			r.pass(-time.Hour)
			use(r, t)
			if n := r.kms.decrypts.Load(); n != 3 {
				t.Errorf("with the clock put back: %d KMS calls, want 3", n)
			}
		})
	}
}

func TestAHeldKeyDoesNotLiveLongerForBeingCurrent(t *testing.T) {
	r := newRing(t, 1)
	r.mustKey(t, 1)
	r.pass(4 * time.Minute)
	r.mustCurrent(t)
	if n := r.kms.decrypts.Load(); n != 1 {
		t.Errorf("finding that a held key is current made %d KMS calls, want 1 in all", n)
	}
	r.pass(time.Minute)
	r.mustCurrent(t)
	if n := r.kms.decrypts.Load(); n != 2 {
		t.Errorf("five minutes after unwrapping: %d KMS calls, want 2", n)
	}
}

func TestANewGenerationIsUsedAfterFiveMinutes(t *testing.T) {
	r := newRing(t, 1)
	old, err := r.mustCurrent(t).Seal(testPlace, []byte("old"))
	if err != nil {
		t.Fatal(err)
	}
	r.add(t, 2)
	if g := r.mustCurrent(t).Generation(); g != 1 {
		t.Errorf("current is %d while the first is held, want 1", g)
	}
	r.pass(Lifetime)
	if g := r.mustCurrent(t).Generation(); g != 2 {
		t.Errorf("current is %d, want 2", g)
	}
	if _, err := r.mustKey(t, 1).Open(testPlace, old); err != nil {
		t.Errorf("the old message: %v", err)
	}
}

func TestManyCallersShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, 1)
		release := make(chan struct{})
		r.kms.before = func(context.Context) error { <-release; return nil }
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { r.mustCurrent(t) })
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if n := r.kms.decrypts.Load(); n != 1 {
			t.Errorf("100 callers made %d KMS calls, want 1", n)
		}
	})
}

func TestACancelledCallerPoisonsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, 1)
		first := true
		r.kms.before = func(ctx context.Context) error {
			if first { // only one is here at a time
				first = false
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		leader := make(chan error, 1)
		go func() {
			_, err := r.Current(ctx)
			leader <- err
		}()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { r.mustCurrent(t) })
		}
		synctest.Wait()
		cancel()
		if err := <-leader; !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled caller got %v", err)
		}
		wg.Wait()
		if n := r.kms.decrypts.Load(); n != 2 {
			t.Errorf("%d KMS calls, want the cancelled one and one more", n)
		}
	})
}

func TestAWaitingCallerCanLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, 1)
		release := make(chan struct{})
		r.kms.before = func(context.Context) error { <-release; return nil }
		var wg sync.WaitGroup
		wg.Go(func() { r.mustCurrent(t) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Current(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller that waited got %v", err)
		}
		close(release)
		wg.Wait()
	})
}

func TestAFailureIsSharedAndNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, 1)
		release := make(chan struct{})
		r.kms.before = func(context.Context) error { <-release; return ErrUnavailable }
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := r.Current(t.Context()); !errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if n := r.kms.decrypts.Load(); n != 1 {
			t.Errorf("%d KMS calls, want 1", n)
		}
		r.kms.before = nil
		r.mustCurrent(t)
	})
}

func TestAPanicReleasesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, 1)
		release, first := make(chan struct{}), true
		r.kms.before = func(context.Context) error {
			if first {
				first = false
				<-release
				panic("a mistake in the adapter")
			}
			return nil
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_, _ = r.Current(t.Context())
		})
		synctest.Wait()
		wg.Go(func() { r.mustCurrent(t) })
		synctest.Wait()
		close(release)
		wg.Wait()
	})
}

func TestKeyringErrors(t *testing.T) {
	r := newRing(t, 2)
	if _, err := r.Key(t.Context(), 9); !errors.Is(err, errNoKey) {
		t.Errorf("an unknown generation: %v, want the store's error", err)
	}
	if _, err := r.Key(t.Context(), 0); !errors.Is(err, ErrFormat) {
		t.Errorf("generation 0: %v, want ErrFormat", err)
	}
	if _, err := r.NewDataKey(t.Context(), 0); err == nil {
		t.Error("a data key of generation 0 was made")
	}
	whole := r.store.keys[1]
	r.store.keys[1] = r.store.keys[2]
	if _, err := r.Key(t.Context(), 1); err == nil {
		t.Error("the store answered another generation's key and it was used")
	}
	r.store.keys[1] = WrappedKey{Generation: 1, Wrapped: []byte("no key")}
	if _, err := r.Key(t.Context(), 1); !errors.Is(err, ErrWrapped) {
		t.Errorf("a wrapped key that is none: %v, want ErrWrapped", err)
	}
	r.store.keys[1] = whole
	r.mustKey(t, 1)
}

func TestAWrappedKeyIsBoundToItsGenerationAndOrganization(t *testing.T) {
	r := newRing(t, 1)
	r.store.keys[2] = WrappedKey{Generation: 2, Wrapped: r.store.keys[1].Wrapped}
	if _, err := r.Key(t.Context(), 2); !errors.Is(err, ErrWrapped) {
		t.Errorf("a key presented as another generation's: %v, want ErrWrapped", err)
	}
	other := NewKeyring(r.kms, r.store, uuid.UUID{2}, r.now)
	if _, err := other.Key(t.Context(), 1); !errors.Is(err, ErrWrapped) {
		t.Errorf("a key presented as another organization's: %v, want ErrWrapped", err)
	}
	want := map[string]string{"organization": uuid.UUID{1}.String(), "generation": "4294967295", "purpose": "data-key"}
	if diff := cmp.Diff(want, KeyContext(uuid.UUID{1}, 1<<32-1)); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
}

func TestHeldKeysAreBounded(t *testing.T) {
	r := newRing(t, 3*maxKeys)
	r.mustCurrent(t)
	for g := uint32(1); g <= 3*maxKeys; g++ {
		r.mustKey(t, g)
		r.pass(time.Second)
		if n := len(r.held); n > maxKeys {
			t.Fatalf("%d keys are held, at most %d may be", n, maxKeys)
		}
	}
	before := r.kms.decrypts.Load()
	r.mustKey(t, 3*maxKeys)
	if n := r.kms.decrypts.Load() - before; n != 0 {
		t.Error("the newest was dropped")
	}
	r.pass(Lifetime)
	r.mustKey(t, 1)
	if n := len(r.held); n != 1 {
		t.Errorf("%d keys are held after the others expired, want 1", n)
	}
}

func TestPlaintextsAreOverwritten(t *testing.T) {
	r := newRing(t, 2)
	r.mustCurrent(t)
	r.mustKey(t, 1)
	if len(r.kms.handedOut) != 4 {
		t.Fatalf("%d plaintexts were handed out, want 4", len(r.kms.handedOut))
	}
	for i, plaintext := range r.kms.handedOut {
		if !bytes.Equal(plaintext, make([]byte, keySize)) {
			t.Errorf("plaintext %d was not overwritten", i)
		}
	}
}

func TestDataKeysOfAnotherSizeAreRefused(t *testing.T) {
	r := NewKeyring(shortKMS{}, &fakeStore{keys: map[uint32]WrappedKey{1: {Generation: 1}}}, uuid.UUID{1}, time.Now)
	if _, err := r.NewDataKey(t.Context(), 1); err == nil {
		t.Error("a data key of 16 bytes was made")
	}
	if _, err := r.Key(t.Context(), 1); err == nil {
		t.Error("a data key of 16 bytes was unwrapped")
	}
}

// shortKMS answers keys of AES-128.
type shortKMS struct{}

func (shortKMS) GenerateDataKey(context.Context, map[string]string) (DataKeyMaterial, error) {
	return DataKeyMaterial{Plaintext: make([]byte, 16), Wrapped: []byte("wrapped")}, nil
}

func (shortKMS) Decrypt(context.Context, []byte, map[string]string) ([]byte, error) {
	return make([]byte, 16), nil
}
