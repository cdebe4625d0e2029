package wholefile

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKilledWhileReplacing kills a process that replaces one file over and over, at any moment: the file is whole, and no
// older than what the process said last.
func TestKilledWhileReplacing(t *testing.T) {
	if path := os.Getenv("WHOLEFILE_TEST_PATH"); path != "" {
		for n := byte('a'); ; n = 'a' + (n-'a'+1)%26 {
			if err := Replace(path, bytes.Repeat([]byte{n}, 64<<10)); err != nil {
				t.Fatal(err)
			}
			_, _ = os.Stdout.WriteString("wrote " + string(n) + "\n")
		}
	}
	wrote := 0
	for range 8 {
		path := filepath.Join(t.TempDir(), "file")
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestKilledWhileReplacing$")
		command.Env = append(os.Environ(), "WHOLEFILE_TEST_PATH="+path)
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(50*time.Millisecond+rand.N(30*time.Millisecond), func() { _ = command.Process.Kill() }) //nolint:gosec // any moment will do
		last := byte(0)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if said, ok := strings.CutPrefix(lines.Text(), "wrote "); ok {
				last = said[0]
				wrote++
			}
		}
		_ = command.Wait() // it was killed
		content, err := os.ReadFile(path)
		if last == 0 && os.IsNotExist(err) {
			continue
		}
		if err != nil || len(content) != 64<<10 || bytes.Count(content, content[:1]) != len(content) {
			t.Fatalf("%d bytes that nobody wrote, %v", len(content), err)
		}
		if next := 'a' + (last-'a'+1)%26; last != 0 && content[0] != last && content[0] != next {
			t.Errorf("the file has %c, after %c was written", content[0], last)
		}
	}
	if wrote == 0 {
		t.Error("nothing was written before a kill: nothing was tested")
	}
}
