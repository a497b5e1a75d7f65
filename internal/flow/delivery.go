package flow

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Delivery is the message on the deliveries queue: one decision to carry out,
// under the key that makes it happen once. It holds no address and no name:
// deliver reads those when it acts.
type Delivery struct {
	Format  int             `json:"v"` // 1
	Key     string          `json:"key"`
	Lead    lead.ID         `json:"lead"`
	Kind    string          `json:"kind"`              // handover, fastlane, stage, enroll, audience
	Subject string          `json:"subject,omitempty"` // which stage, track or audience
	N       int             `json:"n"`                 // n-th time
	Reason  json.RawMessage `json:"reason,omitempty"`  // the decision package's own
	At      time.Time       `json:"at"`                // when it was decided
	Quiet   bool            `json:"quiet,omitempty"`   // listed, told nobody
	// Playbook and card at the time of the decision.
	Playbook uint32 `json:"playbook"`
	Total    int    `json:"total"`
	Fit      int    `json:"fit"`
	Band     string `json:"band,omitempty"`
	Version  uint64 `json:"ledger"` // of the ledger item that held it
}

// DeliveryOf makes the message of a pending decision. The same decision gives
// the same key, whichever image of the item it is read from.
func DeliveryOf(s *ledger.State, p ledger.Pending) Delivery {
	key := KeyOf(s.Lead, p)
	d := Delivery{
		Format: 1, Key: key.String(), Lead: s.Lead, Kind: p.Kind, Subject: p.Name, N: int(p.N),
		At: time.Unix(p.At, 0).UTC(), Quiet: p.Quiet,
		Playbook: s.Playbook, Total: s.Total, Fit: s.Fit, Band: store.BandOf(s.Band), Version: s.Version,
	}
	switch {
	case len(p.Reason) == 0:
	case json.Valid(p.Reason):
		d.Reason = json.RawMessage(p.Reason)
	default: // packed bytes: JSON carries them as base64
		d.Reason, _ = json.Marshal(p.Reason)
	}
	return d
}

// KeyOf is the key of a pending decision.
func KeyOf(id lead.ID, p ledger.Pending) store.DecisionKey {
	return store.DecisionKey{Lead: id, Kind: p.Kind, Subject: p.Name, N: int(p.N)}
}

// Encode gives the bytes of the message.
func (d Delivery) Encode() []byte {
	b, err := json.Marshal(d)
	if err != nil {
		// unreachable: every field is plain, and Reason was checked
		panic("flow: encode delivery " + d.Key + ": " + err.Error())
	}
	return b
}

// ReasonBytes is the reason as the decision package wrote it.
func (d Delivery) ReasonBytes() []byte {
	var packed []byte
	if len(d.Reason) > 0 && d.Reason[0] == '"' && json.Unmarshal(d.Reason, &packed) == nil {
		return packed
	}
	return d.Reason
}

// DecodeDelivery reads a message of the deliveries queue.
func DecodeDelivery(body []byte) (Delivery, error) {
	var d Delivery
	if err := json.Unmarshal(body, &d); err != nil {
		return d, fmt.Errorf("read delivery: %w", err)
	}
	key, err := store.ParseDecisionKey(d.Key)
	switch {
	case d.Format != 1:
		return d, fmt.Errorf("delivery %.80q has format %d: 1 is known", d.Key, d.Format)
	case err != nil:
		return d, fmt.Errorf("read delivery: %w", err)
	case key.Lead != d.Lead || key.Kind != d.Kind || key.Subject != d.Subject || key.N != d.N:
		return d, fmt.Errorf("delivery %.80q does not agree with its own key", d.Key)
	}
	return d, nil
}
