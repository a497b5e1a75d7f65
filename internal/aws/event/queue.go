package event

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Queue is a handler of SQS events for lambda.Start: work strikes out what it
// has done, and what is left comes again. It reads the envelope itself: for a
// batch of small messages encoding/json takes longer than all that is done with
// them.
type Queue func(ctx context.Context, b *Batch)

// Invoke handles one event.
func (work Queue) Invoke(ctx context.Context, raw []byte) ([]byte, error) {
	b, err := ReadBatch(ctx, raw)
	if err != nil {
		return nil, err
	}
	work(ctx, b)
	return json.Marshal(b.Response())
}

// ReadBatch reads an SQS event.
func ReadBatch(ctx context.Context, raw []byte) (*Batch, error) {
	if messages, ok := scanMessages(raw); ok {
		return newBatch(ctx, messages), nil
	}
	var e events.SQSEvent
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, fmt.Errorf("read SQS event: %w", err)
	}
	return NewBatch(ctx, e), nil
}

// scanMessages reads an event of the shape that Lambda sends. At the first byte
// that it did not expect it gives up (ok is false), and encoding/json reads the
// event; a fuzz test holds the two together.
func scanMessages(raw []byte) (list []Message, ok bool) {
	if !utf8.Valid(raw) {
		return nil, false
	}
	// One place for all texts. It never grows: a text is no longer than its
	// escaped form.
	s := envelope{src: raw, texts: make([]byte, 0, len(raw))}
	list = make([]Message, 0, 10)
	if !s.next('{') {
		return nil, false
	}
	if name, ok := s.text(); !ok || string(name) != "Records" || !s.next(':') || !s.next('[') {
		return nil, false
	}
	for {
		if len(list) == 0 && s.next(']') {
			break
		}
		list = append(list, Message{})
		if !s.message(&list[len(list)-1]) {
			return nil, false
		}
		if s.next(',') {
			continue
		}
		if !s.next(']') {
			return nil, false
		}
		break
	}
	return list, s.next('}') && s.pos == len(s.src)
}

type envelope struct {
	src   []byte
	pos   int
	texts []byte
}

func (s *envelope) space() {
	for s.pos < len(s.src) && (s.src[s.pos] == ' ' || s.src[s.pos] == '\n' || s.src[s.pos] == '\t' || s.src[s.pos] == '\r') {
		s.pos++
	}
}

// next takes one byte of structure, with the white space around it.
func (s *envelope) next(b byte) bool {
	s.space()
	if s.pos == len(s.src) || s.src[s.pos] != b {
		return false
	}
	s.pos++
	s.space()
	return true
}

// text reads a text. Surrogate pairs are left to encoding/json.
func (s *envelope) text() ([]byte, bool) {
	if s.pos == len(s.src) || s.src[s.pos] != '"' {
		return nil, false
	}
	s.pos++
	out := len(s.texts)
	for {
		from := s.pos
		for s.pos < len(s.src) && s.src[s.pos] != '"' && s.src[s.pos] != '\\' && s.src[s.pos] >= ' ' {
			s.pos++
		}
		s.texts = append(s.texts, s.src[from:s.pos]...)
		if s.pos == len(s.src) || s.src[s.pos] < ' ' {
			return nil, false
		}
		s.pos++
		if s.src[s.pos-1] == '"' {
			return s.texts[out:len(s.texts):len(s.texts)], true
		}
		if !s.escape() {
			return nil, false
		}
	}
}

// escapes are those that are one byte.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (s *envelope) escape() bool {
	if s.pos == len(s.src) {
		return false
	}
	c := s.src[s.pos]
	s.pos++
	if e := escapes[c]; e != 0 {
		s.texts = append(s.texts, e)
		return true
	}
	if c != 'u' || s.pos+4 > len(s.src) {
		return false
	}
	r, err := strconv.ParseUint(string(s.src[s.pos:s.pos+4]), 16, 16)
	if err != nil || r >= 0xd800 && r < 0xe000 {
		return false
	}
	s.pos += 4
	s.texts = utf8.AppendRune(s.texts, rune(r))
	return true
}

// The members of a message, as bits: none may stand twice.
const (
	hasID = 1 << iota
	hasReceipt
	hasBody
	hasAttributes
	hasMessageAttributes
	hasMD5
	hasAttributesMD5
	hasSource
	hasSourceARN
	hasRegion
)

func (s *envelope) message(m *Message) bool {
	had := 0
	return s.members(func(name []byte) bool {
		var text []byte
		ok, bit := false, 0
		switch string(name) { // encoding/json takes them in any case: those are left to it
		case "messageId":
			bit = hasID
			text, ok = s.text()
			m.ID = string(text)
		case "receiptHandle":
			bit = hasReceipt
			text, ok = s.text()
			m.Receipt = string(text)
		case "body":
			bit = hasBody
			m.Body, ok = s.text()
		case "attributes":
			bit, ok = hasAttributes, s.attributes(m)
		case "messageAttributes":
			bit, ok = hasMessageAttributes, s.next('{') && s.next('}')
		case "md5OfBody":
			bit = hasMD5
			_, ok = s.text()
		case "md5OfMessageAttributes":
			bit = hasAttributesMD5
			_, ok = s.text()
		case "eventSource":
			bit = hasSource
			_, ok = s.text()
		case "eventSourceARN":
			bit = hasSourceARN
			text, ok = s.text()
			m.QueueARN = string(text)
		case "awsRegion":
			bit = hasRegion
			_, ok = s.text()
		}
		ok = ok && had&bit == 0
		had |= bit
		return ok
	}) && had&hasBody != 0
}

// attributes are texts under any names; of equal ones the last counts.
func (s *envelope) attributes(m *Message) bool {
	return s.members(func(name []byte) bool {
		text, ok := s.text()
		switch string(name) {
		case "SentTimestamp":
			m.Sent = millis(string(text))
		case "ApproximateReceiveCount":
			m.Attempt, _ = strconv.Atoi(string(text))
		}
		return ok
	})
}

// members reads an object, member by member.
func (s *envelope) members(read func(name []byte) bool) bool {
	if !s.next('{') {
		return false
	}
	if s.next('}') {
		return true
	}
	for {
		name, ok := s.text()
		if !ok || !s.next(':') || !read(name) {
			return false
		}
		if s.next(',') {
			continue
		}
		return s.next('}')
	}
}
