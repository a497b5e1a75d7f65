package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow/web"
	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/link"
)

// sameFor is how long the same words in the same form, without a token, are one
// post: a double click, a reload, a retry after a lost answer.
const sameFor = 10 * time.Minute

// form takes a post: check, queue one activity, answer. Posting the same again
// gives the same activity and the same answer.
func (a *ask) form(name string) {
	if !a.posts.allow(a.IP, a.Now) {
		a.refuse(tooMany())
		return
	}
	cfg, err := a.configOf(name)
	if err != nil {
		a.fail("form "+name, err)
		return
	}
	a.asked = cfg
	if cfg.Locale != "" && a.r.URL.Query().Get("l") == "" {
		a.locale = cfg.Locale
	}
	post, err := a.read(cfg)
	if err != nil {
		a.fail("form "+name, err)
		return
	}
	a.locale = post.Locale
	id, err := a.identify(cfg, post)
	if err != nil {
		a.fail("form "+name, err)
		return
	}
	to, err := a.returnTo(cfg, post.Return)
	if err != nil {
		a.fail("form "+name, err)
		return
	}
	if post.Who.Visitor == "" {
		post.Who.Visitor = visitorOf(id)
	}
	act := activity.Activity{
		ID: id, Type: activity.FormPosted, At: a.Now.Truncate(time.Second), Who: post.Who, Source: "capture",
		Properties: append([]activity.Property{textProp("form", cfg.Name)}, post.Properties...),
		Profile:    post.Profile, Consent: post.Consent,
	}
	if post.Held != "" {
		act.Flags |= activity.Held
		act.Properties = append(act.Properties, textProp("held", post.Held))
	}
	if err := a.Queue.Send(a.r.Context(), activity.Encode([]activity.Activity{act})); err != nil {
		a.fail("form "+name, err)
		return
	}
	a.Log.Info("form taken", "form", cfg.Name, "activity", string(id), "held", post.Held)
	a.answer(cfg, post, id, to)
}

func (a *ask) configOf(name string) (*form.Config, error) {
	if len(name) > 64 {
		return nil, notFound()
	}
	return a.Forms.Form(a.r.Context(), name)
}

func (a *ask) read(cfg *form.Config) (*form.Post, error) {
	body, err := a.body()
	if err != nil {
		return nil, err
	}
	tree, err := form.ParseBody(a.r.Header.Get("Content-Type"), a.r.Header.Get("Content-Encoding"), body, false)
	if err != nil {
		return nil, err
	}
	return cfg.Check(tree)
}

// identify judges the form token and the time it took to fill the form, and
// gives the post's id: from the token's nonce, so that one showing of a form is
// one post; without a token from what was said.
func (a *ask) identify(cfg *form.Config, post *form.Post) (activity.ID, error) {
	least := time.Duration(cfg.MinSeconds * float64(time.Second))
	quick := post.Filled >= 0 && post.Filled < least
	hours := cfg.TokenHours
	if hours == 0 {
		hours = 24
	}
	var id activity.ID
	t, err := a.Keys.OpenForm(cfg.Name, post.Token)
	age := a.Now.Sub(t.At)
	switch {
	case err == nil && age < time.Duration(hours)*time.Hour && age > -5*time.Minute:
		quick = quick || age < least
		id = idOf(t.At, "form", cfg.Name, string(t.Nonce[:]))
	case cfg.Token == form.TokenHold:
		post.Held = orElse(post.Held, "token")
	case post.Token != "" || cfg.Token == form.TokenRequired:
		return "", &form.Fault{Status: http.StatusBadRequest, Code: "token", Detail: "the form's token is missing, expired or of another form; load the page again"}
	}
	if id == "" {
		id = idOf(a.Now.Truncate(sameFor), "words", cfg.Name, postDigest(post))
	}
	if quick {
		post.Held = orElse(post.Held, "fast")
	}
	return id, nil
}

// postDigest is what was said, without what differs between two clicks on one
// button.
func postDigest(post *form.Post) string {
	said := activity.Activity{
		ID: "-", Who: post.Who, Properties: post.Properties, Profile: post.Profile, Consent: post.Consent,
	}
	sum := sha256.Sum256(activity.Encode([]activity.Activity{said}))
	return hex.EncodeToString(sum[:])
}

// returnTo judges where a browser wants to go afterwards. Empty means our own
// page. Only places of the business are allowed: the form's hosts, the landing
// pages', ours.
func (a *ask) returnTo(cfg *form.Config, to string) (string, error) {
	wrong := &form.Fault{Status: http.StatusBadRequest, Code: "return", Detail: "return must be a path, or an https address of a host that the form allows"}
	if to == "" {
		if cfg.Thanks == "" {
			return "", nil
		}
		to = cfg.Thanks
		if strings.HasPrefix(to, "https://") { // the playbook's own word
			return to, nil
		}
	}
	if len(to) > 1000 || strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }) {
		return "", wrong
	}
	u, err := url.Parse(to)
	if err != nil || u.Opaque != "" || u.User != nil {
		return "", wrong
	}
	if u.Scheme == "" && u.Host == "" {
		if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(u.Path, "/../") {
			return "", wrong
		}
		return a.PagesURL + to, nil
	}
	for _, h := range append(cfg.Hosts, a.hosts...) {
		if u.Host == h && (u.Scheme == "https" || a.PagesURL == "http://"+h || strings.HasPrefix(a.PagesURL, "http://"+h+"/")) {
			return to, nil
		}
	}
	return "", wrong
}

