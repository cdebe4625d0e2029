package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
)

// callFlags are what `call` takes, before or after the operation's name.
type callFlags struct {
	parameters, headers []string
	body                string
	include             bool
}

func (m *Main) whoami() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: operation.MustLookup(operation.Whoami).Summary, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return m.run(c.Context(), operation.MustLookup(operation.Whoami), callFlags{})
		},
	}
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
		Use: string(row.Name), Short: row.Summary, Long: describe(row, route), Args: cobra.NoArgs,
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
	row, known := operation.Lookup(operation.Name(args[0]))
	if _, invoked := row.Trigger.(operation.Invoke); known && invoked {
		return usage("%s has no route: an administrator of the AWS account invokes its function; "+
			"`strongroom local` does so at its first start", args[0])
	}
	return usage("no operation is called %q; `strongroom call --help` lists them", args[0])
}

// run calls an operation and prints the answer.
func (m *Main) run(ctx context.Context, row operation.Row, flags callFlags) error {
	given, err := parsePairs("param", flags.parameters)
	if err != nil {
		return err
	}
	headers, err := parsePairs("header", flags.headers)
	if err != nil {
		return err
	}
	route := row.Trigger.(operation.HTTP) //nolint:errcheck,forcetypeassert // commands are made for HTTP rows alone
	lookUp := given[organizationID] == "" && slices.Contains(route.PathParameters(), organizationID)
	if lookUp {
		given[organizationID] = "to be looked up"
	}
	// What the command line says is checked whole before anything is sent or read.
	r, err := newRequest(row, given)
	if err == nil {
		err = r.setHeaders(headers)
	}
	if err != nil {
		return err
	}
	e, err := m.endpoint(ctx)
	if err != nil {
		return err
	}
	body, err := m.readBody(row.Name, route.Body, flags.body)
	if err != nil {
		return err
	}
	if lookUp {
		if given[organizationID], err = e.organization(ctx); err != nil {
			return err
		}
		header := r.header
		if r, err = newRequest(row, given); err != nil {
			return err
		}
		r.header = header
	}
	r.body = body
	return m.sendAndPrint(ctx, e, row.Name, r, flags.include)
}

// organization is the caller's.
func (e *endpoint) organization(ctx context.Context) (string, error) {
	row := operation.MustLookup(operation.Whoami)
	r, err := newRequest(row, nil)
	if err != nil {
		return "", err
	}
	answer, err := e.send(ctx, r)
	if err != nil {
		return "", err
	}
	if err := answer.failure(row.Name); err != nil {
		return "", err
	}
	var me api.Me
	if err := json.Unmarshal(answer.body, &me); err != nil {
		return "", noAnswer("%s does not answer as Strongroom does; check STRONGROOM_URL", e.base)
	}
	return me.OrganizationID.String(), nil
}

func (m *Main) sendAndPrint(ctx context.Context, e *endpoint, name operation.Name, r request, include bool) error {
	answer, err := e.send(ctx, r)
	if err != nil {
		return err
	}
	if include {
		m.printHead(answer)
	}
	if err := answer.failure(name); err != nil {
		return err
	}
	if answer.StatusCode == http.StatusNotModified {
		_, _ = fmt.Fprintln(m.Stderr, "strongroom: not modified since")
	}
	return m.printBody(answer.body)
}

func (m *Main) printHead(answer *reply) {
	_, _ = fmt.Fprintln(m.Stderr, visible(answer.Proto+" "+answer.Status))
	for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
		_, _ = fmt.Fprintf(m.Stderr, "%s: %s\n", name, visible(strings.Join(answer.Header[name], ", ")))
	}
}

// failure is the error that the answer is, or nil.
func (r *reply) failure(name operation.Name) error {
	if r.StatusCode/100 == 2 || r.StatusCode == http.StatusNotModified {
		return nil
	}
	var ours api.ErrorBody
	if json.Unmarshal(r.body, &ours) == nil && ours.Error.Code != "" {
		return &exitError{exit: ExitError, err: fmt.Errorf("%s: %w%s", name, &ours.Error, hint(r.StatusCode, ours.Error))}
	}
	switch r.StatusCode {
	case http.StatusForbidden:
		return noAnswer("%s: the signature was refused; check AWS_PROFILE, AWS_REGION and this machine's clock", name)
	case http.StatusNotFound:
		return noAnswer("%s: no such route there; check STRONGROOM_URL, and that both ends have the same version", name)
	}
	return noAnswer("%s: answered with status %d, not as Strongroom does; check STRONGROOM_URL", name, r.StatusCode)
}

// hint is what an error line ends with: what is wrong with the other fields, or what may help.
func hint(status int, e api.Error) string {
	var b strings.Builder
	for _, d := range e.Details[min(1, len(e.Details)):] {
		fmt.Fprintf(&b, "; %s: %s", d.Field, d.Message)
	}
	switch e.Code {
	case api.CodePreconditionFailed:
		b.WriteString("; somebody else was first: read it again, then decide")
	case api.CodeThrottled, api.CodeUnavailable:
		b.WriteString("; try again in a moment")
	case api.CodeInvalid, api.CodeForbidden, api.CodeNotFound, api.CodeConflict, api.CodeTooLarge, api.CodeInternal:
	}
	fmt.Fprintf(&b, " (%d", status)
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	return b.String() + ")"
}
