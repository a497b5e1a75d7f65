package flow

import (
	"strings"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// directLead begins an external id that is a lead's own id. Only our functions
// send it: the queue is theirs and of senders whom the business trusts; a
// public form refuses it.
const directLead = "lead:"

// WhoIs names a lead by their own id, for activities that our functions send.
func WhoIs(lead string) activity.Who { return activity.Who{External: directLead + lead} }

// LeadOf gives the lead's own id where the sender knew it: ingest takes it as
// it is, and makes no new lead from it.
func LeadOf(w activity.Who) (id string, ok bool) { return strings.CutPrefix(w.External, directLead) }
