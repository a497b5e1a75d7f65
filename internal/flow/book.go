package flow

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// ErrNoPlaybook says that nothing was published yet.
var ErrNoPlaybook = errors.New("no playbook is published yet: publish one with the tool")

// Books keeps compiled playbooks, so that a published one is read once by a
// process. It is safe for concurrent use.
type Books struct {
	store PlaybookStore
	mu    sync.Mutex
	kept  []*playbook.Compiled // the newest used last
}

// keptBooks is enough for the one in force, the one before, and a lead or two
// that were last written under older ones.
const keptBooks = 4

// NewBooks makes an empty cache over a store.
func NewBooks(s PlaybookStore) *Books { return &Books{store: s} }

// InForce gives the published playbook: the pointer is read each time, the
// playbook once. ErrNoPlaybook when nothing was published yet.
func (b *Books) InForce(ctx context.Context) (*playbook.Compiled, error) {
	p, err := b.store.ReadPointer(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoPlaybook
	}
	if err != nil {
		return nil, err
	}
	return b.Open(ctx, p.Number)
}

// Open gives the playbook with a number.
func (b *Books) Open(ctx context.Context, number uint32) (*playbook.Compiled, error) {
	if number == 0 {
		return nil, ErrNoPlaybook
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, c := range b.kept {
		if c.Number == number {
			b.kept = append(append(b.kept[:i:i], b.kept[i+1:]...), c)
			return c, nil
		}
	}
	stored, err := b.store.ReadPlaybook(ctx, number)
	if err != nil {
		return nil, err
	}
	p, err := playbook.Load(stored.Compiled)
	if err != nil {
		return nil, fmt.Errorf("playbook %d: %w", number, err)
	}
	p.Number = number // as published: the document may have been made before it had one
	c, err := p.Compile()
	if err != nil {
		return nil, fmt.Errorf("playbook %d: %w", number, err)
	}
	if b.kept = append(b.kept, c); len(b.kept) > keptBooks {
		b.kept = b.kept[1:]
	}
	return c, nil
}
