// Package ses hands mails to SES v2 with one attempt each and says what is
// known of their fate. It must not retry: a lost answer followed by a second
// attempt is a person with two copies.
package ses

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	"github.com/sarnakh/sarnakh/internal/mail"
)

// Sender sends through one configuration set.
type Sender struct {
	client *sesv2.Client
	set    string
}

// New makes a sender. The configuration set publishes the events that prove
// that a mail left.
func New(cfg aws.Config, configurationSet string) *Sender {
	return &Sender{
		client: sesv2.NewFromConfig(cfg, func(o *sesv2.Options) { o.RetryMaxAttempts = 1 }),
		set:    configurationSet,
	}
}

// Send hands over one mail. The error explains every fate but Taken.
func (s *Sender) Send(ctx context.Context, m mail.Message) (mail.Fate, error) {
	m.Content = m.Whole()
	in := &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(m.From),
		Destination:      &types.Destination{ToAddresses: []string{m.To}},
		EmailTags:        tags(m.Tags),
		Content: &types.EmailContent{Simple: &types.Message{
			Subject:     content(m.Subject),
			Body:        &types.Body{Html: content(m.HTML), Text: content(m.Text)},
			Headers:     headers(m.Headers),
			Attachments: attachments(m.Attachments),
		}},
	}
	if s.set != "" {
		in.ConfigurationSetName = aws.String(s.set)
	}
	if m.ReplyTo != "" {
		in.ReplyToAddresses = []string{m.ReplyTo}
	}
	_, err := s.client.SendEmail(ctx, in)
	if err != nil {
		err = fmt.Errorf("send mail: %w", err)
	}
	return fate(err), err
}

func content(s string) *types.Content {
	return &types.Content{Data: aws.String(s), Charset: aws.String("UTF-8")}
}

func attachments(as []mail.Attachment) []types.Attachment {
	var out []types.Attachment
	for _, a := range as {
		out = append(out, types.Attachment{
			FileName: aws.String(a.Name), ContentType: aws.String(a.Type), RawContent: a.Data,
			ContentDisposition: types.AttachmentContentDispositionAttachment, ContentTransferEncoding: types.AttachmentContentTransferEncodingBase64,
		})
	}
	return out
}

func tags(hs []mail.Header) []types.MessageTag {
	out := make([]types.MessageTag, len(hs))
	for i, h := range hs {
		out[i] = types.MessageTag{Name: aws.String(h.Name), Value: aws.String(h.Value)}
	}
	return out
}

func headers(hs []mail.Header) []types.MessageHeader {
	out := make([]types.MessageHeader, len(hs))
	for i, h := range hs {
		out[i] = types.MessageHeader{Name: aws.String(h.Name), Value: aws.String(h.Value)}
	}
	return out
}

// fate judges an error: only proof of refusal allows another attempt, all that
// is doubtful is Unknown.
func fate(err error) mail.Fate {
	if err == nil {
		return mail.Taken
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "TooManyRequestsException", "LimitExceededException", "SendingPausedException", "ThrottlingException", "Throttling", "AccountSuspendedException":
			return mail.Later
		case "MessageRejected", "BadRequestException", "MailFromDomainNotVerifiedException", "NotFoundException", "AccessDeniedException", "ValidationException":
			return mail.Refused
		}
		return mail.Unknown // 5xx: the mail may have been taken
	}
	// Nothing was written to a connection that was never made.
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return mail.Later
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &dns) || errors.As(err, &cert) || errors.As(err, &unknown) {
		return mail.Later
	}
	return mail.Unknown
}
