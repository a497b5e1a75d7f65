package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

func decisionItem(d store.Decision, version int64) item {
	it := deskKey(d.Key())
	it["v"], it["p"], it["a"] = number(version), number(d.Playbook), number(d.At)
	it["q"] = &types.AttributeValueMemberBOOL{Value: d.Quiet}
	it["y"], it["x"] = bin(d.Reason), bin(d.Body)
	done := item{}
	for name, at := range d.Done {
		done[name] = number(at)
	}
	it["d"] = &types.AttributeValueMemberM{Value: done}
	it["u"], it["ws"], it["wr"] = nil, nil, nil
	if d.By != "" {
		it["u"] = text(d.By)
	}
	switch {
	case d.Waits != "":
		it["ws"], it["wr"] = text(store.AlertsList), text(d.Waits)
	case d.Rank != "":
		it["ws"], it["wr"] = text(store.QuietList(store.QuietShard(d.Lead))), text(d.Rank)
	}
	return it
}

func decisionOf(it item) (store.Decision, error) {
	key, err := store.DecisionOfKey(store.DeskKey{K: textOf(it, "k"), R: textOf(it, "r")})
	if err != nil {
		return store.Decision{}, err
	}
	d := store.Decision{
		DecisionKey: key, Version: numberOf(it, "v"), Playbook: uint32(numberOf(it, "p")), At: numberOf(it, "a"),
		Reason: bytesOf(it, "y"), Body: bytesOf(it, "x"), Done: map[string]int64{}, By: textOf(it, "u"),
	}
	switch textOf(it, "ws") {
	case "": // the rank stays behind where a statement took it off the list
	case store.AlertsList:
		d.Waits = textOf(it, "wr")
	default:
		d.Rank = textOf(it, "wr")
	}
	if q, _ := it["q"].(*types.AttributeValueMemberBOOL); q != nil {
		d.Quiet = q.Value
	}
	if m, _ := it["d"].(*types.AttributeValueMemberM); m != nil {
		for name := range m.Value {
			d.Done[name] = numberOf(m.Value, name)
		}
	}
	return d, nil
}

// RecordDecisions inserts records, 25 a call.
func (s *Store) RecordDecisions(ctx context.Context, ds []store.Decision) []error {
	out := make([]error, len(ds))
	statements := make([]*statement, 0, len(ds))
	at := make([]int, 0, len(ds))
	seen := map[store.DecisionKey]bool{}
	for i, d := range ds {
		if seen[d.DecisionKey] {
			out[i] = store.ErrConflict
			continue
		}
		seen[d.DecisionKey] = true
		it := decisionItem(d, 1)
		st := &statement{
			text:   `INSERT INTO "` + s.tables.Desk + `" VALUE {'k':?,'r':?,'v':?,'p':?,'a':?,'q':?,'y':?,'x':?,'d':?`,
			values: []types.AttributeValue{it["k"], it["r"], it["v"], it["p"], it["a"], it["q"], it["y"], it["x"], it["d"]},
		}
		if it["ws"] != nil {
			st.text, st.values = st.text+`,'ws':?,'wr':?`, append(st.values, it["ws"], it["wr"])
		}
		st.text += `}`
		statements = append(statements, st)
		at = append(at, i)
	}
	s.execute(ctx, statements)
	for j, st := range statements {
		if st.err != nil {
			out[at[j]] = fmt.Errorf("record decision %s: %w", ds[at[j]].DecisionKey, st.err)
		}
	}
	return out
}

// ReadDecision reads one record, strongly.
func (s *Store) ReadDecision(ctx context.Context, key store.DecisionKey) (store.Decision, error) {
	it, err := s.one(ctx, s.tables.Desk, deskKey(key.Key()), true)
	if err != nil {
		return store.Decision{}, fmt.Errorf("read decision %s: %w", key, err)
	}
	return decisionOf(it)
}

