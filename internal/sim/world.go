package sim

import (
	"container/heap"
	"context"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"time"

	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/link"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/sending"
	"github.com/sarnakh/sarnakh/internal/store"
	"github.com/sarnakh/sarnakh/internal/store/memory"
)

// World is one run of the simulation.
type World struct {
	cfg    Config
	dice   *rand.Rand
	now    time.Time
	end    time.Time // when people stop acting
	rate   float64   // of faults, while they are on
	mem    *memory.Store
	keys   *link.Keys
	books  map[uint32]*playbook.Compiled
	latest uint32
	report Report
	hash   hash.Hash64

	functions  []*function
	activities *queue
	deliveries *queue
	jobs       *queue
	feedback   *queue
	stream     *stream
	post       *post
	mails      *mails
	casts      *casts
	log        *sentLog

	was    map[lead.ID]ledger.Item    // ledgers before their last write
	is     map[lead.ID]ledger.Item    // and after it
	wasTo  map[string]store.Recipient // recipients before their last write
	due    map[string]int64           // when recipients are due
	hooked map[string][]byte          // events that the webhook's receiver took

	events      timeline
	planned     int
	requests    []*request
	ticks       []*tick
	minutes     int // minute ticks that wait for a process
	invocations int
	people      []*person
	words       []*word                    // what people say of quiet decisions, until it is done
	said        map[store.DecisionKey]bool // of what they spoke; true when they were answered
	ids         []string                   // of activities, for revocations
	past        past
	halted      bool // no schedule ticks any more
}

type tick struct {
	name  string
	at    time.Time
	tries int
}

const publicURL = "https://go.business.test"

var secret = []byte("a secret of the simulation, long enough for anybody")

// Run lives through one world and says what came of it.
func Run(cfg Config) Report {
	w := &World{
		cfg: cfg, dice: rand.New(rand.NewPCG(cfg.Seed, 1)), now: cfg.Start, rate: cfg.FaultRate, mem: memory.New(), books: map[uint32]*playbook.Compiled{},
		hash: fnv.New64a(), was: map[lead.ID]ledger.Item{}, is: map[lead.ID]ledger.Item{}, wasTo: map[string]store.Recipient{}, due: map[string]int64{},
		hooked: map[string][]byte{}, said: map[store.DecisionKey]bool{}, past: past{messages: map[*queue][][]byte{}},
	}
	w.report.Seed, w.report.Worlds, w.report.ByCall = cfg.Seed, 1, map[string][faults]int{}
	w.end = cfg.Start.AddDate(0, 0, cfg.Days)
	var err error
	if w.keys, err = link.NewKeys(string(secret)); err != nil {
		panic(err) // unreachable: a constant
	}
	w.log = newSentLog(w)
	w.activities = &queue{w: w, name: "activities", visibility: 180 * time.Second, maxReceives: 5, kept: w.log.kept}
	w.deliveries = &queue{w: w, name: "deliveries", visibility: 360 * time.Second, maxReceives: 100}
	w.jobs = &queue{w: w, name: "jobs", visibility: 1800 * time.Second, maxReceives: 5}
	w.feedback = &queue{w: w, name: "feedback", visibility: 180 * time.Second, maxReceives: 10}
	w.stream = &stream{w: w}
	w.post = &post{w: w, copies: map[string][]time.Time{}, doubt: map[string]int{}, never: map[string]int{}, told: map[string]told{}, named: map[listed]int{}}
	w.mails = newMails(w)
	w.casts = &casts{w: w, by: map[string]*cast{}, since: map[string]int64{}}
	w.mem.Stream(func(it ledger.Item) {
		if was, ok := w.is[it.Lead]; ok {
			w.was[it.Lead] = was
		}
		w.is[it.Lead] = it
		w.stream.put(it)
	})
	w.house()
	w.publish()
	w.clockwork()
	w.populate()
	w.listening()
	w.casts.plan()
	w.until(w.end)
	w.calm()
	if cfg.Again {
		w.redeliver()
	}
	w.report.Hash = w.hash.Sum64()
	return w.report
}

// publish brings the next of the configured playbooks into force, as whoever
// publishes does: the pointer, then the job that looks at all leads.
func (w *World) publish() {
	number := w.latest + 1
	if int(number) > len(w.cfg.Books) {
		return
	}
	p := w.cfg.Books[number-1]
	c, err := p.Compile()
	if err != nil {
		panic(err) // a fault of the configuration
	}
	doc := store.Playbook{Pointer: store.Pointer{Number: number, Name: p.Name}, Compiled: p.JSON()}
	if err := w.mem.Publish(context.Background(), doc, w.latest); err != nil {
		panic(err) // unreachable: nobody else publishes
	}
	numbered := *c.Playbook
	numbered.Number = number
	if c, err = numbered.Compile(); err != nil {
		panic(err)
	}
	w.books[number], w.latest = c, number
	w.note("publish", p.Name, number)
	if number > 1 {
		w.jobs.put(flow.PlaybookJob(number).Encode())
		w.report.Publishes++
	}
}

