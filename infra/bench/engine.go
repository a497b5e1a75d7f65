package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sarnakh/sarnakh/internal/aws/dynamo"
)

// engine is a real DynamoDB engine: what it says it consumed, and how many
// requests went to it.
type engine struct {
	mu          sync.Mutex
	write, read float64
	queried     float64 // of read, by queries
	silent      int     // calls without an answer about capacity
	calls       map[string]int
}

// RoundTrip counts what goes over the wire.
func (e *engine) RoundTrip(req *http.Request) (*http.Response, error) {
	_, call, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	e.mu.Lock()
	e.calls[call]++
	e.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

// meter adds up what the engine says.
func (e *engine) meter(call string, used []types.ConsumedCapacity) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(used) == 0 {
		e.silent++
	}
	for _, c := range used {
		switch call {
		case "BatchGetItem", "GetItem", "Query", "Scan":
			e.read += aws.ToFloat64(c.CapacityUnits)
			if call == "Query" {
				e.queried += aws.ToFloat64(c.CapacityUnits)
			}
		default:
			e.write += aws.ToFloat64(c.CapacityUnits)
		}
	}
}

func (e *engine) total() (n int) {
	for _, c := range e.calls {
		n += c
	}
	return n
}

func (e *engine) reset() { e.write, e.read, e.silent, e.calls = 0, 0, 0, map[string]int{} }

// open makes four tables on the engine that the environment names.
func (e *engine) open(ctx context.Context) (*dynamo.Store, error) {
	s, _, err := e.tables(ctx)
	return s, err
}

// tables is open that also names the tables.
func (e *engine) tables(ctx context.Context) (*dynamo.Store, dynamo.Tables, error) {
	endpoint := os.Getenv("SARNAKH_DYNAMODB_ENDPOINT")
	if endpoint == "" {
		return nil, dynamo.Tables{}, errors.New("SARNAKH_DYNAMODB_ENDPOINT is not set: run infra/bench.sh, which starts an engine")
	}
	db := e.client(endpoint)
	names, err := dynamo.CreateTables(ctx, db, "bench-"+rand.Text()[:10]+"-")
	if err != nil {
		return nil, names, err
	}
	return dynamo.New(db, names, e.meter), names, nil
}

func (e *engine) client(endpoint string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: aws.String(endpoint), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient: &http.Client{Transport: e},
	})
}

// engineFigures run the line against a real engine, compare the bill with what
// it says it consumed, and count requests.
func engineFigures(ctx context.Context, r *report) error {
	r.title("the same against an engine: requests counted at the round tripper, capacity as it says")
	// Two batches of a hundred, one after the other: full ones come in turn.
	const people, grown, rounds = 200, 120, 20
	e := &engine{}
	e.reset()
	s, err := e.open(ctx)
	if err != nil {
		return err
	}
	w, err := newTown(ctx, s, people, nil)
	if err != nil {
		return err
	}
	// The first: form by form, then grown in large steps.
	if _, err := w.round(ctx, 1, time.Hour, business); err != nil {
		return err
	}
	for range grown / 8 {
		if _, err := w.round(ctx, 8, 3*time.Hour, business); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		k, rounds int
		write     float64
	}{{1, rounds, 1.30}, {8, rounds / 4, 0.35}} {
		e.reset()
		var sum bill
		calls := 0
		ofWrite, ofRead, silent := 0.0, 0.0, 0
		for range x.rounds {
			e.reset()
			spent, err := w.ingestOnly(ctx, x.k, 12*time.Hour/time.Duration(x.k), business)
			if err != nil {
				return err
			}
			sum = sum.plus(spent)
			calls += e.total()
			ofWrite, ofRead, silent = ofWrite+e.write, ofRead+e.read, silent+e.silent
			if err := w.settle(ctx); err != nil {
				return err
			}
		}
		n := float64(people * x.k * x.rounds)
		r.most(fmt.Sprintf("engine.write k=%d business", x.k), ofWrite/n, wu, x.write)
		r.note(fmt.Sprintf("engine.read k=%d business", x.k), ofRead/n, ru)
		r.most(fmt.Sprintf("engine.write / own model, k=%d: off by", x.k), off(ofWrite, sum.write()), "", 0.01)
		r.most(fmt.Sprintf("engine.read / own model, k=%d: off by", x.k), off(ofRead, sum.read), "", 0.01)
		if silent > 0 {
			r.note("engine: calls that did not say what they consumed", float64(silent), "")
		}
		r.most(fmt.Sprintf("engine.calls batch 100, k=%d", x.k), float64(calls)/n, "an activity", 0.10)
	}
	return oneByOne(ctx, r, e, w)
}

func off(a, b float64) float64 {
	if a > b {
		return a/b - 1
	}
	return 1 - a/b
}

// oneByOne counts the requests of batches of one.
func oneByOne(ctx context.Context, r *report, e *engine, w *town) error {
	all := w.people
	calls, n := 0, 0
	for _, p := range all[:50] {
		w.people = []*person{p}
		e.reset()
		if _, err := w.ingestOnly(ctx, 1, time.Hour, business); err != nil {
			return err
		}
		calls, n = calls+e.total(), n+1
	}
	w.people = all
	r.note("engine.calls batch 1", float64(calls)/float64(n), "an activity")
	return nil
}
