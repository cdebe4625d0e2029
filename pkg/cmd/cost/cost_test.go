package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/operation"
)

var update = flag.Bool("update", false, "rewrite the README's table of costs")

// byHand is a model with round prices, for sums that a person can make.
func byHand() *model {
	m := &model{used: map[string]bool{}, prices: prices{Prices: map[string]price{}}}
	for name, usd := range map[string]float64{
		"httpApiRequest": 1, "lambdaRequest": 0.2, "lambdaGBSecond": 10, "readUnit": 0.1, "writeUnit": 0.5, "kmsRequest": 3,
		"kmsSignature": 15, "busEvent": 1, "secretsManagerCall": 5, "parameterCall": 5,
	} {
		m.prices.Prices[name] = price{USD: usd, Per: 1e6}
	}
	for name, usd := range map[string]float64{
		"tableGBMonth": 0.25, "backupGBMonth": 0.2, "keyMonth": 1, "logGB": 0.5, "metricMonth": 0.3, "secretsManagerMonth": 0.4,
		"parameterMonth": 0.05,
	} {
		m.prices.Prices[name] = price{USD: usd, Per: 1}
	}
	m.budgets = budgets{
		Bytes: map[string]float64{"secret": 5000, "version": 2000, "event of one": 476, "event of 100": 2476},
		Operations: []budget{
			{operation.GetSecret, "hinted", 2, 3, 1},
			{operation.GetProjectValues, "100", 2, 40, 3},
			{operation.GetProjectValues, "polled, nothing changed", 1, 3, 0},
			{operation.RollUpReads, "100 reads by one, of one secret", 3, 1, 2},
			{operation.RollUpReads, "100 changed values of one project", 2, 1, 1},
			{operation.PublishChanges, "100 changes of a secret", 0, 0, 0},
			{operation.UpdateSecret, "in one project, hinted", 2, 3, 20},
			{operation.SealEvents, "", 6, 13, 1},
			{operation.RotateDataKeys, "", 1, 1, 0},
			{operation.PurgeExpiredTrash, "", 1, 1, 0},
			{operation.SweepDeleted, "", 1, 1, 0},
			{operation.DispatchRotations, "", 1, 1, 0},
		},
	}
	return m
}

// TestAMillionReadsByHand: get-secret takes 2*5 + 3*0.1 + 5 = 15.3 ms of half a gigabyte.
func TestAMillionReadsByHand(t *testing.T) {
	m := byHand()
	got := m.once(m.budget(operation.GetSecret, "hinted")).times(1e6)
	want := cost{
		api:    1,
		lambda: 0.2 + 1e6*0.0153*0.5*10/1e6, // 0.2765
		table:  3*0.1 + 1*0.5,
		logs:   1.28 * 0.5, // 580, 300 and 400 bytes a million times
	}
	for name, pair := range map[string][2]float64{
		"api": {got.api, want.api}, "lambda": {got.lambda, want.lambda}, "table": {got.table, want.table}, "logs": {got.logs, want.logs},
		"all": {got.sum(), 1 + 0.2765 + 0.8 + 0.64},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9 {
			t.Errorf("%s: %g, by hand %g", name, pair[0], pair[1])
		}
	}
}

// TestABillByHand is a thousand secrets' and ten million reads'.
func TestABillByHand(t *testing.T) {
	m := byHand()
	bill := m.bill(fleet{1000, 10e6}, modes[0])
	months := 400 * 24 / 730.0
	for name, want := range map[string]float64{
		"keys":      5,
		"HTTP API":  10,
		"Lambda":    2.765 + 10_000*0.060*0.5*10/1e6,
		"DynamoDB":  8,
		"KMS":       (10_000 + 730*12) * 3 / 1e6, // less than one request is under way: one process, every five minutes
		"log lines": 6.4,
		// 476 bytes and 24 in the index, for 400 days, at 0.45 a gigabyte; read once in units of 4 KB; deleted at one unit each.
		"the record": 10e6*500*months*0.45/1e9 + 10e6*476/4096*0.1/1e6 + 10e6*0.5/1e6,
		// 1 read and 2 write units each, in batches of one: four shards have fewer changes than seconds. 3*5 + 0.1 + 5 ms.
		"who read what": 10e6*(0.1+1)/1e6 + 10e6*((0.2+0.0201*0.5*10)/1e6+880*0.5/1e9),
		"the secrets":   1000 * (5000 + 10*2000) * 0.45 / 1e9,
		"metrics":       19 * 0.3,
	} {
		if got := named(bill, name); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %g, by hand %g", name, got, want)
		}
	}
	for i, want := range []float64{400 + 50 + 0.005, 400 + 2.5 + 0.005, 400 + 2.5 + 0.005} {
		if got := m.secretsManager(fleet{1000, 10e6}, modes[i]); math.Abs(got-want) > 1e-9 {
			t.Errorf("Secrets Manager, %s: %g, by hand %g", modes[i].name, got, want)
		}
	}
	if got := m.parameters(fleet{1000, 10e6}); math.Abs(got-(50+50+0.005)) > 1e-9 {
		t.Errorf("parameters: %g", got)
	}
}

