package client

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/operation"
)

// A Version is a value that a secret had.
type Version struct {
	Number    int64
	Value     Value
	CreatedAt time.Time
	CreatedBy api.Actor
	Stage     api.Stage
	// RestoredFrom is the version whose value this one took up again; zero where it is new.
	RestoredFrom int64
	// Name is what the secret was called when a client-encrypted value was written; empty for others.
	Name string
}

// Versions lists the versions of a secret, newest first, without values.
func (c *Client) Versions(ctx context.Context, secret uuid.UUID) iter.Seq2[api.SecretVersion, error] {
	return pages[api.SecretVersion](ctx, c, Request{
		Operation: operation.ListSecretVersions, Path: map[string]string{"secretId": secret.String()},
	})
}

// Version reads one version of a secret that was read before.
func (c *Client) Version(ctx context.Context, s Secret, number int64) (Version, error) {
	got, err := call[api.SecretVersion](ctx, c, Request{
		Operation: operation.GetSecretVersion,
		Path:      map[string]string{"secretId": s.ID.String(), "version": strconv.FormatInt(number, 10)},
	}, nil)
	if err != nil {
		return Version{}, err
	}
	if got.SecretID != s.ID || got.Version != number || got.Value == nil {
		return Version{}, &NoAnswerError{
			Operation: operation.GetSecretVersion, Reason: fmt.Sprintf("the server answers another version than %d of %s", number, s.ID),
		}
	}
	v := Version{
		Number: got.Version, CreatedAt: got.CreatedAt, CreatedBy: got.CreatedBy, Stage: got.Stage, RestoredFrom: got.RestoredFrom,
		Value: NewValue(*got.Value),
	}
	if s.Encryption != api.EncryptionClient {
		return v, nil
	}
	me, err := c.identity(ctx)
	if err != nil {
		return Version{}, err
	}
	// An older version may have been written under another name: which, its own header says.
	opened, err := c.open(ctx, *got.Value, got.Keys, clientcrypto.Expectation{Organization: me.organization, Secret: s.ID, Project: s.project.ID})
	if err != nil {
		return Version{}, fmt.Errorf("version %d: %w", number, err)
	}
	v.Value, v.Name = NewValue(string(opened.Plaintext)), opened.Binding.Name
	return v, nil
}

// Restore gives a secret the value of one of its versions again, as a new version. Where it is the current value
// already, nothing changes. A client-encrypted one is encrypted anew, for what the secret is called and in now.
func (c *Client) Restore(ctx context.Context, secret string, number int64) (Secret, error) {
	s, err := c.Get(ctx, secret)
	if err != nil {
		return Secret{}, err
	}
	v, err := c.Version(ctx, s, number)
	if err != nil {
		return Secret{}, err
	}
	return c.updateAs(ctx, s.again(), Change{Value: &v.Value, RestoredFrom: number})
}
