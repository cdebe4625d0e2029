package database

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
)

// timeout is how long one connection and what is done by it may take.
const timeout = 15 * time.Second

// A Rotator rotates passwords by an engine.
type Rotator struct{ engine Engine }

var _ rotators.Rotator = (*Rotator)(nil)

// New makes one.
func New(engine Engine) *Rotator { return &Rotator{engine} }

// Create makes a new password, for the other user where there are two.
func (*Rotator) Create(_ context.Context, t *rotators.Task) (rotators.Created, error) {
	j, err := of(t)
	if err != nil {
		return rotators.Created{}, err
	}
	user := j.current.Username
	if j.Alternating() {
		user = j.Users[0]
		if user == j.current.Username {
			user = j.Users[1]
		}
	}
	value, err := j.value(Credential{user, j.Password.Random()})
	return rotators.Created{Value: value}, err
}

// Set gives the user of the pending value its password.
func (r *Rotator) Set(ctx context.Context, t *rotators.Task) error {
	j, err := of(t)
	if err != nil {
		return err
	}
	pending, err := j.pending()
	if err != nil {
		return err
	}
	if err := r.try(ctx, j, pending, nil); !errors.Is(err, ErrDenied) {
		return err // nil where an earlier attempt set it
	}
	return t.Outside("alter-user", func() error { return r.set(ctx, j, pending, j.current) })
}

// Test connects with the pending value, and asks the test query where there is one.
func (r *Rotator) Test(ctx context.Context, t *rotators.Task) error {
	j, err := of(t)
	if err != nil {
		return err
	}
	pending, err := j.pending()
	if err != nil {
		return err
	}
	return r.try(ctx, j, pending, j.ask)
}

// Undo makes the current value work again, and the pending one no more.
func (r *Rotator) Undo(ctx context.Context, t *rotators.Task) error {
	j, err := of(t)
	if err != nil {
		return err
	}
	var pending *Credential
	if t.Pending != nil {
		p, err := parse(*t.Pending, j.Users)
		if err != nil {
			return err
		}
		pending = &p
	}
	err = r.try(ctx, j, j.current, nil)
	if errors.Is(err, ErrDenied) {
		by := j.current // refused, where there is neither an admin nor a pending password
		if pending != nil && pending.Username == j.current.Username {
			by = *pending
		}
		err = t.Outside("restore-user", func() error { return r.set(ctx, j, j.current, by) })
		if err == nil {
			err = r.try(ctx, j, j.current, nil)
		}
	}
	if err != nil || pending == nil || pending.Username == j.current.Username {
		return err // whose password is the current one, and so not the pending one
	}
	return r.shut(ctx, t, j, *pending)
}

// Retire gives the old user a random password that nobody keeps, where it is another than the current value's.
func (r *Rotator) Retire(ctx context.Context, t *rotators.Task) error {
	j, err := of(t)
	if err != nil {
		return err
	}
	if t.Old == nil {
		return nil
	}
	old, err := parse(*t.Old, j.Users)
	if err != nil {
		return rotators.Wrong(nil, "the old value is not one of the users in the rotation's settings, which alone are touched; "+
			"change that user's password by hand")
	}
	if old.Username == j.current.Username {
		return nil
	}
	return r.shut(ctx, t, j, old)
}

// Check connects with the current value, asks the test query where there is one, and whether passwords may be set.
func (r *Rotator) Check(ctx context.Context, t *rotators.Task) error {
	j, err := of(t)
	if err != nil {
		return err
	}
	own := func(ctx context.Context, c Conn) error {
		if j.admin == nil {
			if err := c.MaySetOwnPassword(ctx, j.current.Username); err != nil {
				return err
			}
		}
		return j.ask(ctx, c) // last: from then on the connection is one that only reads
	}
	if err := r.try(ctx, j, j.current, own); err != nil || j.admin == nil {
		return err
	}
	return r.try(ctx, j, *j.admin, func(ctx context.Context, c Conn) error {
		for _, user := range j.Users {
			if err := r.named(j, user, c.MaySetPassword(ctx, user)); err != nil {
				return err
			}
		}
		return nil
	})
}

// set gives a user that password: by the admin, or by the user itself with the password that it has.
func (r *Rotator) set(ctx context.Context, j job, to, by Credential) error {
	if j.admin != nil {
		return r.try(ctx, j, *j.admin, func(ctx context.Context, c Conn) error {
			return r.named(j, to.Username, c.SetPassword(ctx, to.Username, to.Password))
		})
	}
	return r.try(ctx, j, by, func(ctx context.Context, c Conn) error { return c.SetOwnPassword(ctx, to.Username, to.Password) })
}

