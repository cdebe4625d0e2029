package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// A setInput is what `secret set` is to store.
type setInput struct {
	valueSource
	note *string
	also []string
	// keepValue leaves the value as it is: the note alone changes.
	keepValue bool
}

func (m *Main) secretSet() *cobra.Command {
	var (
		in   setInput
		note string
	)
	c := &cobra.Command{
		Use: "set REF [--file FILE] [--note TEXT] [--also PROJECT]… [--keep-value] [--allow-empty]", Short: "give a secret a value, and make it where there is none",
		Long: "Give a secret a value, and make the secret where there is none.\n\n" + references + "\n\n" +
			"At a terminal the value is asked for without echo. Otherwise it is standard input, or the file that --file\n" +
			"names, exactly as it is: nothing is added or left out. It is never an argument, which others could see.\n\n" +
			"  strongroom secret set demo/DATABASE_URL\n" +
			"  strongroom secret set demo/TLS_KEY --file key.pem --note 'renewed in May'\n" +
			"  pwgen -s 40 1 | tr -d '\\n' | strongroom secret set demo/SESSION_KEY --also staging\n\n" +
			"The value that is there already changes nothing. A note is text for people: unlike the value the server can\n" +
			"read it, and others of this machine can see it here.",
		Args: valueIsNoArgument,
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("note") {
				in.note = &note
			}
			return m.set(c.Context(), args[0], in)
		},
	}
	c.SetFlagErrorFunc(flagHidden)
	f := c.Flags()
	f.StringVarP(&in.file, "file", "f", "", "the `FILE` that the value is in; - is standard input")
	f.BoolVar(&in.allowEmpty, "allow-empty", false, "store an empty value")
	f.StringVar(&note, "note", "", "the secret's note, a `TEXT` for people")
	f.StringArrayVar(&in.also, "also", nil, "a further `PROJECT` to make a new secret in")
	f.BoolVar(&in.keepValue, "keep-value", false, "leave the value as it is, and change the note alone")
	c.MarkFlagsMutuallyExclusive("keep-value", "file")
	c.MarkFlagsMutuallyExclusive("keep-value", "also")
	return c
}

const giveValue = "a value is never an argument: other users of this machine can see it, and the shell's history keeps it; leave it " +
	"out to be asked for it, or give it on standard input or with --file. If it was a real one, change it where it is used"

// valueIsNoArgument takes a secret's name alone. What else stands there may be a value, and is not repeated.
func valueIsNoArgument(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("%s", giveValue)
	}
	return exactly("REF")(c, args)
}

// flagHidden says that something is wrong with a flag, without repeating it: a value may begin with a hyphen.
func flagHidden(*cobra.Command, error) error {
	return usage("something begins with a hyphen and is no flag, or a flag lacks what it takes; %s", giveValue)
}

// set stores a value.
func (m *Main) set(ctx context.Context, text string, in setInput) error {
	if in.keepValue && in.note == nil {
		return usage("--keep-value changes the note alone; say --note too")
	}
	if in.keepValue || !m.prompts(in.valueSource) {
		w, err := m.prepare(ctx, text, in, nil)
		if err != nil {
			return err
		}
		return m.store(ctx, w, in)
	}
	at, within, err := m.hush(ctx)
	if err != nil {
		return err
	}
	defer at.end()
	w, err := m.prepare(within, text, in, at)
	if err != nil {
		return whyStopped(within, err)
	}
	return m.store(ctx, w, in)
}

// A writing is what `secret set` is to do, with all that it takes.
type writing struct {
	session *session
	ref     secretRef
	// old is what is there already, if anything.
	old *client.Secret
	// value is nil where the note alone changes.
	value *client.Value
}

// prepare finds what is there, and takes the value. What is there comes first: a prompt says so, and nobody types for
// nothing.
func (m *Main) prepare(ctx context.Context, text string, in setInput, at *hush) (w writing, err error) {
	if w.session, w.ref, err = m.connectTo(ctx, text); err != nil {
		return w, err
	}
	if w.old, err = w.session.find(ctx, w.ref); err != nil {
		return w, err
	}
	if err := w.session.checkAlso(ctx, w.ref, w.old, in); err != nil || in.keepValue {
		return w, err
	}
	v, err := m.readValue(ctx, in.valueSource, at, promptFor(w.ref, w.old))
	w.value = &v
	return w, err
}

// find reads a secret; it is nil where a name is free, in a project that is there.
func (s *session) find(ctx context.Context, ref secretRef) (*client.Secret, error) {
	old, err := s.Get(ctx, ref.text)
	if ref.name == "" || !errors.Is(err, client.ErrNotFound) {
		return &old, err
	}
	_, err = s.there(ctx, ref.project)
	return nil, err
}

func promptFor(ref secretRef, old *client.Secret) string {
	if old == nil {
		return fmt.Sprintf("Value of the new secret %s: ", ref.text)
	}
	return fmt.Sprintf("Value of %s, instead of version %d: ", ref.text, old.Version)
}

// checkAlso holds what is wanted against what is there.
func (s *session) checkAlso(ctx context.Context, ref secretRef, old *client.Secret, in setInput) error {
	if old == nil {
		if in.keepValue {
			return usage("%s is not there; a secret is made with a value", ref.text)
		}
		for _, name := range in.also {
			if _, err := s.there(ctx, name); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range in.also {
		p, err := s.Resolve(ctx, name)
		if err != nil {
			return err
		}
		if !isIn(*old, p.ID) {
			return usage("%s is there already, and not in %s; `%s` adds it", ref.text, name,
				pasted("secret", "move", ref.text, name, "--keep"))
		}
	}
	return nil
}

func isIn(secret client.Secret, project uuid.UUID) bool {
	return slices.ContainsFunc(secret.Projects, func(r api.Reference) bool { return r.ID == project })
}

// store makes the secret, or changes it, whichever it takes by the time that it is sent.
func (m *Main) store(ctx context.Context, w writing, in setInput) error {
	s, ref, old, value := w.session, w.ref, w.old, w.value
	for race := 0; ; race++ {
		var (
			got client.Secret
			err error
		)
		if old == nil {
			made := client.NewSecret{Project: ref.project, Also: in.also, Name: ref.name, Value: *value}
			if in.note != nil {
				made.Note = *in.note
			}
			got, err = s.Create(ctx, made)
		} else {
			got, err = s.UpdateFrom(ctx, *old, client.Change{Value: value, Note: in.note})
		}
		if err == nil {
			return m.changed(s, got, whatChanged(ref, old, got))
		}
		raced := errors.Is(err, client.ErrConflict) && old == nil || errors.Is(err, client.ErrPreconditionFailed)
		if !raced || race >= maxRaces {
			return err
		}
		now, lookErr := s.find(ctx, ref)
		if lookErr != nil {
			return lookErr
		}
		if now == nil { // the name is taken in another of the projects
			return err
		}
		if err := s.checkAlso(ctx, ref, now, in); err != nil {
			return err
		}
		old = now
	}
}

// whatChanged says in a line what became of a secret.
func whatChanged(ref secretRef, old *client.Secret, got client.Secret) string {
	switch {
	case old == nil:
		return fmt.Sprintf("%s: created, version %d", ref.text, got.Version)
	case got.Version != old.Version:
		return fmt.Sprintf("%s: version %d", ref.text, got.Version)
	case got.ETag != old.ETag:
		return fmt.Sprintf("%s: the note was changed, still version %d", ref.text, got.Version)
	}
	return fmt.Sprintf("%s: unchanged, version %d", ref.text, got.Version)
}
