package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/uuid"
)

// Apply does what a plan says, the making before the removing, so that nobody is without between a wider and a narrower
// grant. It goes on after an error, but not after the context's end. done is told of each step; the answer is all errors
// together. Where making one for an IAM principal failed, nothing of that principal's is removed: a wider grant stays until
// the narrower one is there. Doing it again is harmless. It needs kms:CreateGrant and kms:RevokeGrant.
func (c *Client) Apply(ctx context.Context, plan KeyPlan, done func(g KeyGrant, made bool, err error)) error {
	if plan.Empty() {
		return nil
	}
	service, key, err := c.ClientKey(ctx)
	if err != nil {
		return err
	}
	var all []error
	failed := map[string]bool{}
	for _, g := range plan.Make {
		if ctx.Err() != nil {
			return errors.Join(append(all, ctx.Err())...)
		}
		err := makeKeyGrant(ctx, service, key, g)
		done(g, true, err)
		failed[g.ARN] = failed[g.ARN] || err != nil
		all = append(all, err)
	}
	for _, g := range plan.Remove {
		if ctx.Err() != nil {
			return errors.Join(append(all, ctx.Err())...)
		}
		if failed[g.ARN] {
			continue
		}
		err := removeKeyGrant(ctx, service, key, g)
		done(g, false, err)
		all = append(all, err)
	}
	return errors.Join(all...)
}

func makeKeyGrant(ctx context.Context, service KMS, key string, g KeyGrant) error {
	var operations []types.GrantOperation
	for _, name := range g.Operations() {
		operations = append(operations, types.GrantOperation(name))
	}
	_, err := service.CreateGrant(ctx, &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: &g.ARN, Operations: operations, Name: aws.String(g.Name()),
		Constraints: &types.GrantConstraints{EncryptionContextEquals: g.Context()},
	})
	var (
		unknown *types.InvalidArnException
		full    *types.LimitExceededException
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		return &KMSError{Action: "kms:CreateGrant", Err: fmt.Errorf(
			"%s is no IAM user or role that KMS knows; where a role has a path, its identity needs the ARN with it", g.ARN)}
	case errors.As(err, &full):
		return &KMSError{Action: "kms:CreateGrant", Err: fmt.Errorf(
			"there is no room for another grant on %s, of which a key has %d at most; use IAM policies instead, see --no-kms", key, MaxKeyGrants)}
	}
	return grantError(err, "kms:CreateGrant", key)
}

// removeKeyGrant removes a grant; one that is gone is no error.
func removeKeyGrant(ctx context.Context, service KMS, key string, g KeyGrant) error {
	_, err := service.RevokeGrant(ctx, &kms.RevokeGrantInput{KeyId: &key, GrantId: &g.id})
	var gone *types.NotFoundException
	if err == nil || errors.As(err, &gone) {
		return nil
	}
	return grantError(err, "kms:RevokeGrant", key)
}

// grantError says what is missing where KMS refuses the caller.
func grantError(err error, action, key string) error {
	if denied, ok := kmsError(err, action, key, uuid.Nil).(*KeyDeniedError); ok { //nolint:errorlint // made by kmsError, never wrapped
		return &KMSError{Action: action, Err: fmt.Errorf("your own IAM identity lacks %s on %s", denied.Action, denied.Key)}
	}
	return &KMSError{Action: action, Err: err}
}
