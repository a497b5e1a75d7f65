// Package sim is a small world in which the real flows run for weeks in a few
// seconds: people look at pages, post forms, click and unsubscribe, senders send
// twice and late, queues deliver twice and in any order, calls fail before or
// after they had their effect, processes die in the middle. It is there to find
// what breaks a promise of docs/architecture.md, and to show it again.
//
// Everything hangs on one seed. One thing happens at a time: each process of a
// function is a coroutine that gives way at every call to the outside, and the
// dice say who goes on. The same seed gives the same trace, to the last call.
//
// First the faults are on, and nothing may ever happen that must not (a mail
// after an unsubscribe was answered, an activity twice in a ledger). Then they
// are switched off, and all that was left must end: done, parked with a reason,
// or in a dead-letter queue. At the end every ledger is held against a replay
// of what was sent.
//
// The package knows the flows and the store in memory; it knows no clock, no
// network and no AWS.
package sim
