package tool

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// showPast writes a lead as of a day.
func (d *Desk) showPast(ctx context.Context, out io.Writer, c *playbook.Compiled, id lead.ID, v Showing) error {
	if today := c.Day(v.Now); v.At > today {
		return fmt.Errorf("%s has not come yet: today is %s", v.At, today)
	}
	past, err := d.AsOf(ctx, id, v.At, v.Hindsight)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	s := sheet{Showing: v, c: past.Book, w: wordsOf(v.Locale), out: &b}
	note := s.w.then
	if v.Hindsight {
		note = s.w.hindsight
	}
	fmt.Fprintf(&b, note+"\n", s.w.day(v.At))
	if s.adjusted, err = flow.AdjustmentsIn(ctx, d.Store, past.State, past.Log, v.At); err != nil {
		return err
	}
	s.card(past.State, past.Card)
	if v.Hindsight {
		// What was decided was decided with what was known then.
	} else if err := d.decisions(ctx, &s, past.State); err != nil {
		return err
	}
	if v.Log {
		s.c = c // its words reach furthest
		if err := s.log(past.Log); err != nil {
			return err
		}
	}
	_, err = out.Write(b.Bytes())
	return err
}

// end is the instant at which the day that is shown was over.
func (s *sheet) end() time.Time {
	d := (s.At + 1).Date()
	return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, s.c.Zone)
}
