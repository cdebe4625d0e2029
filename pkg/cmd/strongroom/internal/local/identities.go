package local

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/rogpeppe/go-internal/lockedfile"

	"strongroom/pkg/gateway"
	"strongroom/pkg/identity"
	"strongroom/pkg/wholefile"
)

// The profiles that the first start makes.
const (
	// Owner owns the organization.
	Owner = "owner"
	// Developer is a user who may write in all projects.
	Developer = "developer"
	// CI is a service account that may read all projects but payroll.
	CI = "ci"
	// Rotation is the service account of the workers that rotate secrets, which may write in all projects but payroll.
	Rotation = "rotation"
	// Stranger signs rightly and is bound to nobody.
	Stranger = "stranger"
)

// A profile is a caller that the first start makes: what it signs as, and what of that is bound. Their forms are those
// that people meet: an administrator and a job with a role, a person with an IAM user.
type profile struct{ name, signs, bind string }

var firstProfiles = []profile{
	{Owner, "arn:aws:sts::" + Account + ":assumed-role/Administrator/owner", "arn:aws:iam::" + Account + ":role/Administrator"},
	{Developer, "arn:aws:iam::" + Account + ":user/developer", "arn:aws:iam::" + Account + ":user/developer"},
	{CI, "arn:aws:sts::" + Account + ":assumed-role/ContinuousIntegration/ci", "arn:aws:iam::" + Account + ":role/ContinuousIntegration"},
	{Rotation, "arn:aws:sts::" + Account + ":assumed-role/RotationWorker/rotation", "arn:aws:iam::" + Account + ":role/RotationWorker"},
	{Stranger, "arn:aws:sts::" + Account + ":assumed-role/SomebodyElse/stranger", ""},
}

func profileNamed(name string) profile {
	for _, p := range firstProfiles {
		if p.name == name {
			return p
		}
	}
	panic(fmt.Sprintf("local: no profile %q is made at first start", name))
}

// A NewIdentity says who is to be able to sign.
type NewIdentity struct {
	// Profile is what it is called: 2 to 64 of the characters that names of sessions have.
	Profile string
	// ARN is an IAM user's, an assumed role's, or a role's, of which it is then a session of the profile's name.
	ARN string
	// UniqueID is the user's or the role's; made up where it is empty.
	UniqueID string
}

// profilePattern has the characters and lengths of session names, which are safe in a configuration file as well.
var profilePattern = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)

// AddIdentity makes an identity for the server of that folder, which may run, and writes its credentials for clients.
// The same again changes nothing; a profile that there is already with another ARN or unique id is an error.
func AddIdentity(folder string, in NewIdentity) (gateway.Identity, error) {
	if _, err := os.Stat(filepath.Join(folder, identitiesFile)); err != nil {
		return gateway.Identity{}, notStarted(folder)
	}
	return addIdentity(folder, in)
}

func notStarted(folder string) error {
	return fmt.Errorf("there are no credentials in %s; start `strongroom local` first", folder)
}

// addIdentity is AddIdentity that also begins a new file. The credentials are made from the identities each time, so
// that whatever was left half done is done now.
func addIdentity(folder string, in NewIdentity) (gateway.Identity, error) {
	unlock, err := lockedfile.MutexAt(filepath.Join(folder, credentialsFile+".lock")).Lock()
	if err != nil {
		return gateway.Identity{}, err
	}
	defer unlock()
	wanted, err := in.identity()
	if err != nil {
		return gateway.Identity{}, err
	}
	identities, err := gateway.OpenIdentities(filepath.Join(folder, identitiesFile))
	if err != nil {
		return gateway.Identity{}, err
	}
	found, err := identityOf(identities, in.Profile)
	switch {
	case err != nil:
		return gateway.Identity{}, err
	case found.Profile == "":
		if err := identities.Add(wanted); err != nil {
			return gateway.Identity{}, err
		}
		found = wanted
	case found.ARN != wanted.ARN || wanted.Role != "" && found.Role != "" && found.Role != wanted.Role || in.UniqueID != "" && found.UniqueID != wanted.UniqueID:
		return gateway.Identity{}, fmt.Errorf("the profile %q signs as %s already, unique id %s; choose another name",
			in.Profile, found.ARN, found.UniqueID)
	}
	return found, writeCredentials(folder, identities)
}

