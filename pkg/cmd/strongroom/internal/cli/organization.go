package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
)

func (m *Main) organization() *cobra.Command {
	return group(&cobra.Command{
		Use: "organization", Short: "show and change the organization and its settings",
		Long: "Show and change the organization: its name, who makes projects, and for how long events and what was deleted\n" +
			"are kept.\n\n" +
			"  strongroom organization show\n" +
			"  strongroom organization set --event-retention 800d",
	}, m.organizationShow(), m.organizationSet())
}

func (m *Main) organizationShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "show the organization and its settings", Args: none,
		Long: "Show the organization and its settings, to any user.\n\n  strongroom organization show",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			o, err := s.Organization(c.Context())
			if err != nil {
				return err
			}
			return m.show(s.settings, listing{rows: describeOrganization(o), data: o})
		},
	}
}

func describeOrganization(o api.Organization) [][]string {
	return [][]string{
		{"name", o.Name}, {"id", o.ID.String()}, {"client key", o.ClientKeyARN}, {"created", moment(o.CreatedAt)},
		{"members create projects", strconv.FormatBool(o.Settings.MembersCreateProjects)},
		{"events are kept", counted(int(o.Settings.EventRetentionDays), "day", "days")},
		{"trash is kept", counted(int(o.Settings.TrashRetentionDays), "day", "days")},
		{"rotated on leave", string(o.Settings.RotateOnLeave)},
	}
}

// organizationFlags are what set takes; what is not there stays as it is.
type organizationFlags struct {
	name, events, trash, leave string
	members                    bool
}

func (m *Main) organizationSet() *cobra.Command {
	var flags organizationFlags
	var yes bool
	c := &cobra.Command{
		Use:   "set [--name NAME] [--members-create-projects=true|false] [--event-retention TIME] [--trash-retention TIME]\n    [--rotate-on-leave none|read|reachable] [--yes]",
		Short: "change the organization's name or settings", Args: none,
		Long: "Change the organization's name or settings, which takes an owner. What is not named stays as it is. Doing it\n" +
			"again is harmless.\n\n" +
			"Events are kept from " + fmt.Sprint(api.MinEventRetentionDays) + "d to " + fmt.Sprint(api.MaxEventRetentionDays) +
			"d, and for " + fmt.Sprint(api.DefaultEventRetentionDays) + "d unless it was set; what was deleted from " +
			fmt.Sprint(api.MinTrashRetentionDays) + "d to " + fmt.Sprint(api.MaxTrashRetentionDays) + "d,\n" +
			"and for " + fmt.Sprint(api.DefaultTrashRetentionDays) + "d. To keep events for a shorter time removes those that are older by now, for good, and so asks\n" +
			"first. How long trash is kept applies to what is deleted from then on.\n\n" +
			"When a person or a service account is disabled or deleted, the secrets whose current values it has read are rotated,\n" +
			"where a rotation is set for them, with --rotate-on-leave read; with reachable those too that it could have read since\n" +
			"they were rotated last; with none, which holds unless it was set, nothing is. A new value goes where its rotation says,\n" +
			"even if that is what who left set: `strongroom rotation leaver` lists those.\n\n" +
			"  strongroom organization set --members-create-projects=true\n" +
			"  strongroom organization set --event-retention 800d --trash-retention 7d",
		RunE: func(c *cobra.Command, _ []string) error {
			in, err := flags.request(c)
			if err != nil {
				return err
			}
			return m.setOrganization(c.Context(), in, yes)
		},
	}
	c.Flags().StringVar(&flags.name, "name", "", "its new `NAME`, for people to see")
	c.Flags().BoolVar(&flags.members, "members-create-projects", false, "whether members create projects, not only owners and admins")
	c.Flags().StringVar(&flags.events, "event-retention", "", "for how many days events are kept, a `TIME` as in 400d")
	c.Flags().StringVar(&flags.trash, "trash-retention", "", "for how many days what was deleted can be restored, a `TIME` as in 30d")
	c.Flags().StringVar(&flags.leave, "rotate-on-leave", "", "`WHAT` is rotated when somebody leaves: none, read or reachable")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "don't ask before events are removed")
	c.MarkFlagsOneRequired("name", "members-create-projects", "event-retention", "trash-retention", "rotate-on-leave")
	return c
}

func (m *Main) setOrganization(ctx context.Context, in api.UpdateOrganization, yes bool) error {
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	before, err := s.Organization(ctx)
	if err != nil {
		return err
	}
	if days := fewerDays(in, before); days > 0 {
		question := fmt.Sprintf("keep events for %s in place of %s, and remove those that are older for good?",
			counted(int(days), "day", "days"), counted(int(before.Settings.EventRetentionDays), "day", "days"))
		if err := m.confirm(question, "--yes", yes); err != nil {
			return err
		}
	}
	o, err := s.UpdateOrganization(ctx, in, "")
	switch {
	case err != nil:
		return err
	case o.ETag == before.ETag:
		return m.did(s, o, "organization %q: unchanged", o.Name)
	}
	return m.did(s, o, "organization %q is changed", o.Name)
}

// fewerDays are for how many days events are to be kept, where that is fewer than now; zero where it is not, or where the
// server refuses it anyway.
func fewerDays(in api.UpdateOrganization, before api.Organization) int64 {
	if in.Settings == nil || in.Settings.EventRetentionDays == nil {
		return 0
	}
	days := *in.Settings.EventRetentionDays
	if days >= before.Settings.EventRetentionDays || days < api.MinEventRetentionDays {
		return 0
	}
	return days
}

// request is what the flags that are there ask for.
func (f organizationFlags) request(c *cobra.Command) (in api.UpdateOrganization, err error) {
	settings := api.UpdateSettings{}
	if c.Flags().Changed("name") {
		in.Name = &f.name
	}
	if c.Flags().Changed("members-create-projects") {
		settings.MembersCreateProjects = &f.members
	}
	if leave := api.RotateOnLeave(f.leave); c.Flags().Changed("rotate-on-leave") {
		if !slices.Contains(api.RotateOnLeaves(), leave) {
			return in, usage("--rotate-on-leave is none, read or reachable, not %q", f.leave)
		}
		settings.RotateOnLeave = &leave
	}
	if settings.EventRetentionDays, err = wholeDays(c, "event-retention", f.events); err != nil {
		return in, err
	}
	if settings.TrashRetentionDays, err = wholeDays(c, "trash-retention", f.trash); err != nil {
		return in, err
	}
	if settings != (api.UpdateSettings{}) {
		in.Settings = &settings
	}
	return in, nil
}

// wholeDays is a flag's number of days; nil where it is not there.
func wholeDays(c *cobra.Command, flag, text string) (*int64, error) {
	if !c.Flags().Changed(flag) {
		return nil, nil
	}
	const day = 24 * 60 * 60
	lasting, err := parseLasting(text)
	seconds := int64(lasting.Seconds())
	if err != nil || seconds <= 0 || seconds%day != 0 {
		return nil, usage("--%s must be whole days, as in 30d, not %q", flag, text)
	}
	days := seconds / day
	return &days, nil
}
