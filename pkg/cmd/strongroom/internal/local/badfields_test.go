package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// requests are the types of the bodies.
var requests = map[operation.Name]reflect.Type{
	operation.UpdateOrganization:    reflect.TypeFor[api.UpdateOrganization](),
	operation.CreatePrincipal:       reflect.TypeFor[api.CreatePrincipal](),
	operation.UpdatePrincipal:       reflect.TypeFor[api.UpdatePrincipal](),
	operation.PutIdentities:         reflect.TypeFor[api.PutIdentities](),
	operation.ChangeGroupMembers:    reflect.TypeFor[api.ChangeGroupMembers](),
	operation.CreateProject:         reflect.TypeFor[api.CreateProject](),
	operation.UpdateProject:         reflect.TypeFor[api.UpdateProject](),
	operation.AddProjectKey:         reflect.TypeFor[api.NewProjectKey](),
	operation.DeleteProjects:        reflect.TypeFor[api.IDs](),
	operation.CreateSecret:          reflect.TypeFor[api.CreateSecret](),
	operation.UpdateSecret:          reflect.TypeFor[api.UpdateSecret](),
	operation.DeleteSecrets:         reflect.TypeFor[api.IDs](),
	operation.GetSecretsByIDs:       reflect.TypeFor[api.IDs](),
	operation.RestoreSecretVersion:  reflect.TypeFor[api.RestoreSecretVersion](),
	operation.PutRotation:           reflect.TypeFor[api.PutRotation](),
	operation.RotateSecret:          reflect.TypeFor[api.RotateSecret](),
	operation.ClaimRotation:         reflect.TypeFor[api.ClaimRotation](),
	operation.PutPendingVersion:     reflect.TypeFor[api.PutPendingVersion](),
	operation.PromoteVersion:        reflect.TypeFor[api.PromoteVersion](),
	operation.DiscardPendingVersion: reflect.TypeFor[api.DiscardPendingVersion](),
	operation.ReportRotation:        reflect.TypeFor[api.ReportRotation](),
	operation.PutProjectAccess:      reflect.TypeFor[api.AccessPolicy](),
	operation.PutSecretAccess:       reflect.TypeFor[api.AccessPolicy](),
	operation.BreakGlass:            reflect.TypeFor[api.BreakGlass](),
	operation.RestoreFromTrash:      reflect.TypeFor[api.RestoreFromTrash](),
	operation.PurgeTrash:            reflect.TypeFor[api.IDs](),
}

const (
	anyText     = "values and notes are any text"
	unknownID   = "the nil UUID is well formed, and each id of a bulk request is answered for itself"
	noneAtAll   = "nobody may have a grant or an identity"
	serverMakes = "the server makes an id where there is none"
	mayBeAbsent = "absent means unchanged, or none"
	onceAsked   = "the secret is then rotated when that is asked for"
	ignored     = "of a grant's principal the id alone counts in requests"
)

// harmless says why something is no mistake, by field and mistake; what is missing, by operation too.
var harmless = map[string]string{
	"value empty":                           "a value may be empty",
	"value NUL":                             anyText,
	"note empty":                            "an empty note is none",
	"note NUL":                              anyText,
	"email empty":                           "an empty address is none",
	"projectIds empty":                      "a secret may be in no project",
	"add empty":                             "others are to be removed",
	"remove empty":                          "others are to be added",
	"addProjectIds empty":                   "others are to be removed",
	"removeProjectIds empty":                "others are to be added",
	"identities empty":                      noneAtAll,
	"identities[0].uniqueId empty":          "an empty one pins nothing",
	"grants empty":                          noneAtAll,
	"ids[0] nil":                            unknownID,
	"add[0] nil":                            unknownID,
	"remove[0] nil":                         unknownID,
	"grants[0].principal.kind unknown word": ignored,
	"grants[0].principal.kind too long":     ignored,
	"grants[0].principal.kind empty":        ignored,
	"grants[0].principal.kind NUL":          ignored,
	"grants[0].principal.name too long":     ignored,
	"grants[0].principal.name empty":        ignored,
	"grants[0].principal.name NUL":          ignored,

	"create-principal id missing":                                serverMakes,
	"create-secret id missing":                                   serverMakes,
	"create-principal email missing":                             mayBeAbsent,
	"create-principal role missing":                              mayBeAbsent,
	"update-principal email missing":                             mayBeAbsent,
	"update-principal role missing":                              mayBeAbsent,
	"update-project name missing":                                mayBeAbsent,
	"settings empty":                                             mayBeAbsent,
	"break-glass permission missing":                             "absent, it is read",
	"update-organization settings missing":                       mayBeAbsent,
	"update-organization settings.membersCreateProjects missing": mayBeAbsent,
	"update-organization settings.eventRetentionDays missing":    mayBeAbsent,
	"update-organization settings.trashRetentionDays missing":    mayBeAbsent,
	"create-secret note missing":                                 mayBeAbsent,
	"create-secret projectIds missing":                           "a secret may be in no project",
	"update-secret addProjectIds missing":                        mayBeAbsent,
	"update-secret removeProjectIds missing":                     mayBeAbsent,
	"change-group-members add missing":                           mayBeAbsent,
	"change-group-members remove missing":                        mayBeAbsent,
	"restore-from-trash name missing":                            mayBeAbsent,
	"every empty":                                                onceAsked,
	"put-rotation every missing":                                 onceAsked,
	"window empty":                                               mayBeAbsent,
	"readers empty":                                              mayBeAbsent,
	"put-rotation readers missing":                               mayBeAbsent,
	"readers.within empty":                                       mayBeAbsent,
	"put-rotation readers.within missing":                        mayBeAbsent,
	"readers.deadline empty":                                     mayBeAbsent,
	"put-rotation readers.deadline missing":                      mayBeAbsent,
	"readers.grace empty":                                        mayBeAbsent,
	"put-rotation readers.grace missing":                         mayBeAbsent,
	"rotate-secret id missing":                                   serverMakes,
	"rotate-secret leaked missing":                               mayBeAbsent,
	"claim-rotation note missing":                                mayBeAbsent,
	"claim-rotation step missing":                                mayBeAbsent,
	"step empty":                                                 mayBeAbsent,
	"publicId empty":                                             mayBeAbsent,
	"put-pending-version publicId missing":                       mayBeAbsent,
}

