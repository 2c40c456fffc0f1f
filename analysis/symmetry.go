package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync"

	"spikealign/internal/quantile"
	"spikealign/internal/random"
)

// TestOptions say how sums become statistics.
type TestOptions struct {
	// probability that the family of tests rejects a true hypothesis, and 1 minus the coverage of
	// an interval; in (0,1), usually 0.05
	Level float64
	// of the bootstrap; 0: no intervals; else 100 to 10^6. An interval at level 0.05 wants about
	// 1000
	Replicates int
	Seed       uint64 // of the bootstrap
	// least C[i][j]+C[j][i] of a pair that is tested: about the number of pairs of spikes within
	// tau. Below 20 block values are not normal
	MinWeight float64
}

// Validate returns every problem of o, joined *OptionError, or nil.
func (o TestOptions) Validate() error {
	var p problems
	if !(o.Level > 0 && o.Level < 1) {
		p.add("%s = %v: must lie between 0 and 1", field("Level"), o.Level)
	}
	if o.Replicates != 0 && (o.Replicates < 100 || o.Replicates > 1e6) {
		p.add("%s = %d: must be 0 (no intervals) or 100 to 1000000", field("Replicates"), o.Replicates)
	}
	if !(o.MinWeight >= 0 && o.MinWeight <= math.MaxFloat64) {
		p.add("%s = %v: must be finite and not negative", field("MinWeight"), o.MinWeight)
	}
	return p.join()
}

// Synapse has the statistics of one ordered pair: of the synapse, real or possible, from neuron Pre
// to neuron Post. What is not known is NaN.
type Synapse struct {
	Post, Pre int

	// pairs within MaxLag in which Post fires after Pre, and before
	Causal, AntiCausal int64
	Coincidences       int64 // spikes of both in one tick
	// fraction of the spikes of Post that follow one of Pre as a pair within MaxLag
	Coverage                 float64
	CausalSum, AntiCausalSum float64 // C[Post][Pre] and C[Pre][Post]

	SAL float64 // drift of the weight from Pre to Post at learning rate 1, per tau
	SE  float64 // standard error of SAL
	// interval for SAL with coverage 1-Level; NaN for a pair with too little weight
	Low, High float64
	// (C[Pre][Post]-C[Post][Pre])/(C[Pre][Post]+C[Post][Pre]), from -1 (only causal pairs) to 1
	Index float64
	// about how large |SAL| is for independent neurons of these rates because coincidences do not
	// count
	GridBias float64

	// The test of E(C[Pre][Post]) = E(C[Post][Pre]), the same for both synapses of a pair but for
	// the signs of T and Sign; NaN for a pair with too little weight.
	T    float64 // Student's t of C[Pre][Post]-C[Post][Pre] over blocks; B-1 degrees of freedom
	P    float64 // two-sided
	Holm float64 // P corrected for the number of tested pairs
	Q    float64 // false discovery rate
	// 0 where Holm > Level; else -1 where causal pairs prevail, so that W from Pre to Post acts as
	// the stronger one, that of larger weight, sign included; or 1 where it acts as the weaker
	Sign int
}

// Statistics are the statistics of all pairs.
type Statistics struct {
	N        int
	Synapses []Synapse // all n(n-1) ordered pairs, by Post, then by Pre
	Tested   int       // unordered pairs that were tested
	Skipped  int       // unordered pairs with too little weight
	Rejected int       // unordered pairs with Sign != 0
	// mean correlation of successive block values over tested pairs, plus its expectation 1/B under
	// independence; NaN if there are none
	Memory   float64
	Warnings []string
}

// At returns the statistics of the synapse from pre to post, which must differ.
func (r *Statistics) At(post, pre int) *Synapse {
	if post == pre || uint(post) >= uint(r.N) || uint(pre) >= uint(r.N) {
		panic(fmt.Sprintf("analysis: there is no synapse %d,%d among %d neurons", post, pre, r.N))
	}
	k := post*(r.N-1) + pre
	if pre > post {
		k--
	}
	return &r.Synapses[k]
}