// TestWhatChangesAndTheClockCostByHand: an update is 15.3 ms, 3 read and 20 write units; a mark 15.1 ms, 1 and 1; publishing
// 5 ms.
func TestWhatChangesAndTheClockCostByHand(t *testing.T) {
	m := byHand()
	line := 880 * 0.5 / 1e9
	update := 1e-6 + (0.2+0.0153*5)/1e6 + 10.3e-6 + line + 400*0.5/1e9
	mark := (0.2+0.0151*5)/1e6 + 0.6e-6 + line
	publish := (0.2+0.005*5)/1e6 + line
	want := 1000*(update+mark+publish+1e-6) + m.record(1000, "event of one")
	if got := m.changes(1000); math.Abs(got-want) > 1e-9 {
		t.Errorf("changes: %g, by hand %g", got, want)
	}
	// Every hour a seal, 36.3 ms, with two requests to the key that signs, a look for old keys and one for old trash, 10.1 ms
	// each; a sweep every quarter of an hour, and a look for what is to be rotated every minute.
	sealing := 730 * ((0.2+0.0363*5)/1e6 + 1.8e-6 + line + 2*15e-6)
	looking := 730 * 66 * ((0.2+0.0101*5)/1e6 + 0.1e-6 + line)
	if got := m.clock(); math.Abs(got-sealing-looking) > 1e-9 {
		t.Errorf("by the clock: %g, by hand %g", got, sealing+looking)
	}
}

func TestEveryPriceIsUsedAndHasItsSource(t *testing.T) {
	m := counted(t)
	m.report()
	for name, p := range m.prices.Prices {
		if !m.used[name] || p.USD <= 0 || p.Per <= 0 || p.What == "" || p.Seen == "" || !strings.HasPrefix(p.Source, "https://aws.amazon.com/") {
			t.Errorf("%s is not used (%t) or lacks something: %+v", name, m.used[name], p)
		}
	}
	if len(m.prices.Prices) < 15 || m.prices.Taken == "" {
		t.Errorf("%d prices, taken %q", len(m.prices.Prices), m.prices.Taken)
	}
}

// TestLinesAreAsLongAsTheManualSays, and a test there.
func TestLinesAreAsLongAsTheManualSays(t *testing.T) {
	manual, err := os.ReadFile("../../app/app.go")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("A request's line has about %g bytes", lineBytes); !strings.Contains(string(manual), want) {
		t.Errorf("package app's manual does not say: %s", want)
	}
}

// TestAssumptionsAreTheStacks: what infra/ deploys is what is reckoned with.
func TestAssumptionsAreTheStacks(t *testing.T) {
	infra := func(file string) string {
		text, err := os.ReadFile("../../../infra/" + file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if want := fmt.Sprintf("streamWindow = %g\n", window.Seconds()); !strings.Contains(infra("triggers.go"), want) {
		t.Errorf("infra/triggers.go has no %q", want)
	}
	if want := fmt.Sprintf(`"memoryMB": %g,`, memory*1024); !strings.Contains(infra("cdk.json"), want) {
		t.Errorf("infra/cdk.json has no stage with %s", want)
	}
	if n := strings.Count(infra("keys.go"), "newKey(stack, s, ") + strings.Count(infra("server.go"), "newLogKey(stack, s)"); n != keys {
		t.Errorf("infra makes %d KMS keys", n)
	}
	json := strings.Contains(infra("function.go"), "LoggingFormat_JSON") && strings.Contains(infra("function.go"), "SystemLogLevel_WARN")
	if json != (platformBytes == 0) {
		t.Errorf("Lambda's own lines are turned off: %t; then platformBytes is zero, and else it is not", json)
	}
}

func counted(t *testing.T) *model {
	t.Helper()
	m, err := read("../../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTheReadmeHasTheTables compares the README's tables of costs and of what operations do with what is printed and counted.
// Run it with -update to rewrite the README.
func TestTheReadmeHasTheTables(t *testing.T) {
	const path = "../../../README.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	readme, m := string(text), counted(t)
	for _, c := range []struct{ begin, want, end string }{
		{"<!-- costs: held equal to \"make cost\" by a test -->\n", m.fleetTable(), "<!-- end of costs -->"},
		{"<!-- budgets: held equal to \"make budgets\" by a test -->\n", m.budgetTable(), "<!-- end of budgets -->"},
	} {
		before, rest, _ := strings.Cut(readme, c.begin)
		got, after, found := strings.Cut(rest, c.end)
		if !found {
			t.Fatalf("the README has no place for %s", c.begin)
		}
		readme = before + c.begin + c.want + c.end + after
		if diff := cmp.Diff(c.want, got); diff != "" && !*update {
			t.Errorf("the README says something else; run make cost-update (-computed +README):\n%s", diff)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(readme), 0o644); err != nil { //nolint:gosec // a README is for everybody
			t.Fatal(err)
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	for n, want := range map[float64]string{1: "1", 1000: "1,000", 100_000: "100,000", 10e6: "10 million", 1e9: "1 billion"} {
		if got := count(n); got != want {
			t.Errorf("%g is %q, not %q", n, got, want)
		}
	}
	for n, want := range map[float64]string{0.4: "$0", 999.5: "$1,000", 45_000.4: "$45,000", 1234567: "$1,234,567"} {
		if got := dollars(n); got != want {
			t.Errorf("%g is %q, not %q", n, got, want)
		}
	}
	if got := atMost(10, 4) + atMost(10, 0.001); got != "$6 to $10$10" {
		t.Errorf("%q", got)
	}
}
