package sample

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"spikealign/experiment"
	"spikealign/kinds"
	"spikealign/sampling"
)

// exact is a network that begins with the weights of its target and does not learn: in continuous
// time its states follow the target exactly (docs/model.md, sections 1 and 2).
const exact = `kind: sampling
network: {visible: 4, tau_ref: 10, dynamics: continuous}
target: {weights: [[0, 1, -1, 0.5], [1, 0, 0.5, -1.5], [-1, 0.5, 0, 2], [0.5, -1.5, 2, 0]], bias: [0.5, -0.5, 0, -1]}
initial: {weights: [[0, 1, -1, 0.5], [1, 0, 0.5, -1.5], [-1, 0.5, 0, 2], [0.5, -1.5, 2, 0]], bias: [0.5, -0.5, 0, -1]}
training: {epochs: 1, epoch_length: 10, report_factor: 1}
plasticity: {rate_bias: 0, rate_weight: 0, rate_sal: 0}
`

func exactRun(t *testing.T) string {
	t.Helper()
	spec, err := experiment.Kinds{kinds.Sampling{}}.Parse("exact.yaml", []byte(exact))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := experiment.Execute(context.Background(), experiment.Options{Spec: spec, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestConditionalTarget: the target given the clamps is that of enumeration, and what is sampled is
// as near to it as 50 correlated batches of 4000 tau can be told: every probability within 5.5
// standard errors (Student's t with 49 degrees of freedom: once in 7e5 comparisons, of 28).
func TestConditionalTarget(t *testing.T) {
	w := [4][4]float64{{0, 1, -1, 0.5}, {1, 0, 0.5, -1.5}, {-1, 0.5, 0, 2}, {0.5, -1.5, 2, 0}}
	b := [4]float64{0.5, -0.5, 0, -1}
	dir := exactRun(t)
	for clamp, fixed := range map[string]map[int]int{"": {}, "0=1,2=0": {0: 1, 2: 0}, "1-3=1": {1: 1, 2: 1, 3: 1}} {
		want, sum := make([]float64, 16), 0.0
		for z := range want {
			bit := func(i int) float64 { return float64(z >> i & 1) }
			energy, agrees := 0.0, true
			for i := range 4 {
				energy += b[i] * bit(i)
				for j := range i {
					energy += w[i][j] * bit(i) * bit(j)
				}
				v, is := fixed[i]
				agrees = agrees && (!is || v == z>>i&1)
			}
			if agrees {
				want[z] = math.Exp(energy)
				sum += want[z]
			}
		}
		r, err := Run(t.Context(), dir, Options{Clamp: clamp, Settle: 100, Duration: 200_000, Seed: 4})
		if err != nil {
			t.Fatal(err)
		}
		for z := range want {
			want[z] /= sum
			if math.Abs(r.Target[z]-want[z]) > 1e-12 {
				t.Errorf("%q: target of state %04b is %v, want %v", clamp, z, r.Target[z], want[z])
			}
		}
		for _, z := range r.States {
			if p := want[z.Bits]; p == 0 || math.Abs(z.P-p) > 5.5*z.SE+1e-12 {
				t.Errorf("%q: state %04b: %.4f +- %.4f, exactly %.4f", clamp, z.Bits, z.P, z.SE, p)
			}
		}
		if !(r.DKL >= -1e-12 && r.DKL < 1e-3) || r.Unvisited != 0 {
			t.Errorf("%q: D_KL %v, %d states unvisited", clamp, r.DKL, r.Unvisited)
		}
	}
}

// TestClamps: what stands for neurons, and what does not.
func TestClamps(t *testing.T) {
	got, err := clamps("0-1=1, 3=0,3=0", 5)
	if want := [5]sampling.Clamping{sampling.ClampedOn, sampling.ClampedOn, sampling.Free, sampling.ClampedOff, sampling.Free}; err != nil || [5]sampling.Clamping(got) != want {
		t.Errorf("%v, %v", got, err)
	}
	for text, want := range map[string]string{"0": "clamps nothing", "0=": "clamps nothing", "-1=0": "clamps nothing", "2-1=0": "clamps nothing", "a=1": "clamps nothing",
		"0=1,": "clamps nothing", "5=1": "no neuron 5", "4-5=1": "no neuron 5", "0=1,0=0": "clamped to the other value"} {
		if _, err := clamps(text, 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
