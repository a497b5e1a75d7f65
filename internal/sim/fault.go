package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/store"
)

// fault is what happens to a process at one call.
type fault uint8

const (
	fine        fault = iota
	before            // an error, and nothing happened
	after             // an error, and it happened; of a batch some of it
	throttled         // a refusal, and nothing happened
	conflict          // a conditional write loses although nobody else wrote
	crashBefore       // the process dies, and nothing happened
	crashAfter        // it dies, and it happened; of a batch some of it
	hangBefore        // no answer until the function's time is up
	hangAfter
	faults // how many there are
)

var faultNames = [...]string{"", "before", "after", "throttled", "conflict", "crash before", "crash after", "hang before", "hang after"}

// weights of the faults, in percent of those that happen.
var weights = [faults]int{before: 22, after: 26, throttled: 12, conflict: 14, crashBefore: 9, crashAfter: 11, hangBefore: 2, hangAfter: 4}

var (
	errBefore   = errors.New("sim: the connection broke before the request was written")
	errAfter    = errors.New("sim: the answer was lost")
	errThrottle = errors.New("sim: throttled")
)

func (w *World) roll() fault {
	if w.rate == 0 || w.dice.Float64() >= w.rate {
		return fine
	}
	n := w.dice.IntN(100)
	for f := before; f < faults; f++ {
		if n -= weights[f]; n < 0 {
			w.report.Faults++
			w.report.ByFault[f]++
			return f
		}
	}
	return fine
}

// meet is a call to the outside: the others go on meanwhile, and the dice say
// what becomes of it. It does not return when the process dies before the call
// has its effect.
func (p *process) meet(call, key string) fault {
	w := p.w
	took := time.Duration(1+w.dice.IntN(12)) * time.Millisecond
	if w.rate > 0 && w.dice.IntN(120) == 0 {
		took = time.Duration(1+w.dice.IntN(25)) * time.Second
	}
	if w.rate > 0 && call == "ses" && w.dice.IntN(25) == 0 { // mail services have bad minutes
		took = time.Duration(10+w.dice.IntN(35)) * time.Second
	}
	p.sleep(took)
	p.calls++
	w.report.Calls++
	f := w.roll()
	met := w.report.ByCall[p.of.name+" "+call]
	met[f]++
	w.report.ByCall[p.of.name+" "+call] = met
	w.note(p.name, call+" "+key, f)
	switch f {
	case crashBefore:
		panic(killed{})
	case hangBefore:
		p.sleep(time.Hour)
	}
	return f
}

// died ends the process after the call had its effect, if that is its fault.
func (p *process) died(f fault) {
	switch f {
	case crashAfter:
		panic(killed{})
	case hangAfter:
		p.sleep(time.Hour)
	}
}

// around makes one call. conditional tells that it is a write that may lose.
func around[T any](p *process, call, key string, conditional bool, do func() (T, error)) (T, error) {
	var zero T
	f := p.meet(call, key)
	switch {
	case f == before:
		return zero, errBefore
	case f == throttled:
		return zero, errThrottle
	case f == conflict && conditional:
		return zero, fmt.Errorf("sim: %s: %w", call, store.ErrConflict)
	case f == conflict:
		return zero, errBefore
	}
	v, err := do()
	p.w.raced(err)
	p.died(f)
	if f == after {
		return zero, errAfter
	}
	return v, err
}

// raced counts a write that lost to another worker.
func (w *World) raced(err error) {
	if errors.Is(err, store.ErrConflict) {
		w.report.Races++
	}
}

// act is around for a call without an answer.
func act(p *process, call, key string, conditional bool, do func() error) error {
	_, err := around(p, call, key, conditional, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// batch makes one call of several items, each with a fate of its own.
func batch[T any](p *process, call, key string, items []T, do func(T) store.Written[T]) []store.Written[T] {
	out := make([]store.Written[T], len(items))
	f := p.meet(call, key)
	for i, it := range items {
		switch {
		case f == before:
			out[i].Err = errBefore
		case f == throttled:
			out[i].Err = errThrottle
		case f == conflict && p.w.dice.IntN(2) == 0:
			out[i].Err = fmt.Errorf("sim: %s: %w", call, store.ErrConflict)
		case f == after || f == crashAfter || f == hangAfter:
			// Some of it happened, and of some the answer was lost.
			fate := p.w.dice.IntN(4)
			if fate != 0 {
				out[i] = do(it)
				p.w.raced(out[i].Err)
			}
			if fate < 2 {
				out[i] = store.Written[T]{Err: errAfter}
			}
		default:
			out[i] = do(it)
			p.w.raced(out[i].Err)
		}
	}
	p.died(f)
	return out
}

// some is the part of a batch that happened, when only part of it did.
func some[T any](p *process, f fault, items []T) []T {
	if f != after && f != crashAfter && f != hangAfter {
		return items
	}
	var out []T
	for _, it := range items {
		if p.w.dice.IntN(4) != 0 {
			out = append(out, it)
		}
	}
	return out
}
