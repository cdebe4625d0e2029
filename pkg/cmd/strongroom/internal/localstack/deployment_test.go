//go:build localstack

package localstack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"strongroom/pkg/api"
	"strongroom/pkg/cmd/strongroom/internal/local"
	"strongroom/pkg/cmd/strongroom/internal/runtimeapi"
	"strongroom/pkg/gateway"
	"strongroom/pkg/operation"
	"strongroom/pkg/rotation"
	"strongroom/pkg/table/dynamo"
)

const (
	apiID = "localstack"
	// processes is how many a function may have at once.
	processes = 3
)

// owner is who founds the organization: what it signs as, and what of that is bound.
const ownerRole = "arn:aws:iam::" + account + ":role/Administrator"

// leaver is a user who leaves.
const leaver = "leaver"

// callers are whoever signs, by the names that package local has for the like.
var callers = map[string]string{
	local.Owner:     "arn:aws:sts::" + account + ":assumed-role/Administrator/owner",
	local.Developer: "arn:aws:iam::" + account + ":user/developer",
	local.CI:        "arn:aws:sts::" + account + ":assumed-role/ContinuousIntegration/ci",
	local.Stranger:  "arn:aws:sts::" + account + ":assumed-role/SomebodyElse/stranger",
	leaver:          "arn:aws:iam::" + account + ":user/leaver",
}

// A deployment is one of Strongroom: functions over resources, behind a gateway.
type deployment struct {
	resources
	emulator  *emulator
	binaries  binaries
	folder    string
	functions map[operation.Name]*runtimeapi.Function
	server    *httptest.Server
	profiles  map[string]gateway.Identity
	log       *lockedBuffer
	// workers are the functions of the rotators.
	workers map[rotation.Kind]*runtimeapi.Function
	// stops end what was started, the last first.
	stops []func()
}

// A lockedBuffer may be written and read at the same time.
type lockedBuffer struct {
	mutex sync.Mutex
	b     bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.b.String()
}

// deployStack makes the resources, puts the functions over them, and founds the organization.
func deployStack(ctx context.Context, e *emulator, b binaries, folder string) (*deployment, error) {
	r, err := makeResources(ctx, e, b.templates)
	if err != nil {
		return nil, err
	}
	d, err := deploy(e, r, b, filepath.Join(folder, "main"))
	if err != nil {
		return nil, err
	}
	if err := d.follow(ctx); err != nil {
		return nil, err
	}
	if err := d.consume(ctx); err != nil {
		return nil, err
	}
	if err := d.found(ctx); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, d.log)
	}
	return d, nil
}

