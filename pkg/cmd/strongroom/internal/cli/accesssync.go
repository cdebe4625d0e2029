package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

func (m *Main) accessSync() *cobra.Command {
	var yes, dry bool
	c := &cobra.Command{
		Use: "sync [PROJECT…] [--yes | --dry-run]", Short: "make KMS's grants as Strongroom's ask for",
		Long: "Make the grants on the client key as Strongroom's grants, groups and identities ask for, for the projects that\n" +
			"are named, or for all that you manage and whose values clients encrypt. It shows first what it would do, and\n" +
			"asks. Run it when members of groups or identities have changed, and by a timer for grants that expire: KMS ends\n" +
			"none by itself. It takes your own kms:ListGrants, CreateGrant and RevokeGrant on the client key.\n\n" +
			"A grant is made for each identity of whoever has a live grant on the project or on a secret in it, and is not\n" +
			"disabled. Any other of a project's is removed, as are those that are not as Strongroom makes them; unless there\n" +
			"are secrets whose grants you may not see: then nothing is removed, and it says so. What is not Strongroom's is\n" +
			"left alone. A key has " + fmt.Sprint(client.MaxKeyGrants) + " grants at most; from " + fmt.Sprint(client.ManyKeyGrants) + " on, it warns.\n\n" +
			"Exit status: 0 all is as it should be, now; 1 something is not: with --dry-run, that there is something to do.\n\n" +
			"  strongroom access sync demo\n" +
			"  strongroom access sync --yes\n" +
			"  strongroom access sync --dry-run --output json",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			return m.sync(c.Context(), syncing{s, args, yes, dry})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	c.Flags().BoolVar(&dry, "dry-run", false, "show what there is to do, and do nothing: status 1 where there is something")
	c.MarkFlagsMutuallyExclusive("yes", "dry-run")
	return c
}

type syncing struct {
	*session
	projects []string
	yes, dry bool
}

func (m *Main) sync(ctx context.Context, s syncing) error {
	projects, err := m.toSync(ctx, s)
	if err != nil {
		return err
	}
	plans, err := m.plan(ctx, s, projects)
	if err != nil {
		return err
	}
	m.warnOfPlans(plans)
	if err := m.show(s.settings, planListing(plans)); err != nil {
		return err
	}
	makes, removes := count(plans)
	switch {
	case len(plans) == 0:
		m.sayf("nothing is to be done: there is no project that you manage and whose values clients encrypt")
		return nil
	case makes+removes == 0:
		m.sayf("nothing is to be done: %s as they should be", counted(kept(plans), "KMS grant is", "KMS grants are"))
		return refusedIdentities(plans)
	case s.dry:
		return fmt.Errorf("%d to make and %d to remove: KMS's grants are not as Strongroom's; run `strongroom access sync` to mend that", makes, removes)
	}
	if err := m.confirm(fmt.Sprintf("make %d and remove %d grants on the client key?", makes, removes), "--yes", s.yes); err != nil {
		return err
	}
	if !s.yes { // that took somebody's time
		if plans, err = m.planAgain(ctx, s, projects, plans); err != nil {
			return err
		}
	}
	return m.apply(ctx, s, plans)
}

// toSync are the client-encrypted projects that are named, or all that the caller manages.
func (m *Main) toSync(ctx context.Context, s syncing) ([]client.Project, error) {
	var projects []client.Project
	for _, name := range s.projects {
		p, err := s.Resolve(ctx, name)
		if err != nil {
			return nil, err
		}
		if p.Encryption != api.EncryptionClient {
			m.sayf("the values of %s are encrypted by the server: KMS has no lock for it", p.Name)
			continue
		}
		projects = append(projects, p)
	}
	if len(s.projects) > 0 {
		return projects, nil
	}
	for p, err := range s.Projects(ctx) {
		if err != nil {
			return nil, err
		}
		if p.Encryption != api.EncryptionClient || !p.Manage {
			continue
		}
		pinned, err := s.PinProject(ctx, p)
		if err != nil {
			return nil, err
		}
		projects = append(projects, pinned)
	}
	return projects, nil
}

// plan asks what is to be done, project by project.
func (m *Main) plan(ctx context.Context, s syncing, projects []client.Project) ([]client.KeyPlan, error) {
	planner := s.KeyPlanner()
	plans := make([]client.KeyPlan, 0, len(projects))
	for _, p := range projects {
		var bar *progress
		planner.Progress = func(_, of int) {
			if bar == nil {
				begun := m.progress(of, "grants in "+visible(p.Name))
				bar = &begun
			}
			bar.step()
		}
		plan, err := planner.Plan(ctx, p)
		if bar != nil {
			bar.stop()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

// planAgain is what was agreed to and is still to be done.
func (m *Main) planAgain(ctx context.Context, s syncing, projects []client.Project, agreed []client.KeyPlan) ([]client.KeyPlan, error) {
	plans, err := m.plan(ctx, s, projects)
	if err != nil {
		return nil, err
	}
	for i, plan := range plans {
		plans[i] = agreed[i].And(plan)
	}
	return plans, nil
}

func count(plans []client.KeyPlan) (makes, removes int) {
	for _, plan := range plans {
		makes, removes = makes+len(plan.Make), removes+len(plan.Remove)
	}
	return makes, removes
}

func kept(plans []client.KeyPlan) (n int) {
	for _, plan := range plans {
		n += len(plan.Keep)
	}
	return n
}

// warnOfPlans says on standard error what a person should know beside what is to be done.
func (m *Main) warnOfPlans(plans []client.KeyPlan) {
	for i, plan := range plans {
		if i == 0 && plan.Present >= client.ManyKeyGrants {
			m.sayf("there are %d grants on the client key, of %d at most: use IAM policies for large groups (`strongroom access policy`, --no-kms)",
				plan.Present, client.MaxKeyGrants)
		}
		if plan.Unread > 0 {
			m.sayf("%s: the grants on %s are not yours to see, so that nothing is removed; %s that no other grant asks for stay",
				plan.Project.Name, counted(plan.Unread, "secret", "secrets"), counted(len(plan.Left), "KMS grant", "KMS grants"))
		}
		if plan.Foreign > 0 {
			m.sayf("%s: %s opening it that Strongroom did not make, and leaves alone; `aws kms list-grants` shows them",
				plan.Project.Name, counted(plan.Foreign, "KMS grant is", "KMS grants are"))
		}
		for _, refused := range plan.Refused {
			m.sayf("%s: %s", plan.Project.Name, refused)
		}
	}
}

// refusedIdentities is an error where there are some.
func refusedIdentities(plans []client.KeyPlan) error {
	for _, plan := range plans {
		for _, refused := range plan.Refused {
			return refused
		}
	}
	return nil
}

func planListing(plans []client.KeyPlan) listing {
	steps := []keyStep{}
	for _, plan := range plans {
		for _, g := range plan.Make {
			steps = append(steps, stepOf(keyMake, plan.Project, g))
		}
		for _, g := range plan.Remove {
			steps = append(steps, stepOf(keyRemove, plan.Project, g))
		}
	}
	l := listing{header: []string{"DO", "PROJECT", "OPERATIONS", "ARN", "FOR"}, data: steps}
	for _, k := range steps {
		do := k.Do
		if k.Strange {
			do += " (strange)"
		}
		l.rows = append(l.rows, []string{do, k.Project, strings.Join(k.Operations, ", "), k.ARN, strings.Join(k.For, ", ")})
	}
	return l
}

// apply does what the plans say.
func (m *Main) apply(ctx context.Context, s syncing, plans []client.KeyPlan) error {
	makes, removes := count(plans)
	bar := m.progress(makes+removes, "KMS grants")
	made, removed, failed := 0, 0, 0
	var stopped error
	for _, plan := range plans {
		err := s.Apply(ctx, plan, func(g client.KeyGrant, making bool, err error) {
			bar.step()
			switch {
			case err != nil:
				failed++
				m.sayf("%s: %s: %s", plan.Project.Name, g.ARN, err)
			case making:
				made++
			default:
				removed++
			}
		})
		if ctx.Err() != nil || made+removed+failed == 0 {
			stopped = err
		}
	}
	bar.stop()
	m.sayf("made %d and removed %d", made, removed)
	switch {
	case stopped != nil:
		return stopped
	case failed > 0:
		return fmt.Errorf("%d of %d were not done; what is wrong is said above, and doing it again is harmless", failed, makes+removes)
	}
	return refusedIdentities(plans)
}
