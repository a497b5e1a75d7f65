package source_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/playbook/source"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// spoiled is a playbook with something that can be written and makes no sense.
type spoiled struct {
	file, old, new string
	want           string // a fault, or with "warning: " before it a warning
}

// signalsBefore puts a line before the last signals of the small playbook.
func signalsBefore(line, want string) spoiled {
	return spoiled{"signals.yaml", "  demo: {on", "  " + line + "\n  demo: {on", want}
}

func TestPointsThatCannotAddUpAndRulesThatAreDeadAreToldWithTheirPlace(t *testing.T) {
	for name, test := range map[string]spoiled{
		"a cap under the points":            {"signals.yaml", "points: 2, group: web", "points: 2, cap: 1, cap_days: 7, group: web", "signals.yaml:7:43: cap of page is 1, and it gives 2 at a time: nobody ever has them; give at most 1 points, or a cap of 2 or more"},
		"a cap a day under the points":      {"signals.yaml", "points: 2, group: web", "points: 2, cap_per_day: 1, group: web", "signals.yaml:7:51: cap_per_day of page is 1, and it gives 2 at a time: nobody ever has them; give at most 1 points, or a cap of 2 or more"},
		"two caps for one day":              {"signals.yaml", "points: 2, group: web", "points: 2, cap_per_day: 4, cap: 6, cap_days: 1, group: web", "signals.yaml:7:59: page has two caps for one day, 4 and 6; keep one of them"},
		"a limit that leaves nothing":       {"signals.yaml", "points: 2, group: web", "points: -2, group: web", "signals.yaml:7:35: the limit of group web is 0 on this side, so the -2 of page are worth nothing; widen the limits, or leave the points out"},
		"a limit under the points":          {"signals.yaml", "points: 30, group: form", "points: 50, group: form", "signals.yaml:8:56: demo gives +50 at a time, and the limit of group form is 40: nobody ever has them; give less, or widen the limits"},
		"points beyond the engagement":      {"signals.yaml", "points: 30, group: form", "points: 70", "signals.yaml:8:56: demo gives +70 at a time, and the limit of the engagement is 60: nobody ever has them; give less, or widen the limits"},
		"a fit that can never be had":       {"signals.yaml", "owner: 20, staff", "owner: 21, staff", "signals.yaml:11:6: persona owner gives +21 for role=owner, and the fit lies from -20 to 20: nobody ever has them; give less, or widen the limits of the fit"},
		"a step worth more than all":        {"business.yaml", "lifecycle:", "funnel:\n  - {name: act, part: bottom, signals: [demo], points: 61}\nlifecycle:", "business.yaml:15:6: step act gives 61 points, and the engagement has at most 60; give less, or raise the limit of the engagement"},
		"a persona that nobody is":          {"signals.yaml", "staff: -5}}}", "staff: -5}}}\n  - {name: shadow, fit: {role: {owner: 20, staff: -7}}}", "warning: signals.yaml:12:6: nobody is ever shown as persona shadow: owner is at least as good for every lead; give it points of its own, or remove it"},
		"two values that exclude":           signalsBefore("x: {on: page.viewed, where: {all: [{path: /a}, {path: /b}]}, points: 1}", `signals.yaml:8:32: signal x never holds: path eq "/a" and path eq "/b" exclude each other; put alternatives under any, or in one list of values`),
		"two values of a sender's property": signalsBefore("x: {on: page.viewed, where: {all: [{tag: a}, {tag: b}]}, points: 1}", `warning: signals.yaml:8:32: signal x holds only where tag is a list: tag eq "a" and tag eq "b" exclude each other; put alternatives under any, or in one list of values`),
		"ranges that do not meet":           signalsBefore("x: {on: form.posted, where: {all: [{path: {gte: 10}}, {path: {lt: 10}}]}, points: 1}", `signals.yaml:8:32: signal x never holds: path gte 10 and path lt 10 exclude each other; put alternatives under any, or in one list of values`),
		"a value and its opposite":          signalsBefore("x: {on: page.viewed, where: {all: [{kind: a}, {kind: {not: [a, b]}}]}, points: 1}", `signals.yaml:8:32: signal x never holds: kind eq "a" and none of kind eq "a", "b" exclude each other; put alternatives under any, or in one list of values`),
		"there and not there":               signalsBefore("x: {on: page.viewed, where: {all: [{kind: {exists: false}}, {kind: {prefix: a}}]}, points: 1}", `signals.yaml:8:32: signal x never holds: kind prefix "a" and none of kind exists exclude each other; put alternatives under any, or in one list of values`),
		"a value without the prefix":        signalsBefore("x: {on: page.viewed, where: {all: [{path: /a}, {path: {prefix: /b}}]}, points: 1}", `signals.yaml:8:32: signal x never holds: path eq "/a" and path prefix "/b" exclude each other; put alternatives under any, or in one list of values`),
		"a role that is two":                signalsBefore("x: {profile: {all: [{role: owner}, {role: staff}]}}", `signals.yaml:8:17: signal x never holds: role eq "owner" and role eq "staff" exclude each other; put alternatives under any, or in one list of values`),
		"a type that it does not look at":   signalsBefore("x: {on: page.viewed, where: {type: ad.clicked}, points: 1}", `signals.yaml:8:32: signal x never holds: it asks for the type "ad.clicked", and the signal looks at page.viewed only; put alternatives under any, or in one list of values`),
		"an alternative that never holds":   signalsBefore("x: {on: page.viewed, where: {any: [{type: ad.clicked}, {path: /x}]}, points: 1}", `warning: signals.yaml:8:32: signal x: one of its alternatives never holds: it asks for the type "ad.clicked", and the signal looks at page.viewed only; remove it, or mend it`),
		"a type that is left out":           signalsBefore("x: {on: [page.viewed, ad.clicked], where: {type: ad.clicked}, points: 1}", "warning: signals.yaml:8:46: signal x: it names the type page.viewed, and its condition leaves it out; remove it, or mend it"),
		"a prefix under a shorter one":      signalsBefore("x: {on: page.viewed, where: {path: {prefix: [/blog, /blog/a]}}, points: 1}", `warning: signals.yaml:8:32: signal x: path prefix "/blog/a" is never needed: "/blog" beside it holds as well; remove it, or mend it`),
		"a count to one":                    signalsBefore("x: {count: {of: page, at_least: 1, days: 7}, points: 1}", "warning: signals.yaml:8:3: signal x counts to 1: it is seen whenever what it counts is; ask for at_least 2, or use the counted signal itself"),
		"a band that nobody is in":          {"business.yaml", "- {name: hot, from: 30}", "- {name: warm, from: -30}\n    - {name: hot, from: 30}", "business.yaml:9:8: nobody is ever in band cold: warm begins at -30, and no total lies below -30; raise the band after it, or remove it"},
		"a stage that hides another":        {"business.yaml", "enter: [{handover: true}]}", "enter: [{total: 20}]}\n  - {name: later, enter: [{total: 10}]}", "warning: business.yaml:16:6: nobody ever stays in stage ready: whoever enters it can enter later, which comes after it; ask more of the later stage, or change their order"},
		"a need that is never needed":       {"business.yaml", "enter: [{handover: true}]}", "enter: [{total: 10}, {total: 20, seen: [demo]}]}", "warning: business.yaml:16:6: condition 2 of stage ready is never needed: whoever meets it meets condition 1; remove it, or ask less"},
		"a need against itself":             {"business.yaml", "enter: [{handover: true}]}", "enter: [{all: [demo], none: [demo]}]}", "business.yaml:16:6: stage ready asks that demo was seen and was not; take it out of one of the lists"},
		"below what anybody has":            {"business.yaml", "enter: [{handover: true}]}", "enter: [{below: -30}]}", "business.yaml:16:6: stage ready asks a total below -30, and nobody has less than -30; raise it"},
		"a step that is hidden":             {"business.yaml", "lifecycle:", "funnel:\n  - {name: see, part: top, signals: [page]}\n  - {name: act, part: bottom, signals: [page, demo]}\nlifecycle:", "warning: business.yaml:15:6: nobody ever stands at step see: each of its signals belongs to a later step too; name a signal in one step only"},
		"a list that is none":               signalsBefore("x: {on: page.viewed, where: {path: {list: citys}}, points: 1}", `signals.yaml:8:45: there is no list "citys"; none is declared yet`),
		"a list that nobody names":          {"signals.yaml", "groups:", "lists: {cities: [a, b]}\ngroups:", "warning: signals.yaml:3:9: no condition names list cities; name it, or remove it"},
		"an empty list":                     {"signals.yaml", "groups:", "lists: {cities: []}\ngroups:", "signals.yaml:3:9: list cities is empty; give its values"},
		"ranges that overlap":               {"signals.yaml", "staff: -5}}", "staff: -5}, size: {1-10: 2, 5-20: 3}}", "warning: signals.yaml:12:6: persona owner gives the points of size=1-10 and of size=5-20 to the same lead; let ranges end before the next begins"},
	} {
		t.Run(name, func(t *testing.T) {
			changes := []string{test.file, test.old, test.new}
			if name == "ranges that overlap" {
				changes = append(changes, "signals.yaml", "groups:", "  size: {type: number, title: اندازه}\ngroups:")
			}
			_, faults, warnings := source.Check(folder(changes...), nil, time.Time{})
			said, want := faults, test.want
			if w, ok := strings.CutPrefix(want, "warning: "); ok {
				if len(faults) > 0 {
					t.Fatalf("faults: %v", faults)
				}
				said, want = warnings, w
			}
			if !slices.ContainsFunc(said, func(f source.Fault) bool { return f.String() == want }) {
				t.Errorf("want %s\ntold:\n%v\nwarned:\n%v", want, faults, warnings)
			}
		})
	}
}

