package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/client"
	"strongroom/pkg/operation"
	rotating "strongroom/pkg/rotation"
)

// How often a rotation that runs is looked at, and after how long without a worker it is said what may keep that away.
const (
	firstLook  = 100 * time.Millisecond
	longLook   = 2 * time.Second
	nobodyCame = 15 * time.Second
)

// A rotationWatch sees a rotation through.
type rotationWatch struct {
	m    *Main
	text string
	run  api.RotationRun
	// leaked says that the old value is to be seen retired, and follows that this takes the rotation that follows this one.
	leaked, follows bool
	// patience is how long nothing may happen while a worker is asked for.
	patience time.Duration
	look     func(context.Context) (api.Rotation, error)
	events   func(context.Context) iter.Seq2[api.Event, error]
	// hint says what may keep workers away.
	hint func(context.Context, api.Rotation) error

	said   string    // of the state
	since  time.Time // since when it is so
	hinted bool
}

// errOver ends a watch: there is nothing more to see.
var errOver = errors.New("over")

// watch says what becomes of the rotation until nothing is to be seen for a while.
func (w *rotationWatch) watch(ctx context.Context) (api.RotationRun, error) {
	for pause := firstLook; ; pause = min(2*pause, longLook) {
		w.say()
		switch w.run.State {
		case api.RotationDone, api.RotationFailed:
			if !w.follows {
				return w.run, nil
			}
		case api.RotationWaiting:
			if !w.leaked {
				return w.run, w.sayWaiting(ctx)
			}
		case api.RotationRunning: // its worker works, or its lease ends
			w.since = time.Now()
		case api.RotationDue:
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return w.run, ctx.Err()
		}
		switch err := w.next(ctx); {
		case errors.Is(err, errOver):
			return w.run, nil
		case err != nil:
			return w.run, err
		}
	}
}

// say says how far the rotation is, where that is news.
func (w *rotationWatch) say() {
	words := stateInWords(&w.run)
	if w.leaked && w.run.State == api.RotationWaiting {
		words = retiringInWords(&w.run)
	}
	if words == w.said {
		return
	}
	w.said, w.since, w.hinted = words, time.Now(), false
	w.m.sayf("%s: %s", w.text, words)
	if w.run.Reason != "" && w.run.State == api.RotationDue {
		w.m.sayf("%s: %s", w.text, w.run.Reason)
	}
}

// next looks at the rotation again.
func (w *rotationWatch) next(ctx context.Context) error {
	r, err := w.look(ctx)
	switch {
	case errors.Is(err, client.ErrForbidden) && w.run.State == api.RotationWaiting:
		w.m.sayf("%s: for whom it waits, who manages the secret may see", w.text)
		return errOver
	case errors.Is(err, client.ErrForbidden):
		w.m.sayf("%s: it was asked for; how it goes, who manages the secret may see", w.text)
		return errOver
	case err != nil:
		return err
	case r.Run != nil && r.Run.ID != w.run.ID && w.follows:
		w.run, w.follows = *r.Run, false
		w.m.sayf("%s: rotation %s", w.text, w.run.ID)
		return nil
	case r.Run == nil || r.Run.ID != w.run.ID:
		if w.run, err = w.m.overtaken(w.text, w.run, w.events(ctx)); err != nil {
			return err
		}
		return errOver
	}
	w.run = *r.Run
	w.say()
	return w.wait(ctx, r)
}

// wait says what may keep workers away where none comes, and ends where that lasts.
func (w *rotationWatch) wait(ctx context.Context, r api.Rotation) error {
	since := w.since
	if at := w.run.TryAt; at != nil && at.After(since) {
		since = *at // nobody is asked before
	}
	quiet := time.Since(since)
	if w.run.State == api.RotationDue && !w.hinted && quiet >= min(nobodyCame, w.patience) {
		w.hinted = true
		w.m.sayf("%s: no worker has come yet", w.text)
		if err := w.hint(ctx, r); err != nil {
			return err
		}
	}
	if quiet < w.patience {
		return nil
	}
	return fmt.Errorf("%s: nothing has happened for %s: is a worker deployed for the rotator %s, and what does its log say? "+
		"One is asked for every %s, for %s at most; `%s` shows how it goes on", w.text, rotating.FormatDuration(w.patience), r.Rotator,
		rotating.FormatDuration(rotating.AskAgain), rotating.FormatDuration(rotating.NobodyCame), pasted("rotation", "get", w.text))
}

// sayWaiting says for whom the rotation waits, where the caller may see that.
func (w *rotationWatch) sayWaiting(ctx context.Context) error {
	r, err := w.look(ctx)
	switch {
	case errors.Is(err, client.ErrForbidden):
		w.m.sayf("%s: for whom it waits, who manages the secret may see", w.text)
		return nil
	case err != nil:
		return err
	case r.Run == nil || r.Run.ID != w.run.ID:
		return nil // over meanwhile
	}
	w.run = *r.Run
	w.m.sayReaders(w.text, r.Run)
	return nil
}

// overtaken says how a rotation ended that another one followed before that was seen: by the secret's events, newest first.
func (m *Main) overtaken(text string, run api.RotationRun, events iter.Seq2[api.Event, error]) (api.RotationRun, error) {
	for e, err := range events {
		if err != nil {
			return run, err
		}
		if e.RotationID == nil || *e.RotationID != run.ID || e.Action != string(operation.PromoteVersion) || e.Decision != string(audit.Allowed) {
			continue
		}
		run.State, run.Reason = api.RotationDone, ""
		if len(e.Values) > 0 {
			run.Version = e.Values[0].Version
		}
		m.sayf("%s: %s; another rotation follows", text, stateInWords(&run))
		return run, nil
	}
	return run, fmt.Errorf("%s was not rotated by it, and another rotation follows; `%s` shows how that goes", text, pasted("rotation", "get", text))
}
