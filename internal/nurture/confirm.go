package nurture

import "time"

// ConfirmTrack is the built-in track of double opt-in: one mail that asks to
// confirm the address. ConfirmMail is that mail's name in the playbook.
const (
	ConfirmTrack = "double_opt_in"
	ConfirmMail  = "confirm"
)

// Who is asked to confirm did perhaps not ask for it: somebody typed their
// address. So they are asked rarely.
const (
	confirmGap    = 24 * time.Hour
	confirmWindow = 30 * 24 * time.Hour
	confirmMost   = 3
)

// confirmation is the built-in track.
func confirmation() Track {
	return Track{Name: ConfirmTrack, Title: Text{Fa: "تأیید نشانی", En: "Confirm the address"}, Priority: 100,
		Steps: []Step{{Name: "ask", Mail: ConfirmMail, Class: Asked}}}
}

// AskToConfirm puts the mail that asks to confirm on its way, where the plan
// wants confirmed consent, there is an unconfirmed one, and the address was not
// asked too often: once in 24 hours, three times in 30 days. It tells whether
// it did.
func (r *Recipient) AskToConfirm(p *Plan, now time.Time) bool {
	if !p.DoubleOptIn || r.Erased != 0 || r.Email == "" || !r.Consents("email", "marketing", false) || r.Consents("email", "marketing", true) {
		return false
	}
	var recent []int64
	for _, at := range r.Asked {
		if now.Sub(time.Unix(at, 0)) < confirmWindow {
			recent = append(recent, at)
		}
	}
	if n := len(recent); n >= confirmMost || n > 0 && now.Sub(time.Unix(recent[n-1], 0)) < confirmGap {
		return false
	}
	r.Asked = append(recent, now.Unix())
	e := Enrollment{Track: ConfirmTrack, Round: 1, Since: now.Unix(), Step: "ask", Due: now.Unix()}
	for i, old := range r.Enrollments {
		if old.Track == ConfirmTrack {
			e.Round = old.Round + 1
			r.Enrollments[i] = e
			return true
		}
	}
	r.Enrollments = append(r.Enrollments, e)
	return true
}

// Outliving is what must be remembered of the person's addresses when the rest
// is erased: where they must not be written to, and that they left.
func (r *Recipient) Outliving() []Suppressed {
	out := append([]Suppressed(nil), r.Suppressed...)
	if r.Email == "" || r.SuppressedFor(r.Email) != "" {
		return out
	}
	for _, p := range r.Permissions {
		if p.Channel == "email" && p.Purpose == "marketing" && p.Withdrawn != 0 && p.Withdrawn >= p.Granted {
			out = append(out, Suppressed{Address: r.Email, Reason: Left, At: p.Withdrawn})
		}
	}
	return out
}

// Left is the reason of an address whose person unsubscribed: it holds until
// they consent again. Every other reason holds until a person takes it away.
const Left = "unsubscribe"

// Recall applies to an address what was remembered of it.
func (r *Recipient) Recall(address, reason string, at time.Time) {
	if reason == Left {
		r.Withdraw("email", "marketing", at)
		return
	}
	r.Suppress(address, reason, at)
}
