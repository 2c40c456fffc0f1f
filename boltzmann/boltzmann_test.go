package boltzmann

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/detmath"
	"spikealign/internal/random"
	"spikealign/spike"
)

// draw returns symmetric weights and biases from U(-size, size).
func draw(seed uint64, n int, size float64) (w, b []float64) {
	s := random.New(seed, random.TargetWeights, 0, 0)
	w, b = make([]float64, n*n), make([]float64, n)
	for i := range n {
		b[i] = size * (2*s.Float64() - 1)
		for j := range i {
			w[i*n+j] = size * (2*s.Float64() - 1)
			w[j*n+i] = w[i*n+j]
		}
	}
	return w, b
}

func mustNew(t testing.TB, n int, w, b []float64) *Model {
	t.Helper()
	m, err := New(n, w, b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %v, want %v (difference %.2g)", what, got, want, got-want)
	}
}

// TestBruteForce holds New to the definition (docs/model.md, section 2), state by state with
// math.Exp. Both round a few times per state, so 1e-14 relative is ample.
func TestBruteForce(t *testing.T) {
	for n := 1; n <= 9; n++ {
		w, b := draw(uint64(n), n, 2)
		m := mustNew(t, n, w, b)
		weight, sum := make([]float64, 1<<n), 0.0
		for z := range weight {
			e := 0.0
			for i := range n {
				for j := range n {
					e += w[i*n+j] * float64(z>>i&1) * float64(z>>j&1) / 2
				}
				e += b[i] * float64(z>>i&1)
			}
			weight[z] = math.Exp(e)
			sum += weight[z]
		}
		near(t, "LogZ", m.LogZ, math.Log(sum), 1e-13)
		mean, co := make([]float64, n), make([]float64, n*n)
		for z, x := range weight {
			near(t, fmt.Sprintf("n %d: P[%d]", n, z), m.P[z], x/sum, 1e-13*x/sum)
			for i := range n {
				mean[i] += x / sum * float64(z>>i&1)
				for j := range n {
					co[i*n+j] += x / sum * float64(z>>i&1) * float64(z>>j&1)
				}
			}
		}
		for i, x := range m.Mean() {
			near(t, "mean", x, mean[i], 1e-13)
		}
		for i, x := range m.Coactivation() {
			near(t, "coactivation", x, co[i], 1e-13)
		}
	}
}

// TestIndependent: without weights the neurons are independent: <z_i> = sigma(b_i), ln Z = sum
// ln(1+e^b).
func TestIndependent(t *testing.T) {
	b := []float64{-3, -.5, 0, .25, 40, -800}
	n := len(b)
	m := mustNew(t, n, make([]float64, n*n), b)
	logZ := 0.0
	for _, x := range b {
		logZ += detmath.Softplus(x)
	}
	near(t, "LogZ", m.LogZ, logZ, 1e-13)
	c := m.Coactivation()
	for i, x := range m.Mean() {
		near(t, "mean", x, detmath.Logistic(b[i]), 1e-15)
		for j := range i {
			near(t, "coactivation", c[i*n+j], detmath.Logistic(b[i])*detmath.Logistic(b[j]), 1e-15)
		}
	}
}

// TestTwoNeurons: Z = 1 + e^b1 + e^b2 + e^(b1+b2+W).
func TestTwoNeurons(t *testing.T) {
	const w, b1, b2 = .8, 1., -1.
	m := mustNew(t, 2, []float64{0, w, w, 0}, []float64{b1, b2})
	z := 1 + math.Exp(b1) + math.Exp(b2) + math.Exp(b1+b2+w)
	near(t, "LogZ", m.LogZ, math.Log(z), 1e-15)
	near(t, "<z1>", m.Mean()[0], (math.Exp(b1)+math.Exp(b1+b2+w))/z, 1e-15)
	near(t, "<z1 z2>", m.Coactivation()[1], math.Exp(b1+b2+w)/z, 1e-15)
}