func (w *World) newest() *playbook.Compiled { return w.books[w.latest] }

// clockwork is the schedules of the template: some ticks are lost, some come
// twice.
func (w *World) clockwork() {
	every := func(step time.Duration, first time.Time, do func()) {
		var again func(at time.Time)
		again = func(at time.Time) {
			w.at(at, func() {
				n := 1
				if w.rate > 0 {
					switch w.dice.IntN(50) {
					case 0:
						n = 0
					case 1:
						n = 2
					}
				}
				if w.halted {
					return
				}
				for range n {
					do()
				}
				again(at.Add(step))
			})
		}
		again(first)
	}
	every(time.Minute, w.now.Truncate(time.Minute).Add(time.Minute), func() {
		for _, due := range w.due {
			if due != 0 && due <= w.now.Unix() {
				w.minutes++
				if w.rate > 0 && w.dice.IntN(20) == 0 { // it failed, and comes again while the next one runs
					w.at(w.now.Add(time.Duration(5+w.dice.IntN(55))*time.Second), func() { w.minutes++ })
				}
				return
			}
		}
	})
	every(5*time.Minute, w.now.Truncate(time.Minute).Add(3*time.Minute), func() {
		if w.casts.due() || w.listDue() {
			w.ticks = append(w.ticks, &tick{name: "due", at: w.now})
			return
		}
		for _, it := range w.is {
			if it.DueShard != "" && it.DueAt <= w.now.Unix() {
				w.ticks = append(w.ticks, &tick{name: "due", at: w.now})
				return
			}
		}
	})
	// Somebody looks at the brake each few hours, and opens it.
	every(5*time.Hour, w.now.Add(2*time.Hour), func() {
		err := flow.ChangeSending(context.Background(), w.mem, func(s *sending.State) bool {
			if s.Shut == 0 {
				return false
			}
			w.report.Braked++
			s.Open("sara", w.now)
			return true
		})
		if err != nil {
			w.broken("%v", err)
		}
	})
	every(7*time.Hour+13*time.Minute, w.now.Add(time.Hour), w.glance)
	// Ten past midnight in Tehran.
	every(24*time.Hour, w.now.Truncate(24*time.Hour).Add(20*time.Hour+40*time.Minute), func() {
		w.ticks = append(w.ticks, &tick{name: "review", at: w.now})
	})
}

// until lets the world go on until a time.
func (w *World) until(t time.Time) {
	var can []*process
	for {
		for len(w.events) > 0 && !w.events[0].at.After(w.now) {
			e := heap.Pop(&w.events).(event)
			e.do()
		}
		can = can[:0]
		for _, f := range w.functions {
			idle := false
			for _, p := range f.processes {
				switch {
				case p.busy() && !p.wake.After(w.now):
					can = append(can, p)
				case !p.busy() && !idle:
					idle = true
					if f.ready() {
						can = append(can, p)
					}
				}
			}
		}
		if len(can) == 0 {
			next := w.next()
			if next.IsZero() || next.After(t) {
				w.now = t
				return
			}
			w.now = next
			continue
		}
		p := can[w.dice.IntN(len(can))]
		if !p.busy() {
			p.start()
		}
		if p.busy() {
			p.resume()
		}
	}
}

// next is when something can happen again.
func (w *World) next() time.Time {
	var t time.Time
	sooner := func(at time.Time) {
		if !at.IsZero() && at.After(w.now) && (t.IsZero() || at.Before(t)) {
			t = at
		}
	}
	if len(w.events) > 0 {
		sooner(w.events[0].at)
	}
	for _, f := range w.functions {
		for _, p := range f.processes {
			if p.busy() {
				sooner(p.wake)
			}
		}
	}
	for _, q := range []*queue{w.activities, w.deliveries, w.jobs, w.feedback} {
		sooner(q.next())
	}
	sooner(w.stream.next())
	return t
}

// leaving tells that people have stopped acting: nothing new is put off for days.
func (w *World) leaving() bool { return w.end.Sub(w.now) < 14*24*time.Hour }

// at puts something on the timeline.
func (w *World) at(t time.Time, do func()) {
	w.planned++
	heap.Push(&w.events, event{t, w.planned, do})
}

// note adds to the trace; what is noted must depend on the seed alone.
func (w *World) note(who, what string, how any) {
	line := fmt.Sprintf("%d %s %s %v\n", w.now.UnixMilli(), who, what, how)
	io.WriteString(w.hash, line)
	if w.cfg.Trace != nil {
		fmt.Fprintf(w.cfg.Trace, "%s %s %s %v\n", w.now.UTC().Format("2006-01-02T15:04:05.000"), who, what, how)
	}
}

func (f fault) String() string { return faultNames[f] }
