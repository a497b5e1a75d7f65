package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/sarnakh/sarnakh/internal/store"
)

// settler knows how a kind of item is named, read from the table, and compared.
type settler[T any] struct {
	name func(T) string
	of   func(item) T
	same func(want, stored T) bool
	read func(ctx context.Context, lost []T) (map[string]T, error)
}

// settle turns the answers to conditional statements into fates. A condition
// also fails on our own write when its answer was lost and the call repeated:
// what is stored tells. Not every engine hands it over, so it may be read.
func settle[T any](ctx context.Context, wants []T, statements []*statement, k settler[T]) []store.Written[T] {
	out := make([]store.Written[T], len(wants))
	var lost []T
	if conflicts(statements) {
		for i, st := range statements {
			if errors.Is(st.err, store.ErrConflict) && st.old == nil {
				lost = append(lost, wants[i])
			}
		}
	}
	var stored map[string]T
	var readErr error
	if len(lost) > 0 {
		stored, readErr = k.read(ctx, lost)
	}
	for i, st := range statements {
		switch {
		case st.err == nil:
		case !errors.Is(st.err, store.ErrConflict):
			out[i].Err = fmt.Errorf("write %s: %w", k.name(wants[i]), st.err)
		case st.old == nil && readErr != nil:
			out[i].Err = fmt.Errorf("write %s: refused, and then: %w", k.name(wants[i]), readErr)
		default:
			now, ok := stored[k.name(wants[i])]
			if st.old != nil {
				now, ok = k.of(st.old), true
			}
			if ok && k.same(wants[i], now) {
				continue
			}
			out[i].Err = fmt.Errorf("write %s: %w", k.name(wants[i]), store.ErrConflict)
			out[i].Current = now
		}
	}
	return out
}
