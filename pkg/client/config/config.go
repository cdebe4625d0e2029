package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
)

// A Source is where a configuration comes from: the environment, and the folder in which the program runs.
type Source struct {
	// Getenv answers variables of the environment; nil is an empty one.
	Getenv func(string) string
	// Dir is where the repository's file is looked for, and upwards; empty, it is not looked for.
	Dir string
}

// A Config is what is configured. Its methods may be called at the same time.
type Config struct {
	// Profile is the name of the one that is used.
	Profile string
	// Region and AWSProfile are for AWS's own client, which knows what to do without them.
	Region, AWSProfile string
	// Project is the name of the one that is meant where none is named, or empty.
	Project string
	Output  Output
	// Strict says that nothing is to be pinned on first use. See Config.Check.
	Strict bool
	// Dir is the user's folder, StateDir that of what the program remembers; both may not be there yet, and are empty
	// where nothing says where they are.
	Dir, StateDir string
	// Repository is the path of the repository's file, or empty.
	Repository string

	settings []Setting
	url      setting
	// foreign says that only the repository's file names the URL.
	foreign bool
	// accepted are the URLs that the user's config.toml knows.
	accepted []string
	// byUser are the claims of the environment and of config.toml, byRepository those of the repository's file.
	byUser, byRepository []claim

	mutex sync.Mutex
	// pinned are the claims of pins.toml as it was read last.
	pinned []claim
	// all is what all places say together, once somebody asked.
	all *union
}

// ErrNoURL is that nothing says where Strongroom is.
var ErrNoURL = errors.New("no URL of a Strongroom is known: set STRONGROOM_URL, or url in a profile of your config.toml")

// An UnacceptedError is a URL that only the repository's file names: whoever can commit there could have the user's
// requests sent anywhere.
type UnacceptedError struct {
	URL string
	// Origin is the file and the line.
	Origin string
}

func (e *UnacceptedError) Error() string {
	return fmt.Sprintf("%s wants %s used, which you have not accepted: run `strongroom pin --accept %s`, or set STRONGROOM_URL",
		e.Origin, e.URL, e.URL)
}

// Load reads the environment and the files. An error is what can't be read, or is not right, and names the variable, or
// the file and the line. What the places disagree on, and a URL that is not accepted, is left to URL and Pins, so that
// it can be shown and mended.
func Load(s Source) (*Config, error) {
	getenv := s.Getenv
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	c := &Config{}
	var err error
	if c.Dir, c.StateDir, err = folders(getenv); err != nil {
		return nil, err
	}
	user, repository, err := c.read(getenv, s.Dir)
	if err != nil {
		return nil, err
	}
	if err := c.settle(getenv, user, repository); err != nil {
		return nil, err
	}
	pins, err := environmentPins(getenv)
	if err != nil {
		return nil, err
	}
	c.byUser, c.byRepository = append(pins, user.claims...), repository.claims
	for _, settings := range user.profiles {
		c.accepted = append(c.accepted, settings["url"].value)
	}
	for _, claim := range user.claims {
		c.accepted = append(c.accepted, claim.url)
	}
	return c, nil
}

// read reads the files.
func (c *Config) read(getenv func(string) string, dir string) (user, repository *document, err error) {
	user, repository = &document{}, &document{}
	if c.Dir != "" {
		if user, err = (trust{own: true, links: true}).load(filepath.Join(c.Dir, userName), userFile); err != nil {
			return nil, nil, err
		}
		pins, err := c.readPins()
		if err != nil {
			return nil, nil, err
		}
		c.setPinned(pins.claims)
	}
	switch named := getenv("STRONGROOM_REPOSITORY"); {
	case named == "none":
	case named != "":
		c.Repository = named
		content, err := trust{links: true}.read(named) // whosever it is: the user said so
		if err != nil {
			return nil, nil, fmt.Errorf("STRONGROOM_REPOSITORY: %w", err)
		}
		repository, err = parse(shown(named), content, repositoryFile)
		return user, repository, err
	default:
		if c.Repository, err = findRepository(dir, homeOf(getenv)); err == nil && c.Repository != "" {
			repository, err = trust{own: true, variable: "STRONGROOM_REPOSITORY"}.load(c.Repository, repositoryFile)
		}
	}
	return user, repository, err
}

// readPins reads pins.toml.
func (c *Config) readPins() (*document, error) {
	return trust{own: true, links: true, mine: true}.load(filepath.Join(c.Dir, pinsName), pinsFile)
}

// Settings answers every setting, where it comes from too, the profile first.
func (c *Config) Settings() []Setting { return slices.Clone(c.settings) }

// URL is where Strongroom is, in its normal form. The error is ErrNoURL or an *UnacceptedError.
func (c *Config) URL() (string, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.usable()
}

// usable is URL for who holds the mutex.
func (c *Config) usable() (string, error) {
	if c.url.value == "" {
		return "", ErrNoURL
	}
	if c.foreign && !c.accepts(c.url.value) {
		return "", &UnacceptedError{c.url.value, c.url.origin}
	}
	return c.url.value, nil
}

// accepts says whether the user knows that URL: config.toml or pins.toml has it.
func (c *Config) accepts(url string) bool {
	return slices.Contains(c.accepted, url) ||
		slices.ContainsFunc(c.pinned, func(p claim) bool { return p.url == url })
}

// Pins answers what is pinned of the Strongroom that is used, by all places together. The error is URL's, or a
// *ContradictionError.
func (c *Config) Pins() (Pins, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	u, err := c.united()
	if err != nil {
		return Pins{}, err
	}
	return u.pins.clone(), nil
}

// united is what all places say together. It is not to be changed.
func (c *Config) united() (*union, error) {
	url, err := c.usable()
	if err == nil && c.all == nil {
		c.all, err = unite(url, c.byUser, c.pinned, c.byRepository)
	}
	if err != nil {
		return nil, err
	}
	return c.all, nil
}

// setPinned is told what stands in pins.toml.
func (c *Config) setPinned(claims []claim) { c.pinned, c.all = claims, nil }

// Pinned answers the same as settings, for people: "organization", "client_key", and each project's id and encryption,
// with the first place that says so.
func (c *Config) Pinned() ([]Setting, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	u, err := c.united()
	if err != nil {
		return nil, err
	}
	return u.settings(), nil
}

// Check compares what somebody says, whom the error calls by: "the server at https://…". What is pinned otherwise is a
// *ContradictionError; what is not pinned, where strict is set, an *UnpinnedError. Nothing is written.
func (c *Config) Check(said Pins, by string) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known, err := c.united()
	if err != nil {
		return err
	}
	return known.check(claim{pins: said, origin: by}, c.Strict)
}
