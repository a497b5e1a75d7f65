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

// handler gives each image of the ledger table that holds pending decisions to
// the flow. A record that fails comes again, with all after it.
func handler(p *event.Process, dispatch *flow.Dispatch) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		log := p.Begin(ctx)
		b := event.NewRecords(ctx, e)
		queued := 0
		b.Each(log, func(r event.Record) error {
			if r.Image == nil || r.Image["ds"].DataType() != events.DataTypeString {
				return nil // removed, or nothing pending: the filter passes neither
			}
			item, err := itemOf(r.Image)
			if err != nil {
				return err
			}
			n, err := dispatch.Run(ctx, log, item)
			queued += n
			return err
		})
		log.Info("stream read", "records", len(b.Records), "queued", queued)
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
