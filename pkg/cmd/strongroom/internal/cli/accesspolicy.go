package cli

import (
	"encoding/json"
	"slices"

	"github.com/spf13/cobra"

	"strongroom/pkg/api"
	"strongroom/pkg/clientcrypto"
)

// A statement is one of an IAM policy.
type statement struct {
	Effect    string
	Action    []string
	Resource  string
	Condition map[string]map[string][]string
}

func (m *Main) accessPolicy() *cobra.Command {
	var manage bool
	c := &cobra.Command{
		Use: "policy PROJECT… [--manage]", Short: "print the statement of an IAM policy that opens KMS's lock of projects",
		Args: atLeast("PROJECT"),
		Long: "Print the statement of an IAM policy that opens KMS's lock of projects, for whom no KMS grants are made\n" +
			"(grant --no-kms): large groups, and organizations that keep all permissions in IAM. Nothing is changed.\n\n" +
			"  strongroom access policy demo\n" +
			"  strongroom access policy demo payments --manage",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := m.connect(c.Context())
			if err != nil {
				return err
			}
			_, key, err := s.ClientKey(c.Context())
			if err != nil {
				return err
			}
			made := statement{Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: key}
			if manage {
				made.Action = append(made.Action, "kms:GenerateDataKey")
			}
			equals := map[string][]string{}
			for _, name := range args {
				p, err := s.Resolve(c.Context(), name)
				if err != nil {
					return err
				}
				if p.Encryption != api.EncryptionClient {
					return usage("the values of %s are encrypted by the server: KMS has no lock for it", p.Name)
				}
				pins, err := s.settings.Pins()
				if err != nil {
					return err
				}
				for name, value := range clientcrypto.KeyContext(pins.Organization, p.ID) {
					if key := "kms:EncryptionContext:" + name; !slices.Contains(equals[key], value) {
						equals[key] = append(equals[key], value)
					}
				}
			}
			made.Condition = map[string]map[string][]string{"StringEquals": equals}
			text, err := json.MarshalIndent(made, "", "  ")
			if err != nil {
				return err
			}
			return m.printBody(append(text, '\n'))
		},
	}
	c.Flags().BoolVar(&manage, "manage", false, "for those who manage the projects, and make new keys for them")
	return c
}
