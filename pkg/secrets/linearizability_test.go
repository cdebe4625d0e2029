package secrets_test

import (
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anishathalye/porcupine"

	"strongroom/pkg/api"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets/secretstest"
	"strongroom/pkg/table/dynamo"
	"strongroom/pkg/table/dynamo/dynamotest"
	"strongroom/pkg/table/tabletest/faulty"
)

// onlyHistory makes one history again. What is asked and which calls fail is the same each time; pauses between attempts are
// the service's own chance.
var onlyHistory = flag.Uint64("history", 0, "make the history of this seed alone")

// How many histories are made over each adapter, and over how many tables those of DynamoDB.
const (
	boltHistories   = 900
	dynamoHistories = 100
	dynamoTables    = 10
)

// judge says what is wrong with a history; nothing where it is right. It draws what has no order into the folder.
func (r *rig) judge(folder string) []string {
	for secret := range r.secrets {
		r.checkOrder(secret, folder)
	}
	return r.complaints
}

// checkOrder asks porcupine for an order of the operations on one secret, and on the project's grants, in which the model
// gives the same answers.
func (r *rig) checkOrder(secret int, folder string) {
	m, all := model(r.begin), r.steps.operations(secret)
	result, info := porcupine.CheckOperationsVerbose(m, all, time.Minute)
	if result == porcupine.Ok {
		return
	}
	file := filepath.Join(folder, fmt.Sprintf("history-%d-%d.html", r.plan.seed, secret))
	if err := porcupine.VisualizePath(m, info, file); err != nil {
		r.complain("drawing it: %v", err)
	}
	var longest []porcupine.Operation
	for _, order := range info.PartialLinearizationsOperations()[0] {
		if len(order) > len(longest) {
			longest = order
		}
	}
	s := r.begin
	for _, o := range longest {
		_, s = s.after(o.Input.(asked))
	}
	r.complain("secret %d: porcupine says %s, and has drawn it in %s (kept with -artifacts)\n  %d of %d operations fit, until it is %s",
		secret, result, file, len(longest), len(all), s)
	for _, o := range all {
		if !slices.ContainsFunc(longest, func(l porcupine.Operation) bool { return l.Call == o.Call }) {
			r.complain("  then not %d to %d: %s -> %s", o.Call, o.Return, o.Input, o.Output)
		}
	}
}

func (r *rig) String() string {
	return fmt.Sprintf("history %d (%s clocks; go test -run %s -history %d):\n%s\n%s", r.plan.seed, r.timing, "Linearizable", r.plan.seed,
		strings.Join(r.complaints, "\n"), r.steps)
}

// A tally sums up histories.
type tally struct {
	mu               sync.Mutex
	histories, steps int
	injected         map[faulty.Fault]int
	succeeded        map[operation.Name]int
	codes            map[api.Code]int
}

func (sum *tally) add(r *rig) {
	sum.mu.Lock()
	defer sum.mu.Unlock()
	if sum.injected == nil {
		sum.injected, sum.succeeded, sum.codes = map[faulty.Fault]int{}, map[operation.Name]int{}, map[api.Code]int{}
	}
	sum.histories++
	sum.steps += len(r.steps)
	for f, n := range r.injected() {
		sum.injected[f] += n
	}
	for _, s := range r.steps {
		if sum.codes[s.code]++; s.code == "" {
			sum.succeeded[s.op]++
		}
	}
}

// check reports what did not occur: a history in which nothing happens proves nothing.
func (sum *tally) check(t *testing.T, histories int) {
	t.Helper()
	t.Logf("%d histories of %d operations were judged; faults: %v; answers: %v", sum.histories, sum.steps, sum.injected, sum.codes)
	if sum.histories != histories {
		t.Errorf("%d histories were judged, not %d", sum.histories, histories)
	}
	const enough = 40
	if histories < enough { // for chance to have brought everything
		return
	}
	for _, f := range faulty.All() {
		if sum.injected[f] == 0 {
			t.Errorf("no fault was: %s", f)
		}
	}
	for _, wished := range wishes {
		for op := range maps.Keys(wished) {
			if sum.succeeded[op] == 0 {
				t.Errorf("no %s succeeded", op)
			}
		}
	}
	for _, code := range []api.Code{api.CodeConflict, api.CodeForbidden, api.CodeNotFound, api.CodePreconditionFailed, api.CodeThrottled, api.CodeUnavailable} {
		if sum.codes[code] == 0 {
			t.Errorf("nothing was answered %s", code)
		}
	}
}

// TestHistoriesAreLinearizable lets eight clients, each a container of its own, change and read one or two secrets at the same
// time over tables that fail, and judges what they were answered.
func TestHistoriesAreLinearizable(t *testing.T) {
	inBolt, inDynamo, tables := boltHistories, dynamoHistories, dynamoTables
	if testing.Short() {
		inBolt, inDynamo, tables = boltHistories/20, dynamoHistories/20, 1
	}
	t.Run("bolt", func(t *testing.T) {
		var sum tally
		t.Run("history", func(t *testing.T) {
			for i := range inBolt {
				seed := uint64(1 + i)
				if *onlyHistory != 0 && *onlyHistory != seed {
					continue
				}
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					t.Parallel()
					r := simulate(t, historyPlan{seed: seed, steps: 8, pause: 2 * time.Millisecond, faults: usualFaults})
					if len(r.judge(t.ArtifactDir())) > 0 {
						t.Error(r)
					}
					sum.add(r)
				})
			}
		})
		if *onlyHistory == 0 {
			sum.check(t, inBolt)
		}
	})
	t.Run("dynamo", func(t *testing.T) {
		var sum tally
		for n := range tables {
			client, name := dynamotest.New(t)
			rigs := overOneTable(secretstest.New(t, dynamo.New(client, name)), boltHistories+n*inDynamo/tables, inDynamo/tables)
			for _, r := range rigs {
				if len(r.judge(t.ArtifactDir())) > 0 {
					t.Error(r)
				}
				sum.add(r)
			}
		}
		if *onlyHistory == 0 {
			sum.check(t, inDynamo)
		}
	})
}

// simulate makes one history over bolt, with a clock that stands still while anybody works: pauses take no time, and which
// call comes before which is decided by the pauses alone.
func simulate(t *testing.T, p historyPlan) (r *rig) {
	synctest.Test(t, func(t *testing.T) {
		w := secretstest.New(t, newBolt(t))
		r = newRig(w, newPeople(w), p)
		r.run()
		r.look()
		r.checkEvents(recordedSince(w))
	})
	return r
}

// overOneTable makes histories side by side, in projects of their own.
func overOneTable(w *secretstest.World, after, n int) []*rig {
	var rigs []*rig
	all := newPeople(w)
	for i := range n {
		seed := uint64(after + i + 1)
		if *onlyHistory == 0 || *onlyHistory == seed {
			rigs = append(rigs, newRig(w, all, historyPlan{seed: seed, steps: 5, pause: time.Millisecond / 2, faults: usualFaults}))
		}
	}
	sideBySide(len(rigs), func(i int) { rigs[i].run() })
	for _, r := range rigs {
		r.look()
	}
	events := recordedSince(w)
	for _, r := range rigs {
		r.checkEvents(events)
	}
	return rigs
}
