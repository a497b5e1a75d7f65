package sim

import (
	"fmt"
	"io"
	"strings"
)

// Report is what came of one world, or of several.
type Report struct {
	Seed, Hash uint64
	Worlds     int

	Deliveries int // messages and stream records given to a function
	Ticks      int // minute ticks that found somebody due
	Calls      int // to store, queues, mail service, webhook
	Faults     int
	ByFault    [faults]int
	Crashes    int

	Activities, Entries, Conflicts, Leads, Merges, Proposals, Publishes, Glances int
	Decisions, Alerts, AlertsTwice, Webhooks, Rewritten                          int
	Claims, Mails, Unknown, Unsubscribes, EventsLost                             int
	Parked, DeadLetters, Redriven, StreamLost                                    int

	// What must be 0.
	Lost, Double, Wrong, Late, Broken int
	Findings                          []string // the first of each world, in words
}

// Sound tells that every promise was kept.
func (r *Report) Sound() bool { return r.Lost+r.Double+r.Wrong+r.Late+r.Broken == 0 }

// Add sums reports.
func (r *Report) Add(o Report) {
	for _, x := range [][2]*int{
		{&r.Worlds, &o.Worlds}, {&r.Deliveries, &o.Deliveries}, {&r.Ticks, &o.Ticks}, {&r.Calls, &o.Calls}, {&r.Faults, &o.Faults}, {&r.Crashes, &o.Crashes},
		{&r.Activities, &o.Activities}, {&r.Entries, &o.Entries}, {&r.Conflicts, &o.Conflicts}, {&r.Leads, &o.Leads}, {&r.Merges, &o.Merges},
		{&r.Proposals, &o.Proposals}, {&r.Publishes, &o.Publishes}, {&r.Glances, &o.Glances}, {&r.Decisions, &o.Decisions}, {&r.Alerts, &o.Alerts}, {&r.AlertsTwice, &o.AlertsTwice},
		{&r.Webhooks, &o.Webhooks}, {&r.Rewritten, &o.Rewritten}, {&r.Claims, &o.Claims}, {&r.Mails, &o.Mails}, {&r.Unknown, &o.Unknown},
		{&r.Unsubscribes, &o.Unsubscribes}, {&r.EventsLost, &o.EventsLost}, {&r.Parked, &o.Parked}, {&r.DeadLetters, &o.DeadLetters},
		{&r.Redriven, &o.Redriven}, {&r.StreamLost, &o.StreamLost},
		{&r.Lost, &o.Lost}, {&r.Double, &o.Double}, {&r.Wrong, &o.Wrong}, {&r.Late, &o.Late}, {&r.Broken, &o.Broken},
	} {
		*x[0] += *x[1]
	}
	for i := range r.ByFault {
		r.ByFault[i] += o.ByFault[i]
	}
	for _, f := range o.Findings {
		r.Findings = append(r.Findings, fmt.Sprintf("seed %d: %s", o.Seed, f))
	}
}

// Write prints the counts, and last the line that counts.
func (r *Report) Write(w io.Writer) {
	var kinds []string
	for f := before; f < faults; f++ {
		kinds = append(kinds, fmt.Sprintf("%s %d", f, r.ByFault[f]))
	}
	fmt.Fprintf(w, "calls %d; faults %d (%s); processes that died %d; stream records lost %d\n", r.Calls, r.Faults, strings.Join(kinds, ", "), r.Crashes, r.StreamLost)
	fmt.Fprintf(w, "activities %d, in ledgers %d; the same id with another payload %d; leads %d, merged %d, proposed %d; publishes %d; replays on the way %d\n",
		r.Activities, r.Entries, r.Conflicts, r.Leads, r.Merges, r.Proposals, r.Publishes, r.Glances)
	fmt.Fprintf(w, "decisions %d; alerts %d, twice because an answer was lost %d; webhooks %d\n", r.Decisions, r.Alerts, r.AlertsTwice, r.Webhooks)
	fmt.Fprintf(w, "claims %d; ticks with somebody due %d; mail events lost %d; sends of unknown fate, listed %d; unsubscribes answered %d\n",
		r.Claims, r.Ticks, r.EventsLost, r.Unknown, r.Unsubscribes)
	fmt.Fprintf(w, "parked %d; dead letters %d, brought back %d\n", r.Parked, r.DeadLetters, r.Redriven)
	for _, f := range r.Findings {
		fmt.Fprintln(w, f)
	}
	fmt.Fprintf(w, "%d worlds: %d deliveries, %d faults injected, %d leads, %d mails: lost %d, double %d, score other than its replay %d, mails after an unsubscribe %d, other promises broken %d\n",
		r.Worlds, r.Deliveries, r.Faults, r.Leads, r.Mails, r.Lost, r.Double, r.Wrong, r.Late, r.Broken)
}

// maxFindings is how many are told of one world.
const maxFindings = 12

func (w *World) find(count *int, format string, args []any) {
	*count++
	if len(w.report.Findings) < maxFindings {
		w.report.Findings = append(w.report.Findings, fmt.Sprintf(format, args...))
	}
	w.note("finding", fmt.Sprintf(format, args...), "")
}

func (w *World) lost(format string, args ...any)   { w.find(&w.report.Lost, format, args) }
func (w *World) double(format string, args ...any) { w.find(&w.report.Double, format, args) }
func (w *World) wrong(format string, args ...any)  { w.find(&w.report.Wrong, format, args) }
func (w *World) late(format string, args ...any)   { w.find(&w.report.Late, format, args) }
func (w *World) broken(format string, args ...any) { w.find(&w.report.Broken, format, args) }
