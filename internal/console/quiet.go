package console

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

const (
	quietNamed = 10  // leads of each kind that the list names
	quietACall = 300 // decisions that one call of the API says something of: it has 15 seconds
)

// quietGroup is what waits for a word, of one playbook, cause and kind.
type quietGroup struct {
	Playbook uint32         `json:"playbook"`
	Cause    decision.Cause `json:"cause"` // r: rules changed, i: history was imported, m: two leads became one
	Kind     string         `json:"kind"`
	Subject  string         `json:"subject,omitempty"`
	Title    string         `json:"title,omitempty"` // of the stage, track or audience
	Count    int            `json:"count"`
	Best     []quietLead    `json:"best"`
}

type quietLead struct {
	ID    lead.ID `json:"id"`
	Name  string  `json:"name,omitempty"`
	Total int     `json:"total"` // when it was decided
}

// quiet lists what was decided because rules or data changed: counts, and the
// best leads of each kind. ?playbook= asks for those of one.
func (c *Console) quiet(r *request) (any, error) {
	book, err := c.Playbook(r.Context())
	if err != nil {
		return nil, err
	}
	var number uint64
	if s := r.URL.Query().Get("playbook"); s != "" {
		if number, err = strconv.ParseUint(s, 10, 32); err != nil {
			return nil, bad("playbook", "playbook is a number")
		}
	}
	list, err := flow.NewQuiet(c.Store, nil).List(r.Context(), uint32(number))
	if err != nil {
		return nil, err
	}
	groups := []*quietGroup{}
	var named []lead.ID
	for _, e := range list {
		i := slices.IndexFunc(groups, func(g *quietGroup) bool {
			return g.Playbook == e.Playbook && g.Cause == e.Cause && g.Kind == e.Kind && g.Subject == e.Subject
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, &quietGroup{Playbook: e.Playbook, Cause: e.Cause, Kind: e.Kind, Subject: e.Subject, Title: subjectTitle(book, e.Kind, e.Subject, r.locale)})
		}
		g := groups[i]
		if g.Count++; len(g.Best) < quietNamed {
			g.Best = append(g.Best, quietLead{ID: e.Lead, Total: e.Total})
			named = append(named, e.Lead)
		}
	}
	names := map[lead.ID]string{}
	for part := range slices.Chunk(named, 100) {
		found, err := c.Store.Fetch(r.Context(), store.Wanted{Profiles: part})
		if err != nil {
			return nil, err
		}
		for id, p := range found.Profiles {
			profile, err := lead.DecodeProfile(p.Body)
			if err != nil {
				return nil, err
			}
			names[id] = nameOf(profile)
		}
	}
	for _, g := range groups {
		for i := range g.Best {
			g.Best[i].Name = names[g.Best[i].ID]
		}
	}
	return map[string]any{"quiet": groups, "count": len(list)}, nil
}

func subjectTitle(book *playbook.Compiled, kind, subject, locale string) string {
	switch kind {
	case decision.Stage:
		return stageTitle(book, subject, locale)
	case decision.Audience:
		for _, a := range book.Score.Audiences {
			if a.Name == subject {
				return title(a.Title.Fa, a.Title.En, subject, locale)
			}
		}
	case decision.Enroll, decision.Unenroll:
		if t := book.Nurture.Track(subject); t != nil {
			return title(t.Title.Fa, t.Title.En, subject, locale)
		}
	}
	return subject
}

// say is a person's word on one group of quiet decisions: tell of all, of the
// best so many, of none. One call does a part; more says that it should be made
// again. Repeated it does nothing twice.
func (c *Console) say(r *request) (any, error) {
	var in struct {
		Playbook uint32         `json:"playbook"`
		Cause    decision.Cause `json:"cause"`
		Kind     string         `json:"kind"`
		Subject  string         `json:"subject"`
		Tell     string         `json:"tell"` // all, top, none
		Top      int            `json:"top"`
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, bad("body", `send {"playbook":2,"cause":"r","kind":"handover","tell":"top","top":10}`)
	}
	if in.Tell != "all" && in.Tell != "top" && in.Tell != "none" {
		return nil, bad("tell", "tell is all, top or none")
	}
	if in.Tell == "top" && (in.Top < 1 || in.Top > quietACall) {
		return nil, bad("top", "top is a number from 1 to "+strconv.Itoa(quietACall))
	}
	if in.Playbook == 0 || in.Kind == "" {
		return nil, bad("kind", "name the playbook and the kind of decision, as the list has them")
	}
	if r.User == "" {
		return nil, bad("user", "the record keeps who said it: sign in")
	}
	q := flow.NewQuiet(c.Store, c.Deliveries)
	list, err := q.List(r.Context(), in.Playbook)
	if err != nil {
		return nil, err
	}
	var keys []store.DecisionKey
	for _, e := range list {
		if e.Cause == in.Cause && e.Kind == in.Kind && e.Subject == in.Subject {
			keys = append(keys, e.DecisionKey)
		}
	}
	most := quietACall
	if in.Tell == "top" {
		most = in.Top
	}
	open, err := q.Open(r.Context(), keys, most+1)
	if err != nil {
		return nil, err
	}
	more := len(open) > most && in.Tell != "top"
	if len(open) > most {
		open = open[:most]
	}
	word := q.Tell
	if in.Tell == "none" {
		word = q.Pass
	} else if len(open) == 0 { // all were told: what may be lost on the way is queued once more
		open = keys[:min(len(keys), most)]
	}
	said, err := word(r.Context(), open, r.User, r.Now)
	if err != nil {
		return nil, err
	}
	r.Log.Info("a word on quiet decisions", "playbook", in.Playbook, "kind", in.Kind, "told", said.Told, "passed", said.Passed)
	return map[string]any{"told": said.Told, "passed": said.Passed, "before": said.Before, "more": more}, nil
}
