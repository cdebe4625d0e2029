package cli

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/client"
)

// writesAtOnce is how many secrets are written at a time.
const writesAtOnce = 16

// write writes what is planned, in its order. A signal lets what is under way be done and nothing further begin; a
// second one ends the program.
func (m *Main) write(ctx context.Context, c *client.Client, p plan) error {
	stopped, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(stopped, stop)
	bar := m.progress(len(p.writes), "writing")
	var done atomic.Int64
	group, failed := errgroup.WithContext(stopped)
	group.SetLimit(writesAtOnce)
	for _, w := range p.writes {
		if failed.Err() != nil {
			break
		}
		group.Go(func() error {
			if failed.Err() != nil { // it waited for its turn
				return nil
			}
			if err := writeOne(ctx, c, p.project.ID.String(), w); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			done.Add(1)
			bar.step()
			return nil
		})
	}
	err := group.Wait()
	bar.stop()
	switch left := len(p.writes) - int(done.Load()); {
	case err != nil:
		e := explain(err)
		return &exitError{e.exit, fmt.Errorf("%w; %d of %d were written: run it again for the rest", e.err, done.Load(), len(p.writes))}
	case left > 0:
		return interrupted("%d of %d were written: run it again for the rest", done.Load(), len(p.writes))
	}
	m.sayf("%s written into %s", counted(len(p.writes), "secret was", "secrets were"), p.project.Name)
	return nil
}

// writeOne makes a secret in the project of that id, or gives it its value. Where somebody else made it since, it gets its
// value too.
func writeOne(ctx context.Context, c *client.Client, project string, w write) error {
	if w.id != uuid.Nil {
		_, err := c.Create(ctx, client.NewSecret{Project: project, Name: w.name, Value: w.value, ID: w.id})
		if !errors.Is(err, client.ErrConflict) {
			return err
		}
	}
	_, err := c.Set(ctx, project+"/"+w.name, w.value)
	return err
}
