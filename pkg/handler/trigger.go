package handler

import (
	"context"

	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

// PublishChanges makes the function of publish-changes.
func PublishChanges(s *secrets.Service) func(context.Context, []table.Change) error {
	return s.PublishChanges
}

// RollUpReads makes the function of roll-up-reads.
func RollUpReads(s *secrets.Service) func(context.Context, []table.Change) error {
	return s.RollUpReads
}
