package ses

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/quickjson"
	"github.com/sarnakh/sarnakh/internal/sending"
)

// SendBulk hands over mails of one frame and one sender in one call, each to
// its own person with its own headers and tags, and tells the fate of each: a
// lost answer makes all of them unknown. An error that wraps mail.ErrWhole says
// that the call was refused as a whole.
func (s *Sender) SendBulk(ctx context.Context, ms []mail.Message) []mail.Handed {
	out := make([]mail.Handed, len(ms))
	in, err := s.bulk(ms)
	if err != nil {
		return all(out, mail.Refused, fmt.Errorf("%w: %w", mail.ErrWhole, err))
	}
	how, buf := byHand(in)
	answer, err := s.client.SendBulkEmail(ctx, in, how)
	if err != nil {
		f := fate(err)
		err = fmt.Errorf("send %d mails: %w", len(ms), err)
		if f == mail.Refused {
			err = fmt.Errorf("%w: %w", mail.ErrWhole, err)
		}
		return all(out, f, err)
	}
	bodies.Put(buf)
	if len(answer.BulkEmailEntryResults) != len(ms) {
		return all(out, mail.Unknown, fmt.Errorf("send %d mails: %d answers", len(ms), len(answer.BulkEmailEntryResults)))
	}
	for i, r := range answer.BulkEmailEntryResults {
		if out[i].Fate = entryFate(r.Status); out[i].Fate != mail.Taken {
			out[i].Err = fmt.Errorf("send mail: %s: %s", r.Status, aws.ToString(r.Error))
		}
	}
	return out
}

func all(out []mail.Handed, f mail.Fate, err error) []mail.Handed {
	for i := range out {
		out[i] = mail.Handed{Fate: f, Err: err}
	}
	return out
}

// bulk writes the call: the frame once, and for each person what fills it.
func (s *Sender) bulk(ms []mail.Message) (*sesv2.SendBulkEmailInput, error) {
	frame := ms[0].Sheet.Frame
	names := frame.Names()
	in := &sesv2.SendBulkEmailInput{
		FromEmailAddress: aws.String(ms[0].From),
		DefaultContent: &types.BulkEmailContent{Template: &types.Template{
			TemplateContent: &types.EmailTemplateContent{Subject: aws.String(frame.Subject), Html: aws.String(frame.HTML), Text: aws.String(frame.Text)},
			TemplateData:    aws.String("{}"),
		}},
		BulkEmailEntries: make([]types.BulkEmailEntry, len(ms)),
	}
	if s.set != "" {
		in.ConfigurationSetName = aws.String(s.set)
	}
	if ms[0].ReplyTo != "" {
		in.ReplyToAddresses = []string{ms[0].ReplyTo}
	}
	var b []byte
	for i, m := range ms {
		if m.Sheet == nil || m.Sheet.Frame != frame || m.From != ms[0].From || m.ReplyTo != ms[0].ReplyTo || !m.Sheet.Plain() || len(m.Attachments) > 0 {
			return nil, fmt.Errorf("mail %d of %d is not of the same kind as the first", i+1, len(ms))
		}
		b = append(b[:0], '{')
		for j, v := range m.Sheet.Values {
			if j > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, '"'), names[j]...), '"', ':')
			b = quickjson.AppendPlain(b, v) // it is JSON for SES, not for a page
		}
		data := string(append(b, '}'))
		in.BulkEmailEntries[i] = types.BulkEmailEntry{
			Destination:             &types.Destination{ToAddresses: []string{m.To}},
			ReplacementTags:         tags(m.Tags),
			ReplacementHeaders:      headers(m.Headers),
			ReplacementEmailContent: &types.ReplacementEmailContent{ReplacementTemplate: &types.ReplacementTemplate{ReplacementTemplateData: &data}},
		}
	}
	return in, nil
}

// entryFate judges one entry as fate judges a call. FAILED and
// TRANSIENT_FAILURE do not say that nothing was sent.
func entryFate(s types.BulkEmailStatus) mail.Fate {
	switch s {
	case types.BulkEmailStatusSuccess:
		return mail.Taken
	case types.BulkEmailStatusAccountThrottled, types.BulkEmailStatusAccountDailyQuotaExceeded, types.BulkEmailStatusAccountSendingPaused,
		types.BulkEmailStatusConfigurationSetSendingPaused, types.BulkEmailStatusAccountSuspended:
		return mail.Later
	case types.BulkEmailStatusMessageRejected, types.BulkEmailStatusMailFromDomainNotVerified, types.BulkEmailStatusConfigurationSetNotFound,
		types.BulkEmailStatusTemplateNotFound, types.BulkEmailStatusInvalidSendingPoolName, types.BulkEmailStatusInvalidParameter:
		return mail.Refused
	}
	return mail.Unknown
}

// Quota asks SES what the account may send.
func (s *Sender) Quota(ctx context.Context) (sending.Quota, error) {
	out, err := s.client.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return sending.Quota{}, fmt.Errorf("ask for the mail quota: %w", err)
	}
	if out.SendQuota == nil {
		return sending.Quota{}, errors.New("ask for the mail quota: the answer holds none")
	}
	return sending.Quota{PerSecond: out.SendQuota.MaxSendRate, PerDay: out.SendQuota.Max24HourSend, Sent: out.SendQuota.SentLast24Hours}, nil
}
