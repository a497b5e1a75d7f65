package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

func ledgerOf(it item) ledger.Item {
	return ledger.Item{
		Lead: lead.ID(textOf(it, "l")), Version: uint64(numberOf(it, "v")), Playbook: uint32(numberOf(it, "p")),
		Blob: bytesOf(it, "x"), Band: textOf(it, "b"), DueShard: textOf(it, "ds"), DueAt: dueAt(it),
	}
}

// dueAt is 0 where the item is not on the due index: the range key stays behind
// when the hash key is removed, because PartiQL as all engines speak it has one
// REMOVE a statement.
func dueAt(it item) int64 {
	if it["ds"] == nil {
		return 0
	}
	at, _ := splitDue(it)
	return at
}

// ReadLedger reads one ledger item, strongly.
func (s *Store) ReadLedger(ctx context.Context, id lead.ID) (ledger.Item, error) {
	it, err := s.one(ctx, s.tables.Ledger, item{"l": text(string(id))}, true)
	if err != nil {
		return ledger.Item{}, fmt.Errorf("read ledger %s: %w", id, err)
	}
	return ledgerOf(it), nil
}

// WriteLedgers inserts items of version 1 and updates the others on the
// condition of version and playbook.
func (s *Store) WriteLedgers(ctx context.Context, items []ledger.Item) []store.Written[ledger.Item] {
	statements := make([]*statement, len(items))
	for i, it := range items {
		statements[i] = s.ledgerStatement(it)
	}
	s.execute(ctx, statements)
	return settle(ctx, items, statements, settler[ledger.Item]{
		name: func(it ledger.Item) string { return "ledger " + string(it.Lead) },
		of:   ledgerOf,
		same: sameLedger,
		read: func(ctx context.Context, lost []ledger.Item) (map[string]ledger.Item, error) {
			ids := make([]lead.ID, len(lost))
			for i, it := range lost {
				ids[i] = it.Lead
			}
			found, err := s.Fetch(ctx, store.Wanted{Ledgers: ids, Strong: true})
			out := make(map[string]ledger.Item, len(found.Ledgers))
			for id, it := range found.Ledgers {
				out["ledger "+string(id)] = it
			}
			return out, err
		},
	})
}

// sameLedger tells that what is stored is what was to be written.
func sameLedger(want, stored ledger.Item) bool {
	return stored.Version == want.Version && stored.Playbook == want.Playbook && bytes.Equal(stored.Blob, want.Blob)
}

func (s *Store) ledgerStatement(it ledger.Item) *statement {
	version, playbook := number(it.Version), number(it.Playbook)
	key := text(string(it.Lead))
	if it.Version <= 1 {
		q := `INSERT INTO "` + s.tables.Ledger + `" VALUE {'l':?,'v':?,'p':?,'x':?`
		v := []types.AttributeValue{key, version, playbook, bin(it.Blob)}
		if it.Band != "" {
			q, v = q+`,'b':?`, append(v, text(it.Band))
		}
		if it.DueShard != "" {
			q, v = q+`,'ds':?,'da':?`, append(v, text(it.DueShard), number(it.DueAt))
		}
		return &statement{text: q + `}`, values: v}
	}
	q := `UPDATE "` + s.tables.Ledger + `" SET v=?, p=?, x=?`
	v := []types.AttributeValue{version, playbook, bin(it.Blob)}
	if it.Band != "" { // "" leaves it where it is: see storetest
		q, v = q+`, b=?`, append(v, text(it.Band))
	}
	if it.DueShard != "" {
		q, v = q+`, ds=?, da=?`, append(v, text(it.DueShard), number(it.DueAt))
	} else {
		q += ` REMOVE ds`
	}
	q += ` WHERE l=? AND v=? AND p<=?`
	return &statement{text: q, values: append(v, key, number(it.Version-1), playbook)}
}