// shut gives a user, of two, a random password, and sees that the one that it had is refused.
func (r *Rotator) shut(ctx context.Context, t *rotators.Task, j job, who Credential) error {
	random := Credential{who.Username, (&rotation.Template{Length: 64}).Random()}
	err := t.Outside("scramble-user", func() error { return r.set(ctx, j, random, random) })
	if errors.Is(err, ErrMissing) {
		return nil // so nobody can connect as that one
	}
	if err != nil {
		return err
	}
	switch err := r.try(ctx, j, who, nil); {
	case err == nil:
		return rotators.Wrong(nil, "the server takes a password of %q that was changed a moment ago: does it ask for passwords at all?", who.Username)
	case !errors.Is(err, ErrDenied):
		return err
	}
	return nil
}

// named says how to add a user that is missing.
func (r *Rotator) named(j job, user string, err error) error {
	if errors.Is(err, ErrMissing) {
		return rotators.Wrong(err, "the server has no user %q; add it, with the rights that the program needs: %s", user, r.engine.Add(j.Database, user))
	}
	return err
}

// try connects and does something.
func (r *Rotator) try(ctx context.Context, j job, who Credential, do func(context.Context, Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c, err := r.engine.Connect(ctx, j.Database, who)
	if errors.Is(err, ErrDenied) {
		return j.denied(err, who)
	}
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if do == nil {
		return nil
	}
	return do(ctx, c)
}

// A job is a task, read.
type job struct {
	*rotation.Database
	task    *rotators.Task
	current Credential
	admin   *Credential
}

// ask asks the test query, where there is one.
func (j job) ask(ctx context.Context, c Conn) error {
	if j.TestQuery == "" {
		return nil
	}
	err := c.Ask(ctx, j.TestQuery)
	var said *rotators.Error
	switch {
	case !errors.As(err, &said):
		return err
	case said.Permanent:
		return rotators.Wrong(err, "the test query failed: %s", said.Reason)
	}
	return rotators.Failed(err, "the test query failed: %s", said.Reason)
}

func of(t *rotators.Task) (j job, err error) {
	settings, err := rotators.SettingsOf[*rotation.Database](t)
	if err != nil {
		return job{}, err
	}
	j = job{Database: settings, task: t}
	if j.current, err = parse(t.Current, j.Users); err != nil {
		return job{}, err
	}
	if j.AdminSecretID == uuid.Nil {
		return j, nil
	}
	admin, err := parse(t.Further[j.AdminSecretID], nil)
	if err != nil {
		return job{}, rotators.Wrong(nil, "the admin's value must be a JSON object with username and password")
	}
	j.admin = &admin
	return j, nil
}

// pending is who the pending value names: not, of two, who the current one does, whose password would be lost.
func (j job) pending() (Credential, error) {
	if j.task.Pending == nil {
		return Credential{}, rotators.Wrong(nil, "there is no pending value")
	}
	pending, err := parse(*j.task.Pending, j.Users)
	if err == nil && j.Alternating() && pending.Username == j.current.Username {
		err = rotators.Wrong(nil, "the pending value is for %q, as is the current one, which would stop working; begin anew", pending.Username)
	}
	return pending, err
}

// value is the current value with another credential.
func (j job) value(who Credential) (string, error) {
	if !rotators.IsObject(j.task.Current) {
		return who.Password, nil
	}
	value, ok := rotators.SetMember(j.task.Current, "username", who.Username)
	if ok {
		value, ok = rotators.SetMember(value, "password", who.Password)
	}
	if !ok {
		return "", rotators.Wrong(nil, "a user's name in the settings can't be written as JSON; it must be valid UTF-8")
	}
	return value, nil
}

// parse reads a value: of one of the users, where some are given.
func parse(value string, users []string) (Credential, error) {
	if !rotators.IsObject(value) && len(users) == 1 {
		if value == "" {
			return Credential{}, rotators.Wrong(nil, "the value is empty; it must be the user's password, or a JSON object with username and password")
		}
		return Credential{users[0], value}, nil
	}
	username, named := rotators.Member(value, "username")
	password, ok := rotators.Member(value, "password")
	if !named || !ok || password == "" {
		return Credential{}, rotators.Wrong(nil, `the value must be a JSON object with username and password: {"username": …, "password": …}`)
	}
	for _, user := range users {
		if user == username {
			return Credential{username, password}, nil
		}
	}
	if users != nil {
		return Credential{}, rotators.Wrong(nil, "the value's username is none of the users in the rotation's settings; set a value of one of %q", users)
	}
	return Credential{username, password}, nil
}

// denied says whose credential is refused.
func (j job) denied(cause error, who Credential) error {
	switch {
	case j.admin != nil && who == *j.admin:
		return rotators.Wrong(cause, "the server refuses the admin's username and password; set the value of the admin's secret to one that works")
	case who == j.current:
		return rotators.Wrong(cause, "the server refuses the current value: the user %q is not there, or has another password; set a value that works", who.Username)
	}
	return rotators.Failed(cause, "the server refuses the new password of the user %q", who.Username)
}
