package databasetest

import (
	"errors"
	"strings"
	"testing"

	"strongroom/pkg/rotation"
	"strongroom/pkg/rotation/rotators"
	"strongroom/pkg/rotation/rotators/rotatortest"
	"strongroom/pkg/rotation/worker/workertest"
)

// modes are the ways in which passwords are rotated, with how many points there are at which a worker may end.
var modes = []struct {
	name                string
	options             options
	forwards, backwards int
	// rotated and takenBack count also what is written to Strongroom (workertest).
	rotated, takenBack int
}{
	{"one user that sets its own", options{users: []string{""}}, 2, 4, 14, 16},
	{"one user, a bare password", options{users: []string{""}, bare: true}, 2, 4, 14, 16},
	{"one user and an admin", options{users: []string{""}, admin: true}, 2, 4, 14, 16},
	{"two users", options{users: []string{"a", "b"}, admin: true}, 4, 4, 22, 16},
}

// Run runs all of it.
func (s Suite) Run(t *testing.T) {
	for _, mode := range modes {
		begin := func(t *testing.T) *rotatortest.Target { t.Helper(); return s.begin(t, mode.options).Target }
		t.Run("a worker that ends anywhere leaves a password that works, "+mode.name, func(t *testing.T) {
			rotatortest.Crashes(t, mode.forwards, mode.backwards, begin)
		})
		t.Run("a worker that ends anywhere is followed by another, "+mode.name, func(t *testing.T) {
			workertest.Crashes(t, s.Kind, mode.rotated, mode.takenBack, begin)
		})
		t.Run("a step done twice comes to the same, "+mode.name, func(t *testing.T) { rotatortest.Twice(t, begin) })
	}
	t.Run("names and passwords of any characters are taken", s.nasty)
	t.Run("servers are held to their certificates", s.tls)
	t.Run("what is wrong is said, without a value", s.wrong)
	t.Run("check finds who may not set passwords, and changes nothing", s.check)
	t.Run("the test query is asked, and can't write", s.query)
	t.Run("users who are not the rotation's are left alone", s.strangers)
	t.Run("a current value that another set is brought to work", s.meanwhile)
}

func (s Suite) nasty(t *testing.T) {
	for _, text := range Nasty {
		for name, o := range map[string]options{
			"itself": {users: []string{text}, password: "1aA!" + text},
			"admin":  {users: []string{text, "b" + text}, password: "1aA!" + text, admin: true},
		} {
			t.Run(name+" "+text, func(t *testing.T) {
				// The form brings the characters into the new password too.
				o.more = map[string]any{"password": map[string]any{"form": text + "{}" + text}}
				b := s.begin(t, o)
				last := rotatortest.Again(t, 2, b.Target)
				if _, password := read(t, last); !strings.HasPrefix(password, text) || !strings.HasSuffix(password, text) {
					t.Errorf("the password is not of the form %q", text+"{}"+text)
				}
			})
		}
	}
}

func (s Suite) tls(t *testing.T) {
	for name, c := range map[string]struct {
		more  map[string]any
		words string // empty where it is to work
	}{
		"the right CA and name":                     {nil, ""},
		"another CA":                                {map[string]any{"ca": s.Server.OtherCA}, "nobody who is trusted signed"},
		"the system's CAs":                          {map[string]any{"ca": ""}, "nobody who is trusted signed"},
		"another name":                              {map[string]any{"host": s.Server.Address}, "a certificate for another name than " + s.Server.Address},
		"another name, which is not asked for":      {map[string]any{"host": s.Server.Address, "tls": "verify-ca"}, ""},
		"another CA, and the name is not asked for": {map[string]any{"ca": s.Server.OtherCA, "tls": "verify-ca"}, "nobody who is trusted signed"},
		"no TLS":          {map[string]any{"tls": "disable"}, ""},
		"nothing listens": {map[string]any{"port": 1}, "refuses connections"},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.begin(t, options{users: []string{"a", "b"}, admin: true, more: c.more})
			pending := b.create(t)
			err := b.Rotator().Set(t.Context(), b.task(pending, nil))
			if c.words != "" {
				refused(t, err, false, c.words)
				if !b.Works(t, b.Current) || b.Works(t, *pending) {
					t.Error("something was changed nevertheless")
				}
				return
			}
			if err != nil || !b.Works(t, *pending) {
				t.Errorf("the password was not set: %v", err)
			}
		})
	}
}

