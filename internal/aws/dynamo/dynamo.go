// Package dynamo is the store on DynamoDB: few calls, many records a call, and
// every write on a condition, so that a repeated or a lost one does no harm.
//
// What the SDK and the batch calls leave to their callers is done here, once:
// keys and items that came back unprocessed are sent again after a pause with
// jitter, each statement of a batch has its own fate, a condition that failed
// on our own earlier success is a success, and what is pointed to and not
// found is read again strongly.
//
// It knows no playbook and decides nothing.
package dynamo

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/store"
)

// Tables are the names of the four tables. A function that does not use one
// leaves it empty.
type Tables struct{ Ledger, History, People, Desk string }

// Meter is told what a call used. Capacity is only asked for when there is one.
type Meter func(call string, used []types.ConsumedCapacity)

// Store keeps everything in four tables. It is safe for concurrent use.
type Store struct {
	db     *dynamodb.Client
	tables Tables
	meter  Meter
	texts  blobTexts
	// pause waits before attempt n of what was refused for its rate. A field,
	// so that tests of many attempts take no time.
	pause func(ctx context.Context, attempt int) error
}

// New makes a store. meter may be nil.
func New(db *dynamodb.Client, tables Tables, meter Meter) *Store {
	return &Store{db: db, tables: tables, meter: meter, texts: textsOf(tables.People), pause: backoff}
}

// attempts bounds how often what came back unprocessed is sent again. With
// backoff that is about five seconds, within every function's timeout; then the
// message goes back to its queue.
const attempts = 8

func backoff(ctx context.Context, attempt int) error {
	most := min(25*time.Millisecond<<attempt, 2*time.Second)
	t := time.NewTimer(most/4 + rand.N(most*3/4))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (s *Store) measure() types.ReturnConsumedCapacity {
	if s.meter == nil {
		return types.ReturnConsumedCapacityNone
	}
	return types.ReturnConsumedCapacityIndexes
}

func (s *Store) used(call string, c ...types.ConsumedCapacity) {
	if s.meter != nil {
		s.meter(call, c)
	}
}

func (s *Store) used1(call string, c *types.ConsumedCapacity) {
	if s.meter == nil {
		return
	}
	if c == nil {
		s.meter(call, nil)
		return
	}
	s.meter(call, []types.ConsumedCapacity{*c})
}

// refused takes the stored item out of a failed condition; ok is false for any
// other error. The item is nil where there is none, or the engine gives none.
func refused(err error) (map[string]types.AttributeValue, bool) {
	var c *types.ConditionalCheckFailedException
	if errors.As(err, &c) {
		return c.Item, true
	}
	return nil, false
}

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// bin never gives nil, which the SDK would send as no value at all.
func bin(b []byte) types.AttributeValue {
	if b == nil {
		b = []byte{}
	}
	return &types.AttributeValueMemberB{Value: b}
}

func number[N int | int64 | uint32 | uint64](n N) types.AttributeValue {
	if n < 0 {
		return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
	}
	return &types.AttributeValueMemberN{Value: strconv.FormatUint(uint64(n), 10)}
}

func textOf(it item, name string) string {
	v, _ := it[name].(*types.AttributeValueMemberS)
	if v == nil {
		return ""
	}
	return v.Value
}

func bytesOf(it item, name string) []byte {
	v, _ := it[name].(*types.AttributeValueMemberB)
	if v == nil {
		return nil
	}
	return v.Value
}

func numberOf(it item, name string) int64 {
	v, _ := it[name].(*types.AttributeValueMemberN)
	if v == nil {
		return 0
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		return 0 // only ours are written: whole numbers
	}
	return n
}

func deskKey(k store.DeskKey) item { return item{"k": text(k.K), "r": text(k.R)} }

// one reads one item; ErrNotFound when it is not there.
func (s *Store) one(ctx context.Context, table string, key item, strong bool) (item, error) {
	out, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(table), Key: key, ConsistentRead: aws.Bool(strong), ReturnConsumedCapacity: s.measure(),
	})
	if err != nil {
		return nil, err
	}
	s.used1("GetItem", out.ConsumedCapacity)
	if len(out.Item) == 0 {
		return nil, store.ErrNotFound
	}
	return out.Item, nil
}

// put stores one item; condition "" is none. When the condition fails it gives
// what is stored and ErrConflict.
func (s *Store) put(ctx context.Context, table string, it item, condition string, values item) (item, error) {
	in := &dynamodb.PutItemInput{TableName: aws.String(table), Item: it, ReturnConsumedCapacity: s.measure()}
	if condition != "" {
		in.ConditionExpression = aws.String(condition)
		in.ExpressionAttributeValues = values
		in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	}
	out, err := s.db.PutItem(ctx, in)
	if old, ok := refused(err); ok {
		s.used1("PutItem", nil)
		return old, store.ErrConflict
	}
	if err != nil {
		return nil, err
	}
	s.used1("PutItem", out.ConsumedCapacity)
	return nil, nil
}

// query reads one page. in needs key condition and values; the rest is filled.
func (s *Store) query(ctx context.Context, table, index string, in *dynamodb.QueryInput, limit int, page string) ([]item, string, error) {
	start, err := decodePage(page)
	if err != nil {
		return nil, "", err
	}
	in.TableName, in.ExclusiveStartKey, in.ReturnConsumedCapacity = aws.String(table), start, s.measure()
	if index != "" {
		in.IndexName = aws.String(index)
	}
	if limit > 0 {
		in.Limit = aws.Int32(int32(limit))
	}
	out, err := s.db.Query(ctx, in)
	if err != nil {
		return nil, "", err
	}
	s.used1("Query", out.ConsumedCapacity)
	next, err := encodePage(out.LastEvaluatedKey)
	return out.Items, next, err
}