// TestInvariants checks what holds for every Boltzmann distribution: normalisation, the local
// conditional logit u_i = b_i + sum W_ij z_j of section 1, relabelling, and the chain rules for
// probabilities and divergences.
func TestInvariants(t *testing.T) {
	const n = 6
	w, b := draw(1, n, 2)
	m := mustNew(t, n, w, b)
	near(t, "sum P", pairwise(m.P), 1, 1e-15)

	for i := range n {
		for z := range m.P {
			if z>>i&1 == 1 {
				continue
			}
			mask := uint32(1<<n-1) &^ (1 << i)
			q, _ := Conditional(m.P, n, mask, uint32(z)&mask)
			u := b[i]
			for j := range n {
				u += w[i*n+j] * float64(z>>j&1)
			}
			near(t, "P(z_i | rest)", q[1], detmath.Logistic(u), 1e-14)
		}
	}

	order := []int{3, 0, 5, 1, 4, 2}
	pw, pb := make([]float64, n*n), make([]float64, n)
	for i, oi := range order {
		pb[i] = b[oi]
		for j, oj := range order {
			pw[i*n+j] = w[oi*n+oj]
		}
	}
	for z, x := range Marginal(m.P, n, order) {
		near(t, "relabelled", x, mustNew(t, n, pw, pb).P[z], 1e-14)
	}
	for i, x := range m.Mean() {
		near(t, "one-neuron marginal", Marginal(m.P, n, []int{i})[1], x, 1e-15)
	}
	if all := Marginal(m.P, n, nil); len(all) != 1 || !(math.Abs(all[0]-1) <= 1e-15) {
		t.Errorf("empty marginal %v", all)
	}

	// P(v, h) = P(v) P(h | v), and D(p||q) = D(p_v||q_v) + sum_v p_v D(p_h|v || q_h|v).
	w2, b2 := draw(2, n, 1)
	q := mustNew(t, n, w2, b2)
	pv, qv := Marginal(m.P, n, []int{1, 4}), Marginal(q.P, n, []int{1, 4})
	chain := KL(pv, qv)
	for v := range pv {
		value := uint32(v&1<<1 | v>>1<<4)
		ph, pFixed := Conditional(m.P, n, 1<<1|1<<4, value)
		qh, _ := Conditional(q.P, n, 1<<1|1<<4, value)
		near(t, "P(v)", pFixed, pv[v], 1e-15)
		chain += pv[v] * KL(ph, qh)
		k := 0
		for z, x := range m.P {
			if uint32(z)&(1<<1|1<<4) == value {
				near(t, "P(v) P(h|v)", pFixed*ph[k], x, 1e-16)
				k++
			}
		}
	}
	near(t, "chain rule of D_KL", KL(m.P, q.P), chain, 1e-14)
	if d := KL(m.P, q.P); d <= 0 {
		t.Errorf("D_KL = %v", d)
	}
	near(t, "D_KL(p||p)", KL(m.P, m.P), 0, 0)

	// D_KL of two Boltzmann distributions in closed form: the means of the difference of exponents,
	// and the partition functions.
	mean, co, want := m.Mean(), m.Coactivation(), q.LogZ-m.LogZ
	for i := range n {
		want += (b[i] - b2[i]) * mean[i]
		for j := range i {
			want += (w[i*n+j] - w2[i*n+j]) * co[i*n+j]
		}
	}
	near(t, "D_KL in closed form", KL(m.P, q.P), want, 1e-13)
}

// TestLarge runs the largest size and strong weights: all sums stay accurate.
func TestLarge(t *testing.T) {
	const n = MaxNeurons
	w, b := draw(3, n, 2)
	m := mustNew(t, n, w, b)
	near(t, "sum P", pairwise(m.P), 1, 1e-14)
	c := m.Coactivation()
	for i, x := range m.Mean() {
		near(t, "diagonal", c[i*n+i], x, 1e-14)
	}
	// The exponent of the last state against a sum of all parameters.
	e := 0.0
	for i := range n {
		e += b[i]
		for j := range i {
			e += w[i*n+j]
		}
	}
	near(t, "exponent", detmath.Log(m.P[1<<n-1])+m.LogZ, e, 1e-12)
	near(t, "marginal", Marginal(m.P, n, []int{19, 0})[3], c[19], 1e-14)
}

