package api_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// document is openapi.yaml, read.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentIsValidOpenAPI31(t *testing.T) {
	doc := document(t)
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("the document is OpenAPI %s", doc.OpenAPI)
	}
	err := doc.Validate(t.Context(),
		openapi3.EnableExamplesValidation(), openapi3.EnableSchemaDefaultsValidation(), openapi3.EnableMultiError())
	if err != nil {
		t.Error(err)
	}
}

func TestOnlySignedRequestsAreServed(t *testing.T) {
	doc := document(t)
	if diff := cmp.Diff(openapi3.SecurityRequirements{{"sigv4": {}}}, doc.Security); diff != "" {
		t.Errorf("what all operations ask for (-want +got):\n%s", diff)
	}
	scheme := doc.Components.SecuritySchemes["sigv4"].Value
	if scheme.Type != "apiKey" || scheme.In != "header" || scheme.Name != "Authorization" ||
		scheme.Extensions["x-amazon-apigateway-authtype"] != "awsSigv4" {
		t.Errorf("sigv4 is not what API Gateway calls AWS_IAM: %+v", scheme)
	}
	for _, o := range operations(doc) {
		if o.Security != nil {
			t.Errorf("%s asks for something else", o.OperationID)
		}
	}
}

// A documented operation is what the document says of one, parameters of its path included.
type documented struct {
	*openapi3.Operation
	route      operation.HTTP
	parameters map[string]*openapi3.ParameterRef // by "in name"
}

// operations are all that the document has, by operationId.
func operations(doc *openapi3.T) map[operation.Name]documented {
	all := map[operation.Name]documented{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			d := documented{Operation: o, parameters: map[string]*openapi3.ParameterRef{}}
			d.route = operation.HTTP{Method: method, Path: path, Body: o.RequestBody != nil, Status: d.success()}
			for _, p := range slices.Concat(item.Parameters, o.Parameters) {
				d.parameters[p.Value.In+" "+p.Value.Name] = p
				if p.Value.In == "query" {
					d.route.Query = append(d.route.Query, p.Value.Name)
				}
			}
			all[operation.Name(o.OperationID)] = d
		}
	}
	return all
}

// success is the status of the first success: a 201's 200 says that it was a repetition.
func (d documented) success() int {
	for _, status := range []int{201, 200, 204} {
		if d.Responses.Status(status) != nil {
			return status
		}
	}
	return 0
}

// routes are the table's rows that HTTP leads to.
func routes(t *testing.T) map[operation.Name]operation.HTTP {
	t.Helper()
	all := map[operation.Name]operation.HTTP{}
	for _, row := range operation.Table {
		if route, ok := row.Trigger.(operation.HTTP); ok {
			all[row.Name] = route
		}
	}
	if len(all) < 34 {
		t.Fatalf("the table has %d routes only", len(all))
	}
	return all
}

