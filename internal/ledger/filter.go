package ledger

import (
	"math/bits"
	"slices"
)

// filter holds a 14-bit fingerprint of each id that is in a page and not yet in
// a run: at most about 128, so at worst one id in 128 is asked about in vain. It
// is written as a sorted set with Rice-coded gaps, 9 to 12 bits an id: a Bloom
// filter must be sized for its fullest moment, this one grows as it fills.
// Equal fingerprints are kept twice: its length is the number of ids.
type filter []uint16

const fingerBits = 14

func finger(key uint64) uint16 { return uint16(key & (1<<fingerBits - 1)) }

func (f filter) has(key uint64) bool {
	_, found := slices.BinarySearch(f, finger(key))
	return found
}

func (f *filter) add(key uint64) {
	i, _ := slices.BinarySearch(*f, finger(key))
	*f = slices.Insert(*f, i, finger(key))
}

func gapBits(n int) uint {
	return uint(max(0, fingerBits-bits.Len(uint(n))))
}

func (f filter) put(w *bitWriter) {
	k := gapBits(len(f))
	var before uint16
	for _, v := range f {
		w.rice(uint64(v-before), k)
		before = v
	}
}

func readFilter(r *bitReader, n int) filter {
	f := make(filter, 0, n)
	k := gapBits(n)
	v := uint64(0)
	for ; n > 0 && !r.bad; n-- {
		if v += r.rice(k); v >= 1<<fingerBits {
			r.bad = true
		}
		f = append(f, uint16(v))
	}
	return f
}
