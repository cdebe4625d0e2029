package trigger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"strongroom/pkg/operation"
	"strongroom/pkg/wholefile"
)

// runsVersion is the form of the file that this program knows.
const runsVersion = 1

// runs remembers in a file when functions were last started by the clock.
type runs struct {
	path  string
	mutex sync.Mutex
	file  runsFile
}

type runsFile struct {
	Version int                          `json:"version"`
	Last    map[operation.Name]time.Time `json:"last"`
}

func readRuns(path string) (*runs, error) {
	r := &runs{path: path, file: runsFile{Version: runsVersion, Last: map[operation.Name]time.Time{}}}
	content, err := os.ReadFile(path) //nolint:gosec // the operator's
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	r.file = runsFile{}
	if err := json.Unmarshal(content, &r.file); err != nil || r.file.Version != runsVersion || r.file.Last == nil {
		return nil, fmt.Errorf("%s is not a file of version %d that says when schedules last ran; "+
			"remove it, and they count from the next start on", path, runsVersion)
	}
	return r, nil
}

func (r *runs) last(name operation.Name) (time.Time, bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	at, ok := r.file.Last[name]
	return at, ok
}

func (r *runs) note(name operation.Name, at time.Time) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.file.Last[name] = at
	content, err := json.MarshalIndent(r.file, "", "  ")
	if err != nil {
		return err
	}
	return wholefile.Replace(r.path, append(content, '\n'))
}
