// Package cli is the command line of Strongroom.
//
//	strongroom whoami                   who the caller is to Strongroom
//	strongroom call OPERATION           any operation of the HTTP API, one subcommand each, from the operation table
//	strongroom local                    a Strongroom on this machine, for trying things
//	strongroom local env PROFILE        the exports that make the commands above use it
//	strongroom local add-identity …     another signed-in caller for it
//	strongroom version
//
// # Environment
//
// STRONGROOM_URL says where Strongroom is. Requests are signed with AWS Signature Version 4 for the service execute-api,
// with the credentials and the region that the AWS SDK finds: AWS_PROFILE, AWS_REGION, AWS_SHARED_CREDENTIALS_FILE, IAM
// Identity Center, a container's or an instance's role. STRONGROOM_DATA, STRONGROOM_ADDR and STRONGROOM_KMS_ADDR are the local server's.
//
// # Output and exit status
//
// What Strongroom answers goes to standard output, byte for byte, or indented for reading where that is a terminal.
// Everything else goes to standard error: an error is one line. Values are read from a file or standard input, never
// from an argument, which other users of the machine could see. The exit status is one of those of type [Exit].
package cli

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"strongroom/pkg/client/config"
)

// An Exit is the status that the program ends with.
type Exit int

// The statuses.
const (
	// ExitOK: done.
	ExitOK Exit = 0
	// ExitError: Strongroom answered with an error, or the local server failed.
	ExitError Exit = 1
	// ExitUsage: the command line or the configuration is not right; nothing was sent.
	ExitUsage Exit = 2
	// ExitNoAnswer: Strongroom did not answer: it can't be reached, the signature was refused, or something else is
	// there. A change that was sent may have been made all the same.
	ExitNoAnswer Exit = 3
	// ExitDistrust: what was answered is not believed: it contradicts what is pinned, was altered, was made for another
	// place, or is older than what was seen before.
	ExitDistrust Exit = 4
)

// A Main is one run of the program.
type Main struct {
	// Program is how the program was called, for commands to paste; Args are its arguments without it.
	Program string
	Args    []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	// Getenv reads the environment. What the AWS SDK reads of it, it reads itself.
	Getenv func(string) string

	// output is what --output says.
	output string
	// began says that a command runs: what fails from then on is not cobra's.
	began bool
}

// Run does what the arguments say, until it is done or ctx ends, and answers the exit status.
func (m *Main) Run(ctx context.Context) int {
	root := m.root() //nolint:contextcheck // cobra hands ctx to the command that runs
	err := root.ExecuteContext(ctx)
	if err == nil {
		return int(ExitOK)
	}
	e := explain(err)
	if !m.began && !is[*exitError](err) { // cobra's own: unknown commands, flags, arguments
		e = usage("%s; see %s --help", err, root.Name())
	}
	m.say(e.Error())
	return int(e.exit)
}

func (m *Main) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "strongroom",
		Short:         "Secrets for people and machines, shared by AWS identity",
		SilenceErrors: true,
		SilenceUsage:  true,
		Long: "Strongroom keeps secrets and shares them by AWS identity.\n\n" +
			"STRONGROOM_URL says where it is; requests are signed with your AWS credentials.\n" +
			"To try it on this machine, run: strongroom local\n\n" +
			"Exit status: 0 done; 1 answered with an error; 2 the command line or the configuration is not\n" +
			"right; 3 no answer: can't be reached, or the signature was refused; 4 the answer is not believed:\n" +
			"altered, for another place, older than what was seen, or not what is pinned.",
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if err := errors.Join(c.ValidateRequiredFlags(), c.ValidateFlagGroups()); err != nil { // cobra's turn comes later
				return err
			}
			m.began = true
			return nil
		},
	}
	root.PersistentFlags().StringVarP(&m.output, "output", "o", "", "`FORM` of what is listed: table or json")
	completeFlag(root, "output", oneOf(config.OutputTable, config.OutputJSON))
	root.SetArgs(m.Args)
	root.SetIn(m.Stdin)
	root.SetOut(m.Stdout)
	root.SetErr(m.Stderr)
	root.AddCommand(m.whoami(), m.project(), m.call(), m.local(), m.version())
	for _, k := range kinds {
		root.AddCommand(m.principal(k))
	}
	return root
}
