package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) rotation() *cobra.Command {
	return group(&cobra.Command{
		Use: "rotation", Short: "have secrets rotated: by a schedule, now, and see how that goes",
		Long: "Have secrets rotated: a worker makes a new value, has the target take it, tries it and makes it the current one.\n" +
			"Where the target can keep the old value too, that one works on until everybody who reads the secret has read the new\n" +
			"one, or a deadline is over.",
	}, m.rotationSet(), m.rotationSettings(), m.rotationGet(), m.rotationRun(), m.rotationList(), m.rotationLeaver(), m.rotationLog(), m.rotationCheck(),
		m.rotationRemove())
}

func (m *Main) rotationGet() *cobra.Command {
	return &cobra.Command{
		Use: "get REF", Short: "show how a secret is rotated, and how that goes", Args: exactly("REF"),
		Long: "Show how a secret is rotated, by what and when next, who set that, how the latest rotation went or how far it is, and\n" +
			"who is waited for. It takes manage on the secret, or the role auditor.\n\n" + references + "\n\n" +
			"  strongroom rotation get demo/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error {
			s, id, err := m.connectToID(c.Context(), args[0])
			if err != nil {
				return err
			}
			r, err := s.Rotation(c.Context(), id)
			if err != nil {
				return inCommands(err, args[0])
			}
			return m.show(s.settings, rotationListing(r))
		},
	}
}

// inCommands is an answer about a secret's rotation, with the command for what it says to do.
func inCommands(err error, text string) error {
	switch words := err.Error(); {
	case strings.Contains(words, "delete-rotation with force=true"):
		return fmt.Errorf("%w: here, `%s`", err, pasted("rotation", "remove", text, "--force"))
	case strings.Contains(words, "no rotation is set"):
		return fmt.Errorf("%w: here, `%s --rotator KIND`", err, pasted("rotation", "set", text))
	}
	return err
}

// rotationListing is how a secret is rotated, a line a fact.
func rotationListing(r api.Rotation) listing {
	l := listing{data: r}
	line := func(name, text string) {
		if text != "" {
			l.rows = append(l.rows, []string{name, text})
		}
	}
	line("rotator", r.Rotator)
	line("settings", settingsInWords(r.Settings))
	line("every", orDefault(r.Every, "when asked for"))
	line("window", r.Window)
	line("set", setterInWords(r.SetBy, r.SetAt))
	if r.Readers != nil {
		line("readers", fmt.Sprintf("who read an older value in the last %s are waited for, for %s at most; when all have come, the old value works %s more", r.Readers.Within, r.Readers.Deadline, r.Readers.Grace))
	}
	line("next", orNever(r.NextAt))
	if r.LastRotatedAt != nil {
		line("last rotated", fmt.Sprintf("%s, version %d", moment(*r.LastRotatedAt), r.LastVersion))
	}
	if r.Run == nil {
		return l
	}
	line("rotation", r.Run.ID.String())
	line("because", orDefault(r.Run.Because, string(r.Run.Cause)))
	line("state", stateInWords(r.Run))
	line("reason", r.Run.Reason)
	waits := "waits for"
	if r.Run.Cause == api.CauseLeak {
		waits = "not waited for"
	}
	for _, reader := range r.Run.WaitingFor {
		line(waits, readerInWords(reader))
	}
	for _, reader := range r.Run.NeverCame {
		line("never came", readerInWords(reader))
	}
	line("besides", moreReaders(r.Run))
	return l
}

// setterInWords says who set a rotation, and when.
func setterInWords(by *api.RotationSetter, at *time.Time) string {
	if by == nil {
		return "nobody knows by whom"
	}
	words := "by " + setter(by)
	if at != nil {
		words = moment(*at) + ", " + words
	}
	if by.Left != "" {
		words += ": look at where its values go, and set it again"
	}
	return words
}

// setter is who set a rotation, and that it left.
func setter(by *api.RotationSetter) string {
	switch {
	case by == nil:
		return ""
	case by.Left != "":
		return orDefault(by.Name, by.ID.String()) + ", who left"
	}
	return orDefault(by.Name, by.ID.String())
}

