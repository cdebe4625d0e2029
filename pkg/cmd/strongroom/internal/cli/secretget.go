package cli

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/client"
	"strongroom/pkg/client/config"
)

func (m *Main) secretGet() *cobra.Command {
	var (
		version int64
		raw     bool
	)
	c := &cobra.Command{
		Use: "get REF [--version N] [--raw]", Short: "print a secret's value", Args: exactly("REF"),
		Long: "Print a secret's value: exactly that, and nothing more.\n\n" + references + "\n\n" +
			"On a terminal a newline is added where the value has none at its end, and control characters are shown as\n" +
			"escapes, since a value could make a terminal show or do anything; --raw prints it as it is there too.\n\n" +
			"  strongroom secret get demo/DATABASE_URL\n" +
			"  strongroom secret get demo/DATABASE_URL --version 3\n" +
			"  strongroom secret get demo/TLS_KEY >key.pem\n" +
			"  strongroom secret get demo/DATABASE_URL --output json\n\n" +
			"--output json shows the whole secret, its value too. It counts here as a flag alone: whatever a profile says,\n" +
			"a script gets the value.",
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("version") && version < 1 {
				return usage("--version must be a version's number, 1 or more")
			}
			return m.get(c.Context(), args[0], version, raw)
		},
	}
	c.Flags().Int64Var(&version, "version", 0, "the `NUMBER` of an older version, as `secret history` lists them")
	c.Flags().BoolVar(&raw, "raw", false, "print the value as it is, on a terminal too")
	return c
}

func (m *Main) get(ctx context.Context, text string, version int64, raw bool) error {
	s, ref, err := m.connectTo(ctx, text)
	if err != nil {
		return err
	}
	secret, err := s.Get(ctx, ref.text)
	if err != nil {
		return err
	}
	asJSON := config.Output(m.output) == config.OutputJSON
	if version == 0 {
		if !asJSON {
			return m.printValue(secret.Value, raw)
		}
		data, value := describeSecret(secret), secret.Value.Reveal()
		data.Value = &value
		return m.showJSON(data)
	}
	v, err := s.Version(ctx, secret, version)
	if err != nil {
		return err
	}
	m.sayOtherName(secret, v)
	if asJSON {
		return m.showJSON(describeVersion(secret.ID, v))
	}
	return m.printValue(v.Value, raw)
}

// A versionData is a version with its value, as --output json shows it.
type versionData struct {
	SecretID uuid.UUID `json:"secretId"`
	// Name is what the secret was called when a client-encrypted value was written.
	Name         string    `json:"name,omitempty"`
	Version      int64     `json:"version"`
	Value        string    `json:"value"`
	CreatedAt    time.Time `json:"createdAt"`
	CreatedBy    api.Actor `json:"createdBy"`
	Stage        api.Stage `json:"stage,omitempty"`
	RestoredFrom int64     `json:"restoredFrom,omitempty"`
}

func describeVersion(secret uuid.UUID, v client.Version) versionData {
	return versionData{
		SecretID: secret, Name: v.Name, Version: v.Number, Value: v.Value.Reveal(), CreatedAt: v.CreatedAt, CreatedBy: v.CreatedBy,
		Stage: v.Stage, RestoredFrom: v.RestoredFrom,
	}
}
