// Package pkg_test holds the import arrows of the whole module: who may import whom, which libraries, and who may read
// the environment. Arrows point from adapters and roots to the domain to the plain packages, never back.
package pkg_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "strongroom"

// A rule is what one package may do.
type rule struct {
	// arrows are the packages of ours that it may import; "…" stands for all but test helpers.
	arrows []string
	// libraries are what it imports of others, each with the reason. Packages beneath one are meant too.
	libraries map[string]string
	// pure packages do no I/O of their own: they import neither os nor net, nor what hides one.
	pure bool
	// environment says that it may read environment variables.
	environment bool
	// helper says that it serves tests: nothing but tests and helpers imports it.
	helper bool
}

// The layers. What is plain imports nothing of ours but what is said at its rule.
var (
	plain = []string{
		"pkg/access", "pkg/api", "pkg/audit", "pkg/audit/evidence", "pkg/clientcrypto", "pkg/envelope", "pkg/iampolicy", "pkg/identity",
		"pkg/metric", "pkg/operation", "pkg/table",
	}
	domain    = []string{"pkg/rotation", "pkg/secrets"}
	beneath   = slices.Concat(plain, domain) // what adapters stand on
	roots     = []string{"…"}
	rotatorOf = []string{"pkg/rotation", "pkg/rotation/rotators"}
	// What a worker is put together of.
	rotatorsOfAll = append(slices.Clone(rotatorOf), "pkg/app/workers", "pkg/rotation/rotators/awslambda", "pkg/rotation/rotators/iamkey",
		"pkg/rotation/rotators/mysql", "pkg/rotation/rotators/postgresql", "pkg/rotation/rotators/random", "pkg/rotation/rotators/webhook")
	functions = []string{"pkg/app", "pkg/operation", "pkg/handler", "pkg/awskms", "pkg/awsbus", "pkg/awsarchive"}
)

// Reasons for libraries that several packages share.
const (
	uuids     = "ids are UUIDs"
	strict    = "JSON that refuses duplicate fields, unknown fields and invalid UTF-8"
	aws       = "AWS's own client"
	awsErrors = "the errors of AWS's own client"
	gatewayV2 = "API Gateway's and Lambda's own types"
	parallel  = "several reads at a time, ended by the first error"
	fileLock  = "locks a file between processes, as the go command does"
	diffs     = "says how two values differ"
)

