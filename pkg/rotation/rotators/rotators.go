package rotators

import (
	"context"

	"github.com/google/uuid"

	"strongroom/pkg/rotation"
)

// A Rotator does the steps of a rotation that concern the target. Each may be done again, by another worker too, after it was
// done or stopped anywhere in the middle: it then comes to the same. Errors are of type *Error, and hold no value.
type Rotator interface {
	// Create makes the value that is to be the pending one, from Current. What it leaves outside until the value is stored, a
	// further call must find by the task's note and take away.
	Create(ctx context.Context, t *Task) (Created, error)
	// Set makes the target take Pending.
	Set(ctx context.Context, t *Task) error
	// Test is nil when the target works with Pending.
	Test(ctx context.Context, t *Task) error
	// Undo makes Current the value that works, and Pending, if there is one, none that does.
	Undo(ctx context.Context, t *Task) error
	// Retire makes Old a value that does not work. Current works on.
	Retire(ctx context.Context, t *Task) error
	// Check is nil when the settings can be used: it connects with Current and changes nothing.
	Check(ctx context.Context, t *Task) error
}

// A Finisher is a rotator that is told when the pending value has become the current one. Workers tell it after they promoted the
// version: once, or again, or never, if the worker ends right then; and what it answers changes nothing any more. The task's
// Current is the new value, Old the one before.
type Finisher interface {
	Finish(ctx context.Context, t *Task) error
}

// Created is what Create made.
type Created struct {
	Value string
	// PublicID is what it is known by outside, an access key's id say; empty for nothing.
	PublicID string
}

// A Task is what a rotator works on. Values are plaintext.
type Task struct {
	Secret, Rotation uuid.UUID
	// Attempt is the worker's lease on the rotation: what an attempt before did may have been taken back since.
	Attempt  uuid.UUID
	Settings rotation.Settings
	// Current is the secret's current value. Pending is that of the pending version; nil before there is one, and when Old is
	// retired. Old is the value of the version before the current one, of Retire alone.
	Current      string
	Pending, Old *string
	// Further are the values of the secrets that the settings name.
	Further map[uuid.UUID]string
	// Note is what workers wrote down for those that follow them; SaveNote stores another, before what it is about is done.
	Note     string
	SaveNote func(ctx context.Context, note string) error
	// At, where not nil, is told before and after each thing that is done outside, by name ("alter-user:before"): tests end the
	// worker there.
	At func(point string)
}

// SettingsOf are the task's settings, which must be of the rotator's own type.
func SettingsOf[T rotation.Settings](t *Task) (T, error) {
	settings, ok := t.Settings.(T)
	if !ok {
		return settings, Wrong(nil, "the settings are not those of this rotator")
	}
	return settings, nil
}

// Outside does something outside, and tells At of it.
func (t *Task) Outside(name string, do func() error) error {
	t.at(name + ":before")
	err := do()
	t.at(name + ":after")
	return err
}

// Save stores another note, and tells At of it. Its error is of type *Error.
func (t *Task) Save(ctx context.Context, note string) error {
	return t.Outside("save-note", func() error {
		if err := t.SaveNote(ctx, note); err != nil {
			return Failed(err, "what was begun could not be written down")
		}
		t.Note = note
		return nil
	})
}

func (t *Task) at(point string) {
	if t.At != nil {
		t.At(point)
	}
}
