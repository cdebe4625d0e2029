package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

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
	if w.session, err = m.connect(ctx); err != nil {
		return w, err
	}
	w.ref, err = w.session.ref(ctx, text)
	if strings.Contains(text, "=") && !in.allowEquals { // instead of an error that repeats it
		err = w.session.checkEquals(ctx, w.ref)
	}
	if err != nil {
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

// checkEquals refuses NAME=VALUE, but where something is called so already: what follows the sign may be a value, and is
// neither sent nor repeated.
func (s *session) checkEquals(ctx context.Context, ref secretRef) error {
	if there, err := s.isCalled(ctx, ref); there || err != nil {
		return err
	}
	return usage("an equals sign is in the name of a new secret, and what follows it may be a value; %s. "+
		"--allow-equals-sign makes a secret of that name", giveValue)
}

// isCalled says whether project and secret are there, as far as their names have an equals sign, and sends nothing that
// follows one.
func (s *session) isCalled(ctx context.Context, ref secretRef) (bool, error) {
	if strings.Contains(ref.project, "=") {
		projects, err := collect(s.Projects(ctx))
		if err != nil || !slices.ContainsFunc(projects, func(p api.Project) bool { return p.Name == ref.project }) {
			return false, err
		}
	}
	begins, _, equals := strings.Cut(ref.name, "=")
	if !equals {
		return ref.name != "", nil
	}
	secrets, err := collect(s.ProjectSecrets(ctx, ref.project, begins))
	return slices.ContainsFunc(secrets, func(p api.ProjectSecret) bool { return p.Name == ref.name }), err
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
		if len(in.also) == 0 {
			return nil
		}
		return s.checkProjects(ctx, append([]string{ref.project}, in.also...))
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

// checkProjects refuses projects that are gone, and one that is named twice.
func (s *session) checkProjects(ctx context.Context, named []string) error {
	seen := map[uuid.UUID]bool{}
	for _, name := range named {
		p, err := s.there(ctx, name)
		switch {
		case err != nil:
			return err
		case seen[p.ID]:
			return usage("project %q is named twice; --also is for further ones", p.Name)
		}
		seen[p.ID] = true
	}
	return nil
}

func isIn(secret client.Secret, project uuid.UUID) bool {
	return slices.ContainsFunc(secret.Projects, func(r api.Reference) bool { return r.ID == project })
}

// store makes the secret, or changes it, whichever it takes by the time that it is sent.
func (m *Main) store(ctx context.Context, w writing, in setInput) error {
	var (
		got    client.Secret
		failed error
	)
	err := w.session.Racing(ctx, func() (lost bool, err error) {
		if failed != nil {
			now, err := w.session.find(ctx, w.ref)
			if err != nil {
				return false, err
			}
			if now == nil { // the name is taken in another of the projects
				return false, failed
			}
			if err := w.session.checkAlso(ctx, w.ref, now, in); err != nil {
				return false, err
			}
			w.old = now
		}
		got, failed = w.send(ctx, in)
		return errors.Is(failed, client.ErrConflict) && w.old == nil || errors.Is(failed, client.ErrPreconditionFailed), failed
	})
	if err != nil {
		return err
	}
	return m.changed(w.session, got, whatChanged(w.ref, w.old, got))
}

func (w writing) send(ctx context.Context, in setInput) (client.Secret, error) {
	if w.old != nil {
		return w.session.UpdateFrom(ctx, *w.old, client.Change{Value: w.value, Note: in.note})
	}
	made := client.NewSecret{Project: w.ref.project, Also: in.also, Name: w.ref.name, Value: *w.value}
	if in.note != nil {
		made.Note = *in.note
	}
	return w.session.Create(ctx, made)
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
