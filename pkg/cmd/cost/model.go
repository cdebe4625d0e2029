package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"strongroom/pkg/operation"
)

// A model is what is counted and what it is sold for.
type model struct {
	budgets budgets
	prices  prices
	used    map[string]bool // names of prices that were asked for
}

// budgets is testdata/budgets.json.
type budgets struct {
	Bytes      map[string]float64 `json:"bytes"`
	Operations []budget           `json:"operations"`
}

type budget struct {
	Operation  operation.Name `json:"operation"`
	What       string         `json:"what"`
	Trips      float64        `json:"trips"`
	ReadUnits  float64        `json:"readUnits"`
	WriteUnits float64        `json:"writeUnits"`
}

// prices is testdata/prices.json.
type prices struct {
	Region string           `json:"region"`
	Taken  string           `json:"taken"`
	Note   string           `json:"note"`
	Prices map[string]price `json:"prices"`
}

type price struct {
	USD    float64 `json:"usd"`
	Per    float64 `json:"per"`
	What   string  `json:"what"`
	Source string  `json:"source"`
	Seen   string  `json:"seen"`
}

// read reads both files of a folder.
func read(folder string) (*model, error) {
	m := &model{used: map[string]bool{}}
	for name, into := range map[string]any{"budgets.json": &m.budgets, "prices.json": &m.prices} {
		text, err := os.ReadFile(filepath.Join(folder, name)) //nolint:gosec // the two files named above
		if err != nil {
			return nil, fmt.Errorf("%w; run it where the Makefile is", err)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(into); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return m, nil
}

// of is what n of something cost.
func (m *model) of(name string, n float64) float64 {
	p, ok := m.prices.Prices[name]
	if !ok {
		panic("cost: there is no price of " + name)
	}
	m.used[name] = true
	return n * p.USD / p.Per
}

// bytes is the size of something.
func (m *model) bytes(name string) float64 {
	size, ok := m.budgets.Bytes[name]
	if !ok {
		panic("cost: the size of " + name + " was not counted")
	}
	return size
}

// budget is what an operation does.
func (m *model) budget(name operation.Name, what string) budget {
	for _, b := range m.budgets.Operations {
		if b.Operation == name && b.What == what {
			return b
		}
	}
	panic(fmt.Sprintf("cost: %s %q was not counted", name, what))
}

// A cost is what something costs, by what is paid for.
type cost struct{ api, lambda, table, logs float64 }

func (c cost) sum() float64 { return c.api + c.lambda + c.table + c.logs }

func (c cost) times(n float64) cost { return cost{c.api * n, c.lambda * n, c.table * n, c.logs * n} }

// duration is how long an operation takes, in seconds.
func (b budget) duration() float64 {
	return (b.Trips*perTrip + b.ReadUnits*perReadUnit + besides) / 1000
}

// once is what an operation costs once, warm.
func (m *model) once(b budget) cost {
	c := m.invocation(b.duration())
	c.table = m.of("readUnit", b.ReadUnits) + m.of("writeUnit", b.WriteUnits)
	if _, routed := operation.MustLookup(b.Operation).Trigger.(operation.HTTP); routed {
		c.api = m.of("httpApiRequest", 1)
		c.logs += m.of("logGB", accessBytes/gb)
	}
	return c
}

// invocation is what a function costs that runs so many seconds, and its lines.
func (m *model) invocation(seconds float64) cost {
	return cost{
		lambda: m.of("lambdaRequest", 1) + m.of("lambdaGBSecond", seconds*memory),
		logs:   m.of("logGB", (lineBytes+platformBytes)/gb),
	}
}

// kept is what a gigabyte costs that is in the table all month, and in its backup.
func (m *model) kept(bytes float64) float64 {
	return m.of("tableGBMonth", bytes/gb) + m.of("backupGBMonth", bytes/gb)
}

// writeUnits are those of putting or deleting one item of that size as it is stored.
func writeUnits(stored float64) float64 { return math.Max(1, math.Ceil((stored-100)/1024)) }
