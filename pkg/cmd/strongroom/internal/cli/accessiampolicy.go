package cli

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/iampolicy"
	"strongroom/pkg/operation"
)

// iamPolicyFlags are what iam-policy takes.
type iamPolicyFlags struct {
	project, permission string
	api, stage, account string
}

func (m *Main) accessIAMPolicy() *cobra.Command {
	var flags iamPolicyFlags
	c := &cobra.Command{
		Use:   "iam-policy [--project PROJECT] [--permission read|write|manage] [--api ID] [--stage STAGE] [--account ACCOUNT]",
		Short: "print the IAM policy that a role needs to use a project", Args: none,
		Long: "Print the IAM policy that a user or role needs to use a project: execute-api:Invoke on the routes of the operations\n" +
			"that the permission is for, with the project's id in them, and, where clients encrypt, kms:Decrypt on the client key\n" +
			"with the project's encryption context (for manage, kms:GenerateDataKey too). It allows nothing else. Strongroom's\n" +
			"own grant is needed besides: access grant. Nothing is changed.\n\n" +
			"API, stage and region are taken from the URL, the account from the pinned client key; where the API has a name of its\n" +
			"own, say --api. Who gets KMS grants (access grant without --no-kms) can do without the second statement; who makes\n" +
			"them needs kms:CreateGrant, kms:ListGrants and kms:RevokeGrant besides. `access policy` prints KMS's part alone.\n\n" +
			"  strongroom access iam-policy --project demo --permission read",
		RunE: func(c *cobra.Command, _ []string) error { return m.printIAMPolicy(c.Context(), flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.project, "project", "", "the `PROJECT` that is to be used")
	f.StringVar(&flags.permission, "permission", "read", "what is to be done there, a `PERMISSION`")
	f.StringVar(&flags.api, "api", "", "the `ID` of the API")
	f.StringVar(&flags.stage, "stage", "", "the `STAGE` of the API")
	f.StringVar(&flags.account, "account", "", "the number of the `ACCOUNT` that it is in")
	return c
}

func (m *Main) printIAMPolicy(ctx context.Context, flags iamPolicyFlags) error {
	permission, err := access.ParsePermission(flags.permission)
	if err != nil {
		return usage("--permission must be read, write or manage, not %q", flags.permission)
	}
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	name, err := s.project(flags.project)
	if err != nil {
		return err
	}
	project, err := s.Resolve(ctx, name)
	if err != nil {
		return err
	}
	_, key, err := s.ClientKey(ctx)
	if err != nil {
		return err
	}
	pins, err := s.settings.Pins()
	if err != nil {
		return err
	}
	door, err := doorOf(s.URL(), s.settings.Region, key, flags)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(rolePolicy(door, pins.Organization, project, key, permission), "", "  ")
	if err != nil {
		return err
	}
	return m.printBody(append(text, '\n'))
}

// A rolesPolicy is an IAM policy, as JSON.
type rolesPolicy struct {
	Version   string
	Statement []roleStatement
}

type roleStatement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string `json:",omitempty"`
}

// rolePolicy is what a role needs for a permission on a project.
func rolePolicy(door string, organization uuid.UUID, project client.Project, key string, permission access.Permission) rolesPolicy {
	routes := roleStatement{Sid: "StrongroomRoutes", Effect: "Allow", Action: []string{"execute-api:Invoke"}}
	known := map[string]string{"organizationId": organization.String(), "projectId": project.ID.String()}
	for _, row := range operation.Table {
		if route, ok := row.Trigger.(operation.HTTP); ok && needs(row, permission) {
			routes.Resource = append(routes.Resource, door+route.Invoked(known))
		}
	}
	slices.Sort(routes.Resource)
	made := rolesPolicy{"2012-10-17", []roleStatement{routes}}
	if project.Encryption != api.EncryptionClient {
		return made
	}
	opens := roleStatement{Sid: "StrongroomProjectKey", Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: []string{key}}
	if permission == access.Manage {
		opens.Action = append(opens.Action, "kms:GenerateDataKey")
	}
	equals := map[string]string{}
	for name, value := range clientcrypto.KeyContext(organization, project.ID) {
		equals["kms:EncryptionContext:"+name] = value
	}
	opens.Condition = map[string]map[string]string{"StringEquals": equals}
	made.Statement = append(made.Statement, opens)
	return made
}

// needs says whether who has a permission on a project asks for an operation. Whoever manages also looks up whom to share
// with; who could have deleted something may look into the trash.
func needs(row operation.Row, permission access.Permission) bool {
	switch {
	case row.Name == operation.Whoami:
		return true
	case row.Action == "": // the trash's
		return permission >= access.Write
	case row.Action == access.SeePrincipals:
		return permission == access.Manage
	}
	least := row.Action.Least()
	return least != access.None && least <= permission
}

// gatewayHost is the name that API Gateway gives an API: ID.execute-api.REGION.amazonaws.com.
var gatewayHost = regexp.MustCompile(`^([a-z0-9]+)\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// doorOf is what the ARNs of an API's routes begin with: arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html). A URL without a stage is
// that of the stage $default.
func doorOf(at, region, key string, flags iamPolicyFlags) (string, error) {
	u, err := url.Parse(at)
	if err != nil {
		return "", usage("%s: %w", at, err)
	}
	id, stage := flags.api, orDefault(flags.stage, orDefault(strings.Trim(u.Path, "/"), "$default"))
	if found := gatewayHost.FindStringSubmatch(u.Hostname()); found != nil {
		id, region = orDefault(id, found[1]), found[2]
	}
	account := orDefault(flags.account, iampolicy.AccountOf(key))
	if id == "" {
		return "", usage("%s does not say the API's id; say --api ID, which `aws apigatewayv2 get-apis` lists", at)
	}
	partition, _, _ := strings.Cut(strings.TrimPrefix(key, "arn:"), ":")
	return strings.Join([]string{"arn", partition, "execute-api", region, account, id}, ":") + "/" + stage + "/", nil
}
