package tool

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/tool/bank"
)

// WatchedQueue is a queue whose depth can be asked for.
type WatchedQueue interface {
	Outbox
	// Depth is how many messages wait or are in work; it may lag behind.
	Depth(ctx context.Context) (int, error)
}

// Demo sends rows of a bank through the line and holds what comes of them
// against what was sent.
type Demo struct {
	Desk   *Desk
	Queue  WatchedQueue
	Rows   iter.Seq2[bank.Row, error]
	Sample int
	Clock  func() time.Time
	// Patience is how long the queue may stand still.
	Patience time.Duration
	Progress func(what string, done, total int)
}

// DemoReport is what came of a demo.
type DemoReport struct {
	Rows, Activities, Messages int
	Sending, TakingIn          time.Duration // the second from the first message sent
	Checked
}

// OK tells that everything is as sent.
func (r *DemoReport) OK() bool {
	return len(r.Faults) == 0 && r.Leads == r.Rows && r.Entries == r.Activities && r.Conflicts == 0 && r.Equal == r.Replayed && r.Rows > 0
}

// Run runs the demo.
func (d *Demo) Run(ctx context.Context) (DemoReport, error) {
	var out DemoReport
	var rows []bank.Row
	for r, err := range d.Rows {
		if err != nil {
			return out, err
		}
		rows = append(rows, r)
		out.Activities += r.Count()
	}
	out.Rows = len(rows)
	if len(rows) == 0 {
		return out, fmt.Errorf("there are no rows")
	}
	start := d.Clock()
	day, err := d.day(ctx, &rows[0], start)
	if err != nil {
		return out, err
	}
	sent := 0
	err = Pump(ctx, d.Queue, messagesOf(rows, day), func(ms []Message) {
		for _, m := range ms {
			out.Messages++
			sent += m.Activities
		}
		d.Progress("sending", sent, out.Activities)
	})
	if err != nil {
		return out, fmt.Errorf("after %d of %d activities: %w. Run the demo again: what was taken already is not counted twice", sent, out.Activities, err)
	}
	out.Sending = d.Clock().Sub(start)
	if err := d.await(ctx, &out); err != nil {
		return out, err
	}
	out.TakingIn = d.Clock().Sub(start)
	externals := make([]string, len(rows))
	for i := range rows {
		externals[i] = rows[i].External()
	}
	out.Checked, err = d.Desk.Check(ctx, Checking{
		Externals: externals, Sent: func(i int) []activity.Activity { return rows[i].Activities(day) }, Sample: d.Sample, Now: d.Clock(),
		Progress: func(done, total int) { d.Progress("checking", done, total) },
	})
	return out, err
}

// day is that of the first demo on this data, so that the same rows are the
// same activities.
func (d *Demo) day(ctx context.Context, first *bank.Row, now time.Time) (time.Time, error) {
	at, ok, err := d.Desk.sentAt(ctx, first.External(), first.Outcome())
	if err != nil || !ok {
		return now.UTC().Truncate(24 * time.Hour), err
	}
	return first.DayOf(at), nil
}

// messagesOf puts rows into messages, each row into one.
func messagesOf(rows []bank.Row, day time.Time) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		var pack []activity.Activity
		first := 1
		give := func(last int) bool {
			m := Message{Body: activity.Encode(pack), Activities: len(pack), First: first, Last: last}
			pack, first = pack[:0], last+1
			return yield(m)
		}
		for i := range rows {
			list := rows[i].Activities(day)
			if len(pack) > 0 && len(pack)+len(list) > ActivitiesAMessage && !give(i) {
				return
			}
			pack = append(pack, list...)
		}
		if len(pack) > 0 {
			give(len(rows))
		}
	}
}

// await waits until the queue is empty.
func (d *Demo) await(ctx context.Context, out *DemoReport) error {
	least, empty, moved := 1<<62, 0, d.Clock()
	for {
		n, err := d.Queue.Depth(ctx)
		if err != nil {
			return err
		}
		now := d.Clock()
		if n < least {
			least, moved = n, now
		}
		d.Progress("taking in", out.Activities*(out.Messages-min(n, out.Messages))/out.Messages, out.Activities)
		if n > 0 {
			empty = 0
		} else if empty++; empty == 3 { // the depth may lag behind
			return nil
		}
		if now.Sub(moved) > d.Patience {
			return fmt.Errorf("%d messages wait and none was taken in for %s: does the run go on? Its page shows the functions and their errors", n, d.Patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// String is the report as a table.
func (r *DemoReport) String() string {
	var b strings.Builder
	row := func(name, value, note string) { fmt.Fprintf(&b, "%-12s %-22s %s\n", name, value, note) }
	ok := func(yes bool) string {
		if yes {
			return "ok"
		}
		return "NOT OK"
	}
	rate := func(n int, t time.Duration) string {
		return fmt.Sprintf("%.1f s, %.0f a second", t.Seconds(), float64(n)/max(t.Seconds(), 0.001))
	}
	row("rows", count(r.Rows), "")
	row("sent", count(r.Activities)+" activities", rate(r.Activities, r.Sending))
	row("taken in", count(r.Messages)+" messages", rate(r.Activities, r.TakingIn)+" from the first one sent")
	row("leads", count(r.Leads)+" of "+count(r.Rows), ok(r.Leads == r.Rows))
	row("ledger", count(r.Entries)+" of "+count(r.Activities), ok(r.Entries == r.Activities && r.Conflicts == 0))
	row("replay", count(r.Equal)+" of "+count(r.Replayed), ok(r.Equal == r.Replayed)+", score and bytes of sampled leads")
	for _, f := range r.Faults {
		b.WriteString(f + "\n")
	}
	return b.String()
}

// count writes 188130 as 188,130.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
