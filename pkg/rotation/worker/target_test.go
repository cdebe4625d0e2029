package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

var (
	secretID = uuid.MustParse("0190a1b2-0000-7000-8000-000000000001")
	adminID  = uuid.MustParse("0190a1b2-0000-7000-8000-000000000002")
	start    = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
)

// A style is how a target takes values.
type style string

const (
	nothing     style = "nothing knows it"
	single      style = "one user"
	alternating style = "two users that alternate"
	keys        style = "access keys"
)

// A target is a model of what knows a value: users with passwords, or keys by their ids. It is its own rotator, which keeps nothing
// between calls.
type target struct {
	style style
	mutex sync.Mutex
	opens map[string]string // password by user, or secret by key's id
	// refuses are errors by step: what the target answers whatever it did.
	refuses map[string]error
	// once has a refusal be the first answer alone.
	once bool
	// late has effects happen though the context has ended, as those do that were sent before.
	late bool
	// calls counts the calls by step.
	calls map[string]int
}

// A credential is a value.
type credential struct {
	User     string `json:"username"`
	Password string `json:"password"`
}

func parse(value string) (c credential) {
	_ = json.Unmarshal([]byte(value), &c)
	return c
}

func (c credential) String() string {
	text, err := json.Marshal(map[string]string{"username": c.User, "password": c.Password})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// newTarget is one with its first value, and how the secret with that is to be rotated.
func newTarget(s style) (*target, string, api.PutRotation) {
	t := &target{style: s, opens: map[string]string{}, refuses: map[string]error{}, calls: map[string]int{}}
	in := api.PutRotation{Readers: &api.RotationReaders{Deadline: "1h", Grace: "0s"}}
	database := `{"host": "localhost", "users": [%s], "adminSecretId": "` + adminID.String() + `"}`
	value := credential{"ann", "first-password"}
	switch s {
	case nothing:
		in = api.PutRotation{Rotator: string(rotation.Random)}
	case single:
		in = api.PutRotation{Rotator: string(rotation.PostgreSQL), Settings: json.RawMessage(fmt.Sprintf(database, `"ann"`))}
	case alternating:
		in.Rotator, in.Settings = string(rotation.PostgreSQL), json.RawMessage(fmt.Sprintf(database, `"ann", "bob"`))
		t.opens["bob"] = "never-known"
	case keys:
		in.Rotator, in.Settings = string(rotation.IAMAccessKey), json.RawMessage(`{"userName": "app"}`)
	}
	t.opens[value.User] = value.Password
	return t, value.String(), in
}

// works says whether a value opens the target.
func (t *target) works(value string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	c := parse(value)
	return t.style == nothing || t.opens[c.User] == c.Password
}

// orphans are what opens the target besides those values.
func (t *target) orphans(values ...string) (left []string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.style == nothing {
		return nil
	}
	for user, password := range t.opens {
		known := strings.HasPrefix(password, "never-known")
		for _, value := range values {
			known = known || parse(value) == credential{user, password}
		}
		if !known {
			left = append(left, user+" "+password)
		}
	}
	return left
}

// effect is one in the target.
func (t *target) effect(ctx context.Context, task *rotators.Task, name string, do func()) error {
	if task.At != nil {
		task.At(name + ":before")
	}
	if err := ctx.Err(); err != nil && !t.late {
		return &rotators.Error{Reason: "the target was not waited for"}
	}
	t.mutex.Lock()
	do()
	t.calls[name]++
	err := t.refuses[name]
	if t.once {
		delete(t.refuses, name)
	}
	t.mutex.Unlock()
	if task.At != nil {
		task.At(name + ":after")
	}
	return err
}

// Create makes a key, or thinks of a password. A key whose making was noted, and that is not the current one, is nobody's.
func (t *target) Create(ctx context.Context, task *rotators.Task) (rotators.Created, error) {
	made := credential{parse(task.Current).User, "password-" + uuid.NewString()}
	if err := t.refuses["create"]; err != nil {
		return rotators.Created{}, err
	}
	switch t.style {
	case alternating:
		made.User = map[string]string{"ann": "bob", "bob": "ann"}[made.User]
	case keys:
		if task.Note != "" {
			if err := t.remove(ctx, task, "remove-key", parse(task.Current).User); err != nil {
				return rotators.Created{}, err
			}
		}
		if err := task.SaveNote(ctx, "a key is made"); err != nil {
			return rotators.Created{}, &rotators.Error{Reason: "it could not be noted"}
		}
		made.User = "key-" + uuid.NewString()
		if err := t.effect(ctx, task, "create-key", func() { t.opens[made.User] = made.Password }); err != nil {
			return rotators.Created{}, err
		}
	case nothing, single:
	}
	return rotators.Created{Value: made.String(), PublicID: made.User}, nil
}

// remove removes all keys but one.
func (t *target) remove(ctx context.Context, task *rotators.Task, name, keep string) error {
	return t.effect(ctx, task, name, func() {
		for id := range t.opens {
			if id != keep {
				delete(t.opens, id)
			}
		}
	})
}

func (t *target) Set(ctx context.Context, task *rotators.Task) error {
	pending := parse(*task.Pending)
	if t.style == nothing || t.style == keys {
		return nil
	}
	if task.Further[adminID] != "admin-password" {
		return &rotators.Error{Reason: "the admin is not known", Permanent: true}
	}
	return t.effect(ctx, task, "set", func() { t.opens[pending.User] = pending.Password })
}

func (t *target) Test(ctx context.Context, task *rotators.Task) error {
	works := false
	err := t.effect(ctx, task, "test", func() {
		c := parse(*task.Pending)
		works = t.style == nothing || t.opens[c.User] == c.Password
	})
	if err == nil && !works {
		return &rotators.Error{Reason: "the new value does not work"}
	}
	return err
}

func (t *target) Undo(ctx context.Context, task *rotators.Task) error {
	current := parse(task.Current)
	switch t.style {
	case keys:
		return t.remove(ctx, task, "undo", current.User)
	case single, alternating:
		return t.effect(ctx, task, "undo", func() {
			if task.Pending != nil {
				t.opens[parse(*task.Pending).User] = "never-known"
			}
			t.opens[current.User] = current.Password
		})
	case nothing:
	}
	return nil
}

func (t *target) Retire(ctx context.Context, task *rotators.Task) error {
	old, current := parse(*task.Old), parse(task.Current)
	return t.effect(ctx, task, "retire", func() {
		switch {
		case old.User == current.User:
		case t.style == keys:
			delete(t.opens, old.User)
		default:
			t.opens[old.User] = "never-known"
		}
	})
}

func (t *target) Check(context.Context, *rotators.Task) error { return nil }

var _ rotators.Rotator = (*target)(nil)
