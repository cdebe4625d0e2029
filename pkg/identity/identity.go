// Package identity turns what AWS says about a caller, and what an administrator says about whom to bind, into the same
// look-up keys. It knows IAM's names and nothing of HTTP, storage or permissions.
//
// # Callers
//
// API Gateway's IAM authorizer has checked the signature and says who signed. [FromAuthorizer] accepts, in the
// partitions aws, aws-cn and aws-us-gov and in the deployment's own account only:
//
//	arn:aws:iam::123456789012:user/path/NAME              an IAM user
//	arn:aws:sts::123456789012:assumed-role/ROLE/SESSION   somebody who assumed an IAM role
//
// and refuses everything else: the root user, federated users, callers through Cognito, other accounts (they assume a
// role here), services. The ARN decides; account and user id must agree with it.
//
// # Keys
//
// A look-up key is an ARN without its path, in its own case: names of users and of roles are unique in an account
// whatever their paths, and the ARN of an assumed role has no path anyway.
//
//	arn:aws:iam::123456789012:user/NAME
//	arn:aws:iam::123456789012:role/ROLE
//	arn:aws:sts::123456789012:assumed-role/ROLE/SESSION   of IAM Identity Center only
//
// Whoever may assume a role chooses the name of the session, so a session's name says nothing about a person. The one
// exception are the roles that IAM Identity Center makes (AWSReservedSSO_…), where AWS sets it to the person's name.
// Only there has a caller a session key, before its role's; and since a role of that form could be made by somebody
// else, a session key matches only where the binding pins the role's unique id.
//
// [Names] is for searching what callers did, not for recognizing them: it names every session, of whatever role.
//
// # Bindings
//
// [ParseBinding] reads what is to be bound: a user, a role, or a session of an Identity Center role. Any binding may
// pin the unique id of its user or role ("AIDA…", "AROA…"), so that one deleted and made again under the same name is
// another caller. [Caller.Matches] compares a caller with a stored binding.
//
// # Sources
//
// ARNs, paths and unique ids: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html. Lengths and
// characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and the parameters of
// CreateRole, CreateUser (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html) and AssumeRole
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). Roles of Identity Center:
// https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html.
package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Authorizer is what API Gateway's IAM authorizer says about who signed a request: requestContext.authorizer.iam of
// an HTTP API's event. Its accessKey and callerId decide nothing and are left out.
type Authorizer struct {
	// AccountID is accountId: twelve digits.
	AccountID string
	// UserARN is userArn.
	UserARN string
	// UserID is userId: a user's unique id, or a role's, a colon and the name of the session.
	UserID string
	// Cognito says that cognitoIdentity is not null.
	Cognito bool
}

// A Caller is who signed a request.
type Caller struct {
	// ARN is as it was given.
	ARN string
	// Keys are the caller's look-up keys, in the order in which they count: the session's, where there is one, then
	// the user's or the role's.
	Keys []string
	// UniqueID is the user's or the role's, by which IAM tells it from others of its name.
	UniqueID string
}

// Errors of FromAuthorizer and ParseBinding. What wraps them says what is refused and why, and may be shown.
var (
	// ErrRefused: this kind of caller, or this caller's account, is not accepted.
	ErrRefused = errors.New("not accepted")
	// ErrMalformed: this is no ARN, account or unique id, or they don't belong together.
	ErrMalformed = errors.New("malformed")
	// ErrUniqueID, besides one of these: it is the unique id that is malformed or missing, and not the ARN.
	ErrUniqueID = errors.New("unique id")
)

