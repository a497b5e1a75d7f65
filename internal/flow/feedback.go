package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Feedback turns what SES says of a mail into evidence on the recipient, and
// bounces and complaints into suppression.
type Feedback struct {
	Store interface {
		RecipientStore
		Park(ctx context.Context, p store.Parked) error
		ReadDecision(ctx context.Context, key store.DecisionKey) (store.Decision, error)
		WriteDecision(ctx context.Context, d store.Decision) error
		SendingStore
	}
	// Queue takes an activity message.
	Queue func(ctx context.Context, body []byte) error
	Log   *slog.Logger
}

// sesEvent is the part of an SES event that changes anything.
type sesEvent struct {
	EventType        string `json:"eventType"`
	NotificationType string `json:"notificationType"` // the older form of feedback notices
	Mail             struct {
		MessageID   string              `json:"messageId"`
		Timestamp   time.Time           `json:"timestamp"`
		Destination []string            `json:"destination"`
		Tags        map[string][]string `json:"tags"`
	} `json:"mail"`
	Bounce struct {
		BounceType        string    `json:"bounceType"`
		BounceSubType     string    `json:"bounceSubType"`
		Timestamp         time.Time `json:"timestamp"`
		BouncedRecipients []struct {
			EmailAddress string `json:"emailAddress"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
	Complaint struct {
		Timestamp             time.Time `json:"timestamp"`
		ComplaintFeedbackType string    `json:"complaintFeedbackType"`
		ComplainedRecipients  []struct {
			EmailAddress string `json:"emailAddress"`
		} `json:"complainedRecipients"`
	} `json:"complaint"`
	Reject struct {
		Reason string `json:"reason"`
	} `json:"reject"`
	Failure struct {
		ErrorMessage string `json:"errorMessage"`
	} `json:"failure"`
}

func (e *sesEvent) tag(name string) string {
	if v := e.Mail.Tags[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// to is the address that a mail was sent to: the recipient's, where the event
// does not say.
func (e *sesEvent) to(r *nurture.Recipient) string {
	for _, d := range e.Mail.Destination {
		if n, err := lead.NormalizeEmail(d); err == nil {
			return n.Address()
		}
	}
	return r.Email
}

// Handle takes one event. What is not an event, or concerns no mail of ours,
// is parked with the reason: the error is for trouble that may pass.
func (f *Feedback) Handle(ctx context.Context, id string, body []byte, now time.Time) error {
	var e sesEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return f.park(ctx, id, "not_an_event", "not a JSON event of SES (the note with which a new subscription begins is plain text)", body, now)
	}
	kind := e.EventType
	if kind == "" {
		kind = e.NotificationType
	}
	if key := e.tag("decision"); key != "" {
		return f.alert(ctx, id, key, kind, body, now)
	}
	if e.tag("class") == TrialClass {
		return nil // somebody of the business looked at a mail
	}
	recipient, send := e.tag("recipient"), e.tag("send_id")
	if !lead.ValidID(recipient) || send == "" {
		return f.park(ctx, id, "unknown_mail", "the event carries no recipient and send_id of ours", body, now)
	}
	var changed bool
	var err error
	switch kind {
	case "Send":
		changed, err = f.note(ctx, recipient, func(r *nurture.Recipient) bool { return r.Left(send, "", now) })
		if err == nil {
			err = f.tell(ctx, recipient, "sent:"+send, activity.MailSent, e, now)
		}
	case "Delivery":
		// A delivery proves the sending too, if its own event was lost.
		changed, err = f.note(ctx, recipient, func(r *nurture.Recipient) bool { return r.Left(send, "", now) })
	case "Reject", "Rendering Failure", "RenderingFailure":
		reason := first(e.Reject.Reason, e.Failure.ErrorMessage, kind)
		changed, err = f.note(ctx, recipient, func(r *nurture.Recipient) bool { return r.Never(send, clip(reason, 100)) })
	case "Bounce":
		changed, err = f.bounce(ctx, recipient, send, e, now)
	case "Complaint":
		changed, err = f.complaint(ctx, recipient, send, e, now)
	case "DeliveryDelay", "Delivery Delay", "Open", "Click", "Subscription":
		return nil // delays end in a delivery or a bounce; the rest is switched off
	default:
		return f.park(ctx, id, "unknown_event", fmt.Sprintf("no event type %.40q is known", kind), body, now)
	}
	if err != nil {
		return fmt.Errorf("feedback %s of %s: %w", kind, send, err)
	}
	f.Log.Info("mail event", "kind", kind, "send", send, "recipient", recipient, "changed", changed)
	return nil
}

// note changes the recipient, if there is one: an event may outlive its lead.
// What became part of another still holds its own sends, so both are told.
func (f *Feedback) note(ctx context.Context, recipient string, change func(*nurture.Recipient) bool) (bool, error) {
	return noteOn(ctx, f.Store, recipient, change)
}

func noteOn(ctx context.Context, s RecipientStore, recipient string, change func(*nurture.Recipient) bool) (bool, error) {
	changed, moved := false, ""
	err := update(ctx, s, recipient, func(r *nurture.Recipient) bool {
		moved = r.Moved
		changed = change(r)
		return changed
	})
	if err == nil && moved != "" {
		err = follow(ctx, s, moved, change)
	}
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return changed, err
}

func (f *Feedback) bounce(ctx context.Context, recipient, send string, e sesEvent, now time.Time) (bool, error) {
	hard := e.Bounce.BounceType == "Permanent"
	var addresses []string
	for _, b := range e.Bounce.BouncedRecipients {
		addresses = append(addresses, b.EmailAddress)
	}
	if hard {
		heard := func(r *nurture.Recipient) bool { return r.SuppressedFor(e.to(r)) != "" }
		if err := f.count(ctx, sending.Bounced, recipient, send, e, heard, now); err != nil {
			return false, err
		}
	}
	changed, err := f.note(ctx, recipient, func(r *nurture.Recipient) bool {
		changed := r.Left(send, "", now) // it left, whatever became of it; a bounce may come before its Send
		if !hard || r.Erased != 0 {
			return changed
		}
		return suppress(r, addresses, "bounce", now) || changed
	})
	if err == nil && hard {
		err = f.tell(ctx, recipient, "bounced:"+send, activity.MailBounced, e, now)
	}
	return changed, err
}

func (f *Feedback) complaint(ctx context.Context, recipient, send string, e sesEvent, now time.Time) (bool, error) {
	if e.Complaint.ComplaintFeedbackType == "not-spam" {
		return false, nil
	}
	var addresses []string
	for _, c := range e.Complaint.ComplainedRecipients {
		addresses = append(addresses, c.EmailAddress)
	}
	// Not when the event came: brought back after months it must not undo a later consent.
	at := e.Complaint.Timestamp
	if at.IsZero() {
		at = e.Mail.Timestamp
	}
	if at.IsZero() || at.After(now) {
		at = now
	}
	heard := func(r *nurture.Recipient) bool { return r.SuppressedFor(e.to(r)) == "complaint" }
	if err := f.count(ctx, sending.Complained, recipient, send, e, heard, now); err != nil {
		return false, err
	}
	changed, err := f.note(ctx, recipient, func(r *nurture.Recipient) bool {
		changed := r.Left(send, "", now)
		if r.Erased != 0 {
			return changed
		}
		// Who has another address by now complained about the one that was written to.
		if r.SuppressedFor(e.to(r)) == "" {
			changed = suppress(r, addresses, "complaint", now) || changed
		}
		return r.Withdraw("email", "", at) || changed
	})
	if err == nil {
		err = f.tell(ctx, recipient, "complained:"+send, activity.MailComplained, e, now)
	}
	return changed, err
}

// countedFor is how long after a mail left an event of it tells something about
// how mails are received now: as long as a queue keeps one.
const countedFor = 14 * 24 * time.Hour

// count tells the brake of a mail that came back, before its recipient knows: who
// has heard of it has counted it, so an event that is brought back after the
// brake forgot its mark, or was opened, does not shut it. What is rare may cost a
// write on the item that all share.
func (f *Feedback) count(ctx context.Context, kind sending.Kind, recipient, send string, e sesEvent, heard func(*nurture.Recipient) bool, now time.Time) error {
	if at := e.Mail.Timestamp; !at.IsZero() && now.Sub(at) > countedFor {
		return nil
	}
	item, err := f.Store.ReadRecipient(ctx, recipient)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil {
		r, err := nurture.Decode(recipient, item.Body)
		if err != nil {
			return err
		}
		if r.Erased == 0 && heard(r) {
			return nil
		}
	}
	shut := ""
	err = ChangeSending(ctx, f.Store, func(s *sending.State) bool {
		was := s.Shut
		changed := s.Came(kind, send, now)
		if shut = ""; was == 0 && s.Shut != 0 {
			shut = s.Reason
		}
		return changed
	})
	if err == nil && shut != "" {
		f.Log.Error("marketing is stopped until a person opens the brake", "reason", shut)
	}
	return err
}

// suppress stops mail to the addresses named, or to the recipient's own where
// the event names none of theirs: a forwarded mail complains under another
// address, and the one we know is the one we write to.
func suppress(r *nurture.Recipient, addresses []string, reason string, now time.Time) bool {
	if r.Email == "" {
		return false
	}
	own := len(addresses) == 0 || reason == "complaint" || slices.ContainsFunc(addresses, func(a string) bool {
		n, err := lead.NormalizeEmail(a)
		return err == nil && n.Address() == r.Email
	})
	if !own || r.SuppressedFor(r.Email) != "" {
		return false
	}
	r.Suppress(r.Email, reason, now)
	return true
}

// tell queues the event as an activity of the lead.
func (f *Feedback) tell(ctx context.Context, recipient, id string, kind activity.Type, e sesEvent, now time.Time) error {
	at := e.Mail.Timestamp
	if at.IsZero() || at.After(now) {
		at = now
	}
	a := activity.Activity{
		ID: activity.ID(id), Type: kind, At: at, Who: activity.WhoIs(recipient), Source: "feedback",
		Properties: []activity.Property{{Name: "mail", Value: activity.TextValue(e.tag("mail"))}, {Name: "send", Value: activity.TextValue(e.tag("send_id"))}},
	}
	if err := f.Queue(ctx, activity.Encode([]activity.Activity{a})); err != nil {
		return fmt.Errorf("queue %s: %w", kind, err)
	}
	return nil
}

// salesMailLost is the code of a parked event: a mail to sales did not arrive.
const salesMailLost = "sales_mail_lost"

// alert notes that a mail to sales left, or shows that it did not arrive.
func (f *Feedback) alert(ctx context.Context, id, tag, kind string, body []byte, now time.Time) error {
	key, err := store.ParseDecisionKey(untag(tag))
	if err != nil {
		return f.park(ctx, id, "unknown_mail", "the event's decision tag is none of ours", body, now)
	}
	switch kind {
	case "Send", "Delivery":
	case "DeliveryDelay", "Delivery Delay", "Open", "Click", "Subscription":
		return nil
	default:
		// Nobody of sales reads what is sent to them: whoever runs the house must see it.
		f.Log.Error("a mail to sales did not arrive", "decision", key.String(), "kind", kind)
		return f.park(ctx, id, salesMailLost, fmt.Sprintf("a mail to sales did not arrive, or was not wanted (%.40s): set the address right (SalesEmail, or the contact in the playbook), and take it off the mail service's own suppression list", kind), body, now)
	}
	for range tries {
		d, err := f.Store.ReadDecision(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("feedback of alert %s: %w", key, err)
		}
		if d.Done[doneAlert] != 0 {
			return nil
		}
		d.Done = with(d.Done, doneAlert, now.Unix())
		if err = f.Store.WriteDecision(ctx, d); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("feedback of alert %s: %w", key, store.ErrConflict)
}

func (f *Feedback) park(ctx context.Context, id, code, reason string, body []byte, now time.Time) error {
	f.Log.Warn("mail event parked", "messageId", id, "code", code)
	return f.Store.Park(ctx, store.Parked{At: now, ID: id, Source: "feedback", Code: code, Reason: reason, Body: body})
}

func first(ss ...string) string {
	for _, s := range ss {
		if s != "" {
			return s
		}
	}
	return ""
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
