package config

import "os"

// Writable says whether pins can be written to the user's folder, and what was seen to the state folder; it makes them
// where they are not there. In a function, and in a container whose files are read only, they can't.
func (c *Config) Writable() (pins, seen bool) { return canWrite(c.Dir), canWrite(c.StateDir) }

func canWrite(folder string) bool {
	if folder == "" || os.MkdirAll(folder, 0o700) != nil {
		return false
	}
	probe, err := os.CreateTemp(folder, ".probe-*")
	if err != nil {
		return false
	}
	return probe.Close() == nil && os.Remove(probe.Name()) == nil
}
