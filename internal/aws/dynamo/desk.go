package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/store"
)

// writeDesk is one UpdateItem of all attributes of it but its keys, on the
// condition of the version; own tells our earlier success by what is stored.
func (s *Store) writeDesk(ctx context.Context, key store.DeskKey, version int64, it item, own func(item) bool) error {
	in := &dynamodb.UpdateItemInput{
		TableName: aws.String(s.tables.Desk), Key: deskKey(key),
		ExpressionAttributeNames: map[string]string{}, ExpressionAttributeValues: item{},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		ReturnConsumedCapacity:              s.measure(),
	}
	set, remove := "", ""
	for name, v := range it {
		switch {
		case name == "k" || name == "r":
			continue
		case v == nil:
			remove += ", #" + name
		default:
			set += ", #" + name + " = :" + name
			in.ExpressionAttributeValues[":"+name] = v
		}
		in.ExpressionAttributeNames["#"+name] = name
	}
	update := "SET " + set[2:]
	if remove != "" {
		update += " REMOVE " + remove[2:]
	}
	in.UpdateExpression = aws.String(update)
	in.ConditionExpression = aws.String("attribute_not_exists(k)")
	if version != 0 {
		in.ConditionExpression = aws.String("#v = :was")
		in.ExpressionAttributeValues[":was"] = number(version)
	}
	out, err := s.db.UpdateItem(ctx, in)
	if old, ok := refused(err); ok {
		s.used1("UpdateItem", nil)
		if numberOf(old, "v") == version+1 && own(old) {
			return nil
		}
		return store.ErrConflict
	}
	if err != nil {
		return err
	}
	s.used1("UpdateItem", out.ConsumedCapacity)
	return nil
}

func workOf(it item) store.Work {
	w := store.Work{Lead: lead.ID(textOf(it, "r")), Version: numberOf(it, "v"), Body: bytesOf(it, "x")}
	if it["ws"] != nil {
		w.Rank = textOf(it, "wr")
	}
	return w
}

// ReadWork reads one work item, strongly.
func (s *Store) ReadWork(ctx context.Context, id lead.ID) (store.Work, error) {
	it, err := s.one(ctx, s.tables.Desk, deskKey(store.WorkKey(id)), true)
	if err != nil {
		return store.Work{}, fmt.Errorf("read work item %s: %w", id, err)
	}
	return workOf(it), nil
}

// WriteWork stores one work item on the condition of its version.
func (s *Store) WriteWork(ctx context.Context, w store.Work) error {
	it := item{"v": number(w.Version + 1), "x": bin(w.Body), "ws": nil, "wr": nil}
	if w.Rank != "" {
		it["ws"], it["wr"] = text(store.WorkList(store.WorkShard(w.Lead))), text(w.Rank)
	}
	err := s.writeDesk(ctx, store.WorkKey(w.Lead), w.Version, it, func(old item) bool {
		now := workOf(old)
		return now.Rank == w.Rank && bytes.Equal(now.Body, w.Body)
	})
	if err != nil {
		return fmt.Errorf("write work item %s: %w", w.Lead, err)
	}
	return nil
}

// ListWork reads one page of one shard of the open list, with its items.
func (s *Store) ListWork(ctx context.Context, shard, limit int, page string) ([]store.Work, string, error) {
	rows, next, err := s.query(ctx, s.tables.Desk, "work", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("ws = :s"), ExpressionAttributeValues: item{":s": text(store.WorkList(shard))},
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("list work: %w", err)
	}
	keys := make([]tableKey, len(rows))
	for i, it := range rows {
		keys[i] = tableKey{s.tables.Desk, item{"k": it["k"], "r": it["r"]}}
	}
	items := make(map[lead.ID]store.Work, len(rows))
	err = s.getAll(ctx, keys, false, func(_ string, it item) error {
		w := workOf(it)
		items[w.Lead] = w
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("list work: %w", err)
	}
	out := make([]store.Work, 0, len(rows))
	for _, it := range rows { // in the order of the list
		if w, ok := items[lead.ID(textOf(it, "r"))]; ok && w.Rank != "" {
			out = append(out, w)
		}
	}
	return out, next, nil
}

// Park stores a message that was set aside.
func (s *Store) Park(ctx context.Context, p store.Parked) error {
	it := deskKey(p.Key())
	it["i"], it["s"], it["c"], it["y"] = text(p.ID), text(p.Source), text(p.Code), text(p.Reason)
	it["a"], it["x"] = number(p.At.Unix()), bin(p.Body)
	it["ttl"] = number(p.At.Add(parkedFor).Unix())
	if _, err := s.put(ctx, s.tables.Desk, it, "", nil); err != nil {
		return fmt.Errorf("park a message (%s): %w", p.Code, err)
	}
	return nil
}

// parkedFor is how long a parked message is kept: it may hold personal data.
const parkedFor = 90 * 24 * time.Hour

// ListParked reads one page of a UTC day, oldest first.
func (s *Store) ListParked(ctx context.Context, day time.Time, limit int, page string) ([]store.Parked, string, error) {
	items, next, err := s.query(ctx, s.tables.Desk, "", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("k = :k"), ExpressionAttributeValues: item{":k": text(store.ParkedDay(day))},
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("list parked messages: %w", err)
	}
	out := make([]store.Parked, len(items))
	for i, it := range items {
		out[i] = store.Parked{
			At: time.Unix(numberOf(it, "a"), 0).UTC(), ID: textOf(it, "i"), Source: textOf(it, "s"),
			Code: textOf(it, "c"), Reason: textOf(it, "y"), Body: bytesOf(it, "x"),
		}
	}
	return out, next, nil
}

// Propose stores a proposal unless the pair was proposed before.
func (s *Store) Propose(ctx context.Context, p store.Proposal) error {
	it := deskKey(p.Key())
	it["l"], it["m"], it["a"], it["y"], it["i"] = text(string(p.A)), text(string(p.B)), number(p.At.Unix()), text(p.Reason), text(p.By)
	if _, err := s.put(ctx, s.tables.Desk, it, "attribute_not_exists(k)", nil); err != nil && !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("propose to join %s and %s: %w", p.A, p.B, err)
	}
	return nil
}

