package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/sarnakh/sarnakh/internal/lead"
)

// A run is the index of pages: their keys, their tally and the ids in them. It
// is written once; two of a size become one. Its ids lie in the run itself while
// they are few, else in blocks of at most 4 KiB by hash range, so that asking
// about one id reads half a unit whatever the lead's age.
type run struct {
	pages []pointer
	ids   []id
	made  int64 // newest time-ordered id
	tally Tally
}

// id is what is remembered of an activity for ever.
type id struct {
	key   uint64
	check byte // of the payload's hash: tells most conflicts
}

type runPointer struct {
	pointer
	ids    int
	blocks int // 0: the ids are in the run
}

const (
	inlineIDs = 450     // more of them never fit 4 KiB, the unit of a read
	blockIDs  = 430     // on average; 8.2 bytes each, and hash ranges differ by chance
	maxRunIDs = 1 << 15 // larger runs are not merged: a run's own item must stay far under 400 KB
)

func blockOf(key uint64, blocks int) int {
	hi, _ := bits.Mul64(key, uint64(blocks))
	return int(hi)
}

// asks names the record that knows whether the run has the id.
func (p runPointer) asks(key uint64) Ref {
	if p.blocks == 0 {
		return p.run()
	}
	return p.block(blockOf(key, p.blocks))
}

// refs names all of the run's records.
func (p runPointer) refs(out []Ref) []Ref {
	out = append(out, p.run())
	for i := range p.blocks {
		out = append(out, p.block(i))
	}
	return out
}

func putIDs(w *bitWriter, ids []id, from uint64, k uint) {
	for _, x := range ids {
		w.rice(x.key-from, k)
		w.put(uint64(x.check), 8)
		from = x.key
	}
}

func readIDs(r *bitReader, n int, from uint64, k uint) []id {
	if n > len(r.in) {
		r.bad = true
		return nil
	}
	ids := make([]id, 0, n)
	for ; n > 0 && !r.bad; n-- {
		from += r.rice(k)
		ids = append(ids, id{from, byte(r.take(8))})
	}
	return ids
}

func idGap(n int) uint { return uint(64 - bits.Len(uint(max(n, 1)))) }

// newRun writes a run and its blocks; the pages of other owners stay where they
// are.
func newRun(owner lead.ID, r *run) (runPointer, []Record) {
	slices.SortFunc(r.ids, func(a, b id) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	p := runPointer{pointer: pointer{owner: owner}, ids: len(r.ids)}
	body := r.body(0)
	if len(r.ids) > inlineIDs || (Record{Ref{owner, "r0123456789"}, body}).Size() > 4096 {
		p.blocks = (len(r.ids) + blockIDs - 1) / blockIDs
		body = r.body(p.blocks)
	}
	p.nonce = nonceOf(owner, body)
	records := []Record{{p.run(), body}}
	ids := r.ids
	for i := range p.blocks {
		n := 0
		for n < len(ids) && blockOf(ids[n].key, p.blocks) == i {
			n++
		}
		records = append(records, Record{p.block(i), blockBody(ids[:n], i, p.blocks, len(r.ids))})
		ids = ids[n:]
	}
	return p, records
}

func (r *run) body(blocks int) []byte {
	var owners []lead.ID
	for _, x := range r.pages {
		owners = withOwner(owners, x.owner)
	}
	b := appendLeads([]byte{format, bodyRun}, owners)
	b = binary.AppendVarint(b, r.made)
	b = binary.AppendUvarint(b, uint64(len(r.ids)))
	b = binary.AppendUvarint(b, uint64(blocks))
	for _, o := range owners {
		var own []byte
		for _, x := range r.pages {
			if x.owner == o {
				own = append(own, x.nonce[:]...)
			}
		}
		b = binary.AppendUvarint(b, uint64(len(own)/6))
		b = append(b, own...)
	}
	w := bitWriter{out: b}
	putTally(&w, r.tally)
	if blocks == 0 {
		putIDs(&w, r.ids, 0, idGap(len(r.ids)))
		return w.flush()
	}
	// These bytes do not hold the ids, so a mark of them goes into the name.
	b = w.flush()
	sum := make([]byte, 0, 9*len(r.ids))
	for _, x := range r.ids {
		sum = append(binary.LittleEndian.AppendUint64(sum, x.key), x.check)
	}
	mark := nonceOf("", sum)
	return append(b, mark[:]...)
}

// blockFrom is the least key of a block.
func blockFrom(i, blocks int) uint64 {
	q, rest := bits.Div64(uint64(i), 0, uint64(blocks))
	if rest > 0 {
		q++
	}
	return q
}

func blockBody(ids []id, i, blocks, all int) []byte {
	from, k := blockFrom(i, blocks), idGap(all)
	b := []byte{format, bodyBlock, byte(k)}
	b = binary.LittleEndian.AppendUint64(b, from)
	b = binary.AppendUvarint(b, uint64(len(ids)))
	w := bitWriter{out: b}
	putIDs(&w, ids, from, k)
	return w.flush()
}

func readBlock(body []byte) ([]id, error) {
	r := byteReader{in: body}
	if err := r.head(bodyBlock); err != nil {
		return nil, err
	}
	k := uint(r.byte())
	var from uint64
	if b := r.bytes(8); b != nil {
		from = binary.LittleEndian.Uint64(b)
	}
	n := r.count()
	b := bitReader{in: r.in}
	ids := readIDs(&b, n, from, min(k, 63))
	if r.bad || b.bad {
		return nil, fmt.Errorf("ledger id block of %d bytes: %w", len(body), errShort)
	}
	return ids, nil
}

// readRun reads a run without the ids that lie in blocks.
func readRun(body []byte) (*run, error) {
	r := byteReader{in: body}
	if err := r.head(bodyRun); err != nil {
		return nil, err
	}
	out := &run{}
	owners := readLeads(&r)
	out.made = r.int()
	n := r.uint()
	blocks := r.uint()
	for _, o := range owners {
		for k := r.count(); k > 0 && !r.bad; k-- {
			p := pointer{owner: o}
			copy(p.nonce[:], r.bytes(6))
			out.pages = append(out.pages, p)
		}
	}
	b := bitReader{in: r.in}
	out.tally = readTally(&b)
	if blocks == 0 && n < math.MaxInt32 {
		out.ids = readIDs(&b, int(n), 0, idGap(int(n)))
	}
	if r.bad || b.bad {
		return nil, fmt.Errorf("ledger run of %d bytes: %w", len(body), errShort)
	}
	return out, nil
}

// load reads a run from the shelf, with its blocks if they are wanted.
func (p runPointer) load(shelf Shelf, blocks bool) (*run, error) {
	body, err := p.body(p.run(), shelf)
	if err != nil {
		return nil, err
	}
	r, err := readRun(body)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", p.run().Key, p.owner, err)
	}
	if !blocks {
		return r, nil
	}
	for i := range p.blocks {
		body, err := p.body(p.block(i), shelf)
		if err != nil {
			return nil, err
		}
		ids, err := readBlock(body)
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", p.block(i).Key, p.owner, err)
		}
		r.ids = append(r.ids, ids...)
	}
	if len(r.ids) != p.ids {
		return nil, fmt.Errorf("ledger run %s of %s has %d ids where %d were written", p.run().Key, p.owner, len(r.ids), p.ids)
	}
	return r, nil
}
