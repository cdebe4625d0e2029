package handler

import (
	"context"
	"time"

	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// PublishChanges makes the function of publish-changes.
func PublishChanges(s *secrets.Service) func(context.Context, []table.Change) error {
	return s.PublishChanges
}

// RollUpReads makes the function of roll-up-reads.
func RollUpReads(s *secrets.Service) func(context.Context, []table.Change) error {
	return s.RollUpReads
}

// DispatchRotations makes the function of dispatch-rotations.
func DispatchRotations(s *secrets.Service) func(context.Context, time.Time) (any, error) {
	return func(ctx context.Context, _ time.Time) (any, error) { return s.DispatchRotations(ctx) }
}

// RotateOnEvent makes the function of rotate-on-event.
func RotateOnEvent(s *secrets.Service) func(context.Context, secrets.BusEvent) (any, error) {
	return func(ctx context.Context, e secrets.BusEvent) (any, error) { return s.RotateOnEvent(ctx, e) }
}

// RotateDataKeys makes the function of rotate-data-keys.
func RotateDataKeys(s *secrets.Service) func(context.Context, time.Time) (any, error) {
	return func(ctx context.Context, _ time.Time) (any, error) { return s.RotateDataKeys(ctx) }
}
