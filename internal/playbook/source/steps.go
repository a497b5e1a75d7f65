package source

import (
	"fmt"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
)

func (r *reader) readStep(t *nurture.Track, v *value) {
	if !r.fields(v, "name", "wait", "at", "until", "class", "mail", "message", "task", "split", "arms", "then", "only", "unless", "only_in", "needs_mobile", "offer") {
		return
	}
	s := nurture.Step{Name: r.name(v, "name"), NeedsMobile: r.yes(v.get("needs_mobile")), Then: r.text(v.get("then")),
		Class: nurture.Class(r.choice(v.get("class"), string(nurture.Marketing), string(nurture.Asked)))}
	s.WaitDays, s.WaitHours = r.span(v.get("wait"))
	if slices.ContainsFunc(t.Steps, func(o nurture.Step) bool { return o.Name == s.Name }) && s.Name != "" {
		r.fault(v.place, fmt.Sprintf("step %s stands twice in track %s", s.Name, t.Name), "give it another name")
	}
	if s.Name == nurture.End {
		r.fault(v.place, "end is the word for the end of a track", "give the step another name")
	}
	does := 0
	for _, key := range []string{"message", "task", "split"} {
		if v.get(key) != nil {
			does++
		}
	}
	mail, arms := v.get("mail"), v.get("arms")
	if mail != nil || arms != nil {
		does++
	}
	if does != 1 {
		r.fault(v.place, "a step does one thing", "give one of mail (or arms), message, task and split")
	}
	s.Mail = r.mailName(mail)
	r.readArms(&s, arms)
	r.readMessage(&s, v.get("message"))
	if task := v.get("task"); r.fields(task, "title", "within_hours") {
		s.Task = &nurture.Task{Title: r.titled(task.get("title")), WithinHours: r.whole(task.get("within_hours"), 1, 24*31)}
		if s.Task.Title == (nurture.Text{}) {
			r.fault(task.place, "the task has no title", "say what is to be done")
		}
	}
	r.readSplit(&s, v.get("split"))
	if (s.Mail != "" || len(s.Arms) > 0 || s.Message != nil) && s.Class == "" {
		s.Class = nurture.Marketing
	}
	s.At = r.readAt(v.get("at"))
	r.readUntil(&s, v.get("until"))
	for _, w := range []struct {
		v  *value
		to *string
	}{{v.get("only"), &s.Only}, {v.get("unless"), &s.Unless}} {
		if w.v != nil && r.signal(w.v) != 0 {
			*w.to = r.text(w.v)
		}
	}
	if a := v.get("only_in"); a != nil {
		s.OnlyIn = r.audience(a)
	}
	s.Offer = r.offer(v.get("offer"))
	r.where["step "+t.Name+" "+s.Name] = v.place
	t.Steps = append(t.Steps, s)
}

func (r *reader) mailName(v *value) string {
	name := r.text(v)
	if name == "" {
		return ""
	}
	r.use("mail", name)
	if names := r.mailNames(); !slices.Contains(names, name) {
		r.fault(v.place, fmt.Sprintf("there is no mail %q", clip(name)), suggest(name, names)+" (a mail is a file mails/<name>.fa.md)")
	}
	return name
}

func (r *reader) offer(v *value) string {
	if v == nil {
		return ""
	}
	var names []string
	for _, k := range r.p.Offers {
		names = append(names, k.Name)
	}
	name := r.text(v)
	if r.known(v, "offer", name, names) {
		r.use("offers", name)
	}
	return name
}

// readArms reads the sides of an experiment.
func (r *reader) readArms(s *nurture.Step, v *value) {
	for _, i := range r.list(v) {
		if !r.fields(i, "name", "weight", "mail", "offer") {
			continue
		}
		a := nurture.Arm{Name: r.name(i, "name"), Weight: 1, Mail: r.mailName(i.get("mail")), Offer: r.offer(i.get("offer"))}
		if i.get("weight") != nil {
			a.Weight = r.whole(i.get("weight"), 1, 1000)
		}
		if slices.ContainsFunc(s.Arms, func(o nurture.Arm) bool { return o.Name == a.Name }) && a.Name != "" {
			r.fault(i.place, fmt.Sprintf("arm %s stands twice", a.Name), "give it another name")
		}
		if a.Mail == "" && s.Mail == "" {
			r.fault(i.place, fmt.Sprintf("arm %s has no mail, nor has the step", a.Name), "give mail")
		}
		s.Arms = append(s.Arms, a)
	}
	if len(s.Arms) == 1 || len(s.Arms) > 8 {
		r.fault(v.place, fmt.Sprintf("an experiment with %d arms", len(s.Arms)), "2 to 8 are right; without an experiment, mail alone")
	}
}

// maxMessage bounds the source of a short message: ten parts of Persian text.
const maxMessage = 700

func (r *reader) readMessage(s *nurture.Step, v *value) {
	if !r.fields(v, "channel", "fa", "en") {
		return
	}
	s.Message = &nurture.Message{Channel: r.choice(v.get("channel"), channels[1:]...), Text: nurture.Text{Fa: r.text(v.get("fa")), En: r.text(v.get("en"))}}
	if s.Message.Channel == "" && v.get("channel") == nil {
		r.fault(v.place, "the message has no channel", "sms and messenger are right; a mail stands under mail")
	}
	if s.Message.Text == (nurture.Text{}) {
		r.fault(v.place, "the message says nothing", "give fa, en or both")
	}
	for _, key := range []string{"fa", "en"} {
		src := r.text(v.get(key))
		if len([]rune(src)) > maxMessage {
			r.fault(v.get(key).place, fmt.Sprintf("the message has %d letters", len([]rune(src))), fmt.Sprintf("at most %d are possible", maxMessage))
		}
		if p := mail.Syntax(src); p != nil {
			r.fault(v.get(key).place, p.What, `values are written {{ lead.first_name | default: "دوست عزیز" }}`)
		}
	}
}

