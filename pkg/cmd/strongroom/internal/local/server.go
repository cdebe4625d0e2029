// Package local runs a Strongroom on one machine: the gateway, the functions of every operation and the table in one
// process, over one folder.
//
// # The folder
//
//	strongroom.db    the table (package table/bolt)
//	keys.json        the storage key and the client key (package localkms)
//	signing.json     the key that signs the seals of events (package localkms)
//	seals/           the seals of events once more, a file each (package audit/evidence)
//	kms.json         the grants on the client key, and further keys (package localkms)
//	local.json       the organization's id, and whether the demo and its grants were made
//	schedules.json   when the functions of the clock last ran (package trigger)
//	clock.json       what the clock shows, once it has run fast
//	bus/             the events that functions are still to be started for, a file each (package bus)
//	identities.json  who may sign: access keys, their secrets, and whom they stand for (package gateway)
//	credentials      the same for clients, in the format of AWS's shared credentials file
//	url, kms-url     where the server, and its KMS and EventBridge, listen, while they do
//	client/          what the command line pins and remembers (package client/config)
//	*.lock           the empty files credentials.lock and identities.json.lock, for whoever writes what they are named after
//
// The folder, where it is made, and all of them but the locks, which have nothing in them, are open to their owner alone.
// The table belongs to one server at a time; the others may be read, and
// identities added, while it runs.
//
// # The first start
//
// It makes an organization, an owner, a user, two service accounts (of a job, and of the workers that rotate) and three projects, through the use cases that everybody
// uses, then the grants of the local KMS that go with them, and notes that it has. Until it has noted that it does not listen, so nobody else changes anything; stopped
// at any moment, it goes on at the next start. From then on it changes nothing by itself.
//
// # What nobody asks for
//
// While it serves, the server starts the functions of the table's stream and of the clock as AWS would (package trigger):
// with the changes since they last had some, those of the first start among them, and when they are due.
//
// # The bus
//
// What the use cases publish goes into the log, and over a bus in process (package bus) to queues: one a function that events
// start, in the folder, and one a kind of rotator, with what asks for its workers. Whoever has the owner's role puts events of their own there as in AWS, at the door of the KMS:
//
//	aws events put-events --endpoint-url "$(cat .strongroom/kms-url)" \
//	  --entries '[{"Source": "strongroom.leak", "DetailType": "Leak", "Detail": "{\"secretId\": \"…\"}"}]'
//
// Workers rotate what needs no AWS: PostgreSQL, MySQL, random values and services over HTTP. They are clients of the server over
// loopback, in its process, with the identity of the service account rotation ([Rotation]), which may write in the demo's
// projects demo and plain; who gives it write elsewhere, with `strongroom access grant rotation write PROJECT`, has them rotate
// there too.
//
// There is one bus, which answers to the names default and strongroom. The workers' queues are in memory: what is in them when
// the process ends is lost, and dispatch-rotations asks for a worker once more a while later (rotation.AskAgain).
//
// # The clock
//
// With [Config].Speed the server's clock runs that many times as fast as the machine's, so that what takes months can be seen:
// use cases, the dates of events and of the stream's changes, expiries, schedules. It goes on at the next start where it was, at
// any speed, and never back: clock.json holds what it may have shown, some seconds of the machine's clock ahead, by which it
// leaps where the process is killed. While the server is stopped it goes as fast as the machine's.
//
// By the machine's clock go, as with clients: signatures, the KMS, time-outs, the pauses between attempts, and the ids that
// callers make. What allows for the seconds that a request takes allows for as many by the machine's clock
// ([strongroom/pkg/secrets.Config].Pace): an hour is sealed later, say. Answers tell callers what the clock shows
// ([api.NowHeader]), so that the command line's `--for 8h` and `--since 1h` mean hours of this clock.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/app"
	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/bus"
	"strongroom/pkg/cmd/strongroom/internal/trigger"
	"strongroom/pkg/gateway"
	"strongroom/pkg/handler"
	"strongroom/pkg/localkms"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
	"strongroom/pkg/table/allowed"
	"strongroom/pkg/table/bolt"
)

// Account and Region are those of everything that the local server makes.
const (
	Account = "000000000000"
	Region  = "us-east-1"
	apiID   = "local"
)

// A Config says what a server works with.
type Config struct {
	// Data is the folder; it is made where there is none.
	Data string
	// Addr is where to listen: a loopback address and a port, 0 for a free one.
	Addr string
	// KMSAddr is where to listen for requests to KMS and EventBridge, likewise.
	KMSAddr string
	// Clock is what the use cases and the schedules go by; nil is the system's.
	Clock trigger.Clock
	// Speed is how many times as fast as the machine's the clock runs, up to MaxSpeed; 0 is once. A Clock has its own.
	Speed int
	// Redeliver, where not zero, is how many batches of changes the functions of the table's stream get until one comes
	// twice on purpose, and how many messages of a queue: for tests.
	Redeliver int
	// Window, where not zero, is the pause after a few changes before their functions get the next: for tests that wait for what
	// comes of changes.
	Window time.Duration
	// Rotate, where not nil, does rotations in place of the workers of every kind: for tests.
	Rotate func(ctx context.Context, kind rotation.Kind, secret, rotation uuid.UUID) error
	// Log is where the server logs; nil is slog.Default().
	Log *slog.Logger
}

