// Package local runs a Strongroom on one machine: the gateway, the functions of every operation and the table in one
// process, over one folder.
//
// # The folder
//
//	strongroom.db    the table (package table/bolt)
//	keys.json        the storage key and the client key (package localkms)
//	local.json       the organization's id, and whether the demo was made
//	identities.json  who may sign: access keys, their secrets, and whom they stand for (package gateway)
//	credentials      the same for clients, in the format of AWS's shared credentials file
//	url              where the server listens, while it does
//
// All of them are open to their owner alone. The table belongs to one server at a time; the others may be read, and
// identities added, while it runs.
//
// # The first start
//
// It makes an organization, an owner, a user, a service account and two projects, through the use cases that everybody
// uses, and then notes that it has. Until it has noted that it does not listen, so nobody else changes anything; stopped
// at any moment, it goes on at the next start. From then on it changes nothing by itself.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/app"
	"strongroom/pkg/gateway"
	"strongroom/pkg/handler"
	"strongroom/pkg/localkms"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table/bolt"
)

// Account and Region are those of everything that the local server makes.
const (
	Account = "000000000000"
	Region  = "us-east-1"
	apiID   = "local"
)

// maxHeaderBytes is a little more than the gateway takes, so that it is the one to refuse.
const maxHeaderBytes = 2 * gateway.MaxHeaders

// How long things may take.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// drainTimeout is for the requests under way when the server is stopped; API Gateway gives them 30 seconds.
	drainTimeout = 30 * time.Second
)

// A Config says what a server works with.
type Config struct {
	// Data is the folder; it is made where there is none.
	Data string
	// Addr is where to listen: a loopback address and a port, 0 for a free one.
	Addr string
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
	listener     net.Listener
	http         http.Server
}

// Open makes the folder what it is to be and listens; requests wait until Serve is called. A folder that another server
// uses, and an address that other machines could reach, are errors.
func Open(ctx context.Context, c Config) (*Server, error) {
	if err := checkAddr(c.Addr); err != nil {
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
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
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
	identities, err := openIdentities(s.config.Data)
	if err != nil {
		return err
	}
	s.organization = state.Organization
	if s.owner, err = ownerOf(identities); err != nil {
		return err
	}
	s.service = secrets.New(secrets.Config{
		Table: s.table, Keys: keys.Key(localkms.Storage), Organization: s.organization, Account: Account,
		ClientKeyARN: keys.Key(localkms.Client).ARN(),
	})
	if !state.Seeded {
		if err := s.seed(ctx, keys); err != nil {
			return err
		}
		state.Seeded = true
		if err := state.write(s.config.Data); err != nil {
			return err
		}
	}
	s.http.Handler = s.gateway(identities)
	s.http.ReadHeaderTimeout, s.http.IdleTimeout, s.http.MaxHeaderBytes = headerTimeout, idleTimeout, maxHeaderBytes
	return s.listen(ctx)
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

func (s *Server) settings() app.Settings {
	return app.Settings{Account: Account, API: apiID, Log: s.config.Log}
}

func (s *Server) seed(ctx context.Context, keys *localkms.KMS) error {
	seeder := seeder{
		service: s.service, organization: s.organization, owner: s.owner, ownerARN: profileNamed(Owner).bind,
		create: app.InvokeFunction(operation.CreateOrganization, handler.CreateOrganization(s.service),
			s.settings()),
		clientKey: keys.Key(localkms.Client),
	}
	return seeder.seed(ctx)
}

// listen takes the address and notes it for `strongroom local env`.
func (s *Server) listen(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.config.Addr)
	if err != nil {
		return fmt.Errorf("%w; set STRONGROOM_ADDR to another address, such as 127.0.0.1:8788", err)
	}
	s.listener = listener
	if err := writeFile(filepath.Join(s.config.Data, urlFile), []byte(s.URL()+"\n")); err != nil {
		return errors.Join(err, listener.Close())
	}
	return nil
}

// URL is where the server answers.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Banner writes what the server is and commands to paste, which call the program as it was called.
func (s *Server) Banner(ctx context.Context, w io.Writer, program string) error {
	project, err := projectNamed(ctx, s.service, s.owner, s.organization, serverProject)
	b := banner{program: program, folder: s.config.Data, url: s.URL()}
	if err == nil && project != uuid.Nil { // the owner and the project are the users' to change
		b.project = project.String()
	}
	return b.print(w)
}

// Serve answers requests until ctx ends, then waits for those under way and closes everything.
func (s *Server) Serve(ctx context.Context) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		stopped <- s.http.Shutdown(drain)
	})
	s.config.Log.InfoContext(ctx, "listening", "url", s.URL(), "data", s.config.Data)
	err := s.http.Serve(s.listener)
	if !stop() {
		err = <-stopped
	}
	err = errors.Join(err, os.Remove(filepath.Join(s.config.Data, urlFile)), s.table.Close())
	s.config.Log.InfoContext(ctx, "stopped")
	return err
}
