package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/sarnakh/sarnakh/internal/activity"
	"github.com/sarnakh/sarnakh/internal/lead"
	"github.com/sarnakh/sarnakh/internal/signal"
)

// MaxItem is the size that an item keeps in steady state: one write unit, less
// the 8 bytes of an attribute da that an earlier due time may have left behind
// (a statement removes ds only, which is enough to leave the index).
const MaxItem = 1024 - 8

// What a blob has beside the fields that each one has.
const (
	blobKnown = 1 << iota
	blobSpilled
	blobConflicts
	blobExcluded
	blobAudience
	blobMemory
	blobPending
	blobMoved
	blobOwners
	blobRan
	blobRevoked
	blobBackfilled
	blobLookBack
)

// Units is what writing so many bytes costs.
func Units(bytes int) int { return max(1, (bytes+1023)/1024) }

// ReadUnits is what an eventually consistent read of so many bytes costs.
func ReadUnits(bytes int) float64 { return 0.5 * float64(max(1, (bytes+4095)/4096)) }

// Size is the item's size as DynamoDB counts it, attribute names included.
func (it Item) Size() int {
	n := 1 + len(it.Lead) + 1 + numberSize(it.Version) + 1 + numberSize(uint64(it.Playbook)) + 1 + len(it.Blob)
	if it.Band != "" {
		n += 1 + len(it.Band)
	}
	if it.DueShard != "" {
		n += 2 + len(it.DueShard) + 2 + numberSize(uint64(it.DueAt))
	}
	return n
}

// numberSize is a byte for two digits and one more.
func numberSize(v uint64) int {
	n := 2
	for v >= 100 {
		v /= 100
		n++
	}
	return n
}

// item encodes the state as the version after the one it was read at.
func (s *State) item() Item {
	return Item{
		Lead: s.Lead, Version: s.Version + 1, Playbook: s.Playbook, Blob: s.blob(),
		Band: s.Band, DueShard: s.DueShard, DueAt: s.DueAt,
	}
}

func (s *State) owners() []lead.ID {
	owners := []lead.ID{s.Lead}
	for i := range s.tail {
		owners = withOwner(owners, s.tail[i].Owner)
	}
	for _, p := range s.pages {
		owners = withOwner(owners, p.owner)
	}
	for _, p := range s.runs {
		owners = withOwner(owners, p.owner)
	}
	return owners
}

func (s *State) blob() []byte {
	owners := s.owners()
	var has uint64
	flag := func(bit uint64, on bool) {
		if on {
			has |= bit
		}
	}
	flag(blobKnown, s.Known)
	flag(blobSpilled, len(s.pages)+len(s.runs) > 0)
	flag(blobConflicts, s.conflicts > 0)
	flag(blobExcluded, s.Excluded != 0)
	flag(blobAudience, len(s.Audience) > 0)
	flag(blobMemory, len(s.Memory) > 0)
	flag(blobPending, len(s.Pending) > 0)
	flag(blobMoved, s.MovedTo != "")
	flag(blobOwners, len(owners) > 1)
	flag(blobRan, s.ran != 0)
	flag(blobRevoked, len(s.revoked) > 0)
	flag(blobBackfilled, s.backfilled)
	flag(blobLookBack, s.LookBack)

	b := make([]byte, 1, MaxItem+256)
	b[0] = format
	b = binary.AppendUvarint(b, has)
	b = binary.LittleEndian.AppendUint32(b, s.print)
	b = binary.AppendUvarint(b, uint64(s.entries))
	b = binary.AppendVarint(b, int64(s.high))
	b = binary.AppendUvarint(b, uint64(s.high-s.first))
	b = append(b, s.Stage, s.Grade, s.Persona)
	b = binary.AppendVarint(b, int64(s.Total))
	b = binary.AppendVarint(b, int64(s.Fit))
	review := uint64(0)
	if s.Review != 0 {
		review = zigzag(int64(s.Review-s.high)) + 1
	}
	b = binary.AppendUvarint(b, review)
	b = appendString(b, string(s.Profile))
	if has&blobConflicts != 0 {
		b = binary.AppendUvarint(b, uint64(s.conflicts))
	}
	if has&blobExcluded != 0 {
		b = append(b, s.Excluded)
	}
	if has&blobAudience != 0 {
		b = appendString(b, string(s.Audience))
	}
	if has&blobMemory != 0 {
		b = appendString(b, string(s.Memory))
	}
	if has&blobPending != 0 {
		b = binary.AppendUvarint(b, uint64(len(s.Pending)))
		for _, p := range s.Pending {
			b = appendPending(b, p)
		}
	}
	if has&blobMoved != 0 {
		b = appendLead(b, s.MovedTo)
	}
	if has&blobOwners != 0 {
		b = appendLeads(b, owners[1:])
	}
	if has&blobRevoked != 0 {
		b = binary.AppendUvarint(b, uint64(len(s.revoked)))
		for _, k := range s.revoked {
			b = binary.LittleEndian.AppendUint64(b, k)
		}
	}
	if has&blobSpilled != 0 {
		b = s.appendPointers(b, has, owners)
	}
	b = binary.AppendUvarint(b, uint64(len(s.registers)))
	w := bitWriter{out: b}
	s.filter.put(&w)
	var before signal.Number
	for i := range s.registers {
		s.registers[i].put(&w, before, s.high)
		before = s.registers[i].signal
	}
	b = w.flush()
	at := int64(s.high) * 86400
	for i := range s.tail {
		b = appendEntry(b, &s.tail[i], at, owners)
		at = s.tail[i].At
	}
	return b
}