// A Server is a Strongroom on this machine. Open makes one, Serve runs it and closes it.
type Server struct {
	config       Config
	table        *bolt.DB
	service      *secrets.Service
	organization uuid.UUID
	owner        secrets.Caller
	kms          *localkms.Endpoint
	bus          *bus.Bus
	clientKeyARN string
	// workers is the client that workers share; working guards its making.
	workers *client.Client
	working sync.Mutex
	// fast is the clock where it is not, or was not always, the machine's.
	fast        *fastClock
	triggers    *trigger.Triggers
	api, kmsAPI entrance
}

// Open makes the folder what it is to be and listens; requests wait until Serve is called. A folder that another server
// uses, and an address that other machines could reach, are errors.
func Open(ctx context.Context, c Config) (*Server, error) {
	if err := errors.Join(apiDoor.check(c.Addr), kmsDoor.check(c.KMSAddr)); err != nil {
		return nil, err
	}
	if err := prepare(c.Data); err != nil {
		return nil, fmt.Errorf("preparing the data folder: %w", err)
	}
	db, err := bolt.Open(filepath.Join(c.Data, tableFile))
	if err != nil {
		return nil, fmt.Errorf("%w; is another `strongroom local` running over %s? Stop it, or set STRONGROOM_DATA to another folder",
			err, c.Data)
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &Server{config: c, table: db}
	err = s.wind()
	if err == nil {
		err = s.open(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// wind has the clock that was asked for, unless a test has brought one.
func (s *Server) wind() (err error) {
	if s.config.Clock != nil {
		return nil
	}
	s.fast, err = openClock(s.config.Data, max(s.config.Speed, 1), time.Now)
	if s.fast != nil {
		s.config.Clock = s.fast
	}
	return err
}

func (s *Server) open(ctx context.Context) error {
	state, err := readState(s.config.Data)
	if err != nil {
		return err
	}
	keys, err := localkms.Open(filepath.Join(s.config.Data, keysFile))
	if err != nil {
		return err
	}
	signer, err := localkms.OpenSigner(filepath.Join(s.config.Data, signingFile))
	if err != nil {
		return err
	}
	identities, err := openIdentities(s.config.Data)
	if err != nil {
		return err
	}
	s.organization = state.Organization
	if s.owner, err = ownerOf(identities); err != nil {
		return err
	}
	s.clientKeyARN = keys.Key(localkms.Client).ARN()
	c := secrets.Config{
		Table: s.table, Within: within(s.config.Log), Keys: keys.Key(localkms.Storage), Organization: s.organization, Account: Account,
		ClientKeyARN: s.clientKeyARN, Bus: publisher{s},
		Signer: signer, Archive: archive{filepath.Join(s.config.Data, sealsFolder)},
	}
	if s.config.Clock != nil {
		c.Now, c.ClientNow, c.Pace = s.config.Clock.Now, time.Now, s.config.Speed
	}
	s.service = secrets.New(c)
	if err := s.newBus(); err != nil {
		return err
	}
	if s.triggers, err = s.newTriggers(); err != nil { // before anything is written, so that they get it
		return err
	}
	if s.kms, err = s.newKMS(keys, signer, identities); err != nil {
		return err
	}
	if err := s.makeDemo(ctx, keys, state); err != nil {
		return err
	}
	if s.api, err = s.enter(ctx, apiDoor, s.config.Addr, s.telling(s.gateway(identities))); err != nil {
		return err
	}
	if s.kmsAPI, err = s.enter(ctx, kmsDoor, s.config.KMSAddr, s.amazon(s.newEndpoint(identities))); err != nil {
		return errors.Join(err, s.api.close(s.config.Data))
	}
	return nil
}

// within holds operations to what their rows declare, as their roles would in AWS.
func within(log *slog.Logger) func(operation.Name, table.Table) table.Table {
	return func(name operation.Name, beneath table.Table) table.Table {
		return &allowed.Table{Table: beneath, Row: operation.MustLookup(name), Undeclared: func(err error) {
			log.Error("a function would not be allowed that in AWS", "error", err)
		}}
	}
}

// makeDemo makes what was not made yet, and notes it.
func (s *Server) makeDemo(ctx context.Context, keys *localkms.KMS, noted state) error {
	seeder := s.seeder(keys)
	for _, part := range []struct {
		make func(context.Context) error
		done *bool
	}{{seeder.seed, &noted.Seeded}, {seeder.giveKeys, &noted.Granted}} {
		if *part.done {
			continue
		}
		if err := part.make(ctx); err != nil {
			return err
		}
		*part.done = true
		if err := noted.write(s.config.Data); err != nil {
			return err
		}
	}
	return nil
}

// ownerOf is the owner of the first start, as a caller of use cases.
func ownerOf(identities *gateway.Identities) (secrets.Caller, error) {
	i, err := identityOf(identities, Owner)
	if err != nil {
		return secrets.Caller{}, err
	}
	caller, err := callerOf(i)
	return secrets.Caller{Caller: caller, RequestID: "local", UserAgent: "strongroom local"}, err
}

// gateway puts every operation that has a route behind it.
func (s *Server) gateway(identities *gateway.Identities) http.Handler {
	settings := s.settings()
	functions := map[operation.Name]gateway.Function{}
	for name, serve := range registry {
		functions[name] = app.Function(name, serve(s.service), settings)
	}
	return gateway.New(gateway.Config{
		Functions: functions, Credentials: identities.Lookup, Region: Region, Account: Account, APIID: apiID,
		Log: s.config.Log,
	})
}

// newTriggers makes what starts the functions that nobody asks for.
func (s *Server) newTriggers() (*trigger.Triggers, error) {
	settings := s.settings()
	functions := map[operation.Name]lambda.Handler{}
	for name, use := range streams {
		functions[name] = app.StreamFunction(name, use(s.service), settings)
	}
	for name, use := range schedules {
		functions[name] = app.ScheduleFunction(name, use(s.service), settings)
	}
	return trigger.New(trigger.Config{
		Table: s.table, Runs: filepath.Join(s.config.Data, runsFile), Account: Account, Region: Region,
		Clock: s.config.Clock, Redeliver: s.config.Redeliver, Window: s.config.Window, Log: s.config.Log,
	}, functions)
}

func (s *Server) settings() app.Settings {
	return app.Settings{Account: Account, API: apiID, Log: s.config.Log}
}

func (s *Server) seeder(keys *localkms.KMS) *seeder {
	return &seeder{
		service: s.service, organization: s.organization, owner: s.owner, ownerARN: profileNamed(Owner).bind,
		create: app.InvokeFunction(operation.CreateOrganization, handler.CreateOrganization(s.service),
			s.settings()),
		clientKey: keys.Key(localkms.Client),
		give:      s.kms.GiveClientKey,
	}
}

// URL is where the server answers.
func (s *Server) URL() string { return s.api.url() }

// KMSURL is where the server's KMS answers.
func (s *Server) KMSURL() string { return s.kmsAPI.url() }

// Banner writes what the server is and commands to paste, which call the program as it was called.
func (s *Server) Banner(ctx context.Context, w io.Writer, program string) error {
	project, err := projectNamed(ctx, s.service, s.owner, s.organization, clientProject)
	b := banner{program: program, folder: s.config.Data, url: s.URL(), kms: s.KMSURL(), time: s.fast.inWords()}
	if err == nil && project != uuid.Nil { // the owner and the project are the users' to change
		b.project = project.String()
	}
	return b.print(w)
}

// tick keeps the clock until ctx ends.
func (s *Server) tick(ctx context.Context) {
	if s.fast != nil {
		s.fast.run(ctx, func(err error) { s.config.Log.ErrorContext(ctx, "the clock stands still", "error", err) })
	}
}

// halt notes what the clock shows at the end.
func (s *Server) halt() error {
	if s.fast == nil {
		return nil
	}
	return s.fast.stop()
}

// telling has answers say what the clock shows, where it is not the clients'.
func (s *Server) telling(h http.Handler) http.Handler {
	if s.config.Clock == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(api.NowHeader, s.config.Clock.Now().UTC().Format(time.RFC3339Nano))
		h.ServeHTTP(w, r)
	})
}

// Serve answers requests, and starts functions that nobody asks for, until ctx ends; then it waits for what is under way
// and closes everything.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx) // one that fails ends the other
	defer cancel()
	s.config.Log.InfoContext(ctx, "listening", "url", s.URL(), "kms", s.KMSURL(), "data", s.config.Data)
	kms := make(chan error, 1)
	go func() {
		defer cancel()
		kms <- s.kmsAPI.serve(ctx)
	}()
	triggered := make(chan struct{})
	go func() {
		defer close(triggered)
		var all sync.WaitGroup
		all.Go(func() { s.triggers.Run(ctx) })
		all.Go(func() { s.bus.Run(ctx) })
		all.Wait()
	}()
	ticking := make(chan struct{})
	go func() {
		defer close(ticking)
		s.tick(ctx)
	}()
	err := s.api.serve(ctx)
	cancel()
	<-triggered
	<-ticking
	err = errors.Join(err, <-kms, s.halt(), s.api.forget(s.config.Data), s.kmsAPI.forget(s.config.Data), s.table.Close())
	s.config.Log.InfoContext(ctx, "stopped")
	return err
}
