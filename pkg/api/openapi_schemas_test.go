package api_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// bodies are what each operation takes and answers.
var bodies = map[operation.Name]struct{ in, out any }{
	operation.Whoami:                {nil, api.Me{}},
	operation.GetOrganization:       {nil, api.Organization{}},
	operation.UpdateOrganization:    {api.UpdateOrganization{}, api.Organization{}},
	operation.ListPrincipals:        {nil, api.List[api.Principal]{}},
	operation.CreatePrincipal:       {api.CreatePrincipal{}, api.Principal{}},
	operation.GetPrincipal:          {nil, api.Principal{}},
	operation.UpdatePrincipal:       {api.UpdatePrincipal{}, api.Principal{}},
	operation.DeletePrincipal:       {nil, nil},
	operation.PutIdentities:         {api.PutIdentities{}, api.Principal{}},
	operation.ListGroupMembers:      {nil, api.List[api.Principal]{}},
	operation.ChangeGroupMembers:    {api.ChangeGroupMembers{}, api.BulkResults{}},
	operation.DisablePrincipal:      {nil, api.Principal{}},
	operation.EnablePrincipal:       {nil, api.Principal{}},
	operation.ListProjects:          {nil, api.List[api.Project]{}},
	operation.CreateProject:         {api.CreateProject{}, api.Project{}},
	operation.GetProject:            {nil, api.Project{}},
	operation.UpdateProject:         {api.UpdateProject{}, api.Project{}},
	operation.AddProjectKey:         {api.NewProjectKey{}, api.AddedProjectKey{}},
	operation.DeleteProjects:        {api.IDs{}, api.BulkResults{}},
	operation.ListSecrets:           {nil, api.List[api.SecretEntry]{}},
	operation.CreateSecret:          {api.CreateSecret{}, api.Secret{}},
	operation.GetSecret:             {nil, api.Secret{}},
	operation.GetSecretByName:       {nil, api.Secret{}},
	operation.UpdateSecret:          {api.UpdateSecret{}, api.Secret{}},
	operation.DeleteSecrets:         {api.IDs{}, api.BulkResults{}},
	operation.GetSecretsByIDs:       {api.IDs{}, api.Secrets{}},
	operation.ListProjectSecrets:    {nil, api.List[api.ProjectSecret]{}},
	operation.GetProjectValues:      {nil, api.List[api.ProjectValue]{}},
	operation.ListSecretVersions:    {nil, api.List[api.SecretVersion]{}},
	operation.GetSecretVersion:      {nil, api.SecretVersion{}},
	operation.RestoreSecretVersion:  {api.RestoreSecretVersion{}, api.Secret{}},
	operation.GetRotation:           {nil, api.Rotation{}},
	operation.PutRotation:           {api.PutRotation{}, api.Rotation{}},
	operation.DeleteRotation:        {nil, nil},
	operation.RotateSecret:          {api.RotateSecret{}, api.RotationRun{}},
	operation.ClaimRotation:         {api.ClaimRotation{}, api.RotationTask{}},
	operation.PutPendingVersion:     {api.PutPendingVersion{}, api.SecretVersion{}},
	operation.PromoteVersion:        {api.PromoteVersion{}, api.SecretVersion{}},
	operation.DiscardPendingVersion: {api.DiscardPendingVersion{}, api.RotationRun{}},
	operation.ReportRotation:        {api.ReportRotation{}, api.RotationRun{}},
	operation.GetProjectAccess:      {nil, api.AccessPolicy{}},
	operation.PutProjectAccess:      {api.AccessPolicy{}, api.AccessPolicy{}},
	operation.GetSecretAccess:       {nil, api.AccessPolicy{}},
	operation.PutSecretAccess:       {api.AccessPolicy{}, api.AccessPolicy{}},
	operation.ListSecretPrincipals:  {nil, api.List[api.SecretPrincipal]{}},
	operation.ListPrincipalAccess:   {nil, api.List[api.PrincipalAccess]{}},
	operation.ExplainAccess:         {nil, api.Explanation{}},
	operation.BreakGlass:            {api.BreakGlass{}, api.Grant{}},
	operation.ListTrash:             {nil, api.List[api.TrashEntry]{}},
	operation.RestoreFromTrash:      {api.RestoreFromTrash{}, api.BulkResults{}},
	operation.PurgeTrash:            {api.IDs{}, api.BulkResults{}},
	operation.ListEvents:            {nil, api.List[api.Event]{}},
	operation.ListSecretEvents:      {nil, api.List[api.Event]{}},
	operation.ListSecretReaders:     {nil, api.List[api.Reader]{}},
	operation.ListPrincipalReads:    {nil, api.List[api.PrincipalRead]{}},
	operation.ListRotations:         {nil, api.List[api.RotationEntry]{}},
	operation.ListSeals:             {nil, api.List[api.SealEntry]{}},
	operation.ExportEvents:          {nil, api.EventExport{}},
}

