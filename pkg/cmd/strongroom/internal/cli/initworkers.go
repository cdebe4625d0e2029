package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"strongroom/pkg/access"
	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
	rotating "strongroom/pkg/rotation"
)

// letWorkersIn makes service accounts of a deployment's rotation workers, by its API, and says what is to be done then.
func (m *Main) letWorkersIn(ctx context.Context, settings *config.Config, d deployment) error {
	s, err := m.connectWith(ctx, settings, func(*client.Config) {})
	if err != nil {
		return err
	}
	accounts, err := collect(s.Principals(ctx, access.KindServiceAccount))
	if err != nil {
		return err
	}
	for _, kind := range rotating.Kinds() {
		if role := d.workers[kind]; role != "" {
			if err := m.letWorkerIn(ctx, s, accounts, kind.Worker(), role); err != nil {
				return err
			}
		}
	}
	m.sayf("one that is new may do nothing yet. What opens a project to one is `strongroom access grant service-account:worker-KIND write PROJECT`: the grant in " +
		"Strongroom, and a KMS grant on that project's key; secrets that a rotation's settings name take read besides")
	m.sayf("what a rotation's worker is missing `strongroom rotation set` says, and `strongroom doctor` whether the workers of all rotations are let in")
	return nil
}

// letWorkerIn binds a worker's role to the service account of its name, which is made where it is not there. Doing it again changes
// nothing.
func (m *Main) letWorkerIn(ctx context.Context, s *session, accounts []api.Principal, name, role string) error {
	var id uuid.UUID
	if i := slices.IndexFunc(accounts, func(p api.Principal) bool { return p.Name == name }); i >= 0 {
		id = accounts[i].ID
	} else {
		made, err := s.CreatePrincipal(ctx, api.CreatePrincipal{Kind: access.KindServiceAccount, Name: name})
		if err != nil {
			return err
		}
		id = made.ID
	}
	bound := false
	var p api.Principal
	err := s.Racing(ctx, func() (lost bool, err error) {
		if p, err = s.Principal(ctx, id); err != nil {
			return false, err
		}
		if bound = slices.ContainsFunc(identities(p), of(role)); bound {
			return false, nil
		}
		_, err = s.PutIdentities(ctx, id, append(slices.Clone(identities(p)), api.Identity{ARN: role}), p.ETag)
		return errors.Is(err, client.ErrPreconditionFailed), err
	})
	switch {
	case err != nil:
		return err
	case bound:
		m.sayf("service account %q is let in by %s already", name, role)
	default:
		m.sayf("service account %q is let in by %s", name, role)
	}
	// One that somebody made for something else, or closed, is not what is meant by the name.
	if others := len(slices.DeleteFunc(slices.Clone(identities(p)), of(role))); others > 0 {
		m.sayf("service account %q lets in %s besides: see `%s`", name, counted(others, "identity", "identities"), pasted("service-account", "show", name))
	}
	if p.Disabled != nil && *p.Disabled {
		m.sayf("service account %q is disabled: `%s` lets it in again", name, pasted("service-account", "enable", name))
	}
	return nil
}
