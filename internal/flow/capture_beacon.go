package flow

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow/web"
	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/link"
)

// beaconTypes are what a stranger's browser may say. All else, and all that is
// worth much, comes from senders who sign in.
var beaconTypes = []activity.Type{
	activity.PageViewed, activity.CTASeen, activity.CTAClicked, activity.FormSeen,
	activity.FormStarted, activity.AdClicked, activity.SocialShared,
}

const (
	maxBeacon  = 50               // activities of one post
	beaconPast = time.Hour        // a tab may sleep that long before it sends
	idPast     = 10 * time.Minute // how far back the time in an id may lie
)

// beacon takes what the page script saw: several activities in one post, one
// message for ingest.
func (a *ask) beacon() {
	if !a.beacons.allow(a.IP, a.Now) {
		a.refuse(tooMany())
		return
	}
	acts, err := a.readBeacon()
	if err == nil {
		err = a.Queue.Send(a.r.Context(), activity.Encode(acts))
	}
	if err != nil {
		a.fail("beacon", err)
		return
	}
	a.Log.Info("beacon taken", "activities", len(acts))
	a.finish(http.StatusNoContent, nil)
}

func (a *ask) readBeacon() ([]activity.Activity, error) {
	body, err := a.body()
	if err != nil {
		return nil, err
	}
	kind, encoding := a.r.Header.Get("Content-Type"), a.r.Header.Get("Content-Encoding")
	if k := strings.ToLower(strings.TrimSpace(strings.SplitN(kind, ";", 2)[0])); k != "text/plain" && k != "application/json" {
		return nil, &form.Fault{Status: http.StatusUnsupportedMediaType, Code: "content_type", Detail: "a beacon is JSON, as text/plain or application/json"}
	}
	root, err := form.ParseBody(kind, encoding, body, true)
	if err != nil {
		return nil, err
	}
	visitor := form.Visitor(textAt(root, "visitor"))
	list, ok := root.Get("activities")
	if visitor == "" || !ok || list.Kind != form.List || len(list.Items) == 0 || len(list.Items) > maxBeacon {
		return nil, &form.Fault{Status: http.StatusBadRequest, Code: "beacon", Detail: "want a visitor's id and 1 to 50 activities"}
	}
	// The id is the sender's: the same beacon twice is one. Its time is believed
	// only as far as it lets a repetition be seen.
	batch := textAt(root, "id")
	sent, err := strconv.ParseInt(textAt(root, "sent"), 10, 64)
	base := time.UnixMilli(sent)
	if err != nil || batch == "" || base.After(a.Now) || a.Now.Sub(base) > idPast {
		base = a.Now
	}
	page := []activity.Property{}
	for _, name := range []string{"path", "variant"} {
		if v := form.Short(textAt(root, name)); v != "" {
			page = append(page, textProp(name, v))
		}
	}
	source := append(sourceProps(root, "source", ""), sourceProps(root, "first", "first_")...)
	out := make([]activity.Activity, 0, len(list.Items))
	for i := range list.Items {
		item := &list.Items[i]
		t := activity.Type(textAt(item, "type"))
		if !slices.Contains(beaconTypes, t) {
			return nil, &form.Fault{Status: http.StatusBadRequest, Code: "type", Detail: "an activity has a type that a page may not send"}
		}
		ago, err := strconv.ParseFloat(orElse(textAt(item, "ago"), "0"), 64)
		if err != nil || math.IsNaN(ago) {
			return nil, &form.Fault{Status: http.StatusBadRequest, Code: "ago", Detail: "ago is a number of milliseconds"}
		}
		back := time.Duration(min(max(ago, 0), float64(beaconPast.Milliseconds()))) * time.Millisecond
		act := activity.Activity{
			ID: idOf(base, "beacon", visitor, batch, strconv.Itoa(i)), Type: t, At: a.Now.Add(-back).Truncate(time.Second),
			Who: activity.Who{Visitor: visitor}, Source: "page", Properties: slices.Clone(page),
		}
		if batch == "" {
			act.ID = a.fresh()
		}
		if name := form.Short(textAt(item, "name")); name != "" {
			act.Properties = append(act.Properties, textProp(nameOf(t), name))
		}
		if t == activity.PageViewed || t == activity.AdClicked {
			act.Properties = append(act.Properties, source...)
		}
		if isMachine(a.r.UserAgent()) {
			act.Flags |= activity.Machine
		}
		out = append(out, act)
	}
	return out, nil
}

// nameOf is the property that an activity's name is.
func nameOf(t activity.Type) string {
	switch t {
	case activity.CTASeen, activity.CTAClicked:
		return "cta"
	case activity.FormSeen, activity.FormStarted:
		return "form"
	case activity.SocialShared, activity.AdClicked:
		return "network"
	}
	return "name"
}

func sourceProps(root *form.Node, member, prefix string) []activity.Property {
	var out []activity.Property
	from, ok := root.Get(member)
	if !ok {
		return nil
	}
	for _, name := range form.Sources {
		for _, key := range []string{name, strings.TrimPrefix(name, "utm_")} {
			if v := form.Short(textAt(from, key)); v != "" {
				out = append(out, textProp(prefix+name, v))
				break
			}
		}
	}
	return out
}

func textAt(n *form.Node, key string) string {
	if m, ok := n.Get(key); ok && m.Kind == form.Scalar {
		return m.Text
	}
	return ""
}

// fresh is an id of its own, for what came without one.
func (a *ask) fresh() activity.ID {
	var entropy [10]byte
	if _, err := a.Entropy.Read(entropy[:]); err != nil {
		a.Log.Error("no entropy", "error", err.Error())
	}
	return idOf(a.Now, "fresh", string(entropy[:]), a.RequestID)
}

// script serves the page script. With ?form=ebook,demo it brings a token for
// each of these forms: then nobody keeps it.
func (a *ask) script() {
	h := a.w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	names := a.r.URL.Query().Get("form")
	if names == "" {
		h.Set("Cache-Control", "public, max-age=3600")
		a.finish(http.StatusOK, web.Script())
		return
	}
	tokens := map[string]string{}
	for name := range strings.SplitSeq(names, ",") {
		if len(tokens) == 10 {
			break
		}
		cfg, err := a.configOf(name)
		if err != nil {
			continue // the script is of use without this form's token
		}
		var nonce link.Nonce
		if _, err := a.Entropy.Read(nonce[:]); err != nil {
			a.fail("form token", err)
			return
		}
		tokens[cfg.Name] = a.Keys.Form(cfg.Name, a.Now, nonce)
	}
	b, err := json.Marshal(tokens)
	if err != nil {
		b = []byte("{}") // unreachable: a map of texts
	}
	a.finish(http.StatusOK, append([]byte("var sarnakhTokens="+string(b)+";"), web.Script()...))
}
