// Command cost prints what Strongroom costs on AWS, beside AWS's own stores of secrets: "make cost". It is a tool for who
// works on Strongroom; nothing of it is installed.
//
// What operations do is counted by pkg/secrets's TestBudgets, which keeps testdata/budgets.json; what AWS takes for it stands
// in testdata/prices.json with the source and the date of each number. What is neither is an assumption; all of them stand in
// assumptions.go. No free tier and no quantity discount is taken into account.
//
// Of what AWS bills, this leaves out: data sent to the internet, which no other store is without; the archive of seals in
// S3, a file an hour and a cent a month; log lines that stay, at a fifteenth of their price; alarms and dashboards; traces,
// which are off; and the requests by which clients have KMS unwrap project keys.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

func run() error {
	m, err := read("testdata")
	if err != nil {
		return err
	}
	_, err = fmt.Print(m.report())
	return err
}
