package sim

import (
	"maps"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/nurture"
)

// text looks at a short message on a recipient that was just written: when it
// is claimed, the person permits it, and it is an hour of its channel.
func (m *mails) text(p *process, r *nurture.Recipient, s nurture.Sent) {
	if s.Channel == "" {
		return
	}
	c := m.texts[s.ID]
	if c == nil {
		c = &claim{send: s.ID, recipient: r.ID, mail: s.Mail, class: s.Class, at: s.At, fate: inHand}
		m.texts[s.ID] = c
		m.w.report.Texts++
		at := m.clock(s.At, r)
		switch minute := at.Hour()*60 + at.Minute(); {
		case s.Class != nurture.Marketing:
		case !r.Consents(s.Channel, "marketing", false):
			m.w.broken("%s claimed message %s for %s, who does not permit it", p.name, s.ID, r.ID)
		case !m.open(s.At, r) || minute < m.w.newest().Playbook.Nurture.Channels[0].From || minute >= m.w.newest().Playbook.Nurture.Channels[0].Until:
			m.w.broken("%s claimed message %s at %s, when nobody is texted", p.name, s.ID, clockOf(s.At))
		case r.Held || r.Talk != "":
			m.w.broken("%s claimed message %s for %s, with whom sales is talking", p.name, s.ID, r.ID)
		}
	}
	switch {
	case s.Open:
	case s.Failed != "":
		c.fate = failed
	default:
		c.fate = sent
	}
}

// checkTexts says, at the end, what became of every short message, and adds
// those that left to what a person got.
func (m *mails) checkTexts(byPerson map[string][]int64) {
	w := m.w
	byChannel := map[string][]int64{}
	for _, id := range slices.Sorted(maps.Keys(m.texts)) {
		c := m.texts[id]
		posted := w.hooked["msg_"+id] != nil
		switch {
		case c.fate == sent && !posted:
			w.broken("message %s of %s counts as handed over, and the receiver never took it", id, c.recipient)
		case c.fate == inHand:
			w.broken("message %s of %s has no fate since %s", id, c.recipient, clockOf(c.at))
		}
		if c.class == nurture.Marketing && posted {
			byPerson[c.recipient] = append(byPerson[c.recipient], c.at)
			byChannel[c.recipient] = append(byChannel[c.recipient], c.at)
		}
	}
	for id := range w.hooked {
		if s, is := strings.CutPrefix(id, "msg_"); is && m.texts[s] == nil {
			w.broken("message %s left without a claim", s)
		}
	}
	for _, limit := range w.newest().Playbook.Nurture.Caps {
		if limit.Channel != nurture.SMS {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(byChannel)) {
			at := byChannel[id]
			slices.Sort(at)
			for i := limit.Count; i < len(at); i++ {
				if at[i]-at[i-limit.Count] < int64(limit.Days)*86400 {
					w.broken("%d messages to %s within %d days, up to %s", limit.Count+1, id, limit.Days, clockOf(at[i]))
				}
			}
		}
	}
}
