package nurture

import (
	"strings"
	"time"
)

// Issued is the code of an offer that a person was given.
type Issued struct {
	Offer string `json:"o"`
	Code  string `json:"c"`
	Until int64  `json:"u"`           // the last second in which it is good
	Used  uint64 `json:"s,omitempty"` // key of the activity that redeemed it
}

// keepIssued bounds the codes that are remembered: the oldest go first.
const keepIssued = 5

// Take notes that a code was given. Given again it is the same code, good for
// as long as the later mail says.
func (r *Recipient) Take(o Issued) {
	for i := range r.Issued {
		if k := &r.Issued[i]; k.Code == o.Code {
			k.Until = max(k.Until, o.Until)
			if k.Used == 0 {
				k.Used = o.Used
			}
			return
		}
	}
	r.Issued = append(r.Issued, o)
	r.Issued = r.Issued[max(0, len(r.Issued)-keepIssued):]
}

// Redeem uses a code up, once: by names the activity that says so, and the same
// one may come again. It gives the reason why not, "" where it was good.
func (r *Recipient) Redeem(code string, at time.Time, by uint64) string {
	code = strings.TrimSpace(code)
	for i := range r.Issued {
		k := &r.Issued[i]
		switch {
		case !strings.EqualFold(k.Code, code):
			continue
		case k.Used == by:
			return ""
		case k.Used != 0:
			return "the code was used already"
		case at.Unix() > k.Until:
			return "the code had run out"
		}
		k.Used = by
		return ""
	}
	return "the code was never given to this lead"
}
