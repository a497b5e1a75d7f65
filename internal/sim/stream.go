package sim

import (
	"time"

	"github.com/sarnakh/sarnakh/internal/ledger"
)

// stream is the change stream of the ledger table, filtered as the template
// filters it: items with pending decisions, in order a shard.
type stream struct {
	w      *World
	shards [2]shard
}

type shard struct {
	items []ledger.Item
	busy  bool
	tries int
	wait  time.Time
}

// slice is a batch of one shard, being worked on.
type slice struct {
	shard *shard
	batch []ledger.Item
	done  int
}

// put takes an image of an item; some are lost, some come twice.
func (s *stream) put(it ledger.Item) {
	if it.DueShard == "" {
		return
	}
	w := s.w
	if w.cfg.Again && !w.halted {
		w.past.stream = append(w.past.stream, it)
	}
	sh := &s.shards[int(it.Lead[0])%len(s.shards)]
	if w.rate > 0 {
		switch n := w.dice.IntN(20); {
		case n == 0:
			w.report.StreamLost++
			return
		case n < 3:
			sh.items = append(sh.items, it)
		}
	}
	sh.items = append(sh.items, it)
}

func (s *stream) ready() bool { return s.can() != nil }

func (s *stream) can() *shard {
	for i := range s.shards {
		if sh := &s.shards[i]; !sh.busy && len(sh.items) > 0 && !sh.wait.After(s.w.now) {
			return sh
		}
	}
	return nil
}

func (s *stream) next() (t time.Time) {
	for i := range s.shards {
		if sh := &s.shards[i]; !sh.busy && len(sh.items) > 0 && (t.IsZero() || sh.wait.Before(t)) {
			t = sh.wait
		}
	}
	return t
}

func (s *stream) take(n int) *slice {
	sh := s.can()
	if sh == nil {
		return nil
	}
	sh.busy = true
	b := &slice{shard: sh, batch: sh.items[:min(n, len(sh.items))]}
	s.w.report.Deliveries += len(b.batch)
	return b
}

// end goes on after what was done; what fails too often is given up, as the
// template's on-failure destination does, and left to the due index.
func (s *stream) end(b *slice) {
	sh := b.shard
	sh.busy = false
	drop := b.done
	if b.done == len(b.batch) || b.done > 0 {
		sh.tries = 0
	} else if sh.tries++; sh.tries > 8 {
		drop, sh.tries = 1, 0
		s.w.report.StreamLost++
	}
	sh.items = sh.items[drop:]
	if b.done < len(b.batch) {
		sh.wait = s.w.now.Add(time.Duration(1+s.w.dice.IntN(5)) * time.Second)
	}
}
