package form

import (
	"testing"

	"github.com/sarnakh/sarnakh/internal/activity"
)

func TestTheBrowsersZoneIsSaidUnlessTheFormAsksForIt(t *testing.T) {
	zone := func(p *Post) (out []string) {
		for _, x := range p.Profile {
			if x.Name == "timezone" && x.Value.Kind == activity.Text {
				out = append(out, x.Value.Text)
			}
		}
		return out
	}
	const kind = "application/x-www-form-urlencoded"
	if got := zone(check(t, contact, kind, "email=a@b.ir&_zone=Europe/Berlin")); len(got) != 1 || got[0] != "Europe/Berlin" {
		t.Errorf("%q", got)
	}
	if got := zone(check(t, contact, kind, "email=a@b.ir")); len(got) != 0 {
		t.Errorf("nobody said one: %q", got)
	}
	asks := contact
	asks.Fields = append([]Field{{Name: "zone", Attribute: "timezone"}}, contact.Fields...)
	if got := zone(check(t, asks, kind, "email=a@b.ir&_zone=Europe/Berlin&zone=Asia/Tehran")); len(got) != 1 || got[0] != "Asia/Tehran" {
		t.Errorf("%q", got)
	}
}
