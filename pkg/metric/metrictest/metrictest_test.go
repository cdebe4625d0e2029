package metrictest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"strongroom/pkg/metric"
	"strongroom/pkg/metric/metrictest"
)

const good = `{"operation":"whoami","Requests":1,"Errors":1,"_aws":{"Timestamp":1795467600000,"CloudWatchMetrics":[` +
	`{"Namespace":"Strongroom","Dimensions":[[]],"Metrics":[{"Name":"Requests","Unit":"Count"}]},` +
	`{"Namespace":"Strongroom","Dimensions":[["operation"]],"Metrics":[{"Name":"Errors","Unit":"Count"}]}]}}`

func TestALineIsReadAsCloudWatchDoes(t *testing.T) {
	got, err := metrictest.Read([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(metrictest.Values{metric.Requests: 1, metric.Errors: 1}, got); diff != "" {
		t.Error(diff)
	}
}

// TestWrongLinesAreSeen: each replaces a part of a good line.
func TestWrongLinesAreSeen(t *testing.T) {
	for name, c := range map[string][2]string{
		"no object":                     {good, "[]"},
		"two objects":                   {good, good + good},
		"no envelope":                   {`"_aws"`, `"aws"`},
		"no time":                       {`"Timestamp":1795467600000,`, ``},
		"a time in seconds":             {`1795467600000`, `1795467600`},
		"a time that is no integer":     {`1795467600000`, `1795467600000.5`},
		"a time that is text":           {`1795467600000`, `"1795467600000"`},
		"no directives":                 {`"CloudWatchMetrics"`, `"Metrics"`},
		"another namespace":             {`"Namespace":"Strongroom","Dimensions":[[]]`, `"Namespace":"x","Dimensions":[[]]`},
		"no dimensions":                 {`"Dimensions":[[]],`, ``},
		"no set of dimensions":          {`[[]]`, `[]`},
		"a dimension that is no member": {`[["operation"]]`, `[["function"]]`},
		"a dimension that is no text":   {`"operation":"whoami"`, `"operation":1`},
		"a dimension that is empty":     {`"operation":"whoami"`, `"operation":""`},
		"a dimension too many":          {`[[]]`, `[["operation"]]`},
		"another unit":                  {`"Name":"Requests","Unit":"Count"`, `"Name":"Requests","Unit":"Bytes"`},
		"no unit":                       {`"Name":"Requests","Unit":"Count"`, `"Name":"Requests"`},
		"a metric that is no member":    {`"Requests":1`, `"requests":1`},
		"a metric that is text":         {`"Requests":1`, `"Requests":"1"`},
		"an unknown member":             {`"Dimensions":[[]],`, `"Dimensions":[[]],"More":1,`},
		"too long":                      {`"whoami"`, `"whoami","x":"` + strings.Repeat("x", 256<<10) + `"`},
	} {
		line := strings.Replace(good, c[0], c[1], 1)
		if line == good {
			t.Fatalf("%s: nothing was replaced", name)
		}
		if _, err := metrictest.Read([]byte(line)); err == nil {
			t.Errorf("%s: read as good", name)
		}
	}
}
