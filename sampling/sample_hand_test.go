package sampling

import (
	"math"
	"testing"
)

// TestShareByHand: the mean share of time over batches and its standard error, the scatter of the
// batches' shares over the root of their number: here 1, 2, 3 and 4 of 10 ticks.
func TestShareByHand(t *testing.T) {
	share := func(parts ...int64) (p, se float64) {
		var x tallied
		for _, part := range parts {
			x.part += part
			x.settle()
		}
		return x.share(len(parts), 10*int64(len(parts)))
	}
	p, se := share(1, 2, 3, 4)
	if want := math.Sqrt((2.25+0.25+0.25+2.25)/3/4) / 10; p != 0.25 || !(math.Abs(se-want) <= 1e-15) {
		t.Errorf("share %v, standard error %v, want 0.25 and %v", p, se, want)
	}
	if p, se := share(0, 10); p != 0.5 || !(math.Abs(se-0.5) <= 1e-15) {
		t.Errorf("share %v, standard error %v, want 0.5 and 0.5", p, se)
	}
	for _, part := range []int64{0, 3, 10} { // no scatter, and nothing below 0 by rounding
		if p, se := share(part, part, part); p != float64(part)/10 || se != 0 {
			t.Errorf("%d of 10 ticks in every batch: share %v, standard error %v", part, p, se)
		}
	}
}