// deploy puts every function over the resources, and the gateway before those that have a route.
func deploy(e *emulator, r resources, b binaries, folder string) (*deployment, error) {
	d := &deployment{
		resources: r, emulator: e, binaries: b, folder: folder, functions: map[operation.Name]*runtimeapi.Function{},
		profiles: map[string]gateway.Identity{}, log: &lockedBuffer{}, workers: map[rotation.Kind]*runtimeapi.Function{},
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	routed := map[operation.Name]gateway.Function{}
	for _, row := range operation.Table {
		f := runtimeapi.New(runtimeapi.Config{
			Binary: filepath.Join(b.functions, string(row.Name)), Environment: d.environment(row), Most: processes, Log: d.log,
		})
		d.functions[row.Name] = f
		if _, ok := row.Trigger.(operation.HTTP); ok {
			routed[row.Name] = f
		}
	}
	byKey := map[string]gateway.Identity{}
	all := maps.Clone(callers)
	for _, kind := range rotation.Kinds() {
		all[kind.Worker()] = "arn:aws:sts::" + account + ":assumed-role/" + kind.Worker() + "/worker"
	}
	for name, arn := range all {
		identity, err := gateway.NewIdentity(arn, "")
		if err != nil {
			return nil, err
		}
		d.profiles[name], byKey[identity.AccessKeyID] = identity, identity
	}
	d.server = httptest.NewServer(gateway.New(gateway.Config{
		Functions: routed, Region: region, Account: account, APIID: apiID, Log: slog.New(slog.NewJSONHandler(d.log, nil)),
		Credentials: func(id string) (gateway.Identity, bool) { i, ok := byKey[id]; return i, ok },
	}))
	return d, nil
}

// environment is what a function is told, as package app reads it: what its row needs, and no more.
func (d *deployment) environment(row operation.Row) []string {
	all := []string{
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=" + d.emulator.url,
		"STRONGROOM_TABLE=" + d.table, "STRONGROOM_ORGANIZATION=" + d.organization.String(), "STRONGROOM_ACCOUNT=" + account,
		"STRONGROOM_CLIENT_KEY=" + d.clientKey, "STRONGROOM_API=" + apiID,
	}
	for _, needed := range []struct {
		is          bool
		name, value string
	}{
		{len(row.Access.StorageKey) > 0, "STRONGROOM_STORAGE_KEY", d.storageKey},
		{len(row.Access.SigningKey) > 0, "STRONGROOM_SIGNING_KEY", d.signingKey},
		{row.Access.Bus, "STRONGROOM_BUS", d.bus},
		{row.Access.Archive, "STRONGROOM_ARCHIVE", d.archive},
	} {
		if needed.is {
			all = append(all, needed.name+"="+needed.value)
		}
	}
	return all
}

// close stops everything that was started.
func (d *deployment) close() {
	for _, stop := range slices.Backward(d.stops) {
		stop()
	}
	d.server.Close()
	for _, f := range d.functions {
		f.Close()
	}
	for _, f := range d.workers {
		f.Close()
	}
}

// found has create-organization make the organization, and the owner the rest: a user, a service account and a project of each
// kind that both may use.
func (d *deployment) found(ctx context.Context) error {
	payload, err := json.Marshal(api.CreateOrganization{Name: "test", OwnerName: local.Owner, OwnerARN: ownerRole})
	if err != nil {
		return err
	}
	if _, err := d.functions[operation.CreateOrganization].Invoke(ctx, payload); err != nil {
		return fmt.Errorf("create-organization: %w", err)
	}
	lines := []string{
		"user create developer", "user bind developer " + callers[local.Developer],
		"service-account create ci", "service-account bind ci arn:aws:iam::" + account + ":role/ContinuousIntegration",
		"project create demo", "access grant developer write demo", "access grant ci read demo",
		"project create plain --server", "access grant developer write plain", "access grant ci read plain",
		"user create leaver", "user bind leaver " + callers[leaver], "access grant leaver read plain",
	}
	for _, kind := range rotation.Kinds() { // as "strongroom init --workers" does from a deployment's outputs
		name := kind.Worker()
		lines = append(lines, "service-account create "+name, "service-account bind "+name+" arn:aws:iam::"+account+":role/strongroom/workers/"+name)
	}
	for _, line := range lines {
		if a := d.cli(ctx, local.Owner, "", strings.Fields(line)...); a.status != 0 {
			return fmt.Errorf("strongroom %s: status %d: %s", line, a.status, a.said)
		}
	}
	return nil
}

// What the program answered.
type said struct {
	status    int
	out, said string
}

// cli runs the program as somebody, with their own configuration.
func (d *deployment) cli(ctx context.Context, profile, stdin string, args ...string) said {
	who := d.profiles[profile]
	command := exec.CommandContext(ctx, d.binaries.program, args...)
	command.Dir = d.folder
	command.Env = []string{
		"STRONGROOM_URL=" + d.server.URL, "STRONGROOM_CONFIG_DIR=" + filepath.Join(d.folder, profile), "STRONGROOM_REPOSITORY=none",
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + who.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + who.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + who.SessionToken, "AWS_ENDPOINT_URL_KMS=" + d.emulator.url, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "HOME=" + d.folder, "PATH=" + os.Getenv("PATH"),
	}
	var out, complaint bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &complaint
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return said{-1, out.String(), err.Error()}
	}
	return said{command.ProcessState.ExitCode(), out.String(), complaint.String()}
}

// must is cli that ends the test where the status is not 0; it answers the output.
func (d *deployment) must(t *testing.T, profile, stdin string, args ...string) string {
	t.Helper()
	a := d.cli(t.Context(), profile, stdin, args...)
	if a.status != 0 {
		t.Fatalf("%s: strongroom %s: status %d\n%s%s", profile, strings.Join(args, " "), a.status, a.out, a.said)
	}
	return a.out
}

type object = map[string]any

// tick has a function do a run of the clock's, for the payload of an EventBridge rule's schedule, and decodes what it answers.
func (d *deployment) tick(t *testing.T, name operation.Name, into any) {
	t.Helper()
	payload, err := json.Marshal(events.EventBridgeEvent{
		Version: "0", ID: "1", DetailType: "Scheduled Event", Source: "aws.events", AccountID: account, Region: region,
		Time: time.Now().UTC().Truncate(time.Second), Detail: json.RawMessage("{}"),
		Resources: []string{"arn:aws:events:" + region + ":" + account + ":rule/" + string(name)},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := d.functions[name].Invoke(t.Context(), payload)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, d.log)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatalf("%s: %v in %s", name, err, answer)
	}
}

// dynamodb is the table's own client.
func (d *deployment) dynamodb() *dynamodb.Client {
	return dynamo.NewClient(region, d.emulator.url, awsCredentials())
}

// stored is every item of the table, as JSON.
func (d *deployment) stored(t *testing.T) string {
	t.Helper()
	var all bytes.Buffer
	pages := dynamodb.NewScanPaginator(d.dynamodb(), &dynamodb.ScanInput{TableName: aws.String(d.table)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			fmt.Fprintln(&all, render(item))
		}
	}
	return all.String()
}

// eventually waits for what follows a moment later.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(followTime); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not follow within %s: %s", followTime, what)
		}
	}
}

// render writes every byte of an item as it is.
func render(value any) string {
	switch v := value.(type) {
	case map[string]types.AttributeValue:
		var b strings.Builder
		for name, element := range v {
			b.WriteString(name + "=" + render(element) + "\n")
		}
		return b.String()
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return string(v.Value)
	case *types.AttributeValueMemberM:
		return render(v.Value)
	case *types.AttributeValueMemberL:
		var b strings.Builder
		for _, element := range v.Value {
			b.WriteString(render(element) + "\n")
		}
		return b.String()
	}
	return fmt.Sprint(value)
}
