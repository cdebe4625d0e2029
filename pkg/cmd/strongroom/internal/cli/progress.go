package cli

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressInterval is how often the bar is drawn at most.
const progressInterval = 100 * time.Millisecond

// A progress shows how far long work is, on standard error where that is a terminal. It may be used by several goroutines.
type progress struct{ bar *progressbar.ProgressBar }

// progress begins to show how many of total are done. Work too short to be waited for shows nothing.
func (m *Main) progress(total int, what string) progress {
	if !isTerminal(m.Stderr) || total < 50 {
		return progress{}
	}
	return progress{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(m.Stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionFullWidth(),
		progressbar.OptionEnableColorCodes(false),
		progressbar.OptionThrottle(progressInterval),
		progressbar.OptionOnCompletion(func() { _, _ = fmt.Fprintln(m.Stderr) }),
	)}
}

// step says that one more is done.
func (p progress) step() {
	if p.bar != nil {
		_ = p.bar.Add(1) // fails where the terminal does
	}
}

// stop leaves the bar as it is.
func (p progress) stop() {
	if p.bar != nil && !p.bar.IsFinished() {
		_ = p.bar.Exit()
	}
}
