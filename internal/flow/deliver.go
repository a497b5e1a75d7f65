package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/webhook"
)

// What of a decision was carried out, as its record keeps it.
const (
	doneAlert   = "alert"
	doneClaim   = "alert.claimed" // an alert was begun; its fate may be unknown
	doneBy      = "alert.by"      // who began it, as a number
	doneAgain   = "alert.again"   // it was begun once more, the last time
	doneDoubt   = "alert.unknown" // of neither is it known whether it left
	doneWork    = "work"
	doneWebhook = "webhook"
	doneTrack   = "track"
	doneHold    = "hold"
	doneQuiet   = "quiet"          // listed, told nobody
	doneHeldOut = "track.held_out" // entered, and held out of marketing
)

// AgainError asks for the message to come again after a wait.
type AgainError struct {
	After time.Duration
	Cause error
}

func (e *AgainError) Error() string { return e.Cause.Error() }
func (e *AgainError) Unwrap() error { return e.Cause }

// DeliverStore is what deliver needs of a store.
type DeliverStore interface {
	ReadDecision(ctx context.Context, key store.DecisionKey) (store.Decision, error)
	WriteDecision(ctx context.Context, d store.Decision) error
	ReadLedger(ctx context.Context, id lead.ID) (ledger.Item, error)
	ReadProfile(ctx context.Context, id lead.ID) (store.Profile, error)
	Park(ctx context.Context, p store.Parked) error
	ReadCount(ctx context.Context, name string) (int, error)
	AddCount(ctx context.Context, name string, was int) error
	AlertStore
	WorkLister
	HistoryReader
	RecipientStore
	WorkStore
}

// Deliver carries decisions out. Each part of one is done once under the
// decision's key, and what was done is written on its record.
type Deliver struct {
	Store    DeliverStore
	Playbook func(ctx context.Context) (*playbook.Compiled, error)
	Send     func(ctx context.Context, m mail.Message) (mail.Fate, error)
	// Webhook posts a body under an id; nil when the business has none.
	Webhook func(ctx context.Context, id string, body []byte, now time.Time) error
	// Attempt names this invocation: it marks its claims.
	Attempt    string
	From       string
	Sales      string // where alerts go
	ConsoleURL string
	Log        *slog.Logger
}

// Handle carries out one message. A nil error means that all of it is done, or
// that the message is parked; *AgainError says when it should come again.
func (d *Deliver) Handle(ctx context.Context, m Message, now time.Time) error {
	msg, err := DecodeDelivery(m.Body)
	if err != nil {
		return ParkMessage(ctx, d.Store, "deliveries", m, err)
	}
	if msg.Kind == messageKind {
		return d.message(ctx, msg, now)
	}
	key := store.DecisionKey{Lead: msg.Lead, Kind: msg.Kind, Subject: msg.Subject, N: msg.N}
	rec, err := d.Store.ReadDecision(ctx, key)
	if errors.Is(err, store.ErrNotFound) && msg.Kind == digestKind {
		rec, err = d.begin(ctx, key, msg)
	}
	if errors.Is(err, store.ErrNotFound) {
		// The queue took the message before dispatch wrote the record: it comes.
		return &AgainError{5 * time.Second, fmt.Errorf("decision %s has no record yet", key)}
	}
	if err != nil {
		return fmt.Errorf("deliver %s: %w", key, err)
	}
	c, err := d.Playbook(ctx)
	if err != nil {
		return fmt.Errorf("deliver %s: %w", key, err)
	}
	j := &job{Deliver: d, ctx: ctx, c: c, msg: msg, rec: rec, now: now}
	err = j.run()
	if saved := j.save(); saved != nil && err == nil {
		err = saved
	}
	if err != nil {
		return fmt.Errorf("deliver %s: %w", key, err)
	}
	d.Log.Info("decision carried out", "decision", key.String(), "done", slices.Sorted(maps.Keys(j.rec.Done)))
	return nil
}

// job is one decision being carried out.
type job struct {
	*Deliver
	ctx context.Context
	c   *playbook.Compiled
	msg Delivery
	rec store.Decision
	now time.Time

	dirty bool
}

func (j *job) did(what string) bool { return j.rec.Done[what] != 0 }

func (j *job) mark(what string) {
	j.rec.Done = with(j.rec.Done, what, j.now.Unix())
	j.dirty = true
}

func with(m map[string]int64, key string, v int64) map[string]int64 {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]int64{}
	}
	m[key] = v
	return m
}

// save writes what was done. A conflict brings the message again: what was done
// meanwhile is then seen.
func (j *job) save() error {
	if !j.dirty {
		return nil
	}
	if err := j.Store.WriteDecision(j.ctx, j.rec); err != nil {
		return err
	}
	j.rec.Version++
	j.dirty = false
	return nil
}

