package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

func refKey(r ledger.Ref) item { return item{"h": text(string(r.Lead)), "r": text(r.Key)} }

func recordOf(it item) ledger.Record {
	return ledger.Record{Ref: ledger.Ref{Lead: lead.ID(textOf(it, "h")), Key: textOf(it, "r")}, Body: bytesOf(it, "x")}
}

// PutHistory stores immutable records, 25 a call. Their keys come from their
// content, so that a repeated put changes nothing.
func (s *Store) PutHistory(ctx context.Context, records []ledger.Record) error {
	seen := make(map[ledger.Ref]bool, len(records))
	items := make([]item, 0, len(records))
	for _, r := range records {
		if seen[r.Ref] {
			continue
		}
		seen[r.Ref] = true
		it := refKey(r.Ref)
		it["x"] = bin(r.Body)
		items = append(items, it)
	}
	if err := s.putAll(ctx, s.tables.History, items); err != nil {
		return fmt.Errorf("put history: %w", err)
	}
	return nil
}

// ReadHistory reads records that something points to.
func (s *Store) ReadHistory(ctx context.Context, refs []ledger.Ref) (ledger.Shelf, error) {
	shelf := make(ledger.Shelf, len(refs))
	for _, strong := range []bool{false, true} {
		var keys []tableKey
		asked := make(map[ledger.Ref]bool, len(refs))
		for _, r := range refs {
			if _, ok := shelf[r]; !ok && !asked[r] {
				asked[r] = true
				keys = append(keys, tableKey{s.tables.History, refKey(r)})
			}
		}
		err := s.getAll(ctx, keys, strong, func(_ string, it item) error {
			r := recordOf(it)
			shelf[r.Ref] = r.Body
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
	}
	for _, r := range refs {
		if _, ok := shelf[r]; !ok {
			return nil, fmt.Errorf("read history %s %s: pointed to, and %w", r.Lead, r.Key, store.ErrNotFound)
		}
	}
	return shelf, nil
}

// ListHistory reads one page of all that lies under a lead.
func (s *Store) ListHistory(ctx context.Context, id lead.ID, page string) ([]ledger.Record, string, error) {
	items, next, err := s.query(ctx, s.tables.History, "", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("h = :h"), ExpressionAttributeValues: item{":h": text(string(id))},
	}, 0, page)
	if err != nil {
		return nil, "", fmt.Errorf("list history of %s: %w", id, err)
	}
	out := make([]ledger.Record, len(items))
	for i, it := range items {
		out[i] = recordOf(it)
	}
	return out, next, nil
}
