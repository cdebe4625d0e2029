package cli

import (
	"context"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	rotating "strongroom/pkg/rotation"
)

// words says how what commands call their arguments, and flags their values, is completed; nil is what only who types it
// knows. A command says in its Use alone what its arguments are.
func (m *Main) words() map[string]completer {
	return map[string]completer{
		"PROJECT": m.completeProject, "REF": m.completeSecret, "PROJECT/NAME": m.completeHome,
		"RESOURCE": m.completeResource, "PRINCIPAL": m.completeAnyPrincipal,
		"DELETED": m.completeTrash, "ID": m.completeTrashID,
		"ROLE": oneOf(roles...), "KIND": oneOf(rotating.Kinds()...),
		"FILE": files(cobra.ShellCompDirectiveDefault), "TEMPLATE": files(cobra.ShellCompDirectiveDefault), "DIR": files(cobra.ShellCompDirectiveFilterDirs),
		"NAME": nil, "NEW": nil, "NEWNAME": nil, "ARN": nil, "USER": nil, "PROFILE": nil, "OPERATION": nil, "N": nil,
	}
}

// files leaves a word to the shell.
func files(directive cobra.ShellCompDirective) completer {
	return func(context.Context, string) ([]cobra.Completion, cobra.ShellCompDirective) { return nil, directive }
}

// completeCommands completes the arguments and flags of a command and of those beneath it by their words, where they have
// nothing of their own.
func (m *Main) completeCommands(c *cobra.Command) {
	words, use := m.words(), parseUse(c.Use)
	if !c.HasSubCommands() && c.ValidArgsFunction == nil {
		c.ValidArgsFunction = use.complete(words)
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if _, has := c.GetFlagCompletionFunc(f.Name); has {
			return
		}
		value, _ := pflag.UnquoteUsage(f)
		switch choices := use.choices[f.Name]; {
		case choices != nil:
			completeFlag(c, f.Name, oneOf(choices...))
		case words[value] != nil:
			completeFlag(c, f.Name, words[value])
		case f.NoOptDefVal == "": // it has a value, which is no file's name
			completeFlag(c, f.Name, files(cobra.ShellCompDirectiveNoFileComp))
		}
	})
	for _, under := range c.Commands() {
		m.completeCommands(under)
	}
}

// A use is what a command's Use says.
type use struct {
	// arguments are words or choices (a|b|c), in their order; the last of them may be there several times.
	arguments []string
	repeated  bool
	// command says that another command follows, which has arguments of its own.
	command bool
	// choices are what flags may be, by name.
	choices map[string][]string
}

var (
	bracketed = regexp.MustCompile(`\[--[^\[\]]*\]…?`)
	flagged   = regexp.MustCompile(`--([a-z-]+)(?: ([^\s\]]+))?`)
	choice    = regexp.MustCompile(`^[a-z0-9-]+(\|[a-z0-9-]+)+$`)
)

// parseUse takes apart: NAME, then ARGUMENT, a|b, [ARGUMENT], ARGUMENT…, --flag VALUE, [--flag VALUE], and -- COMMAND.
func parseUse(text string) use {
	u := use{choices: map[string][]string{}}
	text, _, u.command = strings.Cut(text, " -- ")
	for _, f := range flagged.FindAllStringSubmatch(text, -1) {
		if choice.MatchString(f[2]) {
			u.choices[f[1]] = strings.Split(f[2], "|")
		}
	}
	for bracketed.MatchString(text) {
		text = bracketed.ReplaceAllString(text, "")
	}
	for _, word := range strings.Fields(flagged.ReplaceAllString(text, ""))[1:] {
		word = strings.Trim(word, "[]")
		word, several := strings.CutSuffix(word, "…")
		u.repeated = u.repeated || several
		u.arguments = append(u.arguments, strings.Trim(word, "[]"))
	}
	return u
}

func (u use) complete(words map[string]completer) cobra.CompletionFunc {
	if u.command {
		return completesAll(files(cobra.ShellCompDirectiveDefault)) // the shell knows commands and files
	}
	completers := make([]completer, len(u.arguments))
	for i, word := range u.arguments {
		if completers[i] = words[word]; choice.MatchString(word) {
			completers[i] = oneOf(strings.Split(word, "|")...)
		}
	}
	if u.repeated && completers[len(completers)-1] != nil {
		return completesAll(completers...)
	}
	return completes(completers...)
}
