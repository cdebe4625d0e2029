package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

func (m *Main) man() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "write the manual pages", Args: exactly("DIR"),
		Long: "Write the manual pages into the folder DIR, which is made where it is not there: one for each command, of what\n" +
			"its help says.\n\n" +
			"  strongroom man ~/.local/share/man/man1\n" +
			"  man strongroom-project-create",
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // for everybody to read
				return usage("%w", err)
			}
			return writeMan(c.Root(), args[0])
		},
	}
}

// writeMan writes the pages of a command and of all beneath it. It leaves the texts of the commands as Markdown, which is
// what the library takes them for.
func writeMan(root *cobra.Command, dir string) error {
	root.DisableAutoGenTag = true // nobody signs a page with the name of a library
	toMarkdown(root)
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "Strongroom", Manual: "Strongroom"}, dir)
}

func toMarkdown(c *cobra.Command) {
	c.Short, c.Long = escapeMarkdown(c.Short), markdown(c.Long)
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { f.Usage = escapeMarkdown(strings.ReplaceAll(f.Usage, "`", "")) })
	for _, under := range c.Commands() {
		toMarkdown(under)
	}
}

// markdown is a help text as Markdown: what is indented becomes a block that stays as it is.
func markdown(help string) string {
	var b strings.Builder
	block := false
	for line := range strings.Lines(help) {
		rest, indent := strings.CutPrefix(line, indented)
		if indent != block {
			b.WriteString("\n")
		}
		if block = indent; indent {
			b.WriteString("    " + rest)
		} else {
			b.WriteString(escapeMarkdown(line))
		}
	}
	return b.String()
}

var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "#", `\#`, "|", `\|`, "~", `\~`,
)

func escapeMarkdown(text string) string { return markdownEscapes.Replace(text) }