// MergeLeads writes both ledgers and moves the identities in one transaction.
func (s *Store) MergeLeads(ctx context.Context, m store.Merge) error {
	var in []types.ParameterizedStatement
	for _, it := range []ledger.Item{m.Into, m.From} {
		st := s.ledgerStatement(it)
		in = append(in, types.ParameterizedStatement{Statement: aws.String(st.text), Parameters: st.values})
	}
	for _, k := range m.Move {
		in = append(in, types.ParameterizedStatement{
			Statement:  aws.String(`UPDATE "` + s.tables.People + `" SET l=? WHERE k=? AND l=?`),
			Parameters: []types.AttributeValue{text(string(m.Into.Lead)), text(k.Key()), text(string(m.From.Lead))},
		})
	}
	out, err := s.db.ExecuteTransaction(ctx, &dynamodb.ExecuteTransactionInput{TransactStatements: in, ReturnConsumedCapacity: s.measure()})
	if err == nil {
		s.used("ExecuteTransaction", out.ConsumedCapacity...)
		return nil
	}
	var canceled *types.TransactionCanceledException
	var busy *types.TransactionConflictException
	if !errors.As(err, &canceled) && !errors.As(err, &busy) {
		return fmt.Errorf("merge %s into %s: %w", m.From.Lead, m.Into.Lead, err)
	}
	s.used("ExecuteTransaction")
	// Perhaps it was our own: all or nothing, so the ledgers tell.
	found, readErr := s.Fetch(ctx, store.Wanted{Ledgers: []lead.ID{m.Into.Lead, m.From.Lead}, Strong: true})
	if readErr != nil {
		return fmt.Errorf("merge %s into %s: %w", m.From.Lead, m.Into.Lead, readErr)
	}
	if sameLedger(m.Into, found.Ledgers[m.Into.Lead]) && sameLedger(m.From, found.Ledgers[m.From.Lead]) {
		return nil
	}
	return fmt.Errorf("merge %s into %s: %w", m.From.Lead, m.Into.Lead, store.ErrConflict)
}

// DueLedgers asks one shard of the due index.
func (s *Store) DueLedgers(ctx context.Context, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	return s.due(ctx, s.tables.Ledger, "l", shard, until, limit, page)
}

func (s *Store) due(ctx context.Context, table, key string, shard int, until time.Time, limit int, page string) ([]store.Due, string, error) {
	items, next, err := s.query(ctx, table, "due", &dynamodb.QueryInput{
		KeyConditionExpression:    aws.String("ds = :s AND da <= :u"),
		ExpressionAttributeValues: item{":s": text(strconv.Itoa(shard)), ":u": &types.AttributeValueMemberN{Value: fmt.Sprintf("%d.999", until.Unix())}},
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("due shard %d of %s: %w", shard, table, err)
	}
	out := make([]store.Due, len(items))
	for i, it := range items {
		out[i] = store.Due{ID: textOf(it, key)}
		out[i].At, out[i].Rank = splitDue(it)
	}
	return out, next, nil
}

// ScanLedgers reads one page of one segment of the whole table.
func (s *Store) ScanLedgers(ctx context.Context, segment, of, limit int, page string) ([]ledger.Item, string, error) {
	start, err := decodePage(page)
	if err != nil {
		return nil, "", err
	}
	in := &dynamodb.ScanInput{
		TableName: aws.String(s.tables.Ledger), Segment: aws.Int32(int32(segment)), TotalSegments: aws.Int32(int32(of)),
		ExclusiveStartKey: start, ReturnConsumedCapacity: s.measure(),
	}
	if limit > 0 {
		in.Limit = aws.Int32(int32(limit))
	}
	out, err := s.db.Scan(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("read segment %d of %d of the ledgers: %w", segment, of, err)
	}
	s.used1("Scan", out.ConsumedCapacity)
	items := make([]ledger.Item, len(out.Items))
	for i, it := range out.Items {
		items[i] = ledgerOf(it)
	}
	next, err := encodePage(out.LastEvaluatedKey)
	return items, next, err
}

// LeadsInBand asks the band index.
func (s *Store) LeadsInBand(ctx context.Context, key string, limit int, page string) ([]lead.ID, string, error) {
	items, next, err := s.query(ctx, s.tables.Ledger, "band", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("b = :b"), ExpressionAttributeValues: item{":b": text(key)},
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("leads in band %s: %w", key, err)
	}
	out := make([]lead.ID, len(items))
	for i, it := range items {
		out[i] = lead.ID(textOf(it, "l"))
	}
	return out, next, nil
}
