package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/store"
)

func pointerItem(k store.DeskKey, p store.Pointer) item {
	it := deskKey(k)
	it["p"], it["c"], it["s"] = number(p.Number), number(p.Chunks), number(p.Source)
	it["hash"], it["name"], it["by"], it["why"], it["a"] = text(p.Hash), text(p.Name), text(p.By), text(p.Why), number(p.At)
	return it
}

func pointerOf(it item) store.Pointer {
	return store.Pointer{
		Number: uint32(numberOf(it, "p")), Chunks: int(numberOf(it, "c")), Source: int(numberOf(it, "s")),
		Hash: textOf(it, "hash"), Name: textOf(it, "name"), By: textOf(it, "by"), Why: textOf(it, "why"), At: numberOf(it, "a"),
	}
}

// Publish writes the chunks, then pointer and list entry in one transaction.
func (s *Store) Publish(ctx context.Context, p store.Playbook, was uint32) error {
	chunks, err := store.Pack(&p)
	if err != nil {
		return fmt.Errorf("publish playbook %d: %w", p.Number, err)
	}
	items := make([]item, len(chunks))
	for i, c := range chunks {
		items[i] = deskKey(c.Key)
		items[i]["x"] = bin(c.Body)
	}
	for _, it := range items { // one by one: together they may pass a call's limit
		if _, err := s.put(ctx, s.tables.Desk, it, "", nil); err != nil {
			return fmt.Errorf("publish playbook %d: %w", p.Number, err)
		}
	}
	pointer := &types.Put{
		TableName: aws.String(s.tables.Desk), Item: pointerItem(store.PointerKey, p.Pointer),
		ConditionExpression: aws.String("attribute_not_exists(k)"),
	}
	if was != 0 {
		pointer.ConditionExpression = aws.String("p = :was")
		pointer.ExpressionAttributeValues = item{":was": number(was)}
	}
	out, err := s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: []types.TransactWriteItem{
			{Put: pointer},
			{Put: &types.Put{TableName: aws.String(s.tables.Desk), Item: pointerItem(store.VersionKey(p.Number), p.Pointer)}},
		},
		ReturnConsumedCapacity: s.measure(),
	})
	if err == nil {
		s.used("TransactWriteItems", out.ConsumedCapacity...)
		return nil
	}
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) {
		return fmt.Errorf("publish playbook %d: %w", p.Number, err)
	}
	if now, readErr := s.ReadPointer(ctx); readErr == nil && now == p.Pointer {
		return nil // our own success, told twice
	}
	return fmt.Errorf("publish playbook %d after %d: %w", p.Number, was, store.ErrConflict)
}

// ReadPointer reads strongly; ErrNotFound before the first playbook.
func (s *Store) ReadPointer(ctx context.Context) (store.Pointer, error) {
	it, err := s.one(ctx, s.tables.Desk, deskKey(store.PointerKey), true)
	if err != nil {
		return store.Pointer{}, fmt.Errorf("read the pointer to the playbook: %w", err)
	}
	return pointerOf(it), nil
}

// ReadPlaybook reads the compiled form of a version.
func (s *Store) ReadPlaybook(ctx context.Context, n uint32) (store.Playbook, error) {
	p, err := s.version(ctx, n)
	if err != nil {
		return store.Playbook{}, err
	}
	body, err := s.chunks(ctx, p, store.Compiled, p.Chunks)
	return store.Playbook{Pointer: p, Compiled: body}, err
}

// ReadArchive reads the source of a version.
func (s *Store) ReadArchive(ctx context.Context, n uint32) ([]byte, error) {
	p, err := s.version(ctx, n)
	if err != nil {
		return nil, err
	}
	if p.Source == 0 {
		return nil, fmt.Errorf("source of playbook %d: %w", n, store.ErrNotFound)
	}
	return s.chunks(ctx, p, store.Source, p.Source)
}

func (s *Store) version(ctx context.Context, n uint32) (store.Pointer, error) {
	it, err := s.one(ctx, s.tables.Desk, deskKey(store.VersionKey(n)), true)
	if err != nil {
		return store.Pointer{}, fmt.Errorf("read playbook %d: %w", n, err)
	}
	return pointerOf(it), nil
}

func (s *Store) chunks(ctx context.Context, p store.Pointer, part string, count int) ([]byte, error) {
	bodies := make([][]byte, count)
	for i := range bodies {
		it, err := s.one(ctx, s.tables.Desk, deskKey(store.PlaybookKey(p, part, i)), true)
		if err != nil {
			return nil, fmt.Errorf("read playbook %d, %s chunk %d: %w", p.Number, part, i, err)
		}
		bodies[i] = bytesOf(it, "x")
	}
	b, err := store.Unpack(bodies)
	if err != nil {
		return nil, fmt.Errorf("read playbook %d, %s: %w", p.Number, part, err)
	}
	return b, nil
}

// ListPlaybooks reads one page of versions, newest first.
func (s *Store) ListPlaybooks(ctx context.Context, limit int, page string) ([]store.Pointer, string, error) {
	items, next, err := s.query(ctx, s.tables.Desk, "", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("k = :k"), ExpressionAttributeValues: item{":k": text(store.VersionKey(0).K)},
		ScanIndexForward: aws.Bool(false),
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("list playbooks: %w", err)
	}
	out := make([]store.Pointer, len(items))
	for i, it := range items {
		out[i] = pointerOf(it)
	}
	return out, next, nil
}
