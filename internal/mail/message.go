package mail

import "errors"

// Message is one mail to one person, as a provider takes it.
type Message struct {
	From    string // "name <address>", or an address
	ReplyTo string // a mailbox that somebody reads
	To      string // one address
	// Content, or the same in pieces for a bulk call: one of the two is set.
	Content
	Sheet   *Sheet
	Headers []Header
	// Attachments are files that go along; a mail that has any goes singly.
	Attachments []Attachment
	// Tags come back with every event of the mail. Names and values are ASCII
	// letters, digits, - and _.
	Tags []Header
}

// Header is a name and its value.
type Header struct{ Name, Value string }

// Leave gives the two headers of one-click unsubscribe (RFC 8058) for a signed
// address.
func Leave(address string) []Header {
	return []Header{{"List-Unsubscribe", "<" + address + ">"}, {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}}
}

// Fate is what is known of a mail after it was handed to a provider.
type Fate int

const (
	// Taken: the provider has it and will send it, or say why not by an event.
	Taken Fate = iota
	// Later: proof that it was not taken; the same mail may be tried again.
	Later
	// Refused: it will never be taken as it is.
	Refused
	// Unknown: the answer was lost. It may have been sent, so it is not tried
	// again without evidence.
	Unknown
)

// Handed is what became of one mail of a bulk call. Err explains every fate but
// Taken.
type Handed struct {
	Fate Fate
	Err  error
}

// ErrWhole marks the errors of a bulk call that was refused as a whole, for
// the sake of one of its mails perhaps: nothing of it was taken, and each mail
// may be tried by itself.
var ErrWhole = errors.New("the bulk was refused as a whole")

// Whole gives what the mail says, in one piece.
func (m *Message) Whole() Content {
	if m.Sheet != nil {
		return m.Sheet.Content()
	}
	return m.Content
}

func (f Fate) String() string { return [...]string{"taken", "later", "refused", "unknown"}[f] }
