package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"strongroom/pkg/client"
	"strongroom/pkg/clientcrypto"
)

type editFlags struct{ keepNewline, allowEmpty bool }

func (m *Main) secretEdit() *cobra.Command {
	var in editFlags
	c := &cobra.Command{
		Use: "edit REF [--keep-newline] [--allow-empty]", Short: "change a secret's value in your editor", Args: exactly("REF"),
		Long: "Change a secret's value in the editor that VISUAL or EDITOR names, with arguments if it has any.\n\n" + references + "\n\n" +
			"  strongroom secret edit demo/CONFIG\n" +
			"  EDITOR='code --wait' strongroom secret edit demo/CONFIG\n\n" +
			"The value is in a file meanwhile that only you can read, in memory where the system has a folder there\n" +
			"(XDG_RUNTIME_DIR, /dev/shm), and is removed afterwards, with whatever else the editor left beside it. What an\n" +
			"editor keeps elsewhere, such as undo files and registers, is the editor's: see its settings.\n\n" +
			"What somebody else changed meanwhile is not lost: you are asked. Many editors end a file with a newline: where\n" +
			"the value had none at its end and gets exactly one there, it is left out, unless --keep-newline is said.",
		RunE: func(c *cobra.Command, args []string) error { return m.editSecret(c.Context(), args[0], in) },
	}
	c.Flags().BoolVar(&in.keepNewline, "keep-newline", false, "keep a newline that the editor added at the end")
	c.Flags().BoolVar(&in.allowEmpty, "allow-empty", false, "store an empty value")
	return c
}

func (m *Main) editSecret(ctx context.Context, text string, in editFlags) error {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return err
	}
	old, err := s.Get(ctx, ref.text)
	if err != nil {
		return err
	}
	draft := old.Value.Reveal()
	for {
		if draft, err = m.editText(draft); err != nil {
			return err
		}
		got, err := m.storeEdited(ctx, s, old, draft, in)
		if err == nil {
			return m.changed(s, got, whatChanged(ref, &old, got))
		}
		if old, err = m.afterFailure(ctx, s, ref, old, err); err != nil {
			return err
		}
	}
}

// storeEdited stores what was edited, if the secret is as it was.
func (m *Main) storeEdited(ctx context.Context, s *session, old client.Secret, draft string, in editFlags) (client.Secret, error) {
	value := draft
	if !in.keepNewline {
		value = withoutAdded(old.Value.Reveal(), draft)
	}
	switch {
	case value == old.Value.Reveal():
		return old, nil
	case value == "" && !in.allowEmpty:
		return client.Secret{}, usage("the value is empty; say --allow-empty to store it")
	case len(value) > clientcrypto.MaxPlaintext:
		return client.Secret{}, usage("the value is longer than %d bytes", clientcrypto.MaxPlaintext)
	case !utf8.ValidString(value):
		return client.Secret{}, usage("the value is not UTF-8 text")
	case value != draft:
		m.say("the newline that the editor put at the end is left out; --keep-newline keeps it")
	}
	changed := client.NewValue(value)
	return s.UpdateFrom(ctx, old, client.Change{Value: &changed})
}

// withoutAdded leaves out the one newline at the end of what was edited, if there was none before. Of a line's end of two
// characters no half is left.
func withoutAdded(old, edited string) string {
	shorter, ok := strings.CutSuffix(edited, "\n")
	if !ok || strings.HasSuffix(shorter, "\n") || strings.HasSuffix(shorter, "\r") || strings.HasSuffix(old, "\n") {
		return edited
	}
	return shorter
}

// afterFailure asks what to do with what was edited and could not be stored, and answers what the secret is to be changed
// from. Where nobody can be asked, that was all.
func (m *Main) afterFailure(ctx context.Context, s *session, ref secretRef, old client.Secret, failed error) (client.Secret, error) {
	if !errors.Is(failed, client.ErrPreconditionFailed) {
		if !isTerminal(m.Stdin) {
			return old, failed
		}
		m.say(explain(failed).Error())
		return old, m.chooseEdit("edit it again")
	}
	now, err := s.Get(ctx, ref.text)
	if err != nil {
		return old, err
	}
	said := fmt.Sprintf("%s was changed meanwhile: version %d, by %s", ref.text, now.Version, now.UpdatedBy.Name)
	if !isTerminal(m.Stdin) {
		return old, &exitError{ExitError, fmt.Errorf("%s; nothing was done: edit it again", said)}
	}
	m.sayf("%s; `%s` in another terminal shows what", said, pasted("secret", "diff", ref.text))
	return now, m.chooseEdit("edit your text again, and store it instead")
}

// chooseEdit asks whether to go on; otherwise what was edited is dropped.
func (m *Main) chooseEdit(what string) error {
	_, _ = fmt.Fprintf(m.Stderr, "%s, or drop it? [e/D] ", what)
	line, err := bufio.NewReader(m.Stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); err == nil && (answer == "e" || answer == "edit") {
		return nil
	}
	return errors.New("nothing was done, and what was edited is dropped")
}
