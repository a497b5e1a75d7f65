package tool

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/offline"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
)

// Scoring is a file of activities to score without any store.
type Scoring struct {
	Playbook *playbook.Compiled
	Phone    lead.Phone
	Now      time.Time
	At       activity.Day // 0: today
	Lead     string       // only this one; "" for all
	Locale   string
	Form     string // text, json (one object a line) or csv
	// Refuse hears of each line that is no activity.
	Refuse func(line int, err error)
}

// Score writes the cards of everybody in a file, the highest first.
func Score(out io.Writer, in io.Reader, v Scoring) (*offline.Scored, error) {
	as, err := offline.Read(in, v.Now, v.Refuse)
	if err != nil {
		return nil, err
	}
	if v.At == 0 {
		v.At = v.Playbook.Day(v.Now)
	}
	scored, err := offline.Score(v.Playbook, v.Phone, as, v.At)
	if err != nil {
		return nil, err
	}
	leads := scored.Leads
	if v.Lead != "" {
		one, ok := scored.Find(v.Lead, v.Phone)
		if !ok {
			return scored, fmt.Errorf("%s is nobody in this file by %s: give an e-mail address, a phone number, an external or a visitor id", v.Lead, v.At)
		}
		leads = []*offline.Lead{one}
	}
	var b bytes.Buffer
	switch v.Form {
	case "json":
		err = v.json(&b, leads)
	case "csv":
		err = v.csv(&b, leads)
	default:
		s := sheet{Showing: Showing{Locale: v.Locale}, c: v.Playbook, w: wordsOf(v.Locale), out: &b}
		for i, l := range leads {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%s\n", l.Name)
			s.card(l.State, l.Card)
			s.sentences(l.Decided)
		}
	}
	if err != nil {
		return scored, err
	}
	_, err = out.Write(b.Bytes())
	return scored, err
}

func (v *Scoring) json(out io.Writer, leads []*offline.Lead) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	type decided struct {
		Kind  string    `json:"kind"`
		Name  string    `json:"name,omitempty"`
		N     uint16    `json:"n"`
		At    time.Time `json:"at"`
		Quiet bool      `json:"quiet,omitempty"`
	}
	for _, l := range leads {
		row := struct {
			Name  string     `json:"name"`
			Names []string   `json:"names"`
			Day   string     `json:"day"`
			Acts  int        `json:"activities"`
			Card  score.Card `json:"card"`
			Made  []decided  `json:"decisions,omitempty"`
		}{Name: l.Name, Day: v.At.String(), Acts: l.State.Activities(), Card: l.Card}
		for _, i := range l.Names {
			row.Names = append(row.Names, string(i.Kind)+":"+i.Value)
		}
		for _, d := range l.Decided {
			row.Made = append(row.Made, decided{d.Kind, d.Name, d.N, time.Unix(d.At, 0).UTC(), d.Quiet})
		}
		if err := e.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

func (v *Scoring) csv(out io.Writer, leads []*offline.Lead) error {
	w := csv.NewWriter(out)
	rows := [][]string{{"name", "day", "total", "fit", "engagement", "manual", "grade", "band", "stage", "persona", "funnel", "why_now", "activities", "next_day", "next_band"}}
	for _, l := range leads {
		c := &l.Card
		why, day, band := "", "", ""
		if len(c.WhyNow) > 0 {
			why = cmp.Or(v.Playbook.SignalTitle(c.WhyNow[0].Signal, v.Locale), c.WhyNow[0].Name)
		}
		if c.NextCrossing != nil {
			day, band = c.NextCrossing.Day.String(), c.NextCrossing.To
		}
		rows = append(rows, []string{cell(l.Name), v.At.String(), strconv.Itoa(c.Total), strconv.Itoa(c.Fit), strconv.Itoa(c.Engagement), strconv.Itoa(c.Manual),
			c.Grade, c.Band, c.Stage, c.Persona, c.Funnel, why, strconv.Itoa(l.State.Activities()), day, band})
	}
	return w.WriteAll(rows)
}

// cell keeps a spreadsheet from taking what a stranger wrote for a formula; a
// phone number begins with a sign too.
func cell(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@' || s[0] == '\t' || s[0] == '\r') {
		return "'" + s
	}
	return s
}
