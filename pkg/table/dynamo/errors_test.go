package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/table"
)

var (
	one = table.Transaction{Writes: []table.Write{
		table.Put(table.Item{Key: table.Key{PK: "p", SK: "a"}}, table.IfAbsent()),
	}}
	two = table.Transaction{Writes: []table.Write{
		table.Put(table.Item{Key: table.Key{PK: "p", SK: "a"}}, table.IfAbsent()),
		table.Delete(table.Key{PK: "p", SK: "b"}, table.IfPresent()),
	}}
)

// class is what the port says of an error.
func class(err error) string {
	var failed *table.ConditionError
	switch {
	case err == nil:
		return "success"
	case errors.As(err, &failed):
		return fmt.Sprint("condition ", failed.Failed)
	case errors.Is(err, table.ErrConflict):
		return "conflict"
	case errors.Is(err, table.ErrThrottled):
		return "throttled"
	case errors.Is(err, table.ErrInvalid):
		return "invalid"
	}
	return "unknown"
}

func TestErrorsOfWrites(t *testing.T) {
	for _, test := range []struct {
		name        string
		transaction table.Transaction
		status      int
		body        any
		want        string
	}{
		{"a condition", one, 400, failure("ConditionalCheckFailedException"), "condition [0]"},
		{"a conflict", one, 400, failure("TransactionConflictException"), "conflict"},
		{"a conflict between regions", one, 400, failure("ReplicatedWriteConflictException"), "conflict"},
		{"a partition too busy", one, 400, failure("ProvisionedThroughputExceededException"), "throttled"},
		{"an account too busy", one, 400, failure("RequestLimitExceeded"), "throttled"},
		{"a table too busy", one, 400, failure("ThrottlingException"), "throttled"},
		{"a collection too large", one, 400, failure("ItemCollectionSizeLimitExceededException"), "invalid"},
		{"a malformed request", one, 400, failure("ValidationException"), "invalid"},
		{"a token used for another", two, 400, failure("IdempotentParameterMismatchException"), "invalid"},
		{"a transaction under way", two, 400, failure("TransactionInProgressException"), "unknown"},
		{"no such table", one, 400, failure("ResourceNotFoundException"), "unknown"},
		{"no permission", one, 400, failure("AccessDeniedException"), "unknown"},
		{"a server's error", one, 500, failure("InternalServerError"), "unknown"},
		{"a server away", two, 503, failure("ServiceUnavailable"), "unknown"},
		{"a connection lost", one, 0, nil, "unknown"},
		{"one condition of two", two, 400, cancelled("None", "ConditionalCheckFailed"), "condition [1]"},
		{"both conditions", two, 400, cancelled("ConditionalCheckFailed", "ConditionalCheckFailed"), "condition [0 1]"},
		{"a condition and a conflict", two, 400, cancelled("TransactionConflict", "ConditionalCheckFailed"), "condition [1]"},
		{"a conflict of one", two, 400, cancelled("TransactionConflict", "None"), "conflict"},
		{"a conflict and throttling", two, 400, cancelled("ThrottlingError", "TransactionConflict"), "conflict"},
		{"throughput", two, 400, cancelled("None", "ProvisionedThroughputExceeded"), "throttled"},
		{"throttling", two, 400, cancelled("ThrottlingError", "None"), "throttled"},
		{"a malformed item", two, 400, cancelled("None", "ValidationError"), "invalid"},
		{"a malformed item and a conflict", two, 400, cancelled("TransactionConflict", "ValidationError"), "invalid"},
		{"a collection of one too large", two, 400, cancelled("None", "ItemCollectionSizeLimitExceeded"), "invalid"},
		{"a reason unheard", two, 400, cancelled("None", "Whim"), "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			adapter, _ := newFake(t, func(int, request) (int, any) { return test.status, test.body })
			if got := class(adapter.Transact(t.Context(), test.transaction)); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestErrorsOfReads(t *testing.T) {
	keys := []table.Key{{PK: "p", SK: "a"}}
	for _, test := range []struct {
		name string
		body any
		want string
	}{
		{"a conflict", cancelled("TransactionConflict"), "conflict"},
		{"throttling", failure("ThrottlingException"), "throttled"},
		{"a transaction too large", failure("ValidationException"), "invalid"},
		{"no permission", failure("AccessDeniedException"), "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			adapter, _ := newFake(t, func(int, request) (int, any) { return 400, test.body })
			_, _, getErr := adapter.Get(t.Context(), keys[0])
			_, batchErr := adapter.BatchGet(t.Context(), keys)
			_, transactErr := adapter.TransactGet(t.Context(), keys)
			_, queryErr := adapter.Query(t.Context(), table.Query{PK: "p"})
			for call, err := range map[string]error{"Get": getErr, "BatchGet": batchErr, "TransactGet": transactErr, "Query": queryErr} {
				if got := class(err); got != test.want {
					t.Errorf("%s: %s, want %s", call, got, test.want)
				}
			}
		})
	}
}

// TestLostAnswers breaks off the first attempt, which may have written, and answers the second.
func TestLostAnswers(t *testing.T) {
	for _, test := range []struct {
		name        string
		transaction table.Transaction
		second      any // nil for success
		want        string
	}{
		{"then success", one, nil, "success"},
		{"then a condition, which the first may have broken", one, failure("ConditionalCheckFailedException"), "unknown"},
		{"then throttling", one, failure("ThrottlingException"), "unknown"},
		{"then a conflict", one, failure("TransactionConflictException"), "unknown"},
		{"then success of the same transaction", two, nil, "success"},
		{"then a condition of the same transaction", two, cancelled("None", "ConditionalCheckFailed"), "condition [1]"},
		{"then a conflict of the same transaction", two, cancelled("TransactionConflict", "None"), "unknown"},
	} {
		for name, first := range map[string]int{"broken off": 0, "server error": 500} {
			t.Run(name+", "+test.name, func(t *testing.T) {
				t.Parallel()
				var tokens []any
				adapter, f := newFake(t, func(n int, r request) (int, any) {
					tokens = append(tokens, r.body["ClientRequestToken"])
					if n == 0 {
						return first, failure("InternalServerError")
					}
					if test.second == nil {
						return http.StatusOK, map[string]any{}
					}
					return http.StatusBadRequest, test.second
				})
				if got := class(adapter.Transact(t.Context(), test.transaction)); got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
				if n := len(f.operations()); n < 2 {
					t.Fatalf("%d attempts, want more", n)
				}
				if tokens[0] != tokens[1] || (tokens[0] == nil) != (len(test.transaction.Writes) == 1) {
					t.Errorf("tokens %v, want the same for both attempts at a transaction, and none for a lone write", tokens)
				}
			})
		}
	}
}

func TestThreeAttempts(t *testing.T) {
	adapter, f := newFake(t, func(int, request) (int, any) { return 500, failure("InternalServerError") })
	start := time.Now()
	if err := adapter.Transact(t.Context(), one); err == nil {
		t.Error("no error")
	}
	if diff := cmp.Diff([]string{"PutItem", "PutItem", "PutItem"}, f.operations()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("three attempts took %v", took)
	}
}

func TestTheContextsErrorIsAnswered(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	asked := make(chan struct{})
	adapter, _ := newFake(t, func(int, request) (int, any) {
		<-asked
		return 200, map[string]any{}
	})
	err := adapter.Transact(ctx, two)
	close(asked)
	if !errors.Is(err, context.DeadlineExceeded) || class(err) != "unknown" {
		t.Errorf("error %v, want the context's, and an outcome unknown", err)
	}
}
