package flow

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow/web"
	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/nurture"
)

const (
	clickOnce  = 10 * time.Second    // clicks on one link within this are one
	pauseFor   = 30 * 24 * time.Hour // what the page promises
	confirmFor = 7 * 24 * time.Hour  // how long a request to confirm stands
)

// click leads on and queues the click with its trust. HEAD and prefetch only
// lead on.
func (a *ask) click(token string) {
	k, t, err := a.Keys.OpenClick(token)
	if err == nil && !strings.HasPrefix(k.Target, "https://") && !strings.HasPrefix(k.Target, "http://") {
		err = notFound()
	}
	if err != nil {
		a.fail("click", err)
		return
	}
	if !a.looking() {
		a.countClick(k, t, token)
	}
	a.redirect(http.StatusFound, k.Target)
}

func (a *ask) countClick(k link.Click, t link.Token, token string) {
	act := activity.Activity{
		ID: idOf(a.Now.Truncate(clickOnce), "click", token), Type: activity.MailClicked, At: a.Now.Truncate(time.Second),
		Who: activity.WhoIs(k.Lead), Source: "capture",
		Properties: []activity.Property{textProp("mail", k.Mail), textProp("send", k.Send), textProp("link", k.Target)},
	}
	for name, v := range map[string]string{"kind": k.Kind, "track": k.Track} {
		if v != "" {
			act.Properties = append(act.Properties, textProp(name, v))
		}
	}
	slices.SortFunc(act.Properties[3:], func(x, y activity.Property) int { return strings.Compare(x.Name, y.Name) })
	trust := "human"
	if k.Kind == link.Trap || a.byMachine(t.At) {
		trust = "machine"
		act.Flags |= activity.Machine
	}
	act.Properties = append(act.Properties, textProp("trust", trust))
	a.count(act)
}

// preferences shows and changes what a person gets.
func (a *ask) preferences(token string) {
	who, ok := a.person(link.ForPreferences, token)
	if !ok {
		return
	}
	site, err := a.Forms.Site(a.r.Context())
	if err != nil {
		a.fail("preferences", err)
		return
	}
	if a.r.Method != http.MethodPost {
		a.showPreferences(who, site)
		return
	}
	said, err := a.readSmall()
	if err != nil {
		a.fail("preferences", err)
		return
	}
	do := textAt(said, "do")
	ctx, act := a.r.Context(), a.said(activity.ConsentChanged, who, token, do)
	switch do {
	case "save":
		var off []string
		for _, t := range site.Topics {
			if !slices.Contains(textsAt(said, "topic"), t.Name) {
				off = append(off, t.Name)
			}
		}
		fewer := textAt(said, "fewer") != ""
		err = a.Permissions.Prefer(ctx, who.Lead, fewer, off, a.Now)
		act.ID = idOf(a.Now.Truncate(clickOnce), "save", token, strings.Join(off, ","), textAt(said, "fewer"))
		act.Properties = append(act.Properties, activity.Property{Name: "fewer", Value: activity.Value{Kind: activity.Bool, Bool: fewer}})
		if len(off) > 0 {
			act.Properties = append(act.Properties, activity.Property{Name: "topics_off", Value: activity.Value{Kind: activity.List, List: off}})
		}
	case "pause":
		until := a.Now.Add(pauseFor)
		err = a.Permissions.Pause(ctx, who.Lead, until, a.Now)
		act.Properties = append(act.Properties, textProp("until", until.Format(time.RFC3339)))
	case "resume":
		err = a.Permissions.Pause(ctx, who.Lead, a.Now, a.Now)
	case "texts":
		// Only to stop them: to begin, a form shows the words that are agreed to.
		err = a.Permissions.Withdraw(ctx, who.Lead, nurture.SMS, "marketing", a.Now)
		act.Consent = []activity.Consent{{Channel: nurture.SMS, Purpose: "marketing", Proof: "link"}}
	case "leave":
		a.leave(who, token)
		return
	default:
		err = &form.Fault{Status: http.StatusBadRequest, Code: "do", Detail: "do is save, pause, resume, texts or leave"}
	}
	if err == nil {
		err = a.Queue.Send(ctx, activity.Encode([]activity.Activity{act}))
	}
	if err != nil {
		a.fail("preferences: "+do, err)
		return
	}
	a.redirect(http.StatusSeeOther, "/p/"+token+"?done="+do+"&l="+a.locale)
}

func (a *ask) showPreferences(who link.Person, site Site) {
	p, err := a.Permissions.Preferences(a.r.Context(), who.Lead)
	if err != nil {
		a.fail("preferences", err)
		return
	}
	v := web.View{
		Title: web.Say(a.locale, "prefer.title"), Brand: site.Name.In(a.locale), Action: a.r.URL.EscapedPath() + "?l=" + a.locale,
		Notice: web.Say(a.locale, "did."+a.r.URL.Query().Get("done")), Fewer: p.Fewer, Texts: p.Texts,
	}
	if p.Paused.After(a.Now) {
		zone := site.Zone
		if zone == nil {
			zone = time.UTC
		}
		v.Paused = web.Date(a.locale, p.Paused, zone)
	}
	for _, t := range site.Topics {
		v.Topics = append(v.Topics, web.Topic{Name: t.Name, Title: t.Title.In(a.locale), On: !slices.Contains(p.TopicsOff, t.Name)})
	}
	a.page(http.StatusOK, web.Preferences, v)
}

