package dynamo

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sarnakh/sarnakh/internal/store"
)

func broadcastOf(it item) store.Broadcast {
	return store.Broadcast{ID: textOf(it, "r"), Version: numberOf(it, "v"), Body: bytesOf(it, "x")}
}

// ReadBroadcast reads strongly: who was told that it is cancelled must be right.
func (s *Store) ReadBroadcast(ctx context.Context, id string) (store.Broadcast, error) {
	it, err := s.one(ctx, s.tables.Desk, deskKey(store.BroadcastKey(id)), true)
	if err != nil {
		return store.Broadcast{}, fmt.Errorf("read broadcast %s: %w", id, err)
	}
	return broadcastOf(it), nil
}

// WriteBroadcast stores one broadcast on the condition of its version.
func (s *Store) WriteBroadcast(ctx context.Context, b store.Broadcast) error {
	it := item{"v": number(b.Version + 1), "x": bin(b.Body)}
	err := s.writeDesk(ctx, store.BroadcastKey(b.ID), b.Version, it, func(old item) bool { return bytes.Equal(bytesOf(old, "x"), b.Body) })
	if err != nil {
		return fmt.Errorf("write broadcast %s: %w", b.ID, err)
	}
	return nil
}

// ListBroadcasts reads one page.
func (s *Store) ListBroadcasts(ctx context.Context, limit int, page string) ([]store.Broadcast, string, error) {
	items, next, err := s.query(ctx, s.tables.Desk, "", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("k = :k"), ExpressionAttributeValues: item{":k": text(store.BroadcastKey("").K)},
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("list broadcasts: %w", err)
	}
	out := make([]store.Broadcast, len(items))
	for i, it := range items {
		out[i] = broadcastOf(it)
	}
	return out, next, nil
}
