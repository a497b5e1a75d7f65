package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on stderr how far something is: a bar for people, a line each
// tenth for a log.
type progress struct {
	bar    *progressbar.ProgressBar
	what   string
	unit   string
	total  int64
	tenths int64
	at     int64
}

// newProgress begins one. A total below 1 is not known.
func newProgress(what, unit string, total int64) *progress {
	p := &progress{what: what, unit: unit, total: total}
	if total < 1 {
		p.total = -1
	}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bar = progressbar.NewOptions64(p.total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(), progressbar.OptionOnCompletion(func() { fmt.Fprintln(os.Stderr) }))
	}
	return p
}

// set says how far it is.
func (p *progress) set(n int64) {
	if p.total > 0 {
		n = min(n, p.total)
	}
	if n <= p.at {
		return
	}
	p.at = n
	if p.bar != nil {
		_ = p.bar.Set64(n) // a terminal that is gone stops no work
		return
	}
	if p.total > 0 && n*10/p.total > p.tenths {
		p.tenths = n * 10 / p.total
		say(fmt.Sprintf("%s: %d of %d %s", p.what, n, p.total, p.unit))
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
