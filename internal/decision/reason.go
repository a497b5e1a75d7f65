package decision

import (
	"encoding/json"
	"fmt"

	"github.com/sarnakh/sarnakh/internal/signal"
)

// Signal is the number of a signal.
type Signal = signal.Number

// Reason is why a decision was made, short enough to wait in the ledger item.
type Reason struct {
	Total      int      `json:"t"`
	Fit        int      `json:"f"`
	Engagement int      `json:"e"`
	Grade      string   `json:"g,omitempty"`
	Signals    []Signal `json:"w,omitempty"` // what the lead did
	Count      int      `json:"c,omitempty"` // requests told together
	From       uint8    `json:"o,omitempty"` // number of the stage left
	Left       bool     `json:"l,omitempty"` // the audience was left
	// Asked: the lead asked for a person in the same moment, and the fast lane
	// tells sales of it: a hand-over needs no alert of its own.
	Asked bool `json:"a,omitempty"`
	// Goal: what a track is for was reached.
	Goal bool `json:"z,omitempty"`
	// By is what set it off: total, signal, form, activity, stage, band, lost,
	// silent, person, reason, revoked, audience, left, date; What is which.
	By   string `json:"b,omitempty"`
	What string `json:"x,omitempty"`
	// Quiet is why nobody was told by itself.
	Quiet Cause `json:"q,omitempty"`
}

// maxReason is what the ledger item has room for.
const maxReason = 96

func (r Reason) encode() []byte {
	for {
		b, err := json.Marshal(r)
		if err != nil {
			// unreachable: plain fields
			panic("decision: encode a reason: " + err.Error())
		}
		switch {
		case len(b) <= maxReason:
			return b
		case r.What != "":
			r.What = "" // a name too long to carry; By still says what it was
		case len(r.Signals) > 0:
			r.Signals = r.Signals[:len(r.Signals)-1]
		default:
			return b
		}
	}
}

// DecodeReason reads the reason of a decision.
func DecodeReason(b []byte) (Reason, error) {
	var r Reason
	if len(b) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("reason of a decision: %w", err)
	}
	return r, nil
}
