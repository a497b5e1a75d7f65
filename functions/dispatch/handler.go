package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"github.com/sarnakh/sarnakh/internal/aws/event"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
)

// handler gives the images of the ledger table that hold pending decisions to
// the flow, all together. A record that fails comes again, with all after it.
func handler(p *event.Process, dispatch *flow.Dispatch) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		log := p.Begin(ctx)
		b := event.NewRecords(ctx, e)
		var items []ledger.Item
		var of []event.Record
		for _, r := range b.Records {
			if r.Image == nil || r.Image["ds"].DataType() != events.DataTypeString {
				b.Done(r) // removed, or nothing pending: the filter passes neither
				continue
			}
			item, err := itemOf(r.Image)
			if err != nil {
				log.Error("record failed, it comes again", "sequence", r.Sequence, "error", err.Error())
				continue
			}
			items, of = append(items, item), append(of, r)
		}
		handled := 0
		work := func(items []ledger.Item, of []event.Record) error {
			return event.Safely(func() error {
				n, fates := dispatch.Run(ctx, log, items)
				handled += n
				for i, err := range fates {
					if err != nil {
						log.Error("record failed, it comes again", "sequence", of[i].Sequence, "error", err.Error())
						continue
					}
					b.Done(of[i])
				}
				return nil
			})
		}
		if err := work(items, of); err != nil { // one of them makes us panic: it must not hold the others up
			log.Error("each record by itself", "error", err.Error())
			for i := range items {
				if err := work(items[i:i+1], of[i:i+1]); err != nil {
					log.Error("record failed, it comes again", "sequence", of[i].Sequence, "error", err.Error())
				}
			}
		}
		log.Info("stream read", "records", len(b.Records), "decisions", handled)
		return b.Response(), nil
	}
}

// itemOf reads a ledger item as the stream shows it.
func itemOf(image map[string]events.DynamoDBAttributeValue) (ledger.Item, error) {
	var it ledger.Item
	for name, want := range map[string]events.DynamoDBDataType{
		"l": events.DataTypeString, "v": events.DataTypeNumber, "p": events.DataTypeNumber, "x": events.DataTypeBinary,
	} {
		if v, ok := image[name]; !ok || v.DataType() != want {
			return it, fmt.Errorf("ledger item of the stream: attribute %q is missing or of another kind", name)
		}
	}
	version, err := strconv.ParseUint(image["v"].Number(), 10, 64)
	if err != nil {
		return it, fmt.Errorf("ledger item of the stream: version: %w", err)
	}
	playbook, err := strconv.ParseUint(image["p"].Number(), 10, 32)
	if err != nil {
		return it, fmt.Errorf("ledger item of the stream: playbook: %w", err)
	}
	it = ledger.Item{Lead: lead.ID(image["l"].String()), Version: version, Playbook: uint32(playbook), Blob: image["x"].Binary()}
	if v, ok := image["b"]; ok && v.DataType() == events.DataTypeString {
		it.Band = v.String()
	}
	it.DueShard = image["ds"].String()
	return it, nil
}
