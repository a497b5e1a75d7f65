package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sarnakh/sarnakh/internal/form"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/store"
)

// PlaybookStore is where the published playbook is read.
type PlaybookStore interface {
	ReadPointer(ctx context.Context) (store.Pointer, error)
	ReadPlaybook(ctx context.Context, number uint32) (store.Playbook, error)
}

// PublishedForms are the forms of the playbook in force. The pointer is read
// for each question, the playbook once a version. Rules are not compiled: forms
// need none.
type PublishedForms struct {
	store PlaybookStore

	mu   sync.Mutex
	kept *playbook.Playbook
	zone *time.Location
}

// NewPublishedForms reads nothing yet.
func NewPublishedForms(s PlaybookStore) *PublishedForms { return &PublishedForms{store: s} }

// Form finds a form; store.ErrNotFound when the playbook has none of that name.
func (f *PublishedForms) Form(ctx context.Context, name string) (*form.Config, error) {
	p, _, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(p.Forms, func(c form.Config) bool { return c.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("form: %w", store.ErrNotFound)
	}
	return &p.Forms[i], nil
}

// Site is what pages say about the business.
func (f *PublishedForms) Site(ctx context.Context) (Site, error) {
	p, zone, err := f.open(ctx)
	if err != nil {
		return Site{}, err
	}
	return Site{Name: p.Business.Name, Topics: p.Nurture.Topics, Zone: zone}, nil
}

// open gives the playbook in force. When the store does not answer, the one
// that was in force is better than none.
func (f *PublishedForms) open(ctx context.Context) (*playbook.Playbook, *time.Location, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pointer, err := f.store.ReadPointer(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, ErrNoPlaybook
	}
	if err == nil && (f.kept == nil || f.kept.Number != pointer.Number) {
		err = f.read(ctx, pointer.Number)
	}
	if err != nil && f.kept == nil {
		return nil, nil, err
	}
	return f.kept, f.zone, nil
}

func (f *PublishedForms) read(ctx context.Context, number uint32) error {
	stored, err := f.store.ReadPlaybook(ctx, number)
	if err != nil {
		return fmt.Errorf("playbook %d: %w", number, withoutNotFound(err))
	}
	p, err := playbook.Load(stored.Compiled)
	if err != nil {
		return fmt.Errorf("playbook %d: %w", number, err)
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return fmt.Errorf("playbook %d: %w", number, err)
	}
	p.Number = number
	f.kept, f.zone = p, zone
	return nil
}

// withoutNotFound keeps a playbook that is pointed to and not there from
// looking like a form that does not exist.
func withoutNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("the pointer names it and it is not there")
	}
	return err
}
