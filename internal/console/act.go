package console

import (
	"encoding/json"
	"net/http"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
)

// act queues what a person did with a lead as an activity.
func (c *Console) act(r *request) (any, error) {
	id := r.PathValue("id")
	if !lead.ValidID(id) {
		return nil, errNotFound
	}
	var in struct {
		ID         string            `json:"id"`
		Type       activity.Type     `json:"type"`
		Properties map[string]string `json:"properties"`
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, bad("body", `send {"id":"…","type":"call.answered"}`)
	}
	if !actable[in.Type] {
		return nil, bad("type", "people may send lead.taken, lead.accepted, lead.returned, lead.adjusted, call.answered, call.missed, call.refused")
	}
	if in.ID == "" || len(in.ID) > 100 {
		return nil, bad("id", "an id of 1 to 100 characters makes the act happen once")
	}
	a := activity.Activity{ID: activity.ID("console:" + in.ID), Type: in.Type, At: r.Now, Who: activity.WhoIs(id), Source: "console"}
	for _, name := range []string{"reason", "note", "next"} {
		if v := in.Properties[name]; v != "" {
			a.Properties = append(a.Properties, activity.Property{Name: name, Value: activity.TextValue(v)})
		}
	}
	if in.Type == activity.LeadAdjusted {
		given, err := flow.Adjustment(in.Properties["points"], in.Properties["until"], in.Properties["why"])
		if err != nil {
			return nil, bad("adjustment", err.Error())
		}
		a.Properties = append(a.Properties, given...)
	}
	a.Properties = append(a.Properties, activity.Property{Name: "by", Value: activity.TextValue(r.User)})
	body := activity.Encode([]activity.Activity{a})
	if _, err := activity.Decode(body, r.Now); err != nil {
		return nil, bad("body", err.Error())
	}
	if err := c.Queue(r.Context(), body); err != nil {
		return nil, err
	}
	if in.Type != activity.CallMissed && in.Type != activity.LeadAdjusted {
		if err := flow.CloseWork(r.Context(), c.Store, lead.ID(id)); err != nil {
			return nil, err
		}
	}
	return map[string]any{"queued": a.ID}, nil
}

// actable are the activities that people at the console may send.
var actable = map[activity.Type]bool{
	activity.LeadTaken: true, activity.LeadAccepted: true, activity.LeadReturned: true,
	activity.CallAnswered: true, activity.CallMissed: true, activity.CallRefused: true, activity.LeadAdjusted: true,
}
