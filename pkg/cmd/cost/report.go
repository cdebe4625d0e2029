package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"strongroom/pkg/operation"
)

// report is all that is printed.
func (m *model) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "List prices of %s, taken %s; see testdata/prices.json for the source of each.\n\n", m.prices.Region, m.prices.Taken)
	fmt.Fprintf(&b, "A month, when events have been kept for %g days:\n\n%s", eventDays, m.fleetTable())
	b.WriteString("\nOf which:\n\n" + m.parts())
	b.WriteString("\nA million of each operation, in dollars, without what its event costs while it is kept:\n\n" + m.operations())
	return b.String()
}

// fleetTable is the README's table.
func (m *model) fleetTable() string {
	var b strings.Builder
	b.WriteString("| a month | AWS Secrets Manager | SSM advanced parameters | Strongroom | of which the record |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range fleets {
		for _, by := range modes {
			bill := m.bill(f, by)
			fmt.Fprintf(&b, "| %s secrets, %s values read %s | %s | %s | %s | %s |\n", count(f.secrets), count(f.reads), by.name,
				dollars(m.secretsManager(f, by)), dollars(m.parameters(f)), atMost(sum(bill), named(bill, "who read what")),
				dollars(named(bill, "the record")))
		}
	}
	return b.String()
}

// shownBudgets are those in the README.
var shownBudgets = []struct {
	operation   operation.Name
	what, shown string
}{
	{operation.GetSecret, "hinted", "get-secret, its project known"},
	{operation.GetSecret, "not hinted", "get-secret, its project not known"},
	{operation.GetProjectValues, "100", "get-project-values, 100 secrets"},
	{operation.GetProjectValues, "polled, nothing changed", "get-project-values, nothing changed (304)"},
	{operation.GetSecretsByIDs, "100", "get-secrets-by-ids, 100 secrets"},
	{
		operation.ListSecrets, "a page of 500 of 1,000 in 50 projects, caller in 10 groups",
		"list-secrets, a page of 500 of 1,000 in 50 projects, caller in ten groups",
	},
	{operation.CreateSecret, "in one project", "create-secret in one project"},
	{operation.UpdateSecret, "in one project, hinted", "update-secret in one project"},
}

// budgetTable is the README's table of what operations do.
func (m *model) budgetTable() string {
	var b strings.Builder
	b.WriteString("| operation (values of 1 KiB, server project) | round trips | read units | write units |\n| --- | --- | --- | --- |\n")
	for _, s := range shownBudgets {
		does := m.budget(s.operation, s.what)
		fmt.Fprintf(&b, "| %s | %g | %g | %g |\n", s.shown, does.Trips, does.ReadUnits, does.WriteUnits)
	}
	return b.String()
}

// atMost is a sum of which a part may be as good as nothing.
func atMost(total, part float64) string {
	if dollars(total) == dollars(total-part) {
		return dollars(total)
	}
	return dollars(total-part) + " to " + dollars(total)
}

func named(bill []part, name string) float64 {
	for _, p := range bill {
		if p.name == name {
			return p.usd
		}
	}
	panic("cost: a bill has no " + name)
}

// parts is what the sums are made of.
func (m *model) parts() string {
	var b strings.Builder
	for _, f := range fleets {
		fmt.Fprintf(&b, "%s secrets\t", count(f.secrets))
		for _, by := range modes {
			fmt.Fprintf(&b, "%s\t", by.name)
		}
		b.WriteByte('\n')
		for i, p := range m.bill(f, modes[0]) {
			fmt.Fprintf(&b, "%s\t", p.name)
			for _, by := range modes {
				fmt.Fprintf(&b, "%.2f\t", m.bill(f, by)[i].usd)
			}
			b.WriteByte('\n')
		}
	}
	return aligned(b.String())
}

// aligned puts what tabs end below one another.
func aligned(lines string) string {
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, err := out.Write([]byte(lines))
	if err = errors.Join(err, out.Flush()); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return b.String()
}

// operations is what a million of each costs.
func (m *model) operations() string {
	var b strings.Builder
	b.WriteString("operation\t\tHTTP API\tLambda\tDynamoDB\tlog line\tall\t\n")
	for _, budget := range m.budgets.Operations {
		c := m.once(budget).times(1e6)
		fmt.Fprintf(&b, "%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n",
			budget.Operation, budget.What, c.api, c.lambda, c.table, c.logs, c.sum())
	}
	return aligned(b.String())
}

// dollars are whole ones, with a comma between thousands.
func dollars(usd float64) string { return "$" + grouped(math.Round(usd)) }

func grouped(n float64) string {
	digits := fmt.Sprintf("%.0f", n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// count is a number in words where it is large.
func count(n float64) string {
	switch {
	case n >= 1e9:
		return grouped(n/1e9) + " billion"
	case n >= 1e6:
		return grouped(n/1e6) + " million"
	}
	return grouped(n)
}
