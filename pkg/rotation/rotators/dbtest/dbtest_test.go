package dbtest_test

import (
	"os"
	"testing"

	"strongroom/pkg/rotation/rotators/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Run(m)) }

func TestServersTakeTheRightPasswordAlone(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *dbtest.Server{"PostgreSQL": dbtest.PostgreSQL, "MariaDB": dbtest.MariaDB} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			if !s.Works(t, s.Username, s.Password) {
				t.Error("the right password is refused")
			}
			if s.Works(t, s.Username, "another") {
				t.Error("a wrong password is taken")
			}
			if again := start(t); again != s {
				t.Error("a second server was started")
			}
		})
	}
}
