package mailbox

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"
)

// addEvents keeps events of a mail; the worker publishes them.
func (m *Mailbox) addEvents(id string, events ...Event) error {
	for i := range events {
		events[i].Lost = m.faults.drop(events[i].Type)
	}
	// Counted first: whoever waits for Pending to be 0 must not look in between.
	m.count(len(events))
	if err := m.store.append(line{Event: &eventLine{ID: id, Events: events}}); err != nil {
		m.count(-len(events))
		return err
	}
	select {
	case m.wake <- struct{}{}:
	default: // it is awake
	}
	return nil
}

func (m *Mailbox) count(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending += n
	close(m.changed)
	m.changed = make(chan struct{})
}

// publishers is how many mails' events are on their way at once.
const publishers = 8

// work publishes what waits, each mail's events in order, until the context ends.
func (m *Mailbox) work(ctx context.Context) {
	for {
		var again <-chan time.Time
		marks, _ := m.store.unpublished()
		if err := m.publishAll(ctx, marks); err != nil && ctx.Err() == nil {
			slog.Warn("mail events not published, trying again", "error", err.Error())
			again = time.After(time.Second)
		}
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		case <-again:
		}
	}
}

func (m *Mailbox) publishAll(ctx context.Context, marks []mark) error {
	next := make(chan mark)
	errs := make(chan error, publishers)
	for range publishers {
		go func() {
			var last error
			for u := range next {
				if err := m.publishMail(ctx, u); err != nil {
					last = err // the others go on: one mail that cannot be published holds up no other
				}
			}
			errs <- last
		}()
	}
	for _, u := range marks {
		next <- u
	}
	close(next)
	var all error
	for range publishers {
		if err := <-errs; err != nil {
			all = err
		}
	}
	return all
}

func (m *Mailbox) publishMail(ctx context.Context, from mark) error {
	k, err := m.store.get(from.ID)
	if err != nil {
		return err
	}
	for i := from.N; i < len(k.Events); i++ {
		if e := k.Events[i]; !e.Lost {
			if err := m.publish(ctx, m.eventJSON(k, e)); err != nil {
				return err
			}
		}
		if err := m.store.append(line{Published: &mark{k.ID, i + 1}}); err != nil {
			return err
		}
		m.count(-1)
	}
	return nil
}

// eventJSON is an event as SES gives it to a topic.
func (m *Mailbox) eventJSON(k *Mail, e Event) []byte {
	type object = map[string]any
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
	domain, _ := domainOf(k.From)
	common := object{"from": []string{k.From}, "messageId": k.ID, "subject": k.Subject}
	if to := k.Header("To"); to != "" {
		common["to"] = strings.Split(to, ", ")
	}
	out := object{
		"eventType": e.Type,
		"mail": object{
			"timestamp": at(k.At), "source": k.From, "sendingAccountId": m.options.Account, "messageId": k.ID,
			"sourceArn":   "arn:aws:ses:" + m.options.Region + ":" + m.options.Account + ":identity/" + domain,
			"destination": k.To, "headersTruncated": false, "headers": k.Headers, "commonHeaders": common, "tags": k.Tags,
		},
	}
	var recipients []object
	for _, to := range k.To {
		recipients = append(recipients, object{"emailAddress": to})
	}
	switch e.Type {
	case "Send":
		out["send"] = object{}
	case "Delivery":
		out["delivery"] = object{"timestamp": at(e.At), "processingTimeMillis": 120, "recipients": k.To,
			"smtpResponse": e.Detail, "reportingMTA": "local.mailbox"}
	case "Bounce":
		sub, status := "General", "5.1.1"
		if e.Detail == "OnAccountSuppressionList" {
			sub = e.Detail
		}
		if e.Kind == "Transient" {
			status = "4.2.2"
		}
		for _, r := range recipients {
			r["action"], r["status"], r["diagnosticCode"] = "failed", status, e.Detail
		}
		out["bounce"] = object{"bounceType": e.Kind, "bounceSubType": sub, "bouncedRecipients": recipients,
			"timestamp": at(e.At), "feedbackId": k.ID + "-b", "reportingMTA": "dsn; local.mailbox"}
	case "Complaint":
		out["complaint"] = object{"complainedRecipients": recipients, "timestamp": at(e.At), "arrivalDate": at(e.At),
			"feedbackId": k.ID + "-c", "userAgent": "local mailbox", "complaintFeedbackType": "abuse", "complaintSubType": nil}
	case "Reject":
		out["reject"] = object{"reason": "Bad content"}
	case "DeliveryDelay":
		for _, r := range recipients {
			r["status"], r["diagnosticCode"] = "4.2.2", "smtp; 452 4.2.2 mailbox full"
		}
		out["deliveryDelay"] = object{"delayType": "MailboxFull", "delayedRecipients": recipients, "timestamp": at(e.At),
			"expirationTime": at(e.At.Add(14 * time.Hour)), "reportingMTA": "dsn; local.mailbox"}
	case "Rendering Failure":
		out["failure"] = object{"errorMessage": e.Detail, "templateName": "inline"}
	}
	b, err := json.Marshal(out)
	if err != nil {
		panic(err) // unreachable: only strings, lists and maps
	}
	return b
}