// answer is the same for a good post and a held one, and for each repetition.
func (a *ask) answer(cfg *form.Config, post *form.Post, id activity.ID, to string) {
	made, _ := id.Made()
	own := a.PublicURL + "/f/" + url.PathEscape(cfg.Name) + "/thanks?l=" + a.locale
	reply := map[string]string{"id": string(id)}
	if cfg.Magnet != nil {
		d := link.Download{Visitor: post.Who.Visitor, Form: cfg.Name}
		if post.Held != "" {
			d.Visitor = "" // the file is given, nobody is credited with it
		}
		token := a.Keys.Download(d, made, link.NonceOf(string(id)))
		own += "&d=" + token
		reply["download"] = a.PublicURL + "/d/" + token
	}
	if to == "" {
		to = own
	}
	reply["thanks"] = to
	if wantsPage(a.r) {
		a.redirect(http.StatusSeeOther, to)
		return
	}
	a.json(http.StatusAccepted, "application/json", reply)
}

// thanks is our own thank-you page.
func (a *ask) thanks(name string) {
	cfg, err := a.configOf(name)
	if err != nil {
		a.fail("thanks "+name, err)
		return
	}
	if a.r.URL.Query().Get("l") == "" && cfg.Locale != "" {
		a.locale = cfg.Locale
	}
	v := web.View{Title: web.Say(a.locale, "thanks.title"), Text: orElse(cfg.ThanksText.In(a.locale), web.Say(a.locale, "thanks.text"))}
	// A changed token opens nothing; the thanks stand without it.
	if token := a.r.URL.Query().Get("d"); token != "" && cfg.Magnet != nil {
		if d, _, err := a.Keys.OpenDownload(token); err == nil && d.Form == cfg.Name {
			v.Link, v.Label = "/d/"+token, orElse(cfg.Magnet.Title.In(a.locale), web.Say(a.locale, "thanks.download"))
		}
	}
	a.page(http.StatusOK, web.Thanks, v)
}

// download leads to a lead magnet and counts it.
func (a *ask) download(token string) {
	d, t, err := a.Keys.OpenDownload(token)
	if err != nil {
		a.fail("download", err)
		return
	}
	cfg, err := a.configOf(d.Form)
	if err == nil && cfg.Magnet == nil {
		err = notFound()
	}
	if err != nil {
		a.fail("download of "+d.Form, err)
		return
	}
	days := cfg.Magnet.Days
	if days == 0 {
		days = 30
	}
	if a.Now.Sub(t.At) > time.Duration(days)*24*time.Hour {
		a.refuse(gone())
		return
	}
	who := activity.Who{Visitor: d.Visitor}
	if d.Lead != "" {
		who = activity.WhoIs(d.Lead)
	}
	if who != (activity.Who{}) && !a.looking() {
		act := activity.Activity{
			ID: idOf(a.Now.Truncate(sameFor), "download", token), Type: activity.FileDownloaded, At: a.Now.Truncate(time.Second),
			Who: who, Source: "capture", Properties: []activity.Property{textProp("file", cfg.Magnet.Name), textProp("form", d.Form)},
		}
		if d.Mail != "" {
			act.Properties = append(act.Properties, textProp("mail", d.Mail), textProp("send", d.Send))
		}
		if isMachine(a.r.UserAgent()) || d.Mail != "" && a.byMachine(t.At) {
			act.Flags |= activity.Machine
		}
		a.count(act)
	}
	to := cfg.Magnet.URL
	if strings.HasPrefix(to, "/") {
		to = a.PagesURL + to
	}
	a.redirect(http.StatusFound, to)
}

// count queues something that a person did on their way to somewhere else. The
// way stays open when the queue is down; that it was not counted is said.
func (a *ask) count(acts ...activity.Activity) {
	err := a.Queue.Send(a.r.Context(), activity.Encode(acts))
	if err != nil {
		err = errors.Join(err, a.Queue.Send(a.r.Context(), activity.Encode(acts)))
	}
	if err != nil && a.r.Context().Err() == nil {
		a.Log.Error("not counted", "type", string(acts[0].Type), "activity", string(acts[0].ID), "error", err.Error())
	}
}

func textProp(name, v string) activity.Property {
	return activity.Property{Name: name, Value: activity.Value{Kind: activity.Text, Text: v}}
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