// settingsInWords are the settings of a rotator. Of certificates it says how long they are alone: they would fill a terminal.
func settingsInWords(settings json.RawMessage) string {
	var members map[string]any
	if err := json.Unmarshal(settings, &members); err != nil || len(members) == 0 {
		return ""
	}
	ca, ok := members["ca"].(string)
	if !ok || ca == "" {
		return string(settings)
	}
	members["ca"] = fmt.Sprintf("(PEM, %s)", counted(len(ca), "byte", "bytes"))
	short, err := json.Marshal(members)
	if err != nil {
		return string(settings)
	}
	return string(short)
}

// stateInWords is how far a rotation is.
func stateInWords(r *api.RotationRun) string {
	words := string(r.State)
	switch r.State {
	case api.RotationDue:
		words = "due: a worker is asked for, to " + string(r.Step)
		if r.TryAt != nil {
			words = fmt.Sprintf("failed %s, and is tried again at %s", counted(int(r.Attempts), "time", "times"), moment(*r.TryAt))
		}
	case api.RotationRunning:
		words += ", at the step " + string(r.Step)
	case api.RotationWaiting:
		if r.Cause == api.CauseLeak {
			return retiringInWords(r)
		}
		if r.Missing == 0 {
			return fmt.Sprintf("version %d is the current one, and nobody is waited for any more; the old value works until its grace is over, "+
				"or %s", r.Version, orNever(r.RetireBy))
		}
		words = fmt.Sprintf("version %d is the current one; the old value works until %s read it, or %s",
			r.Version, counted(int(r.Missing), "reader has", "readers have"), orNever(r.RetireBy))
	case api.RotationDone:
		words += ": version " + strconv.FormatInt(r.Version, 10)
	case api.RotationFailed:
		if r.TryAt != nil {
			words = fmt.Sprintf("failed to retire version %d, which may work still; that is tried again at %s", r.From, moment(*r.TryAt))
		}
	}
	return words
}

// retiringInWords is how far a rotation is whose old value is known to who must not know it.
func retiringInWords(r *api.RotationRun) string {
	return fmt.Sprintf("version %d is the current one; the old value has leaked, and a worker is asked for at once, to retire it", r.Version)
}

func readerInWords(r api.RotationReader) string {
	return fmt.Sprintf("%s %s, read version %d, last %s", noun(r.Kind), orDefault(r.Name, r.ID.String()), r.Version, moment(r.Last))
}

func (m *Main) rotationRemove() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "remove REF [--force]", Short: "have a secret rotated no more", Args: exactly("REF"),
		Long: "Have a secret rotated no more. Its value stays as it is. One that is being rotated is refused; --force gives that up.\n" +
			"A pending version is kept then: where the target has that one already, restore it. It takes manage on the secret.\n\n" + references + "\n\n" +
			"  strongroom rotation remove demo/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error {
			s, id, err := m.connectToID(c.Context(), args[0])
			if err != nil {
				return err
			}
			pending, err := pendingVersion(c.Context(), s, id, force)
			if err != nil {
				return err
			}
			if err := s.DeleteRotation(c.Context(), id, force); err != nil {
				return forced(err)
			}
			m.sayf("%s is rotated no more", args[0])
			if pending != 0 {
				m.sayf("version %d, which was to be the next one, is kept; where the target has it already: strongroom secret restore %s %d",
					pending, args[0], pending)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&force, "force", false, "give up a rotation that is under way")
	return c
}

// pendingVersion is the version that is pending while its rotation is given up; zero for none.
func pendingVersion(ctx context.Context, s *session, id uuid.UUID, force bool) (int64, error) {
	if !force {
		return 0, nil
	}
	for v, err := range s.Versions(ctx, id) {
		if err != nil {
			return 0, err
		}
		if v.Stage == api.StagePending {
			return v.Version, nil
		}
	}
	return 0, nil
}

func (m *Main) rotationLog() *cobra.Command {
	return &cobra.Command{
		Use: "log REF", Short: "list what became of a secret's rotations", Args: exactly("REF"),
		Long: "List what became of a secret's rotations, newest first: what they were asked for by, which worker did which step, why\n" +
			"an attempt failed, and who did not read the new value in time. Who is waited for now is said first. It takes manage on\n" +
			"the secret, or the role auditor.\n\n" + references + "\n\n" +
			"  strongroom rotation log demo/DATABASE_URL",
		RunE: func(c *cobra.Command, args []string) error { return m.rotationEvents(c.Context(), args[0]) },
	}
}

