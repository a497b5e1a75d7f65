package tool

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sarnakh/sarnakh/internal/store"
)

// ParkedStore lists messages that were set aside.
type ParkedStore interface {
	ListParked(ctx context.Context, day time.Time, limit int, page string) ([]store.Parked, string, error)
}

// Parked writes the messages that were set aside on a day of UTC, each with its
// reason, and gives how many there are. Bodies may hold what people wrote, and
// are shown on demand.
func Parked(ctx context.Context, s ParkedStore, out io.Writer, day time.Time, bodies bool) (int, error) {
	n := 0
	for page := ""; ; {
		some, next, err := s.ListParked(ctx, day, 100, page)
		if err != nil {
			return n, err
		}
		for _, p := range some {
			n++
			if _, err := fmt.Fprintf(out, "%s  %-10s %-12s %s  (%s)\n", p.At.UTC().Format("15:04:05"), p.Source, p.Code, p.Reason, p.ID); err != nil {
				return n, err
			}
			if bodies {
				if _, err := fmt.Fprintf(out, "          %s\n", strings.ReplaceAll(string(p.Body), "\n", "\n          ")); err != nil {
					return n, err
				}
			}
		}
		if page = next; page == "" {
			return n, nil
		}
	}
}
