package memory

import (
	"encoding/json"
	"fmt"
)

// Dump gives every record as text, by kind and key, so that tests can tell
// whether anything changed at all.
func (s *Store) Dump() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	dump(out, "identity", s.identities)
	dump(out, "ledger", s.ledgers)
	dump(out, "history", s.history)
	dump(out, "profile", s.profiles)
	dump(out, "recipient", s.recipients)
	dump(out, "suppression", s.suppressed)
	dump(out, "decision", s.decisions)
	dump(out, "work", s.work)
	dump(out, "parked", s.parked)
	dump(out, "proposal", s.proposals)
	dump(out, "playbook", s.versions)
	dump(out, "progress", s.progress)
	dump(out, "broadcast", s.broadcasts)
	dump(out, "count", s.counts)
	dump(out, "unknown", s.unknown)
	dump(out, "pointer", map[string]any{"": s.pointer})
	dump(out, "sending", map[string]any{"": s.sending})
	dump(out, "lease", s.leases)
	dump(out, "bell", map[string]any{"": s.bell})
	return out
}

func dump[K comparable, V any](out map[string]string, kind string, of map[K]V) {
	for k, v := range of {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err) // unreachable: records are plain values
		}
		out[fmt.Sprintf("%s %v", kind, k)] = string(b)
	}
}
