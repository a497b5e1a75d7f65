package link

import "time"

// Click is a link of a mail.
type Click struct {
	Lead   string
	Send   string // id of the send
	Mail   string // name of the template
	Target string // where it leads
	Kind   string // "", offer, or Trap
	Track  string
}

// Trap is the kind of a link that people do not see: who follows it reads
// mails by machine.
const Trap = "trap"

// Click signs a link of a mail; at is when the mail was sent, and index the
// link's number in it.
func (k *Keys) Click(c Click, at time.Time, index string) string {
	return k.Sign(Token{ForClick, at, NonceOf(c.Send, index), []string{c.Lead, c.Send, c.Mail, c.Target, c.Kind, c.Track}})
}

// OpenClick reads a link of a mail and when the mail was sent.
func (k *Keys) OpenClick(text string) (Click, Token, error) {
	t, err := k.open(ForClick, text, 6)
	if err != nil {
		return Click{}, t, err
	}
	f := t.Fields
	return Click{f[0], f[1], f[2], f[3], f[4], f[5]}, t, nil
}

// Download is a link to a lead magnet. Lead is set in mails, Visitor on the
// thank-you page, where the post may not have been read yet.
type Download struct {
	Lead, Visitor string
	Form          string // whose magnet
	Send, Mail    string // set in mails
}

// Download signs a link to a lead magnet.
func (k *Keys) Download(d Download, at time.Time, nonce Nonce) string {
	return k.Sign(Token{ForDownload, at, nonce, []string{d.Lead, d.Visitor, d.Form, d.Send, d.Mail}})
}

// OpenDownload reads a link to a lead magnet.
func (k *Keys) OpenDownload(text string) (Download, Token, error) {
	t, err := k.open(ForDownload, text, 5)
	if err != nil {
		return Download{}, t, err
	}
	f := t.Fields
	return Download{f[0], f[1], f[2], f[3], f[4]}, t, nil
}

// Pixel is the picture by which a mail tells that it was looked at.
type Pixel struct{ Lead, Send, Mail, Track string }

// Pixel signs the address of the picture; at is when the mail was sent.
func (k *Keys) Pixel(p Pixel, at time.Time) string {
	return k.Sign(Token{ForOpen, at, NonceOf(p.Send, "pixel"), []string{p.Lead, p.Send, p.Mail, p.Track}})
}

// OpenPixel reads the address of a picture and when the mail was sent.
func (k *Keys) OpenPixel(text string) (Pixel, Token, error) {
	t, err := k.open(ForOpen, text, 4)
	if err != nil {
		return Pixel{}, t, err
	}
	f := t.Fields
	return Pixel{f[0], f[1], f[2], f[3]}, t, nil
}

// Person is whom a page about permission concerns, and the mail that led
// there. Channel and Purpose are what is withdrawn or confirmed.
type Person struct {
	Lead, Channel, Purpose, Send, Mail, Locale string
}

// Person signs a link to the preferences, unsubscribe or confirm page.
func (k *Keys) Person(p Purpose, x Person, at time.Time) string {
	return k.Sign(Token{p, at, NonceOf(x.Lead, x.Send), []string{x.Lead, x.Channel, x.Purpose, x.Send, x.Mail, x.Locale}})
}

// OpenPerson reads a link to the preferences, unsubscribe or confirm page.
func (k *Keys) OpenPerson(p Purpose, text string) (Person, Token, error) {
	t, err := k.open(p, text, 6)
	if err != nil {
		return Person{}, t, err
	}
	f := t.Fields
	return Person{f[0], f[1], f[2], f[3], f[4], f[5]}, t, nil
}

// Form signs the token of one showing of a form.
func (k *Keys) Form(form string, at time.Time, nonce Nonce) string {
	return k.Sign(Token{ForForm, at, nonce, []string{form}})
}

// OpenForm reads a form's token; a token of another form is refused.
func (k *Keys) OpenForm(form, text string) (Token, error) {
	t, err := k.open(ForForm, text, 1)
	if err != nil {
		return t, err
	}
	if t.Fields[0] != form {
		return Token{}, ErrToken
	}
	return t, nil
}

// open checks the number of fields too. A newer version may add fields at the
// end: an older one reads those that it knows.
func (k *Keys) open(p Purpose, text string, fields int) (Token, error) {
	t, err := k.Open(p, text)
	if err == nil && len(t.Fields) < fields {
		err = ErrToken
	}
	return t, err
}
