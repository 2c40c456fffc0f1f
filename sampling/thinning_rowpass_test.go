package sampling

import (
	"math"
	"slices"
	"testing"

	"spikealign/internal/random"
)

// TestRowPasses: the vector forms give the portable forms' bits, for all lengths of the last block,
// every sign and size of levels, and at their limits.
func TestRowPasses(t *testing.T) {
	s := random.New(1, random.Spikes, 0, 0)
	const guard = 12345
	for n := rowLanes; n <= 5*blockLength; n += rowLanes {
		for range 20 {
			u, w, ceil := make([]int64, n+1), make([]int64, 4*n), make([]int64, n)
			b := bound{shift: 12, bend: math.MaxInt64 / 2}
			if s.Float64() < 0.5 {
				b.bend = (1023+2)<<52 - 1023<<49
			}
			for i := range n {
				switch s.Uint64() % 8 {
				case 0:
					u[i] = -int64(s.Uint64() >> (2 + s.Uint64()%62)) // NaN among the patterns
				case 1:
					u[i] = []int64{0, 1, -1, -1 << 61, 1 << 61, 1<<61 + 1<<60, math.MaxInt64}[s.Uint64()%7]
				default:
					u[i] = int64(s.Uint64() % (1100 << 40))
				}
				ceil[i] = []int64{0, 1, 1022 << 40, 1087<<40 + 5}[s.Uint64()%4]
			}
			for k := range w {
				w[k] = int64(s.Uint64()) >> (4 + s.Uint64()%60)
			}
			u[n] = guard
			var plus, minus []int
			for range s.Uint64() % 5 {
				plus = append(plus, int(s.Uint64()%4)*n)
			}
			for range s.Uint64() % 5 {
				minus = append(minus, int(s.Uint64()%4)*n)
			}
			sum, want := slices.Clone(u), slices.Clone(u)
			addRows(sum[:n], w, plus, minus)
			addRowsPortable(want[:n], w, plus, minus)
			if !slices.Equal(sum, want) {
				t.Fatalf("%d neurons, rows %v - %v: %v, want %v", n, plus, minus, sum, want)
			}
			blocks := (n + blockLength - 1) / blockLength
			sums, twin := make([]float64, rowLanes*blocks+1), make([]float64, rowLanes*blocks+1)
			sums[rowLanes*blocks], twin[rowLanes*blocks] = guard, guard
			sumLanes(sums[:rowLanes*blocks], u[:n], ceil, b)
			sumLanesPortable(twin[:rowLanes*blocks], u[:n], ceil, b)
			for k := range sums {
				if math.Float64bits(sums[k]) != math.Float64bits(twin[k]) {
					t.Fatalf("%d neurons: sum %d is %v, want %v", n, k, sums[k], twin[k])
				}
			}
		}
	}
}
