package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/dotenv"
	"strongroom/pkg/cmd/strongroom/internal/export"
	"strongroom/pkg/wholefile"
)

// The forms that secrets are exported in.
const (
	formatEnv        = "env"
	formatJSON       = "json"
	formatYAML       = "yaml"
	formatKubernetes = "k8s"
)

var formats = []string{formatEnv, formatJSON, formatYAML, formatKubernetes}

// exportFlags are what `export` takes.
type exportFlags struct {
	project, format, name, prefix, file string
	force, skip                         bool
}

func (m *Main) exportCommand() *cobra.Command {
	var flags exportFlags
	c := &cobra.Command{
		Use:   "export --project PROJECT [--format env|json|yaml|k8s] [--name NAME] [--prefix P] [--file FILE [--force]] [--skip]",
		Short: "write a project's secrets with their values, as other programs read them",
		Long: "Write a project's secrets with their values, as other programs read them, in the order of their\n" +
			"creation: to standard output, or to a file that only you can read.\n\n" +
			"  strongroom export --project demo --file .env\n" +
			"  strongroom export --project demo --format json | jq -r .DATABASE_URL\n" +
			"  strongroom export --project demo --format k8s --name my-app | kubectl apply -f -\n\n" +
			"env is a .env file, json and yaml are an object of names and values, k8s is a Kubernetes secret, called\n" +
			"as --name says or else as the project. What import made of a .env file that export wrote, export writes\n" +
			"again byte for byte.\n\n" +
			"Where a format can't hold a name or a value, nothing is written and the error names it; --skip leaves it\n" +
			"out and says so. --file writes the whole file or nothing, with mode 0600; one that is there is only\n" +
			"replaced with --force. --prefix takes only the secrets whose names begin with P, and changes no name.",
		Args: none,
		RunE: func(c *cobra.Command, _ []string) error { return m.export(c.Context(), flags) },
	}
	f := c.Flags()
	f.StringVarP(&flags.project, "project", "p", "", "write the secrets of `PROJECT`")
	f.StringVarP(&flags.format, "format", "f", formatEnv, "write them as `FORMAT`: "+strings.Join(formats, ", "))
	f.StringVar(&flags.name, "name", "", "call the Kubernetes secret `NAME`; else it is called as the project")
	f.StringVar(&flags.prefix, "prefix", "", "take only secrets whose names begin with `P`")
	f.StringVar(&flags.file, "file", "", "write to `FILE`, which only you can read")
	f.BoolVar(&flags.force, "force", false, "replace the file that is there")
	f.BoolVar(&flags.skip, "skip", false, "leave out what the format can't hold")
	return c
}

// check refuses what does not go together before anything is asked for.
func (f exportFlags) check() error {
	switch {
	case !slices.Contains(formats, f.format):
		return usage("--format must be %s, not %q", strings.Join(formats, ", "), f.format)
	case f.name != "" && f.format != formatKubernetes:
		return usage("--name is for --format %s: it is the Kubernetes secret's", formatKubernetes)
	case f.force && f.file == "":
		return usage("--force is for --file")
	case f.file == "" || f.force:
		return nil
	}
	switch _, err := os.Lstat(f.file); {
	case err == nil:
		return f.taken()
	case !errors.Is(err, fs.ErrNotExist):
		return usage("%s can't be written: %w", f.file, err)
	}
	return nil
}

func (f exportFlags) taken() error {
	return usage("%s is there already; write to another file, or replace it with --force", f.file)
}

func (m *Main) export(ctx context.Context, flags exportFlags) error {
	if err := flags.check(); err != nil {
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
	if flags.name == "" {
		flags.name = project.Name
	}
	entries, text, err := m.exported(entriesOf(withPrefix(secrets, flags.prefix)), flags)
	if err != nil {
		return err
	}
	if flags.format == formatEnv {
		m.sayMisreaders(entries)
	}
	return m.put(text, flags)
}

func entriesOf(secrets []client.Secret) []dotenv.Entry {
	entries := make([]dotenv.Entry, len(secrets))
	for i, s := range secrets {
		entries[i] = dotenv.Entry{Name: s.Name, Value: s.Value.Reveal()}
	}
	return entries
}

// exported is the text of the entries, and which ones it holds.
func (m *Main) exported(entries []dotenv.Entry, flags exportFlags) ([]dotenv.Entry, []byte, error) {
	text, err := format(entries, flags)
	var unfit *dotenv.UnfitError
	if !errors.As(err, &unfit) {
		return entries, text, err
	}
	if !flags.skip {
		return nil, nil, fmt.Errorf("%w, or leave it out with --skip; nothing was written", err)
	}
	m.sayf("left out, because %s can't hold it: %s", unfit.Format, listed(unfit.Entries, func(u dotenv.Unfit) string {
		return fmt.Sprintf("%q (%s)", u.Name, u.Why)
	}))
	left := map[string]bool{}
	for _, u := range unfit.Entries {
		left[u.Name] = true
	}
	entries = slices.DeleteFunc(entries, func(e dotenv.Entry) bool { return left[e.Name] })
	text, err = format(entries, flags)
	return entries, text, err
}

// format is the entries in the format that was asked for.
func format(entries []dotenv.Entry, flags exportFlags) ([]byte, error) {
	write := map[string]func(io.Writer, []dotenv.Entry) error{
		formatEnv: dotenv.Write, formatJSON: export.JSON, formatYAML: export.YAML,
		formatKubernetes: func(w io.Writer, entries []dotenv.Entry) error { return export.Kubernetes(w, flags.name, entries) },
	}[flags.format]
	var text bytes.Buffer
	err := write(&text, entries)
	return text.Bytes(), err
}

// sayMisreaders names what other readers of a .env file than shells take for something else.
func (m *Main) sayMisreaders(entries []dotenv.Entry) {
	names := map[string][]string{}
	for _, e := range entries {
		for _, reader := range dotenv.Misreaders(e.Value) {
			names[reader] = append(names[reader], e.Name)
		}
	}
	for _, reader := range []string{dotenv.Python, dotenv.PythonInterpolates, dotenv.Node} {
		if len(names[reader]) > 0 {
			m.sayf("read as another value by %s: %s", reader,
				listed(names[reader], func(name string) string { return name }))
		}
	}
}

// put writes the text to where it was asked for.
func (m *Main) put(text []byte, flags exportFlags) error {
	if flags.file == "" {
		if isTerminal(m.Stdout) {
			text = []byte(m.harmless(string(text), "--file or a pipe has"))
		}
		_, err := m.Stdout.Write(text)
		return err
	}
	write := wholefile.Create
	if flags.force {
		write = wholefile.Replace
	}
	err := write(flags.file, text)
	switch {
	case errors.Is(err, fs.ErrExist):
		return flags.taken()
	case err != nil:
		return fmt.Errorf("%s can't be written: %w", flags.file, err)
	}
	return nil
}
