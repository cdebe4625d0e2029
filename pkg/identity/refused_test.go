package identity

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refusedARNs are refused as callers and as what is to be bound, whatever the unique id.
var refusedARNs = map[string]struct {
	arn  string
	kind error
}{
	"empty":                           {"", ErrMalformed},
	"garbage":                         {"alice", ErrMalformed},
	"only colons":                     {":::::", ErrMalformed},
	"a slash for a colon":             {"arn:aws:iam::123456789012/user/alice", ErrMalformed},
	"too few parts":                   {"arn:aws:iam:123456789012:user/alice", ErrMalformed},
	"not arn":                         {"ARN:aws:iam::123456789012:user/alice", ErrMalformed},
	"a space in front":                {" arn:aws:iam::123456789012:user/alice", ErrMalformed},
	"a space behind":                  {"arn:aws:iam::123456789012:user/alice ", ErrMalformed},
	"a line behind":                   {"arn:aws:iam::123456789012:user/alice\n", ErrMalformed},
	"a NUL inside":                    {"arn:aws:iam::123456789012:user/al\x00ice", ErrMalformed},
	"another partition":               {"arn:aws-iso:iam::123456789012:user/alice", ErrRefused},
	"no partition":                    {"arn::iam::123456789012:user/alice", ErrRefused},
	"a partition in capitals":         {"arn:AWS:iam::123456789012:user/alice", ErrRefused},
	"a region":                        {"arn:aws:iam:eu-west-1:123456789012:user/alice", ErrMalformed},
	"no account":                      {"arn:aws:iam:::user/alice", ErrMalformed},
	"AWS's own account":               {"arn:aws:iam::aws:user/alice", ErrMalformed},
	"an account of eleven digits":     {"arn:aws:iam::12345678901:user/alice", ErrMalformed},
	"an account of thirteen digits":   {"arn:aws:iam::1234567890123:user/alice", ErrMalformed},
	"an account in other digits":      {"arn:aws:iam::１２３４５６７８９０１２:user/alice", ErrMalformed},
	"an account of wildcards":         {"arn:aws:iam::************:user/alice", ErrMalformed},
	"another account":                 {"arn:aws:iam::210987654321:user/alice", ErrRefused},
	"another account's assumed role":  {"arn:aws:sts::210987654321:assumed-role/deploy/run-17", ErrRefused},
	"root":                            {"arn:aws:iam::123456789012:root", ErrRefused},
	"root as a user's path":           {"arn:aws:iam::123456789012:root/alice", ErrRefused},
	"root of sts":                     {"arn:aws:sts::123456789012:root", ErrRefused},
	"federated user":                  {"arn:aws:sts::123456789012:federated-user/alice", ErrRefused},
	"group":                           {"arn:aws:iam::123456789012:group/developers", ErrRefused},
	"policy":                          {"arn:aws:iam::123456789012:policy/alice", ErrRefused},
	"instance profile":                {"arn:aws:iam::123456789012:instance-profile/deploy", ErrRefused},
	"SAML provider":                   {"arn:aws:iam::123456789012:saml-provider/okta", ErrRefused},
	"OIDC provider":                   {"arn:aws:iam::123456789012:oidc-provider/accounts.example.com", ErrRefused},
	"MFA device":                      {"arn:aws:iam::123456789012:mfa/alice", ErrRefused},
	"another service":                 {"arn:aws:lambda::123456789012:user/alice", ErrRefused},
	"no service":                      {"arn:aws:::123456789012:user/alice", ErrRefused},
	"service in capitals":             {"arn:aws:IAM::123456789012:user/alice", ErrRefused},
	"kind in capitals":                {"arn:aws:iam::123456789012:User/alice", ErrRefused},
	"a colon for a slash":             {"arn:aws:iam::123456789012:user:alice", ErrRefused},
	"user of sts":                     {"arn:aws:sts::123456789012:user/alice", ErrRefused},
	"role of sts":                     {"arn:aws:sts::123456789012:role/deploy", ErrRefused},
	"assumed role of iam":             {"arn:aws:iam::123456789012:assumed-role/deploy/run-17", ErrRefused},
	"no resource":                     {"arn:aws:iam::123456789012:", ErrRefused},
	"user without a name":             {"arn:aws:iam::123456789012:user/", ErrMalformed},
	"user without anything":           {"arn:aws:iam::123456789012:user", ErrMalformed},
	"user with a path and no name":    {"arn:aws:iam::123456789012:user/division/", ErrMalformed},
	"user with an empty path part":    {"arn:aws:iam::123456789012:user//alice", ErrMalformed},
	"user with an empty part inside":  {"arn:aws:iam::123456789012:user/a//b/alice", ErrMalformed},
	"user with a space in the path":   {"arn:aws:iam::123456789012:user/a b/alice", ErrMalformed},
	"user with an umlaut in the path": {"arn:aws:iam::123456789012:user/ä/alice", ErrMalformed},
	"user with DEL in the path":       {"arn:aws:iam::123456789012:user/\x7f/alice", ErrMalformed},
	"user with too long a path": {
		"arn:aws:iam::123456789012:user/" + strings.Repeat("p", 511) + "/alice", ErrMalformed},
	"user with too long a name":     {"arn:aws:iam::123456789012:user/" + long + "n", ErrMalformed},
	"user with an extra colon":      {"arn:aws:iam::123456789012:user/alice:admin", ErrMalformed},
	"extra colon before the kind":   {"arn:aws:iam::123456789012::user/alice", ErrRefused},
	"user with a wildcard":          {"arn:aws:iam::123456789012:user/*", ErrMalformed},
	"user with a look-alike letter": {"arn:aws:iam::123456789012:user/аlice", ErrMalformed}, // a Cyrillic а
	"user with a full-width letter": {"arn:aws:iam::123456789012:user/ａlice", ErrMalformed},
	"user with a zero-width space":  {"arn:aws:iam::123456789012:user/alice\u200b", ErrMalformed},
	"user with a combining accent":  {"arn:aws:iam::123456789012:user/alice\u0301", ErrMalformed},
	"user with invalid UTF-8":       {"arn:aws:iam::123456789012:user/alice\xff", ErrMalformed},
	"kind with a look-alike letter": {"arn:aws:iam::123456789012:usеr/alice", ErrRefused}, // a Cyrillic е
	"slash that only looks like one": {
		"arn:aws:sts::123456789012:assumed-role/deploy∕run-17", ErrMalformed},
	"assumed role without a session":      {"arn:aws:sts::123456789012:assumed-role/deploy", ErrMalformed},
	"assumed role with an empty session":  {"arn:aws:sts::123456789012:assumed-role/deploy/", ErrMalformed},
	"assumed role with a short session":   {"arn:aws:sts::123456789012:assumed-role/deploy/x", ErrMalformed},
	"assumed role with a long session":    {"arn:aws:sts::123456789012:assumed-role/deploy/" + long + "s", ErrMalformed},
	"assumed role without a role":         {"arn:aws:sts::123456789012:assumed-role//run-17", ErrMalformed},
	"assumed role with a path":            {"arn:aws:sts::123456789012:assumed-role/team/deploy/run-17", ErrMalformed},
	"assumed role with a slash too many":  {"arn:aws:sts::123456789012:assumed-role/deploy/run-17/", ErrMalformed},
	"assumed role with a colon too many":  {"arn:aws:sts::123456789012:assumed-role/deploy/run:17", ErrMalformed},
	"assumed role with too long a role":   {"arn:aws:sts::123456789012:assumed-role/" + long + "n/run-17", ErrMalformed},
	"assumed role, nothing but slashes":   {"arn:aws:sts::123456789012:assumed-role///", ErrMalformed},
	"Identity Center with a look-alike S": {"arn:aws:sts::123456789012:assumed-role/AWSReservedЅSO_A_1234567890abcdef/al", ErrMalformed},
}

