package rotationtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/app"
	"strongroom/pkg/cmd/strongroom/internal/bus"
	"strongroom/pkg/cmd/strongroom/internal/trigger"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators/random"
	"strongroom/pkg/rotation/worker"
	"strongroom/pkg/secrets"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table"
	"strongroom/pkg/table/bolt"
)

// A drain is all that a deployment does about many secrets that are due: the dispatcher, the table's stream, the bus, a queue and
// workers, over a table on the disk. There is no HTTP between the workers and the use cases, which would be most of the time.
type drain struct {
	*secretstest.World
	bus     *bus.Bus
	workers []*worker.Worker

	mutex sync.Mutex
	// taken are the messages under way, and most how many there were at a time; received counts them all.
	taken, most, received int
	outcomes              map[worker.Outcome]int
	rotated               map[uuid.UUID]int
}

const (
	drainConcurrency = 8
	// One message of so many comes twice.
	drainRedeliver = 20
)

// TestWhatIsDueAtOnceIsRotatedOnceEach: ten thousand secrets are due at the same moment. Every message goes to two workers at once,
// one of twenty comes twice, and no more are under way than the queue is set to.
func TestWhatIsDueAtOnceIsRotatedOnceEach(t *testing.T) {
	t.Parallel()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "table"), bolt.NoSync())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := &drain{World: secretstest.New(t, db), outcomes: map[worker.Outcome]int{}, rotated: map[uuid.UUID]int{}}
	begun, n := time.Now(), many(10_000, 300)
	secrets := d.make(n)
	made := time.Since(begun)
	stop := d.start(db)
	defer stop()

	d.Clock.Advance(25 * time.Hour)
	begun = time.Now()
	done := 0
	for more := true; more; { // what a run of 50 seconds leaves, the next one does
		summary, err := d.DispatchRotations(t.Context())
		if err != nil || summary.Failed > 0 {
			t.Fatalf("dispatching: %+v, %v", summary, err)
		}
		done, more = done+summary.Done, summary.Unfinished
	}
	dispatched := time.Since(begun)
	if done != n {
		t.Errorf("the dispatcher asked for %d workers, not %d", done, n)
	}
	messages := n + n/drainRedeliver
	for !d.drained(messages) {
		if time.Sleep(10 * time.Millisecond); time.Since(begun) > 5*patience {
			t.Fatalf("after %s not all of %d messages have come", 5*patience, messages)
		}
	}
	drained := time.Since(begun)
	stop()

	if diff := cmp.Diff(map[worker.Outcome]int{worker.Rotated: n, worker.Refused: 2*messages - n}, d.outcomes); diff != "" {
		t.Errorf("outcomes of %d messages to two workers (-want +got):\n%s", messages, diff)
	}
	if d.received != messages {
		t.Errorf("%d messages came, not %d: some failed", d.received, messages)
	}
	if d.most != drainConcurrency {
		t.Errorf("%d messages were under way at a time, not %d", d.most, drainConcurrency)
	}
	wrong := 0
	for _, id := range secrets {
		versions, err := d.ListSecretVersions(t.Context(), d.Owner, id, api.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(versions.Data) != 2 || d.rotated[id] != 1 {
			wrong++
			t.Logf("%s was rotated %d times and has %d versions", id, d.rotated[id], len(versions.Data))
		}
	}
	if wrong > 0 || len(d.rotated) != n {
		t.Errorf("%d secrets were not rotated once each; %d were rotated", wrong, len(d.rotated))
	}
	t.Logf("%d secrets, made in %s: asked for within %s, drained within %s, %.0f a second, %d at a time; outcomes %v; %d transactions were beaten",
		n, made.Round(time.Millisecond), dispatched.Round(time.Millisecond), drained.Round(time.Millisecond), float64(n)/drained.Seconds(),
		d.most, d.outcomes, d.Cancelled())
}

// drained says whether that many messages came, and none is under way.
func (d *drain) drained(messages int) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.received >= messages && d.taken == 0
}