// FromAuthorizer answers the caller, where account is the deployment's own. An error wraps ErrRefused or ErrMalformed.
func FromAuthorizer(a Authorizer, account string) (Caller, error) {
	if a.Cognito {
		return Caller{}, fmt.Errorf("callers through Amazon Cognito are %w: sign with an IAM user or role", ErrRefused)
	}
	p, err := parseARN(a.UserARN)
	if err != nil {
		return Caller{}, err
	}
	if err := p.inAccount(account); err != nil {
		return Caller{}, err
	}
	if a.AccountID != p.account {
		return Caller{}, fmt.Errorf("%w caller: its ARN is not of the account that signed", ErrMalformed)
	}
	if p.kind == role {
		return Caller{}, fmt.Errorf("%w caller: a role signs through a session, arn:%s:sts::%s:assumed-role/%s/…",
			ErrMalformed, p.partition, p.account, p.name)
	}
	uniqueID, session, hasSession := strings.Cut(a.UserID, ":")
	if hasSession != (p.kind == assumedRole) || session != p.session {
		return Caller{}, fmt.Errorf("%w caller: its user id is not that of its ARN", ErrMalformed)
	}
	if err := p.kind.checkUniqueID(uniqueID); err != nil {
		return Caller{}, err
	}
	return Caller{ARN: a.UserARN, Keys: p.keys(), UniqueID: uniqueID}, nil
}

// Names are the names, without paths, of whom an ARN is of, in any account: a session's own and its role's, or the user's or
// the role's alone. What two ARNs have in common so is what one means of the other: a role's name is among those of each of
// its sessions. An error wraps ErrRefused or ErrMalformed.
func Names(arn string) ([]string, error) {
	p, err := parseARN(arn)
	if err != nil {
		return nil, err
	}
	if p.kind == assumedRole {
		return []string{p.sessionKey(), p.roleKey()}, nil
	}
	return p.keys(), nil
}

// Matches says whether a stored binding, its key and the unique id that it pins if any, is of this caller. A pinned
// unique id must be the caller's, and the key of a session never matches without one.
func (c Caller) Matches(key, pinnedUniqueID string) bool {
	if pinnedUniqueID == "" {
		return slices.Contains(c.Keys, key) && !isSessionKey(key)
	}
	return slices.Contains(c.Keys, key) && pinnedUniqueID == c.UniqueID
}

// isSessionKey says whether a key, made by this package, is of a session.
func isSessionKey(key string) bool { return strings.Contains(key, ":sts:") }

// A Binding is what is bound to a user or a service account.
type Binding struct {
	// ARN is as it was given, path and all: what KMS wants to hear.
	ARN string
	// Key is the look-up key.
	Key string
	// UniqueID is what is pinned; empty for nothing.
	UniqueID string
	// Role is the look-up key of a session's role; empty for what is no session. Who is bound by the role alone is found
	// after who is bound by the session.
	Role string
}

// ParseBinding reads an ARN that is to be bound, and the unique id to pin or "", where account is the deployment's
// own. An error wraps ErrRefused or ErrMalformed.
func ParseBinding(arn, uniqueID, account string) (Binding, error) {
	p, err := parseARN(arn)
	if err != nil {
		return Binding{}, err
	}
	if err := p.inAccount(account); err != nil {
		return Binding{}, err
	}
	if p.kind == role && strings.HasPrefix(p.path, "/aws-service-role/") {
		return Binding{}, fmt.Errorf("a service-linked role is %w: only an AWS service can assume it", ErrRefused)
	}
	if p.kind == assumedRole && !p.identityCenter() {
		return Binding{}, fmt.Errorf("a session is %w unless its role is one of IAM Identity Center's: whoever may "+
			"assume a role chooses the session's name; bind the role, %s", ErrRefused, p.roleKey())
	}
	if p.kind == assumedRole && uniqueID == "" {
		return Binding{}, fmt.Errorf("a session is %w without the %w of its role (AROA…)", ErrRefused, ErrUniqueID)
	}
	if uniqueID != "" {
		if err := p.kind.checkUniqueID(uniqueID); err != nil {
			return Binding{}, err
		}
	}
	b := Binding{ARN: arn, Key: p.keys()[0], UniqueID: uniqueID}
	if p.kind == assumedRole {
		b.Role = p.roleKey()
	}
	return b, nil
}
