package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"strongroom/pkg/client"
)

// A comparison is which two versions are compared; zero is the current one, and the one before.
type comparison struct {
	from, to int64
	raw      bool
}

func (m *Main) secretDiff() *cobra.Command {
	var in comparison
	c := &cobra.Command{
		Use: "diff REF [--from N] [--to M] [--raw]", Short: "show how two versions of a secret's value differ", Args: exactly("REF"),
		Long: "Show how two versions of a secret's value differ, as `diff -u` does: both values, for as far as they differ.\n\n" +
			references + "\n\n" +
			"  strongroom secret diff demo/CONFIG\n" +
			"  strongroom secret diff demo/CONFIG --from 3 --to 7\n\n" +
			"Without --to it is the current version, without --from the one before. Values that are the same print nothing.\n" +
			"--output json says whether they are the same, without values.",
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("from") && in.from < 1 || c.Flags().Changed("to") && in.to < 1 {
				return usage("--from and --to must be versions' numbers, 1 or more")
			}
			return m.diff(c.Context(), args[0], in)
		},
	}
	c.Flags().Int64Var(&in.from, "from", 0, "the `NUMBER` of the older version")
	c.Flags().Int64Var(&in.to, "to", 0, "the `NUMBER` of the newer one")
	c.Flags().BoolVar(&in.raw, "raw", false, "print values as they are, on a terminal too")
	return c
}

func (m *Main) diff(ctx context.Context, text string, in comparison) error {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return err
	}
	secret, err := s.Get(ctx, ref.text)
	if err != nil {
		return err
	}
	if in.to == 0 {
		in.to = secret.Version
	}
	if in.from == 0 {
		if in.from, err = s.before(ctx, ref, in.to); err != nil {
			return err
		}
	}
	from, err := m.readVersion(ctx, s, secret, in.from)
	if err != nil {
		return err
	}
	to, err := m.readVersion(ctx, s, secret, in.to)
	if err != nil {
		return err
	}
	same := from.Equal(to)
	if m.wantsJSON(s.settings) {
		return m.showJSON(map[string]any{"secretId": secret.ID, "from": in.from, "to": in.to, "same": same})
	}
	if same {
		m.sayf("versions %d and %d of %s are the same", in.from, in.to, ref.text)
		return nil
	}
	name := func(number int64) string { return fmt.Sprintf("%s@%d", visible(ref.text), number) }
	return m.printDiff(unified(name(in.from), name(in.to), from, to), in.raw)
}

// readVersion is the value of a version, and a warning where it was written under another name.
func (m *Main) readVersion(ctx context.Context, s *session, secret client.Secret, number int64) (client.Value, error) {
	v, err := s.Version(ctx, secret, number)
	if err == nil {
		m.sayOtherName(secret, v)
	}
	return v.Value, err
}

// before is the newest version that is older than another.
func (s *session) before(ctx context.Context, ref secretRef, number int64) (int64, error) {
	versions, err := s.history(ctx, ref)
	if err != nil {
		return 0, err
	}
	for _, v := range versions {
		if v.Version < number {
			return v.Version, nil
		}
	}
	return 0, usage("%s has no version before %d", ref.text, number)
}

// unified is a diff without its first line, which is there for programs that read several.
func unified(fromName, toName string, from, to client.Value) string {
	text := diff.Diff(fromName, []byte(from.Reveal()), toName, []byte(to.Reveal()))
	_, lines, _ := strings.Cut(string(text), "\n")
	return lines
}

// printDiff prints a diff; on a terminal harmless, as printValue does, and in colours.
func (m *Main) printDiff(text string, raw bool) error {
	if isTerminal(m.Stdout) && !raw {
		text = m.harmless(text, "--raw prints")
		if m.coloured(m.Stdout) {
			text = paint(text)
		}
	}
	_, err := io.WriteString(m.Stdout, text)
	return err
}

// paint gives a diff's lines their usual colours.
func paint(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		colour := map[byte]string{'-': "\x1b[31m", '+': "\x1b[32m", '@': "\x1b[36m"}[line[0]]
		if colour == "" {
			b.WriteString(line)
			continue
		}
		b.WriteString(colour + strings.TrimSuffix(line, "\n") + "\x1b[0m\n")
	}
	return b.String()
}
