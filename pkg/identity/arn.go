package identity

import (
	"fmt"
	"strings"
)

// A kind is what an ARN names.
type kind int

const (
	user kind = iota
	role
	assumedRole
)

// A principal is an ARN taken apart.
type principal struct {
	kind               kind
	partition, account string
	path               string // of a user or a role: "/" or "/…/"
	name               string // the user's or the role's
	session            string // of an assumed role
}

// Limits of IAM and STS, in characters.
const (
	maxName    = 64
	minSession = 2
	maxSession = 64
	maxPath    = 512
)

// parseARN takes apart the ARN of a user, a role or an assumed role. It accepts nothing that IAM would not have made.
func parseARN(arn string) (principal, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return principal{}, fmt.Errorf("%w ARN: it must be arn:PARTITION:iam::ACCOUNT:user/NAME, …:role/NAME or "+
			"arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION", ErrMalformed)
	}
	p := principal{partition: parts[1], account: parts[4]}
	switch {
	case p.partition != "aws" && p.partition != "aws-cn" && p.partition != "aws-us-gov":
		return principal{}, fmt.Errorf("this ARN's partition is %w: only aws, aws-cn and aws-us-gov are", ErrRefused)
	case parts[3] != "":
		return principal{}, fmt.Errorf("%w ARN: IAM's have no region", ErrMalformed)
	case !isAccount(p.account):
		return principal{}, fmt.Errorf("%w ARN: an account is twelve digits", ErrMalformed)
	}
	resource := parts[5]
	kind, rest, _ := strings.Cut(resource, "/")
	switch service := parts[2]; {
	case service == "iam" && kind == "user":
		return p.named(user, rest)
	case service == "iam" && kind == "role":
		return p.named(role, rest)
	case service == "sts" && kind == "assumed-role":
		return p.inSession(rest)
	case service == "iam" && resource == "root":
		return principal{}, fmt.Errorf("the account's root user is %w: use an IAM user or role", ErrRefused)
	case service == "sts" && kind == "federated-user":
		return principal{}, fmt.Errorf("federated users are %w: use an IAM user or role", ErrRefused)
	}
	return principal{}, fmt.Errorf("this kind of ARN is %w: only IAM users, roles and assumed roles are", ErrRefused)
}

// named reads the path and the name of a user or a role.
func (p principal) named(kind kind, rest string) (principal, error) {
	slash := strings.LastIndexByte(rest, '/')
	p.kind, p.path, p.name = kind, "/"+rest[:slash+1], rest[slash+1:]
	if !isPath(p.path) {
		return principal{}, fmt.Errorf("%w ARN: a path is at most %d characters, with a slash after each part",
			ErrMalformed, maxPath)
	}
	if !isName(p.name, 1, maxName) {
		return principal{}, nameError("the name of a user or role", 1, maxName)
	}
	return p, nil
}

// inSession reads the role and the session of an assumed role, whose ARN has no path.
func (p principal) inSession(rest string) (principal, error) {
	p.kind = assumedRole
	p.name, p.session, _ = strings.Cut(rest, "/")
	if !isName(p.name, 1, maxName) {
		return principal{}, nameError("the name of a role", 1, maxName)
	}
	if !isName(p.session, minSession, maxSession) {
		return principal{}, nameError("the name of a session", minSession, maxSession)
	}
	return p, nil
}

func nameError(what string, shortest, longest int) error {
	return fmt.Errorf("%w ARN: %s is %d to %d letters, digits and _+=,.@-", ErrMalformed, what, shortest, longest)
}

// isName says whether s is made of the characters that IAM allows in names. They are ASCII, so nothing looks like a
// name without being it.
func isName(s string, shortest, longest int) bool {
	for i := range len(s) {
		if !isLetterOrDigit(s[i]) && strings.IndexByte("_+=,.@-", s[i]) < 0 {
			return false
		}
	}
	return shortest <= len(s) && len(s) <= longest
}

func isLetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || isDigit(c)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isPath says whether s, which begins and ends with a slash, is a path: the one slash, or parts of printable ASCII
// between slashes. IAM's documentation allows empty parts and DEL too; nobody has them, and they are refused.
func isPath(s string) bool {
	for i := range len(s) {
		if s[i] < '!' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= maxPath && !strings.Contains(s, "//")
}

func isAccount(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return len(s) == 12
}

// inAccount says, as an error, how p is not in the deployment's account.
func (p principal) inAccount(account string) error {
	if !isAccount(account) {
		return fmt.Errorf("%w configuration: the deployment's account is twelve digits", ErrMalformed)
	}
	if p.account != account {
		return fmt.Errorf("account %s is %w, only the deployment's own: assume a role in that one", p.account, ErrRefused)
	}
	return nil
}

// keys are p's look-up keys, the one that counts first in front.
func (p principal) keys() []string {
	switch {
	case p.kind == user:
		return []string{fmt.Sprintf("arn:%s:iam::%s:user/%s", p.partition, p.account, p.name)}
	case p.kind == assumedRole && p.identityCenter():
		return []string{p.sessionKey(), p.roleKey()}
	}
	return []string{p.roleKey()}
}

// sessionKey is the ARN of the session that p is.
func (p principal) sessionKey() string {
	return fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", p.partition, p.account, p.name, p.session)
}

// roleKey is the look-up key of the role that p is, or is a session of.
func (p principal) roleKey() string {
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", p.partition, p.account, p.name)
}

// identityCenter says whether p's role has the name of one that IAM Identity Center made:
// AWSReservedSSO_, the permission set's name, _, and sixteen hexadecimal digits.
func (p principal) identityCenter() bool {
	rest, ok := strings.CutPrefix(p.name, "AWSReservedSSO_")
	end := strings.LastIndexByte(rest, '_')
	if !ok || end < 1 || len(rest)-end-1 != 16 {
		return false
	}
	for _, c := range []byte(rest[end+1:]) {
		if !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// checkUniqueID says, as an error, how id is not the unique id of a user (AIDA…) or of a role (AROA…). IAM gives such
// ids 16 to 128 characters.
func (k kind) checkUniqueID(id string) error {
	prefix, what := "AIDA", "a user"
	if k != user {
		prefix, what = "AROA", "a role"
	}
	ok := strings.HasPrefix(id, prefix) && 16 <= len(id) && len(id) <= 128
	for _, c := range []byte(id) {
		ok = ok && (isDigit(c) || 'A' <= c && c <= 'Z')
	}
	if !ok {
		return fmt.Errorf("%w %w: that of %s is %s and capitals and digits, 16 to 128 in all",
			ErrMalformed, ErrUniqueID, what, prefix)
	}
	return nil
}