// ListProposals reads one page.
func (s *Store) ListProposals(ctx context.Context, limit int, page string) ([]store.Proposal, string, error) {
	items, next, err := s.query(ctx, s.tables.Desk, "", &dynamodb.QueryInput{
		KeyConditionExpression: aws.String("k = :k"), ExpressionAttributeValues: item{":k": text(store.Proposal{}.Key().K)},
	}, limit, page)
	if err != nil {
		return nil, "", fmt.Errorf("list proposals: %w", err)
	}
	out := make([]store.Proposal, len(items))
	for i, it := range items {
		out[i] = store.Proposal{
			A: lead.ID(textOf(it, "l")), B: lead.ID(textOf(it, "m")), At: time.Unix(numberOf(it, "a"), 0).UTC(),
			Reason: textOf(it, "y"), By: textOf(it, "i"),
		}
	}
	return out, next, nil
}

// SaveProgress notes how far a segment of a job is.
func (s *Store) SaveProgress(ctx context.Context, p store.Progress) error {
	it := deskKey(p.Key())
	it["of"], it["n"], it["c"] = number(p.Of), number(p.Read), number(p.Changed)
	it["pg"], it["d"], it["a"] = text(p.Page), &types.AttributeValueMemberBOOL{Value: p.Done}, number(p.At)
	it["sg"], it["j"], it["q"] = number(p.Segment), text(p.Job), number(p.Quiet)
	it["ttl"] = number(p.At + int64(parkedFor/time.Second))
	if _, err := s.put(ctx, s.tables.Desk, it, "", nil); err != nil {
		return fmt.Errorf("save progress of job %s: %w", p.Job, err)
	}
	return nil
}

// ListProgress reads all segments of a job.
func (s *Store) ListProgress(ctx context.Context, job string) ([]store.Progress, error) {
	var out []store.Progress
	for page := ""; ; {
		items, next, err := s.query(ctx, s.tables.Desk, "", &dynamodb.QueryInput{
			KeyConditionExpression: aws.String("k = :k"), ExpressionAttributeValues: item{":k": text(store.JobKey(job))},
		}, 0, page)
		if err != nil {
			return nil, fmt.Errorf("read progress of job %s: %w", job, err)
		}
		for _, it := range items {
			p := store.Progress{
				Job: textOf(it, "j"), Segment: int(numberOf(it, "sg")), Of: int(numberOf(it, "of")), Read: int(numberOf(it, "n")),
				Changed: int(numberOf(it, "c")), Quiet: int(numberOf(it, "q")), Page: textOf(it, "pg"), At: numberOf(it, "a"),
			}
			if d, _ := it["d"].(*types.AttributeValueMemberBOOL); d != nil {
				p.Done = d.Value
			}
			out = append(out, p)
		}
		if page = next; page == "" {
			return out, nil
		}
	}
}

// TakeLease holds a name until a time.
func (s *Store) TakeLease(ctx context.Context, name, holder string, until, now time.Time) error {
	it := deskKey(store.LeaseKey(name))
	it["o"], it["a"], it["ttl"] = text(holder), number(until.Unix()), number(until.Add(24*time.Hour).Unix())
	_, err := s.put(ctx, s.tables.Desk, it, "attribute_not_exists(k) OR a <= :now OR o = :o",
		item{":now": number(now.Unix()), ":o": text(holder)})
	if err != nil {
		return fmt.Errorf("take lease %s: %w", name, err)
	}
	return nil
}

// ReadCount reads a counter; one that was never written is 0.
func (s *Store) ReadCount(ctx context.Context, name string) (int, error) {
	it, err := s.one(ctx, s.tables.Desk, deskKey(store.CountKey(name)), true)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read count %s: %w", name, err)
	}
	return int(numberOf(it, "n")), nil
}

// AddCount stores was + 1 if the counter is at was.
func (s *Store) AddCount(ctx context.Context, name string, was int) error {
	it := deskKey(store.CountKey(name))
	it["n"] = number(was + 1)
	condition, values := "attribute_not_exists(k)", item(nil)
	if was > 0 {
		condition, values = "n = :was", item{":was": number(was)}
	}
	if _, err := s.put(ctx, s.tables.Desk, it, condition, values); err != nil {
		return fmt.Errorf("add to count %s: %w", name, err)
	}
	return nil
}