// rules has every package of the module; those under functions share one.
var rules = map[string]rule{
	"functions/*": {arrows: functions},
	"functions/workers/*": {arrows: rotatorsOfAll, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws": "AWS's configuration, for rotators that ask AWS",
	}},

	"pkg/access":    {pure: true, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/metric":    {pure: true},
	"pkg/operation": {pure: true, arrows: []string{"pkg/access"}},
	"pkg/api":       {arrows: []string{"pkg/access", "pkg/audit"}, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/identity":  {pure: true},
	"pkg/iampolicy": {pure: true, libraries: map[string]string{"github.com/go-json-experiment/json": strict}},
	"pkg/audit": {pure: true, arrows: []string{"pkg/access"}, libraries: map[string]string{
		"github.com/fxamacker/cbor/v2": "events in a deterministic form that other languages read",
		"github.com/google/uuid":       uuids,
		"golang.org/x/mod/sumdb/tlog":  "Merkle trees of RFC 6962",
	}},
	"pkg/audit/evidence": {pure: true, arrows: []string{"pkg/api", "pkg/audit"}, libraries: map[string]string{
		"github.com/go-json-experiment/json": strict,
		"github.com/google/uuid":             uuids,
	}},
	"pkg/envelope": {pure: true, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/table":    {pure: true},
	// Beside the plain packages, for those that stand in for AWS: it leans on AWS's client, which the domain must not.
	"pkg/sigv4": {libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws": "signs again, with AWS's own signer, what is to be checked",
	}},
	// Beside them too, for those that keep a file.
	"pkg/wholefile": {},
	"pkg/clientcrypto": {pure: true, libraries: map[string]string{
		"github.com/google/uuid":             uuids,
		"github.com/go-json-experiment/json": strict,
		"github.com/go-jose/go-jose/v4":      "makes and opens JWEs",
	}},

	"pkg/rotation": {pure: true, arrows: []string{"pkg/api"}, libraries: map[string]string{
		"github.com/go-json-experiment/json": strict,
		"github.com/google/uuid":             uuids,
		"github.com/robfig/cron/v3":          "reads cron expressions, and says when they are due",
		"golang.org/x/text/unicode/norm":     "has what is said about a rotation in NFC",
	}},
	// Each rotator stands apart, so that a worker links the clients of its own kind alone.
	"pkg/rotation/rotators": {arrows: []string{"pkg/rotation"}, libraries: map[string]string{
		"github.com/go-json-experiment/json": "changes one member of a JSON object and leaves the rest as it is written",
		"github.com/google/uuid":             uuids,
		"golang.org/x/text/unicode/norm":     "knows values by either form of their letters",
	}},
	"pkg/rotation/rotators/database": {arrows: rotatorOf, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/rotation/rotators/postgresql": {
		arrows: append(slices.Clone(rotatorOf), "pkg/rotation/rotators/database"), libraries: map[string]string{
			"github.com/jackc/pgx/v5": "speaks with PostgreSQL",
			"github.com/xdg-go/scram": "derives what PostgreSQL keeps of a password",
		},
	},
	"pkg/rotation/rotators/mysql": {
		arrows: append(slices.Clone(rotatorOf), "pkg/rotation/rotators/database"), libraries: map[string]string{
			"github.com/go-sql-driver/mysql": "speaks with MySQL and MariaDB",
		},
	},

	"pkg/rotation/rotators/awslambda": {arrows: rotatorOf, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":            aws,
		"github.com/aws/aws-sdk-go-v2/service/lambda": "invokes the user's function",
		"github.com/aws/smithy-go":                    awsErrors,
		"github.com/go-json-experiment/json":          strict,
		"github.com/google/uuid":                      uuids,
	}},
	"pkg/rotation/rotators/iamkey": {arrows: rotatorOf, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":         aws,
		"github.com/aws/aws-sdk-go-v2/service/iam": "makes and deletes access keys",
		"github.com/aws/aws-sdk-go-v2/service/sts": "says whose a new key is",
		"github.com/aws/smithy-go":                 awsErrors,
	}},
	"pkg/rotation/rotators/random": {arrows: rotatorOf},
	"pkg/rotation/rotators/webhook": {arrows: rotatorOf, libraries: map[string]string{
		"github.com/go-json-experiment/json": strict,
		"github.com/google/uuid":             uuids,
	}},
	"pkg/rotation/worker": {arrows: []string{"pkg/api", "pkg/operation", "pkg/rotation", "pkg/rotation/rotators"}, libraries: map[string]string{
		"github.com/aws/aws-lambda-go/events": "the messages of SQS as Lambda functions get them",
		"github.com/google/uuid":              uuids,
	}},

	"pkg/secrets": {pure: true, arrows: append(slices.Clone(plain), "pkg/rotation"), libraries: map[string]string{
		"github.com/google/uuid":         uuids,
		"golang.org/x/sync/errgroup":     parallel,
		"golang.org/x/text/unicode/norm": "refuses names that are not in NFC",
	}},

	"pkg/handler": {arrows: beneath, libraries: map[string]string{
		"github.com/google/uuid":             uuids,
		"github.com/go-json-experiment/json": strict,
	}},
	"pkg/gateway": {arrows: append(slices.Clone(beneath), "pkg/handler", "pkg/sigv4", "pkg/wholefile"), libraries: map[string]string{
		"github.com/aws/aws-lambda-go":               gatewayV2,
		"github.com/rogpeppe/go-internal/lockedfile": fileLock,
	}},
	// Holds use cases to the operation table, for those that stand in for AWS.
	"pkg/table/allowed": {pure: true, arrows: []string{"pkg/operation", "pkg/table"}},
	"pkg/table/bolt": {arrows: beneath, libraries: map[string]string{
		"go.etcd.io/bbolt":             "the local store",
		"github.com/tinylib/msgp/msgp": "how items are written in it",
	}},
	"pkg/table/dynamo": {arrows: beneath, libraries: map[string]string{
		"github.com/aws/aws-lambda-go/events":           "the table's changes as Lambda functions get them",
		"github.com/aws/aws-sdk-go-v2/aws":              aws,
		"github.com/aws/aws-sdk-go-v2/service/dynamodb": aws,
		"github.com/aws/smithy-go":                      awsErrors,
		"golang.org/x/sync/errgroup":                    parallel,
	}},
	"pkg/awskms": {arrows: beneath, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":         aws,
		"github.com/aws/aws-sdk-go-v2/service/kms": aws,
		"github.com/aws/smithy-go":                 awsErrors,
	}},
	"pkg/awsbus": {arrows: beneath, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":                 aws,
		"github.com/aws/aws-sdk-go-v2/service/eventbridge": aws,
	}},
	"pkg/awsarchive": {arrows: beneath, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":        aws,
		"github.com/aws/aws-sdk-go-v2/service/s3": aws,
		"github.com/aws/smithy-go":                awsErrors,
	}},
	// No network: whatever it says, only its user said it.
	"pkg/client/config": {arrows: []string{"pkg/api", "pkg/wholefile"}, libraries: map[string]string{
		"github.com/go-json-experiment/json":         strict,
		"github.com/google/uuid":                     uuids,
		"github.com/pelletier/go-toml/v2":            "reads TOML, and says in which line things stand",
		"github.com/rogpeppe/go-internal/lockedfile": fileLock,
		"golang.org/x/sys/unix":                      "says whether a folder can be written",
		"golang.org/x/text/unicode/norm":             "refuses names that are not in NFC",
	}},
	"pkg/localkms": {arrows: append(slices.Clone(beneath), "pkg/sigv4", "pkg/wholefile"), libraries: map[string]string{
		"github.com/google/uuid":             uuids,
		"github.com/go-json-experiment/json": strict,
	}},

	// No KMS adapter: a main whose operation needs one brings it, so that the others don't link it.
	"pkg/app": {environment: true, arrows: append(slices.Clone(beneath), "pkg/handler", "pkg/table/dynamo"), libraries: map[string]string{
		"github.com/aws/aws-lambda-go":                           gatewayV2,
		"github.com/aws/aws-sdk-go-v2/aws":                       aws,
		"github.com/aws/aws-sdk-go-v2/credentials":               aws,
		"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter": "events to net/http requests",
		"github.com/go-json-experiment/json":                     strict,
		"github.com/google/uuid":                                 uuids,
	}},
	// The workers' root: clients, which know nothing of the server.
	"pkg/app/workers": {environment: true, arrows: []string{
		"pkg/api", "pkg/client", "pkg/client/config", "pkg/rotation", "pkg/rotation/rotators", "pkg/rotation/worker",
	}, libraries: map[string]string{
		"github.com/aws/aws-lambda-go/lambda": gatewayV2,
		"github.com/aws/aws-sdk-go-v2/aws":    aws,
		"github.com/google/uuid":              uuids,
	}},
	// The SDK knows nothing of the server but what both share: wire types, the operation table, the form of values, and what
	// may be an identity.
	"pkg/client": {arrows: []string{
		"pkg/access", "pkg/api", "pkg/client/config", "pkg/clientcrypto", "pkg/identity", "pkg/operation",
	}, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":                      "signs requests",
		"github.com/aws/aws-sdk-go-v2/config":                   "finds the caller's credentials where AWS's own tools do",
		"github.com/aws/aws-sdk-go-v2/credentials/processcreds": "knows its errors, which may hold credentials",
		"github.com/aws/aws-sdk-go-v2/service/kms":              "unwraps project keys and makes grants",
		"github.com/aws/smithy-go":                              awsErrors,
		"github.com/google/uuid":                                uuids,
		"golang.org/x/sync/errgroup":                            parallel,
	}},

	"pkg/cmd/cost":       {arrows: []string{"pkg/api", "pkg/envelope", "pkg/metric", "pkg/operation"}},
	"pkg/cmd/strongroom": {environment: true, arrows: roots},
	"pkg/cmd/strongroom/internal/cli": {arrows: roots, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":         aws,
		"github.com/aws/aws-sdk-go-v2/service/kms": "has it unwrap a project's key, for doctor",
		"github.com/google/uuid":                   uuids,
		"github.com/rogpeppe/go-internal/diff":     "unified diffs of values, the Go project's own algorithm",
		"github.com/rivo/uniseg":                   "how many places of a screen a text takes: wide characters take two",
		"github.com/schollz/progressbar/v3":        "progress of long work",
		"github.com/spf13/cobra":                   "commands, flags, their help and manual pages",
		"github.com/spf13/pflag":                   "cobra's flags, to be looked through",
		"golang.org/x/sync/errgroup":               parallel,
		"golang.org/x/sys/unix":                    "turns a terminal's echo off, and asks it whether more was pasted than one line",
		"golang.org/x/term":                        "asks without echo",
	}},
	"pkg/cmd/strongroom/internal/bus": {arrows: []string{"pkg/sigv4", "pkg/wholefile"}, libraries: map[string]string{
		"github.com/aws/aws-lambda-go":       gatewayV2,
		"github.com/go-json-experiment/json": strict,
		"github.com/google/uuid":             uuids,
	}},
	"pkg/cmd/strongroom/internal/deployed": {arrows: []string{"pkg/api", "pkg/iampolicy", "pkg/identity"}, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":            aws,
		"github.com/aws/aws-sdk-go-v2/service/iam":    "reads who may do what in the account",
		"github.com/aws/aws-sdk-go-v2/service/kms":    "reads the client key's policy",
		"github.com/aws/aws-sdk-go-v2/service/lambda": "invokes create-organization, and lists functions",
		"github.com/aws/aws-sdk-go-v2/service/sts":    "says whose credentials these are",
		"github.com/aws/smithy-go":                    awsErrors,
	}},
	"pkg/cmd/strongroom/internal/cfn": {libraries: map[string]string{"github.com/go-json-experiment/json": strict}},
	"pkg/cmd/strongroom/internal/prove": {
		arrows:    []string{"pkg/cmd/strongroom/internal/cfn", "pkg/iampolicy", "pkg/operation", "pkg/rotation", "pkg/table"},
		libraries: map[string]string{"github.com/go-json-experiment/json": strict},
	},
	"pkg/cmd/strongroom/internal/dotenv":  {pure: true},
	"pkg/cmd/strongroom/internal/environ": {pure: true},
	"pkg/cmd/strongroom/internal/export": {
		pure: true, arrows: []string{"pkg/cmd/strongroom/internal/dotenv"}, libraries: map[string]string{
			"github.com/go-json-experiment/json": "JSON with its members in a given order",
			"go.yaml.in/yaml/v4":                 "YAML, of which quoting is the hard part",
		},
	},
	"pkg/cmd/strongroom/internal/local": {arrows: roots, libraries: map[string]string{
		"github.com/aws/aws-lambda-go/lambda":        gatewayV2,
		"github.com/aws/aws-sdk-go-v2/aws":           "credentials of seeded callers",
		"github.com/google/uuid":                     uuids,
		"github.com/rogpeppe/go-internal/lockedfile": fileLock,
	}},
	"pkg/cmd/strongroom/internal/rotator": {arrows: rotatorsOfAll, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws": "AWS's configuration, for rotators that ask AWS",
	}},
	"pkg/cmd/strongroom/internal/trigger": {
		arrows: []string{"pkg/operation", "pkg/table", "pkg/table/bolt", "pkg/table/dynamo", "pkg/wholefile"}, libraries: map[string]string{
			"github.com/aws/aws-lambda-go": gatewayV2,
			"github.com/google/uuid":       uuids,
		},
	},

	"pkg/clientcrypto/clientcryptotest": {helper: true, libraries: map[string]string{
		"github.com/go-jose/go-jose/v4": "makes the JWEs that are to be taken or refused",
		"github.com/google/uuid":        uuids,
	}},
	"pkg/metric/metrictest": {helper: true},
	"pkg/localkms/kmstest": {helper: true, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws":         aws,
		"github.com/aws/aws-sdk-go-v2/service/kms": "asks as clients do",
		"github.com/aws/smithy-go":                 awsErrors,
	}},
	"pkg/rotation/rotators/rotatortest":           {helper: true, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/rotation/rotators/database/databasetest": {helper: true, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/rotation/rotators/awslambda/lambdatest":  {helper: true, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/rotation/rotators/iamkey/iamtest":        {helper: true, libraries: map[string]string{"github.com/aws/aws-sdk-go-v2/aws": aws}},
	"pkg/rotation/rotators/dbtest": {helper: true, environment: true, libraries: map[string]string{
		"github.com/go-sql-driver/mysql": "asks MariaDB as programs do",
		"github.com/jackc/pgx/v5":        "asks PostgreSQL as programs do",
	}},
	"pkg/rotation/worker/workertest": {helper: true, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/secrets/secretstest":        {helper: true, libraries: map[string]string{"github.com/google/uuid": uuids}},
	"pkg/table/tabletest": {helper: true, libraries: map[string]string{
		"github.com/google/go-cmp/cmp": diffs,
		"github.com/google/uuid":       uuids,
		"golang.org/x/sync/errgroup":   parallel,
	}},
	"pkg/table/tabletest/faulty": {helper: true},
	"pkg/table/dynamo/dynamotest": {helper: true, environment: true, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2": aws,
		"github.com/google/uuid":       uuids,
	}},
	"pkg/table/dynamo/meter": {helper: true, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2": aws,
		"github.com/aws/smithy-go":     "counts requests where they are sent",
	}},
	"pkg/cmd/strongroom/internal/bench": {helper: true},
	"pkg/cmd/strongroom/internal/runtimeapi": {helper: true, libraries: map[string]string{
		"github.com/aws/aws-lambda-go": gatewayV2,
		"github.com/google/uuid":       uuids,
	}},
	"pkg/cmd/strongroom/internal/local/localtest": {helper: true, libraries: map[string]string{
		"github.com/aws/aws-sdk-go-v2/aws": "signs requests",
	}},
}

