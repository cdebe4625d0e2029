package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
)

// pinFlags are what pin takes.
type pinFlags struct {
	accept, remove          string
	organization, clientKey string
	repository, yes         bool
	file                    string
}

func (m *Main) pin() *cobra.Command {
	var flags pinFlags
	c := &cobra.Command{
		Use: "pin [PROJECT…] [--yes] [--repository [--file FILE]] [--accept URL] [--remove PROJECT] [--organization ID] [--client-key ARN]", Short: "show and set what is believed of a Strongroom, whatever its server says",
		Long: "Show and set what is believed of a Strongroom, whatever its server says: the organization's id, the client key,\n" +
			"and each project's id and whether clients encrypt its values. Where that is not pinned, it is taken from the\n" +
			"server on first use, and said; with STRONGROOM_STRICT=1 it is refused instead. What contradicts a pin is an\n" +
			"error, and nothing is sent.\n\n" +
			"Without anything, pin lists what is pinned, and which file or variable says so. With projects it asks the\n" +
			"server, shows what it says, and asks you. Compare that with what a colleague's shows, or who made the project.\n\n" +
			"--repository writes what is pinned, of these projects or of all, into a file to be committed, so that\n" +
			"colleagues and continuous integration begin with it. No secret is in it.\n\n" +
			"  strongroom pin\n" +
			"  strongroom pin demo payments\n" +
			"  strongroom pin demo --repository\n" +
			"  strongroom pin --accept https://strongroom.example.com/prod\n" +
			"  strongroom pin --organization ID --client-key arn:aws:kms:eu-central-1:111122223333:key/ID",
		RunE: func(c *cobra.Command, args []string) error { return m.pinning(c, args, flags) },
	}
	f := c.Flags()
	f.StringVar(&flags.accept, "accept", "", "let repositories' files send you to that `URL`")
	f.StringVar(&flags.remove, "remove", "", "forget the pin of that `PROJECT`, which was deleted")
	f.BoolVar(&flags.repository, "repository", false, "write pins into the nearest "+config.RepositoryFile+", or a new one in this folder")
	f.StringVar(&flags.file, "file", "", "the `FILE` that --repository writes, in place of that")
	f.StringVar(&flags.organization, "organization", "", "pin that `ID` of the organization")
	f.StringVar(&flags.clientKey, "client-key", "", "pin that `ARN` of the client key")
	f.BoolVar(&flags.yes, "yes", false, "pin what the server says without asking")
	c.MarkFlagsMutuallyExclusive("accept", "remove", "repository", "organization")
	c.MarkFlagsMutuallyExclusive("accept", "remove", "repository", "client-key")
	c.MarkFlagsMutuallyExclusive("accept", "remove", "yes")
	return c
}

func (m *Main) pinning(c *cobra.Command, projects []string, flags pinFlags) error {
	settings, err := m.load()
	if err != nil {
		return err
	}
	byHand := c.Flags().Changed("organization") || c.Flags().Changed("client-key")
	switch {
	case len(projects) > 0 && (flags.accept != "" || flags.remove != "" || byHand):
		return usage("projects are named either alone, or with --repository")
	case flags.accept != "":
		if err = settings.Accept(flags.accept); err == nil {
			m.sayf("repositories' files may send you to %s from now on", flags.accept)
		}
	case flags.remove != "":
		err = settings.Unpin(flags.remove)
	case byHand:
		err = pinByHand(settings, flags)
	case flags.file != "" && !flags.repository:
		return usage("--file goes with --repository")
	case len(projects) == 0 && !flags.repository:
		return m.listPins(settings)
	default:
		return m.pinProjects(c.Context(), settings, projects, flags)
	}
	return configError(err)
}

// configError gives what is wrong with files and variables its exit status; explain knows what contradicts.
func configError(err error) error {
	if err == nil || is[*config.ContradictionError](err) || is[*config.UnpinnedError](err) {
		return err
	}
	return usage("%w", err)
}

func (m *Main) listPins(settings *config.Config) error {
	pinned, err := settings.Pinned()
	if err != nil {
		return configError(err)
	}
	if len(pinned) == 0 {
		m.sayf("nothing is pinned yet")
	}
	return m.show(settings, settingListing(pinned))
}

