package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// RescoreStore is what rescore needs of a store.
type RescoreStore interface {
	Parker
	PlaybookStore
	DecisionStore
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	ScanLedgers(ctx context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error)
	DueLedgers(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error)
	ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error)
	PutHistory(ctx context.Context, records []ledger.Record) error
	WriteLedgers(ctx context.Context, items []ledger.Item) []store.Written[ledger.Item]
	SaveProgress(ctx context.Context, p store.Progress) error
	FreezeStore
}

// Rescore brings up to date what changes without an activity: scores on the
// day on which time alone changes what follows from them, all scores when a
// playbook was published, and decisions that the stream lost.
type Rescore struct {
	store    RescoreStore
	books    *Books
	jobs     Outbox
	dispatch *Dispatch
	// listed is the last day, and the playbook, of which this process knows that
	// its lists were queued. An invocation runs at a time.
	listed string
}

// NewRescore makes the flow.
func NewRescore(s RescoreStore, jobs, deliveries Outbox) *Rescore {
	return &Rescore{store: s, books: NewBooks(s), jobs: jobs, dispatch: NewDispatch(s, deliveries)}
}

// Kinds of jobs.
const (
	JobReview   = "review"   // leads whose review day has come
	JobPlaybook = "playbook" // all leads, under a published playbook, quietly
	JobFreeze   = "freeze"   // the audience of a broadcast, entered
)

// Segments is how many parts a job over all leads is cut into. They run side by
// side, as far as the queue's concurrency lets them.
const Segments = 4

// scanPage is how many ledgers are read at once: about 100 KiB, 13 read units.
const scanPage = 100

// Job is a message of the jobs queue: one segment of a job over all leads, or,
// with Of 0, the whole of it, to be cut.
type Job struct {
	Format   int    `json:"v"` // 1
	Kind     string `json:"kind"`
	ID       string `json:"job"`                // the same for all its segments
	Playbook uint32 `json:"playbook,omitempty"` // of a playbook job
	Segment  int    `json:"segment"`
	Of       int    `json:"of,omitempty"`
	Page     string `json:"page,omitempty"` // where to go on
	Read     int    `json:"read,omitempty"` // so far
	Changed  int    `json:"changed,omitempty"`
	Quiet    int    `json:"quiet,omitempty"` // decisions that nobody is told of
}

// PlaybookJob is what whoever publishes sends to the jobs queue.
func PlaybookJob(number uint32) Job {
	return Job{Format: 1, Kind: JobPlaybook, ID: fmt.Sprintf("playbook-%d", number), Playbook: number}
}

// Encode gives the bytes of the message.
func (j Job) Encode() []byte {
	b, err := json.Marshal(j)
	if err != nil {
		panic("flow: encode a job: " + err.Error()) // unreachable: plain fields
	}
	return b
}

func decodeJob(body []byte) (Job, error) {
	var j Job
	if err := json.Unmarshal(body, &j); err != nil {
		return j, fmt.Errorf("read job: %w", err)
	}
	switch {
	case j.Format != 1:
		return j, fmt.Errorf("job %.60q has format %d: 1 is known", j.ID, j.Format)
	case j.Kind != JobReview && j.Kind != JobPlaybook && j.Kind != JobFreeze:
		return j, fmt.Errorf("job %.60q is of kind %.30q: %s, %s and %s are known", j.ID, j.Kind, JobReview, JobPlaybook, JobFreeze)
	case j.ID == "" || j.Of < 0 || j.Of > 1000 || j.Segment < 0 || j.Of > 0 && j.Segment >= j.Of:
		return j, fmt.Errorf("job %.60q, segment %d of %d: a job has an id, and segments from 0", j.ID, j.Segment, j.Of)
	}
	return j, nil
}

// Review begins the daily look at all leads: one message a segment.
func (r *Rescore) Review(ctx context.Context, at time.Time) error {
	return r.cut(ctx, Job{Format: 1, Kind: JobReview, ID: "review-" + at.UTC().Format("2006-01-02T15:04")})
}

func (r *Rescore) cut(ctx context.Context, j Job) error {
	bodies := make([][]byte, Segments)
	for i := range bodies {
		j.Segment, j.Of = i, Segments
		bodies[i] = j.Encode()
	}
	return r.jobs.SendAll(ctx, bodies)
}

