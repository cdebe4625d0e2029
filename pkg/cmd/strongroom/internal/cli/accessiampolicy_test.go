package cli

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/iampolicy"
	"strongroom/pkg/operation"
)

// braced are the parameters of a path.
var braced = regexp.MustCompile(`\{[^}]*\}`)

// TestARolesPolicyAllowsWhatIsNeededAndNothingElse evaluates the policy as AWS would, for every route, with ids that are the
// project's and ids that are not.
func TestARolesPolicyAllowsWhatIsNeededAndNothingElse(t *testing.T) {
	const key = "arn:aws:kms:eu-central-1:111122223333:key/1"
	door, err := doorOf("https://abc123.execute-api.eu-central-1.amazonaws.com", "us-east-1", key, iamPolicyFlags{})
	if err != nil || door != "arn:aws:execute-api:eu-central-1:111122223333:abc123/$default/" {
		t.Fatal(door, err)
	}
	organization, other := uuid.MustParse("0190a1b2-0000-7000-8000-000000000001"), uuid.MustParse("0190a1b2-0000-7000-8000-000000000002")
	project := client.Project{ID: uuid.MustParse("0190a1b2-0000-7000-8000-000000000003"), Name: "demo", Encryption: api.EncryptionClient}
	may := map[access.Permission]int{access.Read: 11, access.Write: 23, access.Manage: 39}
	for _, permission := range []access.Permission{access.Read, access.Write, access.Manage} {
		text, err := json.Marshal(rolePolicy(door, organization, project, key, permission))
		if err != nil {
			t.Fatal(err)
		}
		policy, err := iampolicy.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		allowed := func(action, resource string, context iampolicy.Context) bool {
			context.Closed = true
			d := iampolicy.Access{Identity: []iampolicy.Document{policy}}.Decide(iampolicy.Request{
				Principal: iampolicy.Principal{ARN: "arn:aws:iam::111122223333:role/app"}, Action: action, Resource: resource, Context: context,
			})
			if d.Allowed == iampolicy.Maybe {
				t.Errorf("%s on %s is maybe", action, resource)
			}
			return d.Allowed == iampolicy.Yes
		}
		count := 0
		for _, row := range operation.Table {
			route, ok := row.Trigger.(operation.HTTP)
			if !ok {
				continue
			}
			at := func(organization, project uuid.UUID) string {
				path := strings.NewReplacer("{organizationId}", organization.String(), "{projectId}", project.String()).Replace(route.Path)
				return door + route.Method + braced.ReplaceAllString(path, other.String())
			}
			got := allowed("execute-api:Invoke", at(organization, project.ID), iampolicy.Context{})
			if want := row.Name == operation.Whoami || row.Action == "" && permission >= access.Write ||
				row.Action == access.SeePrincipals && permission == access.Manage ||
				row.Action.Least() != access.None && row.Action.Least() <= permission; got != want {
				t.Errorf("%s: %s (%s) is allowed: %v, want %v", permission, row.Name, row.Action, got, want)
			}
			if got {
				count++
			}
			if strings.Contains(route.Path, "{projectId}") && allowed("execute-api:Invoke", at(organization, other), iampolicy.Context{}) {
				t.Errorf("%s: %s is allowed on another project", permission, row.Name)
			}
			if allowed("execute-api:Invoke", strings.Replace(at(organization, project.ID), "abc123", "def456", 1), iampolicy.Context{}) {
				t.Errorf("%s: %s is allowed on another API", permission, row.Name)
			}
		}
		if count != may[permission] {
			t.Errorf("%s: %d routes are allowed, want %d", permission, count, may[permission])
		}
		context := func(project uuid.UUID) iampolicy.Context {
			return iampolicy.Context{}.With("kms:EncryptionContext:strongroom:organization", organization.String()).
				With("kms:EncryptionContext:strongroom:project", project.String())
		}
		for _, c := range []struct {
			action, key string
			context     iampolicy.Context
			want        bool
		}{
			{"kms:Decrypt", key, context(project.ID), true},
			{"kms:GenerateDataKey", key, context(project.ID), permission == access.Manage},
			{"kms:Decrypt", key, context(other), false},
			{"kms:Decrypt", key, iampolicy.Context{}, false},
			{"kms:Decrypt", key + "2", context(project.ID), false},
			{"kms:Encrypt", key, context(project.ID), false},
			{"kms:CreateGrant", key, context(project.ID), false},
			{"lambda:InvokeFunction", "*", iampolicy.Context{}, false},
		} {
			if got := allowed(c.action, c.key, c.context); got != c.want {
				t.Errorf("%s: %s on %s with %v is allowed: %v, want %v", permission, c.action, c.key, c.context.Known, got, c.want)
			}
		}
	}
	project.Encryption = api.EncryptionServer
	if made := rolePolicy(door, organization, project, key, access.Manage); len(made.Statement) != 1 {
		t.Errorf("a project whose values the server encrypts needs no KMS: %v", made)
	}
}

func TestTheDoorOfAnAPI(t *testing.T) {
	const key = "arn:aws-cn:kms:cn-north-1:111122223333:key/1"
	for at, want := range map[string]string{
		"https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod": "arn:aws-cn:execute-api:cn-north-1:111122223333:abc123/prod/",
		"https://strongroom.example.com":                              "--api",
	} {
		got, err := doorOf(at, "cn-north-1", key, iamPolicyFlags{})
		if got != want && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q, %v", at, got, err)
		}
	}
	got, err := doorOf("https://strongroom.example.com", "cn-north-1", key, iamPolicyFlags{api: "x", stage: "s", account: "222233334444"})
	if want := "arn:aws-cn:execute-api:cn-north-1:222233334444:x/s/"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
}
