package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
)

// references is how secrets are named; each command's help says it.
const references = "REF is project/name, cut at the first slash, or the secret's id. A name alone is one in the default project\n" +
	"(STRONGROOM_PROJECT, or project in a profile)."

func (m *Main) secret() *cobra.Command {
	c := group(&cobra.Command{
		Use: "secret", Short: "store, read and change secrets",
		Long: "Store, read and change secrets.\n\n" + references + "\n\n" +
			"  strongroom secret set demo/DATABASE_URL\n" +
			"  strongroom secret get demo/DATABASE_URL\n" +
			"  strongroom secret list demo",
	},
		m.secretSet(), m.secretGet(), m.secretList(), m.secretEdit(), m.secretRename(), m.secretMove(), m.secretCopy(),
		m.secretDelete(), m.secretHistory(), m.secretDiff(), m.secretRestore(), m.secretEvents(),
	)
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if c.HasSubCommands() { // `set` was mistyped, perhaps
			return flagHidden(c, err)
		}
		return err
	})
	return c
}

// A secretRef is a secret as the command line names it: by its id, or by project and name.
type secretRef struct {
	// text is what package client understands, and what is said of the secret.
	text          string
	project, name string
}

// ref reads what the command line names. Nothing is sent, but where the default project's own name has a slash in it.
func (s *session) ref(ctx context.Context, text string) (secretRef, error) {
	if isID(text) {
		return secretRef{text: text}, nil
	}
	project, name, slash := strings.Cut(text, "/")
	switch {
	case slash && project != "" && name != "":
		return secretRef{text, project, name}, nil
	case slash, text == "":
		return secretRef{}, usage("%q names no secret; write project/name, or the secret's id", text)
	case s.settings.Project == "":
		return secretRef{}, usage("%q does not say in which project; write project/name, or set STRONGROOM_PROJECT", text)
	}
	project, name = s.settings.Project, text
	if strings.Contains(project, "/") {
		p, err := s.Resolve(ctx, project)
		if err != nil {
			return secretRef{}, err
		}
		project = p.ID.String()
	}
	return secretRef{project + "/" + name, project, name}, nil
}

// isID says whether a text is an id, in its one spelling.
func isID(text string) bool {
	id, err := uuid.Parse(text)
	return err == nil && id.String() == text
}

// saysMore says whether a secret's name, without its project's, would be taken for something else.
func saysMore(name string) bool { return strings.Contains(name, "/") || isID(name) }

// connectTo is connect for a command about one secret, and the secret that it names.
func (m *Main) connectTo(ctx context.Context, text string) (*session, secretRef, error) {
	s, err := m.connect(ctx)
	if err != nil {
		return nil, secretRef{}, err
	}
	ref, err := s.ref(ctx, text)
	return s, ref, err
}

// connectToID is connectTo for what needs no more of the secret than its id.
func (m *Main) connectToID(ctx context.Context, text string) (*session, uuid.UUID, error) {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return nil, uuid.Nil, err
	}
	id, err := s.Lookup(ctx, ref.text)
	return s, id, err
}

// named is ref of what must be named by project and name.
func (s *session) named(ctx context.Context, text string) (secretRef, error) {
	ref, err := s.ref(ctx, text)
	if err == nil && ref.name == "" {
		err = usage("%s is an id, and a new secret is named by project/name", ref.text)
	}
	return ref, err
}

// changing reads a secret and makes the change that it asks for, and begins anew where somebody else was first.
func (s *session) changing(ctx context.Context, ref secretRef, ask func(client.Secret) (client.Change, error)) (before, after client.Secret, err error) {
	err = s.Racing(ctx, func() (lost bool, err error) {
		if before, err = s.Get(ctx, ref.text); err != nil {
			return false, err
		}
		change, err := ask(before)
		if err != nil {
			return false, err
		}
		after, err = s.UpdateFrom(ctx, before, change)
		return errors.Is(err, client.ErrPreconditionFailed), err
	})
	return before, after, err
}

// A secretData is a secret as --output json shows it. Its value is there where it was asked for.
type secretData struct {
	ID         uuid.UUID       `json:"id"`
	Name       string          `json:"name"`
	Value      *string         `json:"value,omitempty"`
	Note       string          `json:"note,omitempty"`
	Projects   []api.Reference `json:"projects"`
	Encryption api.Encryption  `json:"encryption"`
	Version    int64           `json:"version"`
	CreatedAt  time.Time       `json:"createdAt"`
	CreatedBy  api.Actor       `json:"createdBy"`
	UpdatedAt  time.Time       `json:"updatedAt"`
	UpdatedBy  api.Actor       `json:"updatedBy"`
	Read       bool            `json:"read"`
	Write      bool            `json:"write"`
	Manage     bool            `json:"manage"`
	ETag       string          `json:"etag"`
}

func describeSecret(s client.Secret) secretData {
	return secretData{
		ID: s.ID, Name: s.Name, Note: s.Note, Projects: s.Projects, Encryption: s.Encryption, Version: s.Version,
		CreatedAt: s.CreatedAt, CreatedBy: s.CreatedBy, UpdatedAt: s.UpdatedAt, UpdatedBy: s.UpdatedBy,
		Read: s.Read, Write: s.Write, Manage: s.Manage, ETag: s.ETag,
	}
}

// changed says what was done to a secret, and prints it without its value where JSON is asked for.
func (m *Main) changed(s *session, secret client.Secret, line string) error {
	return m.did(s, describeSecret(secret), "%s", line)
}

// sayOtherName warns of a version that was written when the secret was called otherwise: somebody may have meant it for
// something else.
func (m *Main) sayOtherName(secret client.Secret, v client.Version) {
	if v.Name != "" && v.Name != secret.Name {
		m.sayf("version %d was written when the secret was called %q", v.Number, v.Name)
	}
}