// A list is only a way of writing: a signal asks for its values.
func TestAConditionMatchesANamedList(t *testing.T) {
	lists := []string{"signals.yaml", "groups:", "lists:\n  cities: [تهران, Mashhad]\n  codes: {values: [1, true, x]}\ngroups:",
		"signals.yaml", "  demo: {on", "  near: {on: page.viewed, where: {city: {list: cities}, code: {list: codes}}}\n  demo: {on"}
	byName := read(t, folder(lists...), nil)
	byValue := read(t, folder("signals.yaml", "  demo: {on", "  near: {on: page.viewed, where: {city: [Mashhad, تهران], code: [1, true, x]}}\n  demo: {on"), nil)
	of := func(name string, ds []signal.Definition) string {
		for _, d := range ds {
			if d.Name == name {
				return signal.HashOf(d)
			}
		}
		return name + " is not there"
	}
	if a, b := of("near", byName.Signals), of("near", byValue.Signals); a != b {
		t.Errorf("by name %s, by value %s", a, b)
	}
}

// Files that were in force must be able to come back when a newer checker finds
// more to say about them.
func TestWhatWasInForceIsWarnedOfAndNotRefused(t *testing.T) {
	senseless := folder("signals.yaml", "points: 2, group: web", "points: 2, cap: 1, cap_days: 7, group: web")
	p, faults, warnings := source.Recheck(senseless, nil, time.Time{})
	if p == nil || len(faults) != 0 || len(warnings) != 1 || !strings.Contains(warnings[0].Problem, "cap of page is 1") {
		t.Errorf("faults %v, warnings %v", faults, warnings)
	}
	if _, faults, _ := source.Recheck(folder("signals.yaml", "half_life", "half_live"), nil, time.Time{}); len(faults) == 0 {
		t.Error("a key that does not exist was taken")
	}
}
