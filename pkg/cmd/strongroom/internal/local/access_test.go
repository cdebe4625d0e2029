package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"strongroom/pkg/envelope"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/allowed"
)

// A use is something that a function does in AWS, in words: "dynamodb:GetItem on SECRET#".
type use string

func useOf(action operation.TableAction, on operation.Partition) use {
	return use(fmt.Sprintf("%s on %s", action, on))
}

func useOfKey(action operation.KeyAction, key string) use {
	return use(fmt.Sprintf("%s with the %s key", action, key))
}

const (
	useIndex1  use = "dynamodb:Query of the first index"
	useIndex2  use = "dynamodb:Query of the second index"
	useBus     use = "events:PutEvents on the bus"
	useArchive use = "something with the archive of seals"
)

// declared are the uses that a row's access is made of.
func declared(a operation.Access) []use {
	var all []use
	for _, of := range a.Table {
		for _, p := range of.Partitions {
			all = append(all, useOf(of.Action, p))
		}
	}
	for _, action := range a.StorageKey {
		all = append(all, useOfKey(action, "storage"))
	}
	for _, action := range a.SigningKey {
		all = append(all, useOfKey(action, "signing"))
	}
	for what, has := range map[use]bool{useIndex1: a.Index1, useIndex2: a.Index2, useBus: a.Bus, useArchive: a.Archive} {
		if has {
			all = append(all, what)
		}
	}
	return all
}

// A witness sees what operations do, at the ports of the domain. One operation works at a time.
type witness struct {
	mutex sync.Mutex
	now   operation.Name
	seen  map[operation.Name]map[use]bool
}

func newWitness() *witness { return &witness{seen: map[operation.Name]map[use]bool{}} }

// works says which operation works from now on.
func (w *witness) works(name operation.Name) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.now = name; w.seen[name] == nil {
		w.seen[name] = map[use]bool{}
	}
}

func (w *witness) saw(what use) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.seen[w.now][what] = true
}

// at puts the witness at all ports of the domain.
func (w *witness) at(c secrets.Config, undeclared func(error)) secrets.Config {
	c.Within = func(name operation.Name, beneath table.Table) table.Table {
		if name != w.now {
			undeclared(fmt.Errorf("%s works as %s", w.now, name))
		}
		return &allowed.Table{
			Table: beneath, Row: operation.MustLookup(name), Undeclared: undeclared,
			Seen: func(action operation.TableAction, pk string, in table.Index) {
				switch in {
				case table.Primary:
					w.saw(useOf(action, operation.PartitionOf(pk)))
				case table.Index1:
					w.saw(useIndex1)
				case table.Index2:
					w.saw(useIndex2)
				}
			},
		}
	}
	c.Keys, c.Signer = watchedKeys{c.Keys, w}, watchedSigner{c.Signer, w}
	c.Bus, c.Archive = watchedBus{c.Bus, w}, watchedArchive{c.Archive, w}
	return c
}

type watchedKeys struct {
	envelope.KeyService
	*witness
}

func (k watchedKeys) GenerateDataKey(ctx context.Context, keyContext map[string]string) (envelope.DataKeyMaterial, error) {
	k.saw(useOfKey(operation.GenerateDataKey, "storage"))
	return k.KeyService.GenerateDataKey(ctx, keyContext)
}

func (k watchedKeys) Decrypt(ctx context.Context, wrapped []byte, keyContext map[string]string) ([]byte, error) {
	k.saw(useOfKey(operation.Decrypt, "storage"))
	return k.KeyService.Decrypt(ctx, wrapped, keyContext)
}

type watchedSigner struct {
	envelope.Signer
	*witness
}

func (s watchedSigner) Sign(ctx context.Context, digest [32]byte) ([]byte, error) {
	s.saw(useOfKey(operation.Sign, "signing"))
	return s.Signer.Sign(ctx, digest)
}

func (s watchedSigner) PublicKey(ctx context.Context) ([]byte, error) {
	s.saw(useOfKey(operation.GetPublicKey, "signing"))
	return s.Signer.PublicKey(ctx)
}

type watchedBus struct {
	secrets.Bus
	*witness
}

func (b watchedBus) Publish(ctx context.Context, notices []secrets.Notice) error {
	b.saw(useBus)
	return b.Bus.Publish(ctx, notices)
}

