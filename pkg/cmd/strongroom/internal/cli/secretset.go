package cli

import (
	"github.com/spf13/cobra"
)

// A setInput is what `secret set` is to store.
type setInput struct {
	valueSource
	note *string
	also []string
	// allowEquals lets a new secret's name have an equals sign in it.
	allowEquals bool
	// keepValue leaves the value as it is: the note alone changes.
	keepValue bool
}

func (m *Main) secretSet() *cobra.Command {
	var (
		in   setInput
		note string
	)
	c := &cobra.Command{
		Use: "set REF [--file FILE] [--note TEXT] [--also PROJECT]… [--keep-value] [--allow-empty] [--allow-equals-sign]", Short: "give a secret a value, and make it where there is none",
		Long: "Give a secret a value, and make the secret where there is none.\n\n" + references + "\n\n" +
			"At a terminal the value is asked for without echo. Otherwise it is standard input, or the file that --file\n" +
			"names, exactly as it is: nothing is added or left out. It is never an argument, which others could see.\n\n" +
			"  strongroom secret set demo/DATABASE_URL\n" +
			"  strongroom secret set demo/TLS_KEY --file key.pem --note 'renewed in May'\n" +
			"  pwgen -s 40 1 | tr -d '\\n' | strongroom secret set demo/SESSION_KEY --also staging\n\n" +
			"The value that is there already changes nothing. A note is text for people: unlike the value the server can\n" +
			"read it, and others of this machine can see it here.",
		Args: valueIsNoArgument,
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("note") {
				in.note = &note
			}
			return m.set(c.Context(), args[0], in)
		},
	}
	c.SetFlagErrorFunc(flagHidden)
	f := c.Flags()
	f.StringVarP(&in.file, "file", "f", "", "the `FILE` that the value is in; - is standard input")
	f.BoolVar(&in.allowEmpty, "allow-empty", false, "store an empty value")
	f.StringVar(&note, "note", "", "the secret's note, a `TEXT` for people")
	f.StringArrayVar(&in.also, "also", nil, "a further `PROJECT` to make a new secret in")
	f.BoolVar(&in.allowEquals, "allow-equals-sign", false, "make a secret even if its name has an equals sign in it")
	f.BoolVar(&in.keepValue, "keep-value", false, "leave the value as it is, and change the note alone")
	c.MarkFlagsMutuallyExclusive("keep-value", "file")
	c.MarkFlagsMutuallyExclusive("keep-value", "also")
	return c
}

const giveValue = "a value is never an argument: other users of this machine can see it, and the shell's history keeps it; leave it " +
	"out to be asked for it, or give it on standard input or with --file. If it was a real one, change it where it is used"

// valueIsNoArgument takes a secret's name alone. What else stands there may be a value, and is not repeated.
func valueIsNoArgument(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("%s", giveValue)
	}
	return exactly("REF")(c, args)
}

// flagHidden says that something is wrong with a flag, without repeating it: a value may begin with a hyphen.
func flagHidden(*cobra.Command, error) error {
	return usage("something begins with a hyphen and is no flag, or a flag lacks what it takes; %s", giveValue)
}
