package ses

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/sarnakh/sarnakh/internal/aws/lean"
	"github.com/sarnakh/sarnakh/internal/quickjson"
)

// bodies are written into memory that is used again.
var bodies lean.Buffers

// byHand makes a bulk call carry a body that is written here; it gives the
// memory of it. A test holds it to what the SDK would have sent.
func byHand(in *sesv2.SendBulkEmailInput) (how func(*sesv2.Options), buf []byte) {
	buf = appendBulk(bodies.Get(), in)
	return func(o *sesv2.Options) { o.Protocol = lean.Written(o.Protocol, &sesv2.SendBulkEmailInput{}, buf) }, buf
}

// appendBulk writes what Sender.bulk sets.
func appendBulk(b []byte, in *sesv2.SendBulkEmailInput) []byte {
	w := writer{b}
	w.raw(`{"FromEmailAddress":`).text(in.FromEmailAddress)
	if in.ConfigurationSetName != nil {
		w.raw(`,"ConfigurationSetName":`).text(in.ConfigurationSetName)
	}
	if len(in.ReplyToAddresses) > 0 {
		w.raw(`,"ReplyToAddresses":`).texts(in.ReplyToAddresses)
	}
	frame := in.DefaultContent.Template
	c := frame.TemplateContent
	w.raw(`,"DefaultContent":{"Template":{"TemplateContent":{"Subject":`).text(c.Subject).raw(`,"Html":`).text(c.Html).raw(`,"Text":`).text(c.Text)
	w.raw(`},"TemplateData":`).text(frame.TemplateData).raw(`}},"BulkEmailEntries":[`)
	for i, e := range in.BulkEmailEntries {
		if i > 0 {
			w.raw(`,`)
		}
		w.raw(`{"Destination":{"ToAddresses":`).texts(e.Destination.ToAddresses).raw(`},"ReplacementTags":[`)
		for j, t := range e.ReplacementTags {
			w.pair(j, t.Name, t.Value)
		}
		w.raw(`],"ReplacementHeaders":[`)
		for j, h := range e.ReplacementHeaders {
			w.pair(j, h.Name, h.Value)
		}
		w.raw(`],"ReplacementEmailContent":{"ReplacementTemplate":{"ReplacementTemplateData":`)
		w.text(e.ReplacementEmailContent.ReplacementTemplate.ReplacementTemplateData).raw(`}}}`)
	}
	return w.raw(`]}`).b
}

type writer struct{ b []byte }

func (w *writer) raw(s string) *writer {
	w.b = append(w.b, s...)
	return w
}

func (w *writer) text(s *string) *writer {
	w.b = quickjson.AppendPlain(w.b, aws.ToString(s))
	return w
}

func (w *writer) texts(list []string) *writer {
	for i := range list {
		if i == 0 {
			w.raw(`[`)
		} else {
			w.raw(`,`)
		}
		w.text(&list[i])
	}
	return w.raw(`]`)
}

func (w *writer) pair(i int, name, value *string) {
	if i > 0 {
		w.raw(`,`)
	}
	w.raw(`{"Name":`).text(name).raw(`,"Value":`).text(value).raw(`}`)
}
