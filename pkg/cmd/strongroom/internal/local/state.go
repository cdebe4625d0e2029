package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"strongroom/pkg/localkms"
	"strongroom/pkg/wholefile"
)

// The files in the data folder.
const (
	tableFile       = "strongroom.db"
	keysFile        = "keys.json"
	signingFile     = "signing.json"
	sealsFolder     = "seals"
	stateFile       = "local.json"
	runsFile        = "schedules.json"
	clockFileName   = "clock.json"
	busFolder       = "bus"
	identitiesFile  = "identities.json"
	credentialsFile = "credentials"
	kmsFile         = "kms.json"
	urlFile         = "url"
	kmsURLFile      = "kms-url"
	clientFolder    = "client"
)

// stateVersion is the form of the state file that this program knows.
const stateVersion = 1

// A state is what the server remembers beside the table.
type state struct {
	Version int `json:"version"`
	// Organization is the id of the one organization, made at first start.
	Organization uuid.UUID `json:"organization"`
	// Seeded says that all of the demo was made; from then on it is the users' to change.
	Seeded bool `json:"seeded"`
	// Granted says that the demo's grants in the local KMS were made; from then on they are the users' too.
	Granted bool `json:"granted"`
}

// prepare makes the folder and what must be in it before there is a table: the keys and the organization's id. A table
// without them could not be read, so they are never made anew beside one.
func prepare(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	_, err := os.Stat(filepath.Join(folder, tableFile))
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return err
	}
	for _, name := range []string{keysFile, stateFile} {
		_, err := os.Stat(filepath.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) && !fresh {
			return fmt.Errorf("%s is gone, and what is stored in %s can't be read without it; restore it, or begin anew with another STRONGROOM_DATA",
				filepath.Join(folder, name), folder)
		}
	}
	if !fresh {
		return nil
	}
	if _, err := localkms.Open(filepath.Join(folder, keysFile)); err != nil {
		return err
	}
	s := state{Version: stateVersion, Organization: uuid.New()}
	content, err := s.encode()
	if err != nil {
		return err
	}
	if err := wholefile.Create(filepath.Join(folder, stateFile), content); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func readState(folder string) (state, error) {
	path := filepath.Join(folder, stateFile)
	content, err := os.ReadFile(path) //nolint:gosec // the operator's
	if err != nil {
		return state{}, err
	}
	var s state
	if err := json.Unmarshal(content, &s); err != nil || s.Version != stateVersion || s.Organization == uuid.Nil {
		return state{}, fmt.Errorf("%s is not a state file of version %d; restore it, or begin anew with another STRONGROOM_DATA",
			path, stateVersion)
	}
	if _, err := os.Stat(filepath.Join(folder, kmsFile)); s.Granted && errors.Is(err, fs.ErrNotExist) {
		return state{}, fmt.Errorf("%s is gone, and with it the grants on the client key and the keys that were made; "+
			"restore it, or begin anew with another STRONGROOM_DATA", filepath.Join(folder, kmsFile))
	}
	return s, nil
}

func (s state) write(folder string) error {
	content, err := s.encode()
	if err != nil {
		return err
	}
	return wholefile.Replace(filepath.Join(folder, stateFile), content)
}

func (s state) encode() ([]byte, error) {
	content, err := json.MarshalIndent(s, "", "  ")
	return append(content, '\n'), err
}
