// Package functions_test holds the folders of Lambda functions equal to the operation table: there is one for each row,
// it serves that row with that row's handler, and it links what the row's access asks for and no more.
package functions_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
)

const tags = "-tags=lambda.norpc"

func names() []string {
	var all []string
	for _, row := range operation.Table {
		all = append(all, string(row.Name))
	}
	slices.Sort(all)
	return all
}

func TestThereIsOneFolderForEachOperation(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() {
			folders = append(folders, entry.Name())
		}
	}
	if diff := cmp.Diff(names(), slices.DeleteFunc(folders, func(name string) bool { return name == "workers" })); diff != "" {
		t.Errorf("operations and folders (-want +got):\n%s", diff)
	}
}

// TestMainsServeTheirOperation reads each main: one statement, which names the operation that the folder is named
// after, the handler of that name, and keys exactly where the row has some.
func TestMainsServeTheirOperation(t *testing.T) {
	constants := constantsIn[operation.Name](t, "../pkg/operation/table.go", len(operation.Table))
	for _, row := range operation.Table {
		start := "app.Main"
		switch row.Trigger.(type) {
		case operation.Invoke:
			start = "app.MainInvoke"
		case operation.Stream:
			start = "app.MainStream"
		case operation.Schedule:
			start = "app.MainSchedule"
		case operation.Event:
			start = "app.MainEvent"
		}
		name := constants[row.Name]
		want := []string{start, "operation." + name, "handler." + name}
		if len(row.Access.StorageKey) > 0 {
			want = append(want, "app.WithKeys(awskms.Open)")
		}
		if row.Access.Bus {
			want = append(want, "app.WithBus(awsbus.Open)")
		}
		if len(row.Access.SigningKey) > 0 {
			want = append(want, "app.WithSigner(awskms.OpenSigner)")
		}
		if row.Access.Archive {
			want = append(want, "app.WithArchive(awsarchive.Open)")
		}
		if diff := cmp.Diff(want, mainCall(t, filepath.Join(string(row.Name), "main.go"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.Name, diff)
		}
	}
}

// constantsIn are the names of a file's constants by their values, texts. It expects so many.
func constantsIn[T ~string](t *testing.T, path string, want int) map[T]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[T]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				value, _ := strconv.Unquote(literal.Value)
				constants[T(value)] = spec.Names[0].Name
			}
		}
		return true
	})
	if len(constants) != want {
		t.Fatalf("found %d constants, not %d", len(constants), want)
	}
	return constants
}

// mainCall is the one call in a main: the function and its arguments, as they are written.
func mainCall(t *testing.T, path string) []string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(file.Doc.Text(), "Command "+filepath.Base(filepath.Dir(path))+" ") {
		t.Errorf("%s: its comment does not begin with its name", path)
	}
	var mains []*ast.FuncDecl
	for _, declared := range file.Decls {
		if f, ok := declared.(*ast.FuncDecl); ok {
			mains = append(mains, f)
		}
	}
	if len(mains) != 1 || len(mains[0].Body.List) != 1 {
		t.Fatalf("%s: not one function with one statement", path)
	}
	statement, _ := mains[0].Body.List[0].(*ast.ExprStmt)
	if statement == nil {
		t.Fatalf("%s: the statement is no call", path)
	}
	call, _ := statement.X.(*ast.CallExpr)
	if call == nil {
		t.Fatalf("%s: the statement is no call", path)
	}
	text := func(n ast.Node) string {
		return string(source[files.Position(n.Pos()).Offset:files.Position(n.End()).Offset])
	}
	parts := []string{text(call.Fun)}
	for _, argument := range call.Args {
		parts = append(parts, text(argument))
	}
	return parts
}

// TestFunctionsLinkWhatTheirRowAsksFor: what a function links is what it costs to start it. KMS is linked where the row
// names a KMS action, S3 where it names the archive, the SDK's config package and what only the local server uses nowhere.
func TestFunctionsLinkWhatTheirRowAsksFor(t *testing.T) {
	const (
		kms = "github.com/aws/aws-sdk-go-v2/service/kms"
		s3  = "github.com/aws/aws-sdk-go-v2/service/s3"
	)
	never := []string{
		"github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/service/sts",
		"go.etcd.io/bbolt", "github.com/spf13/cobra", "net/rpc",
		"strongroom/pkg/table/bolt", "strongroom/pkg/gateway", "strongroom/pkg/localkms",
	}
	linked := dependencies(t)
	for _, row := range operation.Table {
		deps := linked["strongroom/functions/"+string(row.Name)]
		if want := len(row.Access.StorageKey)+len(row.Access.SigningKey) > 0; slices.Contains(deps, kms) != want {
			t.Errorf("%s: links KMS: %t, want %t", row.Name, !want, want)
		}
		if want := row.Access.Archive; slices.Contains(deps, s3) != want {
			t.Errorf("%s: links S3: %t, want %t", row.Name, !want, want)
		}
		if !slices.Contains(deps, "github.com/aws/aws-sdk-go-v2/service/dynamodb") {
			t.Errorf("%s: does not link DynamoDB; is this list of dependencies right?", row.Name)
		}
		for _, path := range never {
			if slices.Contains(deps, path) {
				t.Errorf("%s: links %s", row.Name, path)
			}
		}
	}
}

// dependencies are the packages that each function links.
func dependencies(t *testing.T) map[string][]string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", tags, "-json=ImportPath,Deps", "./...")
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	output, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", withStderr(err))
	}
	linked := map[string][]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return linked
		} else if err != nil {
			t.Fatal(err)
		}
		linked[p.ImportPath] = p.Deps
	}
}

func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}

// build builds functions as `make functions` does, for an architecture, and answers where they are.
func build(t *testing.T, architecture, which string) string {
	t.Helper()
	out := t.TempDir() + string(filepath.Separator)
	command := exec.CommandContext(t.Context(), "go", "build", tags, "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, which)
	command.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+architecture, "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return out
}

// TestBinariesAreSmall: Lambda's cold start grows with what it has to fetch and link. What links S3 has 2 MB more; it runs once
// an hour and nobody waits for it.
func TestBinariesAreSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds all functions")
	}
	const usual, withS3 = 10_000_000, 12_000_000
	out := build(t, "arm64", "./...")
	for _, row := range operation.Table {
		name, most := string(row.Name), int64(usual)
		if row.Access.Archive {
			most = withS3
		}
		info, err := os.Stat(filepath.Join(out, name))
		switch {
		case err != nil:
			t.Error(err)
		case info.Size() >= most:
			t.Errorf("%s: %d bytes; at most %d", name, info.Size(), most)
		case name == string(operation.GetSecret):
			t.Logf("%s: %d bytes", name, info.Size())
		}
	}
}

// host is where the tests run; the binaries are for Linux, so that elsewhere they can't be started.
func host(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("functions run on Linux")
	}
	return runtime.GOARCH
}
