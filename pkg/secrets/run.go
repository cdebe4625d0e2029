package secrets

import (
	"context"
	"errors"
	"sync"
	"time"

	"strongroom/pkg/operation"
)

// A RunSummary says what one run of a schedule did.
type RunSummary struct {
	// Done counts what was purged, or swept; Failed what could not be, which the next run tries again.
	Done   int `json:"done"`
	Failed int `json:"failed"`
	// Unfinished says that not all was done that was due, since time ran out or something failed; the next run goes on.
	Unfinished bool `json:"unfinished"`
}

// timeToEnd is how long before its context's deadline a run begins nothing more.
const timeToEnd = 3 * time.Second

// maxErrorsTold is how many errors a run's own error names.
const maxErrorsTold = 10

// A run does many things side by side, each for itself, until it is done or its time is up. What fails keeps nothing else
// from being done.
type run struct {
	*Service
	table  reads
	name   operation.Name
	mu     sync.Mutex
	told   RunSummary
	errors []error
}

func (s *Service) newRun(name operation.Name) *run {
	return &run{Service: s, table: s.tableOf(name), name: name}
}

// errUnfinished: the run's time was up in the middle of something, or a part of it failed, which was told already.
var errUnfinished = errors.New("the rest is for the next run")

// outOfTime says whether nothing more is to be begun.
func (r *run) outOfTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	if ctx.Err() == nil && (!ok || time.Until(deadline) > timeToEnd) {
		return false
	}
	r.failed(ctx, errUnfinished)
	return true
}

// failed notes that something could not be done.
func (r *run) failed(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told.Unfinished = true
	if errors.Is(err, errUnfinished) || ctx.Err() != nil {
		return
	}
	r.told.Failed++
	if len(r.errors) < maxErrorsTold {
		r.errors = append(r.errors, err)
	}
}

// did notes that something was done.
func (r *run) did() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told.Done++
}

// each does something with n things, several at once, for as long as there is time. Its error says that not all was done.
func (r *run) each(ctx context.Context, n int, do func(context.Context, int) error) error {
	var group sync.WaitGroup
	slots := make(chan struct{}, maxChangesAtOnce)
	undone := make([]bool, n)
	for i := range n {
		if undone[i] = r.outOfTime(ctx); undone[i] {
			break
		}
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := do(ctx, i); err != nil {
				undone[i] = true
				r.failed(ctx, err)
			}
		})
	}
	group.Wait()
	for _, is := range undone {
		if is {
			return errUnfinished
		}
	}
	return nil
}

// end is what the run has to say.
func (r *run) end() (RunSummary, error) { return r.told, errors.Join(r.errors...) }
