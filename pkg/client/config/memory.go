package config

import "sync"

// A Memory keeps pins for as long as the program runs. The zero Memory pins nothing.
type Memory struct {
	mutex sync.Mutex
	// Known is what is pinned from the start; it must not be changed once the Memory is used.
	Known Pins
	// Strict refuses what is not among Known.
	Strict bool
}

// Pins answers what is pinned.
func (m *Memory) Pins() (Pins, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	u, err := m.united()
	if err != nil {
		return Pins{}, err
	}
	return u.pins, nil
}

// united is a copy of what is pinned.
func (m *Memory) united() (*union, error) {
	return unite("", []claim{{pins: m.Known, origin: "pinned by this program"}})
}

// Check is Config.Check.
func (m *Memory) Check(said Pins, by string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	known, err := m.united()
	if err != nil {
		return err
	}
	return known.check(claim{pins: said, origin: by}, m.Strict)
}

// Fresh is nothing: what is pinned here, the program itself has said.
func (*Memory) Fresh(Pins) (Pins, error) { return Pins{}, nil }

// Pin is Config.Pin, but that nothing is written.
func (m *Memory) Pin(add Pins) (Pins, error) {
	if err := add.check(); err != nil {
		return Pins{}, err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	known, err := m.united()
	if err != nil {
		return Pins{}, err
	}
	fresh := known.missing(add)
	if err := known.add(claim{pins: add, origin: "to be pinned now"}); err != nil {
		return Pins{}, err
	}
	m.Known = known.pins
	return fresh, nil
}
