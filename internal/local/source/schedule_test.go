package source

import (
	"testing"
	"time"
)

func TestSchedulesTickWhenAWSWouldTick(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ expression, zone, after, want string }{
		{"rate(1 minute)", "UTC", "2026-11-24T10:00:00Z", "2026-11-24T10:01:00Z"},
		{"rate(5 minutes)", "UTC", "2026-11-24T10:03:20Z", "2026-11-24T10:05:00Z"},
		{"rate(1 day)", "UTC", "2026-11-24T10:03:20Z", "2026-11-25T00:00:00Z"},
		{"cron(10 0 * * ? *)", "Asia/Tehran", "2026-11-24T10:00:00Z", "2026-11-24T20:40:00Z"},
		{"cron(10 0 * * ? *)", "Asia/Tehran", "2026-11-24T20:40:00Z", "2026-11-25T20:40:00Z"},
		{"cron(0/15 9-17 ? * MON-FRI *)", "UTC", "2026-11-27T17:45:00Z", "2026-11-30T09:00:00Z"},
		{"cron(0 12 L * ? *)", "UTC", "2026-11-24T10:00:00Z", "2026-11-30T12:00:00Z"},
		{"cron(0 12 ? * 6L *)", "UTC", "2026-11-28T10:00:00Z", "2026-12-25T12:00:00Z"},
		{"cron(0 12 ? * TUE#2 *)", "UTC", "2026-11-24T10:00:00Z", "2026-12-08T12:00:00Z"},
		{"cron(30 2 * * ? *)", "Europe/Berlin", "2027-03-27T10:00:00Z", "2027-03-29T00:30:00Z"}, // 28 March has no 02:30
		{"at(2026-12-01T08:00:00)", "UTC", "2026-11-24T10:00:00Z", "2026-12-01T08:00:00Z"},
	} {
		s, err := ParseSchedule(c.expression, c.zone)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := s.Next(at(c.after)); !got.Equal(at(c.want)) {
			t.Errorf("%s after %s: %s, want %s", c.expression, c.after, got.UTC().Format(time.RFC3339), c.want)
		}
	}
	if s, _ := ParseSchedule("at(2026-01-01T00:00:00)", "UTC"); !s.Next(at("2026-11-24T10:00:00Z")).IsZero() {
		t.Error("a moment that has passed comes again")
	}
}

func TestAScheduleThatIsNoneIsAnError(t *testing.T) {
	for _, e := range []string{"", "rate(0 minutes)", "rate(1 week)", "cron(* * * * *)", "cron(0 0 * * * *)", "cron(61 0 * * ? *)", "each(1 minute)", "at(tomorrow)"} {
		if _, err := ParseSchedule(e, "UTC"); err == nil {
			t.Errorf("%q was taken", e)
		}
	}
	if _, err := ParseSchedule("rate(1 minute)", "Asia/Nowhere"); err == nil {
		t.Error("a timezone that is none was taken")
	}
}

func TestTheInputHasTheTimeOfTheTick(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	if got := string(Input(`{"tick":"due","time":"<aws.scheduler.scheduled-time>"}`, "arn", "id", at, 1)); got != `{"tick":"due","time":"2026-11-24T10:00:00Z"}` {
		t.Error(got)
	}
}
