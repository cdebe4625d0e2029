package localkms

import (
	"regexp"
	"strings"
)

// A Caller is an IAM principal with an access key.
type Caller struct {
	AccessKeyID, SecretAccessKey string
	// SessionToken goes with the credentials of an assumed role; empty for a user's.
	SessionToken string
	// ARN is as the caller signs: arn:aws:iam::ACCOUNT:user/PATH/NAME or arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION.
	ARN string
	// Role is the ARN of the assumed role with its path, which ARN lacks. Where it is empty, the role is taken to have none.
	Role string
}

var assumedRole = regexp.MustCompile(`^(arn:[a-z-]+:)sts(::[0-9]{12}:)assumed-role/([^/]+)/[^/]+$`)

// principal is the IAM user or role that permissions are given to.
func (c Caller) principal() string {
	if c.Role != "" {
		return c.Role
	}
	return assumedRole.ReplaceAllString(c.ARN, "${1}iam${2}role/${3}")
}

// is says whether a grant's principal is this caller: its user, its role, or this very session.
func (c Caller) is(principal string) bool {
	return principal != "" && (principal == c.principal() || principal == c.ARN)
}

// serverPath is the path of the roles of the server's functions.
const serverPath = ":role/strongroom/server/"

// serves says whether the caller is one of the server's functions, which the client key's policy denies everything.
func (c Caller) serves() bool { return strings.Contains(c.principal(), serverPath) }

// principalPattern has the principals that a grant may name here: users, roles and sessions
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html).
var principalPattern = regexp.MustCompile(
	`^arn:aws(-cn|-us-gov)?:(iam::[0-9]{12}:(user|role)/[!-~]+|sts::[0-9]{12}:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+)$`)

func checkPrincipal(member, arn string) error {
	if len(arn) > 256 || !principalPattern.MatchString(arn) {
		return failuref("InvalidArnException", "%s must be the ARN of an IAM user, a role or a session of a role", member)
	}
	return nil
}
