package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"strongroom/pkg/cmd/strongroom/internal/cfn"
	"strongroom/pkg/cmd/strongroom/internal/prove"
)

func (m *Main) prove() *cobra.Command {
	var place cfn.Place
	c := &cobra.Command{
		Use: "prove TEMPLATE… [--account ACCOUNT] [--region REGION]", Short: "prove from a deployment's templates who can use which key",
		Args: atLeast("TEMPLATE"),
		Long: "Read the CloudFormation templates of a deployment, before it is deployed, and say who could use the client key and\n" +
			"under which conditions, what each function may do, and what starts it. Nothing is sent.\n\n" +
			"What has to hold: that no function's role can do anything with the client key, not even if its own policy allowed\n" +
			"everything and KMS grants too; that no grant on that key opens more than one project; that each role is allowed\n" +
			"what the operation table says, no less and no more; and that each function is started by its own route, schedule or\n" +
			"stream alone. What does not hold is said, a sentence each, and the status is 1. What the templates don't say counts as\n" +
			"not proven. The account's administrators can change all of it afterwards: see doctor for what is deployed.\n\n" +
			"Templates are those that `cdk synth` writes; of nested stacks the outer one is enough. One\n" +
			"deployment at a time: cdk.out may still hold another. Where cdk.out has no account\n" +
			"or region for them and a policy names one, --account and --region say which is meant.\n\n" +
			"  strongroom prove infra/cdk.out/strongroom-prod-*.template.json\n" +
			"  strongroom prove infra/cdk.out/strongroom-prod-*.template.json --output json",
		RunE: func(_ *cobra.Command, args []string) error { return m.proveTemplates(place, args) },
	}
	c.Flags().StringVar(&place.Account, "account", "", "the number of the `ACCOUNT` that the templates are for")
	c.Flags().StringVar(&place.Region, "region", "", "the `REGION` that they are for")
	return c
}

func (m *Main) proveTemplates(place cfn.Place, files []string) error {
	settings, err := m.load()
	if err != nil {
		return err
	}
	stacks, err := cfn.Read(place, files...)
	if err != nil {
		return usage("%w", err)
	}
	report := prove.Examine(stacks)
	if m.wantsJSON(settings) {
		err = m.showJSON(report)
	} else {
		err = m.showProof(report)
	}
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		for _, problem := range report.Problems {
			m.say(problem)
		}
		return &exitError{ExitError, fmt.Errorf("%s not proven", counted(len(report.Problems), "thing is", "things are"))}
	}
	return nil
}

// showProof prints the tables of a report, and what was proven.
func (m *Main) showProof(report prove.Report) error {
	for _, section := range report.Sections {
		if len(section.Rows) == 0 {
			continue
		}
		if _, err := io.WriteString(m.Stdout, visible(section.Title)+"\n\n"); err != nil {
			return err
		}
		if err := m.showTable(listing{header: section.Header, rows: section.Rows}); err != nil {
			return err
		}
		if _, err := io.WriteString(m.Stdout, "\n"); err != nil {
			return err
		}
	}
	for _, proven := range report.Proven {
		if _, err := io.WriteString(m.Stdout, "proven: "+visible(proven)+"\n"); err != nil {
			return err
		}
	}
	return nil
}
