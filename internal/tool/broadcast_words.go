package tool

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
)

// castWords are those of one language for broadcasts.
type castWords struct {
	state                                                map[string]string
	members, sent, held, skipped, failed, waiting, until string
	entered, left, unknown, inHand, counted, by, none    string
	settled, partial                                     string
}

var castEn = castWords{
	state:   map[string]string{nurture.BroadcastPlanned: "planned", nurture.BroadcastFreezing: "audience is being frozen", nurture.BroadcastFrozen: "audience frozen", nurture.BroadcastCancelled: "cancelled"},
	members: "%s in the audience", sent: "%s get it at that time", held: "held", skipped: "not sent", failed: "failed", waiting: "waiting", until: "until %s at the latest",
	entered: "%s in the frozen audience", left: "%s left", unknown: "%s of unknown fate", inHand: "%s in hand", counted: "counted %s", by: "by %s", none: "no broadcast is planned",
	settled: "From %s on nobody can get it any more; whoever was being taken before may.", partial: "not all leads could be read in time: part of the audience was left out",
}

var castFa = castWords{
	state:   map[string]string{nurture.BroadcastPlanned: "در نوبت", nurture.BroadcastFreezing: "در حال بستن گروه", nurture.BroadcastFrozen: "گروه بسته شد", nurture.BroadcastCancelled: "لغو شد"},
	members: "%s نفر در گروه", sent: "%s نفر در همان زمان می‌گیرند", held: "می‌ماند", skipped: "فرستاده نمی‌شود", failed: "نرفت", waiting: "در صف", until: "دست‌بالا تا %s",
	entered: "%s نفر در گروه بسته", left: "%s رفت", unknown: "%s با سرنوشت نامعلوم", inHand: "%s در دست فرستادن", counted: "شمارش %s", by: "به دست %s", none: "هیچ نامه‌ی همگانی در نوبت نیست",
	settled: "از %s دیگر برای هیچ‌کس نمی‌رود؛ کسی که پیش از آن نوبتش شده بود شاید بگیرد.", partial: "همه‌ی سرنخ‌ها به‌موقع خوانده نشدند: بخشی از گروه جا ماند",
}

func castWordsOf(locale string) castWords {
	if locale == "en" {
		return castEn
	}
	return castFa
}

// WriteCast writes one broadcast: what it is, its state, and what was counted.
func WriteCast(out io.Writer, c *playbook.Compiled, b *nurture.Broadcast, locale string) error {
	w, x := wordsOf(locale), castWordsOf(locale)
	head := []string{b.ID, b.Title, c.AudienceTitle(b.Audience, locale), w.moment(time.Unix(b.At, 0), c.Zone), x.state[b.State()]}
	if b.Cancelled != 0 {
		head = append(head, fmt.Sprintf(x.by, b.CancelledBy))
	}
	text := strings.Join(head, " · ") + "\n"
	if e := b.Expected; e.At != 0 {
		text += "  " + fmt.Sprintf(x.counted, w.moment(time.Unix(e.At, 0), c.Zone)) + ": " + fmt.Sprintf(x.members, w.number(e.Members)) + ", " + fmt.Sprintf(x.sent, w.number(e.Sent)) + "\n"
		text += reasonLines(c, e.Rest, locale)
	}
	if b.Frozen != 0 {
		text += "  " + fmt.Sprintf(x.entered, w.number(b.Entered)) + "\n"
	}
	if b.Partial {
		text += "  " + x.partial + "\n"
	}
	_, err := io.WriteString(out, text)
	return err
}

// reasonLines are those held and skipped, a line a reason.
func reasonLines(c *playbook.Compiled, rest []nurture.ExpectedReason, locale string) string {
	w, x := wordsOf(locale), castWordsOf(locale)
	kinds := map[string]string{"held": x.held, "skipped": x.skipped, "failed": x.failed, "waiting": x.waiting}
	text := ""
	for _, r := range rest {
		text += fmt.Sprintf("  %s %s: %s", w.count(r.Count), kinds[r.Kind], c.Why(r.Reason, locale))
		if r.Until != 0 {
			text += ", " + fmt.Sprintf(x.until, w.moment(time.Unix(r.Until, 0), c.Zone))
		}
		text += "\n"
	}
	return text
}

// WriteOutcomes writes what became of a broadcast.
func WriteOutcomes(out io.Writer, c *playbook.Compiled, o nurture.Outcomes, locale string) error {
	w, x := wordsOf(locale), castWordsOf(locale)
	facts := []string{fmt.Sprintf(x.entered, w.number(o.Entered)), fmt.Sprintf(x.left, w.number(o.Sent))}
	if o.InHand > 0 {
		facts = append(facts, fmt.Sprintf(x.inHand, w.number(o.InHand)))
	}
	if o.Unknown > 0 {
		facts = append(facts, fmt.Sprintf(x.unknown, w.number(o.Unknown)))
	}
	_, err := io.WriteString(out, "  "+strings.Join(facts, ", ")+"\n"+reasonLines(c, o.Rest, locale))
	return err
}

// CastSettled says from when on a cancelled broadcast reaches nobody.
func CastSettled(c *playbook.Compiled, b *nurture.Broadcast, locale string) string {
	w := wordsOf(locale)
	return fmt.Sprintf(castWordsOf(locale).settled, w.moment(b.Settled(), c.Zone))
}

// NoCasts says that there are none.
func NoCasts(locale string) string { return castWordsOf(locale).none }

// count is a number, five wide, so that lines stand below each other.
func (w *words) count(n int) string { return w.digits(fmt.Sprintf("%5d", n)) }
