package source

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sarnakh/sarnakh/internal/mail"
)

// Use is how the tracks of a playbook use a mail.
type Use struct {
	Marketing bool // some step sends it as marketing
	Magnet    bool // every track that sends it is entered by a form with a magnet
	Confirm   bool // it asks to confirm an address (double opt-in)
}

// What mail programs cut, in bytes of HTML and in letters of a subject: a
// phone shows about half of the latter.
const (
	maxHTML     = 102 << 10
	maxSubject  = 150
	longSubject = 60
)

// typical lengths of what is put in when a mail is made: a signed address, and
// a value of a person.
const (
	linkLength  = 420
	valueLength = 40
)

// Lint finds what is wrong with a mail as people would get it, and what looks
// wrong. Each is a sentence.
func Lint(c *mail.Compiled, use Use) (faults, warnings []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	links := make([]string, len(c.Links))
	for i := range links {
		links[i] = strings.Repeat("x", linkLength)
	}
	full, err := c.Render(func(string) (string, bool) { return strings.Repeat("ن", valueLength), true }, links)
	if err != nil {
		return []string{err.Error()}, nil
	}
	bare, err := c.Render(func(string) (string, bool) { return "", false }, links)
	if err != nil {
		return []string{err.Error()}, nil
	}
	if n := len(full.HTML); n > maxHTML {
		fault("a person gets about %d KB of HTML: mail programs cut at %d", n>>10, maxHTML>>10)
	}
	switch n := utf8.RuneCountInString(full.Subject); {
	case n > maxSubject:
		fault("the subject has up to %d letters: at most %d are shown anywhere", n, maxSubject)
	case utf8.RuneCountInString(bare.Subject) > longSubject:
		warnings = append(warnings, fmt.Sprintf("the subject has %d letters: phones show about 40, desktops %d", utf8.RuneCountInString(bare.Subject), longSubject))
	}
	if bare.Subject == "" {
		fault("the subject is empty where nothing is known of the lead")
	}
	if c.Preheader == "" {
		warnings = append(warnings, "there is no preheader: inboxes show the first words of the mail instead")
	}
	if c.Invite != nil && !strings.Contains(c.Text, "invite.at") {
		warnings = append(warnings, "the mail brings an invitation and does not say when: some programs show no attachment; {{ invite.at }} says it")
	}
	goes := func(target string) bool {
		for i, l := range c.Links {
			if l.Target == target && strings.Contains(c.HTML, fmt.Sprintf("{{ l%d }}", i)) {
				return true
			}
		}
		return false
	}
	if use.Marketing && !goes("unsubscribe") {
		fault("a marketing mail without a way out: the layout or the text needs a link to unsubscribe, which the piece footer has")
	}
	if goes("magnet") && !use.Magnet {
		fault("a link to magnet, and a track that sends the mail is not entered by a form with a magnet: it would lead nowhere")
	}
	if use.Confirm {
		if !goes("confirm") {
			fault("the mail that asks to confirm an address has no link to confirm")
		}
		for _, part := range []string{c.Subject, c.Template.Preheader, c.HTML, c.Text} {
			if strings.Contains(part, "{{ lead.") || strings.Contains(part, "{{lead.") {
				fault("the mail that asks to confirm an address repeats what was posted: anybody may post somebody's address, and words with it")
				break
			}
		}
	}
	return faults, warnings
}
