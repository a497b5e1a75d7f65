package sim

import (
	"context"
	"regexp"

	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/mail"
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
	if len(seen) > 1 && len(o.copies[key]) == 1 {
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
