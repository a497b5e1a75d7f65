package console

import (
	"errors"
	"net/http"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/nurture"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// broadcasts lists them, the latest first, with what was counted beforehand.
func (c *Console) broadcasts(r *request) (any, error) {
	book, err := c.Playbook(r.Context())
	if err != nil {
		return nil, err
	}
	list, err := flow.Broadcasts(r.Context(), c.Store)
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for _, b := range list {
		out = append(out, broadcastView(book, b, r.locale))
	}
	return map[string]any{"broadcasts": out}, nil
}

func broadcastView(book *playbook.Compiled, b *nurture.Broadcast, locale string) map[string]any {
	v := map[string]any{
		"id": b.ID, "title": b.Title, "mail": book.MailTitle(b.Mail, locale), "audience": book.AudienceTitle(b.Audience, locale),
		"at": time.Unix(b.At, 0).UTC(), "state": b.State(), "by": b.By, "entered": b.Entered, "partial": b.Partial,
		"members": b.Expected.Members, "sent": b.Expected.Sent,
	}
	rest := []map[string]any{}
	for _, x := range b.Expected.Rest {
		one := map[string]any{"kind": x.Kind, "reason": book.Why(x.Reason, locale), "count": x.Count}
		if x.Until != 0 {
			one["until"] = time.Unix(x.Until, 0).UTC()
		}
		rest = append(rest, one)
	}
	v["rest"] = rest
	if b.Cancelled != 0 {
		v["cancelledBy"], v["settled"] = b.CancelledBy, b.Settled()
	}
	return v
}

// cancel stops a broadcast; the answer says from when on it reaches nobody.
func (c *Console) cancel(r *request) (any, error) {
	book, err := c.Playbook(r.Context())
	if err != nil {
		return nil, err
	}
	b, err := flow.ChangeBroadcast(r.Context(), c.Store, r.PathValue("id"), func(b *nurture.Broadcast) bool { return b.Cancel(r.User, r.Now) })
	if errors.Is(err, store.ErrNotFound) {
		return nil, &problem{http.StatusNotFound, "not_found", "there is no such broadcast"}
	}
	if err != nil {
		return nil, err
	}
	r.Log.Info("broadcast cancelled", "broadcast", b.ID, "by", r.User)
	return broadcastView(book, b, r.locale), nil
}
