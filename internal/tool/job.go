package tool

import (
	"context"
	"fmt"
	"time"

	"github.com/sarnakh/sarnakh/internal/store"
)

// ProgressStore tells how far a job is.
type ProgressStore interface {
	ListProgress(ctx context.Context, job string) ([]store.Progress, error)
}

// JobProgress is how far a job over all leads has come.
type JobProgress struct {
	Read, Changed  int
	Quiet          int // decisions that nobody was told of
	Done, Segments int // Segments is 0 until the first has reported
}

func (p JobProgress) String() string {
	return fmt.Sprintf("%d leads looked at, %d scored again, %d quiet decisions, %d of %d parts done", p.Read, p.Changed, p.Quiet, p.Done, p.Segments)
}

func (p JobProgress) finished() bool { return p.Segments > 0 && p.Done == p.Segments }

// AwaitJob asks how far a job is until it is done, and tells each change.
func AwaitJob(ctx context.Context, s ProgressStore, job string, tell func(JobProgress)) error {
	for last := (JobProgress{}); ; {
		segments, err := s.ListProgress(ctx, job)
		if err != nil {
			return err
		}
		var now JobProgress
		for _, p := range segments {
			now.Segments = p.Of
			now.Read += p.Read
			now.Changed += p.Changed
			now.Quiet += p.Quiet
			if p.Done {
				now.Done++
			}
		}
		if now != last {
			tell(now)
			last = now
		}
		if now.finished() {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("job %s is not done yet, it goes on by itself: %w", job, context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}
