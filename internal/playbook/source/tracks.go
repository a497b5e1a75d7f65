package source

import (
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/signal"
)

func (r *reader) readNurture() {
	n := &r.p.Nurture
	if v := r.sections["nurture"]; r.fields(v, "caps", "gap_hours", "channels", "holdout", "double_opt_in", "opens", "hold_stages") {
		for _, c := range r.list(v.get("caps")) {
			if r.fields(c, "mails", "messages", "days", "channel") {
				count := c.get("messages")
				if count == nil {
					count = c.get("mails")
				}
				if count == nil {
					r.fault(c.place, "the cap says no number", "such as {messages: 2, days: 7}")
				}
				n.Caps = append(n.Caps, nurture.Cap{Count: r.whole(count, 1, 30), Days: r.whole(c.get("days"), 1, 31), Channel: r.choice(c.get("channel"), channels...)})
			}
		}
		n.GapHours = r.whole(v.get("gap_hours"), 0, 31*24)
		r.readChannels(v.get("channels"))
		if h := v.get("holdout"); r.fields(h, "percent", "all", "from") {
			n.Holdout = &nurture.Holdout{Percent: r.whole(h.get("percent"), 0, 50), All: r.whole(h.get("all"), 0, 50), From: 1000}
			if h.get("from") != nil {
				n.Holdout.From = r.whole(h.get("from"), 0, 1_000_000)
			}
		}
		n.DoubleOptIn, n.Opens = r.yes(v.get("double_opt_in")), r.yes(v.get("opens"))
		for _, i := range r.list(v.get("hold_stages")) {
			if s := r.text(i); s != "" && r.known(i, "stage", s, r.stageNames()) {
				n.HoldStages = append(n.HoldStages, s)
			}
		}
	}
	r.entries("topics", "name", 20, func(name string, at place, v *value) {
		if v.kind == mapping && v.get("title") != nil {
			r.fields(v, "name", "title")
			v = v.get("title")
		}
		n.Topics = append(n.Topics, nurture.Topic{Name: name, Title: r.titled(v)})
	})
	r.entries("tracks", "name", 200, r.readTrack)
	r.watch()
}

// channels over which a step may write; all but e-mail go by the webhook.
var channels = []string{nurture.Email, nurture.SMS, "messenger"}

// readChannels reads what channels ask beyond what holds for all of them.
func (r *reader) readChannels(v *value) {
	if v == nil || !r.fields(v, channels...) {
		return
	}
	for _, p := range v.pairs {
		if !slices.Contains(channels, p.key) || !r.fields(p.value, "gap_hours", "from", "until") {
			continue
		}
		c := nurture.Channel{Name: p.key, GapHours: r.whole(p.value.get("gap_hours"), 0, 31*24)}
		if p.value.get("from") != nil || p.value.get("until") != nil {
			if c.From, c.Until = r.clock(p.value.get("from"), 0), r.clock(p.value.get("until"), 24*60); c.From >= c.Until {
				r.fault(p.value.place, "its hours end before they begin", "from comes before until, within one day")
			}
		}
		r.p.Nurture.Channels = append(r.p.Nurture.Channels, c)
	}
}

// watch lists the signals that tracks ask about: they are counted, worth
// points or not.
func (r *reader) watch() {
	add := func(name string) {
		if k := r.signals[name]; k != nil && k.def.Kind != signal.OnProfile && !slices.Contains(r.p.Score.Watch, k.def.Number) {
			r.p.Score.Watch = append(r.p.Score.Watch, k.def.Number)
		}
	}
	for _, t := range r.p.Nurture.Tracks {
		for _, e := range slices.Concat(t.Entry, t.Goals, t.Ends) {
			add(e.Signal)
		}
		for _, s := range t.Steps {
			add(s.Only)
			add(s.Unless)
			if s.Until != nil {
				add(s.Until.For.Signal)
			}
			for _, b := range s.Split {
				add(b.Seen)
			}
		}
	}
	slices.Sort(r.p.Score.Watch)
}