func TestTheDocumentIsTheOperationTable(t *testing.T) {
	want, got := routes(t), map[operation.Name]operation.HTTP{}
	for name, d := range operations(document(t)) {
		got[name] = d.route
		if row, ok := operation.Lookup(name); ok && d.Summary != row.Summary {
			t.Errorf("%s: the summary is %q, the table's %q", name, d.Summary, row.Summary)
		}
		if d.Description == "" || len(d.Tags) != 1 {
			t.Errorf("%s has no description, or not one tag", name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table and the document (-table +document):\n%s", diff)
	}
}

func TestEveryPathHasItsParameters(t *testing.T) {
	for name, d := range operations(document(t)) {
		want := d.route.PathParameters()
		var got []string
		for key, p := range d.parameters {
			if parameter, ok := strings.CutPrefix(key, "path "); ok {
				got = append(got, parameter)
				if schema := p.Value.Schema.Ref; !strings.HasSuffix(schema, "/ID") && parameter != "version" {
					t.Errorf("%s: %s is a %s", name, parameter, schema)
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: the path has %v, described are %v", name, want, got)
		}
	}
}

// statuses are what an operation may answer: most of it follows from what it is.
func statuses(d documented, tagged bool) []int {
	can := []int{d.route.Status, 400, 403, 429, 500, 503}
	if d.route.Status == 201 {
		can = append(can, 200)
	}
	if d.route.Body {
		can = append(can, 413)
	}
	if len(d.route.PathParameters()) > 0 {
		can = append(can, 404)
	}
	if d.route.Method == "GET" && tagged {
		can = append(can, 304)
	}
	if d.conditional() {
		can = append(can, 412)
	}
	if slices.Contains(conflicting, operation.Name(d.OperationID)) {
		can = append(can, 409)
	}
	slices.Sort(can)
	return can
}

// conditional says whether an operation takes If-Match: whatever changes one thing that has an ETag.
func (d documented) conditional() bool {
	return d.route.Method == "PUT" || d.OperationID == string(operation.AddProjectKey)
}

// conflicting are the operations that may not go together with what is there.
var conflicting = []operation.Name{
	operation.CreatePrincipal, operation.UpdatePrincipal, operation.DeletePrincipal, operation.PutIdentities,
	operation.DisablePrincipal, operation.CreateProject, operation.UpdateProject, operation.AddProjectKey,
	operation.CreateSecret, operation.UpdateSecret, operation.RestoreSecretVersion, operation.PutProjectAccess, operation.PutSecretAccess,
	operation.BreakGlass, operation.ClaimRotation, operation.PutPendingVersion, operation.PromoteVersion, operation.DiscardPendingVersion,
	operation.ReportRotation, operation.PutRotation, operation.DeleteRotation, operation.RotateSecret,
}

func TestEveryStatusIsDescribed(t *testing.T) {
	for name, d := range operations(document(t)) {
		var got []int
		for status := range d.Responses.Map() {
			n, err := strconv.Atoi(status)
			if err != nil {
				t.Errorf("%s: %s is no status", name, status)
			}
			got = append(got, n)
		}
		slices.Sort(got)
		if diff := cmp.Diff(statuses(d, hasTag(name)), got); diff != "" {
			t.Errorf("%s: statuses (-want +got):\n%s", name, diff)
		}
	}
}

func TestConditionsGoWithTags(t *testing.T) {
	for name, d := range operations(document(t)) {
		tagged := hasTag(name)
		if _, has := d.parameters["header If-Match"]; has != d.conditional() {
			t.Errorf("%s: If-Match is described: %t", name, has)
		}
		if _, has := d.parameters["header If-None-Match"]; has != (d.route.Method == "GET" && tagged) {
			t.Errorf("%s: If-None-Match is described: %t", name, has)
		}
		for status, response := range d.Responses.Map() {
			want := []string{"x-request-id"}
			if tagged && status < "400" {
				want = append(want, "ETag")
			}
			if status == "429" {
				want = append(want, "Retry-After")
			}
			slices.Sort(want)
			if got := slices.Sorted(maps.Keys(response.Value.Headers)); !slices.Equal(want, got) {
				t.Errorf("%s %s: the headers are %v, not %v", name, status, got, want)
			}
		}
	}
}

func TestErrorsAreTheStatusTable(t *testing.T) {
	doc := document(t)
	const components = "#/components/responses/"
	described := map[string]bool{}
	for name, d := range operations(doc) {
		for status, response := range d.Responses.Map() {
			code := strings.TrimPrefix(response.Ref, components)
			described[code] = true
			if status < "300" || code == "notModified" && status == "304" {
				continue
			}
			if want := strconv.Itoa(api.Statuses[api.Code(code)]); status != want {
				t.Errorf("%s: %s is answered as %s, not as %s", name, code, want, status)
			}
		}
	}
	for code := range api.Statuses {
		if !described[string(code)] {
			t.Errorf("no operation answers %s", code)
		}
		checkError(t, code, doc.Components.Responses[string(code)])
	}
	if n := len(doc.Components.Responses); n != len(api.Statuses)+1 {
		t.Errorf("%d kinds of response are described, %d codes and notModified are there", n, len(api.Statuses))
	}
}

// checkError checks that the response of a code has an error's body, and an example with that code.
func checkError(t *testing.T, code api.Code, response *openapi3.ResponseRef) {
	t.Helper()
	if response == nil {
		t.Errorf("%s is not described", code)
		return
	}
	body := response.Value.Content["application/json"]
	example, schema := body.Example, body.Schema.Ref
	if code == api.CodeForbidden { // API Gateway answers that too
		example, schema = body.Examples["strongroom"].Value.Value, body.Schema.Value.OneOf[0].Ref
		if other := body.Schema.Value.OneOf[1].Ref; nameOf(other) != "GatewayError" {
			t.Errorf("%s may be a %s", code, other)
		}
		gateway := body.Examples["gateway"].Value.Value
		if diff := cmp.Diff(map[string]any{"message": "Forbidden"}, gateway); diff != "" {
			t.Errorf("API Gateway's own answer (-want +got):\n%s", diff)
		}
	}
	if nameOf(schema) != "ErrorBody" {
		t.Errorf("%s has the body %s", code, schema)
	}
	shown, _ := example.(map[string]any)
	inner, _ := shown["error"].(map[string]any)
	if inner["code"] != string(code) {
		t.Errorf("the example of %s is %v", code, example)
	}
}
