package client

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"strongroom/pkg/api"
	"strongroom/pkg/client/config"
	"strongroom/pkg/operation"
)

// Pins is where what is believed of one Strongroom is kept: *config.Config over files, *config.Memory in memory.
type Pins interface {
	// Pins answers all that is pinned.
	Pins() (config.Pins, error)
	// Check compares what the server says with it, and under strict refuses what is not pinned. The errors are a
	// *config.ContradictionError, which names both sides, and a *config.UnpinnedError.
	Check(said config.Pins, by string) error
	// Fresh is what Pin would write down of something that is pinned already: what only a repository's file says.
	Fresh(add config.Pins) (config.Pins, error)
	// Pin adds to it and answers what was not pinned yet. What contradicts it is an error, and changes nothing.
	Pin(add config.Pins) (config.Pins, error)
}

// A PinError says that the server answered something else than what was asked for, or than what follows from the pins. Nothing
// was sent because of it.
type PinError struct {
	// What differs: "the organization", "the secret that was asked for" …
	What        string
	Pinned, Got string
}

func (e *PinError) Error() string {
	return fmt.Sprintf("%s is %s, but the server says %s; it mixes things up, or wants to deceive", e.What, e.Pinned, e.Got)
}

// differs is a PinError where the server says something else than is known.
func differs(what, known, got string) error {
	if known == got {
		return nil
	}
	return &PinError{What: what, Pinned: known, Got: got}
}

// identity is what is pinned of the whole Strongroom.
type identity struct {
	organization uuid.UUID
	clientKey    string
}

