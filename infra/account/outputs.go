package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/uuid"
)

// A deployment is what the outputs of the data stack say of it.
type deployment struct {
	table, archive string
	organization   uuid.UUID
}

// readOutputs reads what "cdk deploy --outputs-file" wrote.
func readOutputs(path string) (deployment, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the file that was named
	if errors.Is(err, fs.ErrNotExist) {
		return deployment{}, fmt.Errorf("%s is not there, which make deploy writes: without it nobody knows which table this is about. "+
			"Run make deploy again, which changes nothing, or remove the stacks by hand", path)
	}
	if err != nil {
		return deployment{}, err
	}
	var stacks map[string]struct{ TableName, ArchiveName, OrganizationID string }
	if err := json.Unmarshal(text, &stacks); err != nil {
		return deployment{}, fmt.Errorf("%s: %w", path, err)
	}
	for _, s := range stacks {
		if s.TableName == "" {
			continue
		}
		id, err := uuid.Parse(s.OrganizationID)
		if err != nil || s.ArchiveName == "" {
			return deployment{}, fmt.Errorf("%s: the outputs beside TableName are not a deployment's", path)
		}
		return deployment{s.TableName, s.ArchiveName, id}, nil
	}
	return deployment{}, fmt.Errorf("%s has no output TableName: it is not make deploy's", path)
}
