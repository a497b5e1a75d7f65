// Package ledger is what a lead did, kept so that it costs one small write.
//
// A ledger is a log of entries and its tally: how often each signal was seen on
// each day of the business's calendar. The tally is a commutative monoid of
// integers, and everything else here is a pure function of it: the same set of
// entries, in whatever order, batches and merges it came, gives the same
// registers and the same points.
//
// One State is one item of at most 1,024 bytes. It holds the newest entries
// (the tail), the open days of the tally as cells, the closed days as one small
// register a signal, and pointers. What does not fit goes to an immutable page;
// pages become runs, and runs double. Ids are remembered for ever.
//
// The package reads and writes nothing: what it must see it names as Refs, what
// must be stored it hands back as Records. It knows no clock, no playbook and
// no table.
//
// How a caller uses it, for one lead and a batch of activities:
//
//	s, err := ledger.Decode(item)              // or ledger.New(lead, meters)
//	answer := s.Seen(&entry)                   // Ask: read answer.Refs into shelf, then s.Resolve
//	err = s.Append(meters, entry)              // what is Fresh
//	for {                                      // nearly always not once around
//		refs, err := s.Wants(meters, shelf)
//		if len(refs) == 0 { break }
//		read refs into shelf                   // not found: read again strongly, then an error
//	}
//	err = s.Settle(meters, shelf)              // now Points may be asked
//	lines = s.Points(meters, today, lines[:0]) // score, decide; set the exported fields of s
//	item, records, err := s.Finish(meters, shelf)
//	put records, then write the item where the stored version is still s.Version
//	s.Stored()
package ledger
