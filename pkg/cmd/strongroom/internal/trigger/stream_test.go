package trigger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
	"strongroom/pkg/table"
)

// collect has triggers run until the changes that the function took are as many as wanted.
func (r *rig) collect(want int, use func([]table.Change) error) []string {
	r.t.Helper()
	var all []string
	enough := make(chan struct{})
	triggers := r.onChanges(func(_ context.Context, changes []table.Change) error {
		if err := use(changes); err != nil {
			return err
		}
		before := len(all)
		if all = append(all, told(changes)...); before < want && len(all) >= want {
			close(enough)
		}
		return nil
	})
	stop := r.run(triggers)
	select {
	case <-enough:
	case <-time.After(time.Minute):
		r.t.Error("the changes don't come")
	}
	stop()
	return all
}

func accept([]table.Change) error { return nil }

// changes writes many changes and answers what a function is to be told of them.
func (r *rig) changes(from, to int64) []string {
	r.t.Helper()
	var want []string
	for revision := from; revision <= to; revision++ {
		for _, sk := range []string{"a", "b"} {
			r.bump("p", sk, revision)
			r.bump("q", sk, revision) // nobody wants these
			want = append(want, fmt.Sprintf("p/%s %d", sk, revision))
		}
	}
	return want
}

func TestAFunctionGetsTheChangesInTheirOrder(t *testing.T) {
	r := newRig(t)
	r.onChanges(nil) // begins the feed
	want := r.changes(1, 300)
	largest := 0
	got := r.collect(len(want), func(changes []table.Change) error {
		largest = max(largest, len(changes))
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if largest != operation.StreamBatch {
		t.Errorf("the largest batch has %d changes, want %d", largest, operation.StreamBatch)
	}
}

// TestAFunctionGoesOnWhereItWas stops the triggers and the table, with changes made meanwhile.
func TestAFunctionGoesOnWhereItWas(t *testing.T) {
	r := newRig(t)
	r.changes(1, 1) // before there is a feed
	r.onChanges(nil)
	for start := int64(2); start < 20; start += 6 {
		want := r.changes(start, start+3)
		if diff := cmp.Diff(want, r.collect(len(want), accept)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		r.close()
		r.open()
		want = r.changes(start+4, start+5) // nobody runs
		r.close()
		r.open()
		if diff := cmp.Diff(want, r.collect(len(want), accept)); diff != "" {
			t.Errorf("after it was opened again (-want +got):\n%s", diff)
		}
	}
}

// TestABatchIsRepeatedUntilItIsTaken: a function that fails gets the batch again, less of it each time, and nothing else
// first. One line says that it fails, one that it works again.
func TestABatchIsRepeatedUntilItIsTaken(t *testing.T) {
	r := newRig(t)
	r.onChanges(nil)
	want := r.changes(1, 4)
	var sizes []int
	got := r.collect(len(want), func(changes []table.Change) error {
		if sizes = append(sizes, len(changes)); len(sizes) <= 14 {
			return errTest
		}
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7}, sizes); diff != "" {
		t.Errorf("the batches' sizes (-want +got):\n%s", diff)
	}
	wantPauses := []time.Duration{
		100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond,
		3200 * time.Millisecond, 6400 * time.Millisecond, 12800 * time.Millisecond, 25600 * time.Millisecond,
		51200 * time.Millisecond, time.Minute, time.Minute, time.Minute, time.Minute,
	}
	if diff := cmp.Diff(wantPauses, r.pauses.list); diff != "" {
		t.Errorf("the pauses (-want +got):\n%s", diff)
	}
	log := r.log.String()
	if strings.Count(log, "a function fails") != 1 || strings.Count(log, "works again") != 1 ||
		!strings.Contains(log, "failures=14") || strings.Count(log, "\n") != 2 {
		t.Errorf("logged:\n%s", log)
	}
}

// TestOneChangeThatCanNotBeTakenStopsOnlyWhatFollows: what is before it is done.
func TestOneChangeThatCanNotBeTakenStopsOnlyWhatFollows(t *testing.T) {
	r := newRig(t)
	r.onChanges(nil)
	want := r.changes(1, 4)
	got := r.collect(5, func(changes []table.Change) error {
		for _, word := range told(changes) {
			if word == want[5] {
				return errTest
			}
		}
		return nil
	})
	if diff := cmp.Diff(want[:5], got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBatchesComeTwiceOnPurpose(t *testing.T) {
	r := newRig(t)
	r.config.Redeliver = 1
	r.onChanges(nil)
	want := r.changes(1, 40)
	last := map[string]bool{}
	var order []string
	got := r.collect(len(want)+10, func(changes []table.Change) error {
		for _, word := range told(changes) {
			if !last[word] {
				order = append(order, word)
			}
			last[word] = true
		}
		return nil
	})
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("those that come first (-want +got):\n%s", diff)
	}
	if len(got) < len(want)+10 {
		t.Errorf("%d changes came for %d", len(got), len(want))
	}
}

// TestAPanicIsAFailure: the function's, not the process's.
func TestAPanicIsAFailure(t *testing.T) {
	r := newRig(t)
	r.onChanges(nil)
	want := r.changes(1, 1)
	calls := 0
	got := r.collect(2, func([]table.Change) error {
		if calls++; calls == 1 {
			panic("on purpose")
		}
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAFunctionUnderWayComesToItsEnd stops the triggers while a function works: it may finish, and what it did counts.
func TestAFunctionUnderWayComesToItsEnd(t *testing.T) {
	r := newRig(t)
	began, goOn := make(chan struct{}), make(chan struct{})
	triggers := r.onChanges(func(ctx context.Context, _ []table.Change) error {
		close(began)
		<-goOn
		return ctx.Err()
	})
	triggers.grace = time.Hour
	r.bump("p", "a", 1)
	stop := r.run(triggers)
	<-began
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	select {
	case <-stopped:
		t.Error("Run does not wait for the function")
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	<-stopped
	r.bump("p", "a", 2)
	if diff := cmp.Diff([]string{"p/a 2"}, r.collect(1, accept)); diff != "" {
		t.Errorf("the next start (-want +got):\n%s", diff)
	}
}

// TestAFunctionThatDoesNotEndIsCut: its context ends, and the batch comes again at the next start.
func TestAFunctionThatDoesNotEndIsCut(t *testing.T) {
	r := newRig(t)
	began := make(chan struct{})
	triggers := r.onChanges(func(ctx context.Context, _ []table.Change) error {
		close(began)
		<-ctx.Done()
		return ctx.Err()
	})
	triggers.grace = 0
	r.bump("p", "a", 1)
	stop := r.run(triggers)
	<-began
	stop()
	if diff := cmp.Diff([]string{"p/a 1"}, r.collect(1, accept)); diff != "" {
		t.Errorf("the next start (-want +got):\n%s", diff)
	}
}

// TestTheFeedOfAFunctionThatIsGoneIsRemoved: what it wanted is no longer recorded, and when it comes back it begins anew.
func TestTheFeedOfAFunctionThatIsGoneIsRemoved(t *testing.T) {
	r := newRig(t)
	r.onChanges(nil)
	r.changes(1, 1)
	r.new(nil)
	r.changes(2, 2)
	r.onChanges(nil)
	want := r.changes(3, 3)
	if diff := cmp.Diff(want, r.collect(2, accept)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOtherOperationsPanic(t *testing.T) {
	r := newRig(t)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_, _ = New(r.config, map[operation.Name]lambda.Handler{operation.Whoami: nil})
}