// readSplit reads the branches of a step at which people part.
func (r *reader) readSplit(s *nurture.Step, v *value) {
	var personas []string
	for _, p := range r.p.Score.Personas {
		personas = append(personas, p.Name)
	}
	conditions := []string{"audience", "persona", "seen", "attribute", "weight"}
	for n, i := range r.list(v) {
		if !r.fields(i, append([]string{"is", "goto"}, conditions...)...) {
			continue
		}
		set := 0
		for _, c := range conditions {
			if i.get(c) != nil {
				set++
			}
		}
		b := nurture.Branch{Goto: r.need(i, "goto"), Weight: r.whole(i.get("weight"), 1, 1000)}
		switch {
		case set > 1:
			r.fault(i.place, "several conditions in one branch", "one of audience, persona, seen, attribute and weight; none for all the others")
		case set == 0 && n < len(v.items)-1:
			r.fault(i.place, "nobody comes past this branch", "put the branch for all the others last")
		}
		if a := i.get("audience"); a != nil {
			b.Audience = r.audience(a)
		}
		if p := i.get("persona"); p != nil {
			b.Persona = r.text(p)
			r.known(p, "persona", b.Persona, personas)
		}
		if k := i.get("seen"); k != nil && r.signal(k) != 0 {
			b.Seen = r.text(k)
		}
		if a := i.get("attribute"); a != nil {
			b.Attribute, b.Is = r.text(a), r.need(i, "is")
			r.branchValue(a, i.get("is"), b)
		}
		s.Split = append(s.Split, b)
	}
	if v != nil && len(s.Split) == 0 {
		r.fault(v.place, "the split has no branches", "such as split: [{seen: any_click, goto: demo}, {goto: call}]")
	}
}

// branchValue checks the value of an attribute that a branch asks for.
func (r *reader) branchValue(at, is *value, b nurture.Branch) {
	a, ok := r.p.Attribute(b.Attribute)
	if !ok {
		r.unknown(at.place, "attribute", b.Attribute, r.attributeNames())
		return
	}
	r.use("attribute", b.Attribute)
	var options []string
	for _, o := range a.Options {
		options = append(options, o.Value)
	}
	if len(options) > 0 && is != nil && !slices.Contains(options, b.Is) {
		r.unknown(is.place, "value of "+a.Name, b.Is, options)
	}
}

// readAt reads a weekday and time of day in the zone of the lead.
func (r *reader) readAt(v *value) *nurture.At {
	if !r.fields(v, "weekday", "hour", "time") {
		return nil
	}
	a := &nurture.At{}
	for _, i := range r.list(v.get("weekday")) {
		if s := r.choice(i, weekdayNames...); s != "" {
			a.Weekdays = append(a.Weekdays, time.Weekday((slices.Index(weekdayNames, s)+6)%7))
		}
	}
	hour, clock := v.get("hour"), v.get("time")
	switch {
	case (hour == nil) == (clock == nil):
		r.fault(v.place, "at what time of day?", `give one of hour: 10 and time: "10:30"`)
	case hour != nil:
		a.Minute = 60 * r.whole(hour, 0, 23)
	default:
		a.Minute = min(r.clock(clock, 0), 24*60-1)
	}
	return a
}

// readUntil reads what a step waits for: an attribute that is a date, or
// something that may happen, with a time-out.
func (r *reader) readUntil(s *nurture.Step, v *value) {
	switch {
	case v == nil:
		return
	case v.kind == text:
		s.UntilField = r.dateAttribute(v)
		return
	case !r.fields(v, "signal", "activity", "form", "audience", "within", "otherwise"):
		return
	}
	u := &nurture.Until{Otherwise: r.need(v, "otherwise")}
	set := 0
	for _, key := range []string{"signal", "activity", "form", "audience"} {
		if v.get(key) != nil {
			set++
		}
	}
	if set != 1 {
		r.fault(v.place, fmt.Sprintf("it waits for %d things", set), "give one of signal, activity, form, audience")
		return
	}
	if k := v.get("signal"); k != nil && r.signal(k) != 0 {
		u.For.Signal = r.text(k)
		if d := r.signals[u.For.Signal].def; d.Kind == "profile" || d.Count != nil && d.Count.Absent {
			r.fault(k.place, fmt.Sprintf("signal %s holds for days and does not happen", u.For.Signal), "wait for an audience, or for a signal on activities")
			return
		}
	}
	if a := v.get("activity"); a != nil {
		if t := r.types(a); len(t) == 1 {
			u.For.Activity = string(t[0])
		}
	}
	if f := v.get("form"); f != nil {
		u.For.Form = r.text(f)
		r.known(f, "form", u.For.Form, r.names("forms", "name"))
	}
	if a := v.get("audience"); a != nil {
		u.For.Audience = r.audience(a)
	}
	if u.Days, u.Hours = r.span(v.get("within")); u.Within() == 0 || u.Within() > 366*24*time.Hour {
		r.fault(v.place, "how long does it wait?", "such as within: 5d, at most a year")
		return
	}
	if u.For != (nurture.Entry{}) {
		s.Until = u
	}
}