// unsubscribe follows RFC 8058: a GET only shows a page; a POST with the one
// right body is done at once, without a redirect, for whoever holds the link.
func (a *ask) unsubscribe(token string) {
	who, ok := a.person(link.ForUnsubscribe, token)
	if !ok {
		return
	}
	if a.r.Method != http.MethodPost {
		prefer := a.Keys.Person(link.ForPreferences, who, a.Now)
		a.page(http.StatusOK, web.Unsubscribe, web.View{
			Title: web.Say(a.locale, "leave.title"), Action: a.r.URL.EscapedPath() + "?l=" + a.locale, Other: "/p/" + prefer + "?l=" + a.locale,
		})
		return
	}
	said, err := a.readSmall()
	if err == nil && textAt(said, "List-Unsubscribe") != "One-Click" {
		err = &form.Fault{Status: http.StatusBadRequest, Code: "one_click", Detail: "post List-Unsubscribe=One-Click"}
	}
	if err != nil {
		a.fail("unsubscribe", err)
		return
	}
	a.leave(who, token)
}

// leave withdraws before it answers. The write is the promise, the activity the
// record of it: if the queue fails the answer asks to try again, which is safe.
func (a *ask) leave(who link.Person, token string) {
	channel, purpose := orElse(who.Channel, "email"), orElse(who.Purpose, "marketing")
	err := a.Permissions.Withdraw(a.r.Context(), who.Lead, channel, purpose, a.Now)
	if err == nil {
		act := a.said(activity.MailUnsubscribed, who, token, "leave")
		act.ID = idOf(a.Now.Truncate(time.Hour), "leave", token)
		act.Consent = []activity.Consent{{Channel: channel, Purpose: purpose, Proof: "link"}}
		err = a.Queue.Send(a.r.Context(), activity.Encode([]activity.Activity{act}))
	}
	if err != nil {
		a.fail("unsubscribe", err)
		return
	}
	a.page(http.StatusOK, web.Done, web.View{Title: web.Say(a.locale, "left.title"), Text: web.Say(a.locale, "left.text")})
}

// confirm proves an address. It needs a POST: scanners follow links.
func (a *ask) confirm(token string) {
	t, err := a.Keys.Open(link.ForConfirm, token)
	if err == nil && a.Now.Sub(t.At) > confirmFor {
		a.refuse(gone())
		return
	}
	who, ok := a.person(link.ForConfirm, token)
	if !ok {
		return
	}
	if a.r.Method != http.MethodPost {
		a.page(http.StatusOK, web.Confirm, web.View{Title: web.Say(a.locale, "confirm.title"), Action: a.r.URL.EscapedPath() + "?l=" + a.locale})
		return
	}
	channel, purpose := orElse(who.Channel, "email"), orElse(who.Purpose, "marketing")
	err = a.Permissions.Confirm(a.r.Context(), who.Lead, channel, purpose, a.Now)
	if err == nil {
		// It says that the address is theirs, not that they consent: a
		// withdrawal in between stays one.
		act := a.said(activity.ConsentChanged, who, token, "confirm")
		act.Properties = append(act.Properties, textProp("channel", channel), textProp("purpose", purpose))
		err = a.Queue.Send(a.r.Context(), activity.Encode([]activity.Activity{act}))
	}
	if err != nil {
		a.fail("confirm", err)
		return
	}
	a.page(http.StatusOK, web.Done, web.View{Title: web.Say(a.locale, "confirmed.title"), Text: web.Say(a.locale, "confirmed.text")})
}

// person opens a token about permission and takes its language.
func (a *ask) person(p link.Purpose, token string) (link.Person, bool) {
	who, _, err := a.Keys.OpenPerson(p, token)
	if err != nil {
		a.fail("link", err)
		return who, false
	}
	if a.r.URL.Query().Get("l") == "" && (who.Locale == "fa" || who.Locale == "en") {
		a.locale = who.Locale
	}
	return who, true
}

// said begins the activity of what a person decided on a page of ours.
func (a *ask) said(t activity.Type, who link.Person, token, change string) activity.Activity {
	act := activity.Activity{
		ID: idOf(a.Now.Truncate(clickOnce), change, token), Type: t, At: a.Now.Truncate(time.Second),
		Who: activity.WhoIs(who.Lead), Source: "capture", Properties: []activity.Property{textProp("change", change)},
	}
	if who.Mail != "" {
		act.Properties = append(act.Properties, textProp("mail", who.Mail), textProp("send", who.Send))
	}
	return act
}

// readSmall reads the body of our own pages and of a mail program's one click.
func (a *ask) readSmall() (*form.Node, error) {
	kind := a.r.Header.Get("Content-Type")
	if k, _, err := mime.ParseMediaType(kind); err != nil || (k != "application/x-www-form-urlencoded" && k != "multipart/form-data") {
		return nil, &form.Fault{Status: http.StatusBadRequest, Code: "one_click", Detail: "post a form"}
	}
	body, err := a.body()
	if err != nil {
		return nil, err
	}
	return form.ParseBody(kind, a.r.Header.Get("Content-Encoding"), body, false)
}

func textsAt(n *form.Node, key string) []string {
	m, ok := n.Get(key)
	if !ok {
		return nil
	}
	if m.Kind == form.Scalar {
		return []string{m.Text}
	}
	var out []string
	for _, i := range m.Items {
		out = append(out, i.Text)
	}
	return out
}
