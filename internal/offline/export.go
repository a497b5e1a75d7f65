package offline

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// Exported is the first line of an exported lead: what its card needs and the
// log does not say.
type Exported struct {
	Format   string          `json:"format"` // sarnakh.lead/1
	Lead     lead.ID         `json:"lead"`
	Playbook uint32          `json:"playbook"` // whose signals the entries name
	Known    bool            `json:"known,omitempty"`
	Stage    uint8           `json:"stage,omitempty"`
	Excluded uint8           `json:"excluded,omitempty"`
	Profile  []signal.Number `json:"profile,omitempty"`  // signals that hold
	Audience []signal.Number `json:"audience,omitempty"` // by their numbers
	Memory   []byte          `json:"memory,omitempty"`
	Entries  int             `json:"entries"`
}

const exportFormat = "sarnakh.lead/1"

// Write writes a lead as NDJSON: Exported, then its whole log, a ledger.Row a
// line, in its order.
func Write(out io.Writer, c *playbook.Compiled, s *ledger.State, log []ledger.Entry) error {
	w := bufio.NewWriter(out)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	x := Exported{Format: exportFormat, Lead: s.Lead, Playbook: c.Number, Known: s.Known, Stage: s.Stage, Excluded: s.Excluded, Memory: s.Memory, Entries: len(log)}
	for n := signal.Number(1); n <= signal.MaxNumber; n++ {
		if s.Profile.Has(n) {
			x.Profile = append(x.Profile, n)
		}
		if s.Audience.Has(n) {
			x.Audience = append(x.Audience, n)
		}
	}
	if err := e.Encode(x); err != nil {
		return err
	}
	for i := range log {
		row, err := log[i].Export(c.Dictionary)
		if err != nil {
			return err
		}
		if err := e.Encode(row); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Replay reads an exported lead and makes its ledger anew from the log, under
// the playbook that the export names: the same ids, tally and registers, and so
// the same card on every day.
func Replay(c *playbook.Compiled, in io.Reader) (*ledger.State, error) {
	r := bufio.NewReaderSize(in, 1<<20)
	var x Exported
	var entries []ledger.Entry
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read line %d: %w", n, err)
		}
		switch {
		case len(line) == 0:
		case n == 1:
			if bad := json.Unmarshal(line, &x); bad != nil || x.Format != exportFormat {
				return nil, fmt.Errorf("line 1 is no export of a lead: it says %q, and %q is known", x.Format, exportFormat)
			}
			if x.Playbook != c.Number {
				return nil, fmt.Errorf("the export names signals of playbook %d, this is %d", x.Playbook, c.Number)
			}
		default:
			e, bad := ledger.ParseRow(line)
			if bad != nil {
				return nil, fmt.Errorf("line %d: %w", n, bad)
			}
			entries = append(entries, e)
		}
		if err != nil {
			break
		}
	}
	if x.Format == "" {
		return nil, errors.New("the export is empty")
	}
	if len(entries) != x.Entries {
		return nil, fmt.Errorf("the export has %d of %d entries: it was cut off", len(entries), x.Entries)
	}
	s, err := ledger.Replay(x.Lead, c.Rules.Meters(), entries)
	if err != nil {
		return nil, err
	}
	s.Playbook, s.Known, s.Stage, s.Excluded, s.Memory = x.Playbook, x.Known, x.Stage, x.Excluded, x.Memory
	for _, n := range x.Profile {
		s.Profile = s.Profile.With(n)
	}
	for _, n := range x.Audience {
		s.Audience = s.Audience.With(n)
	}
	return s, nil
}
