package secrets

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"strongroom/pkg/api"
)

func readDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentHasTheLimitsOfTexts(t *testing.T) {
	doc := readDocument(t)
	schema := func(name string) *openapi3.Schema { return doc.Components.Schemas[name].Value }
	parameter := func(name string) *openapi3.Schema { return doc.Components.Parameters[name].Value.Schema.Value }
	for what, c := range map[string]struct {
		schema *openapi3.Schema
		most   int
		ascii  bool // so that characters are bytes
	}{
		"a name":                  {schema("Name"), maxName, false},
		"a secret's name":         {schema("SecretName"), maxSecretName, false},
		"a value":                 {schema("Value"), maxClientValue, false},
		"a note":                  {schema("Note"), maxNote, false},
		"an e-mail address":       {schema("Email"), maxEmail, false},
		"a prefix":                {parameter("namePrefix"), maxSecretName, false},
		"a wrapped key in base64": {wrapped(doc), base64.StdEncoding.EncodedLen(maxWrapped), true},
		"a continuation token":    {parameter("continuationToken"), base64.RawURLEncoding.EncodedLen(maxToken), true},
	} {
		if got := c.schema.MaxLength; got == nil || *got != uint64(c.most) {
			t.Errorf("%s has at most %d characters in the code, other than in the document", what, c.most)
		}
		if limit := c.schema.Extensions["x-max-bytes"]; !c.ascii && limit != float64(c.most) {
			t.Errorf("%s has at most %d bytes in the code, %v in the document", what, c.most, limit)
		}
	}
}

func wrapped(doc *openapi3.T) *openapi3.Schema {
	return doc.Components.Schemas["NewProjectKey"].Value.Properties["wrapped"].Value
}

func TestTheDocumentHasTheLimitsOfLists(t *testing.T) {
	doc := readDocument(t)
	for field, most := range map[string]int{
		"AccessPolicy.grants":           maxGrants,
		"ChangeGroupMembers.add":        maxMemberChanges,
		"ChangeGroupMembers.remove":     maxMemberChanges,
		"CreateSecret.projectIds":       maxProjects,
		"UpdateSecret.addProjectIds":    maxProjects,
		"UpdateSecret.removeProjectIds": maxProjects,
		"PutIdentities.identities":      maxIdentities,
	} {
		name, property, _ := strings.Cut(field, ".")
		if got := doc.Components.Schemas[name].Value.Properties[property].Value.MaxItems; got == nil || *got != uint64(most) {
			t.Errorf("%s has at most %d entries in the code, other than in the document", field, most)
		}
	}
	if got := doc.Components.Parameters["project"].Value.Schema.Value.MaxItems; got == nil || *got != maxProjects {
		t.Errorf("a hint names at most %d projects in the code, other than in the document", maxProjects)
	}
}

// Some limits have no keyword: the document says them in words.
func TestTheDocumentSaysTheOtherLimits(t *testing.T) {
	doc := readDocument(t)
	schema := func(name string) string { return doc.Components.Schemas[name].Value.Description }
	described := map[string]string{}
	for _, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			described[o.OperationID] = o.Description
		}
	}
	number := message.NewPrinter(language.English).Sprint
	for _, c := range []struct{ where, text, want string }{
		{"Name", schema("Name"), "1 to " + number(maxName) + " bytes"},
		{"SecretName", schema("SecretName"), "1 to " + number(maxSecretName) + " bytes"},
		{"Value", schema("Value"), "string of at most " + number(maxValue) + " bytes"},
		{"Value", schema("Value"), "JWE (RFC 7516) of at most " + number(maxClientValue) + " bytes"},
		{"Note", schema("Note"), "at most " + number(maxNote) + " bytes"},
		{"Email", schema("Email"), "at most " + number(maxEmail) + " bytes"},
		{"NewProjectKey", wrapped(doc).Description, "1 to " + number(maxWrapped) + " bytes"},
		{"NewID", schema("NewID"), "within an hour of now"},
		{"ChangeGroupMembers", schema("ChangeGroupMembers"), "at most " + number(maxMemberChanges) + " together"},
		{"change-group-members", described["change-group-members"], "at most " + number(maxMembers) + " members"},
		{"change-group-members", described["change-group-members"], "at most " + number(maxGroups) + " groups"},
		{"add-project-key", described["add-project-key"], "at most " + number(maxProjectKeys) + " project keys"},
		{"put-project-access", described["put-project-access"], "at most " + number(maxGrantChanges) + " grants at once"},
		{"put-secret-access", described["put-secret-access"], "at most " + number(maxGrantChanges) + " grants at once"},
		{"list-secret-versions", described["list-secret-versions"], "newest " + number(maxVersions) + " versions"},
	} {
		if text := strings.Join(strings.Fields(c.text), " "); !strings.Contains(text, c.want) {
			t.Errorf("%s does not say %q: %s", c.where, c.want, text)
		}
	}
	if fmt.Sprint(idTolerance) != "1h0m0s" {
		t.Errorf("a new id may be %s old; the document says an hour", idTolerance)
	}
}
