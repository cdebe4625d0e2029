package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"strongroom/pkg/cmd/strongroom/internal/local/localtest"
)

// bareServer, in the environment of this test's own program, makes TestBareServer a server.
const bareServer = "STRONGROOM_BENCH_BARE"

// TestBareServer is no test: as a process of its own it is the server that does nothing but answer.
func TestBareServer(t *testing.T) {
	if os.Getenv(bareServer) == "" {
		t.Skip("only BenchmarkServer runs this")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("strongroom is listening on http://" + listener.Addr().String())
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"value":"`+strings.Repeat("x", 1024)+`"}`)
	})}
	t.Fatal(server.Serve(listener))
}

// A process is a server under measurement.
type process struct {
	url string
	cmd *exec.Cmd
}

// start runs a server and waits until it says where it listens. It is stopped when the benchmark ends.
func start(b *testing.B, cmd *exec.Cmd) process {
	b.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return process{url, cmd}
		}
	}
	b.Fatal("the server did not start")
	return process{}
}

// peak is the most memory that the process had, in megabytes; zero where the system does not say.
func (p process) peak() float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var kilobytes float64
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			_, _ = fmt.Sscan(rest, &kilobytes)
		}
	}
	return kilobytes / 1024
}

// cpu is how long the process has computed, in all its threads; zero where the system does not say. Linux counts it in
// hundredths of a second in fields 14 and 15 (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
func (p process) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from field 3 on
	var user, system time.Duration
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0
	}
	return (user + system) * 10 * time.Millisecond
}

// A load is one path that signed clients ask for.
type load struct {
	name, path string
	process    process
	server     *localtest.Server
}

// BenchmarkServer measures get-secret and get-project-values (1,000 secrets of 1 KiB) through "strongroom local" with 1
// and 16 signed clients, beside a server that does nothing, and says what each comes to as a share of that.
func BenchmarkServer(b *testing.B) {
	data := b.TempDir()
	program := build(b, "strongroom/pkg/cmd/strongroom")
	strongroom := exec.Command(program, "local")
	strongroom.Env = append(os.Environ(), "STRONGROOM_DATA="+data, "STRONGROOM_ADDR=127.0.0.1:0", "STRONGROOM_KMS_ADDR=127.0.0.1:0")
	ours := start(b, strongroom)
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	nothing := exec.Command(self, "-test.run=^TestBareServer$")
	nothing.Env = append(os.Environ(), bareServer+"=1")
	bare := start(b, nothing)

	server := localtest.At(b, ours.url, data)
	secret, project := fill(b, server)
	loads := []load{
		{"bare", "/", bare, server},
		{"get-secret", "/secrets/" + secret, ours, server},
		{"get-project-values", "/projects/" + project + "/values", ours, server},
	}
	rates := map[string]float64{}
	for _, l := range loads {
		for _, clients := range []int{1, 16} {
			name := fmt.Sprintf("%s/%d", l.name, clients)
			b.Run(name, func(b *testing.B) { rates[name] = l.run(b, clients) })
			if full := rates[fmt.Sprintf("bare/%d", clients)]; full > 0 && l.process == ours {
				fmt.Printf("# %s with %d clients: %.0f requests a second, %.3f of a server that does nothing\n",
					l.name, clients, rates[name], rates[name]/full)
			}
		}
		if l.process == ours {
			fmt.Printf("# until then, strongroom local had at most %.0f MB of memory\n", ours.peak())
		}
	}
}

// fill stores 1,000 secrets of 1 KiB in the project plain, and answers the ids of one and of the project.
func fill(b *testing.B, server *localtest.Server) (secret, project string) {
	b.Helper()
	var projects struct {
		Data []struct{ ID, Name, OrganizationID string }
	}
	var me struct{ OrganizationID string }
	ask := func(method, path string, body, into any) {
		a := server.Do(localtest.Request{Profile: "owner", Method: method, Path: path, Body: body})
		if a.Status/100 != 2 {
			b.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
		}
		if err := json.Unmarshal(a.Body, into); err != nil {
			b.Fatal(err)
		}
	}
	ask("GET", "/me", nil, &me)
	ask("GET", "/organizations/"+me.OrganizationID+"/projects", nil, &projects)
	for _, p := range projects.Data {
		if p.Name == "plain" {
			project = p.ID
		}
	}
	var group sync.WaitGroup
	for client := range 16 {
		group.Go(func() {
			for i := client; i < 1000; i += 16 {
				var made struct{ ID string }
				ask("POST", "/organizations/"+me.OrganizationID+"/secrets", map[string]any{
					"name": fmt.Sprintf("SECRET_%04d", i), "value": strings.Repeat("x", 1024), "projectIds": []string{project},
				}, &made)
				if i == 0 {
					secret = made.ID
				}
			}
		})
	}
	group.Wait()
	return secret, project
}

// run asks b.N times, by that many clients, and answers how many requests a second were answered.
func (l load) run(b *testing.B, clients int) float64 {
	credentials := l.server.Credentials("ci")
	signer := v4.NewSigner()
	hash := sha256.Sum256(nil)
	empty := hex.EncodeToString(hash[:])
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	times := make([][]time.Duration, clients)
	var group sync.WaitGroup
	computed := l.process.cpu()
	b.ResetTimer()
	for c := range clients {
		group.Go(func() {
			for i := c; i < b.N; i += clients {
				began := time.Now()
				request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, l.process.url+l.path, nil)
				if err == nil {
					err = signer.SignHTTP(context.Background(), credentials, request, empty, localtest.Service, "us-east-1", began)
				}
				if err == nil {
					err = exchange(client, request)
				}
				if err != nil {
					b.Error(err)
					return
				}
				times[c] = append(times[c], time.Since(began))
			}
		})
	}
	group.Wait()
	b.StopTimer()
	all := slices.Concat(times...)
	slices.Sort(all)
	if len(all) == 0 {
		return 0
	}
	rate := float64(len(all)) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "req/s")
	b.ReportMetric(float64((l.process.cpu()-computed).Microseconds())/float64(len(all)), "cpu-µs/req")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
	return rate
}

func exchange(client *http.Client, request *http.Request) error {
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	_, err = body.ReadFrom(response.Body)
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", response.StatusCode, body.Bytes())
	}
	return err
}
