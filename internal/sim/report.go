package sim

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/nurture"
)

// Report is what came of one world, or of several.
type Report struct {
	Seed, Hash uint64
	Worlds     int

	Deliveries int // messages and stream records given to a function
	Messages   int // that the queues took
	Copies     int // how many of them a queue kept once more
	Overtaken  int // given to a function after one that was sent later
	OutOfOrder int // activities that came to the queue after later ones
	Ticks      int // minute ticks that found somebody due
	Calls      int // to store, queues, mail service, webhook
	Faults     int
	ByFault    [faults]int
	ByCall     map[string][faults]int // by function and call; under fine, how often it went well
	Races      int                    // writes that lost to another worker, no fault injected
	Crashes    int

	Activities, Entries, Conflicts, Leads, Merges, Proposals, Publishes, Glances   int
	Revocations, RevokedAhead                                                      int // in ledgers; those that came before what they revoke
	Decisions, Alerts, AlertsTwice, Lists, Digests, Webhooks, Rewritten, Told      int
	Claims, Mails, Texts, Bulks, Bulked, Braked, Unknown, Unsubscribes, EventsLost int
	UnknownLeft                                                                    int // of the unknown, those that did leave
	Abroad                                                                         int // marketing claimed for who said in which zone they are
	Parked, DeadLetters, Redriven, StreamLost                                      int
	Broadcasts, Cancelled, Entered, CastClaims, ClaimsInFence                      int
	Again                                                                          int // delivered once more when all was over

	// Confused are leads of two people, one of whose messages was a dead letter.
	Confused int

	// What must be 0 of mails, and is counted below too: marketing that left
	// twice to somebody; what counts as sent and never left; what left and was
	// told of by an event, and is of unknown fate; unknown and not on the list.
	Twice, None, Unheard, Unlisted int

	// What must be 0.
	Lost, Double, Wrong, Late, Broken int
	Findings                          []string // the first of each world, in words
}

// Sound tells that every promise was kept.
func (r *Report) Sound() bool { return r.Lost+r.Double+r.Wrong+r.Late+r.Broken == 0 }

// Quiet names what never happened, of all that must go on in a simulation that
// proves anything.
func (r *Report) Quiet() (names []string) {
	for _, x := range []struct {
		name string
		n    int
	}{
		{"messages kept twice", r.Copies}, {"messages that others overtook", r.Overtaken}, {"activities after later ones", r.OutOfOrder},
		{"processes that died", r.Crashes}, {"writes that lost to another worker", r.Races}, {"lost stream records", r.StreamLost},
		{"merges", r.Merges}, {"publishes", r.Publishes}, {"revocations", r.Revocations}, {"revocations before what they revoke", r.RevokedAhead},
		{"the same id with another payload", r.Conflicts}, {"replays on the way", r.Glances}, {"decisions", r.Decisions}, {"alerts", r.Alerts}, {"lists of the day's work", r.Digests},
		{"quiet decisions told by a person", r.Told}, {"webhooks", r.Webhooks}, {"mails", r.Mails}, {"bulks of mails", r.Bulks}, {"a brake that shut", r.Braked}, {"unsubscribes", r.Unsubscribes}, {"marketing by another clock", r.Abroad}, {"sends of unknown fate", r.Unknown},
		{"parked messages", r.Parked}, {"dead letters", r.DeadLetters},
	} {
		if x.n == 0 {
			names = append(names, x.name)
		}
	}
	for f := before; f < faults; f++ {
		if r.ByFault[f] == 0 {
			names = append(names, "fault "+f.String())
		}
	}
	return names
}

// Add sums reports; Hash is then that of all traces, in their order.
func (r *Report) Add(o Report) {
	if r.Worlds > 0 {
		o.Hash ^= r.Hash * 0x100000001b3 // as FNV goes on
	}
	r.Hash = o.Hash
	for _, x := range [][2]*int{
		{&r.Worlds, &o.Worlds}, {&r.Deliveries, &o.Deliveries}, {&r.Messages, &o.Messages}, {&r.Copies, &o.Copies}, {&r.Overtaken, &o.Overtaken}, {&r.OutOfOrder, &o.OutOfOrder},
		{&r.Races, &o.Races}, {&r.Confused, &o.Confused}, {&r.Revocations, &o.Revocations}, {&r.RevokedAhead, &o.RevokedAhead}, {&r.Ticks, &o.Ticks}, {&r.Calls, &o.Calls}, {&r.Faults, &o.Faults}, {&r.Crashes, &o.Crashes},
		{&r.Activities, &o.Activities}, {&r.Entries, &o.Entries}, {&r.Conflicts, &o.Conflicts}, {&r.Leads, &o.Leads}, {&r.Merges, &o.Merges},
		{&r.Proposals, &o.Proposals}, {&r.Publishes, &o.Publishes}, {&r.Glances, &o.Glances}, {&r.Decisions, &o.Decisions}, {&r.Alerts, &o.Alerts}, {&r.AlertsTwice, &o.AlertsTwice}, {&r.Lists, &o.Lists}, {&r.Digests, &o.Digests},
		{&r.Webhooks, &o.Webhooks}, {&r.Told, &o.Told}, {&r.Rewritten, &o.Rewritten}, {&r.Claims, &o.Claims}, {&r.Mails, &o.Mails}, {&r.Texts, &o.Texts}, {&r.Bulks, &o.Bulks}, {&r.Bulked, &o.Bulked}, {&r.Braked, &o.Braked}, {&r.Unknown, &o.Unknown},
		{&r.UnknownLeft, &o.UnknownLeft}, {&r.Twice, &o.Twice}, {&r.None, &o.None}, {&r.Unheard, &o.Unheard}, {&r.Unlisted, &o.Unlisted},
		{&r.Unsubscribes, &o.Unsubscribes}, {&r.Abroad, &o.Abroad}, {&r.EventsLost, &o.EventsLost}, {&r.Parked, &o.Parked}, {&r.DeadLetters, &o.DeadLetters},
		{&r.Redriven, &o.Redriven}, {&r.StreamLost, &o.StreamLost},
		{&r.Again, &o.Again}, {&r.Broadcasts, &o.Broadcasts}, {&r.Cancelled, &o.Cancelled}, {&r.Entered, &o.Entered}, {&r.CastClaims, &o.CastClaims}, {&r.ClaimsInFence, &o.ClaimsInFence},
		{&r.Lost, &o.Lost}, {&r.Double, &o.Double}, {&r.Wrong, &o.Wrong}, {&r.Late, &o.Late}, {&r.Broken, &o.Broken},
	} {
		*x[0] += *x[1]
	}
	for i := range r.ByFault {
		r.ByFault[i] += o.ByFault[i]
	}
	if r.ByCall == nil {
		r.ByCall = map[string][faults]int{}
	}
	for call, n := range o.ByCall {
		sum := r.ByCall[call]
		for i := range n {
			sum[i] += n[i]
		}
		r.ByCall[call] = sum
	}
	for _, f := range o.Findings {
		r.Findings = append(r.Findings, fmt.Sprintf("seed %d: %s", o.Seed, f))
	}
}

