package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/sarnakh/sarnakh/internal/store"
)

// ReadSending reads what all senders share.
func (s *Store) ReadSending(ctx context.Context) (store.Sending, error) {
	it, err := s.one(ctx, s.tables.Desk, deskKey(store.SendingKey), true)
	if errors.Is(err, store.ErrNotFound) {
		return store.Sending{}, nil
	}
	if err != nil {
		return store.Sending{}, fmt.Errorf("read the state of sending: %w", err)
	}
	return store.Sending{Version: numberOf(it, "v"), Body: bytesOf(it, "x")}, nil
}

// WriteSending stores it on the condition of its version.
func (s *Store) WriteSending(ctx context.Context, x store.Sending) error {
	err := s.writeDesk(ctx, store.SendingKey, x.Version, item{"v": number(x.Version + 1), "x": bin(x.Body)}, func(old item) bool {
		return bytes.Equal(bytesOf(old, "x"), x.Body)
	})
	if err != nil {
		return fmt.Errorf("write the state of sending: %w", err)
	}
	return nil
}

// NoteUnknown puts a send on the list of those of unknown fate.
func (s *Store) NoteUnknown(ctx context.Context, u store.UnknownSend) error {
	it := deskKey(u.Key())
	it["m"], it["t"], it["s"], it["a"] = text(u.Mail), text(u.Track), text(u.Step), number(u.At)
	if _, err := s.put(ctx, s.tables.Desk, it, "", nil); err != nil {
		return fmt.Errorf("note a send of unknown fate: %w", err)
	}
	return nil
}

// DropUnknown takes it off.
func (s *Store) DropUnknown(ctx context.Context, u store.UnknownSend) error {
	out, err := s.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(s.tables.Desk), Key: deskKey(u.Key()), ReturnConsumedCapacity: s.measure()})
	if err != nil {
		return fmt.Errorf("drop a send of unknown fate: %w", err)
	}
	s.used1("DeleteItem", out.ConsumedCapacity)
	return nil
}

// ListUnknown reads one page.
func (s *Store) ListUnknown(ctx context.Context, limit int, page string) ([]store.UnknownSend, string, error) {
	items, next, err := s.query(ctx, s.tables.Desk, "", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("k = :k"), ExpressionAttributeValues: item{":k": text(store.UnknownSend{}.Key().K)},
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("list sends of unknown fate: %w", err)
	}
	out := make([]store.UnknownSend, len(items))
	for i, it := range items {
		out[i] = store.UnknownSend{Mail: textOf(it, "m"), Track: textOf(it, "t"), Step: textOf(it, "s"), At: numberOf(it, "a")}
		out[i].Recipient, out[i].Send, _ = strings.Cut(textOf(it, "r"), "#")
	}
	return out, next, nil
}