// make makes secrets that are all due a day later.
func (d *drain) make(n int) []uuid.UUID {
	d.Helper()
	project, value := d.ServerProject("plain"), "first-Value-1"
	ids := make([]uuid.UUID, n)
	group, ctx := errgroup.WithContext(d.Context())
	group.SetLimit(drainConcurrency)
	for i := range ids {
		group.Go(func() error {
			s, _, err := d.CreateSecret(ctx, d.Owner, d.Organization, api.CreateSecret{
				Name: fmt.Sprintf("SECRET_%05d", i), Value: &value, ProjectIDs: []uuid.UUID{project},
			})
			if err != nil {
				return err
			}
			ids[i] = s.ID
			_, err = d.PutRotation(ctx, d.Owner, secrets.PutRotation{ID: s.ID, PutRotation: api.PutRotation{Every: "1d", Rotator: string(rotation.Random)}})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		d.Fatal(err)
	}
	for range 2 {
		name := fmt.Sprintf("worker-%d", len(d.workers)+1)
		id, caller := d.ServiceAccount(name)
		d.Grant(project, access.Write, id)
		d.workers = append(d.workers, &worker.Worker{Kind: rotation.Random, Rotator: random.New(), Server: direct{d.Again(nil).Service, caller}})
	}
	return ids
}

// start starts the stream that publishes, the bus and the queue, until it is stopped.
func (d *drain) start(db *bolt.DB) (stop func()) {
	d.Helper()
	log := slog.New(slog.DiscardHandler)
	q, err := bus.NewQueue(bus.QueueConfig{
		Name: "random", Consume: d.consume, Concurrency: drainConcurrency, Visibility: 15 * time.Minute, Pause: time.Second, Receives: 5,
		Redeliver: drainRedeliver, Log: log,
	})
	if err != nil {
		d.Fatal(err)
	}
	d.bus = bus.New(bus.Rule{Queue: q, Wants: func(_, what string, field func(string) string) bool {
		return what == "Rotation Due" && field("rotator") == string(rotation.Random)
	}})
	triggers, err := trigger.New(trigger.Config{Table: db, Runs: filepath.Join(d.TempDir(), "runs.json"), Window: time.Millisecond, Log: log},
		map[operation.Name]lambda.Handler{
			operation.PublishChanges: app.StreamFunction(operation.PublishChanges, d.publish, app.Settings{Log: log}),
		})
	if err != nil {
		d.Fatal(err)
	}
	ctx, cancel := context.WithCancel(d.Context())
	var all sync.WaitGroup
	all.Go(func() { triggers.Run(ctx) })
	all.Go(func() { d.bus.Run(ctx) })
	return sync.OnceFunc(func() {
		cancel()
		all.Wait()
	})
}

// publish puts on the bus what changes tell.
func (d *drain) publish(ctx context.Context, changes []table.Change) error {
	if err := d.PublishChanges(ctx, changes); err != nil {
		return err
	}
	for _, n := range d.Bus.Published() {
		detail, err := json.Marshal(n.Detail)
		if err != nil {
			return err
		}
		if err := d.bus.Put(bus.Event{ID: n.EventID.String(), Source: "strongroom", DetailType: n.Kind, Detail: detail}); err != nil {
			return err
		}
	}
	return nil
}

// consume has all workers race for what a message asks for.
func (d *drain) consume(ctx context.Context, message []byte) error {
	d.mutex.Lock()
	d.taken, d.received = d.taken+1, d.received+1
	d.most = max(d.most, d.taken)
	d.mutex.Unlock()
	defer func() {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		d.taken--
	}()
	var e bus.Event
	var due secrets.Detail
	if err := json.Unmarshal(message, &e); err != nil {
		return err
	}
	if err := json.Unmarshal(e.Detail, &due); err != nil {
		return err
	}
	var group errgroup.Group
	for _, w := range d.workers {
		group.Go(func() error {
			outcome, err := w.Rotate(ctx, due.ResourceID, *due.RotationID)
			d.mutex.Lock()
			defer d.mutex.Unlock()
			if d.outcomes[outcome]++; outcome == worker.Rotated {
				d.rotated[due.ResourceID]++
			}
			return err
		})
	}
	return group.Wait()
}

// A direct server is the use cases as a worker knows them, without HTTP.
type direct struct {
	service *secrets.Service
	as      secrets.Caller
}

var _ worker.Server = direct{}

// Clear is s: its secrets are in server projects.
func (s direct) Clear() worker.Server { return s }

func (s direct) Claim(ctx context.Context, secret uuid.UUID, in api.ClaimRotation) (api.RotationTask, error) {
	task, err := s.service.ClaimRotation(ctx, s.as, secret, in)
	return task, refused(err)
}

func (s direct) Current(ctx context.Context, secret uuid.UUID) (worker.Value, error) {
	got, err := s.service.GetSecret(ctx, s.as, secret, nil)
	return worker.Value{Text: got.Value, Version: got.Version}, refused(err)
}

func (s direct) Version(ctx context.Context, secret uuid.UUID, version int64) (worker.Value, error) {
	got, err := s.service.GetSecretVersion(ctx, s.as, secret, version)
	if err != nil {
		return worker.Value{}, refused(err)
	}
	return worker.Value{Text: *got.Value, Version: version}, nil
}

func (s direct) PutPending(ctx context.Context, secret uuid.UUID, in api.PutPendingVersion) (int64, error) {
	stored, err := s.service.PutPendingVersion(ctx, s.as, secret, in)
	return stored.Version, refused(err)
}

func (s direct) Promote(ctx context.Context, secret uuid.UUID, in api.PromoteVersion) error {
	_, err := s.service.PromoteVersion(ctx, s.as, secret, in)
	return refused(err)
}

func (s direct) Discard(ctx context.Context, secret uuid.UUID, in api.DiscardPendingVersion) error {
	_, err := s.service.DiscardPendingVersion(ctx, s.as, secret, in)
	return refused(err)
}

func (s direct) Report(ctx context.Context, secret uuid.UUID, in api.ReportRotation) error {
	_, err := s.service.ReportRotation(ctx, s.as, secret, in)
	return refused(err)
}

// refused is an error as workers know it.
func refused(err error) error {
	if secretstest.Code(err) == api.CodeConflict {
		return &worker.RefusedError{Message: err.Error()}
	}
	return err
}
