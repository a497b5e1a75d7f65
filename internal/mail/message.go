package mail

// Message is one mail to one person, as a provider takes it.
type Message struct {
	From    string // "name <address>", or an address
	ReplyTo string // a mailbox that somebody reads
	To      string // one address
	Content
	Headers []Header
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

func (f Fate) String() string { return [...]string{"taken", "later", "refused", "unknown"}[f] }