// run does what is not done yet. Every part is tried, so that a webhook that is
// down holds nobody's alert up.
func (j *job) run() error {
	if j.msg.Quiet {
		if !j.did(doneQuiet) {
			j.mark(doneQuiet)
		}
		return nil
	}
	var errs []error
	part := func(name string, do func() error) {
		if j.did(name) {
			return
		}
		if err := do(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			return
		}
		j.mark(name)
	}
	switch j.msg.Kind {
	case decision.Handover, decision.FastLane:
		if err := j.tellSales(part); err != nil {
			errs = append(errs, fmt.Errorf("alert: %w", err))
		}
	case digestKind:
		if !j.did(doneAlert) {
			if err := j.digest(); err != nil {
				errs = append(errs, fmt.Errorf("digest: %w", err))
			}
		}
	case decision.Withdrawn:
		part(doneWork, j.takeBack)
	case decision.Stage:
		part(doneHold, j.hold)
	case decision.Enroll:
		part(doneTrack, j.enroll)
	case decision.Unenroll:
		part(doneTrack, j.unenroll)
	case decision.Talk:
		part(doneHold, j.talk)
	case decision.Wake:
		part(doneTrack, j.wake)
	}
	if j.Webhook != nil && hooked[j.msg.Kind] {
		part(doneWebhook, j.post)
	}
	if len(errs) == 0 && j.rec.Rank != "" { // a person had it told after all: that is done
		j.rec.Rank, j.dirty = "", true
	}
	return errors.Join(errs...)
}

// hooked are the decisions that the business's webhook hears of.
var hooked = map[string]bool{decision.Handover: true, decision.FastLane: true, decision.Withdrawn: true, decision.Stage: true, decision.Audience: true}

// toldByFastLane says that sales hears of this hand-over by another decision of
// the same moment: one person asking for a demo is one alert. Of a quiet one
// that a person picked it may be the only word.
func (j *job) toldByFastLane() bool {
	if j.did(doneTold) {
		return false
	}
	r, err := decision.DecodeReason(j.msg.ReasonBytes())
	return err == nil && j.msg.Kind == decision.Handover && r.Asked
}

// work puts the lead on the work list.
func (j *job) work() error {
	within := time.Duration(j.c.Sales.HandoverHours) * time.Hour
	if j.msg.Kind == decision.FastLane {
		within = time.Duration(j.c.Sales.FastMinutes) * time.Minute
	}
	return AddWork(j.ctx, j.Store, j.msg.Lead, WorkReason{
		ID: j.msg.Key, Kind: j.msg.Kind, Why: j.msg.Reason, Total: j.msg.Total, At: j.msg.At.Unix(), Due: j.c.Nurture.WorkDue(j.now, within).Unix(),
	})
}

// holding changes the recipient. One of whom no address is known is made when
// marketing must wait: the address may come later.
func (j *job) holding(hold bool, change func(*nurture.Recipient) bool) error {
	if hold {
		return upsert(j.ctx, j.Store, string(j.msg.Lead), change)
	}
	return j.existing(change)
}

// existing changes the recipient if there is one.
func (j *job) existing(change func(*nurture.Recipient) bool) error {
	err := follow(j.ctx, j.Store, string(j.msg.Lead), change)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// post sends the decision to the business's webhook, with the decision's key
// as its id however often it is tried.
func (j *job) post() error {
	body, err := json.Marshal(map[string]any{
		"type": "lead." + j.msg.Kind, "timestamp": j.msg.At,
		"data": map[string]any{
			"lead": j.msg.Lead, "kind": j.msg.Kind, "subject": j.msg.Subject, "n": j.msg.N, "reason": j.msg.Reason,
			"total": j.msg.Total, "fit": j.msg.Fit, "playbook": j.msg.Playbook, "url": j.leadURL(),
		},
	})
	if err != nil {
		return err
	}
	err = j.Webhook(j.ctx, "dec_"+tag(j.msg.Key), body, j.now)
	var later *webhook.Later
	switch {
	case errors.As(err, &later):
		return &AgainError{max(later.After, time.Minute), err}
	case errors.Is(err, webhook.ErrRefused), errors.Is(err, webhook.ErrGone):
		j.Log.Error("webhook switched off for this decision", "decision", j.msg.Key, "error", err.Error())
		return nil
	}
	return err
}

func (j *job) leadURL() string { return j.ConsoleURL + "/#/leads/" + string(j.msg.Lead) }

// wait is the backoff of the n-th try: a minute, then twice as long, at most
// six hours, so that a receiver may be down for days.
func wait(attempt int) time.Duration {
	return min(time.Minute<<min(max(attempt-1, 0), 10), 6*time.Hour)
}

// Again gives how long a failed message should stay out of sight, as whole
// seconds that SQS takes.
func Again(err error, attempt int) time.Duration {
	var again *AgainError
	after := wait(attempt)
	switch soon := attempt <= 3; {
	case errors.As(err, &again) && soon:
		after = again.After
	case errors.As(err, &again):
		after = max(again.After, wait(attempt-2))
	case errors.Is(err, store.ErrConflict) && soon: // a neighbor wrote first, and has written by now
		after = 2 * time.Second
	}
	return min(max(after, time.Second), 12*time.Hour)
}