// identity makes the identity up, and refuses what Strongroom would not take for a caller.
func (in NewIdentity) identity() (gateway.Identity, error) {
	if !profilePattern.MatchString(in.Profile) {
		return gateway.Identity{}, fmt.Errorf("a profile's name is 2 to 64 letters, digits and _+=,.@-")
	}
	arn, withPath := in.ARN, ""
	if parts := strings.Split(arn, ":"); len(parts) == 6 && parts[2] == "iam" && strings.HasPrefix(parts[5], "role/") {
		if _, err := identity.ParseBinding(arn, in.UniqueID, Account); err != nil {
			return gateway.Identity{}, err
		}
		role := parts[5][strings.LastIndexByte(parts[5], '/')+1:]
		withPath = in.ARN
		arn = fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", parts[1], parts[4], role, in.Profile)
	}
	made, err := gateway.NewIdentity(arn, in.UniqueID)
	if err != nil {
		return gateway.Identity{}, err
	}
	made.Profile, made.Role = in.Profile, withPath
	_, err = callerOf(made)
	return made, err
}

// callerOf is who Strongroom says an identity is.
func callerOf(i gateway.Identity) (identity.Caller, error) {
	return identity.FromAuthorizer(identity.Authorizer{AccountID: Account, UserARN: i.ARN, UserID: i.UniqueID}, Account)
}

// openIdentities makes the identities and credentials of the first start where they are not there.
func openIdentities(folder string) (*gateway.Identities, error) {
	for _, p := range firstProfiles {
		if _, err := addIdentity(folder, NewIdentity{Profile: p.name, ARN: p.signs}); err != nil {
			return nil, err
		}
	}
	return gateway.OpenIdentities(filepath.Join(folder, identitiesFile))
}

// identityOf is the identity of a profile, or the zero one.
func identityOf(identities *gateway.Identities, profile string) (gateway.Identity, error) {
	all, err := identities.All()
	for _, i := range all {
		if i.Profile == profile && profile != "" {
			return i, err
		}
	}
	return gateway.Identity{}, err
}

// writeCredentials writes the identities as AWS's shared credentials file
// (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html), sorted, where they are not there already.
func writeCredentials(folder string, identities *gateway.Identities) error {
	all, err := identities.All()
	if err != nil {
		return err
	}
	var sections []string
	for _, i := range all {
		if i.Profile == "" {
			continue // added by hand
		}
		section := fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", i.Profile, i.AccessKeyID, i.SecretAccessKey)
		if i.SessionToken != "" {
			section += fmt.Sprintf("aws_session_token = %s\n", i.SessionToken)
		}
		sections = append(sections, section)
	}
	slices.Sort(sections)
	content := "# Made from identities.json by strongroom; they work with this folder's local server alone.\n\n" +
		strings.Join(sections, "\n")
	path := filepath.Join(folder, credentialsFile)
	if old, err := os.ReadFile(path); err == nil && string(old) == content { //nolint:gosec // the operator's
		return nil
	}
	return wholefile.Replace(path, []byte(content))
}

// Profiles are the names of those who can sign, sorted.
func Profiles(folder string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(folder, credentialsFile)); err != nil {
		return nil, notStarted(folder)
	}
	identities, err := gateway.OpenIdentities(filepath.Join(folder, identitiesFile))
	if err != nil {
		return nil, err
	}
	all, err := identities.All()
	var names []string
	for _, i := range all {
		if i.Profile != "" {
			names = append(names, i.Profile)
		}
	}
	slices.Sort(names)
	return names, err
}

// Credentials are those of a profile.
func Credentials(folder, profile string) (aws.Credentials, error) {
	identities, err := gateway.OpenIdentities(filepath.Join(folder, identitiesFile))
	if err != nil {
		return aws.Credentials{}, err
	}
	i, err := identityOf(identities, profile)
	if err == nil && i.Profile == "" {
		err = fmt.Errorf("no profile is called %q", profile)
	}
	return aws.Credentials{AccessKeyID: i.AccessKeyID, SecretAccessKey: i.SecretAccessKey, SessionToken: i.SessionToken}, err
}
