// Package golden plays the story of a lead against a playbook and says what its
// card and the decisions were, in words that a marketer can check. The same
// story and playbook always give the same words.
package golden

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/persian"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
)

// Story is one file: prose, what the lead did, and what should come of it.
type Story struct {
	archive    *txtar.Archive
	activities []activity.Activity
	days       []activity.Day // those that the story looks at
}

const (
	activitiesFile = "activities.ndjson"
	wantFile       = "want"
)

// Parse reads a story in txtar form: prose, then the files activities.ndjson
// and want. A line of want that begins with a date asks for the card of that
// day.
func Parse(file []byte) (*Story, error) {
	s := &Story{archive: txtar.Parse(file)}
	for _, f := range s.archive.Files {
		switch f.Name {
		case activitiesFile:
			for n, line := range bytes.Split(f.Data, []byte("\n")) {
				if line = bytes.TrimSpace(line); len(line) == 0 {
					continue
				}
				// The stated time is the time of the story; nothing is clamped.
				now := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
				if at := statedTime(line); !at.IsZero() {
					now = at
				}
				a, err := activity.Decode(line, now)
				if err != nil {
					return nil, fmt.Errorf("%s, line %d: %w", f.Name, n+1, err)
				}
				s.activities = append(s.activities, a...)
			}
		case wantFile:
			for line := range strings.Lines(string(f.Data)) {
				if len(line) < 10 {
					continue
				}
				if t, err := time.Parse(time.DateOnly, line[:10]); err == nil {
					s.days = append(s.days, activity.DayOf(t, time.UTC))
				}
			}
		default:
			return nil, fmt.Errorf("a story has no file %q: %s and %s are possible", f.Name, activitiesFile, wantFile)
		}
	}
	if len(s.activities) == 0 || len(s.days) == 0 {
		return nil, fmt.Errorf("a story needs activities, and days in %s, such as 2026-05-07", wantFile)
	}
	slices.SortStableFunc(s.activities, func(a, b activity.Activity) int { return a.At.Compare(b.At) })
	slices.Sort(s.days)
	s.days = slices.Compact(s.days)
	return s, nil
}

// statedTime reads "at" of a line, so that the story may lie in any year.
func statedTime(line []byte) time.Time {
	_, rest, ok := bytes.Cut(line, []byte(`"at":"`))
	if !ok {
		return time.Time{}
	}
	word, _, _ := bytes.Cut(rest, []byte(`"`))
	t, _ := time.Parse(time.RFC3339, string(word))
	return t
}

// Want is what the story says should be.
func (s *Story) Want() string {
	for _, f := range s.archive.Files {
		if f.Name == wantFile {
			return string(f.Data)
		}
	}
	return ""
}

// With gives the file with another want.
func (s *Story) With(want string) []byte {
	for i := range s.archive.Files {
		if s.archive.Files[i].Name == wantFile {
			s.archive.Files[i].Data = []byte(want)
		}
	}
	return txtar.Format(s.archive)
}

// player is a lead in its story.
type player struct {
	c       *playbook.Compiled
	state   *ledger.State
	profile lead.Profile
	decided []string
}

// Play tells the story: a paragraph for each day that it looks at.
func (s *Story) Play(c *playbook.Compiled) (string, error) {
	p := &player{c: c, state: ledger.New("aaaaaaaaaaaaaaaa", c.Rules.Meters())}
	var out strings.Builder
	days := slices.Clone(s.days)
	for i := range s.activities {
		days = append(days, c.Day(s.activities[i].At))
	}
	slices.Sort(days)
	rest := s.activities
	for _, day := range slices.Compact(days) {
		did := 0
		for len(rest) > 0 && c.Day(rest[0].At) == day {
			if err := p.do(&rest[0], day); err != nil {
				return "", fmt.Errorf("activity %s: %w", rest[0].ID, err)
			}
			rest = rest[1:]
			did++
		}
		if did == 0 {
			if err := p.decide(day, day.Date().Add(12*time.Hour), nil, nil); err != nil {
				return "", err
			}
		}
		if slices.Contains(s.days, day) {
			p.tell(&out, day, did > 0)
			p.decided = nil
		}
	}
	return out.String(), nil
}

