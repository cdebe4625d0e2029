package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"strongroom/pkg/cmd/strongroom/internal/local"
)

func (m *Main) local() *cobra.Command {
	speed := 1
	c := &cobra.Command{
		Use: "local [--speed N]", Short: "run a Strongroom on this machine, for trying things", Args: none,
		Long: "Run a Strongroom on this machine, for trying things: the same functions as on AWS, behind the same\n" +
			"request signatures, over one file. At first start it makes an organization with an owner, a\n" +
			"developer, two service accounts and three projects.\n\n" +
			"STRONGROOM_DATA is the folder with its data, keys and credentials (" + local.DefaultData + ").\n" +
			"STRONGROOM_ADDR is where it listens, on loopback only (" + local.DefaultAddr + "), and\n" +
			"STRONGROOM_KMS_ADDR where its KMS does (" + local.DefaultKMSAddr + "), which holds the clients' keys.\n\n" +
			"The service account rotation is its worker, for the rotators " + listed(local.Rotated(), kindText) + ":\n" +
			"the others rotate what is in AWS.\n\n" +
			"With --speed its clock runs N times as fast as yours, so that schedules, expiries and rotations of months can be\n" +
			"seen. It goes on where it was at the next start, and never back. Workers take their own time: one that dies is\n" +
			"followed by another after 5 minutes of yours.",
		RunE: func(c *cobra.Command, _ []string) error {
			if speed < 1 || speed > local.MaxSpeed {
				return usage("--speed must be from 1 to %d, not %d", local.MaxSpeed, speed)
			}
			return m.serve(c.Context(), speed)
		},
	}
	c.Flags().IntVar(&speed, "speed", speed, fmt.Sprintf("run the clock `N` times as fast, up to %d", local.MaxSpeed))
	c.AddCommand(m.localEnv(), m.localAddIdentity())
	return c
}

// gcPercent has the garbage of a server whose own memory is small collected a quarter as often as Go would by itself, which
// answers a tenth more requests for the same 60 MB.
const gcPercent = 400

// serve runs the server until it is told to stop. A second signal ends it at once.
func (m *Main) serve(ctx context.Context, speed int) error {
	slog.SetDefault(slog.New(slog.NewJSONHandler(m.Stderr, nil)))
	if m.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	s, err := local.Open(ctx, local.Config{Data: m.data(), Addr: m.addr(), KMSAddr: m.kmsAddr(), Speed: speed})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, stop)
	if err := s.Banner(ctx, m.Stdout, m.Program); err != nil {
		slog.WarnContext(ctx, "the banner can't be printed", "error", err)
	}
	return s.Serve(ctx)
}

func (m *Main) localEnv() *cobra.Command {
	return &cobra.Command{
		Use: "env PROFILE", Short: "print the exports that make a shell use the local server as PROFILE",
		Long: "Print the exports that make a shell, and the AWS SDKs in it, use the local server as PROFILE:\n\n" +
			"  eval \"$(strongroom local env developer)\"\n\n" +
			"The first start makes owner, developer, ci, rotation and stranger; add-identity makes more.",
		Args: exactly("PROFILE"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			known, err := local.Profiles(m.data())
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return known, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			exports, err := local.Exports(m.data(), m.Getenv("STRONGROOM_ADDR"), args[0], m.Getenv)
			if err != nil {
				return usage("%w", err)
			}
			_, err = fmt.Fprint(m.Stdout, exports)
			return err
		},
	}
}

func (m *Main) localAddIdentity() *cobra.Command {
	var in local.NewIdentity
	c := &cobra.Command{
		Use: "add-identity PROFILE --arn ARN [--unique-id ID]", Short: "make another signed-in caller for the local server",
		Long: "Make another signed-in caller for the local server, which may be running: a profile with credentials.\n" +
			"Nobody lets it in yet; put-identities binds its ARN to a user or service account.\n\n" +
			"ARN is an IAM user's, an assumed role's or a role's, of which it is then a session called PROFILE.",
		Args: exactly("PROFILE"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			in.Profile = args[0]
			added, err := local.AddIdentity(m.data(), in)
			if err != nil {
				return usage("%w", err)
			}
			_, err = fmt.Fprintf(m.Stdout, "%s signs as %s, unique id %s\n", added.Profile, added.ARN, added.UniqueID)
			return err
		},
	}
	c.Flags().StringVar(&in.ARN, "arn", "", "the `ARN` of the IAM user, role or assumed role")
	c.Flags().StringVar(&in.UniqueID, "unique-id", "", "its unique `ID` (AIDA…, AROA…); made up where it is left out")
	if err := c.MarkFlagRequired("arn"); err != nil {
		panic(err)
	}
	return c
}

func (m *Main) data() string { return orDefault(m.Getenv("STRONGROOM_DATA"), local.DefaultData) }

func (m *Main) addr() string { return orDefault(m.Getenv("STRONGROOM_ADDR"), local.DefaultAddr) }

func (m *Main) kmsAddr() string {
	return orDefault(m.Getenv("STRONGROOM_KMS_ADDR"), local.DefaultKMSAddr)
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
