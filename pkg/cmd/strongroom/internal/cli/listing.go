package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"strongroom/pkg/client/config"
)

// A listing is what a command shows: rows for people, or the same as JSON for programs.
type listing struct {
	// header names the columns. Without rows nothing is shown of it.
	header []string
	rows   [][]string
	// data is what --output json shows.
	data any
}

// show prints a listing on standard output, as --output or the settings ask for.
func (m *Main) show(settings *config.Config, l listing) error {
	if m.wantsJSON(settings) {
		return m.showJSON(l.data)
	}
	return m.showTable(l)
}

// did says what was changed, and prints it where JSON is asked for.
func (m *Main) did(s *session, data any, format string, args ...any) error {
	m.sayf(format, args...)
	return m.showChanged(s, data)
}

// showChanged prints what was changed, where JSON is asked for. That it can't be printed is no reason to do it again.
func (m *Main) showChanged(s *session, data any) error {
	if !m.wantsJSON(s.settings) {
		return nil
	}
	return doneBut(m.showJSON(data))
}

// doneBut adds to why something can't be printed that it was done.
func doneBut(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("it was done, and can't be shown: %w", err)
}

// wantsJSON says whether --output, or else the settings, ask for JSON.
func (m *Main) wantsJSON(settings *config.Config) bool {
	form := config.Output(m.output)
	if form == "" && settings != nil {
		form = settings.Output
	}
	return form == config.OutputJSON
}

// checkOutput refuses an --output that is none, before anything is done.
func (m *Main) checkOutput() error {
	switch config.Output(m.output) {
	case "", config.OutputTable, config.OutputJSON:
		return nil
	}
	return usage("--output must be table or json, not %q", m.output)
}

// counted is a number and what it counts.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// moment is a time as tables show it.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// collect is everything that a list yields; never nil, which JSON would show as null.
func collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	all := []T{}
	for entry, err := range list {
		if err != nil {
			return nil, err
		}
		all = append(all, entry)
	}
	return all, nil
}

// showJSON prints JSON, indented for a terminal.
func (m *Main) showJSON(data any) error {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(data); err != nil {
		return err
	}
	return m.printBody([]byte(text.String()))
}

// maxPadded is how wide a column gets on a terminal: one long name pushes its own line alone to the right.
const maxPadded = 40

// showTable aligns the rows. Names come from elsewhere: a character that would move a terminal's cursor is left out.
func (m *Main) showTable(l listing) error {
	if len(l.rows) == 0 {
		return nil
	}
	rows := l.rows
	if len(l.header) > 0 {
		rows = append([][]string{l.header}, rows...)
	}
	widest := math.MaxInt
	if isTerminal(m.Stdout) {
		widest = maxPadded
	}
	lines := aligned(rows, widest)
	if len(l.header) > 0 && m.coloured(m.Stdout) {
		lines[0] = "\x1b[1m" + lines[0] + "\x1b[0m"
	}
	_, err := io.WriteString(m.Stdout, strings.Join(lines, "\n")+"\n")
	return err
}

// aligned pads the cells of each column to the same width on a screen, where a character takes no, one or two places. A
// cell beyond widest is padded no further, and widens no other.
func aligned(rows [][]string, widest int) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if width := uniseg.StringWidth(visible(cell)); width <= widest {
				widths[i] = max(widths[i], width)
			}
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		var line strings.Builder
		for j, cell := range row {
			cell = visible(cell)
			line.WriteString(cell + strings.Repeat(" ", max(0, widths[j]-uniseg.StringWidth(cell))+2))
		}
		lines[i] = strings.TrimRight(line.String(), " ")
	}
	return lines
}
