package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"
)

func startMariaDB(s *Server, ps *processes) error {
	s.run = runMariaDB
	mariadbd, err := installed("usr/sbin/mariadbd")
	if err != nil {
		return err
	}
	usr := filepath.Dir(filepath.Dir(mariadbd))
	dir, err := ps.dir("mariadb")
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := own(data); err != nil {
		return err
	}
	options := []string{
		"--no-defaults", "--basedir=" + usr, "--datadir=" + data, "--tmpdir=" + dir, "--lc-messages-dir=" + filepath.Join(usr, "share/mysql"),
		"--character-sets-dir=" + filepath.Join(usr, "share/mysql/charsets"), "--plugin-dir=" + filepath.Join(usr, "lib/mysql/plugin"),
		"--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0", "--innodb-use-native-aio=0",
	}
	tables, err := systemTables(filepath.Join(usr, "share/mysql"))
	if err != nil {
		return err
	}
	if err := ps.run(dir, tables, mariadbd, append(options, "--bootstrap")...); err != nil {
		return err
	}
	first, err := write(dir, "first.sql", strings.Join([]string{
		"DELETE FROM mysql.global_priv WHERE User IN ('', 'root');", "FLUSH PRIVILEGES;",
		"CREATE USER " + s.Username + "@'%' IDENTIFIED BY " + quoted(s.Password) + ";",
		"GRANT ALL ON *.* TO " + s.Username + "@'%' WITH GRANT OPTION;", "",
	}, "\n"))
	if err != nil {
		return err
	}
	certificate, key, err := s.files(dir)
	if err != nil {
		return err
	}
	s.log = filepath.Join(dir, "general.log")
	p, err := ps.start(dir, syscall.SIGTERM, "", mariadbd, append(options, "--init-file="+first, "--bind-address="+s.Address,
		"--port="+strconv.Itoa(s.Port), "--socket="+filepath.Join(dir, "s"), "--pid-file="+filepath.Join(dir, "pid"), "--skip-name-resolve",
		"--ssl-cert="+certificate, "--ssl-key="+key, "--plugin-load-add=auth_ed25519", "--general-log=1", "--general-log-file="+s.log)...)
	if err != nil {
		return err
	}
	return s.ready(p)
}

// systemTables is what makes a server's own tables, as mariadb-install-db has it.
func systemTables(folder string) (string, error) {
	text := "create database if not exists mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"
	for _, name := range []string{"mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"} {
		part, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		text += string(part) + "\n"
	}
	return text, nil
}

func runMariaDB(ctx context.Context, s *Server, username, password, statement string) error {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", net.JoinHostPort(s.Address, strconv.Itoa(s.Port))
	config.User, config.Passwd, config.Logger = username, password, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}