// identity answers the pinned organization and client key, and pins them on first use.
func (c *Client) identity(ctx context.Context) (identity, error) {
	c.mutex.Lock()
	known := c.me
	c.mutex.Unlock()
	if known != nil {
		return *known, nil
	}
	pins, err := c.config.Pins.Pins()
	if err != nil {
		return identity{}, &SetupError{err}
	}
	fresh, err := c.config.Pins.Fresh(config.Pins{Organization: pins.Organization, ClientKey: pins.ClientKey})
	if err != nil {
		return identity{}, &SetupError{err}
	}
	if pins.Organization == uuid.Nil || pins.ClientKey == "" || fresh.Organization != uuid.Nil || fresh.ClientKey != "" {
		if _, err := c.Whoami(ctx); err != nil { // pins them
			return identity{}, err
		}
		if pins, err = c.config.Pins.Pins(); err != nil {
			return identity{}, &SetupError{err}
		}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.me = &identity{pins.Organization, pins.ClientKey}
	return *c.me, nil
}

// Whoami says who the caller is to Strongroom. The organization and its client key are held against what is pinned, and
// pinned on first use.
func (c *Client) Whoami(ctx context.Context) (api.Me, error) {
	me, err := call[api.Me](ctx, c, Request{Operation: operation.Whoami}, nil)
	if err != nil {
		return me, err
	}
	if me.OrganizationID == uuid.Nil || me.ClientKeyARN == "" || me.Principal.ID == uuid.Nil {
		return me, strange(operation.Whoami)
	}
	fresh, err := c.pin(config.Pins{Organization: me.OrganizationID, ClientKey: me.ClientKeyARN})
	if err == nil && (fresh.Organization != uuid.Nil || fresh.ClientKey != "") {
		c.notice("pinned on first use: %s is organization %s (%q), client key %s", c.URL(), me.OrganizationID, me.OrganizationName, me.ClientKeyARN)
	}
	return me, err
}

// pin holds what the server says against what is pinned, pins what is not, and answers what nothing had said before.
func (c *Client) pin(said config.Pins) (config.Pins, error) {
	if err := c.config.Pins.Check(said, "the server at "+c.URL()); err != nil {
		return config.Pins{}, err
	}
	before, err := c.config.Pins.Pins()
	if err != nil {
		return config.Pins{}, &SetupError{err}
	}
	fresh, err := c.config.Pins.Pin(said)
	if before.Organization != uuid.Nil {
		fresh.Organization = uuid.Nil
	}
	if before.ClientKey != "" {
		fresh.ClientKey = ""
	}
	maps.DeleteFunc(fresh.Projects, func(name string, _ config.ProjectPin) bool {
		_, known := before.Projects[name]
		return known
	})
	return fresh, err
}

func orEmpty(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

func (c *Client) notice(format string, args ...any) {
	if c.config.Notice != nil {
		c.config.Notice(fmt.Sprintf(format, args...))
	}
}

// A Project is a project as it is pinned.
type Project struct {
	ID         uuid.UUID
	Name       string
	Encryption api.Encryption
}

// Resolve answers the pinned project of that name or id; what looks like an id is one. One that is not pinned is looked up and pinned, or refused in
// strict mode; one that the caller may not see is ErrNotFound.
func (c *Client) Resolve(ctx context.Context, nameOrID string) (Project, error) {
	if nameOrID == "" {
		return Project{}, setupf("a project is named by its name or id, not by nothing")
	}
	id, byID := parseID(nameOrID)
	pins, err := c.config.Pins.Pins()
	if err != nil {
		return Project{}, &SetupError{err}
	}
	for name, pin := range pins.Projects {
		if byID && pin.ID == id {
			return c.takeUp(ctx, Project{pin.ID, name, pin.Encryption})
		}
	}
	if pin, ok := pins.Projects[nameOrID]; ok && !byID {
		return c.takeUp(ctx, Project{pin.ID, nameOrID, pin.Encryption})
	}
	var found api.Project
	if byID {
		found, err = c.getProject(ctx, id)
	} else {
		found, err = c.projectNamed(ctx, nameOrID)
	}
	if err != nil {
		return Project{}, err
	}
	return c.PinProject(ctx, found)
}

// takeUp has a project that is pinned used for the first time here. Where only a repository's file pins it, the server is
// asked, too, and it is pinned for this user: so somebody who changes that file can't turn a project into another one, and
// one who makes it up needs the server's help.
func (c *Client) takeUp(ctx context.Context, p Project) (Project, error) {
	c.mutex.Lock()
	used := c.used[p.ID]
	c.mutex.Unlock()
	if used {
		return p, nil
	}
	pin := config.Pins{Projects: map[string]config.ProjectPin{p.Name: {ID: p.ID, Encryption: p.Encryption}}}
	fresh, err := c.config.Pins.Fresh(pin)
	if err != nil {
		return Project{}, &SetupError{err}
	}
	if len(fresh.Projects) > 0 {
		got, err := c.getProject(ctx, p.ID)
		if err == nil {
			_, err = c.PinProject(ctx, got)
		}
		if err != nil && (!errors.Is(err, ErrNotFound) || p.Encryption != api.EncryptionClient) { // hidden, when a secret was shared alone
			return Project{}, err
		}
	}
	c.use(p.ID)
	return p, nil
}

// use notes that a project is used, and answers whether it was not before.
func (c *Client) use(id uuid.UUID) (first bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	first = !c.used[id]
	c.used[id] = true
	return first
}

// PinProject pins what the server says of a project on first use, and holds it against that afterwards.
func (c *Client) PinProject(ctx context.Context, p api.Project) (Project, error) {
	me, err := c.identity(ctx)
	if err != nil {
		return Project{}, err
	}
	if err := differs("the organization of project "+p.ID.String(), me.organization.String(), p.OrganizationID.String()); err != nil {
		return Project{}, err
	}
	fresh, err := c.pin(said(p))
	if err == nil && len(fresh.Projects) > 0 {
		c.notice("pinned on first use: project %q is %s, encryption %s", p.Name, p.ID, p.Encryption)
	}
	return Project{p.ID, p.Name, p.Encryption}, err
}

// said is what the server says of a project.
func said(p api.Project) config.Pins {
	return config.Pins{Projects: map[string]config.ProjectPin{p.Name: {ID: p.ID, Encryption: p.Encryption}}}
}

// projectNamed looks a project up among those that the caller may see.
func (c *Client) projectNamed(ctx context.Context, name string) (api.Project, error) {
	for p, err := range c.Projects(ctx) {
		if err != nil || p.Name == name {
			return p, err
		}
	}
	return api.Project{}, notFoundf(operation.ListProjects, "there is no project %q, or none that you may see", name)
}