func (m *Main) rotationEvents(ctx context.Context, text string) error {
	s, id, err := m.connectToID(ctx, text)
	if err != nil {
		return err
	}
	if err := m.sayWaiting(ctx, s, text, id); err != nil {
		return err
	}
	events := []api.Event{}
	for e, err := range s.SecretEvents(ctx, id) {
		if err != nil {
			return err
		}
		if e.RotationID != nil || e.Rotator != "" {
			events = append(events, e)
		}
	}
	return m.show(s.settings, eventListing(events, s.namesIn(ctx, events)))
}

// sayWaiting says who is waited for, and who never came, in the latest rotation.
func (m *Main) sayWaiting(ctx context.Context, s *session, text string, id uuid.UUID) error {
	r, err := s.Rotation(ctx, id)
	if errors.Is(err, client.ErrNotFound) { // its events are there all the same
		return nil
	}
	if err != nil || r.Run == nil {
		return err
	}
	m.sayReaders(text, r.Run)
	return nil
}

// sayReaders says who is waited for in a rotation, and who never came.
func (m *Main) sayReaders(text string, run *api.RotationRun) {
	for _, reader := range run.WaitingFor {
		if run.Cause == api.CauseLeak {
			m.sayf("%s: has not read it, and is not waited for: %s", text, readerInWords(reader))
			continue
		}
		m.sayf("%s: waits until %s for %s", text, orNever(run.RetireBy), readerInWords(reader))
	}
	for _, reader := range run.NeverCame {
		m.sayf("%s: never came: %s", text, readerInWords(reader))
	}
	if more := moreReaders(run); more != "" {
		m.sayf("%s: and %s", text, more)
	}
}

// moreReaders counts the readers that a rotation does not name; empty for none. Who is waited for, get-rotation alone names.
func moreReaders(run *api.RotationRun) string {
	named := len(run.WaitingFor) + len(run.NeverCame)
	if more := int(run.Missing) - named; more > 0 && named > 0 {
		return counted(more, "reader", "readers") + " more"
	}
	return ""
}

// listSettings are the keys of settings that have lists: one value alone makes one too.
var listSettings = []string{"classes", "users"}

// settingsOf makes a rotator's settings of KEY=VALUE pairs: a.b is b within a, a key that comes again makes a list, @FILE is what
// a file has, and what is JSON is taken as such.
func settingsOf(pairs []string, read func(string) ([]byte, error)) (json.RawMessage, error) {
	settings := map[string]any{}
	for _, pair := range pairs {
		key, text, found := strings.Cut(pair, "=")
		if !found || key == "" {
			return nil, usage("--setting must be KEY=VALUE, not %q", pair)
		}
		value, err := settingOf(text, read)
		if err != nil {
			return nil, err
		}
		at, path := settings, strings.Split(key, ".")
		for _, name := range path[:len(path)-1] {
			within, ok := at[name].(map[string]any)
			if !ok && at[name] != nil {
				return nil, usage("--setting %s: %q is a value already, and has nothing in it", key, name)
			}
			if !ok {
				within = map[string]any{}
				at[name] = within
			}
			at = within
		}
		name := path[len(path)-1]
		if _, list := value.([]any); slices.Contains(listSettings, name) && !list && at[name] == nil {
			value = []any{value}
		}
		at[name] = asList(at[name], value)
	}
	return json.Marshal(settings)
}

// asList is a value, or the list of it and those that its key had before.
func asList(before, value any) any {
	switch before := before.(type) {
	case nil:
		return value
	case []any:
		return append(before, value)
	default:
		return []any{before, value}
	}
}

func settingOf(text string, read func(string) ([]byte, error)) (any, error) {
	if file, ok := strings.CutPrefix(text, "@"); ok {
		content, err := read(file)
		if err != nil {
			return nil, usage("--setting: %w", err)
		}
		return string(content), nil
	}
	var value any
	if json.Unmarshal([]byte(text), &value) == nil && value != nil {
		return value, nil
	}
	return text, nil
}
