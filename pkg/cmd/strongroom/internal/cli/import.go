package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/clientcrypto"
	"strongroom/pkg/cmd/strongroom/internal/dotenv"
)

// importFlags are what `import` takes.
type importFlags struct {
	project, prefix string
	dryRun, yes     bool
}

func (m *Main) importCommand() *cobra.Command {
	var flags importFlags
	c := &cobra.Command{
		Use:   "import FILE --project PROJECT [--prefix P] [--dry-run] [--yes]",
		Short: "make secrets of the variables in a .env file",
		Long: "Make secrets of the variables in a .env file, or of those on standard input where FILE is -.\n\n" +
			"  strongroom import .env --project demo --dry-run\n" +
			"  strongroom import .env --project demo\n\n" +
			"What the project does not have is created, what has another value is changed, and what is so already is\n" +
			"left alone, as is everything that the file does not name. What would change is shown first, without\n" +
			"values; --dry-run does no more than that, and --yes does it without asking. To compare, the project's\n" +
			"values are read, by --dry-run too: so you are one of their readers from then on, for whom rotations wait.\n\n" +
			"Interrupted (Ctrl-C ends it when what is under way is done), it goes on where it was when it is run\n" +
			"again: nothing is lost and nothing is there twice. New secrets are put into the file's order, so that\n" +
			"export writes them in that order.\n\n" +
			"Where other programs would read the file otherwise, a warning names the line. Nothing is ever replaced\n" +
			"in values: a $NAME stays one. --prefix takes only the names that begin with P, and changes no name.",
		Args: exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error { return m.importFile(c.Context(), args[0], flags) },
	}
	f := c.Flags()
	f.StringVarP(&flags.project, "project", "p", "", "put the secrets into `PROJECT`")
	f.StringVar(&flags.prefix, "prefix", "", "take only names that begin with `P`")
	f.BoolVar(&flags.dryRun, "dry-run", false, "show what would change, and change nothing")
	f.BoolVarP(&flags.yes, "yes", "y", false, "don't ask")
	c.MarkFlagsMutuallyExclusive("dry-run", "yes")
	return c
}

func (m *Main) importFile(ctx context.Context, name string, flags importFlags) error {
	entries, err := m.readEntries(name, flags.prefix)
	if err != nil {
		return err
	}
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	project, secrets, err := s.all(ctx, flags.project)
	if err != nil {
		return err
	}
	p := compare(project, entries, secrets)
	if flags.dryRun || len(p.writes) > 0 && !flags.yes {
		if err := m.show(s.settings, p.listing()); err != nil {
			return err
		}
	}
	m.say(p.summary())
	if flags.dryRun || len(p.writes) == 0 {
		return nil
	}
	if err := m.confirm(fmt.Sprintf("write %s into %s?", counted(len(p.writes), "secret", "secrets"), project.Name), "--yes", flags.yes); err != nil {
		return err
	}
	return m.write(ctx, s.Client, p)
}

// readEntries reads a .env file, or standard input, and says what other readers would take otherwise.
func (m *Main) readEntries(name, prefix string) ([]dotenv.Entry, error) {
	read, shown := os.ReadFile, name
	if name == "-" {
		read, shown = func(string) ([]byte, error) { return io.ReadAll(m.Stdin) }, "standard input"
	}
	text, err := read(name)
	if err != nil {
		return nil, usage("the file can't be read: %w", err)
	}
	file, err := dotenv.Parse(text)
	if err != nil {
		return nil, usage("%s, %w", shown, err)
	}
	for _, w := range file.Warnings {
		if strings.HasPrefix(w.Name, prefix) {
			m.sayf("%s, %s", shown, w)
		}
	}
	entries := slices.DeleteFunc(file.Entries, func(e dotenv.Entry) bool { return !strings.HasPrefix(e.Name, prefix) })
	var long []string
	for _, e := range entries {
		if len(e.Value) > clientcrypto.MaxPlaintext {
			long = append(long, fmt.Sprintf("line %d: the value of %s has %d bytes, and a secret's has at most %d",
				e.Line, e.Name, len(e.Value), clientcrypto.MaxPlaintext))
		}
	}
	if long != nil {
		return nil, usage("%s, %s", shown, strings.Join(long, "; "))
	}
	return entries, nil
}
