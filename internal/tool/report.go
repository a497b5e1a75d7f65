package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/experiment"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// ReportStore is what a report reads.
type ReportStore interface {
	WalkStore
	ListWork(ctx context.Context, shard, limit int, page string) ([]store.Work, string, error)
}

// TrackReport is one track, with what its experiments have shown so far.
type TrackReport struct {
	*nurture.TrackCount
	// Holdout compares the treated with those held out: by the goal of the track
	// and by being ready for sales. Steps compares the arms of steps.
	Holdout map[string]experiment.Result            `json:"holdout,omitempty"`
	Steps   map[string]map[string]experiment.Result `json:"steps,omitempty"`
}

// What a comparison counts.
const (
	byGoal      = "goal"
	byQualified = "qualified"
)

// NurtureReport counts where people stand in tracks and broadcasts; track "" is
// all of them.
func NurtureReport(ctx context.Context, s ReportStore, c *playbook.Compiled, track string, tell func(read int)) ([]TrackReport, error) {
	var counts nurture.Counts
	if err := Walk(ctx, s, tell, func(st *ledger.State, r *nurture.Recipient) error {
		if r != nil && st.Excluded == 0 {
			counts.Add(c.Nurture, r, qualified(c, st))
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if err := openTasks(ctx, s, &counts); err != nil {
		return nil, err
	}
	var out []TrackReport
	for _, t := range counts.All(c.Nurture) {
		if track != "" && t.Track != track {
			continue
		}
		r, err := compareSides(t)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if len(out) == 0 && track != "" && c.Nurture.Track(track) == nil {
		return nil, fmt.Errorf("there is no track %q in playbook %d, and nobody is in one of that name", track, c.Number)
	}
	return out, nil
}

// qualified tells that a lead is ready for sales or beyond, by the stage named
// mql and those after it that are no way back.
func qualified(c *playbook.Compiled, s *ledger.State) bool {
	mql := false
	for i := range c.Score.Stages {
		st := &c.Score.Stages[i]
		mql = mql || st.Name == "mql"
		if mql && len(st.Reasons) == 0 && st.Number == s.Stage && s.Stage != 0 {
			return true
		}
	}
	return false
}

// openTasks counts the calls that sales still has to make, by track.
func openTasks(ctx context.Context, s ReportStore, counts *nurture.Counts) error {
	for shard := range store.WorkShards {
		for page := ""; ; {
			list, next, err := s.ListWork(ctx, shard, walkPage, page)
			if err != nil {
				return err
			}
			for _, item := range list {
				work, err := flow.ReadWorkItem(item)
				if err != nil {
					return err
				}
				for _, r := range work.Reasons {
					if r.Track != "" {
						counts.Track(r.Track).Tasks++
					}
				}
			}
			if page = next; page == "" {
				break
			}
		}
	}
	return nil
}

func compareSides(t *nurture.TrackCount) (TrackReport, error) {
	r := TrackReport{TrackCount: t}
	var err error
	if t.Out.People > 0 && t.In.People > 0 {
		r.Holdout, err = both([]nurture.Side{t.Out, t.In})
	}
	for _, split := range t.Arms {
		if err != nil {
			return r, err
		}
		if r.Steps == nil {
			r.Steps = map[string]map[string]experiment.Result{}
		}
		r.Steps[split.Step], err = both(split.Sides)
	}
	return r, err
}

func both(sides []nurture.Side) (map[string]experiment.Result, error) {
	out := map[string]experiment.Result{}
	for by, won := range map[string]func(nurture.Side) int{byGoal: func(s nurture.Side) int { return s.Goal }, byQualified: func(s nurture.Side) int { return s.Qualified }} {
		var arms []experiment.Arm
		for _, s := range sides {
			arms = append(arms, experiment.Arm{Name: s.Name, People: s.People, Won: won(s)})
		}
		var err error
		if out[by], err = experiment.Compare(arms, experiment.Default); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// WriteNurtureReport writes it for people.
func WriteNurtureReport(out io.Writer, c *playbook.Compiled, list []TrackReport, locale string) error {
	w, x := wordsOf(locale), reportWordsOf(locale)
	var b strings.Builder
	for _, t := range list {
		name := c.TrackTitle(t.Track, locale)
		if t.Track == "" {
			name = x.other
		}
		b.WriteString(name)
		if t.Entered > 0 {
			fmt.Fprintf(&b, ": "+x.counts, w.number(t.Entered), w.number(t.Inside), w.number(t.Goal), w.number(t.Exhausted))
		}
		b.WriteByte('\n')
		for _, at := range t.At {
			fmt.Fprintf(&b, "  %s %s «%s»\n", w.count(at.Count), x.at, c.StepTitle(t.Track, at.Step, locale))
		}
		for _, r := range t.Rest {
			kind := x.held
			if r.Kind == "ended" {
				kind = x.ended
			}
			fmt.Fprintf(&b, "  %s %s: %s", w.count(r.Count), kind, c.Why(r.Reason, locale))
			if r.Until != 0 {
				fmt.Fprintf(&b, " — %s", fmt.Sprintf(x.until, w.moment(time.Unix(r.Until, 0), c.Zone)))
			}
			b.WriteByte('\n')
		}
		for _, f := range []struct {
			n     int
			words string
		}{{t.Tasks, x.tasks}, {t.Unknown, x.unknown}, {t.Failed, x.failed}} {
			if f.n > 0 {
				fmt.Fprintf(&b, "  %s %s\n", w.count(f.n), f.words)
			}
		}
		if t.HeldOut > 0 && t.Holdout == nil {
			fmt.Fprintf(&b, "  %s %s\n", w.count(t.HeldOut), x.out)
		}
		writeSides(&b, &w, x, x.holdout, t.Holdout)
		for _, split := range t.Arms {
			writeSides(&b, &w, x, fmt.Sprintf(x.arms, split.Step), t.Steps[split.Step])
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func writeSides(b *strings.Builder, w *words, x reportWords, title string, results map[string]experiment.Result) {
	for _, by := range []string{byGoal, byQualified} {
		r, ok := results[by]
		if !ok {
			continue
		}
		fmt.Fprintf(b, "  %s%s%s:\n", title, x.comma, x.by[by])
		line := func(a experiment.Arm, i experiment.Interval) {
			name := a.Name
			if said := x.side[name]; said != "" {
				name = said
			}
			fmt.Fprintf(b, "    %s: %s\n", name, fmt.Sprintf(x.rate, w.number(a.Won), w.number(a.People), w.percent(a.Rate()), w.percent(i.Low), w.percent(i.High)))
		}
		line(r.First, r.Rate)
		for _, c := range r.Rest {
			line(c.Arm, c.Rate)
			fmt.Fprintf(b, "      %s%s%s\n", fmt.Sprintf(x.diff, w.percent(c.Diff), w.percent(c.Range.Low), w.percent(c.Range.High)), x.comma, x.verdict[c.Verdict])
		}
	}
}

// percent is a rate with one decimal.
func (w *words) percent(f float64) string {
	s := fmt.Sprintf("%.1f", 100*f)
	if w.persian {
		return w.digits(strings.Replace(s, ".", "٫", 1)) + "٪"
	}
	return s + " %"
}

// JSONNurtureReport writes it for programs.
func JSONNurtureReport(out io.Writer, list []TrackReport) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"tracks": slices.Clone(list)})
}

type reportWords struct {
	counts, at, held, ended, until, tasks, unknown, failed, out, holdout, arms, rate, diff, other, comma string
	by, side                                                                                             map[string]string
	verdict                                                                                              map[experiment.Verdict]string
}

func reportWordsOf(locale string) reportWords {
	if locale == "en" {
		return reportWords{
			counts: "%s entered, %s inside, %s reached the goal, %s exhausted", comma: ", ", at: "at", held: "held", ended: "over", until: "until %s at the latest",
			tasks: "calls for sales to make", unknown: "mails of unknown fate", failed: "mails that did not leave", out: "held out, to compare", other: "no track known any more",
			holdout: "hold-out", arms: "arms of the step %s", rate: "%s of %s, %s (%s to %s)", diff: "difference %s (%s to %s)",
			by: map[string]string{byGoal: "goal reached", byQualified: "ready for sales"}, side: map[string]string{},
			verdict: map[experiment.Verdict]string{experiment.Running: "too early to say", experiment.Better: "better than the first: it may end", experiment.Worse: "the first is better: it may end", experiment.Same: "no difference worth having: it may end", experiment.Over: "enough people, nothing found: it may end"},
		}
	}
	return reportWords{
		counts: "%s نفر وارد شده‌اند، %s نفر درون آن‌اند، %s نفر به هدف رسیدند، گام‌های %s نفر تمام شد", comma: "، ", at: "در گام", held: "می‌ماند", ended: "تمام شد", until: "دست‌بالا تا %s",
		tasks: "تماس در کار فروش", unknown: "نامه با سرنوشت نامعلوم", failed: "نامه که نرفت", out: "در گروه شاهد", other: "مسیرش دیگر دانسته نیست",
		holdout: "گروه شاهد", arms: "آزمون گام %s", rate: "%s از %s نفر، %s (میان %s و %s)", diff: "تفاوت %s (میان %s و %s)",
		by: map[string]string{byGoal: "رسیدن به هدف", byQualified: "آماده‌ی فروش"}, side: map[string]string{"held out": "شاهد", "treated": "نامه گرفته"},
		verdict: map[experiment.Verdict]string{experiment.Running: "هنوز نمی‌توان گفت", experiment.Better: "بهتر از نخستین: می‌تواند پایان یابد", experiment.Worse: "نخستین بهتر است: می‌تواند پایان یابد", experiment.Same: "تفاوتی که بیرزد ندارد: می‌تواند پایان یابد", experiment.Over: "آدم بس است و چیزی پیدا نشد: می‌تواند پایان یابد"},
	}
}