type watchedArchive struct {
	secrets.Archive
	*witness
}

func (a watchedArchive) Get(ctx context.Context, name string) ([]byte, bool, error) {
	a.saw(useArchive)
	return a.Archive.Get(ctx, name)
}

func (a watchedArchive) Put(ctx context.Context, name string, content []byte) error {
	a.saw(useArchive)
	return a.Archive.Put(ctx, name, content)
}

// A mishap is what becomes of a transaction with conditions.
type mishap func(ctx context.Context, tbl table.Table, t table.Transaction, conditions []int) error

var mishaps = map[string]mishap{
	"nothing happens": nil,
	"another write comes first": func(_ context.Context, _ table.Table, _ table.Transaction, conditions []int) error {
		return &table.ConditionError{Failed: conditions}
	},
	"another run does the same first": func(ctx context.Context, tbl table.Table, t table.Transaction, conditions []int) error {
		if err := tbl.Transact(ctx, t); err != nil {
			return err
		}
		return &table.ConditionError{Failed: conditions}
	},
	"an answer is lost": func(ctx context.Context, tbl table.Table, t table.Transaction, _ []int) error {
		return errors.Join(errors.New("the answer is lost"), tbl.Transact(ctx, t))
	},
}

// An unlucky table has a mishap, once with what is first written to each kind of partition.
type unlucky struct {
	table.Table
	mishap mishap
	had    sync.Map
}

func (u *unlucky) Transact(ctx context.Context, t table.Transaction) error {
	var conditions []int
	for i, w := range t.Writes {
		if w.If.Kind != table.Always {
			conditions = append(conditions, i)
		}
	}
	if u.mishap != nil && conditions != nil {
		if _, had := u.had.LoadOrStore(operation.PartitionOf(t.Writes[0].Item.Key.PK), true); !had {
			return u.mishap(ctx, u.Table, t, conditions)
		}
	}
	return u.Table.Transact(ctx, t)
}

// TestOperationsDoWhatTheirRowsDeclare, and their rows declare nothing else: so a function's role in AWS has what it needs
// and no more. Every event is replayed, some in worlds that are made for it, and all with mishaps, as operations then read
// more.
func TestOperationsDoWhatTheirRowsDeclare(t *testing.T) {
	w := newWitness()
	for _, name := range slices.Sorted(maps.Keys(mishaps)) {
		for _, s := range scenes(t) {
			w.watch(t, s, mishaps[name], "when "+name)
		}
	}
	for _, row := range operation.Table {
		if w.seen[row.Name] == nil {
			t.Errorf("%s is not exercised: no event of it is replayed", row.Name)
			continue
		}
		for _, what := range declared(row.Access) {
			if !w.seen[row.Name][what] {
				t.Errorf("%s declares %s, and never does it", row.Name, what)
			}
			delete(w.seen[row.Name], what)
		}
		for _, what := range slices.Sorted(maps.Keys(w.seen[row.Name])) {
			t.Errorf("%s does %s, and does not declare it", row.Name, what)
		}
	}
}

// watch plays a scene, each sample by a function that remembers nothing.
func (w *witness) watch(t *testing.T, s scene, m mishap, when string) {
	t.Helper()
	db, keys := s.table(t)
	archive, signer := &secretstest.Archive{}, secretstest.NewSigner()
	for _, step := range s.steps {
		w.works(step.operation)
		c := worldConfig(&unlucky{Table: db, mishap: m}, keys, worldTime.Add(step.at))
		c.Archive, c.Signer = archive, signer
		c = w.at(c, func(err error) { t.Errorf("%s, %s, %s: %v", s.name, step.path(), when, err) })
		played := &world{service: secrets.New(c)}
		_, _ = played.function(step.operation, slog.New(slog.DiscardHandler)).Invoke(t.Context(), step.payload)
	}
}

// A scene is what is invoked in one world, one after the other.
type scene struct {
	name string
	// void says that no organization was made yet; prepare, where not nil, is what is done before.
	void    bool
	prepare func(b *builder, owner secrets.Caller)
	steps   []step
}

// A step is a sample at a time, counted from the world's.
type step struct {
	sample
	at time.Duration
}