// hasTag says whether an operation answers one mutable thing, or what is polled for.
func hasTag(name operation.Name) bool {
	out := bodies[name].out
	if out == nil || name == operation.GetProjectValues {
		return out != nil
	}
	_, inside := reflect.TypeOf(out).FieldByName("ETag")
	return inside || reflect.TypeOf(out) == reflect.TypeFor[api.AccessPolicy]()
}

func TestEveryBodyHasItsType(t *testing.T) {
	all := operations(document(t))
	for name := range routes(t) {
		d, types := all[name], bodies[name]
		if d.RequestBody != nil && !d.RequestBody.Value.Required {
			t.Errorf("%s: the body may be left out", name)
		}
		if got, want := requestOf(d), schemaName(types.in); got != want {
			t.Errorf("%s takes %q, not %q", name, got, want)
		}
		for _, status := range []int{200, 201, 204} {
			response := d.Responses.Status(status)
			if response == nil {
				continue
			}
			if got, want := contentOf(response.Value.Content), schemaName(types.out); got != want {
				t.Errorf("%s answers %q with %d, not %q", name, got, status, want)
			}
		}
	}
}

func requestOf(d documented) string {
	if d.RequestBody == nil {
		return ""
	}
	return contentOf(d.RequestBody.Value.Content)
}

// contentOf names the schema of JSON content; "" where there is none.
func contentOf(content openapi3.Content) string {
	if body := content["application/json"]; len(content) == 1 && body != nil {
		return nameOf(body.Schema.Ref)
	}
	return ""
}

func nameOf(ref string) string { return strings.TrimPrefix(ref, "#/components/schemas/") }

// schemaName is what the document calls a type: its name, or the name of a list's elements and List.
func schemaName(v any) string {
	if v == nil {
		return ""
	}
	return typeName(reflect.TypeOf(v))
}

func typeName(t reflect.Type) string {
	if data, ok := t.FieldByName("Data"); ok && strings.HasPrefix(t.Name(), "List[") {
		return strings.TrimSuffix(data.Type.Elem().Name(), "Entry") + "List"
	}
	return t.Name()
}

// reachable are all structs that bodies are made of, by the name of their schema.
func reachable() map[string]reflect.Type {
	found := map[string]reflect.Type{}
	var visit func(reflect.Type)
	visit = func(t reflect.Type) {
		switch {
		case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice:
			visit(t.Elem())
		case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() && found[typeName(t)] == nil:
			found[typeName(t)] = t
			for _, f := range reflect.VisibleFields(t) {
				if !f.Anonymous { // its fields are visible themselves
					visit(f.Type)
				}
			}
		}
	}
	for _, b := range bodies {
		for _, v := range []any{b.in, b.out, api.ErrorBody{}} {
			if v != nil {
				visit(reflect.TypeOf(v))
			}
		}
	}
	return found
}

// words are the schemas that stand for no struct: what fields are made of, and the one body that is not ours.
var words = []string{
	"ID", "NewID", "Time", "ETag", "VersionNumber", "Name", "SecretName", "Value", "Note", "Email",
	"Kind", "Role", "Permission", "Reach", "Resource", "Cause", "Encryption", "Stage", "SealKind", "Code", "GatewayError",
	"MembersCreateProjects", "EventRetentionDays", "TrashRetentionDays", "RotateOnLeave", "GivenReason",
	"RotationState", "RotationStep", "RotationCause", "RotationOutcome", "RotationSettings", "RotationFailure", "Departure",
}

// notOverHTTP are the package's structs that no body over HTTP is made of.
var notOverHTTP = map[string]string{
	"List":               "generic; each list has a schema of its own",
	"Page":               "is sent as query parameters",
	"CreateOrganization": "has no route",
	"RotationLease":      "its fields are those of the requests that it is in: no schema that refuses other fields can have all of another",
}

