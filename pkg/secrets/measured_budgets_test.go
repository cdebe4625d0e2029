package secrets_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"

	"github.com/google/uuid"

	"strongroom/pkg/audit"
	"strongroom/pkg/operation"
	"strongroom/pkg/secrets"
	"strongroom/pkg/table"
)

var updateBudgets = flag.Bool("update", false, "write what the budgets were measured as to testdata/budgets.json")

// measuredFile is where package main of pkg/cmd/cost reads what operations cost.
const measuredFile = "../../testdata/budgets.json"

// measuredBudgets is that file: what TestBudgets counted, with ten secrets besides.
type measuredBudgets struct {
	// Bytes are sizes in the table, as DynamoDB stores items and bills them.
	Bytes      map[string]int      `json:"bytes"`
	Operations []measuredOperation `json:"operations"`
}

type measuredOperation struct {
	Operation  operation.Name `json:"operation"`
	What       string         `json:"what,omitempty"`
	Trips      int            `json:"trips"`
	ReadUnits  float64        `json:"readUnits"`
	WriteUnits float64        `json:"writeUnits"`
}

// compareMeasured compares what was counted with the file, but for what is left to chance; -update writes it.
func compareMeasured(t *testing.T, counted []cost, sizes map[string]int) {
	t.Helper()
	now := measuredBudgets{Bytes: sizes}
	for i, c := range counted {
		now.Operations = append(now.Operations, measuredOperation{budgets[i].operation, budgets[i].what, c.Trips, c.ReadUnits, c.WriteUnits})
	}
	if *updateBudgets {
		text, err := json.MarshalIndent(now, "", "  ")
		if err == nil {
			err = os.WriteFile(measuredFile, append(text, '\n'), 0o644) //nolint:gosec // for everybody
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(measuredFile)
	if err != nil {
		t.Fatal(err)
	}
	var want measuredBudgets
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if !sameMeasured(want, now) {
		t.Errorf("testdata/budgets.json has %+v, now it is %+v; run make budgets-update and make cost-update", want, now)
	}
}

func sameMeasured(want, now measuredBudgets) bool {
	if len(want.Operations) != len(now.Operations) || len(want.Bytes) != len(now.Bytes) {
		return false
	}
	for i, w := range want.Operations {
		n := now.Operations[i]
		same := cost{w.Trips, w.ReadUnits, w.WriteUnits}.same(cost{n.Trips, n.ReadUnits, n.WriteUnits})
		if w.Operation != n.Operation || w.What != n.What || !same {
			return false
		}
	}
	for name, size := range want.Bytes { // names and numbers differ in their lengths by a few bytes
		if math.Abs(float64(now.Bytes[name]-size)) > 16 {
			return false
		}
	}
	return true
}

// overhead is what DynamoDB adds to each item, in the table and in an index, where it bills storage
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
const overhead = 100

// stored is what items take up, in the table and in its indexes.
func stored(items ...table.Item) int {
	size := 0
	for _, item := range items {
		size += table.ItemSize(item) + overhead
		for index, key := range map[table.Index]table.Key{table.Index1: item.Index1, table.Index2: item.Index2} {
			if !key.IsZero() {
				size += table.ItemSize(table.Project(item, index)) + overhead
			}
		}
	}
	return size
}

// bytes are how many bytes things of the budget's world take up in the table.
func (b *budgetWorld) bytes() map[string]int {
	id := b.ids[20]
	secret := b.items("SECRET#" + id.String())
	for _, sk := range []string{"SECRET#SECRET_20", "VALUE#" + id.String()} {
		item, found, err := b.Table().Get(b.Context(), table.Key{PK: "PROJECT#" + b.project.String(), SK: sk})
		if err != nil || !found {
			b.Fatalf("%s: found %t, %v", sk, found, err)
		}
		secret = append(secret, item)
	}
	full := b.items("SECRET#" + b.full.String())
	var versions []table.Item
	for _, item := range full {
		if item.Key.SK != "SECRET" {
			versions = append(versions, item)
		}
	}
	caller := b.asMember
	caller.SourceIP, caller.UserAgent, caller.RequestID = "203.0.113.17", "strongroom-go", "LV7fzho-PHcEJPw="
	return map[string]int{
		"secret":  stored(secret...),
		"version": stored(versions...) / 100,
		"event of one": b.event(func() error {
			_, err := b.GetSecret(b.Context(), caller, id, []uuid.UUID{b.project})
			return err
		}),
		"event of 100": b.event(func() error {
			_, err := b.GetProjectValues(b.Context(), caller, secrets.GetProjectValues{Project: b.project})
			return err
		}),
	}
}

// items are those of a partition.
func (b *budgetWorld) items(pk string) []table.Item {
	var all []table.Item
	for q := (table.Query{PK: pk}); ; {
		page, err := b.Table().Query(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, page.Items...)
		if q.After = page.Next; page.Next.IsZero() {
			return all
		}
	}
}

// event is how much the event takes up that read writes.
func (b *budgetWorld) event(read func() error) int {
	count := func() (size int) {
		for shard := range 8 {
			size += stored(b.items("EVENT#" + string(audit.HourOf(b.Clock.Now())) + "#" + string(rune('0'+shard)))...)
		}
		return size
	}
	before := count()
	if err := read(); err != nil {
		b.Fatal(err)
	}
	return count() - before
}
