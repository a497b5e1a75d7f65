package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// rule is a signal as it was read, before it has a number.
type rule struct {
	def    signal.Definition
	at     place
	v      *value // as it was written; nil for made ones
	title  playbook.Text
	points *score.Points
	of     *value // what a count signal counts
	// made signals come from the fit tables of personas.
	made bool
}

const maxSignals = 1000

// readSignals reads what the section signals declares.
func (r *reader) readSignals() {
	r.entries("signals", "name", maxSignals, func(name string, at place, v *value) {
		if !r.fields(v, "name", "title", "on", "where", "profile", "count", "absent",
			"points", "group", "interest", "cap_per_day", "cap", "cap_days", "once", "once_in", "half_life", "lasts", "steps") {
			return
		}
		k := &rule{at: at, v: v, title: r.titled(v.get("title"))}
		k.def.Name = name
		kinds := 0
		for _, key := range []string{"on", "profile", "count", "absent"} {
			if v.get(key) != nil {
				kinds++
			}
		}
		if kinds != 1 {
			r.fault(at, fmt.Sprintf("signal %s has %d of on, profile, count and absent", name, kinds), "give one: what is done, what is known, or what is counted")
			return
		}
		switch {
		case v.get("on") != nil:
			k.def.Kind = signal.OnActivity
			k.def.Types = r.types(v.get("on"))
			if w := v.get("where"); w != nil {
				k.def.Where = r.cond(w, signal.OnActivity)
			}
		case v.get("profile") != nil:
			k.def.Kind = signal.OnProfile
			k.def.Where = r.cond(v.get("profile"), signal.OnProfile)
		default:
			r.readCount(k, v)
		}
		if w := v.get("where"); w != nil && k.def.Kind != signal.OnActivity {
			r.fault(w.place, "where belongs to signals with on", "put the condition into the signal that is counted, or under profile")
		}
		k.points = r.readPoints(v)
		if k.points != nil && k.def.Kind == signal.OnProfile {
			r.fault(v.get("points").place, "a signal on the profile gives no points by itself", "put it into the fit of a persona")
			k.points = nil
		}
		r.add(k)
	})
}

// add keeps a signal if it can stand by itself.
func (r *reader) add(k *rule) {
	check := k.def
	check.Number = 1
	if check.Kind == signal.OnCount && check.Count != nil {
		count := *k.def.Count
		count.Of, check.Count = 2, &count
	}
	if err := check.Check(); err != nil {
		if !r.faulty(k.at) {
			r.fault(k.at, err.Error(), "")
		}
		return
	}
	if len(r.order) == signal.MaxNumber {
		r.fault(k.at, fmt.Sprintf("more than %d signals", signal.MaxNumber), "remove some")
	}
	if len(r.order) >= signal.MaxNumber {
		return
	}
	if k.def.Kind == signal.OnProfile {
		r.hashes[signal.HashOf(k.def)] = k.def.Name
	}
	r.signals[k.def.Name] = k
	r.order = append(r.order, k)
}

// faulty tells that the reader already said what is wrong in an entry that
// begins at a place; a second fault of the same cause would only confuse.
func (r *reader) faulty(at place) bool {
	n := len(r.faults)
	return n > 0 && r.faults[n-1].File == at.file && r.faults[n-1].Line >= at.line
}

func (r *reader) types(v *value) []activity.Type {
	var out []activity.Type
	known := knownTypes()
	for _, i := range r.list(v) {
		t := r.text(i)
		if t == "" {
			continue
		}
		if !slices.Contains(known, t) {
			near := ""
			for _, k := range known {
				if distance(k, t) <= 2 {
					near = k
				}
			}
			if near != "" || !ownType(t) {
				r.unknown(i.place, "activity type", t, known)
				continue
			}
		}
		out = append(out, activity.Type(t))
	}
	if len(out) == 0 && v.kind == list && len(v.items) == 0 {
		r.fault(v.place, "no activity type is named", "such as on: page.viewed")
	}
	return out
}

// ownType tells that a type has the shape of one: a sender may have types that
// we do not know.
func ownType(t string) bool {
	words := strings.Split(t, ".")
	for _, w := range words {
		if !isName(strings.ReplaceAll(w, "-", " ")) {
			return false
		}
	}
	return len(words) > 1
}

