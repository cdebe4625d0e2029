// Package dynamotest gives tests a real DynamoDB API: Amazon's DynamoDB Local, a server in Java that "make tools"
// downloads from Maven Central (it is not free to redistribute).
//
// A test process starts one server the first time that it needs one, on 127.0.0.1 and a free port, with everything in
// memory. DynamoDB Local itself listens on every address; testdata/dynamodb-local/Loopback.java, compiled at
// installation, tells it which. The server reads its standard input and ends with it, so that it never outlives the
// test process, however that ends.
//
// Where the server is not installed, tests fail and say how to install it: they are never skipped.
//
// DynamoDB Local is not DynamoDB: it under-reports a transaction's write units, has no throttling, and its indexes never
// lag.
package dynamotest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"strongroom/pkg/table/dynamo"
)

// Region is the region that clients are made for; the server doesn't care.
const Region = "us-east-1"

// startTimeout is how long the server may take to start: two seconds normally, more on a busy machine.
const startTimeout = time.Minute

// New gives a client and the name of a table of the test's own, empty, which goes when the test ends.
func New(t testing.TB) (client *dynamodb.Client, tableName string) {
	t.Helper()
	client = Client(t)
	tableName = "strongroom-" + uuid.NewString()
	if _, err := client.CreateTable(t.Context(), dynamo.Schema(tableName)); err != nil {
		t.Fatalf("dynamotest: creating a table: %v", err)
	}
	t.Cleanup(func() {
		// The test's context has ended by now.
		_, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(tableName)})
		if err != nil {
			t.Errorf("dynamotest: deleting the table: %v", err)
		}
	})
	return client, tableName
}

// Client gives a client of the server.
func Client(t testing.TB) *dynamodb.Client {
	t.Helper()
	return dynamo.NewClient(Region, Endpoint(t), Credentials())
}

// Credentials are what the server takes, as it takes any.
func Credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("local", "local", "")
}

// Endpoint gives the server's address, http://127.0.0.1 and a port, and starts the server if need be. A server that
// is not installed or does not start fails the test.
func Endpoint(t testing.TB) string {
	t.Helper()
	endpoint, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// Require fails the test unless the server is installed.
func Require(t testing.TB) {
	t.Helper()
	if _, err := installed(); err != nil {
		t.Fatal(err)
	}
}

// stdin is the server's. Nothing is ever written to it: its end, when this process ends, is the message. It is kept
// here so that it isn't closed as garbage before that.
var stdin io.WriteCloser //nolint:unused // see above

// start starts the server once a process.
var start = sync.OnceValues(func() (string, error) {
	dir, err := installed()
	if err != nil {
		return "", err
	}
	return run(dir)
})

// installed finds the server's folder: dynamodb-local in $STRONGROOM_CACHE, or else in .cache at the repository's root.
func installed() (string, error) {
	cache := os.Getenv("STRONGROOM_CACHE")
	if cache == "" {
		root, err := repository()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(root, ".cache")
	}
	dir := filepath.Join(cache, "dynamodb-local")
	for _, needed := range []string{"lib/DynamoDBLocal-*.jar", "classes/Loopback.class"} {
		found, err := filepath.Glob(filepath.Join(dir, needed))
		if err != nil || len(found) == 0 {
			return "", fmt.Errorf("dynamotest: DynamoDB Local is not installed (no %s in %s): run \"make tools\"", needed, dir)
		}
	}
	return dir, nil
}

// repository finds the repository's root above the test's folder.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "testdata", "dynamodb-local", "pom.xml")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", errors.New("dynamotest: the test does not run in the repository: set STRONGROOM_CACHE")
		}
		dir = above
	}
}

// run starts the server and waits for it to say where it listens.
func run(dir string) (endpoint string, err error) {
	lib := filepath.Join(dir, "lib")
	classpath := strings.Join([]string{filepath.Join(dir, "classes"), filepath.Join(lib, "*")}, string(os.PathListSeparator))
	// The quick compiler and the simple collector: a test's server lives for seconds.
	cmd := exec.Command("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx768m",
		"-Djava.library.path="+lib, "-cp", classpath, "Loopback")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if stdin, err = cmd.StdinPipe(); err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("dynamotest: DynamoDB Local needs Java 17: %w", err)
	}
	timer := time.AfterFunc(startTimeout, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://" + address, nil
		}
	}
	err = cmd.Wait()
	return "", fmt.Errorf("dynamotest: DynamoDB Local did not start: %w\n%s", err, complaints.String())
}