func pinByHand(settings *config.Config, flags pinFlags) error {
	pins := config.Pins{ClientKey: flags.clientKey}
	if flags.organization != "" {
		id, err := uuid.Parse(flags.organization)
		if err != nil {
			return fmt.Errorf("--organization must be a UUID, not %q", flags.organization)
		}
		pins.Organization = id
	}
	_, err := settings.Pin(pins)
	return err
}

// pinProjects pins what the server says of projects, if the person agrees, and writes a repository's file.
func (m *Main) pinProjects(ctx context.Context, settings *config.Config, projects []string, flags pinFlags) error {
	names, err := m.pinSaid(ctx, settings, projects, flags.yes)
	if err != nil || !flags.repository {
		return err
	}
	url, err := settings.URL()
	if err != nil {
		return configError(err)
	}
	pins, err := settings.Pins()
	if err != nil {
		return configError(err)
	}
	if len(names) > 0 {
		maps.DeleteFunc(pins.Projects, func(name string, _ config.ProjectPin) bool { return !slices.Contains(names, name) })
	}
	path := orDefault(flags.file, orDefault(settings.Repository, config.RepositoryFile))
	if err := config.WriteRepository(path, url, pins); err != nil {
		return configError(err)
	}
	m.sayf("%s has the pins of %s now, and of its projects %s; commit it", path, url, strings.Join(slices.Sorted(maps.Keys(pins.Projects)), ", "))
	return nil
}

// pinSaid asks the server of projects, and pins what is new of that once somebody has agreed to it. It answers the
// projects' names.
func (m *Main) pinSaid(ctx context.Context, settings *config.Config, projects []string, yes bool) ([]string, error) {
	if len(projects) == 0 {
		return nil, nil
	}
	known, err := settings.Pins()
	if err != nil {
		return nil, configError(err)
	}
	said := told{settings, &config.Memory{Known: known}}
	s, err := m.connectWith(ctx, settings, func(c *client.Config) { c.Pins, c.Notice = said, nil })
	if err != nil {
		return nil, err
	}
	if _, err := s.Whoami(ctx); err != nil {
		return nil, err
	}
	var names []string
	for _, project := range projects {
		p, err := s.Project(ctx, project)
		if err != nil {
			return nil, err
		}
		names = append(names, p.Name)
	}
	all, err := said.Pins()
	if err != nil {
		return nil, err
	}
	fresh := news(known, all)
	if fresh.Organization == uuid.Nil && fresh.ClientKey == "" && len(fresh.Projects) == 0 {
		m.sayf("all of that is pinned already, and the server says the same")
		return names, nil
	}
	if err := m.show(settings, settingListing(saidOf(fresh, s.URL()))); err != nil {
		return nil, err
	}
	if err := m.confirm("pin what the server says?", "--yes", yes); err != nil {
		return nil, err
	}
	_, err = settings.Pin(fresh)
	return names, configError(err)
}

// told are pins that take in what is new, whatever strict says, without writing it; what contradicts is refused.
type told struct {
	settings *config.Config
	*config.Memory
}

// Check names the files and variables that say otherwise.
func (t told) Check(said config.Pins, by string) error {
	if err := t.settings.Check(said, by); err != nil && !is[*config.UnpinnedError](err) {
		return err
	}
	return t.Memory.Check(said, by)
}

// news is what is in all and not in known.
func news(known, all config.Pins) config.Pins {
	fresh := config.Pins{Projects: map[string]config.ProjectPin{}}
	if known.Organization == uuid.Nil {
		fresh.Organization = all.Organization
	}
	if known.ClientKey == "" {
		fresh.ClientKey = all.ClientKey
	}
	for name, p := range all.Projects {
		if _, ok := known.Projects[name]; !ok {
			fresh.Projects[name] = p
		}
	}
	return fresh
}

// saidOf shows what a server says as what is pinned is shown.
func saidOf(pins config.Pins, url string) []config.Setting {
	var all []config.Setting
	add := func(name, value string) {
		all = append(all, config.Setting{Name: name, Value: value, Origin: "the server at " + url})
	}
	if pins.Organization != uuid.Nil {
		add("organization", pins.Organization.String())
	}
	if pins.ClientKey != "" {
		add("client_key", pins.ClientKey)
	}
	for _, name := range slices.Sorted(maps.Keys(pins.Projects)) {
		p := pins.Projects[name]
		add("projects."+name, fmt.Sprintf("%s %s", p.ID, p.Encryption))
	}
	return all
}
