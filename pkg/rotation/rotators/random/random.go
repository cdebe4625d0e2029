// Package random rotates a value that nothing but its readers knows: a template makes another one. A signing key or the password of
// a file are of that kind. There is no target, so that all steps but the first have nothing to do.
package random

import (
	"context"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// A Rotator rotates random values.
type Rotator struct{}

var _ rotators.Rotator = Rotator{}

// New is the rotator of random values.
func New() Rotator { return Rotator{} }

// Create makes a value: what the template makes, or the current one with its member set to that.
func (Rotator) Create(_ context.Context, t *rotators.Task) (rotators.Created, error) {
	settings, err := rotators.SettingsOf[*rotation.RandomSettings](t)
	if err != nil {
		return rotators.Created{}, err
	}
	value, err := rotators.Fill(t.Current, settings.Field, settings.Template)
	return rotators.Created{Value: value}, err
}

// Set has nothing to do, nor have the others.
func (Rotator) Set(context.Context, *rotators.Task) error { return nil }

// Test has nothing to do.
func (Rotator) Test(context.Context, *rotators.Task) error { return nil }

// Undo has nothing to do.
func (Rotator) Undo(context.Context, *rotators.Task) error { return nil }

// Retire has nothing to do.
func (Rotator) Retire(context.Context, *rotators.Task) error { return nil }

// Check sees whether a value can be made.
func (r Rotator) Check(ctx context.Context, t *rotators.Task) error {
	_, err := r.Create(ctx, t)
	return err
}