// impure are the packages of the standard library by which I/O is done.
var impure = []string{"os", "net", "net/http", "os/exec", "syscall", "io/ioutil", "plugin", "database/sql", "log/syslog"}

// A listed package is one that the go command found in the module.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
}

// name is the package's path within the module.
func (p listed) name() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// ruleOf is the rule of a package, by its path within the module.
func ruleOf(name string) (rule, string, bool) {
	for _, key := range []string{name, path.Dir(name) + "/*"} {
		if r, ok := rules[key]; ok {
			return r, key, true
		}
	}
	return rule{}, "", false
}

// packages are all packages of the module that have more than tests.
func packages(t *testing.T) []listed {
	t.Helper()
	// Looking into every folder tells the go command's test cache that this test depends on what is in there.
	for _, root := range []string{".", filepath.FromSlash("../functions")} {
		if err := filepath.WalkDir(root, func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
			t.Fatal(err)
		}
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,GoFiles,Imports", module+"/...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) < 50 {
		t.Fatalf("only %d packages were found", len(all))
	}
	return all
}

func TestImportsPointTheRightWay(t *testing.T) {
	for _, p := range packages(t) {
		r, _, ok := ruleOf(p.name())
		if !ok {
			t.Errorf("%s has no rule: say in imports_test.go what it may import, and why", p.name())
			continue
		}
		for _, imported := range p.Imports {
			if complaint := r.check(imported); complaint != "" {
				t.Errorf("%s imports %s: %s", p.name(), imported, complaint)
			}
		}
	}
}

