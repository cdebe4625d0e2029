package client

import (
	"context"
	"time"
)

// SetPause has a client wait in another way.
func SetPause(c *Client, pause func(context.Context, time.Duration) error) { c.pause = pause }
