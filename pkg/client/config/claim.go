package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/google/uuid"
)

// A claim is what one place says of one Strongroom.
type claim struct {
	// url is whose pins these are; empty, those of the one that is used.
	url    string
	pins   Pins
	origin string
}

// A fact is the smallest thing that two places can differ in.
type fact struct{ subject, value, origin string }

// The subjects of facts.
const (
	organizationID = "the organization's id"
	clientKey      = "the client key"
)

func idOf(project string) string { return fmt.Sprintf("the id of the project %q", project) }
func encryptionOf(project string) string {
	return fmt.Sprintf("the encryption of the project %q", project)
}
func nameOf(project uuid.UUID) string { return fmt.Sprintf("the name of the project %s", project) }

// facts of a project are three, so that neither a name gets a second id nor an id a second name.
func (c claim) facts() []fact {
	var all []fact
	if c.pins.Organization != uuid.Nil {
		all = append(all, fact{organizationID, c.pins.Organization.String(), c.origin})
	}
	if c.pins.ClientKey != "" {
		all = append(all, fact{clientKey, c.pins.ClientKey, c.origin})
	}
	for _, name := range slices.Sorted(maps.Keys(c.pins.Projects)) {
		p := c.pins.Projects[name]
		all = append(all,
			fact{idOf(name), p.ID.String(), c.origin},
			fact{encryptionOf(name), string(p.Encryption), c.origin},
			fact{nameOf(p.ID), strconv.Quote(name), c.origin})
	}
	return all
}

// A union is what several claims about one Strongroom say together.
type union struct {
	pins  Pins
	facts map[string]fact
}

// unite takes the claims about that Strongroom; two that differ are a *ContradictionError.
func unite(url string, claims ...[]claim) (*union, error) {
	u := &union{facts: map[string]fact{}, pins: Pins{Projects: map[string]ProjectPin{}}}
	for _, c := range slices.Concat(claims...) {
		if c.url != "" && c.url != url {
			continue
		}
		if err := u.add(c); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *union) add(c claim) error {
	for _, f := range c.facts() {
		known, ok := u.facts[f.subject]
		if ok && known.value != f.value {
			return &ContradictionError{f.subject, [2]string{known.value, f.value}, [2]string{known.origin, f.origin}}
		}
		if !ok {
			u.facts[f.subject] = f
		}
	}
	u.pins.put(c.pins)
	return nil
}

// admits compares a claim with what is said here, and with itself.
func (u *union) admits(c claim) error {
	own := &union{facts: map[string]fact{}}
	if err := own.add(c); err != nil {
		return err
	}
	for subject := range own.facts {
		if known, ok := u.facts[subject]; ok {
			own.facts[subject] = known
		}
	}
	return own.add(c)
}

// check is nil where a claim agrees with what is said here, and, under strict, says nothing new. What can't be pinned is
// refused first: it would be shown as it is.
func (u *union) check(said claim, strict bool) error {
	if err := said.pins.check(); err != nil {
		return fmt.Errorf("%s: %w", said.origin, err)
	}
	if err := u.admits(said); err != nil {
		return err
	}
	if unpinned, some := u.lacks(said); some && strict {
		return &UnpinnedError{unpinned.subject, unpinned.value, unpinned.origin}
	}
	return nil
}

// lacks answers the first fact that nothing here says.
func (u *union) lacks(c claim) (fact, bool) {
	for _, f := range c.facts() {
		if _, ok := u.facts[f.subject]; !ok {
			return f, true
		}
	}
	return fact{}, false
}

// missing is the part of p that nothing here says.
func (u *union) missing(p Pins) Pins {
	var m Pins
	if u.pins.Organization == uuid.Nil {
		m.Organization = p.Organization
	}
	if u.pins.ClientKey == "" {
		m.ClientKey = p.ClientKey
	}
	for name, project := range p.Projects {
		if _, ok := u.pins.Projects[name]; !ok {
			m.put(Pins{Projects: map[string]ProjectPin{name: project}})
		}
	}
	return m
}

// settings are what is pinned, for people.
func (u *union) settings() []Setting {
	var all []Setting
	if u.pins.Organization != uuid.Nil {
		all = append(all, Setting{"organization", u.pins.Organization.String(), u.facts[organizationID].origin})
	}
	if u.pins.ClientKey != "" {
		all = append(all, Setting{"client_key", u.pins.ClientKey, u.facts[clientKey].origin})
	}
	for _, name := range slices.Sorted(maps.Keys(u.pins.Projects)) {
		p := u.pins.Projects[name]
		all = append(all, Setting{"projects." + name, fmt.Sprintf("%s %s", p.ID, p.Encryption), u.facts[idOf(name)].origin})
	}
	return all
}

// environmentPins are for containers, which have no files.
func environmentPins(getenv func(string) string) ([]claim, error) {
	var claims []claim
	if text := getenv("STRONGROOM_ORGANIZATION"); text != "" {
		id, err := normalID(text)
		if err != nil {
			return nil, fmt.Errorf("STRONGROOM_ORGANIZATION %w", err)
		}
		claims = append(claims, claim{pins: Pins{Organization: id}, origin: environment("STRONGROOM_ORGANIZATION")})
	}
	if text := getenv("STRONGROOM_CLIENT_KEY"); text != "" {
		key, err := normalClientKey(text)
		if err != nil {
			return nil, fmt.Errorf("STRONGROOM_CLIENT_KEY %w", err)
		}
		claims = append(claims, claim{pins: Pins{ClientKey: key}, origin: environment("STRONGROOM_CLIENT_KEY")})
	}
	return claims, nil
}
