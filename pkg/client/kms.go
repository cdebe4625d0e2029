package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"

	"strongroom/pkg/clientcrypto"
)

// KMS is what a client asks AWS KMS for; *kms.Client is one.
type KMS interface {
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	CreateGrant(context.Context, *kms.CreateGrantInput, ...func(*kms.Options)) (*kms.CreateGrantOutput, error)
	ListGrants(context.Context, *kms.ListGrantsInput, ...func(*kms.Options)) (*kms.ListGrantsOutput, error)
	RevokeGrant(context.Context, *kms.RevokeGrantInput, ...func(*kms.Options)) (*kms.RevokeGrantOutput, error)
}

// A KeyDeniedError says that KMS does not let the caller use the client key for a project: Strongroom's own lock may be
// open, this second one is not.
type KeyDeniedError struct {
	// Action is what is missing, as IAM names it: kms:Decrypt or kms:GenerateDataKey.
	Action string
	Key    string
	// Project is the one of the encryption context.
	Project uuid.UUID
	Err     error
}

func (e *KeyDeniedError) Error() string {
	return fmt.Sprintf("AWS KMS refuses it: %s is missing on %s with the encryption context strongroom:project=%s; "+
		"who manages the project gives it with `strongroom access sync %s`, and KMS takes up to five minutes to know", e.Action, e.Key, e.Project, e.Project)
}

// Unwrap is KMS's own error.
func (e *KeyDeniedError) Unwrap() error { return e.Err }

// A KMSError says that KMS did not do what it was asked for, but for a permission that is missing.
type KMSError struct {
	Action string
	Err    error
}

func (e *KMSError) Error() string { return fmt.Sprintf("AWS KMS: %s: %s", e.Action, e.Err) }

// Unwrap is KMS's own error.
func (e *KMSError) Unwrap() error { return e.Err }

// A ForeignKeyError says that KMS does not unwrap a project key that the server answered: it was not made under the pinned
// client key for that organization and project, or was altered.
type ForeignKeyError struct {
	ID, Project uuid.UUID
	// Key is the pinned client key.
	Key string
	Err error
}

func (e *ForeignKeyError) Error() string {
	return fmt.Sprintf("the server answered a key (%s) that was not made for project %s under the pinned client key %s", e.ID, e.Project, e.Key)
}

// Unwrap is KMS's own error.
func (e *ForeignKeyError) Unwrap() error { return e.Err }

// ClientKey answers KMS, in the region of the pinned client key, and that key's ARN.
func (c *Client) ClientKey(ctx context.Context) (KMS, string, error) {
	me, err := c.identity(ctx)
	if err != nil {
		return nil, "", err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.kms == nil {
		parsed, err := arn.Parse(me.clientKey)
		if err != nil {
			return nil, "", setupf("the pinned client key %q is no ARN", me.clientKey)
		}
		c.kms = kms.NewFromConfig(c.config.AWS, func(o *kms.Options) { o.Region = parsed.Region })
	}
	return c.kms, me.clientKey, nil
}

// projectKMS is ClientKey, and the encryption context of a project's keys, from pinned ids alone.
func (c *Client) projectKMS(ctx context.Context, project uuid.UUID) (service KMS, key string, encryptionContext map[string]string, err error) {
	me, err := c.identity(ctx)
	if err == nil {
		service, key, err = c.ClientKey(ctx)
	}
	return service, key, clientcrypto.KeyContext(me.organization, project), err
}

// unwrap has KMS unwrap a project key.
func (c *Client) unwrap(ctx context.Context, project, id uuid.UUID, wrapped []byte) (clientcrypto.ProjectKey, error) {
	service, key, encryptionContext, err := c.projectKMS(ctx, project)
	if err != nil {
		return clientcrypto.ProjectKey{}, err
	}
	out, err := service.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: wrapped, KeyId: &key, EncryptionContext: encryptionContext})
	var (
		altered *types.InvalidCiphertextException
		other   *types.IncorrectKeyException
	)
	switch {
	case errors.As(err, &altered), errors.As(err, &other):
		return clientcrypto.ProjectKey{}, &ForeignKeyError{ID: id, Project: project, Key: key, Err: err}
	case err != nil:
		return clientcrypto.ProjectKey{}, kmsError(err, "kms:Decrypt", key, project)
	}
	defer clear(out.Plaintext)
	return clientcrypto.NewProjectKey(id, project, out.Plaintext)
}

// generate has KMS make a project key. Its id grows with time.
func (c *Client) generate(ctx context.Context, project uuid.UUID) (key clientcrypto.ProjectKey, wrapped []byte, err error) {
	service, arn, encryptionContext, err := c.projectKMS(ctx, project)
	if err != nil {
		return key, nil, err
	}
	out, err := service.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: &arn, KeySpec: types.DataKeySpecAes256, EncryptionContext: encryptionContext,
	})
	if err != nil {
		return key, nil, kmsError(err, "kms:GenerateDataKey", arn, project)
	}
	defer clear(out.Plaintext)
	id, err := uuid.NewV7()
	if err != nil {
		return key, nil, err
	}
	key, err = clientcrypto.NewProjectKey(id, project, out.Plaintext)
	return key, out.CiphertextBlob, err
}

func kmsError(err error, action, key string, project uuid.UUID) error {
	var known smithy.APIError
	if errors.As(err, &known) && known.ErrorCode() == "AccessDeniedException" {
		return &KeyDeniedError{Action: action, Key: key, Project: project, Err: err}
	}
	if known == nil {
		return &NoAnswerError{Sent: true, Err: err, Reason: fmt.Sprintf("AWS KMS can't be reached for %s: %s; check the network and AWS_ENDPOINT_URL_KMS", action, innermost(err))}
	}
	return &KMSError{Action: action, Err: err}
}

// innermost is what failed at the bottom of an error, without what the layers above say of their attempts.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

var _ KMS = (*kms.Client)(nil)
