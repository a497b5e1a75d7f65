package dynamo

import (
	"context"
	"fmt"
	"strings"

	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/ledger"
	"github.com/sarnakh/sarnakh/internal/store"
)

// Fetch reads records of several tables together, 100 a call.
func (s *Store) Fetch(ctx context.Context, w store.Wanted) (store.Found, error) {
	found := store.Found{
		Identities: make(map[store.IdentityKey]lead.ID, len(w.Identities)),
		Ledgers:    make(map[lead.ID]ledger.Item, len(w.Ledgers)),
		Profiles:   make(map[lead.ID]store.Profile, len(w.Profiles)),
		Recipients: make(map[string]store.Recipient, len(w.Recipients)), Suppressions: make(map[string]store.Suppression, len(w.Suppressions)),
	}
	keys := make([]tableKey, 0, 1+len(w.Identities)+len(w.Ledgers)+len(w.Profiles)+len(w.Recipients)+len(w.Suppressions))
	if w.Playbook {
		keys = append(keys, tableKey{s.tables.Desk, deskKey(store.PointerKey)})
	}
	seen := make(map[string]bool, cap(keys))
	people := func(k string) {
		if !seen[k] {
			seen[k] = true
			keys = append(keys, tableKey{s.tables.People, item{"k": text(k)}})
		}
	}
	for _, k := range w.Identities {
		people(k.Key())
	}
	for _, id := range w.Profiles {
		people(store.ProfileKey(id))
	}
	for _, id := range w.Recipients {
		people(store.RecipientKey(id))
	}
	for _, h := range w.Suppressions {
		people(store.SuppressionKey(h))
	}
	for _, id := range w.Ledgers {
		if k := "l" + string(id); !seen[k] {
			seen[k] = true
			keys = append(keys, tableKey{s.tables.Ledger, item{"l": text(string(id))}})
		}
	}
	err := s.getAll(ctx, keys, w.Strong, func(table string, it item) error {
		switch table {
		case s.tables.Ledger:
			l := ledgerOf(it)
			found.Ledgers[l.Lead] = l
		case s.tables.Desk:
			found.Playbook = pointerOf(it)
		case s.tables.People:
			k := textOf(it, "k")
			switch {
			case strings.HasPrefix(k, "i#"):
				found.Identities[store.IdentityKey(k[2:])] = lead.ID(textOf(it, "l"))
			case strings.HasPrefix(k, "f#"):
				p := profileOf(it)
				found.Profiles[p.Lead] = p
			case strings.HasPrefix(k, "r#"):
				r := recipientOf(it)
				found.Recipients[r.ID] = r
			case strings.HasPrefix(k, "s#"):
				found.Suppressions[k[2:]] = store.Suppression{Hash: k[2:], Reason: textOf(it, "c"), At: numberOf(it, "a")}
			}
		default:
			return fmt.Errorf("read: an item of table %q was not asked for", table)
		}
		return nil
	})
	return found, err
}
