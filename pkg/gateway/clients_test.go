package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"strongroom/pkg/gateway"
)

// A sending is a request as clients are asked to make it.
type sending struct {
	Method  string            `json:"method"`
	Target  string            `json:"target"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
	// NotCurl is for what old versions of curl sign wrongly, against AWS too: they neither sort a query nor encode a path
	// once more.
	NotCurl bool `json:"-"`
}

// sendings are what every client signs: all that a client of Strongroom sends, and what canonicalisation may get wrong.
var sendings = []sending{
	{Method: "GET", Target: "/me"},
	{Method: "GET", Target: "/secrets/" + secretID + "?project=a%2Cb"},
	{Method: "GET", Target: "/projects/x/secret?name=DATABASE_URL"},
	{Method: "GET", Target: "/projects/x/secret?name=a%20b%2Bc%26d%3De%C3%A9%25~-._"},
	{Method: "GET", Target: "/projects/x/secrets?continuationToken=a%2Fb%3D&limit=5&namePrefix=A"},
	{Method: "GET", Target: "/projects/x/secrets?limit=5&namePrefix=A&continuationToken=a%2Fb%3D", NotCurl: true},
	{Method: "GET", Target: "/projects/x/secrets?namePrefix=b&namePrefix=a%2Fb&namePrefix=a-b", NotCurl: true},
	{Method: "GET", Target: "/projects/x/secrets?namePrefix="},
	{Method: "GET", Target: "/secrets/a%20b%2Ac%C3%A9", NotCurl: true},
	{Method: "DELETE", Target: "/principals/" + secretID},
	{Method: "POST", Target: "/principals/" + secretID + "/disable"},
	{Method: "POST", Target: "/secrets/delete", Headers: map[string]string{"Content-Type": "application/json"}, Body: []byte(`{"ids":["é"]}`)},
	{Method: "PUT", Target: "/secrets/" + secretID, Headers: map[string]string{
		"Content-Type": "application/json", "If-Match": `"1", "2"`, "X-Two": "a  b"}, Body: []byte(`{"value":"x"}`)},
	{Method: "PUT", Target: "/secrets/" + secretID, Headers: map[string]string{"Content-Type": "application/json"}, Body: bytes.Repeat([]byte("x"), 100_000)},
}

// TestClients: requests signed by botocore, by curl and by the SDK, none of which this project wrote, are accepted over
// a real connection, and not with a wrong secret.
func TestClients(t *testing.T) {
	h, log := newGateway(echo, func(c *gateway.Config) { c.Now = nil })
	server := httptest.NewServer(h)
	defer server.Close()
	wrong := user
	wrong.SecretAccessKey = "wrong"
	for name, send := range map[string]func(*testing.T, string, gateway.Identity) []int{
		"botocore": botocore, "curl": curl, "SDK": sdk,
	} {
		for _, c := range []struct {
			identity gateway.Identity
			want     int
		}{{user, 200}, {session, 200}, {wrong, 403}} {
			got := send(t, server.URL, c.identity)
			want := slices.Repeat([]int{c.want}, len(sendings))
			for n := range want {
				if name == "curl" && sendings[n].NotCurl {
					want[n] = 0
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s as %s: %v, want %v\n%s", name, c.identity.ARN, got, want, log)
			}
		}
	}
}

// checked answers the status, having compared what arrived.
func checked(t *testing.T, s sending, i gateway.Identity, status int, body string) int {
	t.Helper()
	_, query, _ := strings.Cut(s.Target, "?")
	want := "|" + query + "|" + i.ARN + "|" + string(s.Body)
	if status == 200 && !strings.HasSuffix(body, want) {
		t.Errorf("%s %s: %.200s arrived, want …%.200s", s.Method, s.Target, body, want)
	}
	return status
}

func botocore(t *testing.T, url string, i gateway.Identity) []int {
	t.Helper()
	python := os.Getenv("STRONGROOM_PYTHON")
	if python == "" {
		python = filepath.FromSlash("../../.cache/venv/bin/python")
	}
	job, err := json.Marshal(map[string]any{
		"url": url, "key": i.AccessKeyID, "secret": i.SecretAccessKey, "token": i.SessionToken, "region": region, "requests": sendings,
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, filepath.FromSlash("testdata/send.py"))
	var output, complaint bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(job), &output, &complaint
	if err := command.Run(); err != nil {
		t.Fatalf("send.py: %v (after `make tools` it should work, or set STRONGROOM_PYTHON)\n%s", err, complaint.String())
	}
	var answers [][2]any
	if err := json.Unmarshal(output.Bytes(), &answers); err != nil || len(answers) != len(sendings) {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	var statuses []int
	for n, answer := range answers {
		statuses = append(statuses, checked(t, sendings[n], i, int(answer[0].(float64)), answer[1].(string)))
	}
	return statuses
}

// curl needs 7.75 for --aws-sigv4.
func curl(t *testing.T, url string, i gateway.Identity) []int {
	t.Helper()
	var statuses []int
	for _, s := range sendings {
		if s.NotCurl {
			statuses = append(statuses, 0)
			continue
		}
		arguments := []string{
			"--silent", "--show-error", "--aws-sigv4", "aws:amz:" + region + ":execute-api", "--user", i.AccessKeyID + ":" + i.SecretAccessKey,
			"--request", s.Method, "--write-out", "\n%{http_code}", "--url", url + s.Target,
		}
		if i.SessionToken != "" {
			arguments = append(arguments, "--header", "X-Amz-Security-Token: "+i.SessionToken)
		}
		for name, value := range s.Headers {
			arguments = append(arguments, "--header", name+": "+value)
		}
		if s.Body != nil {
			arguments = append(arguments, "--data-binary", "@-")
		}
		command := exec.CommandContext(t.Context(), "curl", arguments...)
		command.Stdin = bytes.NewReader(s.Body)
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("curl: %v\n%s", err, output)
		}
		end := bytes.LastIndexByte(output, '\n')
		status, err := strconv.Atoi(string(output[end+1:]))
		if err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, checked(t, s, i, status, string(output[:end])))
	}
	return statuses
}

func sdk(t *testing.T, url string, i gateway.Identity) []int {
	t.Helper()
	var statuses []int
	for _, s := range sendings {
		r, err := http.NewRequestWithContext(t.Context(), s.Method, url+s.Target, bytes.NewReader(s.Body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range s.Headers {
			r.Header.Set(name, value)
		}
		sign(t, r, i, string(s.Body), "execute-api", region, time.Now())
		r.URL.RawQuery = strings.TrimPrefix(s.Target[strings.IndexByte(s.Target+"?", '?'):], "?") // the signer sorts it
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, checked(t, s, i, response.StatusCode, string(body)))
	}
	return statuses
}
