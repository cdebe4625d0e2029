package rotationtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

// folder is where the program is; it goes with the tests.
var folder string

// program is the path of the program, which is built when a test first asks for it.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "strongroom")
	if out, err := exec.Command("go", "build", "-o", path, "strongroom/pkg/cmd/strongroom").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building strongroom: %w\n%s", err, out)
	}
	return path, nil
})

// A terminal is somebody who uses the program: whose they are, and what their environment says besides.
type terminal struct {
	*strongroom
	env []string
	// values are what nothing that it prints may hold.
	values []string
}

// terminal has a profile use the program.
func (s *strongroom) terminal(profile string, env ...string) *terminal {
	s.Helper()
	c := s.server.Credentials(profile)
	return &terminal{strongroom: s, env: append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.TempDir(), "STRONGROOM_CONFIG_DIR=" + s.TempDir(),
		"STRONGROOM_URL=" + s.server.URL, "AWS_ENDPOINT_URL_KMS=" + s.server.KMSURL, "AWS_REGION=" + local.Region, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken,
	}, env...)}
}

// A printout is what one run of the program said, and its status.
type printout struct {
	out, said string
	status    int
}

// runs is one run of the program, to its end.
func (t *terminal) runs(args ...string) printout {
	t.Helper()
	run := t.starts(args...)
	return run.ends()
}

// must is runs, which has to succeed.
func (t *terminal) must(args ...string) printout {
	t.Helper()
	p := t.runs(args...)
	if p.status != 0 {
		t.Fatalf("strongroom %s: status %d\n%s%s", strings.Join(args, " "), p.status, p.out, p.said)
	}
	return p
}

// An execution is a run that is under way.
type execution struct {
	*terminal
	command   *exec.Cmd
	out, said bytes.Buffer
}

func (t *terminal) starts(args ...string) *execution {
	t.Helper()
	path, err := program()
	t.strongroom.must(err)
	e := &execution{terminal: t, command: exec.CommandContext(t.Context(), path, args...)}
	e.command.Env, e.command.Dir, e.command.Stdout, e.command.Stderr = t.env, t.TempDir(), &e.out, &e.said
	t.strongroom.must(e.command.Start())
	return e
}

// ends waits for the end, and looks whether a value was printed.
func (e *execution) ends() printout {
	e.Helper()
	err := e.command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		e.Fatal(err)
	}
	p := printout{e.out.String(), e.said.String(), e.command.ProcessState.ExitCode()}
	for _, value := range e.values {
		if strings.Contains(p.out+p.said, value) {
			e.Errorf("%s printed the value %q:\n%s%s", e.command.Args[1:], value, p.out, p.said)
		}
	}
	return p
}

// columns are between two spaces or more.
var columns = regexp.MustCompile(` {2,}`)

// has holds what was printed to lines, or parts of them, with two spaces between columns.
func (p printout) has(t *terminal, where string, parts ...string) {
	t.Helper()
	where = columns.ReplaceAllString(where, "  ")
	for _, part := range parts {
		if !strings.Contains(where, part) {
			t.Errorf("it does not say %q:\n%s%s", part, p.out, p.said)
		}
	}
}
