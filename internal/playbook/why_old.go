package playbook

import (
	"regexp"
	"sync"

	"github.com/sarnakh/sarnakh/internal/nurture"
)

// oldReasons are the sentences that the first release stored, and their codes:
// made when the first reason is read, not when a function starts.
var oldReasons = sync.OnceValue(func() (out []oldReason) {
	for _, s := range [][2]string{
		{`sales is talking with this person`, nurture.SalesTalks}, {`paused by the person`, nurture.Paused},
		{`(\d+) hours between two mails`, nurture.Gap + ":$1:"}, {`at most (\d+) mails in (\d+) days`, nurture.CapFull + ":$1:$2:"},
		{`holiday (\S+)`, nurture.Holiday + ":$1"}, {`quiet hours`, nurture.QuietHours}, {`waits for (\w+)`, nurture.AwaitsDate + ":$1"},
		{`the mail service asked to wait`, nurture.Throttled}, {`not seen: (.*)`, nurture.NotSeen + ":$1"},
		{`seen already: (.*)`, nurture.SeenAlready + ":$1"}, {`no mobile known`, nurture.NoMobile}, {`no e-mail address`, nurture.NoEmail},
		{`address suppressed: (.*)`, nurture.Suppression + ":$1"}, {`no consent`, nurture.NoConsent}, {`topic switched off`, nurture.TopicOff},
		{`goal reached`, nurture.Ended}, {`the track left the playbook`, nurture.TrackGone}, {`no answer and no evidence: not repeated`, nurture.NoEvidence},
		{`(stage|form|signal|activity|lost|silent|band|total|person) (.*)`, nurture.Ended + ":$1:$2"},
	} {
		out = append(out, oldReason{regexp.MustCompile(`^` + s[0] + `$`), s[1]})
	}
	return out
})

type oldReason struct {
	sentence *regexp.Regexp
	code     string
}

// newReason gives the code of a stored reason.
func newReason(reason string) string {
	for _, o := range oldReasons() {
		if o.sentence.MatchString(reason) {
			return o.sentence.ReplaceAllString(reason, o.code)
		}
	}
	return reason
}