// Unmet are the pairs of a function's call and a fault that never came
// together, and how many pairs there are.
func (r *Report) Unmet() (unmet []string, pairs int) {
	for _, call := range slices.Sorted(maps.Keys(r.ByCall)) {
		for f := before; f < faults; f++ {
			pairs++
			if r.ByCall[call][f] == 0 {
				unmet = append(unmet, fmt.Sprintf("%s: %s", call, f))
			}
		}
	}
	return unmet, pairs
}

// Write prints the counts, and last the line that counts.
func (r *Report) Write(w io.Writer) {
	var kinds []string
	for f := before; f < faults; f++ {
		kinds = append(kinds, fmt.Sprintf("%s %d", f, r.ByFault[f]))
	}
	fmt.Fprintf(w, "messages %d, kept twice or more %d (%.0f %%), given after later ones %d (%.0f %%); activities sent after later ones %d\n",
		r.Messages, r.Copies, percent(r.Copies, r.Messages), r.Overtaken, percent(r.Overtaken, r.Deliveries), r.OutOfOrder)
	fmt.Fprintf(w, "calls %d; faults %d (%s); processes that died %d; stream records lost %d\n", r.Calls, r.Faults, strings.Join(kinds, ", "), r.Crashes, r.StreamLost)
	unmet, pairs := r.Unmet()
	fmt.Fprintf(w, "calls of a function by fault: %d of %d pairs came together; writes lost to another worker %d\n", pairs-len(unmet), pairs, r.Races)
	fmt.Fprintf(w, "activities %d, in ledgers %d; the same id with another payload %d; leads %d, merged %d, proposed %d; publishes %d; revocations %d, before what they revoke %d; replays on the way %d\n",
		r.Activities, r.Entries, r.Conflicts, r.Leads, r.Merges, r.Proposals, r.Publishes, r.Revocations, r.RevokedAhead, r.Glances)
	fmt.Fprintf(w, "decisions %d; alerts %d, twice because an answer was lost %d; lists of several hot leads %d, of the day's work %d; quiet ones told by a person %d; webhooks %d\n", r.Decisions, r.Alerts, r.AlertsTwice, r.Lists, r.Digests, r.Told, r.Webhooks)
	fmt.Fprintf(w, "claims %d, short messages %d; bulk calls %d; ticks with somebody due %d; brake shut %d times; mail events lost %d; sends of unknown fate, listed %d; unsubscribes answered %d\n",
		r.Claims, r.Texts, r.Bulks, r.Ticks, r.Braked, r.EventsLost, r.Unknown, r.Unsubscribes)
	fmt.Fprintf(w, "broadcasts %d, cancelled %d; people entered %d, claims %d, of them within %s after a cancellation %d\n",
		r.Broadcasts, r.Cancelled, r.Entered, r.CastClaims, nurture.CancelFence, r.ClaimsInFence)
	fmt.Fprintf(w, "parked %d; dead letters %d, brought back %d; leads of two people on one browser, after a dead letter of one %d\n", r.Parked, r.DeadLetters, r.Redriven, r.Confused)
	for _, f := range r.Findings {
		fmt.Fprintln(w, f)
	}
	fmt.Fprintf(w, "%d worlds: %d deliveries, %d faults injected, %d leads, %d mails: lost %d, double %d, score other than its replay %d, mails after an unsubscribe %d, other promises broken %d; trace %016x\n",
		r.Worlds, r.Deliveries, r.Faults, r.Leads, r.Mails, r.Lost, r.Double, r.Wrong, r.Late, r.Broken, r.Hash)
}

func percent(part, of int) float64 { return 100 * float64(part) / float64(max(1, of)) }

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