// seenHarmless are those of harmless that were sent.
var seenHarmless = map[string]bool{}

func whyHarmless(what string) string {
	seenHarmless[what] = true
	return harmless[what]
}

const hole = `"@@"`

// body is the base's body with text in the place of the field.
func (p *probe) body(t *testing.T, f field, text string) []byte {
	t.Helper()
	var body any
	must(json.Unmarshal([]byte(p.base.Body), &body))
	put(t, body, f.path, "@@")
	encoded, err := json.Marshal(body)
	must(err)
	if bytes.Count(encoded, []byte(hole)) != 1 {
		t.Fatalf("no hole in %s", encoded)
	}
	return bytes.Replace(encoded, []byte(hole), []byte(text), 1)
}

// put sets a field; what it is in must be there.
func put(t *testing.T, in any, path []any, value any) {
	t.Helper()
	last := path[len(path)-1]
	switch parent := at(in, path[:len(path)-1]).(type) {
	case map[string]any:
		parent[last.(string)] = value //nolint:forcetypeassert // as fieldsOf made it
	case []any:
		parent[last.(int)] = value //nolint:forcetypeassert // as fieldsOf made it
	default:
		t.Fatalf("the base has nothing to put %v into", path)
	}
}

func TestBadFields(t *testing.T) {
	sent := 0
	eachRoute(t, func(t *testing.T, p *probe) {
		kind, ok := requests[p.row.Name]
		if ok != p.route.Body {
			t.Fatalf("takes a body: %v; is among the requests: %v", p.route.Body, ok)
		}
		if !ok {
			return
		}
		fields := fieldsOf(field{kind: kind})
		for _, f := range fields {
			for _, m := range mistakes(f.kind) {
				sent++
				p.tryMistake(t, f, m)
			}
			sent += p.tryNames(t, f) + p.tryMissing(t, f)
		}
		p.wantBase(t)
	})
	for what := range harmless {
		if !seenHarmless[what] {
			t.Errorf("%q is harmless, and was not sent", what)
		}
	}
	if sent < 1000 {
		t.Errorf("only %d bad requests", sent)
	}
	t.Logf("%d bad requests", sent)
}

// tryMissing sends the base without the field, if it has it.
func (p *probe) tryMissing(t *testing.T, f field) int {
	name, ok := f.path[len(f.path)-1].(string)
	var body any
	must(json.Unmarshal([]byte(p.base.Body), &body))
	parent, _ := at(body, f.path[:len(f.path)-1]).(map[string]any)
	if _, there := parent[name]; !ok || !there {
		return 0
	}
	delete(parent, name)
	encoded, err := json.Marshal(body)
	must(err)
	t.Run(f.String()+"/missing", func(t *testing.T) {
		d := p.base.withBody(encoded)
		if why := whyHarmless(fmt.Sprintf("%s %s missing", p.row.Name, f)); why != "" {
			p.wantHarmless(t, d, why)
			return
		}
		p.wantRefused(t, d, f.String())
	})
	return 1
}

// wantHarmless sends what is accepted, in a world of its own.
func (p *probe) wantHarmless(t *testing.T, d draft, why string) {
	t.Helper()
	if r := newProbe(t, p.row).send(t, d); r.StatusCode >= http.StatusBadRequest {
		t.Errorf("refused (%s), although %s", r.Body, why)
	}
}

// at is what is at a path; nil where there is nothing.
func at(in any, path []any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := in.(map[string]any)
			in = object[step]
		case int:
			list, _ := in.([]any)
			if len(list) <= step {
				return nil
			}
			in = list[step]
		}
	}
	return in
}

func (p *probe) tryMistake(t *testing.T, f field, m mistake) {
	d := p.base.withBody(p.body(t, f, m.text))
	t.Run(fmt.Sprintf("%s/%s/%.40q", f, m.name, m.text), func(t *testing.T) {
		if why := whyHarmless(fmt.Sprint(f, " ", m.name)); why != "" {
			p.wantHarmless(t, d, why)
			return
		}
		p.wantRefused(t, d, f.String()+m.at)
	})
}

// tryNames sends a field twice, and an unknown one beside it.
func (p *probe) tryNames(t *testing.T, f field) int {
	name, ok := f.path[len(f.path)-1].(string)
	if !ok {
		return 0
	}
	t.Run(f.String()+"/twice", func(t *testing.T) {
		text := fmt.Sprintf(`%s,%q:1`, rightFor(f.kind), name)
		p.wantRefused(t, p.base.withBody(p.body(t, f, text)), f.String())
	})
	beside := field{path: append(slices.Clone(f.path[:len(f.path)-1]), name+"X")}
	t.Run(beside.String()+"/unknown", func(t *testing.T) {
		p.wantRefused(t, p.base.withBody(p.body(t, beside, "1")), beside.String())
	})
	return 2
}

// rightFor is JSON of the right type.
func rightFor(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Slice:
		if kind != typeBlob {
			return "[]"
		}
	case reflect.Struct:
		if kind != typeTime {
			return "{}"
		}
	case reflect.Int64:
		return "1"
	}
	return `""`
}
