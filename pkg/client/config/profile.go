package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"strongroom/pkg/wholefile"
)

// WriteProfile writes into the user's config.toml that a profile is for the Strongroom at that URL and region, and answers
// whether anything had to be written: a profile that says so already is left alone. One that says otherwise is an error, and
// nothing is changed: whoever wrote it has to. What else stands in the file stays as it is.
func (c *Config) WriteProfile(name, url, region string) (written bool, err error) {
	if name, err = normalName(name); err != nil {
		return false, fmt.Errorf("a profile's name %w", err)
	}
	if url, err = NormalURL(url); err != nil {
		return false, fmt.Errorf("the URL %w", err)
	}
	if region, err = normalRegion(region); err != nil {
		return false, fmt.Errorf("the region %w", err)
	}
	if c.Dir == "" {
		return false, errors.New("there is no folder to write config.toml to: set STRONGROOM_CONFIG_DIR, or HOME")
	}
	path := filepath.Join(c.Dir, userName)
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved // a link stays one
	}
	unlock, err := lock(path)
	if err != nil {
		return false, unwritable(err)
	}
	defer unlock()
	content, err := (trust{own: true, links: true}).read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	before, err := parse(shown(path), content, userFile)
	if err != nil {
		return false, err
	}
	if there, ok := before.profiles[name]; ok {
		return false, there.agrees(name, map[string]string{"url": url, "region": region})
	}
	if len(content) > 0 {
		content = append(content, '\n')
	}
	content = fmt.Appendf(content, "[profiles.%q]\nurl = %q\nregion = %q\n", name, url, region)
	if _, err := parse(shown(path), content, userFile); err != nil {
		return false, err
	}
	return true, unwritable(wholefile.Replace(path, content))
}

// profile are a profile's settings, by name.
type profile map[string]setting

// agrees is an error that says where a profile says otherwise.
func (p profile) agrees(name string, want map[string]string) error {
	for _, key := range []string{"url", "region"} {
		if s := p[key]; s.value != want[key] {
			return fmt.Errorf("the profile %q has the %s %q (%s), and this Strongroom's is %q: change it there, or name another profile",
				name, key, s.value, s.origin, want[key])
		}
	}
	return nil
}

func unwritable(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return &UnwritableError{err}
	}
	return err
}
