package cli

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/client"
	"strongroom/pkg/operation"
)

// callFlags are what `call` takes, before or after the operation's name.
type callFlags struct {
	parameters, headers []string
	body                string
	include             bool
}

func (m *Main) call() *cobra.Command {
	var flags callFlags
	call := &cobra.Command{
		Use:   "call OPERATION [--param NAME=VALUE]… [--header NAME=VALUE]… [--body FILE|-]",
		Short: "call any operation of Strongroom's HTTP API",
		Long: "Call any operation of Strongroom's HTTP API, and print what it answers.\n\n" +
			"A body comes from a file or from standard input, never from an argument, which others could see:\n\n" +
			"  strongroom call create-secret --body secret.json\n" +
			"  strongroom call get-secret-by-name --param projectId=… --param name=DATABASE_URL\n" +
			"  strongroom call update-secret --param secretId=… --header If-Match='\"3\"' --body -",
		RunE: func(_ *cobra.Command, args []string) error { return unknownOperation(args) },
	}
	f := call.PersistentFlags()
	f.StringArrayVarP(&flags.parameters, "param", "p", nil, "a path or query parameter, `NAME=VALUE`")
	f.StringArrayVarP(&flags.headers, "header", "H", nil, "a header, such as If-Match, `NAME=VALUE`")
	f.StringVarP(&flags.body, "body", "b", "", "the `FILE` with the request's JSON; - is standard input")
	f.BoolVarP(&flags.include, "include", "i", false, "print the answer's status and headers to standard error")
	if err := call.RegisterFlagCompletionFunc("param", completeParameters); err != nil {
		panic(err)
	}
	for _, row := range operation.Table {
		if route, ok := row.Trigger.(operation.HTTP); ok {
			call.AddCommand(m.operation(row, route, &flags))
		}
	}
	return call
}

func (m *Main) operation(row operation.Row, route operation.HTTP, flags *callFlags) *cobra.Command {
	return &cobra.Command{
		Use: string(row.Name), Short: row.Summary, Long: describe(row, route), Args: none,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			return m.run(c.Context(), row, *flags)
		},
	}
}

// completeParameters offers the parameters of the operation that is being typed.
func completeParameters(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	row, _ := operation.Lookup(operation.Name(c.Name()))
	if route, ok := row.Trigger.(operation.HTTP); ok {
		for _, name := range append(route.PathParameters(), route.Query...) {
			names = append(names, name+"=")
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// unknownOperation says what to call instead.
func unknownOperation(args []string) error {
	if len(args) == 0 {
		return usage("call needs the name of an operation; `strongroom call --help` lists them")
	}
	row, _ := operation.Lookup(operation.Name(args[0]))
	switch trigger := row.Trigger.(type) {
	case operation.Invoke:
		return usage("%s has no route: an administrator of the AWS account invokes its function, "+
			"with `strongroom init`; `strongroom local` does so at its first start", args[0])
	case operation.Stream:
		return usage("%s has no route: changes of the table start its function", args[0])
	case operation.Schedule:
		return usage("%s has no route: the clock starts its function, %s", args[0], trigger)
	case operation.Event:
		return usage("%s has no route: events start its function, of %s", args[0], trigger)
	}
	return usage("no operation is called %q; `strongroom call --help` lists them", args[0])
}

// run calls an operation once and prints the answer.
func (m *Main) run(ctx context.Context, row operation.Row, flags callFlags) error {
	given, err := parsePairs("param", flags.parameters)
	if err != nil {
		return err
	}
	headers, err := parsePairs("header", flags.headers)
	if err != nil {
		return err
	}
	// What the command line says is checked whole before anything is sent or read.
	r, err := newRequest(row, given)
	if err == nil {
		err = setHeaders(&r, headers)
	}
	if err != nil {
		return err
	}
	s, err := m.connect(ctx)
	if err != nil {
		return err
	}
	route := row.Trigger.(operation.HTTP) //nolint:errcheck,forcetypeassert // commands are made for HTTP rows alone
	if r.Body, err = m.readBody(row.Name, route.Body, flags.body); err != nil {
		return err
	}
	answer, err := s.Do(ctx, r)
	if answer != nil && flags.include {
		m.printHead(answer)
	}
	if err != nil {
		return err
	}
	if answer.StatusCode == http.StatusNotModified {
		m.say("not modified since")
	}
	return m.printBody(answer.Body)
}

func (m *Main) printHead(answer *client.Response) {
	_, _ = fmt.Fprintln(m.Stderr, visible(answer.Proto+" "+answer.Status))
	for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
		_, _ = fmt.Fprintf(m.Stderr, "%s: %s\n", name, visible(strings.Join(answer.Header[name], ", ")))
	}
}
