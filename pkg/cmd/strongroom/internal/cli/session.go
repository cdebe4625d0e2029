package cli

import (
	"context"
	"errors"
	"fmt"

	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
)

// userAgent is what events say of this program.
const userAgent = "strongroom-cli"

// A session is a client, and the settings that it was made from.
type session struct {
	*client.Client
	settings *config.Config
}

// load reads environment and files. Nothing is sent.
func (m *Main) load() (*config.Config, error) {
	settings, err := config.Load(config.Source{Getenv: m.Getenv, Dir: "."})
	if err != nil {
		return nil, usage("%w", err)
	}
	return settings, nil
}

// connect makes a client for the Strongroom that the settings name. Nothing is sent yet. What is pinned on first use is
// said on standard error.
func (m *Main) connect(ctx context.Context) (*session, error) {
	settings, err := m.load()
	if err != nil {
		return nil, err
	}
	return m.connectWith(ctx, settings, func(*client.Config) {})
}

// connectWith is connect with settings that were loaded, and whatever else is to be changed.
func (m *Main) connectWith(ctx context.Context, settings *config.Config, change func(*client.Config)) (*session, error) {
	if _, err := settings.URL(); errors.Is(err, config.ErrNoURL) {
		return nil, usage("%w; to try it on this machine, run `strongroom local`, and then `eval \"$(strongroom local env developer)\"`", err)
	}
	c, err := client.FromSettings(ctx, settings)
	if err != nil {
		return nil, err
	}
	c.UserAgent = userAgent
	c.Notice = m.say
	change(&c)
	made, err := client.New(c)
	if err != nil {
		return nil, usage("%w", err)
	}
	return &session{made, settings}, nil
}

// project is the project that was named, or the one of the settings.
func (s *session) project(named string) (string, error) {
	if named = orDefault(named, s.settings.Project); named == "" {
		return "", usage("no project is named; say --project PROJECT, or set STRONGROOM_PROJECT")
	}
	return named, nil
}

// there is a project that is there still: what is pinned outlives what it names, and tells nothing of that.
func (s *session) there(ctx context.Context, named string) (client.Project, error) {
	if _, err := s.Project(ctx, named); err != nil {
		return client.Project{}, fmt.Errorf("project %q: %w", named, err)
	}
	return s.Resolve(ctx, named)
}

// all reads all secrets of a project, in the order of their creation; without a name, of the settings' project.
func (s *session) all(ctx context.Context, named string) (client.Project, []client.Secret, error) {
	name, err := s.project(named)
	if err != nil {
		return client.Project{}, nil, err
	}
	project, err := s.Resolve(ctx, name)
	if err != nil {
		return project, nil, err
	}
	secrets, err := s.GetAll(ctx, project.ID.String())
	return project, secrets, err
}
