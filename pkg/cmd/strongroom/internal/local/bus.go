package local

import (
	"context"
	"log/slog"

	"strongroom/pkg/secrets"
)

// A bus says in the log what is published: nobody else listens on one machine.
type bus struct{ log *slog.Logger }

// Publish logs notices: emergencies and departures so that they are seen, the others for who looks closer.
func (b bus) Publish(ctx context.Context, notices []secrets.Notice) error {
	for _, n := range notices {
		level := slog.LevelDebug
		if n.Kind == "Break Glass" || n.Kind == "Principal Disabled" || n.Kind == "Principal Deleted" {
			level = slog.LevelInfo
		}
		b.log.Log(ctx, level, n.Kind, "resourceKind", n.ResourceKind, "resourceId", n.ResourceID, "eventId", n.EventID)
	}
	return nil
}
