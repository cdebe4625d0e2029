package dbtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Server is a database server under test.
type Server struct {
	// Host is what its certificate names, Address where it listens, which the certificate does not name.
	Host, Address string
	Port          int
	// CA signed its certificate, OtherCA did not; both in PEM.
	CA, OtherCA string
	// Username and Password are of somebody who may do anything.
	Username, Password string

	log string
	run func(ctx context.Context, s *Server, username, password, statement string) error
}

// Exec runs a statement as somebody who may do anything, and ends the test where that fails.
func (s *Server) Exec(t testing.TB, statement string) {
	t.Helper()
	if err := s.Run(t.Context(), s.Username, s.Password, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Run connects, without TLS, runs a statement and closes the connection.
func (s *Server) Run(ctx context.Context, username, password, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return s.run(ctx, s, username, password, statement)
}

// Log is all that the server logged, every statement among it.
func (s *Server) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Works says whether a password works.
func (s *Server) Works(t testing.TB, username, password string) bool {
	t.Helper()
	err := s.Run(t.Context(), username, password, "SELECT 1")
	if err != nil && !denied(err) {
		t.Fatalf("connecting: %v", err)
	}
	return err == nil
}

// A kind is what is known of one kind of server.
type kind struct {
	name  string
	start func(s *Server, p *processes) error
	once  sync.Once
	// server is nil where it could not be started, for that reason.
	server *Server
	reason error
}

var (
	postgreSQL = &kind{name: "PostgreSQL", start: startPostgreSQL}
	mariaDB    = &kind{name: "MariaDB", start: startMariaDB}

	// running has the processes and folders of Run; nil outside of it.
	running *processes
)

// Run runs the tests, and stops the servers that they started.
func Run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "strongroom-db-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	running = &processes{folder: folder}
	defer running.stop()
	return m.Run()
}

// PostgreSQL is the process's PostgreSQL server.
func PostgreSQL(t testing.TB) *Server { t.Helper(); return postgreSQL.of(t) }

// MariaDB is the process's MariaDB server.
func MariaDB(t testing.TB) *Server { t.Helper(); return mariaDB.of(t) }

func (k *kind) of(t testing.TB) *Server {
	t.Helper()
	if running == nil {
		t.Fatal("dbtest: TestMain must end in os.Exit(dbtest.Run(m))")
	}
	k.once.Do(func() {
		s := &Server{Host: "localhost", Address: "127.0.0.1", Username: "strongroom_admin", Password: rand.Text()}
		if k.reason = k.begin(s); k.reason == nil {
			k.server = s
		}
	})
	if k.server == nil {
		t.Fatalf("%s: %v", k.name, k.reason)
	}
	return k.server
}

// begin starts one. Another process may take the port that was free a moment ago: then again with another.
func (k *kind) begin(s *Server) (err error) {
	for range 3 {
		if s.Port, err = freePort(); err != nil {
			return err
		}
		if err = k.start(s, running); err == nil || errors.Is(err, errNotUnpacked) {
			return err
		}
	}
	return err
}

var errNotUnpacked = errors.New(`is not unpacked: run "make tools-databases"`)

// installed is a file of what was unpacked.
func installed(name string) (string, error) {
	cache := os.Getenv("STRONGROOM_CACHE")
	if cache == "" {
		return "", fmt.Errorf("STRONGROOM_CACHE is not set: it %w", errNotUnpacked)
	}
	cache, err := filepath.EvalSymlinks(cache)
	if err != nil {
		return "", fmt.Errorf("it %w: %w", errNotUnpacked, err)
	}
	file := filepath.Join(cache, "databases", "root", filepath.FromSlash(name))
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("it %w: %w", errNotUnpacked, err)
	}
	return file, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("no port")
	}
	return address.Port, nil
}

// ready waits until the server answers, or has ended.
func (s *Server) ready(p *process) error {
	var err error
	for range 600 {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err = s.run(ctx, s, s.Username, s.Password, "SELECT 1")
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it ended:\n%s", p.tail())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("it does not answer: %w\n%s", err, p.tail())
}

// quoted is a text without quotes and backslashes, in quotes.
func quoted(text string) string {
	if strings.ContainsAny(text, `'\`) {
		panic("dbtest: not a plain text")
	}
	return "'" + text + "'"
}
