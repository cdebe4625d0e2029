package client

import (
	"context"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// SetPause has a client wait in another way.
func SetPause(c *Client, pause func(context.Context, time.Duration) error) { c.pause = pause }

// Stored is a secret's value as the server has it.
func Stored(ctx context.Context, c *Client, secret uuid.UUID) string {
	got, err := call[api.Secret](ctx, c, Request{Operation: operation.GetSecret, Path: map[string]string{"secretId": secret.String()}}, nil)
	if err != nil {
		return err.Error()
	}
	return got.Value
}
