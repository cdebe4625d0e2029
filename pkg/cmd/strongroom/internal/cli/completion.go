package cli

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"strongroom/pkg/access"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
)

const (
	// completionPatience is how long somebody who pressed a key is kept waiting.
	completionPatience = 2 * time.Second
	// maxOffered is how many names are offered at most: a page of the API, so that one request is enough.
	maxOffered = 500
)

// A completer offers what a word that was begun may become. What goes wrong is not said: a shell would mix it into the
// line that is being typed, and whoever runs the command is told then.
type completer func(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective)

// completes gives a command one completer for each of its arguments, in their order; nil offers nothing there.
func completes(arguments ...completer) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= len(arguments) || arguments[len(args)] == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return arguments[len(args)](c.Context(), begun)
	}
}

// completesAll is completes for a command whose last argument may be there several times; none is offered twice.
func completesAll(arguments ...completer) cobra.CompletionFunc {
	last := len(arguments) - 1
	return func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) < last {
			return completes(arguments...)(c, args, begun)
		}
		offered, directive := arguments[last](c.Context(), begun)
		return slices.DeleteFunc(offered, func(o cobra.Completion) bool { return slices.Contains(args[last:], o) }), directive
	}
}

// completeFlag completes a flag's value.
func completeFlag(c *cobra.Command, flag string, value completer) {
	err := c.RegisterFlagCompletionFunc(flag, func(c *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return value(c.Context(), begun)
	})
	if err != nil {
		panic(err)
	}
}

// oneOf completes a word from a closed set.
func oneOf[W ~string](words ...W) completer {
	return func(_ context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return offer(begun, func(yield func(string, error) bool) {
			for _, word := range words {
				if !yield(string(word), nil) {
					return
				}
			}
		}), cobra.ShellCompDirectiveNoFileComp
	}
}

// offer keeps the names that go on as begun; the first error ends them.
func offer(begun string, names iter.Seq2[string, error]) []cobra.Completion {
	var offered []cobra.Completion
	for name, err := range names {
		if err != nil || len(offered) == maxOffered {
			break
		}
		if strings.HasPrefix(name, begun) && visible(name) == name {
			offered = append(offered, name)
		}
	}
	return offered
}

// peek makes a client for completion. It believes what is pinned, but pins nothing, writes no file and decrypts nothing:
// what it sees first it forgets again.
func (m *Main) peek(ctx context.Context) (*session, error) {
	settings, err := m.load()
	if err != nil {
		return nil, err
	}
	pins, err := settings.Pins()
	if err != nil {
		return nil, err
	}
	return m.connectWith(ctx, settings, func(c *client.Config) {
		c.Pins, c.Seen, c.Notice = &config.Memory{Known: pins, Strict: settings.Strict}, nil, nil
	})
}

// complete offers names that a client lists.
func (m *Main) complete(ctx context.Context, begun string, list func(context.Context, *session) iter.Seq2[string, error]) (
	[]cobra.Completion, cobra.ShellCompDirective,
) {
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	s, err := m.peek(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return offer(begun, list(ctx, s)), cobra.ShellCompDirectiveNoFileComp
}

// completeProject offers the names of projects.
func (m *Main) completeProject(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return m.complete(ctx, begun, projectNames)
}

func projectNames(ctx context.Context, s *session) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for p, err := range s.Projects(ctx) {
			if !yield(p.Name, err) {
				return
			}
		}
	}
}

// completePrincipal offers the names of users, groups or service accounts.
func (m *Main) completePrincipal(kind access.Kind) completer {
	return func(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return m.complete(ctx, begun, func(ctx context.Context, s *session) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for p, err := range s.Principals(ctx, kind) {
					if !yield(p.Name, err) {
						return
					}
				}
			}
		})
	}
}

// completeAnyPrincipal offers the names of all principals; those that two kinds have, with the kind.
func (m *Main) completeAnyPrincipal(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return m.complete(ctx, begun, func(ctx context.Context, s *session) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			all, err := collect(s.Principals(ctx, ""))
			count := map[string]int{}
			for _, p := range all {
				count[p.Name]++
			}
			for _, p := range all {
				name := p.Name
				for _, k := range kinds {
					if k.Kind == p.Kind && count[name] > 1 {
						name = k.command + ":" + name
					}
				}
				if !yield(name, err) {
					return
				}
			}
		}
	})
}

// completeHome offers the projects in which a new secret may be named, project/.
func (m *Main) completeHome(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(begun, "/") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	projects, directive := m.complete(ctx, begun, func(ctx context.Context, s *session) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for name, err := range projectNames(ctx, s) {
				if !strings.Contains(name, "/") && !yield(name+"/", err) { // the first slash ends the project's name
					return
				}
			}
		}
	})
	return projects, directive | cobra.ShellCompDirectiveNoSpace
}

// completeSecret offers project/name: at first the projects, and once there is a slash, the secrets in one. Where a
// project is meant without being named, its secrets are offered by their names alone, too.
func (m *Main) completeSecret(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(ctx, completionPatience) // for all that it asks
	defer cancel()
	if project, name, ok := strings.Cut(begun, "/"); ok {
		return m.complete(ctx, begun, secretNames(project, name, project+"/"))
	}
	offered, directive := m.completeHome(ctx, begun)
	if settings, err := m.load(); err == nil && settings.Project != "" {
		secrets, _ := m.complete(ctx, begun, secretNames(settings.Project, begun, ""))
		offered = append(offered, slices.DeleteFunc(secrets, saysMore)...)
	}
	return offered, directive
}

// completeResource offers projects, and once there is a slash, the secrets in one.
func (m *Main) completeResource(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(begun, "/") {
		return m.completeSecret(ctx, begun)
	}
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	projects, _ := m.completeProject(ctx, begun)
	homes, directive := m.completeHome(ctx, begun)
	return append(projects, homes...), directive
}

// secretNames lists the secrets of a project whose names begin so, with the project in front or without.
func secretNames(project, begun, before string) func(context.Context, *session) iter.Seq2[string, error] {
	return func(ctx context.Context, s *session) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for secret, err := range s.ProjectSecrets(ctx, project, begun) {
				if !yield(before+secret.Name, err) {
					return
				}
			}
		}
	}
}

// completeIdentity offers the ARNs that are bound to a principal.
func (m *Main) completeIdentity(k kind, name string) completer {
	return func(ctx context.Context, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return m.complete(ctx, begun, func(ctx context.Context, s *session) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				p, err := s.FindPrincipal(ctx, k.Kind, name)
				for _, i := range identities(p) {
					if !yield(i.ARN, err) {
						return
					}
				}
			}
		})
	}
}