func (r *reader) readTrack(name string, at place, v *value) {
	if !r.fields(v, "name", "title", "kind", "priority", "topic", "enter", "goal", "end", "reply", "again_after", "longest", "steps") {
		return
	}
	t := nurture.Track{Name: name, Title: r.titled(v.get("title")), Priority: r.whole(v.get("priority"), 0, 100), Topic: r.text(v.get("topic"))}
	if t.Topic != "" {
		var topics []string
		for _, k := range r.p.Nurture.Topics {
			topics = append(topics, k.Name)
		}
		r.known(v.get("topic"), "topic", t.Topic, topics)
	}
	t.ReentryDays = r.wholeDays(v.get("again_after"), "who may enter again may do so after whole days", "such as again_after: 180d; without it, once for ever")
	t.LongestDays = r.wholeDays(v.get("longest"), "a track lasts whole days", "such as longest: 60d; without it, until its last step")
	for _, part := range []struct {
		key string
		to  *[]nurture.Entry
	}{{"enter", &t.Entry}, {"goal", &t.Goals}, {"end", &t.Ends}} {
		for _, i := range r.list(v.get(part.key)) {
			if e, ok := r.trigger(i, part.key == "enter"); ok {
				*part.to = append(*part.to, e)
			}
		}
	}
	if len(r.list(v.get("enter"))) == 0 {
		r.fault(at, fmt.Sprintf("nobody enters track %s", name), "give enter, such as enter: [{form: ebook}]")
	}
	for _, e := range t.Entry {
		if e.Yearly != "" && (t.ReentryDays == 0 || t.ReentryDays > 360) {
			r.fault(v.get("enter").place, "the date comes back each year, and people may enter once", "give again_after: 300d")
		}
	}
	for _, i := range r.list(v.get("steps")) {
		if len(t.Steps) >= 50 {
			r.fault(i.place, "more than 50 steps", "make a second track")
			break
		}
		r.readStep(&t, i)
	}
	if len(t.Steps) == 0 {
		r.fault(at, fmt.Sprintf("track %s has no steps", name), "give at least one mail or task")
	}
	for _, f := range t.Check() {
		at, ok := r.where["step "+t.Name+" "+f.Step]
		if !ok {
			at = v.place
		}
		r.fault(at, f.Problem, f.Remedy)
	}
	r.defaults(&t, v)
	r.p.Nurture.Tracks = append(r.p.Nurture.Tracks, t)
}

// defaults fills in what a track does not say: it is for people who have not
// bought unless a purchase lets them in, and a reply ends it, unless all it
// does is answer requests.
func (r *reader) defaults(t *nurture.Track, v *value) {
	markets := slices.ContainsFunc(t.Steps, func(s nurture.Step) bool { return s.Class != nurture.Asked && len(s.Split) == 0 })
	t.Kind = nurture.Kind(r.choice(v.get("kind"), string(nurture.Acquisition), string(nurture.Customer)))
	if t.Kind == "" && markets {
		t.Kind = nurture.Acquisition
		if slices.ContainsFunc(t.Entry, func(e nurture.Entry) bool { return e.Activity == string(activity.DealWon) }) {
			t.Kind = nurture.Customer
		}
	}
	reply := r.choice(v.get("reply"), "ends", "stays")
	t.OnReply = reply == "ends" || reply == "" && markets
}

// wholeDays reads a span of whole days.
func (r *reader) wholeDays(v *value, problem, remedy string) int {
	if v == nil {
		return 0
	}
	days, hours := r.span(v)
	if hours > 0 || days == 0 {
		r.fault(v.place, problem, remedy)
	}
	return days
}

