package tool

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/flow"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/playbook"
	"github.com/sarnakh/sarnakh/internal/score"
	"github.com/sarnakh/sarnakh/internal/store"
)

// LeadStore is what is asked about leads.
type LeadStore interface {
	flow.PlaybookStore
	flow.HistoryReader
	Fetch(ctx context.Context, w store.Wanted) (store.Found, error)
	LeadOf(ctx context.Context, key store.IdentityKey) (lead.ID, error)
	ReadLedger(ctx context.Context, id lead.ID) (ledger.Item, error)
	ListPlaybooks(ctx context.Context, limit int, page string) ([]store.Pointer, string, error)
	ListDecisions(ctx context.Context, id lead.ID, page string) ([]store.Decision, string, error)
}

// Desk looks at leads under the playbook in force. It is for one goroutine.
type Desk struct {
	Store  LeadStore
	Secret []byte // keys the hashes of identities
	Phone  func(region string) lead.Phone

	books *flow.Books // those opened so far
}

func (d *Desk) shelf() *flow.Books {
	if d.books == nil {
		d.books = flow.NewBooks(d.Store)
	}
	return d.books
}

// errNobody says that a name belongs to no lead.
var errNobody = errors.New("no lead is known by it: give an e-mail address, a phone number, an external id or the id of a lead")

// Find gives the lead of an id of ours, an address, a phone number or an
// external id.
func (d *Desk) Find(ctx context.Context, c *playbook.Compiled, name string) (lead.ID, error) {
	if lead.ValidID(name) {
		_, err := d.Store.ReadLedger(ctx, lead.ID(name))
		if err == nil {
			return lead.ID(name), nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
	}
	for _, i := range d.identities(c, name) {
		id, err := d.Store.LeadOf(ctx, store.IdentityOf(string(i.Kind), i.Hash(d.Secret)))
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
	}
	return "", fmt.Errorf("%s: %w", name, errNobody)
}

// identities are what a name can mean, the likeliest first.
func (d *Desk) identities(c *playbook.Compiled, name string) []lead.Identity {
	var ids []lead.Identity
	if strings.Contains(name, "@") {
		if e, err := lead.NormalizeEmail(name); err == nil {
			ids = append(ids, lead.Identity{Kind: lead.ByEmail, Value: e.Address()})
		}
	}
	if d.Phone != nil {
		if e164, _, err := d.Phone(c.Business.Region)(name); err == nil {
			ids = append(ids, lead.Identity{Kind: lead.ByPhone, Value: e164})
		}
	}
	return append(ids, lead.Identity{Kind: lead.ByExternal, Value: strings.TrimSpace(name)}, lead.Identity{Kind: lead.ByVisitor, Value: name})
}

// AsOf gives the card of a lead that was shown on a day, or, with hindsight,
// what is known today about that day.
func (d *Desk) AsOf(ctx context.Context, id lead.ID, day activity.Day, hindsight bool) (flow.Past, error) {
	for range 10 {
		item, err := d.Store.ReadLedger(ctx, id)
		if err != nil {
			return flow.Past{}, err
		}
		s, err := ledger.Decode(item)
		if err != nil {
			return flow.Past{}, err
		}
		if s.MovedTo == "" {
			return flow.AsOf(ctx, d.Store, d.shelf().Open, item, day, hindsight)
		}
		id = s.MovedTo
	}
	return flow.Past{}, fmt.Errorf("lead %s was absorbed too often", id)
}

// open reads a lead, settled, following those that were absorbed.
func (d *Desk) open(ctx context.Context, c *playbook.Compiled, id lead.ID) (*ledger.State, error) {
	for range 10 {
		item, err := d.Store.ReadLedger(ctx, id)
		if err != nil {
			return nil, err
		}
		s, err := flow.OpenState(ctx, d.Store, c, item)
		if err != nil || s.MovedTo == "" {
			return s, err
		}
		id = s.MovedTo
	}
	return nil, fmt.Errorf("lead %s was absorbed too often", id)
}

// log reads the whole log of a lead.
func (d *Desk) log(ctx context.Context, s *ledger.State) ([]ledger.Entry, ledger.Shelf, error) {
	shelf := ledger.Shelf{}
	for {
		refs, err := s.LogRefs(shelf)
		if err != nil {
			return nil, nil, err
		}
		if len(refs) == 0 {
			break
		}
		if err := d.read(ctx, refs, shelf); err != nil {
			return nil, nil, err
		}
	}
	entries, err := s.Log(shelf)
	return entries, shelf, err
}

func (d *Desk) read(ctx context.Context, refs []ledger.Ref, shelf ledger.Shelf) error {
	got, err := d.Store.ReadHistory(ctx, refs)
	for r, body := range got {
		shelf[r] = body
	}
	return err
}

// Card is the card of a lead on a day, under the playbook in force.
func (d *Desk) Card(ctx context.Context, id lead.ID, day activity.Day) (score.Card, error) {
	c, err := d.shelf().InForce(ctx)
	if err != nil {
		return score.Card{}, err
	}
	s, err := d.open(ctx, c, id)
	if err != nil {
		return score.Card{}, err
	}
	return c.Rules.Card(s, day), nil
}