// RunJob works on one message of the jobs queue until its segment ends or short
// says that the time is nearly up; then the rest goes back to the queue as a
// message of its own. A job that comes twice does its work twice, and changes
// nothing the second time. A nil error means that the message is done with.
func (r *Rescore) RunJob(ctx context.Context, log *slog.Logger, m Message, now time.Time, short func() bool) error {
	j, err := decodeJob(m.Body)
	if err != nil {
		return ParkMessage(ctx, r.store, "jobs", m, err)
	}
	if j.Of == 0 {
		return r.cut(ctx, j)
	}
	c, err := r.books.InForce(ctx)
	if errors.Is(err, ErrNoPlaybook) {
		return nil // no rules, no scores
	}
	if err != nil {
		return err
	}
	if j.Kind == JobPlaybook && c.Number > j.Playbook {
		log.Info("a newer playbook is in force: its own job looks at all leads", "job", j.ID, "inForce", c.Number)
		return nil
	}
	if c.Number < j.Playbook {
		return fmt.Errorf("job %s: playbook %d is not in force yet", j.ID, j.Playbook)
	}
	if j.Kind == JobFreeze {
		return r.freeze(ctx, log, c, j, now, short)
	}
	for {
		items, next, err := r.store.ScanLedgers(ctx, j.Segment, j.Of, scanPage, j.Page)
		if err != nil {
			return err
		}
		changed, quiet, err := r.page(ctx, log, c, j, items, now)
		if err != nil {
			return err
		}
		j.Read, j.Changed, j.Quiet, j.Page = j.Read+len(items), j.Changed+changed, j.Quiet+quiet, next
		if err := r.store.SaveProgress(ctx, store.Progress{
			Job: j.ID, Segment: j.Segment, Of: j.Of, Read: j.Read, Changed: j.Changed, Quiet: j.Quiet, Page: next, Done: next == "", At: now.Unix(),
		}); err != nil {
			return err
		}
		if next == "" {
			log.Info("segment done", "job", j.ID, "segment", j.Segment, "of", j.Of, "read", j.Read, "changed", j.Changed, "quiet", j.Quiet)
			return nil
		}
		if short() {
			return r.jobs.SendAll(ctx, [][]byte{j.Encode()})
		}
	}
}

// page looks at the ledgers of one page and rewrites those that need it.
func (r *Rescore) page(ctx context.Context, log *slog.Logger, c *playbook.Compiled, j Job, items []ledger.Item, now time.Time) (changed, quiet int, err error) {
	today := c.Day(now)
	var states []*ledger.State
	want := store.Wanted{}
	for _, it := range items {
		s, err := ledger.Decode(it)
		if err != nil {
			log.Error("a ledger cannot be read", "lead", it.Lead, "error", err.Error())
			continue
		}
		switch {
		case s.MovedTo != "" || s.Playbook > c.Number:
			continue
		case s.Playbook < c.Number || s.LookBack:
			want.Profiles = append(want.Profiles, s.Lead)
			if s.Known {
				want.Recipients = append(want.Recipients, string(s.Lead))
			}
		case s.Review == 0 || s.Review > today:
			continue
		}
		states = append(states, s)
	}
	if len(states) == 0 {
		return 0, 0, nil
	}
	found, err := r.store.Fetch(ctx, want)
	if err != nil {
		return 0, 0, err
	}
	w := writing{Rescore: r, c: c, now: now}
	for _, s := range states {
		if err := w.one(ctx, s, found); err != nil {
			log.Error("a ledger was not scored again", "lead", s.Lead, "error", err.Error())
		}
	}
	return w.save(ctx, log)
}

// writing gathers what is to be stored of a page.
type writing struct {
	*Rescore
	c       *playbook.Compiled
	now     time.Time
	items   []ledger.Item
	quiet   []int // decisions of each that nobody is told of
	records []ledger.Record
}

// one scores one lead again. Time is no secret, so what it brings is told; what
// a playbook brings is not.
func (w *writing) one(ctx context.Context, s *ledger.State, found store.Found) error {
	shelf, read, before := ledger.Shelf{}, readFrom(ctx, w.store), len(s.Pending)
	if s.Playbook < w.c.Number || s.LookBack {
		p, err := lead.DecodeProfile(found.Profiles[s.Lead].Body)
		if err != nil {
			return err
		}
		if r, ok := found.Recipients[string(s.Lead)]; ok {
			person, err := nurture.Decode(r.ID, r.Body)
			if err != nil {
				return err
			}
			if person.Email != "" || person.Mobile != "" {
				s.Excluded = uint8(w.c.Excluded(person.Email, person.Mobile, ""))
			}
		}
		records, err := upgrade(ctx, w.books, w.c, s, p, shelf, read, w.now)
		if err != nil {
			return err
		}
		w.records = append(w.records, records...)
	} else {
		if err := settleNow(w.c.Rules.Meters(), s, shelf, read); err != nil {
			return err
		}
		conclude(w.c, s, nil, w.now, "")
	}
	item, records, err := s.Finish(w.c.Rules.Meters(), shelf)
	if err != nil {
		return err
	}
	quiet := 0
	for _, p := range s.Pending[min(before, len(s.Pending)):] {
		if p.Quiet {
			quiet++
		}
	}
	w.items, w.quiet, w.records = append(w.items, item), append(w.quiet, quiet), append(w.records, records...)
	return nil
}

// save stores what was gathered. Who lost against another writer is left: that
// one scored the lead as of now.
func (w *writing) save(ctx context.Context, log *slog.Logger) (changed, quiet int, err error) {
	if len(w.items) == 0 {
		return 0, 0, nil
	}
	if len(w.records) > 0 {
		if err := w.store.PutHistory(ctx, w.records); err != nil {
			return 0, 0, err
		}
	}
	for i, res := range w.store.WriteLedgers(ctx, w.items) {
		switch {
		case res.Err == nil:
			changed, quiet = changed+1, quiet+w.quiet[i]
		case errors.Is(res.Err, store.ErrConflict):
			log.Info("a lead was written meanwhile", "lead", w.items[i].Lead)
		default:
			return changed, quiet, res.Err
		}
	}
	return changed, quiet, nil
}
