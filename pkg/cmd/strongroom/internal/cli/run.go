package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"strongroom/pkg/client"
	"strongroom/pkg/cmd/strongroom/internal/environ"
)

// runFlags are what `run` takes before COMMAND.
type runFlags struct {
	projects, unsafe []string
	prefix           string
	noInherit        bool
}

func (m *Main) runCommand() *cobra.Command {
	var flags runFlags
	c := &cobra.Command{
		Use:   "run --project PROJECT… [--prefix P] [--no-inherit] [--allow-unsafe NAME]… -- COMMAND [ARGUMENT]…",
		Short: "run a command with a project's secrets as environment variables",
		Long: "Run a command with a project's secrets as environment variables.\n\n" +
			"  strongroom run --project demo -- ./server --port 8080\n" +
			"  strongroom run --project base --project demo -- make test\n" +
			"  strongroom run --project demo --prefix PG -- psql\n\n" +
			"COMMAND takes the place of this program: its exit status, its signals and its terminal are its own.\n" +
			"Where it can't be started the status is 127 if there is no such program, and 126 if it can't be\n" +
			"executed, as with shells. Whenever it was not started, a line that begins with strongroom: says why.\n\n" +
			"Each secret is the variable of its name. Several projects are taken in their order: of a name that two\n" +
			"have the last one counts, which is said. --prefix takes the secrets whose names begin with P, and\n" +
			"changes no name. Without --project, the project of the settings is taken.\n\n" +
			"COMMAND inherits your environment, STRONGROOM_… and AWS_… too, and a secret wins over a variable of its\n" +
			"name. With --no-inherit it gets the secrets and PATH alone; what else it needs, env can give it:\n\n" +
			"  strongroom run --project demo --no-inherit -- env HOME=\"$HOME\" TERM=\"$TERM\" ./server\n\n" +
			"Left out, and said on standard error, are secrets that no variable can hold: names of other characters\n" +
			"than A-Z, a-z, 0-9 and _, and values with a NUL. So are names by which whoever may write secrets would\n" +
			"choose what code runs here, such as LD_PRELOAD, PATH, BASH_ENV, NODE_OPTIONS, HOME or STRONGROOM_URL;\n" +
			"--allow-unsafe lets one through. No list of them is complete: --prefix keeps out all that you don't mean.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("run needs a command: strongroom run --project PROJECT -- COMMAND")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return m.runProgram(c.Context(), flags, args) },
	}
	f := c.Flags()
	f.SetInterspersed(false) // what follows COMMAND is its own
	f.StringArrayVarP(&flags.projects, "project", "p", nil, "take the secrets of `PROJECT`; later ones win")
	f.StringVar(&flags.prefix, "prefix", "", "take only secrets whose names begin with `P`")
	f.BoolVar(&flags.noInherit, "no-inherit", false, "let COMMAND inherit nothing but PATH")
	f.StringArrayVar(&flags.unsafe, "allow-unsafe", nil, "take the secret `NAME`, though it may choose what code runs")
	return c
}

// runProgram ends only with an error: where all is well, the command has taken the program's place.
func (m *Main) runProgram(ctx context.Context, flags runFlags, args []string) error {
	path, err := findProgram(args[0], m.Getenv("PATH"))
	if err != nil {
		return err
	}
	variables, err := m.variables(ctx, flags)
	if err != nil {
		return err
	}
	made := environ.Make(m.inherited(flags.noInherit), variables, flags.unsafe)
	m.report(made)
	return explainStart(args, made.Variables, replaceProcess(path, args, made.Variables))
}

// inherited is what the command gets besides secrets.
func (m *Main) inherited(none bool) []string {
	if !none {
		return m.Environ()
	}
	return slices.DeleteFunc(m.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return !strings.EqualFold(name, "PATH") // Windows says Path
	})
}

// variables are the secrets of all projects, in their order.
func (m *Main) variables(ctx context.Context, flags runFlags) ([]environ.Variable, error) {
	s, err := m.connect(ctx)
	if err != nil {
		return nil, err
	}
	if len(flags.projects) == 0 {
		flags.projects = []string{""}
	}
	var all []environ.Variable
	for _, name := range flags.projects {
		project, secrets, err := s.all(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, secret := range withPrefix(secrets, flags.prefix) {
			all = append(all, environ.Variable{Name: secret.Name, Value: secret.Value.Reveal(), From: project.Name})
		}
	}
	return all, nil
}

// withPrefix are the secrets whose names begin with a prefix.
func withPrefix(secrets []client.Secret, prefix string) []client.Secret {
	return slices.DeleteFunc(secrets, func(s client.Secret) bool { return !strings.HasPrefix(s.Name, prefix) })
}

// report says what was left out or overridden, a line for each reason.
func (m *Main) report(e environ.Environment) {
	quoted := func(name string) string { return fmt.Sprintf("%q", name) }
	plain := func(name string) string { return name }
	for _, r := range []struct {
		names []string
		what  string
		show  func(string) string
	}{
		{e.Unnameable, "left out, because no variable can have such a name", quoted},
		{e.Unholdable, "left out, because no variable can hold the NUL in the value", plain},
		{e.Unsafe, "left out, because such a variable can choose what code runs (--allow-unsafe NAME takes it all the same)", func(name string) string {
			return fmt.Sprintf("%s (%s)", name, environ.Unsafe(name))
		}},
		{e.Replaced, "takes the place of a variable of your environment", plain},
	} {
		if len(r.names) > 0 {
			m.sayf("%s: %s", r.what, listed(r.names, r.show))
		}
	}
	if len(e.Doubled) > 0 {
		m.sayf("in several projects: %s", listed(e.Doubled, func(d environ.Doubled) string {
			return fmt.Sprintf("%s (taken from %s, not from %s)", d.Name, d.Won, d.Lost)
		}))
	}
}

// listedAtMost is how many things a line names; more are counted.
const listedAtMost = 20

// listed names things in a line.
func listed[T any](things []T, show func(T) string) string {
	var names []string
	for _, t := range things[:min(len(things), listedAtMost)] {
		names = append(names, show(t))
	}
	text := strings.Join(names, ", ")
	if more := len(things) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// explainStart says why a program could not be started; nil stays nil.
func explainStart(args, env []string, err error) error {
	var known *exitError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, syscall.E2BIG):
		return &exitError{ExitNotExecutable, fmt.Errorf("%s can't be started: %d variables of %d bytes in all, and arguments of %d, are more "+
			"than this system gives to a program; take fewer with --prefix, or write them to a file with `strongroom export`",
			args[0], len(env), size(env), size(args))}
	case errors.Is(err, syscall.ENOEXEC):
		return &exitError{ExitNotExecutable, fmt.Errorf("%s is no program for this machine, nor a script with a #! line", args[0])}
	case errors.Is(err, syscall.ENOENT):
		return &exitError{ExitNotExecutable, fmt.Errorf("%s can't be started: what its #! line names, or its loader, is not there", args[0])}
	}
	return &exitError{ExitNotExecutable, fmt.Errorf("%s can't be started: %w", args[0], err)}
}

// size is what strings take where a program finds them.
func size(texts []string) (n int) {
	for _, text := range texts {
		n += len(text) + 1
	}
	return n
}