func (s *State) appendPointers(b []byte, has uint64, owners []lead.ID) []byte {
	many := has&blobOwners != 0
	put := func(p pointer) {
		b = append(b, p.nonce[:]...)
		if many {
			b = binary.AppendUvarint(b, uint64(ownerIndex(owners, p.owner)))
		}
	}
	b = binary.AppendVarint(b, int64(s.high)*86400-s.spilled)
	if has&blobRan != 0 {
		b = binary.AppendVarint(b, s.spilled-s.ran)
	}
	b = binary.AppendUvarint(b, uint64(len(s.filter)))
	b = binary.AppendUvarint(b, uint64(len(s.pages)))
	for _, p := range s.pages {
		put(p)
	}
	b = binary.AppendUvarint(b, uint64(len(s.runs)))
	for _, p := range s.runs {
		put(p.pointer)
		b = binary.AppendUvarint(b, uint64(p.ids))
		b = binary.AppendUvarint(b, uint64(p.blocks))
	}
	return b
}

// Kinds of decisions that are written as one byte; released places never change.
var pendingKinds = [...]string{"handover", "fastlane", "stage", "enroll", "audience"}

func appendPending(b []byte, p Pending) []byte {
	head := byte(0)
	for i, k := range pendingKinds {
		if k == p.Kind {
			head = byte(i+1) << 1
		}
	}
	if p.Quiet {
		head |= 1
	}
	b = append(b, head)
	if head>>1 == 0 {
		b = appendString(b, p.Kind)
	}
	b = appendString(b, p.Name)
	b = binary.AppendUvarint(b, uint64(p.N))
	b = appendString(b, string(p.Reason))
	return binary.AppendVarint(b, p.At)
}

func readPending(r *byteReader) Pending {
	var p Pending
	head := r.byte()
	p.Quiet = head&1 == 1
	switch k := int(head >> 1); {
	case k == 0:
		p.Kind = string(r.text())
	case k <= len(pendingKinds):
		p.Kind = pendingKinds[k-1]
	default:
		r.bad = true
	}
	p.Name = string(r.text())
	n := r.uint()
	p.N = uint16(n)
	p.Reason = r.text()
	p.At = r.int()
	return p
}

// Decode reads a stored item of any released format.
func Decode(it Item) (*State, error) {
	s := &State{
		Lead: it.Lead, Version: it.Version, Playbook: it.Playbook,
		Band: it.Band, DueShard: it.DueShard, DueAt: it.DueAt,
	}
	if len(it.Blob) > 0 && it.Blob[0] != format {
		return nil, fmt.Errorf("ledger item of %s has format %d: this program reads format %d; a newer one wrote it", it.Lead, it.Blob[0], format)
	}
	if !s.decode(it.Blob) {
		return nil, fmt.Errorf("ledger item of %s, %d bytes: %w", it.Lead, len(it.Blob), errShort)
	}
	return s, nil
}

