package localkms

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestKilledWhileMakingFiles kills a process that makes one key file after another, at any moment, and finds each file
// that has its name whole.
func TestKilledWhileMakingFiles(t *testing.T) {
	if folder := os.Getenv("LOCALKMS_TEST_FOLDER"); folder != "" {
		makeFiles(t, folder)
		return
	}
	made := 0
	for range 10 {
		folder := t.TempDir()
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestKilledWhileMakingFiles$")
		command.Env = append(os.Environ(), "LOCALKMS_TEST_FOLDER="+folder)
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(20 * time.Millisecond)) //nolint:gosec // any moment will do
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait() // it was killed
		files, err := filepath.Glob(filepath.Join(folder, "keys-*"))
		if err != nil {
			t.Fatal(err)
		}
		made += len(files)
		for _, path := range files {
			open(t, path)
		}
	}
	if made == 0 {
		t.Error("no file was made before a kill: nothing was tested")
	}
}

func makeFiles(t *testing.T, folder string) {
	t.Helper()
	_, _ = os.Stdout.WriteString("ready\n")
	for i := 0; ; i++ {
		open(t, filepath.Join(folder, "keys-"+strconv.Itoa(i)))
	}
}
