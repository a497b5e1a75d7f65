package tool

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Brake writes what all senders share: the brake, the rate, the quota, a pause.
func Brake(ctx context.Context, s flow.SendingStore, out io.Writer, now time.Time) error {
	x, err := s.ReadSending(ctx)
	if err != nil {
		return err
	}
	st, err := sending.Decode(x.Body)
	if err != nil {
		return err
	}
	at := func(unix int64) string { return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05") }
	bounced, complained, of := st.Counts()
	fmt.Fprintf(out, "of the last %d mails: %d bounced for good, %d complained about (of 1,000 the brake shuts at 40 and at 1)\n", of, bounced, complained)
	switch {
	case st.Shut != 0 && st.By == "":
		fmt.Fprintf(out, "the brake is SHUT since %s UTC: %s. Marketing waits until somebody opens it: sarnakh brake open --by NAME\n", at(st.Shut), st.Reason)
	case st.Shut != 0:
		fmt.Fprintf(out, "the brake is SHUT since %s UTC by %s: %s\n", at(st.Shut), st.By, st.Reason)
	case st.By != "":
		fmt.Fprintf(out, "the brake is open; %s opened it at %s UTC\n", st.By, at(st.At))
	default:
		fmt.Fprintln(out, "the brake is open")
	}
	if st.QuotaAt != 0 {
		fmt.Fprintf(out, "the account: %.3g mails a second, %.0f in 24 hours (%.0f are sent), as of %s UTC\n", st.Quota.PerSecond, st.Quota.PerDay, st.Quota.Sent+float64(st.Since), at(st.QuotaAt))
	}
	if now.Unix() < st.Until {
		fmt.Fprintf(out, "all sending pauses until %s UTC, after %d troubles in a row\n", at(st.Until), st.Down)
	}
	if st.Day != "" {
		fmt.Fprintf(out, "handed out: %d on %s, %d in all\n", st.Today, st.Day, st.Sent)
	}
	return nil
}

// OpenBrake lets marketing leave again.
func OpenBrake(ctx context.Context, s flow.SendingStore, by string, now time.Time) error {
	return flow.ChangeSending(ctx, s, func(st *sending.State) bool { st.Open(by, now); return true })
}

// ShutBrake stops marketing by hand.
func ShutBrake(ctx context.Context, s flow.SendingStore, by, why string, now time.Time) error {
	return flow.ChangeSending(ctx, s, func(st *sending.State) bool { st.Stop(by, why, now); return true })
}

// UnknownSends writes the mails of unknown fate, and gives how many there are.
func UnknownSends(ctx context.Context, s flow.UnknownStore, out io.Writer) (int, error) {
	n := 0
	err := flow.UnknownSends(ctx, s, func(u store.UnknownSend) error {
		n++
		_, err := fmt.Fprintf(out, "%s  %s  lead %s  mail %s  (track %s, step %s)\n", time.Unix(u.At, 0).UTC().Format("2006-01-02 15:04:05"), u.Send, u.Recipient, u.Mail, u.Track, u.Step)
		return err
	})
	return n, err
}

// DecideUnknown notes what a person found out about one of them.
func DecideUnknown(ctx context.Context, s flow.UnknownStore, send string, left bool, now time.Time) error {
	return flow.DecideUnknown(ctx, s, send, left, now)
}