// ReadDecisions reads many records, strongly.
func (s *Store) ReadDecisions(ctx context.Context, keys []store.DecisionKey) (map[store.DecisionKey]store.Decision, error) {
	out := make(map[store.DecisionKey]store.Decision, len(keys))
	asked := map[store.DecisionKey]bool{}
	var ask []tableKey
	for _, k := range keys {
		if !asked[k] {
			asked[k] = true
			ask = append(ask, tableKey{s.tables.Desk, deskKey(k.Key())})
		}
	}
	err := s.getAll(ctx, ask, true, func(_ string, it item) error {
		d, err := decisionOf(it)
		out[d.DecisionKey] = d
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	return out, nil
}

// WriteDecision updates a record on the condition of its version.
func (s *Store) WriteDecision(ctx context.Context, d store.Decision) error {
	err := s.writeDesk(ctx, d.Key(), d.Version, decisionItem(d, d.Version+1), func(old item) bool {
		now, err := decisionOf(old)
		return err == nil && sameDecision(d, now)
	})
	if err != nil {
		return fmt.Errorf("write decision %s: %w", d.DecisionKey, err)
	}
	return nil
}

// sameDecision tells that what is stored is what was to be written.
func sameDecision(want, stored store.Decision) bool {
	return stored.Version == want.Version+1 && maps.Equal(stored.Done, want.Done) && bytes.Equal(stored.Body, want.Body) && stored.By == want.By
}

// WriteDecisions updates records on the condition of their versions, 25 a call.
func (s *Store) WriteDecisions(ctx context.Context, ds []store.Decision) []error {
	statements := make([]*statement, len(ds))
	for i, d := range ds {
		it := decisionItem(d, d.Version+1)
		st := &statement{
			text:   `UPDATE "` + s.tables.Desk + `" SET v=?, q=?, x=?, d=?`,
			values: []types.AttributeValue{it["v"], it["q"], it["x"], it["d"]},
		}
		if d.By != "" {
			st.text, st.values = st.text+`, u=?`, append(st.values, it["u"])
		}
		if it["ws"] != nil {
			st.text, st.values = st.text+`, ws=?, wr=?`, append(st.values, it["ws"], it["wr"])
		} else {
			st.text += ` REMOVE ws`
		}
		st.text += ` WHERE k=? AND r=? AND v=?`
		st.values = append(st.values, it["k"], it["r"], number(d.Version))
		statements[i] = st
	}
	s.execute(ctx, statements)
	out := make([]error, len(ds))
	for i, w := range settle(ctx, ds, statements, settler[store.Decision]{
		name: func(d store.Decision) string { return "decision " + d.DecisionKey.String() },
		of:   func(it item) store.Decision { d, _ := decisionOf(it); return d },
		same: sameDecision,
		read: func(ctx context.Context, lost []store.Decision) (map[string]store.Decision, error) {
			keys := make([]store.DecisionKey, len(lost))
			for i, d := range lost {
				keys[i] = d.DecisionKey
			}
			found, err := s.ReadDecisions(ctx, keys)
			out := make(map[string]store.Decision, len(found))
			for k, d := range found {
				out["decision "+k.String()] = d
			}
			return out, err
		},
	}) {
		out[i] = w.Err
	}
	return out
}

// ListQuiet reads one page of one shard of the quiet list from the index.
func (s *Store) ListQuiet(ctx context.Context, shard int, prefix string, limit int, page string) ([]store.QuietRow, string, error) {
	in := &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("ws = :s"), ExpressionAttributeValues: item{":s": text(store.QuietList(shard))},
	}
	if prefix != "" {
		in.KeyConditionExpression = aws.String("ws = :s AND begins_with(wr, :r)")
		in.ExpressionAttributeValues[":r"] = text(prefix)
	}
	items, next, err := s.query(ctx, s.tables.Desk, "work", in, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("list quiet decisions: %w", err)
	}
	out := make([]store.QuietRow, len(items))
	for i, it := range items {
		key, err := store.DecisionOfKey(store.DeskKey{K: textOf(it, "k"), R: textOf(it, "r")})
		if err != nil {
			return nil, "", err
		}
		out[i] = store.QuietRow{DecisionKey: key, Rank: textOf(it, "wr")}
	}
	return out, next, nil
}

// ListAlerts reads one page of the alerts that wait from the index.
func (s *Store) ListAlerts(ctx context.Context, limit int, page string) ([]store.DecisionKey, string, error) {
	items, next, err := s.query(ctx, s.tables.Desk, "work", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("ws = :s"), ExpressionAttributeValues: item{":s": text(store.AlertsList)},
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("list alerts that wait: %w", err)
	}
	out := make([]store.DecisionKey, len(items))
	for i, it := range items {
		if out[i], err = store.DecisionOfKey(store.DeskKey{K: textOf(it, "k"), R: textOf(it, "r")}); err != nil {
			return nil, "", err
		}
	}
	return out, next, nil
}

// ReadBell reads what all who tell sales share.
func (s *Store) ReadBell(ctx context.Context) (store.Bell, error) {
	it, err := s.one(ctx, s.tables.Desk, deskKey(store.BellKey), true)
	if errors.Is(err, store.ErrNotFound) {
		return store.Bell{}, nil
	}
	if err != nil {
		return store.Bell{}, fmt.Errorf("read who of sales was told lately: %w", err)
	}
	return store.Bell{Version: numberOf(it, "v"), Body: bytesOf(it, "x")}, nil
}

// WriteBell stores it on the condition of its version.
func (s *Store) WriteBell(ctx context.Context, b store.Bell) error {
	err := s.writeDesk(ctx, store.BellKey, b.Version, item{"v": number(b.Version + 1), "x": bin(b.Body)}, func(old item) bool {
		return bytes.Equal(bytesOf(old, "x"), b.Body)
	})
	if err != nil {
		return fmt.Errorf("write who of sales was told lately: %w", err)
	}
	return nil
}

// ListDecisions reads one page of a lead's decisions.
func (s *Store) ListDecisions(ctx context.Context, id lead.ID, page string) ([]store.Decision, string, error) {
	items, next, err := s.query(ctx, s.tables.Desk, "", &dynamodb.QueryInput{
		KeyConditionExpression:    aws.String("k = :k"),
		ExpressionAttributeValues: item{":k": text(store.DecisionKey{Lead: id}.Key().K)},
	}, 0, page)
	if err != nil {
		return nil, "", fmt.Errorf("list decisions of %s: %w", id, err)
	}
	out := make([]store.Decision, len(items))
	for i, it := range items {
		if out[i], err = decisionOf(it); err != nil {
			return nil, "", err
		}
	}
	return out, next, nil
}
