// Package store names what is kept and how it is found: the records, the keys
// of every entity, and the two ways in which a write can be refused. The
// stores themselves are store/memory and aws/dynamo; store/storetest is the
// suite that both pass. Nothing here reads a clock, a network or a playbook.
//
// Interfaces are declared where they are called: a function asks for the acts
// it needs, and both stores have them all.
//
// What holds for every store:
//
//   - A write on a condition either happens whole or not at all, and the loser
//     gets ErrConflict. A writer that repeats its own write after a lost answer
//     is told that it succeeded.
//   - Records are values: changing one that was read or written changes nothing.
//   - A list gives each record once over all its pages, as long as it stays.
package store

import (
	"errors"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/sarnakh/sarnakh/internal/lead"
)

// ErrNotFound says that there is no such record.
var ErrNotFound = errors.New("not found")

// ErrConflict says that somebody else wrote first: read again, decide again.
var ErrConflict = errors.New("conflict: it was changed meanwhile")

// DueShards is the number of hash keys over which the due indexes are spread.
// A reader asks all of them. Raising it needs no migration: an item moves with
// its next write, and readers ask the old shards too as long as the number only
// grows.
const DueShards = 2

// DueShard is the shard of the due index on which an item waits.
func DueShard(id string) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	return strconv.Itoa(int(h.Sum32() % DueShards))
}

// BandShards is the number of hash keys of one band in the ranked list.
const BandShards = 10

// BandKey is the index key under which a lead of a band is listed: "hot#07".
func BandKey(band string, id lead.ID) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	return BandShardKey(band, int(h.Sum32()%BandShards))
}

// BandShardKey is the index key of one shard of a band.
func BandShardKey(band string, shard int) string {
	if shard < 10 {
		return band + "#0" + strconv.Itoa(shard)
	}
	return band + "#" + strconv.Itoa(shard)
}

// BandOf is the band of an index key: "hot" of "hot#07".
func BandOf(key string) string {
	band, _, _ := strings.Cut(key, "#")
	return band
}

// WorkShards is the number of hash keys over which the work list is spread.
const WorkShards = 2

// QuietShards is the number of hash keys over which the quiet list is spread: a
// job over all leads writes to it as fast as it writes ledgers.
const QuietShards = 4

// QuietShard is the shard of the quiet list on which a lead's decisions stand.
func QuietShard(id lead.ID) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % QuietShards)
}

// WorkShard is the shard of the work list on which a lead's item stands.
func WorkShard(id lead.ID) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % WorkShards)
}
