// Package cli is the command line of Strongroom.
//
//	strongroom access           share projects and secrets, and see with whom they are shared
//	strongroom call             call any operation of Strongroom's HTTP API
//	strongroom config           show every setting, and where it comes from
//	strongroom doctor           see whether all is well between this machine, Strongroom and AWS
//	strongroom events           list who did what, export the record, and verify that nobody changed it
//	strongroom export           write a project's secrets with their values, as other programs read them
//	strongroom group            make, show and change groups
//	strongroom import           make secrets of the variables in a .env file
//	strongroom init             make the organization of a new deployment, and set up this machine for it
//	strongroom local            run a Strongroom on this machine, for trying things
//	strongroom man              write the manual pages
//	strongroom organization     show and change the organization and its settings
//	strongroom pin              show and set what is believed of a Strongroom, whatever its server says
//	strongroom project          make, show and change projects
//	strongroom prove            prove from a deployment's templates who can use which key
//	strongroom rotation         have secrets rotated: by a schedule, now, and see how that goes
//	strongroom run              run a command with a project's secrets as environment variables
//	strongroom secret           store, read and change secrets
//	strongroom service-account  make, show and change service accounts
//	strongroom trash            show, restore and remove for good what was deleted
//	strongroom user             make, show and change users
//	strongroom version          say which version this is
//	strongroom whoami           say who the caller is to Strongroom
//
// # Environment
//
// Requests are signed with AWS Signature Version 4 for the service execute-api, with the credentials and the region that
// the AWS SDK finds: environment, profiles, IAM Identity Center, a container's or an instance's role.
//
//	STRONGROOM_URL           where Strongroom is: https://HOST/STAGE
//	STRONGROOM_PROFILE       which profile of the configuration files is used
//	STRONGROOM_PROJECT       the project that is meant where none is named
//	STRONGROOM_OUTPUT        how lists are printed: table or json
//	STRONGROOM_STRICT        1: pin nothing on first use, but refuse what is not pinned
//	STRONGROOM_ORGANIZATION  the pinned organization's id, where there are no files
//	STRONGROOM_CLIENT_KEY    the pinned client key's ARN, where there are no files
//	STRONGROOM_CONFIG_DIR    the folder of configuration, pins and state, in place of those of XDG
//	STRONGROOM_REPOSITORY    the repository's file, in place of the nearest .strongroom.toml; or none
//	STRONGROOM_DATA          the local server's folder (.strongroom)
//	STRONGROOM_ADDR          where the local server listens, on loopback only (127.0.0.1:8787)
//	STRONGROOM_KMS_ADDR      where the local server's KMS listens (127.0.0.1:8788)
//	XDG_CONFIG_HOME          the folder of configuration and pins is strongroom in it (~/.config)
//	XDG_STATE_HOME           the folder of what was seen is strongroom in it (~/.local/state)
//	XDG_RUNTIME_DIR          the folder in memory where secret edit has the value meanwhile (/dev/shm)
//	VISUAL                   the editor of secret edit, with arguments if it has any
//	EDITOR                   the same, where VISUAL is not set (vi)
//	AWS_PROFILE              whose credentials sign requests; all that AWS's SDK takes will do
//	AWS_REGION               the region that Strongroom is in
//	NO_COLOR                 set: no colours
//
// # Output and exit status
//
// What was asked for goes to standard output, everything else to standard error: an error is one line. Lists are tables,
// or JSON with --output json; a value is printed byte for byte, and so is what `call` answers. On a terminal characters
// that would move its cursor are written as escapes. Values are read from a prompt without echo, a file or standard
// input, never from an argument, which other users of the machine could see.
//
//	0    done
//	1    Strongroom, AWS KMS or this machine answered with an error, or a part could not be done
//	2    the command line or the configuration is not right; nothing was changed
//	3    no answer: it can't be reached, or refused the signature; a change may have been made all the same
//	4    the answer is not believed: altered, for another place, older than seen before, or not what is pinned
//	126  the command that run was to start is there and can't be executed, as shells say it
//	127  there is no such command as run was to start, as shells say it
//	130  SIGINT or SIGTERM stopped long work; what was done is done, and the rest can be
package cli

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"strongroom/pkg/client/config"
)

// An Exit is the status that the program ends with.
type Exit int

// The statuses. What each means is said by statuses, and by the package comment.
const (
	ExitOK            Exit = 0
	ExitError         Exit = 1
	ExitUsage         Exit = 2
	ExitNoAnswer      Exit = 3
	ExitDistrust      Exit = 4
	ExitNotExecutable Exit = 126
	ExitNotFound      Exit = 127
	ExitInterrupted   Exit = 130
)

// A Main is one run of the program.
type Main struct {
	// Program is how the program was called, for commands to paste; Args are its arguments without it.
	Program string
	Args    []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	// Getenv reads the environment, and Environ is all of it. What the AWS SDK reads of it, it reads itself.
	Getenv  func(string) string
	Environ func() []string

	// output is what --output says.
	output string
	// began says that a command runs: what fails from then on is not cobra's.
	began bool
}

// Run does what the arguments say, until it is done or ctx ends, and answers the exit status.
func (m *Main) Run(ctx context.Context) int {
	root := m.root() //nolint:contextcheck // cobra hands ctx to the command that runs
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		return int(ExitOK)
	}
	var e *exitError
	if m.began {
		e = explain(err)
	} else { // cobra's own: unknown commands, flags, arguments
		e = reworded(c, err)
	}
	if e.err != nil {
		m.say(e.Error())
	}
	return int(e.exit)
}

func (m *Main) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "strongroom",
		Short:         "Secrets for people and machines, shared by AWS identity",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       versionLine(),
		Long: "Strongroom keeps secrets and shares them by AWS identity.\n\n" +
			"STRONGROOM_URL says where it is; requests are signed with your AWS credentials. To try it on this machine:\n\n" +
			"  strongroom local\n" +
			"  eval \"$(strongroom local env developer)\"\n\n" +
			"Names are completed by your shell, once it has loaded what `strongroom completion` prints for it.\n\n" +
			"Exit status:\n\n" + statusTable() + "\n" +
			"Environment:\n\n" + strings.TrimSuffix(variableTable(), "\n"),
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if err := errors.Join(c.ValidateRequiredFlags(), c.ValidateFlagGroups()); err != nil { // cobra's turn comes later
				return err
			}
			m.began = true
			return m.checkOutput()
		},
	}
	root.PersistentFlags().StringVarP(&m.output, "output", "o", "", "`FORM` of what is listed: table or json")
	completeFlag(root, "output", oneOf(config.OutputTable, config.OutputJSON))
	root.Flags().Bool("version", false, "say which version this is")
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetArgs(m.Args)
	root.SetIn(m.Stdin)
	root.SetOut(m.Stdout)
	root.SetErr(m.Stderr)
	root.AddCommand(m.whoami(), m.secret(), m.project(), m.trash(), m.access(), m.organization(), m.runCommand(),
		m.importCommand(), m.exportCommand(), m.events(), m.rotation(), m.pin(), m.config(), m.call(), m.local(), m.initCommand(), m.doctor(), m.prove(), m.man(), m.version())
	for _, k := range kinds {
		root.AddCommand(m.principal(k))
	}
	plainUse(root)
	m.completeCommands(root)
	tightened(root)
	return root
}

// plainUse leaves cobra's [flags] out of what commands are called with: they name their flags themselves.
func plainUse(c *cobra.Command) {
	c.DisableFlagsInUseLine = true
	for _, under := range c.Commands() {
		plainUse(under)
	}
}