func (p *player) do(a *activity.Activity, day activity.Day) error {
	key := a.ID.Key()
	p.profile.Apply(a.Profile, a.At, key)
	p.state.Known = p.state.Known || a.Who.Email != "" || a.Who.Phone != "" || a.Who.External != ""
	email, _ := lead.NormalizeEmail(a.Who.Email)
	if k := p.c.Excluded(string(email), a.Who.Phone, a.Who.External); k != playbook.NotExcluded {
		p.state.Excluded = uint8(k)
	}
	if p.c.Fake(string(email), a.Who.Phone) != "" {
		a.Flags |= activity.Held
	}
	p.c.Know(p.state, &p.profile)
	e, _ := p.c.Entry(a)
	if p.state.Seen(&e).Verdict != ledger.Fresh {
		return nil // told twice, done once
	}
	var was *decision.Was
	if e.Revokes != 0 {
		was = p.c.Decisions.Before(p.state, day)
	}
	if err := p.state.Append(p.c.Rules.Meters(), e); err != nil {
		return err
	}
	return p.decide(day, a.At, []decision.Arrived{decision.ArrivedOf(&e, a)}, was)
}

func (p *player) decide(day activity.Day, now time.Time, arrived []decision.Arrived, was *decision.Was) error {
	if err := p.state.Settle(p.c.Rules.Meters(), nil); err != nil {
		return err
	}
	card := p.c.Rules.Card(p.state, day)
	for _, d := range p.c.Decisions.Decide(decision.Input{State: p.state, After: &card, Arrived: arrived, Was: was, Today: day, Now: now}) {
		what := strings.TrimSpace(d.Kind + " " + d.Name)
		if r, err := decision.DecodeReason(d.Reason); err == nil && r.Left {
			what += " left"
		}
		p.decided = append(p.decided, what)
	}
	p.state.Pending = nil // carried out at once
	return nil
}

// tell writes the card of a day, with its lines when something was done on it.
func (p *player) tell(out *strings.Builder, day activity.Day, lines bool) {
	card := p.c.Rules.Card(p.state, day)
	fmt.Fprintf(out, "%s  %s\n", day, persian.FormatDate(day.Date(), time.UTC))
	if card.Excluded {
		fmt.Fprintf(out, "  excluded: %s\n", playbook.ExclusionKind(p.state.Excluded))
		return
	}
	fmt.Fprintf(out, "  %d = fit %d + engagement %d: %s %s, %s, %s\n", card.Total, card.Fit, card.Engagement, card.Band, card.Grade, card.Persona, card.Stage)
	if lines {
		for _, l := range card.Lines {
			if l.Points == 0 {
				continue // has faded
			}
			fmt.Fprintf(out, "  %+4d  %s\n", l.Points, words(l))
		}
	}
	if len(p.decided) > 0 {
		fmt.Fprintf(out, "  decided: %s\n", strings.Join(p.decided, ", "))
	}
}

func words(l score.Line) string {
	switch l.Kind {
	case score.KindSignal, score.KindFit:
		if l.Count > 1 {
			return fmt.Sprintf("%s, %d times", l.Name, l.Count)
		}
		return l.Name
	case score.KindCap:
		return fmt.Sprintf("cap of %s: %d", l.Name, l.Limit)
	case score.KindGroup:
		return fmt.Sprintf("limit of group %s: %d", l.Name, l.Limit)
	case score.KindEngagement, score.KindFitLimit:
		return fmt.Sprintf("%s: %d", l.Kind, l.Limit)
	}
	return strings.TrimSpace(string(l.Kind) + " " + l.Name)
}
