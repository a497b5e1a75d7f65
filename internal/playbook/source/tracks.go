package source

import (
	"fmt"
	"slices"

	"github.com/sarnakh/sarnakh/internal/nurture"
)

func (r *reader) readNurture() {
	n := &r.p.Nurture
	if v := r.sections["nurture"]; r.fields(v, "caps", "gap_hours", "double_opt_in", "hold_stages") {
		for _, c := range r.list(v.get("caps")) {
			if r.fields(c, "mails", "days") {
				n.Caps = append(n.Caps, nurture.Cap{Count: r.whole(c.get("mails"), 1, 100), Days: r.whole(c.get("days"), 1, 31)})
			}
		}
		n.GapHours = r.whole(v.get("gap_hours"), 0, 31*24)
		n.DoubleOptIn = r.yes(v.get("double_opt_in"))
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
}

func (r *reader) readTrack(name string, at place, v *value) {
	if !r.fields(v, "name", "title", "priority", "topic", "enter", "end", "again_after", "steps") {
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
	if a := v.get("again_after"); a != nil {
		days, hours := r.span(a)
		if t.ReentryDays = days; hours > 0 || days == 0 {
			r.fault(a.place, "who may enter again may do so after whole days", "such as again_after: 180d; without it, once for ever")
		}
	}
	for _, i := range r.list(v.get("enter")) {
		t.Entry = append(t.Entry, r.trigger(i))
	}
	for _, i := range r.list(v.get("end")) {
		t.Ends = append(t.Ends, r.trigger(i))
	}
	if len(t.Entry) == 0 {
		r.fault(at, fmt.Sprintf("nobody enters track %s", name), "give enter, such as enter: [{form: ebook}]")
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
	r.p.Nurture.Tracks = append(r.p.Nurture.Tracks, t)
}

// trigger reads what lets a lead into a track or ends it.
func (r *reader) trigger(v *value) (e nurture.Entry) {
	if !r.fields(v, "form", "signal", "stage", "band", "lost", "silent", "activity", "min_fit") {
		return e
	}
	set := 0
	for _, p := range v.pairs {
		if p.key != "min_fit" {
			set++
		}
	}
	if set != 1 {
		r.fault(v.place, fmt.Sprintf("%d triggers in one entry", set), "give one of form, signal, stage, band, lost, silent, activity; several are several entries")
	}
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
	e.MinFit = r.whole(v.get("min_fit"), -1000, 1000)
	return e
}

func (r *reader) readStep(t *nurture.Track, v *value) {
	if !r.fields(v, "name", "wait", "until", "class", "mail", "task", "only", "unless", "needs_mobile", "offer") {
		return
	}
	s := nurture.Step{Name: r.name(v, "name"), NeedsMobile: r.yes(v.get("needs_mobile")),
		Class: nurture.Class(r.choice(v.get("class"), string(nurture.Marketing), string(nurture.Asked)))}
	s.WaitDays, s.WaitHours = r.span(v.get("wait"))
	if slices.ContainsFunc(t.Steps, func(o nurture.Step) bool { return o.Name == s.Name }) && s.Name != "" {
		r.fault(v.place, fmt.Sprintf("step %s stands twice in track %s", s.Name, t.Name), "give it another name")
	}
	mail, task := v.get("mail"), v.get("task")
	if (mail == nil) == (task == nil) {
		r.fault(v.place, "a step has either a mail or a task", "give one of them")
	}
	if s.Mail = r.text(mail); s.Mail != "" {
		if s.Class == "" {
			s.Class = nurture.Marketing
		}
		r.use("mail", s.Mail)
		if names := r.mailNames(); !slices.Contains(names, s.Mail) {
			r.fault(mail.place, fmt.Sprintf("there is no mail %q", clip(s.Mail)), suggest(s.Mail, names)+" (a mail is a file mails/<name>.fa.md)")
		}
	}
	if r.fields(task, "title", "within_hours") {
		s.Task = &nurture.Task{Title: r.titled(task.get("title")), WithinHours: r.whole(task.get("within_hours"), 1, 24*31)}
		if s.Task.Title == (nurture.Text{}) {
			r.fault(task.place, "the task has no title", "say what is to be done")
		}
	}
	if u := v.get("until"); u != nil {
		s.UntilField = r.text(u)
		a, ok := r.p.Attribute(s.UntilField)
		switch {
		case !ok:
			r.unknown(u.place, "attribute", s.UntilField, r.attributeNames())
		case a.Type != "date":
			r.fault(u.place, fmt.Sprintf("%s is no date", a.Name), "a step waits until an attribute of type date")
		}
		r.use("attribute", s.UntilField)
	}
	for _, w := range []struct {
		v  *value
		to *string
	}{{v.get("only"), &s.Only}, {v.get("unless"), &s.Unless}} {
		if w.v != nil && r.signal(w.v) != 0 {
			*w.to = r.text(w.v)
		}
	}
	if o := v.get("offer"); o != nil {
		var names []string
		for _, k := range r.p.Offers {
			names = append(names, k.Name)
		}
		if s.Offer = r.text(o); r.known(o, "offer", s.Offer, names) {
			r.use("offers", s.Offer)
		}
	}
	r.where["step "+t.Name+" "+s.Name] = v.place
	t.Steps = append(t.Steps, s)
}
