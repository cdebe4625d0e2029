// Package rotationtest_test rotates as a deployment does, end to end: a local server with its bus, queues and workers, real
// databases (package rotators/dbtest), and applications that know nothing but Strongroom's SDK and a driver. It counts what the
// applications are refused. The program is built from what is tested, and shows what goes on as people see it.
//
// The server's clock is one that tests move forward, so that waiting for readers, their grace and the schedules of a minute take no
// time. Databases, applications and workers go by the machine's.
//
// With -short there are fewer rotations, of the same kinds.
package rotationtest_test

import (
	"flag"
	"log/slog"
	"os"
	"testing"

	"strongroom/pkg/rotation/rotators/dbtest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // where workers say of each message that came twice that there is nothing to do
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // most of the time they wait, for each other's sake too
		panic(err)
	}
	os.Exit(run(m))
}

// many is a number of rotations, or the smaller one with -short.
func many(whole, short int) int {
	if testing.Short() {
		return short
	}
	return whole
}

func run(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "strongroom-rotation-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a leftover in the folder for such
	return dbtest.Run(m)
}
