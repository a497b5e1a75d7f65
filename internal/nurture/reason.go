package nurture

import (
	"fmt"
	"strings"
)

// Why something waits, was skipped or came to an end: a code, and what belongs
// to it after colons, so that screens word it in the reader's language.
// ReadReason takes it apart. Items of older releases hold English sentences.
const (
	// What holds a step.
	SalesTalks = "sales"     // sales is talking with the person
	Paused     = "paused"    // by the person
	Gap        = "gap"       // hours, channel or "": between two messages
	CapFull    = "cap"       // count, days, channel or ""
	Holiday    = "holiday"   // the date, 2026-03-20
	Weekend    = "weekend"   // no open day
	QuietHours = "quiet"     // outside the hours
	Awaits     = "awaits"    // what kind, which: a signal, an audience
	AwaitsDate = "date"      // the attribute
	Throttled  = "throttled" // the mail service asked to wait

	// What skips a step.
	NotSeen     = "not_seen" // the signal
	SeenAlready = "seen"     // the signal
	NotIn       = "not_in"   // the audience
	NoMobile    = "no_mobile"
	NoEmail     = "no_email"
	Suppression = "suppressed" // bounce, complaint, manual, import
	NoConsent   = "no_consent" // the channel
	TopicOff    = "topic_off"  // the topic
	HeldOut     = "held_out"   // track or all

	// What ends an enrollment.
	Finished     = "finished"  // no step is left
	Exhausted    = "exhausted" // no step is left, and the goal was not reached
	Goal         = "goal"      // by what, which
	Ended        = "ended"     // by what, which
	TooLong      = "too_long"  // days
	TrackGone    = "track_gone"
	BroadcastOff = "cancelled" // the broadcast was

	// What became of a send.
	NoEvidence = "no_evidence" // nothing proves that it left
	Resent     = "resent"      // an asked-for mail, once more
	Withdrawn  = "withdrawn"   // the person left before it went out
	NoReceiver = "no_receiver" // no webhook takes it
	TooLate    = "too_late"    // it could not be handed over in time

	// What first releases stored as sentences, and what only lists say.
	MovedOn   = "joined to another lead"
	IsErased  = "erased"
	Refused   = "refused by the mail service"
	Unwritten = "the mail could not be written"
	Nobody    = "nobody"  // there is no recipient
	Waiting   = "waiting" // due, and not served yet
)

// because makes a reason.
func because(code string, args ...any) string {
	for _, a := range args {
		code += ":" + strings.ReplaceAll(fmt.Sprint(a), ":", ".")
	}
	return code
}

// Because is a reason with what belongs to it; "" stands for what is not said.
func Because(code string, args ...string) string {
	any := make([]any, len(args))
	for i := range args {
		any[i] = args[i]
	}
	return because(code, any...)
}

// ReadReason takes a reason apart.
func ReadReason(reason string) (code string, args []string) {
	parts := strings.Split(reason, ":")
	return parts[0], parts[1:]
}
