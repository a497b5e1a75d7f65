package sim

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
)

// listed is a lead in a mail of several.
type listed struct {
	key  string // of the mail
	lead lead.ID
}

// listTag is the tag of the mail of a number that tells of several hot leads.
func listTag(n int64) string {
	return tagCode.EncodeToString([]byte(store.DecisionKey{Lead: "sales", Kind: "alerts", N: int(n)}.String()))
}

var leadLink = regexp.MustCompile(`/#/leads/([a-z0-9]+)`)

// names notes of whom a mail to sales tells.
func (o *post) names(m *mail.Message, key string) {
	seen := map[lead.ID]bool{}
	for _, l := range leadLink.FindAllStringSubmatch(m.Text, -1) {
		seen[lead.ID(l[1])] = true
	}
	for id := range seen {
		o.named[listed{key, id}]++
	}
	switch {
	case len(o.copies[key]) > 1:
	case tagOf(m, "kind") == "digest":
		o.w.report.Digests++
	case len(seen) > 1:
		o.w.report.Lists++
	}
}

// listedOnce holds that a lead is in no list but those which its decisions name,
// but for what was taken back after it was told.
func (w *World) listedOnce(id lead.ID, list []store.Decision) {
	told, back := map[string]bool{}, 0
	for _, d := range list {
		if n := d.Done["alert.group"]; n != 0 {
			told["decision "+listTag(n)] = true
		}
		if d.Kind == decision.Handover && d.Done["withdrawn"] != 0 {
			back++
		}
	}
	more := 0
	for n := int64(1); ; n++ {
		key := "decision " + listTag(n)
		if _, err := w.mem.ReadDecision(context.Background(), store.DecisionKey{Lead: "sales", Kind: "alerts", N: int(n)}); err != nil {
			break
		}
		if w.post.named[listed{key, id}] > 0 && !told[key] {
			more++
		}
	}
	if more > back {
		w.double("%s is in %d lists that tell of none of its decisions, %d of them were taken back", id, more, back)
	}
}

// listDue tells that a list of today's work is to leave and is not queued yet:
// other ticks find nothing to do, and are left out of the simulation.
func (w *World) listDue() bool {
	day, due := w.newest().DigestDay(w.now)
	return due && slices.ContainsFunc(listsOf(day), func(key store.DecisionKey) bool {
		_, err := w.mem.ReadDecision(context.Background(), key)
		return err != nil
	})
}

func listsOf(day string) []store.DecisionKey {
	key := store.DecisionKey{Lead: "sales", Kind: "digest", Subject: day, N: 1}
	sara := key
	sara.Subject += "/sara"
	return []store.DecisionKey{key, sara}
}

// checkDigests holds that every working day had its lists of open work, nobody
// the list of a day twice, and no other day any.
func (w *World) checkDigests() {
	c := w.newest()
	for day := w.cfg.Start.In(c.Zone); day.Before(w.now); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		calls := c.Playbook.Nurture.Calls
		works := slices.Contains(calls.Open, day.Weekday()) && !slices.ContainsFunc(calls.Closed, func(r nurture.Closed) bool {
			return date >= r.From && date <= cmp.Or(r.Until, r.From)
		})
		// The first day may have begun, and the last not ended.
		surely := works && day.After(w.cfg.Start) && day.AddDate(0, 0, 1).Before(w.now)
		for _, key := range listsOf(date) {
			subject := key.Subject
			d, err := w.mem.ReadDecision(context.Background(), key)
			tag := "decision " + tagCode.EncodeToString([]byte(key.String()))
			copies, doubt := len(w.post.copies[tag]), w.post.doubt[tag]
			switch {
			case err != nil && surely:
				w.broken("%s had no list of its work", subject)
			case err != nil:
			case !works:
				w.broken("%s is no working day and had a list", subject)
			case d.Done["alert"] == 0:
				w.broken("the list of %s has no fate: %v", subject, d.Done)
			case copies > 2, copies == 2 && doubt == 0:
				w.double("the list of %s left %d times, %d answers were lost", subject, copies, doubt)
			case copies == 0 && doubt == 0 && d.Done["digest.empty"] == 0 && d.Done["digest.late"] == 0 && d.Done["alert.unknown"] == 0 && w.post.never[tag] == 0:
				w.broken("the list of %s never left: %v", subject, d.Done)
			}
		}
	}
}
