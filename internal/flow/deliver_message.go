package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/webhook"
)

// messageKind is the kind of a delivery that is no decision: a short message
// of a track, claimed on the recipient.
const messageKind = "message"

const (
	// unclaimed is how long a message waits for its claim to be stored. One
	// that is claimed later is queued again then.
	unclaimed = 10 * time.Minute
	// stale is when a message that could not be handed over is given up: what it
	// says may not be true any more.
	stale = 72 * time.Hour
)

// messageOf makes the delivery of a claimed message. It holds no number and no
// name; deliver reads those when it acts.
func messageOf(recipient string, m nurture.MessageDue, now time.Time) Delivery {
	key := store.DecisionKey{Lead: lead.ID(recipient), Kind: messageKind, Subject: m.ID, N: 1}
	return Delivery{Format: 1, Key: key.String(), Lead: key.Lead, Kind: key.Kind, Subject: key.Subject, N: key.N, At: now.UTC()}
}

// message hands one short message to the business's webhook, under the id of
// its claim however often it is tried. What happened since the claim counts:
// who left meanwhile gets nothing, and nobody gets it at night.
func (d *Deliver) message(ctx context.Context, msg Delivery, now time.Time) error {
	c, err := d.Playbook(ctx)
	if err != nil {
		return fmt.Errorf("message %s: %w", msg.Subject, err)
	}
	var r *nurture.Recipient
	err = follow(ctx, d.Store, string(msg.Lead), func(x *nurture.Recipient) bool {
		r = x
		return false
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("message %s: %w", msg.Subject, err)
	}
	var s *nurture.Sent
	if r != nil {
		s = r.Message(msg.Subject)
	}
	switch {
	case s == nil && now.Sub(msg.At) < unclaimed:
		return &AgainError{30 * time.Second, fmt.Errorf("message %s is not claimed yet", msg.Subject)}
	case s == nil:
		d.Log.Info("message was never claimed, or its person is erased", "message", msg.Subject)
		return nil
	case !s.Open:
		return nil
	}
	failed, err := d.handOver(ctx, c, r, s, now)
	if err != nil {
		return fmt.Errorf("message %s: %w", msg.Subject, err)
	}
	err = follow(ctx, d.Store, string(msg.Lead), func(x *nurture.Recipient) bool { return x.Carried(msg.Subject, failed) })
	if err != nil {
		return fmt.Errorf("message %s: %w", msg.Subject, err)
	}
	d.Log.Info("message carried out", "message", msg.Subject, "failed", failed)
	return nil
}

// handOver posts a message. failed says why it never will be.
func (d *Deliver) handOver(ctx context.Context, c *playbook.Compiled, r *nurture.Recipient, s *nurture.Sent, now time.Time) (failed string, err error) {
	if s.Class == nurture.Marketing {
		if !r.Permits(c.Nurture, s.Channel) {
			return nurture.Withdrawn, nil
		}
		if from := c.Nurture.OpenFrom(r, s.Channel, now); from.After(now) {
			return "", &AgainError{from.Sub(now), errors.New("outside the hours of its channel")}
		}
	}
	step := c.Nurture.StepOf(s.Mail)
	switch {
	case r.SuppressedFor(r.Mobile) != "":
		return nurture.Because(nurture.Suppression, r.SuppressedFor(r.Mobile)), nil
	case r.Mobile == "":
		return nurture.NoMobile, nil
	case step == nil || step.Message == nil:
		return nurture.TrackGone, nil
	case d.Webhook == nil:
		return nurture.NoReceiver, nil
	case now.Sub(time.Unix(s.At, 0)) > stale:
		return nurture.TooLate, nil
	}
	text, err := d.text(ctx, c, r, step.Message)
	if err != nil {
		return "", err
	}
	track, name, _ := strings.Cut(s.Mail, "/")
	body, err := json.Marshal(map[string]any{
		"type": "message.send", "timestamp": time.Unix(s.At, 0).UTC(),
		"data": map[string]any{"lead": r.ID, "channel": s.Channel, "to": r.Mobile, "text": text, "class": s.Class, "track": track, "step": name},
	})
	if err != nil {
		return "", err
	}
	err = d.Webhook(ctx, "msg_"+s.ID, body, now)
	var later *webhook.Later
	switch {
	case errors.As(err, &later):
		return "", &AgainError{max(later.After, time.Minute), err}
	case errors.Is(err, webhook.ErrRefused), errors.Is(err, webhook.ErrGone):
		d.Log.Error("the receiver takes no messages", "message", s.ID, "error", err.Error())
		return nurture.NoReceiver, nil
	}
	return "", err
}

// text is what a message says to this person.
func (d *Deliver) text(ctx context.Context, c *playbook.Compiled, r *nurture.Recipient, m *nurture.Message) (string, error) {
	item, err := d.Store.ReadProfile(ctx, lead.ID(r.ID))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	profile, err := lead.DecodeProfile(item.Body)
	if err != nil {
		return "", err
	}
	locale := r.Locale
	if locale == "" {
		locale = c.Business.Locales[0]
	}
	tpl, err := mail.Compile(mail.Template{Name: "message", Locale: locale, Text: m.Text.In(locale)})
	if err != nil {
		return "", err
	}
	content, err := tpl.Render(func(path string) (string, bool) {
		if path == "business.name" {
			return c.Business.Name.In(locale), true
		}
		name, ok := strings.CutPrefix(path, "lead.")
		v := profile.Text(name)
		return v, ok && v != ""
	}, nil)
	return strings.TrimSpace(content.Text), err
}
