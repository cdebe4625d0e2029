package app_test

import (
	"slices"
	"testing"

	"strongroom/pkg/operation"
)

// withRow has a row in the operation table while a test runs, which must not run beside others.
func withRow(t *testing.T, trigger operation.Trigger) operation.Name {
	t.Helper()
	const name = "of-a-test"
	whole := operation.Table
	t.Cleanup(func() { operation.Table = whole })
	operation.Table = append(slices.Clone(whole), operation.Row{Name: name, Trigger: trigger, Summary: "be there for a test"})
	return name
}
