package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) rotateKey() *cobra.Command {
	var resume bool
	c := &cobra.Command{
		Use: "rotate-key PROJECT [--resume]", Short: "give a project a new key, and encrypt its values with it",
		Long: "Give a client project a new key, made by AWS KMS, and encrypt every value of it anew. Whoever kept the old key\n" +
			"opens nothing that is written from then on; what they could read before, they may have kept.\n\n" +
			"It may be interrupted at any time, and goes on with --resume, which makes no new key and does what is left.\n" +
			"A value that somebody else was writing when the key changed may land under the old one up to 15 seconds\n" +
			"later: `strongroom project show` counts those, and --resume takes them in. Older versions of a secret stay\n" +
			"under the key that they were written with. A secret in several projects is encrypted for all of them: who\n" +
			"lacks the key of one leaves it to somebody who has them all.\n\n" +
			"It prints how many values were encrypted anew, how many had been already, and how many are left; which, and\n" +
			"why, is said on standard error, and the exit status is then 1.\n\n" +
			"  strongroom project rotate-key demo\n" +
			"  strongroom project rotate-key demo --resume",
		Args: exactly("PROJECT"),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			s, err := m.connect(ctx)
			if err != nil {
				return err
			}
			r, err := m.beginRotation(ctx, s, args[0], resume)
			if errors.Is(err, context.Canceled) {
				return interrupted("if the new key was made, `%s` goes on", resumption(args[0]))
			}
			if err != nil {
				return err
			}
			err = r.run(ctx, m)
			r.bar.stop()
			return m.endRotation(r, err)
		},
	}
	c.Flags().BoolVar(&resume, "resume", false, "make no new key: do what an interrupted rotation, or somebody else's, left")
	return c
}

// A rotation is one run that encrypts a project's values anew.
type rotation struct {
	session *session
	project client.Project
	key     uuid.UUID
	bar     progress

	// all is how many values there are, and before how many were under the current key when the run began.
	all, before int

	mutex sync.Mutex
	// done are the values that are under the current key now; true, those that this run wrote.
	done map[uuid.UUID]bool
	// failed are those that can't be, and why.
	failed map[uuid.UUID]failedValue
}

// A failedValue is a secret whose value is left under an older key.
type failedValue struct {
	ID     uuid.UUID `json:"id"`
	Name   string    `json:"name"`
	Reason string    `json:"reason"`
}

// beginRotation makes the new key, or looks for the one that an interrupted run made.
func (m *Main) beginRotation(ctx context.Context, s *session, named string, resume bool) (*rotation, error) {
	p, err := s.Resolve(ctx, named)
	if err != nil {
		return nil, err
	}
	if p.Encryption != api.EncryptionClient {
		return nil, usage("the values of project %q are encrypted by the server: it has no project keys", p.Name)
	}
	r := &rotation{session: s, project: p, done: map[uuid.UUID]bool{}, failed: map[uuid.UUID]failedValue{}}
	got, err := s.Project(ctx, p.ID.String())
	if err == nil && !resume {
		got, err = m.newKey(ctx, s, got)
	}
	for _, key := range keys(got) {
		if key.Current {
			r.key = key.ID
			m.sayf("the current key of project %q is %s, made %s", p.Name, key.ID, moment(key.CreatedAt))
		}
	}
	return r, err
}

// manyKeys is from how many keys on a person is told that there is an end.
const manyKeys = api.MaxProjectKeys - 5

// newKey gives a project a new key. KMS would refuse it first to who does not manage the project, and a grant on the key
// is not what that takes.
func (m *Main) newKey(ctx context.Context, s *session, p api.Project) (api.Project, error) {
	if !p.Manage {
		return p, fmt.Errorf("a new key needs manage on project %q; you have %s", p.Name, orDefault(rights(p), "nothing"))
	}
	added, err := s.AddProjectKey(ctx, p.ID.String())
	if err == nil && added.Keys != nil && len(*added.Keys) >= manyKeys {
		m.sayf("project %q has %d keys now; it can have %d, and no key can be removed yet", p.Name, len(*added.Keys), api.MaxProjectKeys)
	}
	return added.Project, lacksKey(err, fmt.Sprintf("Nothing was done: somebody who may make grants on it runs `%s`", pasted("access", "sync", p.Name)))
}

// maxPasses is how often the project is looked through: somebody else may write a value under the old key meanwhile.
const maxPasses = 3

// run encrypts what is left, until nothing is but what failed. An error is one that all the rest would meet, too.
func (r *rotation) run(ctx context.Context, m *Main) error {
	for pass := range maxPasses {
		todo, err := r.left(ctx)
		if err == nil && pass == 0 {
			err = r.count(ctx, len(todo))
			r.bar = m.progress(len(todo), "encrypting anew")
		}
		if err != nil || len(todo) == 0 {
			return err
		}
		if err := r.pass(ctx, todo); err != nil {
			return err
		}
	}
	todo, err := r.left(ctx)
	for _, s := range todo {
		r.fail(s, errors.New("it is written under an older key again and again"))
	}
	return err
}

