package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/store"
)

// What one call takes (AWS: "Constraints in Amazon DynamoDB").
const (
	getsACall       = 100
	putsACall       = 25
	statementsACall = 25
)

type tableKey struct {
	table string
	key   item
}

// getAll reads keys of any tables, up to 100 a call, and hands each item that
// was found to take. The keys must be distinct.
func (s *Store) getAll(ctx context.Context, keys []tableKey, strong bool, take func(table string, it item) error) error {
	for attempt := 0; len(keys) > 0; {
		n := min(len(keys), getsACall)
		ask := map[string]types.KeysAndAttributes{}
		for _, k := range keys[:n] {
			ka := ask[k.table]
			ka.Keys = append(ka.Keys, k.key)
			ka.ConsistentRead = aws.Bool(strong)
			ask[k.table] = ka
		}
		out, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: ask, ReturnConsumedCapacity: s.measure()})
		if err != nil {
			return fmt.Errorf("read %d keys: %w", n, err)
		}
		s.used("BatchGetItem", out.ConsumedCapacity...)
		for table, items := range out.Responses {
			for _, it := range items {
				if err := take(table, it); err != nil {
					return err
				}
			}
		}
		keys = keys[n:]
		left := 0
		for table, ka := range out.UnprocessedKeys {
			for _, k := range ka.Keys {
				keys = append(keys, tableKey{table, k})
				left++
			}
		}
		if left < n {
			attempt = 0 // something moves
		}
		if left > 0 {
			if attempt++; attempt > attempts {
				return fmt.Errorf("read: %d keys came back unprocessed %d times: the table is throttled", left, attempts)
			}
			if err := s.pause(ctx, attempt); err != nil {
				return err
			}
		}
	}
	return nil
}

// putAll stores items of one table without condition, 25 a call. The keys must
// be distinct.
func (s *Store) putAll(ctx context.Context, table string, items []item) error {
	for attempt := 0; len(items) > 0; {
		n := min(len(items), putsACall)
		requests := make([]types.WriteRequest, n)
		for i, it := range items[:n] {
			requests[i].PutRequest = &types.PutRequest{Item: it}
		}
		out, err := s.db.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{table: requests}, ReturnConsumedCapacity: s.measure(),
		})
		if err != nil {
			return fmt.Errorf("put %d items: %w", n, err)
		}
		s.used("BatchWriteItem", out.ConsumedCapacity...)
		items = items[n:]
		left := 0
		for _, w := range out.UnprocessedItems[table] {
			if w.PutRequest != nil {
				items = append(slices.Clip(items), w.PutRequest.Item)
				left++
			}
		}
		if left < n {
			attempt = 0
		}
		if left > 0 {
			if attempt++; attempt > attempts {
				return fmt.Errorf("put: %d items came back unprocessed %d times: the table is throttled", left, attempts)
			}
			if err := s.pause(ctx, attempt); err != nil {
				return err
			}
		}
	}
	return nil
}

// statement is one PartiQL write and its fate.
type statement struct {
	text   string
	values []types.AttributeValue

	err error // nil, store.ErrConflict, or what went wrong
	old item  // after a conflict: what is stored, where the engine says so
}

// execute runs writes of distinct items, 25 a call, each with its own fate.
func (s *Store) execute(ctx context.Context, all []*statement) {
	todo := slices.Clone(all)
	for attempt := 0; len(todo) > 0; {
		n := min(len(todo), statementsACall)
		batch := make([]types.BatchStatementRequest, n)
		for i, st := range todo[:n] {
			batch[i] = types.BatchStatementRequest{
				Statement: aws.String(st.text), Parameters: st.values,
				ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
			}
		}
		in := &dynamodb.BatchExecuteStatementInput{Statements: batch, ReturnConsumedCapacity: s.measure()}
		how, buf := byHand(in)
		out, err := s.db.BatchExecuteStatement(ctx, in, how)
		if err == nil {
			bodies.Put(buf)
		}
		if err == nil && len(out.Responses) != n {
			err = fmt.Errorf("%d answers to %d statements", len(out.Responses), n)
		}
		if err != nil {
			// Nothing is known of these, and the rest would meet the same.
			for _, st := range todo {
				st.err = fmt.Errorf("write: %w", err)
			}
			return
		}
		s.used("BatchExecuteStatement", out.ConsumedCapacity...)
		var again []*statement
		for i, st := range todo[:n] {
			if judge(st, out.Responses[i]) {
				again = append(again, st)
			}
		}
		todo = append(todo[n:], again...)
		if len(again) < n {
			attempt = 0
		}
		if len(again) > 0 {
			if attempt++; attempt > attempts {
				return // each has its error
			}
			if err := s.pause(ctx, attempt); err != nil {
				return
			}
		}
	}
}

// judge reads the answer to one statement and tells whether it is worth
// sending again: a condition makes that harmless.
func judge(st *statement, r types.BatchStatementResponse) bool {
	st.err, st.old = nil, nil
	if r.Error == nil {
		return false
	}
	switch r.Error.Code {
	case types.BatchStatementErrorCodeEnumConditionalCheckFailed, types.BatchStatementErrorCodeEnumDuplicateItem:
		st.err, st.old = store.ErrConflict, r.Error.Item
		return false
	}
	st.err = fmt.Errorf("write: %s: %s", r.Error.Code, aws.ToString(r.Error.Message))
	switch r.Error.Code {
	case types.BatchStatementErrorCodeEnumTransactionConflict, types.BatchStatementErrorCodeEnumThrottlingError,
		types.BatchStatementErrorCodeEnumProvisionedThroughputExceeded, types.BatchStatementErrorCodeEnumRequestLimitExceeded,
		types.BatchStatementErrorCodeEnumInternalServerError:
		return true
	}
	return false
}

// conflicts gives the statements whose condition failed.
func conflicts(all []*statement) bool {
	return slices.ContainsFunc(all, func(st *statement) bool { return errors.Is(st.err, store.ErrConflict) })
}