func (s Suite) check(t *testing.T) {
	for _, mode := range modes {
		b := s.begin(t, mode.options)
		if err := b.Rotator().Check(t.Context(), b.task(nil, nil)); err != nil {
			t.Errorf("%s: %v", mode.name, err)
		}
		if !b.Works(t, b.Current) {
			t.Errorf("%s: check changed something", mode.name)
		}
	}
	t.Run("an admin who may not", func(t *testing.T) {
		b := s.begin(t, options{users: []string{"a", "b"}, admin: true})
		s.exec(t, s.Strip(b.admin))
		refused(t, b.Rotator().Check(t.Context(), b.task(nil, nil)), true, "may not do this")
		refused(t, b.Rotator().Set(t.Context(), b.task(b.create(t), nil)), true, "may not do this")
	})
	t.Run("a user who is not there", func(t *testing.T) {
		b := s.begin(t, options{users: []string{"a", "b"}, admin: true})
		settings, ok := b.Settings.(*rotation.Database)
		if !ok {
			t.Fatal("not a database's settings")
		}
		settings.Users = []string{b.users[0], "missing"}
		refused(t, b.Rotator().Set(t.Context(), b.task(b.create(t), nil)), true, `the server has no user "missing"; add it, with the rights that the program needs: CREATE `)
	})
	t.Run("passwords that are refused", func(t *testing.T) {
		b := s.begin(t, options{users: []string{"a", "b"}, admin: true})
		b.Further[b.adminSecret] = value(t, b.admin, "wrong-Password-1")
		refused(t, b.Rotator().Check(t.Context(), b.task(nil, nil)), true, "refuses the admin's username and password", "wrong-Password-1")
		b.Current = value(t, b.users[0], "wrong-Password-2")
		refused(t, b.Rotator().Check(t.Context(), b.task(nil, nil)), true, "refuses the current value", "wrong-Password-2")
	})
}

func (s Suite) wrong(t *testing.T) {
	one, two := options{users: []string{""}}, options{users: []string{"a", "b"}, admin: true}
	for name, c := range map[string]struct {
		options options
		current string
		words   string
	}{
		"not an object, of two users":  {two, "only-a-password", "must be a JSON object with username and password"},
		"an empty value":               {one, "", "the value is empty"},
		"an object without a password": {one, `{"username": "app"}`, "must be a JSON object with username and password"},
		"a password that is no text":   {one, `{"username": "app", "password": 5}`, "must be a JSON object with username and password"},
		"a username twice":             {two, `{"username": "a", "username": "b", "password": "secret-1"}`, "must be a JSON object"},
		"somebody else":                {two, `{"username": "postgres", "password": "secret-1"}`, "set a value of one of"},
		"somebody else, of one user":   {one, `{"username": "postgres", "password": "secret-1"}`, "set a value of one of"},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.begin(t, c.options)
			b.Current = c.current
			_, err := b.Rotator().Create(t.Context(), b.task(nil, nil))
			refused(t, err, true, c.words, "secret-1", "only-a-password")
		})
	}
	t.Run("an admin's value that is none", func(t *testing.T) {
		b := s.begin(t, two)
		b.Further[b.adminSecret] = "admin-Password-1"
		_, err := b.Rotator().Create(t.Context(), b.task(nil, nil))
		refused(t, err, true, "the admin's value must be a JSON object", "admin-Password-1")
	})
	t.Run("a pending value of the current user", func(t *testing.T) {
		b := s.begin(t, two)
		pending := value(t, b.users[0], "another-Password-1")
		refused(t, b.Rotator().Set(t.Context(), b.task(&pending, nil)), true, "begin anew", "another-Password-1")
		if !b.Works(t, b.Current) {
			t.Error("the current value does not work any more")
		}
	})
	t.Run("a database that is not there", func(t *testing.T) {
		b := s.begin(t, options{users: []string{"a", "b"}, admin: true, more: map[string]any{"database": "nowhere"}})
		var permanent *rotators.Error
		if err := b.Rotator().Check(t.Context(), b.task(nil, nil)); !errors.As(err, &permanent) || !permanent.Permanent {
			t.Errorf("the error is %v; want a permanent one", err)
		}
	})
}