// trigger reads what lets a lead into a track or ends it.
func (r *reader) trigger(v *value, enters bool) (e nurture.Entry, ok bool) {
	if !r.fields(v, "form", "signal", "stage", "band", "lost", "silent", "activity", "purchase", "audience", "left", "date", "before", "after", "every", "min_fit") {
		return e, false
	}
	set := 0
	for _, p := range v.pairs {
		if !slices.Contains([]string{"min_fit", "before", "after", "every"}, p.key) {
			set++
		}
	}
	if set != 1 {
		r.fault(v.place, fmt.Sprintf("%d triggers in one entry", set), "give one of form, signal, stage, band, lost, silent, activity, purchase, audience, left, date; several are several entries")
		return e, false
	}
	faults := len(r.faults)
	if f := v.get("form"); f != nil {
		e.Form = r.text(f)
		r.known(f, "form", e.Form, r.names("forms", "name"))
	}
	if s := v.get("signal"); s != nil && r.signal(s) != 0 {
		e.Signal = r.text(s)
	}
	if s := v.get("stage"); s != nil {
		e.Stage = r.text(s)
		r.known(s, "stage", e.Stage, r.stageNames())
	}
	if b := v.get("band"); b != nil {
		var bands []string
		for _, k := range r.p.Score.Bands {
			bands = append(bands, k.Name)
		}
		e.Band = r.text(b)
		r.known(b, "band", e.Band, bands)
	}
	if l := v.get("lost"); l != nil {
		e.Lost = r.reason(l)
	}
	if s := v.get("silent"); s != nil {
		days, hours := r.span(s)
		if e.Silent = days; hours > 0 || days == 0 {
			r.fault(s.place, "silence is told in days", "such as silent: 60d")
		}
	}
	if a := v.get("activity"); a != nil {
		if t := r.types(a); len(t) == 1 {
			e.Activity = string(t[0])
		}
	}
	if p := v.get("purchase"); p != nil {
		if e.Activity = string(activity.DealWon); !r.yes(p) {
			r.fault(p.place, "purchase stands for a deal that was won", "write purchase: true")
		}
	}
	if a := v.get("audience"); a != nil {
		e.Audience = r.audience(a)
	}
	if a := v.get("left"); a != nil {
		e.Left = r.audience(a)
	}
	r.readDate(&e, v, enters)
	e.MinFit = r.whole(v.get("min_fit"), -1000, 1000)
	return e, len(r.faults) == faults
}

func (r *reader) audience(v *value) string {
	name := r.text(v)
	var names []string
	for _, a := range r.p.Score.Audiences {
		names = append(names, a.Name)
	}
	if name != "" {
		r.known(v, "audience", name, names)
	}
	return name
}

// readDate reads a date of the profile that lets people in, some days before
// or after it, once or every year.
func (r *reader) readDate(e *nurture.Entry, v *value, enters bool) {
	before, after, every := v.get("before"), v.get("after"), v.get("every")
	d := v.get("date")
	if d == nil {
		for _, x := range []*value{before, after, every} {
			if x != nil {
				r.fault(x.place, "before, after and every belong to a date", "such as {date: renews_on, before: 30d}")
			}
		}
		return
	}
	if e.Date = r.dateAttribute(d); !enters {
		r.fault(d.place, "a date lets people into a track and does nothing else", "use it under enter")
	}
	if before != nil && after != nil {
		r.fault(after.place, "both before and after", "give one of them")
	}
	e.Days = r.wholeDays(after, "a date is moved by whole days", "such as after: 3d") - r.wholeDays(before, "a date is moved by whole days", "such as before: 30d")
	if max(e.Days, -e.Days) > 366 {
		r.fault(d.place, "more than a year from the date", "at most 366d are possible")
	}
	if every != nil && r.choice(every, "year") != "" {
		if e.Yearly = nurture.Gregorian; len(r.p.Business.Locales) > 0 && r.p.Business.Locales[0] == "fa" {
			e.Yearly = nurture.Jalali
		}
	}
}

// dateAttribute reads the name of an attribute that is a date.
func (r *reader) dateAttribute(v *value) string {
	name := r.text(v)
	a, ok := r.p.Attribute(name)
	switch {
	case !ok:
		r.unknown(v.place, "attribute", name, r.attributeNames())
	case a.Type != "date":
		r.fault(v.place, fmt.Sprintf("%s is no date", a.Name), "an attribute of type date is right")
	}
	r.use("attribute", name)
	return name
}