// Test computes the statistics of what was observed so far. It panics if o is not valid. A pair
// costs time in proportion to blocks times replicates, 0.1 ms for 50 times 1000.
func (c *Counter) Test(o TestOptions) *Statistics {
	r, _ := c.test(context.Background(), o, func(int, int) {}) // never stopped
	return r
}

// test is Test, which tells the number of pairs done and of all, by one goroutine at a time, and
// ends early with the error of the context.
func (c *Counter) test(ctx context.Context, o TestOptions, progress func(done, total int)) (*Statistics, error) {
	if err := o.Validate(); err != nil {
		panic("analysis: " + err.Error())
	}
	n := c.n
	r := &Statistics{N: n, Synapses: make([]Synapse, n*(n-1)), Memory: math.NaN()}
	b := newBootstrap(o, c.o.Blocks)
	memory := make([]float64, n) // sums over the pairs of a row

	// Rows are shared out by turns; each pair is computed by itself.
	var wait sync.WaitGroup
	var lock sync.Mutex
	done := 0
	for k := range c.o.Threads {
		wait.Go(func() {
			v := newBlockValues(c.o.Blocks, o.Replicates)
			for i := k; i < n && ctx.Err() == nil; i += c.o.Threads {
				for j := range i {
					memory[i] += c.testPair(r, o, b, v, i, j)
				}
				lock.Lock()
				done += i
				progress(done, n*(n-1)/2)
				lock.Unlock()
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	var tested []int // index of the synapse with Post > Pre
	for k := range r.Synapses {
		if s := &r.Synapses[k]; s.Post > s.Pre {
			if math.IsNaN(s.P) {
				r.Skipped++
			} else {
				tested = append(tested, k)
			}
		}
	}
	r.Tested = len(tested)
	r.correct(tested, o.Level)
	if r.Tested > 0 {
		sum := 0.0
		for _, m := range memory {
			sum += m
		}
		r.Memory = sum/float64(r.Tested) + 1/float64(c.o.Blocks)
	}
	c.warn(r)
	return r, nil
}

// blockValues are the values of one pair, with room for the work on them.
type blockValues struct {
	causal, anti, x, xx []float64
	t                   []float64 // studentised replicates
}

func newBlockValues(blocks, replicates int) *blockValues {
	f := make([]float64, 4*blocks+replicates)
	return &blockValues{f[:blocks], f[blocks:][:blocks], f[2*blocks:][:blocks], f[3*blocks:][:blocks], f[4*blocks:]}
}

// testPair fills in both synapses of i and j and returns the correlation of successive values if
// the pair is tested, else 0.
func (c *Counter) testPair(r *Statistics, o TestOptions, b *bootstrap, v *blockValues, i, j int) (correlation float64) {
	nn, ij, ji := c.n*c.n, i*c.n+j, j*c.n+i
	for k := range v.causal {
		v.causal[k] = c.weight.total(c.sums[k*nn+ij])
		v.anti[k] = c.weight.total(c.sums[k*nn+ji])
	}
	cij, cji := c.PairSum(i, j), c.PairSum(j, i)
	span := float64(c.o.End - c.o.Start)
	window := c.o.Window
	scale := window.Plus.Tau / span // of sums over the recording
	perBlock := scale * float64(c.o.Blocks)

	enough := cij+cji > 0 && cij+cji >= o.MinWeight
	fill := func(post, pre int, causal, anti []float64, sumCausal, sumAnti float64) *Synapse {
		s := r.At(post, pre)
		*s = Synapse{Post: post, Pre: pre, Coincidences: c.Coincidences(post, pre), CausalSum: sumCausal, AntiCausalSum: sumAnti,
			SE: math.NaN(), Low: math.NaN(), High: math.NaN(), T: math.NaN(), P: math.NaN(), Holm: math.NaN(), Q: math.NaN()}
		for _, h := range c.Histogram(post, pre) {
			s.Causal += int64(h)
		}
		for _, h := range c.Histogram(pre, post) {
			s.AntiCausal += int64(h)
		}
		s.Coverage = float64(s.Causal) / float64(c.counts[post])
		s.SAL = float64(scale * (float64(window.AMinus*sumAnti) + float64(window.APlus*sumCausal)))
		s.Index = (sumAnti - sumCausal) / (sumAnti + sumCausal)
		// From the ratio in the package comment, C[i][j]-C[j][i] = (p_j-p_i)*(C[i][j]+C[j][i])/2
		// but for terms of second order.
		s.GridBias = float64(scale*math.Abs(float64(c.counts[post])-float64(c.counts[pre]))/span) * (sumAnti + sumCausal) / 2
		if window.APlus == -window.AMinus && pre > post { // the mirror image
			m := r.At(pre, post)
			s.SE, s.Low, s.High = m.SE, -m.High, -m.Low
			return s
		}
		for k := range v.x {
			v.x[k] = float64(perBlock * (float64(window.AMinus*anti[k]) + float64(window.APlus*causal[k])))
		}
		if mean, se := meanError(v.x); se > 0 {
			s.SE = se
			if enough {
				s.Low, s.High = b.interval(v, mean, se)
			}
		}
		return s
	}
	one := fill(i, j, v.causal, v.anti, cij, cji)
	two := fill(j, i, v.anti, v.causal, cji, cij)

	if !enough {
		return 0
	}
	for k := range v.x {
		v.x[k] = v.anti[k] - v.causal[k]
	}
	mean, se := meanError(v.x)
	if !(se > 0) {
		return 0
	}
	one.T = mean / se
	one.P = studentTail(one.T, len(v.x)-1)
	two.T, two.P = -one.T, one.P
	sum, before := 0.0, 0.0
	for k, x := range v.x {
		if k > 0 {
			sum += float64((before - mean) * (x - mean))
		}
		before = x
	}
	blocks := float64(len(v.x))
	return sum / float64(float64(se*se)*float64(blocks*(blocks-1)))
}

// meanError returns the mean of x and its standard error sqrt(sum (x-mean)^2 / (B(B-1)));
// differences within rounding count as none.
func meanError(x []float64) (mean, se float64) {
	blocks, largest := float64(len(x)), 0.0
	for _, v := range x {
		mean += v
		largest = max(largest, math.Abs(v))
	}
	mean /= blocks
	ss := 0.0
	for _, v := range x {
		ss += float64((v - mean) * (v - mean))
	}
	se = math.Sqrt(ss / float64(blocks*(blocks-1)))
	if se < 1e-13*largest {
		se = 0
	}
	return mean, se
}

// bootstrap holds how often each block is drawn in each replicate, the same for all pairs.
type bootstrap struct {
	times  []float64 // Replicates x Blocks
	blocks int
	level  float64
}

func newBootstrap(o TestOptions, blocks int) *bootstrap {
	b := &bootstrap{times: make([]float64, o.Replicates*blocks), blocks: blocks, level: o.Level}
	for r := range o.Replicates {
		s := random.New(o.Seed, random.Bootstrap, uint64(r), uint64(blocks))
		row := b.times[r*blocks:][:blocks]
		for range blocks {
			k, _ := bits.Mul64(s.Uint64(), uint64(blocks))
			row[k]++
		}
	}
	return b
}

// interval returns the bootstrap-t interval of the mean of v.x: with m and s the mean and error of
// a replicate, the law of (mean*-mean)/s* stands for that of (mean-E)/se. Errors are here those
// with divisor B, in both. NaN without replicates.
//
// The sums over blocks are most of its cost, 4 operations for each block of each replicate.
func (b *bootstrap) interval(v *blockValues, mean, se float64) (low, high float64) {
	if len(v.t) == 0 {
		return math.NaN(), math.NaN()
	}
	for k, x := range v.x {
		v.x[k] = x - mean
		v.xx[k] = float64(v.x[k] * v.x[k])
	}
	// Two replicates at a time: their sums do not wait for each other.
	var r int
	for ; r+1 < len(v.t); r += 2 {
		one := b.times[r*b.blocks:][:len(v.x)]
		two := b.times[(r+1)*b.blocks:][:len(v.x)]
		xxs := v.xx[:len(v.x)]
		var s1, s2, ss1, ss2 float64
		for k, x := range v.x {
			xx := xxs[k]
			s1 += float64(one[k] * x)
			s2 += float64(two[k] * x)
			ss1 += float64(one[k] * xx)
			ss2 += float64(two[k] * xx)
		}
		v.t[r], v.t[r+1] = b.studentise(s1, ss1), b.studentise(s2, ss2)
	}
	if r < len(v.t) {
		var s, ss float64
		for k, x := range v.x {
			m := b.times[r*b.blocks+k]
			s += float64(m * x)
			ss += float64(m * v.xx[k])
		}
		v.t[r] = b.studentise(s, ss)
	}
	plain := float64(se * math.Sqrt(float64(b.blocks-1)/float64(b.blocks)))
	tail := float64(b.level / 2)
	return mean - float64(plain*quantile.Bound(v.t, 1-tail)), mean - float64(plain*quantile.Bound(v.t, tail))
}

// studentise returns (mean*-mean)/s* of a replicate with these sums of deviations and of their
// squares.
func (b *bootstrap) studentise(s, ss float64) float64 {
	blocks := float64(b.blocks)
	s /= blocks
	spread := math.Sqrt(max(0, ss/blocks-float64(s*s)) / blocks)
	switch {
	case spread > 0:
		return s / spread
	case s == 0:
		return 0
	}
	// every draw had the same value: no bound from this replicate
	return math.Copysign(math.Inf(1), s)
}

// correct sets Holm, Q and Sign of the tested pairs.
func (r *Statistics) correct(tested []int, level float64) {
	p := func(k int) float64 { return r.Synapses[k].P }
	slices.SortStableFunc(tested, func(a, b int) int { return cmp.Compare(p(a), p(b)) })
	m := float64(len(tested))
	running := 0.0
	for rank, k := range tested {
		running = max(running, min(1, float64((m-float64(rank))*p(k))))
		r.Synapses[k].Holm = running
	}
	running = 1
	for rank := len(tested) - 1; rank >= 0; rank-- {
		k := tested[rank]
		running = min(running, float64(m*p(k))/float64(rank+1))
		r.Synapses[k].Q = running
	}
	for _, k := range tested {
		s := &r.Synapses[k]
		if s.Holm <= level {
			s.Sign = 1
			if s.T < 0 {
				s.Sign = -1
			}
			r.Rejected++
		}
		other := r.At(s.Pre, s.Post)
		other.Holm, other.Q, other.Sign = s.Holm, s.Q, -s.Sign
	}
}

// warn adds what the reader of the result should know.
func (c *Counter) warn(r *Statistics) {
	add := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	if length := float64(c.o.End-c.o.Start) / float64(c.o.Blocks); length < 20*c.o.Window.Plus.Tau {
		add("a block is only %.3g tau long; blocks must be long against the memory of the spike trains, else errors are too small: take fewer blocks or a longer recording", length/c.o.Window.Plus.Tau)
	}
	// The mean over many pairs is sharp; that of few has an error of 1/sqrt(blocks*pairs), of which
	// 3 are allowed.
	if limit := 0.1 + 3/math.Sqrt(float64(c.o.Blocks)*float64(max(1, r.Tested))); r.Memory > limit {
		add("successive blocks are correlated (%.2f on average): errors are too small; take fewer, longer blocks, and look whether the recording is stationary", r.Memory)
	}
	coarse := 0
	for k := range r.Synapses {
		if s := &r.Synapses[k]; s.Post > s.Pre && s.Sign != 0 && math.Abs(s.SAL) < 2*s.GridBias {
			coarse++
		}
	}
	if coarse > 0 {
		add("%d of the %d significant asymmetries are no larger than what the resolution of time makes of different rates (column grid_bias)", coarse, r.Rejected)
	}
	if r.Skipped > 0 {
		add("%d of %d pairs have too few spikes within tau of each other to be tested", r.Skipped, r.Tested+r.Skipped)
	}
}
