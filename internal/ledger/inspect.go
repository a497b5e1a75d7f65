package ledger

import (
	"fmt"
	"io"
	"strings"

	"github.com/sarnakh/sarnakh/internal/signal"
)

// Inspect writes the compact bytes of a state as text for people, a line a fact.
// name gives a signal's name; nil writes numbers. It never shows the values of
// properties: they may be personal, and the log shows them to who may see it.
func (s *State) Inspect(w io.Writer, name func(signal.Number) string) error {
	if name == nil {
		name = func(n signal.Number) string { return fmt.Sprintf("signal %d", n) }
	}
	it := s.item()
	var b strings.Builder
	fmt.Fprintf(&b, "lead %s version %d playbook %d meters %08x\n", s.Lead, s.Version, s.Playbook, s.print)
	fmt.Fprintf(&b, "item %d bytes, %d of them blob, format %d\n", it.Size(), len(it.Blob), format)
	fmt.Fprintf(&b, "log %d entries, days %s to %s, %d conflicts\n", s.entries, date(s.first), date(s.high), s.conflicts)
	fmt.Fprintf(&b, "card total %d fit %d grade %d persona %d stage %d excluded %d known %t review %s band %q\n",
		s.Total, s.Fit, s.Grade, s.Persona, s.Stage, s.Excluded, s.Known, date(s.Review), s.Band)
	fmt.Fprintf(&b, "profile %x audience %x memory %x\n", []byte(s.Profile), []byte(s.Audience), s.Memory)
	for _, p := range s.Pending {
		fmt.Fprintf(&b, "pending %s %s n %d at %d quiet %t reason of %d bytes\n", p.Kind, p.Name, p.N, p.At, p.Quiet, len(p.Reason))
	}
	if s.MovedTo != "" {
		fmt.Fprintf(&b, "moved to %s\n", s.MovedTo)
	}
	for i := range s.registers {
		r := &s.registers[i]
		fmt.Fprintf(&b, "register %s", registerName(r.signal, name))
		if r.count != 0 {
			fmt.Fprintf(&b, " count %d last %s", r.count, date(r.last))
		}
		fmt.Fprintf(&b, " used %d sum %d", r.used, r.sum)
		for _, c := range r.cells {
			fmt.Fprintf(&b, " %s:%d", date(c.day), c.count)
		}
		b.WriteByte('\n')
	}
	for _, p := range s.pages {
		fmt.Fprintf(&b, "page %s of %s\n", p.page().Key, p.owner)
	}
	if len(s.filter) > 0 {
		fmt.Fprintf(&b, "filter of %d ids\n", len(s.filter))
	}
	for _, p := range s.runs {
		fmt.Fprintf(&b, "run %s of %s, %d ids in %d blocks\n", p.run().Key, p.owner, p.ids, p.blocks)
	}
	if s.spilled != 0 {
		fmt.Fprintf(&b, "newest time-ordered id outside the tail %d, in a run %d\n", s.spilled, s.ran)
	}
	for _, k := range s.revoked {
		fmt.Fprintf(&b, "revoked before it came %016x\n", k)
	}
	for i := range s.tail {
		inspectEntry(&b, &s.tail[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// InspectRecord writes a page, run or id block as text.
func InspectRecord(w io.Writer, r Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s, %d bytes\n", r.Key, r.Lead, r.Size())
	switch {
	case len(r.Body) > 1 && r.Body[1] == bodyPage:
		entries, err := readPage(r.Body)
		if err != nil {
			return err
		}
		for i := range entries {
			inspectEntry(&b, &entries[i])
		}
	case len(r.Body) > 1 && r.Body[1] == bodyRun:
		x, err := readRun(r.Body)
		if err != nil {
			return err
		}
		for _, p := range x.pages {
			fmt.Fprintf(&b, "page %s of %s\n", p.page().Key, p.owner)
		}
		for _, c := range x.tally {
			fmt.Fprintf(&b, "cell signal %d day %s count %d\n", c.Signal, date(c.Day), c.Count)
		}
		inspectIDs(&b, x.ids)
	default:
		ids, err := readBlock(r.Body)
		if err != nil {
			return err
		}
		inspectIDs(&b, ids)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func inspectIDs(b *strings.Builder, ids []id) {
	for _, x := range ids {
		fmt.Fprintf(b, "id %016x payload ..%02x\n", x.key, x.check)
	}
}

func inspectEntry(b *strings.Builder, e *Entry) {
	fmt.Fprintf(b, "entry %016x payload %08x %s at %d received %d day %s hits %v properties of %d bytes",
		e.Key, e.PayloadHash, e.Type, e.At, e.Received, date(e.Day), e.Hits, len(e.Packed))
	if e.Made != 0 {
		fmt.Fprintf(b, " made %d", e.Made)
	}
	if e.Flags != 0 {
		fmt.Fprintf(b, " flags %d", e.Flags)
	}
	if e.Owner != "" {
		fmt.Fprintf(b, " of %s", e.Owner)
	}
	if e.Points != 0 {
		fmt.Fprintf(b, " adjusts %+d until %s", e.Points, date(e.Until))
	}
	if e.Revokes != 0 {
		fmt.Fprintf(b, " revokes %016x", e.Revokes)
	}
	if e.undone() {
		fmt.Fprintf(b, " and takes out %v and %d points", e.undoHits, e.undoPoints)
	}
	if e.Revoked {
		b.WriteString(" revoked")
	}
	b.WriteByte('\n')
}

func registerName(n signal.Number, name func(signal.Number) string) string {
	if n == Manual {
		return "adjustments"
	}
	return name(n)
}
