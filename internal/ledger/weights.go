package ledger

import (
	"math/big"
	"math/bits"
	"sync"

	"github.com/sarnakh/sarnakh/internal/activity"
)

// Points fade by a half-life of h days. Day d lies in epoch q = floor(d/h) at
// r = d mod h, and c points of it weigh c·m[r]·2^q, where m[r] = 2^(r/h) in
// units of 1/1024. On day t they are worth c·m[r(d)]·2^(q(d)-q(t)) / m[r(t)]:
// whole at age 0, exactly half at age h. Weights do not depend on t, so their
// sum is one number that never has to be touched as time passes.
//
// So that the number stays small, four epochs make a generation, the sum is
// kept relative to the generation of the newest closed day, and is divided by
// 2^4, toward zero, when that day enters the next one. Days are closed in
// order, so the result depends on the tally alone.

const (
	weightBits = 10
	epochBits  = 4 // epochs of a generation; the sum loses so many bits a generation
)

// roots[i] = 2^(2^-(i+1)) in units of 2^-62, found once: they are the same for
// every half-life, and cost more than the tables.
var roots = sync.OnceValue(func() (roots [40]uint64) {
	x := new(big.Int).Lsh(big.NewInt(2), 62)
	for i := range roots {
		x.Sqrt(x.Lsh(x, 62))
		roots[i] = x.Uint64()
	}
	return roots
})

// weights is the table m. It is made with integers only: floating point could
// round differently on another processor, and a point would differ.
func weights(h int) []int64 {
	roots := roots()
	table := make([]int64, h)
	for r := range table {
		v, rest := uint64(1)<<62, r
		for _, root := range roots { // binary digits of r/h
			if rest *= 2; rest >= h {
				rest -= h
				hi, lo := bits.Mul64(v, root)
				v = hi<<2 | lo>>62
			}
		}
		table[r] = int64((v + 1<<(61-weightBits)) >> (62 - weightBits))
	}
	return table
}

func floorDiv(a, b int32) int32 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (p *plan) epoch(d activity.Day) int32 { return floorDiv(int32(d), int32(len(p.table))) }

func (p *plan) weight(d activity.Day) int64 {
	return p.table[int32(d)-p.epoch(d)*int32(len(p.table))]
}

func (p *plan) generation(d activity.Day) int32 { return floorDiv(p.epoch(d), epochBits) }

// window is the fixed window of the cap that a day lies in.
func (p *plan) window(d activity.Day) int32 {
	if p.capDays == 0 {
		return 0
	}
	return floorDiv(int32(d), p.capDays)
}

// scaled gives v·2^12 / 2^k toward zero, also for a v so large that the shift
// to the left would lose its top.
func scaled(v int64, k int32) int64 {
	if k > 62 {
		return 0
	}
	if v > 1<<50 || v < -1<<50 {
		v /= 1 << min(k, 40)
		if k > 40 {
			v /= 1 << (k - 40)
		}
		return max(min(v, 1<<50), -1<<50) << 12
	}
	return (v << 12) / (1 << k)
}
