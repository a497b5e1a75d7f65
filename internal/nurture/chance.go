package nurture

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// chance gives a number below n that is the same for the same words at any
// time: who is in which arm, branch or hold-out is decided once and needs no
// memory.
func chance(n int, words ...string) int {
	var b []byte
	for _, w := range words {
		b = fmt.Appendf(b, "%d:%s", len(w), w)
	}
	h := sha256.Sum256(b)
	return int(binary.BigEndian.Uint64(h[:8]) % uint64(n))
}

// arm is the side of an experiment that a person is on, nil where the step has
// none.
func (s *Step) arm(recipient, track string) *Arm {
	sum := 0
	for i := range s.Arms {
		sum += s.Arms[i].Weight
	}
	if sum == 0 {
		return nil
	}
	n := chance(sum, "arm", recipient, track, s.Name)
	for i := range s.Arms {
		if n -= s.Arms[i].Weight; n < 0 {
			return &s.Arms[i]
		}
	}
	return nil
}

// heldOut says whether a person who enters a track is kept out of marketing,
// to compare: HoldoutAll over all tracks, HoldoutTrack in this one, "" not at
// all. entries counts who entered the track before, all people together.
func (c *Config) heldOut(recipient, track string, entries int) string {
	h := c.Holdout
	switch {
	case h == nil || entries < h.From:
		return ""
	case chance(100, "all", recipient) < h.All:
		return HoldoutAll
	case chance(100, "track", recipient, track) < h.Percent:
		return HoldoutTrack
	}
	return ""
}

// What an enrollment is held out of.
const (
	HoldoutAll   = "all"
	HoldoutTrack = "track"
)

// Arm finds an arm by name, nil where the step has none of that name.
func (s *Step) Arm(name string) *Arm {
	for i := range s.Arms {
		if s.Arms[i].Name == name && name != "" {
			return &s.Arms[i]
		}
	}
	return nil
}

// OfferOf names the offer that a send makes, "" for none.
func (p *Plan) OfferOf(s *Send) string {
	t := p.Track(s.Track)
	if t == nil {
		return ""
	}
	for i := range t.Steps {
		if t.Steps[i].Name != s.Step {
			continue
		}
		if a := t.Steps[i].Arm(s.Arm); a != nil && a.Offer != "" {
			return a.Offer
		}
		return t.Steps[i].Offer
	}
	return ""
}