// TestGolden pins the bits of results: they must be the same on every machine.
func TestGolden(t *testing.T) {
	w, b := draw(42, 7, 1)
	m := mustNew(t, 7, w, b)
	w2, b2 := draw(43, 7, 1)
	got := []float64{m.LogZ, m.P[77], m.Mean()[3], m.Coactivation()[4*7+2], KL(m.P, mustNew(t, 7, w2, b2).P)}
	want := []float64{goldenLogZ, goldenP, goldenMean, goldenCo, goldenKL}
	for k := range got {
		if got[k] != want[k] {
			t.Errorf("value %d = %x, want %x", k, got[k], want[k])
		}
	}
	ev := train(42, 3, 3000, .01)
	k := slices.IndexFunc(ev, func(e spike.Event) bool { return e.Time >= 100 })
	o := NewOccupancy(3, 40, 10)
	o.Observe(ev[:k])
	o.Start(100, 2900)
	o.Observe(ev[k:])
	o.Advance(3000)
	if c := o.Counts(); !slices.Equal(c, goldenCounts) {
		t.Errorf("counts %v", c)
	}
	if f, _ := o.Floor(); f != goldenFloor {
		t.Errorf("floor = %x, want %x", f, goldenFloor)
	}
}

func TestErrors(t *testing.T) {
	var large *TooLargeError
	if _, err := New(21, make([]float64, 21*21), make([]float64, 21)); !errors.As(err, &large) || large.N != 21 || !strings.Contains(err.Error(), "D_KL") {
		t.Errorf("21 neurons: %v", err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		w, b []float64
		want MatrixError
		text string
	}{
		{[]float64{0, 1, 2, 0}, []float64{0, 0}, MatrixError{1, 0, 2, 1}, "W[1][0] = 2 but W[0][1] = 1"},
		{[]float64{0, 1, 1, 3}, []float64{0, 0}, MatrixError{1, 1, 3, 3}, "W[1][1] = 3: the diagonal"},
		{[]float64{0, inf, inf, 0}, []float64{0, 0}, MatrixError{1, 0, inf, inf}, "finite"},
		{make([]float64, 4), []float64{0, -inf}, MatrixError{1, -1, -inf, 0}, "b[1] = -Inf"},
	} {
		_, err := New(2, c.w, c.b)
		var m *MatrixError
		if !errors.As(err, &m) || *m != c.want || !strings.Contains(err.Error(), c.text) {
			t.Errorf("New(%v, %v): %v", c.w, c.b, err)
		}
	}
	if _, err := New(1, []float64{nan}, []float64{0}); err == nil {
		t.Error("NaN accepted")
	}
	for name, f := range map[string]func(){
		"length":      func() { _, _ = New(2, make([]float64, 3), make([]float64, 2)) },
		"none":        func() { _, _ = New(0, nil, nil) },
		"marginal":    func() { Marginal(make([]float64, 4), 2, []int{0, 0}) },
		"states":      func() { Marginal(make([]float64, 3), 2, nil) },
		"conditional": func() { Conditional(make([]float64, 4), 2, 1, 2) },
		"kl":          func() { KL(make([]float64, 4), make([]float64, 2)) },
		"unit":        func() { Divergence([]float64{1}, []int64{1}, 0) },
		"side":        func() { BarsAndStripes(0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestKLEdges(t *testing.T) {
	inf, tiny := math.Inf(1), math.SmallestNonzeroFloat64
	for _, c := range []struct {
		p, q []float64
		want float64
	}{
		{[]float64{0, 1}, []float64{0, 1}, 0},
		{[]float64{0, 1}, []float64{.5, .5}, math.Ln2},
		{[]float64{.5, .5}, []float64{0, 1}, inf},
		{[]float64{.25, .75}, []float64{.5, .5}, .25*math.Log(.5) + .75*math.Log(1.5)},
		// .5/tiny overflows; ln tiny = -1074 ln 2
		{[]float64{.5, .5}, []float64{tiny, 1}, math.Log(.5) + .5*744.4400719213812},
	} {
		if got := KL(c.p, c.q); got != c.want && !(math.Abs(got-c.want) < 1e-13*c.want) {
			t.Errorf("KL(%v, %v) = %v, want %v", c.p, c.q, got, c.want)
		}
	}
}

// TestDivergence checks both estimators of section 2.
func TestDivergence(t *testing.T) {
	target := []float64{.25, .5, .25, 0}
	got := Divergence(target, []int64{10, 10, 20, 0}, 8)
	want := .5*math.Log(.5/.25) + .25*math.Log(.25/.5)
	if !(math.Abs(got.DKL-want) <= 1e-15) || !got.Plain || got.Unvisited != 0 {
		t.Errorf("plain: %+v, want %v", got, want)
	}
	got = Divergence(target, []int64{0, 16, 0, 0}, 8) // 4, 20, 4, 4 of 32
	want = .25*math.Log(.25/.125) + .5*math.Log(.5/.625) + .25*math.Log(.25/.125)
	if !(math.Abs(got.DKL-want) <= 1e-15) || got.Plain || got.Unvisited != 2 {
		t.Errorf("with additions: %+v, want %v", got, want)
	}
	if got := Divergence(target, make([]int64, 4), 1); !(math.Abs(got.DKL-KL(target, []float64{.25, .25, .25, .25})) <= 1e-15) || got.Unvisited != 3 {
		t.Errorf("nothing measured: %+v", got)
	}
}

func TestBarsAndStripes(t *testing.T) {
	want := [][]uint8{{0, 0, 0, 0}, {1, 1, 0, 0}, {1, 0, 1, 0}, {0, 1, 0, 1}, {0, 0, 1, 1}, {1, 1, 1, 1}}
	if got := BarsAndStripes(2); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("side 2: %v", got)
	}
	for side := 1; side <= 5; side++ {
		images := BarsAndStripes(side)
		if len(images) != 1<<(side+1)-2 {
			t.Errorf("side %d: %d images", side, len(images))
		}
		last := -1
		for _, im := range images {
			z, rows, cols := 0, true, true
			for i, x := range im {
				z |= int(x) << i
				rows = rows && x == im[i/side*side]
				cols = cols && x == im[i%side]
			}
			if z <= last || !(rows || cols) {
				t.Errorf("side %d: image %v in place %d", side, im, z)
			}
			last = z
		}
		p, err := Patterns(images)
		if side == 5 {
			var large *TooLargeError
			if !errors.As(err, &large) {
				t.Errorf("25 pixels: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		visited := 0
		for _, x := range p {
			if x != 0 {
				visited++
				near(t, "weight", x, 1/float64(len(images)), 0)
			}
		}
		if visited != len(images) {
			t.Errorf("side %d: %d states", side, visited)
		}
	}
	if p, _ := Patterns([][]uint8{{1, 0}, {1, 0}, {0, 1}, {1, 1}}); !slices.Equal(p, []float64{0, .5, .25, .25}) {
		t.Errorf("repeated pattern: %v", p)
	}
}

func BenchmarkNew20(b *testing.B) {
	w, bias := draw(1, 20, 1)
	for b.Loop() {
		if _, err := New(20, w, bias); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCoactivation20(b *testing.B) {
	w, bias := draw(1, 20, 1)
	m := mustNew(b, 20, w, bias)
	for b.Loop() {
		m.Coactivation()
	}
}

// The support of the distribution of patterns is the patterns.
func TestSupport(t *testing.T) {
	patterns := [][]uint8{{1, 0, 0}, {0, 1, 1}}
	p, err := Patterns(append(patterns, patterns[1], patterns[1]))
	if err != nil {
		t.Fatal(err)
	}
	states, probabilities := Support(p, 3)
	if !slices.EqualFunc(states, patterns, slices.Equal) || !slices.Equal(probabilities, []float64{0.25, 0.75}) || Total(p) != 1 {
		t.Errorf("got %v, %v", states, probabilities)
	}
	if states, probabilities := Support([]float64{1}, 0); len(states) != 1 || len(states[0]) != 0 || probabilities[0] != 1 {
		t.Errorf("without neurons: %v, %v", states, probabilities)
	}
}