func TestRefusedCallers(t *testing.T) {
	for name, c := range refusedARNs {
		t.Run(name, func(t *testing.T) {
			for _, id := range []string{userID, roleID, roleID + ":run-17"} {
				a := Authorizer{AccountID: account, UserARN: c.arn, UserID: id}
				refused(t, a, account, c.kind)
			}
		})
	}
	const (
		alice   = "arn:aws:iam::123456789012:user/alice"
		session = "arn:aws:sts::123456789012:assumed-role/deploy/run-17"
	)
	for name, c := range map[string]struct {
		a       Authorizer
		account string
		kind    error
	}{
		"Cognito":                   {Authorizer{account, session, roleID + ":run-17", true}, account, ErrRefused},
		"a role that is no session": {Authorizer{account, "arn:aws:iam::123456789012:role/deploy", roleID, false}, account, ErrMalformed},
		"a service-linked role": {Authorizer{account, "arn:aws:iam::123456789012:role/aws-service-role/" +
			"autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", roleID, false}, account, ErrMalformed},
		"another account than the ARN's": {Authorizer{"210987654321", alice, userID, false}, account, ErrMalformed},
		"no account":                     {Authorizer{"", alice, userID, false}, account, ErrMalformed},
		"another deployment's account":   {Authorizer{account, alice, userID, false}, "210987654321", ErrRefused},
		"a deployment without account":   {Authorizer{account, alice, userID, false}, "", ErrMalformed},
		"all without account":            {Authorizer{"", "arn:aws:iam:::user/alice", userID, false}, "", ErrMalformed},
		"a user without unique id":       {Authorizer{account, alice, "", false}, account, ErrMalformed},
		"a user with a role's":           {Authorizer{account, alice, roleID, false}, account, ErrMalformed},
		"a user with a session":          {Authorizer{account, alice, userID + ":alice", false}, account, ErrMalformed},
		"a user with a colon":            {Authorizer{account, alice, userID + ":", false}, account, ErrMalformed},
		"a session without unique id":    {Authorizer{account, session, "", false}, account, ErrMalformed},
		"a session with a user's":        {Authorizer{account, session, userID + ":run-17", false}, account, ErrMalformed},
		"a session without its name":     {Authorizer{account, session, roleID, false}, account, ErrMalformed},
		"a session with an empty name":   {Authorizer{account, session, roleID + ":", false}, account, ErrMalformed},
		"a session of another name":      {Authorizer{account, session, roleID + ":run-18", false}, account, ErrMalformed},
		"a session with a colon":         {Authorizer{account, session, roleID + ":run-17:x", false}, account, ErrMalformed},
		"a short unique id":              {Authorizer{account, alice, "AIDA12345678901", false}, account, ErrMalformed},
		"a long unique id":               {Authorizer{account, alice, "AIDA" + strings.Repeat("A", 125), false}, account, ErrMalformed},
		"a unique id in small letters":   {Authorizer{account, alice, strings.ToLower(userID), false}, account, ErrMalformed},
		"the account as unique id":       {Authorizer{account, alice, account, false}, account, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.a, c.account, c.kind) })
	}
}

func refused(t *testing.T, a Authorizer, account string, kind error) {
	t.Helper()
	got, err := FromAuthorizer(a, account)
	if !errors.Is(err, kind) {
		t.Errorf("%+v is refused with %v, want %v", a, err, kind)
	}
	if diff := cmp.Diff(Caller{}, got); diff != "" {
		t.Error("something was answered all the same:", diff)
	}
}
