package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	"strongroom/pkg/cmd/strongroom/internal/deployed"
	rotating "strongroom/pkg/rotation"
)

// A deployment is what `make deploy` writes down of itself: the outputs of its stacks.
type deployment struct {
	url, region, function   string
	organization, clientKey string
	// workers are the roles of the rotation workers.
	workers map[rotating.Kind]string
}

// initFlags are what init takes.
type initFlags struct {
	deployment
	outputs, profile           string
	name, owner, arn, uniqueID string
	recoverOwner               string
	letIn                      bool
}

func (m *Main) initCommand() *cobra.Command {
	var flags initFlags
	c := &cobra.Command{
		Use: "init --outputs FILE [--name NAME --owner NAME | --recover-owner NAME] [--owner-arn ARN] [--unique-id ID] [--profile PROFILE] " +
			"[--url URL] [--region REGION] [--function NAME] [--workers]",
		Short: "make the organization of a new deployment, and set up this machine for it", Args: none,
		Long: "Make the organization of a new deployment with its first owner, which is you unless --owner-arn says otherwise, and\n" +
			"write the deployment's URL and region into your config.toml, and its organization and client key into your pins.\n" +
			"It invokes create-organization with your own IAM rights (lambda:InvokeFunction). FILE is what make deploy wrote.\n" +
			"Doing it again is harmless, and on another machine sets up that one.\n\n" +
			"--recover-owner makes an existing user an enabled owner again, with your identity: for when all owners are lost. It\n" +
			"is recorded as such.\n\n" +
			"--workers lets the rotation workers of the deployment in: it makes a service account of each, worker-KIND, and binds\n" +
			"its role to that, by Strongroom's API, with the role owner or admin. By that alone they may do nothing: what opens a\n" +
			"project to one, in Strongroom and in KMS, and how to see it, is said at the end.\n\n" +
			"  strongroom init --outputs out/prod.json --name Example --owner alice\n" +
			"  strongroom init --outputs out/prod.json --workers\n" +
			"  strongroom init --outputs out/prod.json --recover-owner alice",
		RunE: func(c *cobra.Command, _ []string) error { return m.initialize(c.Context(), flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.outputs, "outputs", "", "take what is deployed from the `FILE` that make deploy wrote")
	f.StringVar(&flags.name, "name", "", "the organization's `NAME`, for people to see")
	f.StringVar(&flags.owner, "owner", "", "the first owner's `NAME` in Strongroom")
	f.StringVar(&flags.arn, "owner-arn", "", "bind that `ARN` to the owner, in place of your own")
	f.StringVar(&flags.uniqueID, "unique-id", "", "pin the unique `ID` of the owner's user or role")
	f.StringVar(&flags.recoverOwner, "recover-owner", "", "make the user of that `NAME` an enabled owner again")
	f.StringVar(&flags.profile, "profile", "default", "the `PROFILE` of config.toml that is to be for this Strongroom")
	f.StringVar(&flags.url, "url", "", "the `URL` of the API, where there is no FILE")
	f.StringVar(&flags.region, "region", "", "the `REGION` that it is in")
	f.StringVar(&flags.function, "function", "", "the `NAME` of the function that is create-organization")
	f.BoolVar(&flags.letIn, "workers", false, "let the deployment's rotation workers in, as service accounts")
	c.MarkFlagsMutuallyExclusive("recover-owner", "name")
	c.MarkFlagsMutuallyExclusive("recover-owner", "owner")
	return c
}

func (m *Main) initialize(ctx context.Context, flags initFlags) error {
	d, err := flags.read()
	if err != nil {
		return err
	}
	if isLocal(orDefault(d.url, m.Getenv("STRONGROOM_URL"))) {
		m.sayf("none is needed: the local server made its organization at its first start; `strongroom local env owner` makes you its owner")
		return nil
	}
	if d.url == "" || d.function == "" || d.region == "" {
		return usage("where it is deployed is not known: say --outputs FILE, which make deploy wrote, or --url, --region and --function")
	}
	founds := flags.recoverOwner != "" || flags.name != "" || flags.owner != ""
	if flags.recoverOwner == "" && (flags.name == "" || flags.owner == "") && (founds || !flags.letIn) {
		return usage("a new organization needs --name and --owner; a lost owner --recover-owner")
	}
	if flags.letIn && len(d.workers) == 0 {
		return usage("no rotation workers are known: say --outputs FILE, which make deploy wrote, and deploy the workers' stack")
	}
	settings, err := m.settingsFor(d)
	if err != nil {
		return err
	}
	if founds {
		if err := m.found(ctx, settings, d, flags); err != nil {
			return err
		}
	}
	switch {
	case flags.letIn:
		return m.letWorkersIn(ctx, settings, d)
	case len(d.workers) > 0:
		m.sayf("%s deployed; let them in with `%s`", counted(len(d.workers), "rotation worker is", "rotation workers are"),
			pasted("init", "--outputs", flags.outputs, "--workers"))
	}
	return nil
}

// found makes the organization, or an owner of it, and remembers it.
func (m *Main) found(ctx context.Context, settings *config.Config, d deployment, flags initFlags) error {
	c, err := client.FromSettings(ctx, settings)
	if err != nil {
		return err
	}
	in, err := founding(ctx, c.AWS, flags)
	if err != nil {
		return err
	}
	made, err := deployed.CreateOrganization(ctx, c.AWS, d.function, in)
	if err != nil {
		return err
	}
	if err := d.check(made); err != nil {
		return err
	}
	if flags.recoverOwner != "" {
		m.sayf("%s is an owner of %q, with %s", flags.recoverOwner, made.Name, in.ARN)
	} else {
		m.sayf("organization %q is there, and %s is its owner, with %s", made.Name, flags.owner, in.OwnerARN)
	}
	return m.remember(settings, d, flags.profile, made)
}

// read takes the file's outputs, unless a flag says otherwise.
func (f initFlags) read() (deployment, error) {
	if f.outputs == "" {
		return f.deployment, nil
	}
	content, err := os.ReadFile(f.outputs)
	if err != nil {
		return deployment{}, usage("%w", err)
	}
	var stacks map[string]map[string]string // as `cdk deploy --outputs-file` writes it
	if err := json.Unmarshal(content, &stacks); err != nil {
		return deployment{}, usage("%s is not what make deploy wrote: %w", f.outputs, err)
	}
	d := f.deployment
	d.workers = map[rotating.Kind]string{}
	for _, outputs := range stacks {
		d.url = orDefault(d.url, outputs["Url"])
		d.function = orDefault(d.function, outputs["CreateOrganizationFunction"])
		d.organization = orDefault(d.organization, outputs["OrganizationId"])
		d.clientKey = orDefault(d.clientKey, outputs["ClientKeyArn"])
		for _, kind := range rotating.Kinds() {
			if role := outputs[kind.RoleOutput()]; role != "" {
				d.workers[kind] = role
			}
		}
	}
	if key, err := arn.Parse(d.clientKey); err == nil {
		d.region = orDefault(d.region, key.Region)
	}
	return d, nil
}

// isLocal says whether a URL is this machine's, where no AWS is.
func isLocal(url string) bool {
	normal, err := config.NormalURL(url)
	return err == nil && onThisMachine(normal)
}

// settingsFor are the user's settings, but for that deployment.
func (m *Main) settingsFor(d deployment) (*config.Config, error) {
	settings, err := config.Load(config.Source{Getenv: func(name string) string {
		switch name {
		case "STRONGROOM_URL":
			return d.url
		case "AWS_REGION":
			return d.region
		case "STRONGROOM_PROFILE", "STRONGROOM_ORGANIZATION", "STRONGROOM_CLIENT_KEY": // another one's, or not there yet
			return ""
		case "STRONGROOM_REPOSITORY":
			return "none"
		}
		return m.Getenv(name)
	}})
	if err != nil {
		return nil, usage("%w", err)
	}
	return settings, nil
}

// founding is what create-organization is invoked with.
func founding(ctx context.Context, c aws.Config, flags initFlags) (api.CreateOrganization, error) {
	bind, pin := flags.arn, flags.uniqueID
	if bind == "" {
		who, err := deployed.WhoAmI(ctx, c)
		if err != nil {
			return api.CreateOrganization{}, err
		}
		bind, pin = who.Bind, orDefault(pin, who.Pin)
	}
	if flags.recoverOwner != "" {
		return api.CreateOrganization{RecoverOwner: flags.recoverOwner, ARN: bind, UniqueID: pin}, nil
	}
	return api.CreateOrganization{Name: flags.name, OwnerName: flags.owner, OwnerARN: bind, UniqueID: pin}, nil
}

// check holds what the function answered against what CloudFormation says: pins are to be believed from then on.
func (d deployment) check(made api.Organization) error {
	if d.organization != "" && d.organization != made.ID.String() {
		return &client.PinError{What: "the organization", Pinned: d.organization, Got: made.ID.String()}
	}
	if d.clientKey != "" && d.clientKey != made.ClientKeyARN {
		return &client.PinError{What: "the client key", Pinned: d.clientKey, Got: made.ClientKeyARN}
	}
	return nil
}

// remember writes the profile and the pins.
func (m *Main) remember(settings *config.Config, d deployment, profile string, made api.Organization) error {
	written, err := settings.WriteProfile(profile, d.url, d.region)
	if err != nil {
		return configError(err)
	}
	if written {
		m.sayf("the profile %q of your config.toml is for %s now", profile, d.url)
	}
	fresh, err := settings.Pin(config.Pins{Organization: made.ID, ClientKey: made.ClientKeyARN})
	if err != nil {
		return configError(err)
	}
	if fresh.Organization != uuid.Nil || fresh.ClientKey != "" {
		m.sayf("pinned: organization %s, client key %s", made.ID, made.ClientKeyARN)
	}
	if profile != "default" {
		m.sayf("use it with STRONGROOM_PROFILE=%s", profile)
	}
	m.sayf("see whether all is well with `strongroom doctor`")
	if m.wantsJSON(settings) {
		return doneBut(m.showJSON(made))
	}
	return nil
}

// refused gives what create-organization refused its line.
func refused(err *api.Error) error {
	return errors.New(visible(fmt.Sprintf("create-organization: %s: %s", err.Code, err.Message)))
}
