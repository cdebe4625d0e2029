package config

import "path/filepath"

// A File is one that is looked at.
type File struct {
	Path string
	// There says that it is there, and so was read.
	There bool
}

// RepositoryFile is what the repository's file is called.
const RepositoryFile = repositoryName

// Files are those that Load looked at: config.toml, pins.toml and the repository's, where it is known where they would be.
func (c *Config) Files() ([]File, error) {
	var paths []string
	if c.Dir != "" {
		paths = append(paths, filepath.Join(c.Dir, userName), filepath.Join(c.Dir, pinsName))
	}
	if c.Repository != "" {
		paths = append(paths, c.Repository)
	}
	files := make([]File, len(paths))
	for i, path := range paths {
		there, err := exists(path)
		if err != nil {
			return nil, err
		}
		files[i] = File{path, there}
	}
	return files, nil
}
