// Package metrictest reads log lines as CloudWatch does, to see whether it would find metrics in them and which.
//
// The rules are those of the embedded metric format's specification and of the JSON schema there
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html), and
// besides them what package metric's table promises: its names alone, with their units and dimensions, each once.
package metrictest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"strongroom/pkg/metric"
)

// Limits of the specification.
const (
	maxDocument = 256 << 10
	maxMetrics  = 100
	maxName     = 255
	maxSet      = 9
)

type document struct {
	Timestamp         *float64
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  *string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit *string }

// Values are a line's metrics, by their names.
type Values map[metric.Name]float64

// Read reads a line that has metrics; its error says what is wrong with one.
func Read(line []byte) (Values, error) {
	var root map[string]json.RawMessage
	if err := json.Unmarshal(line, &root); err != nil {
		return nil, fmt.Errorf("not one object: %w", err)
	}
	if len(line) > maxDocument {
		return nil, fmt.Errorf("%d bytes are too many", len(line))
	}
	var d document
	if err := strict(root["_aws"], &d); err != nil {
		return nil, fmt.Errorf("_aws: %w", err)
	}
	if d.Timestamp == nil || d.CloudWatchMetrics == nil {
		return nil, errors.New("_aws lacks Timestamp or CloudWatchMetrics")
	}
	if at := *d.Timestamp; at < 1e12 || at != math.Trunc(at) {
		return nil, fmt.Errorf("the Timestamp %g is not in whole milliseconds", at)
	}
	values := Values{}
	for _, one := range d.CloudWatchMetrics {
		if err := one.read(root, values); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func strict(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (d directive) read(root map[string]json.RawMessage, values Values) error {
	if d.Namespace == nil || *d.Namespace != metric.Namespace {
		return errors.New("the namespace is not Strongroom")
	}
	if len(d.Dimensions) != 1 || len(d.Metrics) == 0 || len(d.Metrics) > maxMetrics {
		return fmt.Errorf("%d sets of dimensions and %d metrics", len(d.Dimensions), len(d.Metrics))
	}
	set := d.Dimensions[0]
	if set == nil || len(set) > maxSet {
		return fmt.Errorf("the dimensions are %v", set)
	}
	for _, dimension := range set {
		var value string
		if err := json.Unmarshal(root[dimension], &value); err != nil || value == "" || len(value) > maxName {
			return fmt.Errorf("the dimension %q is the member %s", dimension, root[dimension])
		}
	}
	for _, m := range d.Metrics {
		if err := m.read(root, strings.Join(set, ","), values); err != nil {
			return err
		}
	}
	return nil
}

func (m definition) read(root map[string]json.RawMessage, dimensions string, values Values) error {
	if m.Name == nil || m.Unit == nil {
		return errors.New("a metric without name or unit")
	}
	name := metric.Name(*m.Name)
	row := metric.Lookup(name)
	want := ""
	if row.PerOperation {
		want = metric.Dimension
	}
	if metric.Unit(*m.Unit) != row.Unit || dimensions != want {
		return fmt.Errorf("%s is in %s by %q", name, *m.Unit, dimensions)
	}
	if _, twice := values[name]; twice {
		return fmt.Errorf("%s is there twice", name)
	}
	var value float64
	if err := json.Unmarshal(root[*m.Name], &value); err != nil {
		return fmt.Errorf("%s is the member %s", name, root[*m.Name])
	}
	values[name] = value
	return nil
}

// Lines reads every line of a log that has metrics, failing the test where one is not as it should be, and where a metric's
// member is not declared one.
func Lines(t testing.TB, log string) []Values {
	t.Helper()
	var all []Values
	for decoder := json.NewDecoder(strings.NewReader(log)); ; {
		var line json.RawMessage
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("the log is not JSON alone: %v: %.300s", err, log)
		}
		if !bytes.Contains(line, []byte(`"_aws"`)) {
			continue
		}
		values, err := Read(line)
		if err != nil {
			t.Errorf("%v: %s", err, line)
			continue
		}
		all = append(all, values)
		undeclared(t, line, values)
	}
}

func undeclared(t testing.TB, line []byte, values Values) {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(line, &root); err != nil {
		t.Fatal(err)
	}
	for _, row := range metric.Table {
		_, is := root[string(row.Name)]
		if _, declared := values[row.Name]; is != declared {
			t.Errorf("%s is a member: %t, and a metric: %t", row.Name, is, declared)
		}
	}
}
