package cli

import (
	"context"
	"errors"
	"iter"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/audit"
	"strongroom/pkg/client"
	"strongroom/pkg/identity"
	"strongroom/pkg/operation"
)

// eventsAtFirst is how many events are listed where nobody says how many.
const eventsAtFirst = 100

// eventFlags are what `events list` takes.
type eventFlags struct {
	timeFlags
	since, action, actor, resource string
	denied                         bool
	limit                          int
}

func (m *Main) eventsList() *cobra.Command {
	var flags eventFlags
	c := &cobra.Command{
		Use:   "list [--since AGE | --from TIME] [--to TIME] [--action OPERATION] [--actor PRINCIPAL] [--resource RESOURCE] [--denied] [--limit N]",
		Short: "list who did, or tried to do, what, newest first", Args: none,
		Long: "List who did, or tried to do, what, newest first: the newest " + counted(eventsAtFirst, "event", "events") + ", or as many as --limit says. It takes\n" +
			"the role owner, admin or auditor.\n\n" +
			"  strongroom events list --since 24h\n" +
			"  strongroom events list --denied --since 7d\n" +
			"  strongroom events list --actor ci --action get-project-values\n" +
			"  strongroom events list --resource payroll/DATABASE_URL --from 2026-11-01 --to 2026-12-01 --limit 0\n\n" +
			timesInWords + "\n\n" +
			"Who is bound to nobody is listed by ARN, and --actor takes one: that of a role is for all of its sessions. RESOURCE is\n" +
			"a project, project/name, or a principal as user:NAME, group:NAME or service-account:NAME. What was done to a secret is\n" +
			"found by the secret, and a read of all of a project's values by both. --actor and --resource take the id of anything,\n" +
			"also of what is gone.\n" +
			"Reasons and details have names in place of ids, where these are known: --output json has the ids, and where each\n" +
			"request came from.\n\n" +
			"A search through a long time asks a day at a time; interrupted, it prints what it has found.",
		RunE: func(c *cobra.Command, _ []string) error {
			return m.listEvents(c.Context(), flags, c.Flags().Changed("limit"))
		},
	}
	flags.add(c)
	f := c.Flags()
	f.StringVar(&flags.since, "since", "", "only those no older than `AGE`: 90m, 24h, 30d")
	f.StringVar(&flags.action, "action", "", "only those of `OPERATION`, such as get-secret")
	f.StringVar(&flags.actor, "actor", "", "only what `PRINCIPAL` did, or who signs with an ARN")
	f.StringVar(&flags.resource, "resource", "", "only those about `RESOURCE`: a project, project/name, user:NAME or any id")
	f.BoolVar(&flags.denied, "denied", false, "only what was refused")
	f.IntVar(&flags.limit, "limit", eventsAtFirst, "at most `N`; 0 is all")
	c.MarkFlagsMutuallyExclusive("since", "from")
	completeFlag(c, "action", oneOf(actions()...))
	return c
}

// actions are the operations, as events name them.
func actions() []operation.Name {
	names := make([]operation.Name, len(operation.Table))
	for i, row := range operation.Table {
		names[i] = row.Name
	}
	return names
}

func (m *Main) listEvents(ctx context.Context, flags eventFlags, limited bool) error {
	if _, err := flags.filter(time.Now()); err != nil {
		return err
	}
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	if flags.since != "" {
		if now, err = s.Now(ctx); err != nil {
			return err
		}
	}
	filter, err := flags.filter(now)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err = flags.find(ctx, s, &filter); err == nil {
		var found []api.Event
		found, err = flags.pick(s.Events(ctx, filter))
		if err == nil || ctx.Err() != nil {
			err = errors.Join(m.show(s.settings, eventListing(found, s.namesIn(ctx, found))), err)
		}
		if err == nil && !limited && len(found) == flags.limit {
			m.sayf("these are the newest %d; --limit N lists more, and --limit 0 all", flags.limit)
		}
	}
	if ctx.Err() != nil {
		return interrupted("there may be older events")
	}
	return err
}

// filter is what the flags say by themselves. Whatever is wrong with them is said before anything is sent.
func (f *eventFlags) filter(now time.Time) (filter client.EventFilter, err error) {
	if filter.EventTimes, err = f.times(); err != nil {
		return filter, err
	}
	if f.since != "" {
		age, err := parseLasting(f.since)
		if err != nil || age <= 0 {
			return filter, usage("--since must be a time as in 90m, 24h or 30d, not %q", f.since)
		}
		filter.From = now.Add(-age)
	}
	if filter.Action = operation.Name(f.action); f.action != "" {
		if _, known := operation.Lookup(filter.Action); !known {
			return filter, usage("no operation is called %q; `strongroom call --help` lists them", f.action)
		}
	}
	if isARN(f.actor) {
		if _, err := identity.Names(f.actor); err != nil {
			return filter, usage("--actor: %w", err)
		}
	}
	switch {
	case f.limit < 0:
		return filter, usage("--limit must be 0 or more, not %d", f.limit)
	case f.limit > 0 && f.limit < api.MaxLimit && f.action+f.actor+f.resource == "" && !f.denied:
		filter.PageSize = f.limit // who looks for something looks at all
	}
	return filter, nil
}

// find asks for the ids of what the flags name.
func (f *eventFlags) find(ctx context.Context, s *session, filter *client.EventFilter) error {
	switch {
	case isID(f.actor):
		filter.Actor = uuid.MustParse(f.actor)
	case f.actor != "" && !isARN(f.actor):
		p, err := s.principal(ctx, f.actor)
		if err != nil {
			return err
		}
		filter.Actor = p.ID
	}
	switch {
	case isID(f.resource):
		filter.Resource = uuid.MustParse(f.resource)
	case ofKind(f.resource):
		p, err := s.principal(ctx, f.resource)
		if err != nil {
			return err
		}
		filter.Resource = p.ID
	case f.resource != "":
		r, err := s.resource(ctx, f.resource)
		if err != nil {
			return err
		}
		if filter.Resource = r.Secret; filter.Resource == uuid.Nil {
			filter.Resource = r.Project
		}
	}
	return nil
}

func isARN(text string) bool { return strings.HasPrefix(text, "arn:") }

// ofKind says whether a text names a principal together with its kind.
func ofKind(text string) bool {
	return slices.ContainsFunc(kinds, func(k kind) bool { return strings.HasPrefix(text, k.prefix()) })
}

// signedBy says whether an event is of whom an ARN is of: a user, a session, or any session of a role. Paths don't count.
func signedBy(e api.Event, arn string) bool {
	wanted, err := identity.Names(arn)
	if err != nil {
		return e.Actor.ARN == arn
	}
	signed, err := identity.Names(e.Actor.ARN)
	return err == nil && slices.Contains(signed, wanted[0])
}

// pick takes as many events as are wanted, of those that match what only the command line asks for.
func (f *eventFlags) pick(all iter.Seq2[api.Event, error]) ([]api.Event, error) {
	found := []api.Event{}
	for e, err := range all {
		if err != nil {
			return found, err
		}
		if f.denied && e.Decision != string(audit.Denied) || isARN(f.actor) && !signedBy(e, f.actor) {
			continue
		}
		if found = append(found, e); len(found) == f.limit {
			break
		}
	}
	return found, nil
}
