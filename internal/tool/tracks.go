package tool

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/experiment"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// TrackStore reads everybody.
type TrackStore interface {
	ScanLedgers(ctx context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error)
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
}

// trackPage is how many leads are read together.
const trackPage = 100

// Tracks writes where people stand in tracks, and what hold-outs and arms have
// shown. It reads every lead once.
func Tracks(ctx context.Context, s TrackStore, out io.Writer, p *playbook.Playbook, locale string, now time.Time) error {
	c, err := p.Compile()
	if err != nil {
		return err
	}
	var x nurture.Tally
	for page := ""; ; {
		items, next, err := s.ScanLedgers(ctx, 0, 1, trackPage, page)
		if err != nil {
			return fmt.Errorf("read leads: %w", err)
		}
		want := store.Wanted{}
		for _, it := range items {
			want.Recipients = append(want.Recipients, string(it.Lead))
		}
		if len(want.Recipients) > 0 {
			found, err := s.Fetch(ctx, want)
			if err != nil {
				return fmt.Errorf("read recipients: %w", err)
			}
			for id, item := range found.Recipients {
				if item.Version == 0 {
					continue
				}
				r, err := nurture.Decode(id, item.Body)
				if err != nil {
					return err
				}
				x.Add(c.Nurture, r, now.Unix())
			}
		}
		if page = next; page == "" {
			break
		}
	}
	w := trackWords{wordsOf(locale), locale}
	var b strings.Builder
	fmt.Fprintf(&b, w.say("%s گیرنده؛ %s نفر مسیری را به ته رسانده‌اند و به هدف نرسیده‌اند، %s نفر خودشان مکث کرده‌اند، با %s نفر فروش در گفتگوست\n",
		"%s recipients; %s came to the end of a series without its goal and are in none, %s paused it themselves, with %s sales is talking\n"),
		w.number(x.People), w.number(x.Exhausted), w.number(x.Paused), w.number(x.Talking))
	for _, name := range slices.Sorted(maps.Keys(x.Tracks)) {
		w.track(&b, c, name, x.Tracks[name])
	}
	_, err = io.WriteString(out, b.String())
	return err
}

type trackWords struct {
	words
	locale string
}

func (w trackWords) say(fa, en string) string {
	if w.locale == "en" {
		return en
	}
	return fa
}

func (w trackWords) track(b *strings.Builder, c *playbook.Compiled, name string, s *nurture.Standing) {
	title := name
	if t := c.Nurture.Track(name); t != nil && t.Title.In(w.locale) != "" {
		title = t.Title.In(w.locale)
	}
	fmt.Fprintf(b, w.say("%s: در راه %s، به هدف %s، به ته رسیده %s، پایان دیگر %s\n", "%s: inside %s, goal %s, exhausted %s, ended otherwise %s\n"),
		title, w.number(s.Inside), w.number(s.Goal), w.number(s.Exhausted), w.number(s.Ended))
	for _, code := range slices.Sorted(maps.Keys(s.Held)) {
		fmt.Fprintf(b, "  %s: %s\n", c.Why(code, w.locale), w.number(s.Held[code]))
	}
	if out := heldOut(s); out.People > 0 {
		rest := s.Out[""]
		w.compare(b, w.say("گروه شاهد", "hold-out"), []experiment.Arm{
			{Name: w.say("بی‌نامه", "without"), People: out.People, Won: out.Goal}, {Name: w.say("با نامه", "with"), People: rest.People, Won: rest.Goal}})
	}
	for _, step := range slices.Sorted(maps.Keys(s.Arms)) {
		var arms []experiment.Arm
		for _, arm := range slices.Sorted(maps.Keys(s.Arms[step])) {
			o := s.Arms[step][arm]
			arms = append(arms, experiment.Arm{Name: arm, People: o.People, Won: o.Goal})
		}
		w.compare(b, step, arms)
	}
}

// heldOut is everybody who gets no marketing of a track, for either reason.
func heldOut(s *nurture.Standing) nurture.Share {
	a, b := s.Out[nurture.HoldoutTrack], s.Out[nurture.HoldoutAll]
	return nurture.Share{People: a.People + b.People, Goal: a.Goal + b.Goal}
}

// compare writes what an experiment has shown, and nothing of one without two
// sides yet.
func (w trackWords) compare(b *strings.Builder, what string, arms []experiment.Arm) {
	r, err := experiment.Compare(arms, experiment.Default)
	if err != nil {
		return
	}
	percent := func(x float64) string { return w.digits(fmt.Sprintf("%.1f", 100*x)) }
	fmt.Fprintf(b, w.say("  %s: %s %s از %s (%s تا %s ٪)\n", "  %s: %s %s of %s (%s to %s %%)\n"), what, r.First.Name, w.number(r.First.Won), w.number(r.First.People), percent(r.Rate.Low), percent(r.Rate.High))
	verdicts := map[experiment.Verdict][2]string{
		experiment.Running: {"هنوز نمی‌توان گفت", "too early to say"}, experiment.Better: {"بهتر است", "better"}, experiment.Worse: {"بدتر است", "worse"},
		experiment.Same: {"تفاوتی که بیارزد ندارد", "no difference worth having"}, experiment.Over: {"به اندازه آزموده شد و تفاوتی پیدا نشد", "enough people, nothing found"},
	}
	for _, k := range r.Rest {
		v := verdicts[k.Verdict]
		fmt.Fprintf(b, w.say("    %s %s از %s (%s تا %s ٪)، تفاوت %s تا %s: %s\n", "    %s %s of %s (%s to %s %%), difference %s to %s: %s\n"), k.Arm.Name, w.number(k.Arm.Won), w.number(k.Arm.People),
			percent(k.Rate.Low), percent(k.Rate.High), percent(k.Range.Low), percent(k.Range.High), w.say(v[0], v[1]))
	}
}
