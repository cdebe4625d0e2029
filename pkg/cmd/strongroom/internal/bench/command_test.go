package bench

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkSecretGet is the whole command, from its start to its end, for a client-encrypted value of 1 KiB: settings and
// pins are read, three requests signed and sent (the project's keys, the secret, KMS), the value opened and printed.
// BenchmarkBareSecretGet is a Go program that asks a server that does nothing, once.
func BenchmarkSecretGet(b *testing.B) {
	program := build(b, "strongroom/pkg/cmd/strongroom")
	data := b.TempDir()
	server := exec.Command(program, "local")
	server.Env = append(os.Environ(), "STRONGROOM_DATA="+data, "STRONGROOM_ADDR=127.0.0.1:0", "STRONGROOM_KMS_ADDR=127.0.0.1:0")
	start(b, server)
	environment := signing(b, program, data)
	value := strings.Repeat("x", 1024)
	set := exec.Command(program, "secret", "set", "demo/BENCH")
	set.Env, set.Stdin = environment, strings.NewReader(value)
	if out, err := set.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	b.ResetTimer()
	for b.Loop() {
		get := exec.Command(program, "secret", "get", "demo/BENCH")
		get.Env = environment
		if out, err := get.Output(); err != nil || string(out) != value {
			b.Fatalf("%v: %d bytes", err, len(out))
		}
	}
}

func BenchmarkBareSecretGet(b *testing.B) {
	program := build(b, "./testdata/bare")
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	nothing := exec.Command(self, "-test.run=^TestBareServer$")
	nothing.Env = append(os.Environ(), bareServer+"=1")
	server := start(b, nothing)
	b.ResetTimer()
	for b.Loop() {
		if out, err := exec.Command(program, server.url).Output(); err != nil || !bytes.Contains(out, []byte("xxx")) {
			b.Fatalf("%v\n%s", err, out)
		}
	}
}

// build builds a program.
func build(b *testing.B, what string) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "program")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, what).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

// signing is an environment in which commands sign as the developer of a local server.
func signing(b *testing.B, program, data string) []string {
	b.Helper()
	env := exec.Command(program, "local", "env", "developer")
	env.Env = append(os.Environ(), "STRONGROOM_DATA="+data)
	out, err := env.Output()
	if err != nil {
		b.Fatal(err)
	}
	environment := os.Environ()
	for line := range strings.Lines(string(out)) {
		if pair, ok := strings.CutPrefix(strings.TrimSpace(line), "export "); ok {
			environment = append(environment, strings.ReplaceAll(pair, "'", ""))
		}
	}
	return environment
}