// left lists what is still under older keys, but for what failed. What somebody else has mended is no failure any longer.
func (r *rotation) left(ctx context.Context) ([]api.ProjectSecret, error) {
	stale, err := collect(r.session.Stale(ctx, r.project.ID.String()))
	if err != nil {
		return nil, err
	}
	failed, todo := map[uuid.UUID]failedValue{}, stale[:0]
	for _, s := range stale {
		if f, ok := r.failed[s.ID]; ok {
			failed[s.ID] = f
		} else {
			todo = append(todo, s)
		}
	}
	r.failed = failed
	return todo, nil
}

// count notes how many values there are, and how many are under the current key already.
func (r *rotation) count(ctx context.Context, stale int) error {
	all, err := collect(r.session.ProjectSecrets(ctx, r.project.ID.String(), ""))
	r.all = max(len(all), stale)
	r.before = r.all - stale
	return err
}

// pass encrypts values, several at a time.
func (r *rotation) pass(ctx context.Context, todo []api.ProjectSecret) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, s := range todo {
		if within.Err() != nil {
			break
		}
		group.Go(func() error {
			done, err := r.session.Reencrypt(within, r.project.ID.String(), s.ID)
			if err != nil && (within.Err() != nil || common(err)) {
				return err
			}
			r.note(s, done, err)
			return nil
		})
	}
	return errors.Join(group.Wait(), ctx.Err())
}

// common says whether an error is not one value's, but would be met by all of them.
func common(err error) bool {
	if is[*client.LackingKeysError](err) { // it wraps one of those below
		return false
	}
	return is[*client.NoAnswerError](err) || is[*client.SetupError](err) || is[*client.KeyDeniedError](err) || is[*client.KMSError](err) ||
		errors.Is(err, client.ErrThrottled) || errors.Is(err, client.ErrUnavailable)
}

func (r *rotation) note(s api.ProjectSecret, anew bool, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if err != nil {
		r.fail(s, err)
	} else {
		r.done[s.ID] = anew || r.done[s.ID]
	}
	r.bar.step()
}

func (r *rotation) fail(s api.ProjectSecret, err error) {
	delete(r.done, s.ID)
	r.failed[s.ID] = failedValue{s.ID, s.Name, explain(err).Error()}
}

// A rotated project is what a run answers.
type rotated struct {
	Project     api.Reference `json:"project"`
	KeyID       uuid.UUID     `json:"keyId"`
	Reencrypted int           `json:"reencrypted"`
	AlreadyDone int           `json:"alreadyDone"`
	Left        int           `json:"left"`
	// Failed are those of the values left that were tried.
	Failed []failedValue `json:"failed"`
}

func (r *rotation) result() rotated {
	out := rotated{Project: api.Reference{ID: r.project.ID, Name: r.project.Name}, KeyID: r.key, AlreadyDone: r.before}
	for _, anew := range r.done {
		if anew {
			out.Reencrypted++
		} else {
			out.AlreadyDone++
		}
	}
	out.Left = max(len(r.failed), r.all-out.Reencrypted-out.AlreadyDone)
	out.Failed = slices.SortedFunc(maps.Values(r.failed), func(a, b failedValue) int { return strings.Compare(a.Name, b.Name) })
	if out.Failed == nil {
		out.Failed = []failedValue{}
	}
	return out
}

// endRotation says how far it came. stopped is why it did not come to its end.
func (m *Main) endRotation(r *rotation, stopped error) error {
	out := r.result()
	for _, f := range out.Failed {
		m.sayf("%q is left: %s", f.Name, f.Reason)
	}
	err := m.show(r.session.settings, listing{data: out, rows: [][]string{
		{"encrypted anew", strconv.Itoa(out.Reencrypted)}, {"already under the current key", strconv.Itoa(out.AlreadyDone)}, {"left", strconv.Itoa(out.Left)},
	}})
	again := resumption(r.project.Name)
	switch {
	case errors.Is(stopped, context.Canceled):
		return interrupted("`%s` goes on", again)
	case stopped != nil:
		return fmt.Errorf("%w; `%s` goes on", stopped, again)
	case out.Left > 0:
		return fmt.Errorf("%s left under older keys; once the reasons are mended, `%s` goes on", counted(out.Left, "value is", "values are"), again)
	}
	return err
}

// resumption is the command that goes on.
func resumption(project string) string {
	return pasted("project", "rotate-key", project, "--resume")
}

// interrupted is the end of long work that a signal stopped.
func interrupted(format string, args ...any) error {
	return &exitError{ExitInterrupted, fmt.Errorf("interrupted; "+format, args...)}
}
