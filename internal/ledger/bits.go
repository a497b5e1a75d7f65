package ledger

import (
	"errors"
	"math/bits"
)

// Small numbers are written bit by bit: a register of a signal takes five to
// seven bytes this way, nine to twelve as varints, and every byte of the item
// that is not the tail brings the next page nearer.

var errShort = errors.New("the bytes end in the middle of a field")

type bitWriter struct {
	out  []byte
	acc  uint64
	fill uint
}

func (w *bitWriter) put(v uint64, n uint) {
	for n > 0 {
		take := min(n, 8-w.fill)
		n -= take
		w.acc = w.acc<<take | v>>n&(1<<take-1)
		if w.fill += take; w.fill == 8 {
			w.out = append(w.out, byte(w.acc))
			w.acc, w.fill = 0, 0
		}
	}
}

// golomb writes v in the Exp-Golomb code of order k: cheap when v < 2^k, and
// without an upper limit.
func (w *bitWriter) golomb(v uint64, k uint) {
	// v stays far under 2^63 everywhere it is called, so the sum cannot wrap.
	x := v + 1<<k
	n := uint(bits.Len64(x))
	w.put(0, n-k-1)
	w.put(x, n)
}

// rice writes v in the Rice code of order k: for gaps whose mean is near 2^k.
func (w *bitWriter) rice(v uint64, k uint) {
	for q := v >> k; q > 0; q-- {
		w.put(1, 1)
	}
	w.put(0, 1)
	w.put(v&(1<<k-1), k)
}

func (w *bitWriter) flush() []byte {
	if w.fill > 0 {
		w.out = append(w.out, byte(w.acc<<(8-w.fill)))
		w.acc, w.fill = 0, 0
	}
	return w.out
}

type bitReader struct {
	in  []byte
	pos uint // in bits
	bad bool
}

func (r *bitReader) take(n uint) uint64 {
	if r.pos+n > uint(len(r.in))*8 {
		r.bad = true
		r.pos = uint(len(r.in)) * 8
		return 0
	}
	var v uint64
	for n > 0 {
		off := r.pos & 7
		k := min(n, 8-off)
		v = v<<k | uint64(r.in[r.pos>>3])>>(8-off-k)&(1<<k-1)
		r.pos += k
		n -= k
	}
	return v
}

func (r *bitReader) golomb(k uint) uint64 {
	n := k
	for !r.bad && r.take(1) == 0 {
		if n++; n > 62 {
			r.bad = true
		}
	}
	if r.bad {
		return 0
	}
	return (1<<n | r.take(n)) - 1<<k
}

func (r *bitReader) rice(k uint) uint64 {
	var q uint64
	for !r.bad && r.take(1) == 1 {
		q++
	}
	return q<<k | r.take(k)
}

// rest is what follows the byte in which the last field ended.
func (r *bitReader) rest() []byte { return r.in[(r.pos+7)/8:] }

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// byteReader reads varints and runs of bytes, and remembers the first fault, so
// that a decoder can be read from top to bottom.
type byteReader struct {
	in  []byte
	bad bool
}

func (r *byteReader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.in)) {
		r.bad = true
		return nil
	}
	out := r.in[:n:n]
	r.in = r.in[n:]
	return out
}

func (r *byteReader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *byteReader) uint() uint64 {
	var v uint64
	for shift := uint(0); shift < 64; shift += 7 {
		b := r.byte()
		if r.bad {
			return 0
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}

func (r *byteReader) int() int64 { return unzigzag(r.uint()) }

// count reads the length of a list whose elements take at least one byte each,
// so that a broken length cannot ask for memory.
func (r *byteReader) count() int {
	n := r.uint()
	if n > uint64(len(r.in)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *byteReader) text() []byte { return r.bytes(r.uint()) }
