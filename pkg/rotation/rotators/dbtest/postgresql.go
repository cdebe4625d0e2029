package dbtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// Trusted is a user whom the PostgreSQL server asks for no password, once it is made.
const Trusted = "strongroom_trusted"

// Readable is one whom it asks for a readable password, once it is made.
const Readable = "strongroom_readable"

func startPostgreSQL(s *Server, ps *processes) error {
	s.run = runPostgreSQL
	postgres, err := installed("usr/lib/postgresql/15/bin/postgres")
	if err != nil {
		return err
	}
	dir, err := ps.dir("postgresql")
	if err != nil {
		return err
	}
	password, err := write(dir, "password", s.Password+"\n")
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	if err := ps.run(dir, "", filepath.Join(filepath.Dir(postgres), "initdb"), "-D", data, "-U", s.Username, "--pwfile", password,
		"-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"); err != nil {
		return err
	}
	certificate, key, err := s.files(dir)
	if err != nil {
		return err
	}
	if err := trust(filepath.Join(data, "pg_hba.conf")); err != nil {
		return err
	}
	p, err := ps.start(dir, syscall.SIGQUIT, "", postgres, "-D", data, "-c", "listen_addresses="+s.Address, "-c", "port="+strconv.Itoa(s.Port),
		"-c", "unix_socket_directories=", "-c", "ssl=on", "-c", "ssl_cert_file="+certificate, "-c", "ssl_key_file="+key,
		"-c", "fsync=off", "-c", "jit=off", "-c", "timezone=GMT", "-c", "log_timezone=GMT", "-c", "log_statement=all")
	if err != nil {
		return err
	}
	s.log = p.log
	return s.ready(p)
}

// trust has the server ask Trusted for no password, and Readable for a readable one.
func trust(file string) error {
	rules, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte("host all "+Trusted+" 127.0.0.1/32 trust\nhost all "+Readable+" 127.0.0.1/32 password\n"), rules...), 0o600)
}

// files writes the server's certificate and key.
func (s *Server) files(dir string) (certificate, key string, err error) {
	certificate, key, err = s.certify()
	if err != nil {
		return "", "", err
	}
	if certificate, err = write(dir, "certificate.pem", certificate); err != nil {
		return "", "", err
	}
	key, err = write(dir, "key.pem", key)
	return certificate, key, err
}

func runPostgreSQL(ctx context.Context, s *Server, username, password, statement string) error {
	config, err := pgconn.ParseConfig("postgres://" + s.Address + "/postgres?sslmode=disable")
	if err != nil {
		return err
	}
	config.Port, config.User, config.Password = uint16(s.Port), username, password
	config.Fallbacks = nil
	c, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement).ReadAll()
	return errors.Join(err, c.Close(ctx))
}

// denied says whether a server refused a username and password.
func denied(err error) bool {
	var postgres *pgconn.PgError
	var maria *mysql.MySQLError
	return errors.As(err, &postgres) && postgres.Code == "28P01" || errors.As(err, &maria) && maria.Number == 1045
}
