// Package clock is the time of a local run: the wall clock and an offset that
// only grows, so that a month can pass in a minute. It remembers when it was
// moved, so that what happened before a move keeps its time.
package clock

import (
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/local/keep"
)

// Clock is safe for use by many goroutines.
type Clock struct {
	path string
	wall func() time.Time

	mu    sync.RWMutex
	moves []move
}

// move says which offset holds from a moment of the wall clock on.
type move struct {
	From   time.Time     `json:"from"`
	Offset time.Duration `json:"offset"`
}

const remembered = 500 // moves; what waits in a queue is younger

// Open reads where the clock of an earlier run stood; a path of "" keeps nothing.
func Open(path string) (*Clock, error) {
	c := &Clock{path: path, wall: time.Now}
	if path == "" {
		return c, nil
	}
	return c, keep.Read(path, &c.moves)
}

// Now is the time of the run.
func (c *Clock) Now() time.Time { return c.wall().Add(c.Offset()) }

// Offset is how far the clock is ahead.
func (c *Clock) Offset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if len(c.moves) == 0 {
		return 0
	}
	return c.moves[len(c.moves)-1].Offset
}

// At is what the clock showed at a moment of the wall clock.
func (c *Clock) At(wall time.Time) time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i := len(c.moves) - 1; i >= 0; i-- {
		if !wall.Before(c.moves[i].From) {
			return wall.Add(c.moves[i].Offset)
		}
	}
	return wall
}

// MoveTo lets the clock show t from now on. A t that has passed changes
// nothing: time does not go back.
func (c *Clock) MoveTo(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.wall()
	offset := t.Sub(now)
	if len(c.moves) > 0 && offset <= c.moves[len(c.moves)-1].Offset || offset <= 0 {
		return nil
	}
	c.moves = append(c.moves, move{From: now, Offset: offset})
	if len(c.moves) > remembered {
		c.moves = append([]move(nil), c.moves[len(c.moves)-remembered:]...)
	}
	if c.path == "" {
		return nil
	}
	return keep.Write(c.path, c.moves)
}
