package ledger

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Small numbers are written bit by bit: a register of a signal takes five to
// seven bytes this way, nine to twelve as varints, and every byte of the item
// that is not the tail brings the next page nearer.

var errShort = errors.New("the bytes end in the middle of a field")

type bitWriter struct {
	out  []byte
	acc  uint64 // the last fill bits of it are not yet in out
	fill uint   // under 8 between calls
}

// put writes the low n bits of v; n is at most 64 and v has no others.
func (w *bitWriter) put(v uint64, n uint) {
	if n > 56 {
		w.put(v>>32, n-32)
		v, n = v&(1<<32-1), 32
	}
	acc, fill := w.acc<<n|v, w.fill+n
	for fill >= 8 {
		fill -= 8
		w.out = append(w.out, byte(acc>>fill))
	}
	w.acc, w.fill = acc, fill
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

// window gives the next 57 bits or more, left aligned; zeros follow the end.
func (r *bitReader) window() uint64 {
	i := r.pos >> 3
	if i+8 <= uint(len(r.in)) {
		return binary.BigEndian.Uint64(r.in[i:]) << (r.pos & 7)
	}
	var v uint64
	for k := uint(0); k < 8 && i+k < uint(len(r.in)); k++ {
		v |= uint64(r.in[i+k]) << (56 - 8*k)
	}
	return v << (r.pos & 7)
}

func (r *bitReader) skip(n uint) {
	if r.pos += n; r.pos > uint(len(r.in))*8 {
		r.bad = true
		r.pos = uint(len(r.in)) * 8
	}
}

func (r *bitReader) take(n uint) uint64 {
	if n > 56 {
		hi := r.take(n - 32)
		return hi<<32 | r.take(32)
	}
	v := r.window() >> (63 - n) >> 1
	r.skip(n)
	return v
}

func (r *bitReader) golomb(k uint) uint64 {
	w := r.window()
	zeros := uint(bits.LeadingZeros64(w))
	n := zeros + k
	if zeros+1+n <= 57 {
		r.skip(zeros + 1 + n)
		return (1<<n | w<<zeros<<1>>(63-n)>>1) - 1<<k
	}
	if zeros > 56 || n > 62 {
		r.bad = true
		return 0
	}
	r.skip(zeros + 1)
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
