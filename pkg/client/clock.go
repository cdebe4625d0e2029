package client

import (
	"context"
	"net/http"
	"time"

	"strongroom/pkg/api"
)

// Now is the time by the clock that grants end by and events are dated by. That is the caller's own, but where `strongroom local`
// is made to run fast: it tells the time with its answers, and Now asks for one where there was none yet. Nobody but a server on
// this machine is believed.
func (c *Client) Now(ctx context.Context) (time.Time, error) {
	if c.base.Scheme == "http" && !c.answered.Load() { // which is for this machine alone
		if _, err := c.Whoami(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return c.serverNow(), nil
}

// serverNow is Now as the answers so far tell it.
func (c *Client) serverNow() time.Time { return c.now().Add(time.Duration(c.ahead.Load())) }

// keepTime notes what the server says of the time.
func (c *Client) keepTime(answer http.Header) {
	if c.base.Scheme != "http" {
		return
	}
	c.answered.Store(true)
	if told, err := time.Parse(time.RFC3339Nano, answer.Get(api.NowHeader)); err == nil {
		c.ahead.Store(int64(told.Sub(c.now())))
	}
}