// check says, as the rest of a sentence, why a package of that rule may not import another.
func (r rule) check(imported string) string {
	inside, ours := strings.CutPrefix(imported, module+"/")
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case ours:
		return r.checkArrow(inside)
	case strings.Contains(first, "."):
		if r.library(imported) == "" {
			return "the library is not among those that it may use; if it is needed, say why in imports_test.go"
		}
	case imported == "unsafe" || imported == "C":
		return "nothing here needs it"
	case r.pure && slices.Contains(impure, imported):
		return "it is to do no I/O of its own; an adapter does, behind an interface"
	}
	return ""
}

func (r rule) checkArrow(inside string) string {
	if inside == "infra" || strings.HasPrefix(inside, "infra/") {
		return "nothing imports infra"
	}
	to, _, _ := ruleOf(inside)
	switch {
	case to.helper && !r.helper:
		return "that one serves tests alone"
	case r.helper, slices.Contains(r.arrows, inside), slices.Contains(r.arrows, "…"):
		return ""
	}
	return "no arrow of the design points that way"
}

// library is the entry of the rule that allows a library; empty where none does.
func (r rule) library(imported string) string {
	for prefix := range r.libraries {
		if imported == prefix || strings.HasPrefix(imported, prefix+"/") {
			return prefix
		}
	}
	return ""
}

