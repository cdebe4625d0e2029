package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"strongroom/pkg/rotation"
)

// workers says how the deployment's workers become Strongroom's service accounts: without that, Strongroom knows nobody by their
// roles. Where the outputs have no workers it says nothing.
func workers(path string, out io.Writer) error {
	text, err := os.ReadFile(path) //nolint:gosec // the file that was named
	if err != nil {
		return err
	}
	var stacks map[string]map[string]string
	if err := json.Unmarshal(text, &stacks); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var lines []string
	for _, kind := range rotation.Kinds() {
		if role := roleOf(stacks, kind); role != "" {
			name := kind.Worker()
			lines = append(lines, fmt.Sprintf("\tbin/strongroom service-account create %s\n\tbin/strongroom service-account bind %s %s\n", name, name, role))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	_, err = fmt.Fprintf(out, "then, for the rotators that you use, make their workers service accounts, once:\n\n%s\n"+
		"and let them rotate what is in a project: bin/strongroom access grant service-account:worker-postgresql write PROJECT\n", strings.Join(lines, "\n"))
	return err
}

// roleOf is the output with the role of a kind's worker. Its name has letters and digits only: IamAccessKeyWorkerRole.
func roleOf(stacks map[string]map[string]string, kind rotation.Kind) string {
	want := strings.ReplaceAll(string(kind), "-", "") + "WorkerRole"
	for _, outputs := range stacks {
		for name, value := range outputs {
			if strings.EqualFold(name, want) {
				return value
			}
		}
	}
	return ""
}
