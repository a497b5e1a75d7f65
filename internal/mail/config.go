// Package mail turns a template and a lead into a message: subject, HTML and
// text from one source, every value escaped, every link signed by the caller.
// It knows no store, no clock and no provider.
package mail

// Template is one mail of the playbook in one locale, compiled at publish from
// a Markdown file with front matter (playbook/mails/<name>.<locale>.md).
// Subject, Preheader, HTML and Text are Liquid sources: `{{ lead.name |
// default: "دوست" }}`; `{{ l0 }}`, `{{ l1 }}` … stand where Links[0], Links[1]
// … go, since a link is signed for each person when the mail is made.
type Template struct {
	Name      string `json:"name"`
	Locale    string `json:"locale"` // fa or en
	Subject   string `json:"subject"`
	Preheader string `json:"preheader"`
	HTML      string `json:"html"`
	Text      string `json:"text"`
	Links     []Link `json:"links,omitempty"`

	Invite *Invite `json:"invite,omitempty"`
}

// Link is one link of a template.
type Link struct {
	// Target is an absolute https URL (UTM tags added at publish), or one of
	// the words `magnet`, `preferences`, `confirm`, `unsubscribe`, and `pixel`
	// for the picture that tells when a mail is looked at.
	Target string `json:"target"`
	// Kind names what a click means: "" an ordinary one, "offer" a trial or
	// demo offer, "trap" one that people do not see.
	Kind string `json:"kind,omitempty"`
}
