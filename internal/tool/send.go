package tool

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Sending is a file of activities to queue, one JSON object a line.
type Sending struct {
	Name string // of the file, for people
	Now  time.Time
	// Raw sends also what is no activity, each line in a message of its own: for
	// trying what becomes of it.
	Raw bool
	// Refuse hears of each line that is not sent: where it is and what is wrong.
	Refuse func(place, reason string)
	// Progress hears how far the sending is.
	Progress func(Sent)
}

// Sent is what was sent of a file.
type Sent struct {
	Lines      int // sent; empty ones are no lines
	Activities int
	Messages   int
	Bytes      int64 // of lines read and sent
	Refused    int   // lines that are no activities
}

// Send queues the activities of a file. A line that is no activity is refused
// before it is sent, and the others go on. Ids make sending a file twice
// harmless.
func Send(ctx context.Context, q Outbox, in io.Reader, s Sending) (Sent, error) {
	p := packing{Sending: s, in: bufio.NewReaderSize(in, 64<<10)}
	var done Sent
	last := 0
	err := Pump(ctx, q, p.messages(), func(ms []Message) {
		for _, m := range ms {
			done.Messages++
			done.Activities += m.Activities
			done.Lines += p.lines(m)
			done.Bytes += int64(len(m.Body))
			last = max(last, m.Last)
		}
		if s.Progress != nil {
			s.Progress(done)
		}
	})
	done.Refused = p.refused
	if err == nil {
		err = p.err
	}
	if err != nil {
		return done, fmt.Errorf("%s, after %d activities, at about line %d: %w. Send the file again: what was taken already is not counted twice", s.Name, done.Activities, last, err)
	}
	return done, nil
}

// packing puts lines into messages.
type packing struct {
	Sending
	in      *bufio.Reader
	line    int
	refused int
	err     error

	body  bytes.Buffer
	count int
	first int
}

const (
	open  = `{"v":1,"activities":[`
	shut  = `]}`
	limit = activity.MaxBody
)

// lines counts those of a message: an envelope is one line.
func (p *packing) lines(m Message) int {
	if m.First == m.Last {
		return 1
	}
	return m.Activities
}

func (p *packing) messages() iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for {
			line, more := p.next()
			if !more {
				break
			}
			if len(line) == 0 {
				continue
			}
			single, envelope, ok := p.check(line)
			if !ok {
				continue
			}
			if envelope || !single {
				n := 1
				if envelope {
					n = activities(line)
				}
				if !p.flush(yield) || !yield(Message{Body: bytes.Clone(line), Activities: n, First: p.line, Last: p.line}) {
					return
				}
				continue
			}
			if p.count == ActivitiesAMessage || p.body.Len()+len(line)+len(shut)+1 > limit {
				if !p.flush(yield) {
					return
				}
			}
			p.add(line)
		}
		p.flush(yield)
	}
}

func (p *packing) add(line []byte) {
	if p.count == 0 {
		p.body.WriteString(open)
		p.first = p.line
	} else {
		p.body.WriteByte(',')
	}
	p.body.Write(line)
	p.count++
}

func (p *packing) flush(yield func(Message) bool) bool {
	if p.count == 0 {
		return true
	}
	p.body.WriteString(shut)
	m := Message{Body: bytes.Clone(p.body.Bytes()), Activities: p.count, First: p.first, Last: p.line}
	p.body.Reset()
	p.count = 0
	return yield(m)
}

// next reads a line, without its end and without a byte order mark; a longer
// one than any message is refused without being kept.
func (p *packing) next() (line []byte, more bool) {
	p.line++
	for {
		part, err := p.in.ReadSlice('\n')
		if len(line) <= limit {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			p.err = fmt.Errorf("read line %d: %w", p.line, err)
			return nil, false
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil, false
		}
		if p.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		return bytes.TrimSpace(line), true
	}
}

// check tells whether a line goes out, and as what: a single activity can share
// a message with others, an envelope is a message already.
func (p *packing) check(line []byte) (single, envelope, ok bool) {
	list, err := activity.Decode(line, p.Now)
	if err == nil {
		envelope = isEnvelope(line)
		// With the envelope of a shared message around it, a line may pass the limit.
		return !envelope && len(list) == 1 && len(open)+len(line)+len(shut) <= limit, envelope, true
	}
	if p.Raw && len(line) <= limit {
		return false, false, true
	}
	p.refused++
	if p.Refuse != nil {
		p.Refuse(fmt.Sprintf("%s:%d", p.Name, p.line), err.Error())
	}
	return false, false, false
}

func isEnvelope(line []byte) bool { return activities(line) > 0 }

// activities counts those of an envelope; 0 is none.
func activities(line []byte) int {
	var e struct {
		Activities []json.RawMessage `json:"activities"`
	}
	if json.Unmarshal(line, &e) != nil {
		return 0
	}
	return len(e.Activities)
}