// A rule that nothing needs any longer would let the next mistake through.
func TestRulesAreNeeded(t *testing.T) {
	needed := map[string]map[string]bool{}
	for _, p := range packages(t) {
		r, key, _ := ruleOf(p.name())
		if needed[key] == nil {
			needed[key] = map[string]bool{}
		}
		for _, imported := range p.Imports {
			needed[key][r.library(imported)] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(rules)) {
		if needed[key] == nil {
			t.Errorf("%s has a rule, but is not there", key)
			continue
		}
		for library := range rules[key].libraries {
			if !needed[key][library] {
				t.Errorf("%s may use %s, but does not", key, library)
			}
		}
	}
}

func TestOnlyRootsReadTheEnvironment(t *testing.T) {
	var readers []string
	for _, p := range packages(t) {
		r, key, _ := ruleOf(p.name())
		for _, name := range p.GoFiles {
			for _, read := range environmentReads(t, filepath.Join(p.Dir, name)) {
				readers = append(readers, key)
				if !r.environment {
					t.Errorf("%s/%s calls %s: only pkg/app and the commands read the environment", p.name(), name, read)
				}
			}
		}
	}
	for key, r := range rules {
		if r.environment && !slices.Contains(readers, key) {
			t.Errorf("%s may read the environment, but does not", key)
		}
	}
}

// environmentReads are the places in a file where functions that read the environment are named.
func environmentReads(t *testing.T, name string) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	locals := map[string]string{} // what packages are called in this file
	for _, i := range file.Imports {
		imported := strings.Trim(i.Path.Value, `"`)
		if locals[imported] = path.Base(imported); i.Name != nil {
			locals[imported] = i.Name.Name
		}
	}
	readers := []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}
	var reads []string
	ast.Inspect(file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains(readers, selector.Sel.Name) {
			return true
		}
		if from, ok := selector.X.(*ast.Ident); ok && (from.Name == locals["os"] || from.Name == locals["syscall"]) {
			reads = append(reads, fmt.Sprintf("%s.%s in line %d", from.Name, selector.Sel.Name, files.Position(n.Pos()).Line))
		}
		return true
	})
	return reads
}
