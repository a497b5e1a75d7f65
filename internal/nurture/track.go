package nurture

import "time"

// Track is a nurture series.
type Track struct {
	Name     string `json:"name"`
	Title    Text   `json:"title"`
	Kind     Kind   `json:"kind,omitempty"`
	Priority int    `json:"priority,omitempty"`
	Topic    string `json:"topic,omitempty"`
	// Entry lists what lets a person in; Goals what the track is for, which
	// ends it; Ends what ends it otherwise.
	Entry []Entry `json:"entry"`
	Goals []Entry `json:"goals,omitempty"`
	Ends  []Entry `json:"ends,omitempty"`
	// OnReply: a reply to a mail ends the track.
	OnReply bool `json:"onReply,omitempty"`
	// ReentryDays is the least time after the last entry before a person may
	// enter again; 0 means once for ever.
	ReentryDays int `json:"reentryDays,omitempty"`
	// LongestDays ends the track so many days after the entry, wherever the
	// person stands; 0 sets no end.
	LongestDays int    `json:"longestDays,omitempty"`
	Steps       []Step `json:"steps"`
}

// Kind says whom a track is for.
type Kind string

const (
	// Acquisition tracks are for people who have not bought: a purchase is
	// their goal and ends them.
	Acquisition Kind = "acquisition"
	// Customer tracks go on when a person buys again.
	Customer Kind = "customer"
)

// Entry is one trigger: exactly one of its first fields is set; MinFit
// narrows it.
type Entry struct {
	Form     string `json:"form,omitempty"`     // a form was posted
	Signal   string `json:"signal,omitempty"`   // a signal was seen
	Stage    string `json:"stage,omitempty"`    // a lifecycle stage was entered
	Band     string `json:"band,omitempty"`     // a band was entered
	Lost     string `json:"lost,omitempty"`     // a deal was lost or a lead returned for this reason
	Silent   int    `json:"silent,omitempty"`   // no human activity for so many days
	Activity string `json:"activity,omitempty"` // an activity of this type
	Audience string `json:"audience,omitempty"` // an audience was entered
	Left     string `json:"left,omitempty"`     // an audience was left
	Date     string `json:"date,omitempty"`     // the day of a date attribute has come, moved by Days
	MinFit   int    `json:"minFit,omitempty"`   // and fit at least this
	// Days moves Date: -30 is thirty days before. Yearly repeats it on the same
	// day of each year of a calendar, Jalali or Gregorian.
	Days   int    `json:"days,omitempty"`
	Yearly string `json:"yearly,omitempty"`
}

// The calendars in which a date may come back each year.
const (
	Jalali    = "jalali"
	Gregorian = "gregorian"
)

// Class says which rules a message obeys.
type Class string

const (
	// Marketing needs consent and obeys caps and the calendar.
	Marketing Class = "marketing"
	// Asked answers one request of that person: at once, outside caps;
	// suppression and erasure stop it too.
	Asked Class = "asked"
)

// Step is one thing that a track does, and when.
type Step struct {
	Name string `json:"name"`
	// Wait counts from the step before (the entry for the first).
	WaitDays  int `json:"waitDays,omitempty"`
	WaitHours int `json:"waitHours,omitempty"`
	// At moves the end of the wait to a weekday and time of day of the person.
	At *At `json:"at,omitempty"`
	// UntilField names a date attribute of the profile to wait for instead.
	UntilField string `json:"untilField,omitempty"`
	// Until holds the step, from the end of the wait, until something happens.
	Until *Until `json:"until,omitempty"`
	Class Class  `json:"class,omitempty"`
	// Exactly one of Mail, Message, Task and Split is set. Arms may stand for
	// Mail.
	Mail    string   `json:"mail,omitempty"`
	Message *Message `json:"message,omitempty"`
	Task    *Task    `json:"task,omitempty"`
	Split   []Branch `json:"split,omitempty"`
	// Arms are the sides of an experiment: each person is given one, for good.
	Arms []Arm `json:"arms,omitempty"`
	// Then names the step that comes next, End ends the track; "" is the next
	// in order.
	Then string `json:"then,omitempty"`
	// Only and Unless name signals: the step is skipped unless Only was seen
	// since entry, or if Unless was. OnlyIn names an audience.
	Only   string `json:"only,omitempty"`
	Unless string `json:"unless,omitempty"`
	OnlyIn string `json:"onlyIn,omitempty"`
	// NeedsMobile skips the step for whom no mobile is known.
	NeedsMobile bool `json:"needsMobile,omitempty"`
	// Offer names a code to be issued once a lead.
	Offer string `json:"offer,omitempty"`
}

// End stands for the name of a step where a track goes on nowhere.
const End = "end"

// Wait is the time between the step before and this one.
func (s *Step) Wait() time.Duration {
	return time.Duration(s.WaitDays)*24*time.Hour + time.Duration(s.WaitHours)*time.Hour
}

// waits tells whether a person stays at the step for any time.
func (s *Step) waits() bool { return s.Wait() > 0 || s.At != nil || s.Until != nil }

// writes tells the channel over which the step writes, "" where it does not.
func (s *Step) writes() string {
	switch {
	case s.Message != nil:
		return s.Message.Channel
	case s.Mail != "" || len(s.Arms) > 0:
		return Email
	}
	return ""
}

// Mails lists the mails of the step.
func (s *Step) Mails() []string {
	var out []string
	if s.Mail != "" {
		out = append(out, s.Mail)
	}
	for _, a := range s.Arms {
		if a.Mail != "" {
			out = append(out, a.Mail)
		}
	}
	return out
}

// At is a weekday and a time of day in the person's zone. No weekday is any of
// them.
type At struct {
	Weekdays []time.Weekday `json:"weekdays,omitempty"`
	Minute   int            `json:"minute"` // after midnight
}

// Until waits for something that a lead does, or for an audience. When it has
// not come in time, the step Otherwise is next; the step's own name means that
// it is done all the same.
type Until struct {
	For       Entry  `json:"for"` // signal, activity, form or audience
	Days      int    `json:"days,omitempty"`
	Hours     int    `json:"hours,omitempty"`
	Otherwise string `json:"otherwise"`
}

// Within is how long it waits.
func (u *Until) Within() time.Duration {
	return time.Duration(u.Days)*24*time.Hour + time.Duration(u.Hours)*time.Hour
}

// Branch leads to a step if its condition holds: at most one of Audience,
// Persona, Seen, Attribute and Weight is set; none always holds. Branches with
// a weight share the people who come that far by chance, each for good.
type Branch struct {
	Audience  string `json:"audience,omitempty"`
	Persona   string `json:"persona,omitempty"`
	Seen      string `json:"seen,omitempty"` // a signal, since the entry
	Attribute string `json:"attribute,omitempty"`
	Is        string `json:"is,omitempty"` // the value of Attribute
	Weight    int    `json:"weight,omitempty"`
	Goto      string `json:"goto"`
}

// Arm is one side of an experiment with a step. What an arm does not say is
// the step's.
type Arm struct {
	Name   string `json:"name"`
	Weight int    `json:"weight"`
	Mail   string `json:"mail,omitempty"`
	Offer  string `json:"offer,omitempty"`
}

// Message is a short text over a channel that the business's webhook serves.
// Its text is written like the subject of a mail.
type Message struct {
	Channel string `json:"channel"`
	Text    Text   `json:"text"`
}

// Task is a call for sales to make.
type Task struct {
	Title Text `json:"title"`
	// WithinHours of working time the call should be made.
	WithinHours int `json:"withinHours,omitempty"`
}
