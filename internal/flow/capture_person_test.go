package flow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/link"
)

func TestAPersonChoosesWhatTheyGetAndItHoldsBeforeTheAnswer(t *testing.T) {
	h := newCaptureHouse(t)
	path := "/p/" + h.keys.Person(link.ForPreferences, link.Person{Lead: "lead1", Locale: "en", Mail: "welcome", Send: "s1"}, h.now)
	page := h.want(h.get(path), 200).Body.String()
	if !strings.Contains(page, `value="news" checked`) || !strings.Contains(page, "Pause for 30 days") {
		t.Errorf("shown %s", page)
	}
	act := func(body, done string) activity.Activity {
		t.Helper()
		h.queue.bodies = nil
		w := h.want(h.post(path, urlencoded, body, "Accept", html), 303)
		if to := w.Header().Get("Location"); to != path+"?done="+done+"&l=en" {
			t.Errorf("sent to %s", to)
		}
		a := h.one()
		if id, _ := a.Who.Lead(); id != "lead1" || said(a, "change") != done || said(a, "mail") != "welcome" {
			t.Errorf("queued %+v", a)
		}
		return a
	}
	r := h.all["lead1"]

	act("do=save&topics=1&topic=offers&fewer=1", "save")
	if !r.Fewer || !slices.Equal(r.TopicsOff, []string{"news"}) {
		t.Errorf("saved %v, %v", r.Fewer, r.TopicsOff)
	}
	page = h.get(path + "?done=save&l=en").Body.String()
	if strings.Contains(page, `value="news" checked`) || !strings.Contains(page, `value="offers" checked`) || !strings.Contains(page, "Saved.") {
		t.Errorf("shown %s", page)
	}

	act("do=pause", "pause")
	if want := today.Add(30 * 24 * time.Hour).Unix(); r.Paused != want {
		t.Errorf("paused until %d, want %d", r.Paused, want)
	}
	if page := h.get(path).Body.String(); !strings.Contains(page, "paused until Thursday, 24 December 2026") {
		t.Errorf("shown %s", page)
	}
	act("do=resume", "resume")
	if r.Paused > h.now.Unix() {
		t.Error("it does not go on")
	}

	h.queue.bodies = nil
	h.want(h.post(path, urlencoded, "do=leave", "Accept", html), 200)
	if a := h.one(); a.Type != activity.MailUnsubscribed || r.Consents("email", "marketing", false) {
		t.Errorf("left, and queued %+v", a)
	}
	h.want(h.post(path, urlencoded, "do=erase-everybody"), 400)
	h.want(h.get("/p/"+h.keys.Person(link.ForUnsubscribe, link.Person{Lead: "lead1"}, h.now)), 404)
}

func TestWhoAgreedToTextMessagesSeesItAndStopsThemWithoutLeavingTheMails(t *testing.T) {
	h := newCaptureHouse(t)
	r := h.all["lead1"]
	path := "/p/" + h.keys.Person(link.ForPreferences, link.Person{Lead: "lead1", Locale: "en"}, h.now)
	const button = "Stop the text messages"
	if page := h.want(h.get(path), 200).Body.String(); strings.Contains(page, button) {
		t.Errorf("nobody agreed to text messages: %s", page)
	}
	r.Grant("sms", "marketing", h.now.Add(-time.Hour), "v1#abcd", "form:trial")
	if page := h.get(path).Body.String(); !strings.Contains(page, button) {
		t.Errorf("it is not shown: %s", page)
	}
	if page := h.get(path + "?l=fa").Body.String(); !strings.Contains(page, "دیگر پیامک نفرستید") {
		t.Errorf("in Persian: %s", page)
	}
	w := h.want(h.post(path, urlencoded, "do=texts", "Accept", html), 303)
	if to := w.Header().Get("Location"); to != path+"?done=texts&l=en" {
		t.Errorf("sent to %s", to)
	}
	if r.Consents("sms", "marketing", false) || !r.Consents("email", "marketing", false) {
		t.Errorf("permissions %+v", r.Permissions)
	}
	a := h.one()
	if len(a.Consent) != 1 || a.Consent[0].Channel != "sms" || a.Consent[0].Granted || a.Type != activity.ConsentChanged {
		t.Errorf("queued %+v", a)
	}
	if page := h.get(path + "?done=texts").Body.String(); strings.Contains(page, button) || !strings.Contains(page, "no more marketing text messages") {
		t.Errorf("shown %s", page)
	}
}

func TestOnlyAPostConfirmsAnAddressAndAWithdrawalInBetweenStands(t *testing.T) {
	h := newCaptureHouse(t)
	r := h.all["lead1"]
	path := "/confirm/" + h.keys.Person(link.ForConfirm, link.Person{Lead: "lead1"}, h.now)
	h.want(h.get(path), 200)
	if r.Consents("email", "marketing", true) || len(h.queue.bodies) != 0 {
		t.Fatal("a scanner confirmed the address")
	}
	h.want(h.post(path, urlencoded, ""), 200)
	if !r.Consents("email", "marketing", true) {
		t.Error("the address is not confirmed")
	}
	a := h.one()
	if a.Type != activity.ConsentChanged || said(a, "change") != "confirm" || len(a.Consent) != 0 {
		t.Errorf("queued %+v", a)
	}
	r.Withdraw("email", "marketing", h.now.Add(time.Minute))
	h.now = h.now.Add(time.Hour)
	h.want(h.post(path, urlencoded, ""), 200)
	if r.Consents("email", "marketing", true) {
		t.Error("confirming the address overrode a later withdrawal")
	}
	h.now = h.now.Add(8 * 24 * time.Hour)
	h.want(h.post(path, urlencoded, ""), 410)
}
