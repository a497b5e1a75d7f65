package flow

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/decision"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
)

func revoke(id, what string, who activity.Who) activity.Activity {
	r := act(id, activity.Revoked, who)
	r.Revokes, r.Source = activity.ID(what), "console"
	return r
}

// withStages is the small playbook with a stage that rests on the hand-over, and
// a track that rests on the demo.
func (l *line0) withStages() {
	l.t.Helper()
	p := smallBook()
	p.Score.Stages = append(p.Score.Stages, score.Stage{Name: "reader", Number: 4, Enter: []score.Need{{Seen: []decision.Signal{2}}}},
		score.Stage{Name: "mql", Number: 3, Enter: []score.Need{{Handover: true}}})
	p.Nurture.Tracks = []nurture.Track{{Name: "after_demo", Entry: []nurture.Entry{{Signal: "demo"}}, Steps: []nurture.Step{{Name: "call", Task: &nurture.Task{WithinHours: 2}}}}}
	publish(l.t, l.mem, p, 2)
	l.ingest = l.worker(l.mem)
}

func (l *line0) kinds(id lead.ID) (out []string) {
	for _, p := range l.state(id).Pending {
		out = append(out, strings.TrimSpace(p.Kind+" "+p.Name))
	}
	return out
}

func TestDecisionsThatRestedOnRevokedEvidenceAreWithdrawn(t *testing.T) {
	l := newLine(t)
	l.withStages()
	who := activity.Who{Email: email}
	person := act("who", activity.FormPosted, who, "form", "ebook")
	person.Profile = []activity.Property{{Name: "role", Value: activity.TextValue("sales_manager")}}
	l.take(person, act("demo", activity.FormPosted, who, "form", "demo"))
	id := l.leadOf(lead.ByEmail, email)
	for _, k := range []string{"handover", "fastlane demo", "stage mql", "enroll after_demo"} {
		if !slices.Contains(l.kinds(id), k) {
			t.Fatalf("before: %v lacks %s", l.kinds(id), k)
		}
	}
	l.take(revoke("r1", "demo", who))
	got := l.kinds(id)
	for _, k := range []string{"withdrawn handover", "withdrawn fastlane.demo", "stage reader", "unenroll after_demo"} {
		if !slices.Contains(got, k) {
			t.Errorf("after: %v lacks %s", got, k)
		}
	}
	said := map[string]string{}
	for _, p := range l.state(id).Pending {
		said[p.Kind+" "+p.Name] = l.book().Decisions.Sentence(p, "en", decision.Titles{})
	}
	if s := said["withdrawn handover"]; s != "Withdrawn: Ready for a call; what it rested on was taken back" {
		t.Errorf("said: %q", s)
	}
	if c := l.card(id, l.now); c.Total != 39 {
		t.Errorf("total %d, want 24 of the role and 15 of the e-book", c.Total)
	}
	n := len(l.kinds(id))
	l.take(revoke("r2", "demo", who), revoke("r1", "demo", who))
	if got := l.kinds(id); len(got) != n {
		t.Errorf("revoked again: %v", got)
	}
	// The hand-over is armed again, and told when other deeds meet it.
	l.take(act("demo2", activity.FormPosted, who, "form", "demo"))
	if got := l.kinds(id)[n:]; !slices.Contains(got, "handover") || !slices.Contains(got, "fastlane demo") || !slices.Contains(got, "stage mql") {
		t.Errorf("asked again: %v", got)
	}
}

func TestRevokingOneOfSeveralWithdrawsNothing(t *testing.T) {
	l := newLine(t)
	l.withStages()
	who := activity.Who{Email: email}
	l.take(act("demo", activity.FormPosted, who, "form", "demo"))
	l.take(act("again", activity.FormPosted, who, "form", "demo"))
	id := l.leadOf(lead.ByEmail, email)
	n := len(l.kinds(id))
	l.take(revoke("r", "demo", who))
	if got := l.kinds(id)[n:]; len(got) != 0 {
		t.Errorf("the other request stands: %v", got)
	}
}

func TestWhatIsRevokedInTheSameMomentIsToldNobody(t *testing.T) {
	l := newLine(t)
	who := activity.Who{Email: email}
	l.take(act("demo", activity.FormPosted, who, "form", "demo"), revoke("r", "demo", who))
	if got := l.kinds(l.leadOf(lead.ByEmail, email)); slices.Contains(got, "fastlane demo") {
		t.Errorf("decided: %v", got)
	}
}

func TestAWithdrawnHandOverLeavesTheWorkListWhicheverComesFirst(t *testing.T) {
	reason, err := json.Marshal(decision.Reason{Total: 60, By: "revoked"})
	if err != nil {
		t.Fatal(err)
	}
	told := []Delivery{{Kind: decision.Handover, Total: 60}, {Kind: decision.FastLane, Subject: "demo_asked"}}
	back := []Delivery{{Kind: decision.Withdrawn, Subject: decision.Handover, Reason: reason}, {Kind: decision.Withdrawn, Subject: "fastlane.demo_asked", Reason: reason}}
	for name, order := range map[string][]Delivery{"told first": slices.Concat(told, back), "withdrawn first": slices.Concat(back, told)} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			for range 2 {
				for _, d := range order {
					if err := o.deliver(d); err != nil {
						t.Fatal(err)
					}
				}
			}
			if n := len(o.sent); name == "told first" && n != 2 || name == "withdrawn first" && n != 0 {
				t.Errorf("%d alerts", n)
			}
			w, err := o.store.ReadWork(t.Context(), maryam)
			if err != nil {
				t.Fatal(err)
			}
			item, err := ReadWorkItem(w)
			if err != nil || len(item.Reasons) != 0 || len(item.Withdrawn) != 2 || w.Rank != "" {
				t.Errorf("%+v, rank %q (%v)", item, w.Rank, err)
			}
			d, err := o.store.ReadDecision(t.Context(), store.DecisionKey{Lead: maryam, Kind: decision.Withdrawn, Subject: decision.Handover, N: 1})
			if err != nil || d.Done[doneWork] == 0 {
				t.Errorf("the withdrawal is not recorded as done: %+v (%v)", d, err)
			}
		})
	}
}

func TestAHandOverThatTheFastLaneToldOfIsDoneAndStaysAsItIs(t *testing.T) {
	o := newOffice(t)
	marshal := func(r decision.Reason) []byte {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	handover := Delivery{Kind: decision.Handover, Total: 60, Reason: marshal(decision.Reason{Total: 60, Asked: true})}
	for _, d := range []Delivery{handover, {Kind: decision.FastLane, Subject: "demo_asked"}} {
		if err := o.deliver(d); err != nil {
			t.Fatal(err)
		}
	}
	key := store.DecisionKey{Lead: maryam, Kind: decision.Handover, N: 1}
	was, err := o.store.ReadDecision(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.deliver(Delivery{Kind: decision.Withdrawn, Subject: decision.Handover, Reason: marshal(decision.Reason{By: "revoked"})}); err != nil {
		t.Fatal(err)
	}
	if err := o.deliver(handover); err != nil {
		t.Fatal(err)
	}
	if is, err := o.store.ReadDecision(t.Context(), key); err != nil || is.Version != was.Version || len(o.sent) != 1 {
		t.Errorf("delivered again it is %+v, was %+v; %d alerts (%v)", is, was, len(o.sent), err)
	}
}
