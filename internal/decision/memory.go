package decision

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Sides of the hand-over threshold.
const (
	armed = 0 // tells when met
	told  = 1 // was told, and was not low for long enough since
)

// Bits of a track's mark.
const (
	inside = 1 << iota // enrolled by us and not ended by us
	held               // a condition of its entry that lasts held when last asked
)

// Marks other than tracks, which have marks from firstTrack on.
const (
	markHandover = 1 + iota
	markFastLane
	markStage // since: the day on which the lead was last sent back
	markAudience
	markTalk // state: taken, dealing; since: of what was told last
	markWake // state: how often on the day since

	firstTrack = 16
)

// mark is what is remembered of one thing decisions are made about: how often,
// on which side, since when.
type mark struct {
	id    uint16
	state uint8
	n     uint16
	since activity.Day
}

// memory is the marks of a lead, by id. It is kept in the ledger item, so it is
// packed: a mark that says nothing takes no room.
type memory struct {
	marks []mark
}

const memoryFormat = 1

// epoch keeps days short: it is in 2024, and a varint of two bytes reaches 22
// years around it.
const epoch = 20000

// mark gives the mark with an id, making it. The pointer is good until the
// next call.
func (m *memory) mark(id uint16) *mark {
	i, ok := slices.BinarySearchFunc(m.marks, id, func(k mark, id uint16) int { return cmp.Compare(k.id, id) })
	if !ok {
		m.marks = slices.Insert(m.marks, i, mark{id: id})
	}
	return &m.marks[i]
}

// look gives the mark with an id as it is, without making one: pointers to
// others stay good.
func (m *memory) look(id uint16) mark {
	if i, ok := slices.BinarySearchFunc(m.marks, id, func(k mark, id uint16) int { return cmp.Compare(k.id, id) }); ok {
		return m.marks[i]
	}
	return mark{id: id}
}

func (m *memory) encode() []byte {
	b := []byte{memoryFormat}
	for _, k := range m.marks {
		if k.state == 0 && k.n == 0 && k.since == 0 {
			continue
		}
		b = binary.AppendUvarint(b, uint64(k.id))
		b = append(b, k.state)
		b = binary.AppendUvarint(b, uint64(k.n))
		since := int64(0)
		if k.since != 0 {
			since = int64(k.since) - epoch
			if since >= 0 {
				since++ // 0 is never
			}
		}
		b = binary.AppendVarint(b, since)
	}
	if len(b) == 1 {
		return nil
	}
	return b
}

// decodeMemory reads a memory. One that a newer release wrote, or that is
// broken, is read as far as it is understood: a lead is then at worst told once
// more, and never lost.
func decodeMemory(b []byte) memory {
	var m memory
	if len(b) == 0 || b[0] != memoryFormat {
		return m
	}
	for b = b[1:]; len(b) > 0; {
		id, w1 := binary.Uvarint(b)
		if w1 <= 0 || len(b) <= w1 || id > 0xFFFF {
			return m
		}
		state := b[w1]
		b = b[w1+1:]
		n, w2 := binary.Uvarint(b)
		if w2 <= 0 {
			return m
		}
		since, w3 := binary.Varint(b[w2:])
		if w3 <= 0 {
			return m
		}
		b = b[w2+w3:]
		k := m.mark(uint16(id))
		k.state, k.n, k.since = state, uint16(n), 0
		switch {
		case since > 0:
			k.since = activity.Day(since - 1 + epoch)
		case since < 0:
			k.since = activity.Day(since + epoch)
		}
	}
	return m
}

// Join gives the memory of two leads that became one: counters go on from the
// higher, what one of them was told the lead was told.
func Join(a, b []byte) []byte {
	m, other := decodeMemory(a), decodeMemory(b)
	for _, k := range other.marks {
		own := m.mark(k.id)
		own.n = max(own.n, k.n)
		own.state |= k.state
		if own.since == 0 || k.since != 0 && k.since > own.since {
			own.since = k.since
		}
	}
	return m.encode()
}
