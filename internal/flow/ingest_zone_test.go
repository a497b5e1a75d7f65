package flow

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// from is a form posted from a browser in a zone.
func from(id string, at time.Time, zone string) activity.Activity {
	a := act(id, activity.FormPosted, activity.Who{Email: email}, "form", "ebook")
	a.At = at
	a.Profile = []activity.Property{{Name: "timezone", Value: activity.TextValue(zone)}, {Name: "city", Value: activity.TextValue("Bonn")}}
	return a
}

func TestQuietHoursAreThoseOfTheZoneThatTheFormCameFromOnBothSidesOfAClockChange(t *testing.T) {
	l := newLine(t)
	l.take(from("1", monday, "Europe/Berlin"))
	r := l.recipient(l.leadOf(lead.ByEmail, email))
	p, err := nurture.Compile(nurture.Config{Zone: "Asia/Tehran", Calendar: nurture.Calendar{
		Open: []time.Weekday{0, 1, 2, 3, 4, 5, 6}, From: 9 * 60, Until: 19 * 60,
	}})
	if err != nil {
		t.Fatal(err)
	}
	// The clock goes forward on 28 March 2027 and back on 31 October.
	for now, want := range map[string]string{
		"2027-03-27T20:00:00Z": "2027-03-28T07:00:00Z", "2027-03-26T20:00:00Z": "2027-03-27T08:00:00Z",
		"2027-10-30T20:00:00Z": "2027-10-31T08:00:00Z", "2027-10-29T20:00:00Z": "2027-10-30T07:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.OpenFrom(r, nurture.Email, at).UTC().Format(time.RFC3339); got != want {
			t.Errorf("decided at %s: open from %s, want %s, 09:00 in Berlin", now, got, want)
		}
	}
}

func TestTheZoneLastStatedStandsInWhateverOrderTheyCome(t *testing.T) {
	for name, order := range map[string][]int{"in order": {0, 1}, "the other way round": {1, 0}} {
		l := newLine(t)
		said := []activity.Activity{from("1", monday, "Asia/Tehran"), from("2", monday.Add(time.Hour), "America/Toronto")}
		l.now = monday.Add(2 * time.Hour)
		for _, i := range order {
			l.take(said[i])
		}
		if r := l.recipient(l.leadOf(lead.ByEmail, email)); r.Zone != "America/Toronto" {
			t.Errorf("%s: %q", name, r.Zone)
		}
	}
}

func TestAZoneThatThereIsNotIsDroppedWithItsReasonAndTheRestIsKept(t *testing.T) {
	l := newLine(t)
	var log bytes.Buffer
	l.log = slog.New(slog.NewTextHandler(&log, nil))
	if got := l.take(from("1", monday, "Asia/Teheran")); got.Parked != 0 || got.Fresh != 1 {
		t.Fatalf("%+v", got)
	}
	id := l.leadOf(lead.ByEmail, email)
	profile, err := l.mem.ReadProfile(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := lead.DecodeProfile(profile.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r := l.recipient(id); r.Zone != "" || p.Text("timezone") != "" || p.Text("city") != "Bonn" {
		t.Errorf("zone %q, profile %+v", r.Zone, p)
	}
	if said := log.String(); !strings.Contains(said, "time zone is dropped") || !strings.Contains(said, "IANA") || strings.Contains(said, "Teheran") {
		t.Errorf("the log says %s", said)
	}
	// One that is right comes later; a bad one after it takes nothing away.
	l.take(from("2", monday.Add(time.Minute), "Europe/Paris"), from("3", monday.Add(2*time.Minute), "nowhere"))
	if r := l.recipient(id); r.Zone != "Europe/Paris" {
		t.Errorf("zone %q", r.Zone)
	}
}

// writes counts what is written of people.
type writes struct {
	*memory.Store
	recipients, profiles int
}

func (w *writes) WriteRecipients(ctx context.Context, rs []store.Recipient) []store.Written[store.Recipient] {
	w.recipients += len(rs)
	return w.Store.WriteRecipients(ctx, rs)
}

func (w *writes) WriteProfiles(ctx context.Context, ps []store.Profile) []store.Written[store.Profile] {
	w.profiles += len(ps)
	return w.Store.WriteProfiles(ctx, ps)
}

func TestAZoneCostsNoWriteOfItsOwn(t *testing.T) {
	count := func(zone string) (int, int) {
		l := newLine(t)
		w := &writes{Store: l.mem}
		l.ingest = l.worker(w)
		l.take(from("1", monday, zone))
		l.take(from("2", monday.Add(time.Minute), zone))
		return w.recipients, w.profiles
	}
	r0, p0 := count("")
	if r, p := count("Europe/Berlin"); r != r0 || p != p0 || r != 1 {
		t.Errorf("with a zone %d recipients and %d profiles are written, without %d and %d", r, p, r0, p0)
	}
}

func TestALeadThatAbsorbsAnotherKeepsItsZoneAndTakesTheOthersWhereItHasNone(t *testing.T) {
	into, other := &nurture.Recipient{ID: "a"}, &nurture.Recipient{ID: "b", Zone: "Europe/Rome"}
	before := *into
	moveRecipient(into, other)
	if into.Zone != "Europe/Rome" {
		t.Errorf("zone %q", into.Zone)
	}
	partRecipient(into, other, &before, monday)
	if into.Zone != "" || other.Zone != "Europe/Rome" {
		t.Errorf("parted: %q and %q", into.Zone, other.Zone)
	}
	into.Zone = "Asia/Tehran"
	if moveRecipient(into, other); into.Zone != "Asia/Tehran" {
		t.Errorf("zone %q", into.Zone)
	}
}