func knownTypes() []string {
	return strings.Fields(`page.viewed cta.seen cta.clicked form.seen form.started form.posted file.downloaded mail.sent mail.clicked
		mail.opened mail.replied mail.bounced mail.complained mail.unsubscribed call.answered call.missed call.requested call.price_asked
		call.refused social.shared social.asked ad.clicked webinar.signed_up webinar.attended stand.visited trial.started offer.redeemed product.logged_in
		product.invited product.imported product.active deal.opened deal.won deal.lost profile.changed consent.changed lead.taken
		lead.accepted lead.returned lead.adjusted activity.revoked leads.merged leads.parted`)
}

func (r *reader) readCount(k *rule, v *value) {
	k.def.Kind = signal.OnCount
	c := v.get("count")
	absent := c == nil
	if absent {
		c = v.get("absent")
	}
	if !r.fields(c, "of", "at_least", "days", "distinct_days") {
		return
	}
	k.of = c.get("of")
	if k.of == nil {
		r.fault(c.place, "of is missing", "name the signal that is counted")
		return
	}
	k.def.Count = &signal.Count{AtLeast: 1, Absent: absent, DistinctDays: r.yes(c.get("distinct_days"))}
	if n := r.optional(c.get("at_least"), 1, signal.MaxAtLeast); n != nil {
		k.def.Count.AtLeast = *n
	}
	if d := c.get("days"); d == nil {
		r.fault(c.place, "days is missing", "say over how many days it counts")
	} else {
		k.def.Count.Days = r.whole(d, 1, 5*366)
	}
}

func (r *reader) readPoints(v *value) *score.Points {
	at := v.get("points")
	if at == nil {
		for _, key := range []string{"cap_per_day", "cap", "cap_days", "once", "once_in", "half_life", "lasts", "steps", "group", "interest"} {
			if w := v.get(key); w != nil {
				r.fault(w.place, key+" stands without points", "give points, or leave it out")
				break
			}
		}
		return nil
	}
	p := &score.Points{
		Points: r.whole(at, -score.MaxPoints, score.MaxPoints),
		Group:  r.text(v.get("group")), Interest: r.text(v.get("interest")),
		PerDay: r.whole(v.get("cap_per_day"), 1, score.MaxPoints),
		Cap:    r.whole(v.get("cap"), 1, score.MaxPoints), WindowDays: r.whole(v.get("cap_days"), 1, 366),
		Once: r.yes(v.get("once")), OnceDays: r.whole(v.get("once_in"), 1, 366),
		HalfLife: r.whole(v.get("half_life"), 1, 5*366), LastDays: r.whole(v.get("lasts"), 1, 5*366),
	}
	if g := v.get("group"); g != nil && p.Group != "" {
		r.known(g, "group", p.Group, r.groupNames(false))
	}
	if g := v.get("interest"); g != nil && p.Interest != "" {
		r.known(g, "interest", p.Interest, r.groupNames(true))
	}
	for _, s := range r.list(v.get("steps")) {
		if r.fields(s, "day", "percent") {
			p.Steps = append(p.Steps, score.DecayStep{Day: r.whole(s.get("day"), 1, 5*366), Percent: r.whole(s.get("percent"), 0, 100)})
		}
	}
	return p
}

// known says so when a name does not exist.
func (r *reader) known(at *value, what, name string, all []string) bool {
	if slices.Contains(all, name) {
		return true
	}
	r.unknown(at.place, what, name, all)
	return false
}

func (r *reader) groupNames(interest bool) []string {
	var names []string
	for _, g := range r.p.Score.Groups {
		if g.Interest == interest {
			names = append(names, g.Name)
		}
	}
	return names
}

// signal finds a signal by the name at v; 0 after a fault.
func (r *reader) signal(v *value) signal.Number {
	name := r.text(v)
	if name == "" {
		return 0
	}
	k := r.signals[name]
	if k == nil {
		r.unknown(v.place, "signal", name, keysOf(r.signals))
		return 0
	}
	r.use("signal", name)
	return k.def.Number
}

func (r *reader) signalList(v *value) []signal.Number {
	var out []signal.Number
	for _, i := range r.list(v) {
		if n := r.signal(i); n != 0 && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