func TestSchemasAreTheGoTypes(t *testing.T) {
	doc, types := document(t), reachable()
	want := slices.Sorted(maps.Keys(types))
	var got []string
	for name := range doc.Components.Schemas {
		if !slices.Contains(words, name) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the types and the schemas (-types +schemas):\n%s", diff)
	}
	declared := declaredIn(t, ".")
	for _, name := range declared.structs {
		if types[name] == nil && notOverHTTP[name] == "" {
			t.Errorf("%s is in no body", name)
		}
	}
	if len(declared.structs) < 35 {
		t.Errorf("only %d types are declared", len(declared.structs))
	}
	for name, typ := range types {
		if schema := doc.Components.Schemas[name]; schema != nil {
			checkStruct(t, name, schema.Value, typ)
		}
	}
}

func TestEverySchemaIsReferredTo(t *testing.T) {
	referred := map[string]bool{}
	for _, found := range regexp.MustCompile(`"#/components/schemas/(\w+)"`).FindAllSubmatch(api.OpenAPI, -1) {
		referred[string(found[1])] = true
	}
	for name := range document(t).Components.Schemas {
		if !referred[name] {
			t.Errorf("nothing refers to %s", name)
		}
	}
}

// requests are the types that requests are made of; nothing else may be in them.
func requests() map[string]bool {
	found := map[string]bool{}
	var visit func(reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			visit(t.Elem())
		case reflect.Struct:
			if found[t.Name()] = true; t == reflect.TypeFor[time.Time]() {
				return
			}
			for _, f := range reflect.VisibleFields(t) {
				visit(f.Type)
			}
		}
	}
	for _, b := range bodies {
		if b.in != nil {
			visit(reflect.TypeOf(b.in))
		}
	}
	return found
}

func checkStruct(t *testing.T, name string, schema *openapi3.Schema, typ reflect.Type) {
	t.Helper()
	if !schema.Type.Is("object") {
		t.Errorf("%s is no object", name)
	}
	closed := schema.AdditionalProperties.Has != nil && !*schema.AdditionalProperties.Has
	if want := requests()[name]; closed != want {
		t.Errorf("%s: additional properties are refused: %t", name, closed)
	}
	var fields, required []string
	for _, f := range reflect.VisibleFields(typ) {
		if f.Anonymous {
			continue // its fields are visible themselves
		}
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, tag)
		if options == "" {
			required = append(required, tag)
		}
		if property := schema.Properties[tag]; property != nil {
			checkField(t, name+"."+tag, property, f.Type)
		}
	}
	slices.Sort(fields)
	slices.Sort(required)
	if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(schema.Properties))); diff != "" {
		t.Errorf("%s: fields (-type +schema):\n%s", name, diff)
	}
	if diff := cmp.Diff(required, slices.Sorted(slices.Values(schema.Required))); diff != "" {
		t.Errorf("%s: required fields (-type +schema):\n%s", name, diff)
	}
}

// checkField compares a field's schema with its Go type.
func checkField(t *testing.T, field string, got *openapi3.SchemaRef, typ reflect.Type) {
	t.Helper()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	isRef := func(names ...string) bool { return slices.Contains(names, nameOf(got.Ref)) }
	is := func(kind string) bool { return got.Value.Type.Is(kind) }
	var ok bool
	switch {
	case typ == reflect.TypeFor[uuid.UUID]():
		ok = isRef("ID")
		if strings.HasPrefix(field, "Create") && strings.HasSuffix(field, ".id") || field == "RotateSecret.id" {
			ok = isRef("NewID")
		}
	case typ == reflect.TypeFor[time.Time]():
		ok = isRef("Time")
	case typ == reflect.TypeFor[json.RawMessage]():
		ok = isRef("RotationSettings")
	case typ == reflect.TypeFor[[]byte]():
		ok = is("string") && got.Value.ContentEncoding == "base64"
	case typ.Kind() == reflect.Struct, typ.PkgPath() != "": // a struct, or a word with a type of its own
		ok = isRef(typ.Name())
	case typ.Kind() == reflect.Slice:
		if ok = is("array"); ok {
			checkField(t, field+"[]", got.Value.Items, typ.Elem())
		}
	case typ.Kind() == reflect.String:
		ok = is("string") && len(got.Value.Enum) == 0 && !isRef("ID", "NewID", "Time")
		if strings.HasSuffix(field, ".etag") {
			ok = isRef("ETag")
		}
	case typ.Kind() == reflect.Bool:
		ok = is("boolean")
	case typ.Kind() == reflect.Int64:
		ok = is("integer") && got.Value.Format == "int64"
	}
	if !ok {
		t.Errorf("%s is a %s in Go, and %s %v in the document", field, typ, got.Ref, got.Value.Type)
	}
}