func (s Suite) query(t *testing.T) {
	for name, c := range map[string]struct{ query, words string }{
		"one that works":     {s.Readable, ""},
		"none":               {"", ""},
		"one that is no SQL": {"SELEC 'first-Password-1'", "the test query failed: the server answers with the error"},
		"one that writes":    {s.Writing, "a query that reads"},
		"what is closed":     {s.Closed, "the test query failed: its user may not read what it asks"},
		"what is not there":  {s.Missing, "the test query failed: there is no such table"},
	} {
		t.Run(name, func(t *testing.T) {
			permanent := c.query == s.Closed || c.query == s.Missing
			for _, o := range []options{{users: []string{""}}, {users: []string{"a", "b"}, admin: true}} {
				o.more = map[string]any{"testQuery": c.query}
				b := s.begin(t, o)
				pending := b.Current
				errs := []error{b.Rotator().Check(t.Context(), b.task(nil, nil))}
				if !o.admin { // of two users, the pending value is not the current one's
					errs = append(errs, b.Rotator().Test(t.Context(), b.task(&pending, nil)))
				}
				for _, err := range errs {
					if c.words != "" {
						refused(t, err, permanent, c.words, "first-Password-1")
					} else if err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	t.Run("a password that is not set", func(t *testing.T) {
		b := s.begin(t, options{users: []string{"a", "b"}, admin: true})
		pending := b.create(t)
		_, password := read(t, *pending)
		refused(t, b.Rotator().Test(t.Context(), b.task(pending, nil)), false, "refuses the new password", password)
	})
}

func (s Suite) strangers(t *testing.T) {
	b := s.begin(t, options{users: []string{"a", "b"}, admin: true})
	stranger := s.begin(t, options{users: []string{"s"}})
	refused(t, b.Rotator().Retire(t.Context(), b.task(nil, &stranger.Current)), true, "by hand")
	refused(t, b.Rotator().Set(t.Context(), b.task(&stranger.Current, nil)), true, "none of the users")
	refused(t, b.Rotator().Undo(t.Context(), b.task(&stranger.Current, nil)), true, "none of the users")
	if !stranger.Works(t, stranger.Current) {
		t.Error("a user's password was changed who is not one of the rotation's")
	}
	same := b.Current
	if err := b.Rotator().Retire(t.Context(), b.task(nil, &same)); err != nil || !b.Works(t, b.Current) {
		t.Errorf("the current user's password was changed, as that of the old value: %v", err)
	}
}

func (s Suite) meanwhile(t *testing.T) {
	for _, mode := range modes {
		if mode.options.bare {
			continue
		}
		t.Run(mode.name, func(t *testing.T) {
			b := s.begin(t, mode.options)
			pending := b.create(t)
			if err := b.Rotator().Set(t.Context(), b.task(pending, nil)); err != nil {
				t.Fatal(err)
			}
			b.Current = value(t, b.users[0], "set-By-Hand-1") // in Strongroom alone
			if err := b.Rotator().Undo(t.Context(), b.task(pending, nil)); err != nil {
				t.Fatal(err)
			}
			if !b.Works(t, b.Current) || b.Works(t, *pending) {
				t.Error("the current value does not work, or the pending one does")
			}
		})
	}
}
