package sim

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/ledger"
)

// past is all that was ever put into the queues and the stream, kept where the
// world is asked to deliver it once more.
type past struct {
	messages map[*queue][][]byte
	stream   []ledger.Item
}

// redeliver brings every message, every dead letter and every record of the
// stream once more, from the first on, when all is over: at once, and after a
// season in which nobody did anything. No schedule ticks meanwhile, so whatever
// happens comes of the delivery. No mail may leave, nobody may be told, and
// every record must stay as it is, to the last byte; but for
//   - a message that cannot be used: it is another message now, and is parked
//     under its own name;
//   - the progress of a job: it tells when the job was done last.
func (w *World) redeliver() {
	for _, later := range []time.Duration{0, 100 * 24 * time.Hour} {
		w.until(w.now.Add(later))
		w.settle()
		w.halted = true
		was, mails, hooks := w.mem.Dump(), w.post.n, w.report.Webhooks
		for _, q := range w.queues() {
			for _, body := range slices.Concat(w.past.messages[q], q.died) {
				q.put(body)
				w.report.Again++
			}
		}
		for _, it := range w.past.stream {
			w.stream.put(it)
			w.report.Again++
		}
		w.settle()
		for _, q := range w.queues() {
			for _, m := range append(q.waiting(), q.dead...) {
				w.broken("message %s, delivered once more, never ends", m.id)
			}
		}
		if w.post.n != mails || w.report.Webhooks != hooks {
			w.broken("all that ever came was delivered again %s later: %d mails left, %d webhooks were posted", later, w.post.n-mails, w.report.Webhooks-hooks)
		}
		is := w.mem.Dump()
		for _, key := range slices.Sorted(maps.Keys(is)) {
			kind, _, _ := strings.Cut(key, " ")
			if is[key] != was[key] && kind != "parked" && kind != "progress" {
				w.broken("all that ever came was delivered again %s later, and %s changed from %s to %s", later, key, was[key], is[key])
			}
		}
		if len(is) < len(was) {
			w.broken("all that ever came was delivered again %s later, and %d records are gone", later, len(was)-len(is))
		}
		w.halted = false
	}
}

// settle lets the world go on until nobody is in the middle of something.
func (w *World) settle() {
	for range 24 * 60 {
		w.until(w.now.Add(time.Minute))
		if !w.working() && w.stream.next().IsZero() {
			return
		}
	}
}