func (s *State) decode(blob []byte) bool {
	r := &byteReader{in: blob}
	r.byte()
	has := r.uint()
	if b := r.bytes(4); b != nil {
		s.print = binary.LittleEndian.Uint32(b)
	}
	s.entries = int(r.uint() & (1<<40 - 1))
	s.high = readDay(r)
	s.first = s.high - activity.Day(r.uint()&(2*maxDay-1))
	s.Stage, s.Grade, s.Persona = r.byte(), r.byte(), r.byte()
	s.Total, s.Fit = int(r.int()), int(r.int())
	if v := r.uint(); v != 0 {
		s.Review = s.high + activity.Day(unzigzag(v-1))
	}
	s.Profile = signal.Bits(r.text())
	s.Known = has&blobKnown != 0
	s.backfilled, s.LookBack = has&blobBackfilled != 0, has&blobLookBack != 0
	if has&blobConflicts != 0 {
		s.conflicts = int(r.uint() & (1<<40 - 1))
	}
	if has&blobExcluded != 0 {
		s.Excluded = r.byte()
	}
	if has&blobAudience != 0 {
		s.Audience = signal.Bits(r.text())
	}
	if has&blobMemory != 0 {
		s.Memory = r.text()
	}
	if has&blobPending != 0 {
		for n := r.count(); n > 0 && !r.bad; n-- {
			s.Pending = append(s.Pending, readPending(r))
		}
	}
	if has&blobMoved != 0 {
		s.MovedTo = readLead(r)
	}
	owners := []lead.ID{s.Lead}
	if has&blobOwners != 0 {
		owners = append(owners, readLeads(r)...)
	}
	if has&blobRevoked != 0 {
		for n := r.count(); n > 0 && !r.bad; n-- {
			if b := r.bytes(8); b != nil {
				s.revoked = append(s.revoked, binary.LittleEndian.Uint64(b))
			}
		}
	}
	filtered := 0
	if has&blobSpilled != 0 {
		filtered = s.readPointers(r, has, owners)
	}
	n := r.count()
	if r.bad {
		return false
	}
	bits := &bitReader{in: r.in}
	s.filter = readFilter(bits, filtered)
	if !s.readRegisters(bits, n) {
		return false
	}
	r.in = bits.rest()
	return s.readTail(r, owners)
}

func (s *State) readPointers(r *byteReader, has uint64, owners []lead.ID) (filtered int) {
	get := func() pointer {
		p := pointer{owner: owners[0]}
		copy(p.nonce[:], r.bytes(6))
		if has&blobOwners != 0 {
			if i := r.uint(); i < uint64(len(owners)) {
				p.owner = owners[i]
			} else {
				r.bad = true
			}
		}
		return p
	}
	s.spilled = int64(s.high)*86400 - r.int()
	if has&blobRan != 0 {
		s.ran = s.spilled - r.int()
	}
	filtered = r.count()
	for n := r.count(); n > 0 && !r.bad; n-- {
		s.pages = append(s.pages, get())
	}
	for n := r.count(); n > 0 && !r.bad; n-- {
		p := runPointer{pointer: get()}
		p.ids = int(r.uint() & (1<<31 - 1))
		p.blocks = int(r.uint() & (1<<16 - 1))
		s.runs = append(s.runs, p)
	}
	return filtered
}

func (s *State) readRegisters(bits *bitReader, n int) bool {
	s.registers = make([]register, 0, n+2)
	cells := make([]day, 0, 2*n)
	ends := make([]int, 0, 64)
	var before signal.Number
	for ; n > 0 && !bits.bad; n-- {
		var x register
		x, cells = readRegister(bits, before, s.high, cells)
		before = x.signal
		s.registers = append(s.registers, x)
		ends = append(ends, len(cells))
	}
	from := 0
	for i, end := range ends {
		s.registers[i].cells = cells[from:end:end]
		from = end
	}
	return !bits.bad
}

func (s *State) readTail(r *byteReader, owners []lead.ID) bool {
	if len(r.in) == 0 {
		return !r.bad
	}
	s.tail = make([]Entry, 0, 1+len(r.in)/32)
	arena := make([]signal.Number, 0, 64)
	at := int64(s.high) * 86400
	for len(r.in) > 0 && !r.bad {
		e := readEntry(r, at, owners, &arena)
		at = e.At
		s.tail = append(s.tail, e)
	}
	return !r.bad
}
