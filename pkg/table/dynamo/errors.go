package dynamo

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"strongroom/pkg/table"
)

// mapError turns an error of the SDK into one of the port's; what says nothing about the outcome it only wraps.
func mapError(what string, err error) error {
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return mapReasons(what, cancelled)
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("dynamo: %s: %w", what, err)
	}
	switch api.ErrorCode() {
	case "ConditionalCheckFailedException":
		return &table.ConditionError{Failed: []int{0}}
	case "TransactionConflictException", "ReplicatedWriteConflictException":
		return fmt.Errorf("%w: %s: %w", table.ErrConflict, what, err)
	case "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException",
		"LimitExceededException":
		return fmt.Errorf("%w: %s: %w", table.ErrThrottled, what, err)
	case "ValidationException", "ItemCollectionSizeLimitExceededException", "IdempotentParameterMismatchException":
		return fmt.Errorf("%w: %s: %w", table.ErrInvalid, what, err)
	}
	return fmt.Errorf("dynamo: %s: %w", what, err)
}

// mapReasons reads why a transaction was cancelled. Conditions come first: they are the answer that retrying the same
// writes won't change; then what can't be retried at all, then what can.
func mapReasons(what string, cancelled *types.TransactionCanceledException) error {
	places := map[string][]int{}
	for i, reason := range cancelled.CancellationReasons {
		code := aws.ToString(reason.Code)
		places[code] = append(places[code], i)
	}
	if failed := places["ConditionalCheckFailed"]; failed != nil {
		return &table.ConditionError{Failed: failed}
	}
	for _, known := range []struct {
		code string
		err  error
	}{
		{"ValidationError", table.ErrInvalid},
		{"ItemCollectionSizeLimitExceeded", table.ErrInvalid},
		{"TransactionConflict", table.ErrConflict},
		{"ProvisionedThroughputExceeded", table.ErrThrottled},
		{"ThrottlingError", table.ErrThrottled},
	} {
		if places[known.code] != nil {
			return fmt.Errorf("%w: %s: %w", known.err, what, cancelled)
		}
	}
	return fmt.Errorf("dynamo: %s: %w", what, cancelled)
}

// wroteNothing says whether a mapped error promises that.
func wroteNothing(err error) bool {
	var failed *table.ConditionError
	return errors.As(err, &failed) || errors.Is(err, table.ErrConflict) ||
		errors.Is(err, table.ErrThrottled) || errors.Is(err, table.ErrInvalid)
}
