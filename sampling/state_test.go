package sampling

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"testing"

	"spikealign/boltzmann"
	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

// engineExamples are engines in the middle of a simulation, every engine and every kind of part of
// a state among them.
func engineExamples(t testing.TB) map[string]func() Engine {
	t.Helper()
	all := map[string]func() Engine{}
	add := func(name, engine string, c Config) {
		all[name] = func() Engine {
			e, err := newEngine(engine, c)
			if err != nil {
				t.Fatal(err)
			}
			e.SetNetwork(randomNetwork(c.Neurons, 0.5, false, 3))
			return e
		}
	}
	add("event", Event, Config{Neurons: 4, TauRef: 10})
	add("event, authors' timing", Event, Config{Neurons: 4, TauRef: 10, PSPSteps: 9, MinISI: 11})
	add("event, continuous", Event, Config{Neurons: 4, TauRef: 10, Dynamics: Continuous})
	add("stepper", Stepper, Config{Neurons: 4, TauRef: 10})
	add("stepper, alpha", Stepper, Config{Neurons: 4, TauRef: 10, PSP: synapse.Alpha, TauSyn: 4, Delay: 2})
	add("thinning", Thinning, Config{Neurons: 4, TauRef: 10})
	add("thinning, alpha", Thinning, Config{Neurons: 4, TauRef: 10, PSP: synapse.Alpha, TauSyn: 4, Delay: 2})
	add("thinning, tail", Thinning, Config{Neurons: 4, TauRef: 10, PSP: synapse.RectangularTail, PSPCut: 30, Dynamics: Continuous})
	return all
}

// run simulates an engine for some spikes and returns its state.
func run(t testing.TB, e Engine, steps int64) []byte {
	t.Helper()
	k := int64(1)
	buf := make([]spike.Event, 0, 64)
	for e.Now() < steps*k {
		e.Advance(steps*k, buf)
	}
	b, err := e.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// hostile returns variants of a state: each 8-byte word, at every offset, replaced by numbers that
// make bad lengths, times, indices and floats.
func hostile(b []byte) [][]byte {
	var all [][]byte
	for at := 0; at+8 <= len(b); at += 1 + at/64 {
		for _, x := range []uint64{0, 1, 1 << 20, 1 << 32, 1 << 40, 1 << 61, 1<<63 - 1, 1 << 63, math.MaxUint64, math.Float64bits(math.NaN()), math.Float64bits(math.Inf(1)), math.Float64bits(-1e308)} {
			c := slices.Clone(b)
			binary.LittleEndian.PutUint64(c[at:], x)
			all = append(all, c)
		}
	}
	for n := range b {
		all = append(all, b[:n])
	}
	return append(all, append(slices.Clone(b), 0), append(slices.Clone(b), b...))
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestHostileEngineStates: whatever the bytes, an engine refuses or takes them, without panic and
// without asking for more memory than a small multiple of their length; what it takes it gives
// back. Cut or lengthened states are refused.
func TestHostileEngineStates(t *testing.T) {
	for name, fresh := range engineExamples(t) {
		good := run(t, fresh(), 57)
		states := hostile(good)
		e := fresh()
		taken := 0
		if a := allocated(func() {
			for _, b := range states {
				if e.UnmarshalBinary(b) != nil {
					continue
				}
				if len(b) != len(good) {
					t.Errorf("%s: a state of %d instead of %d bytes is accepted", name, len(b), len(good))
				}
				taken++
			}
		}); a > uint64(len(states))*(1<<16) {
			t.Errorf("%s: %d bytes of memory for %d states", name, a, len(states))
		}
		if taken == 0 || taken == len(states) {
			t.Errorf("%s: %d of %d states were accepted", name, taken, len(states))
		}
		if err := e.UnmarshalBinary(good); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if back, err := e.AppendBinary(nil); err != nil || !bytes.Equal(back, good) {
			t.Errorf("%s: another state after restoring one, %v", name, err)
		}
	}
}

// TestStatesOfOthers: a state of another engine, size or configuration is refused.
func TestStatesOfOthers(t *testing.T) {
	for _, engine := range []string{Event, Stepper, Thinning} {
		small, err := newEngine(engine, Config{Neurons: 3, TauRef: 10})
		if err != nil {
			t.Fatal(err)
		}
		large, err := newEngine(engine, Config{Neurons: 4, TauRef: 10})
		if err != nil {
			t.Fatal(err)
		}
		b := run(t, large, 50)
		if small.UnmarshalBinary(b) == nil {
			t.Errorf("%s: the state of 4 neurons is accepted for 3", engine)
		}
		for _, other := range []string{Event, Stepper, Thinning} {
			e, err := newEngine(other, Config{Neurons: 4, TauRef: 10})
			if err != nil {
				t.Fatal(err)
			}
			if (e.UnmarshalBinary(b) == nil) != (other == engine) {
				t.Errorf("state of %s, given to %s: %v", engine, other, e.UnmarshalBinary(b))
			}
		}
	}
}

// TestHostileTrainerStates is TestHostileEngineStates for trainings. What is accepted holds finite
// weights and can be saved again.
func TestHostileTrainerStates(t *testing.T) {
	for _, kind := range []string{"event", "thinning", "alpha", "patterns", "authors"} {
		training := example(kind)
		tr, err := NewTrainer(training)
		if err != nil {
			t.Fatal(err)
		}
		for range 9 {
			tr.Step()
		}
		good, err := tr.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		states := hostile(good)
		if a := allocated(func() {
			for _, b := range states {
				if tr.UnmarshalBinary(b) != nil {
					continue
				}
				w, bias := tr.Weights()
				if len(b) != len(good) || slices.ContainsFunc(w, func(x float64) bool { return !finite(x) }) || slices.ContainsFunc(bias, func(x float64) bool { return !finite(x) }) {
					t.Errorf("%s: %d instead of %d bytes accepted, weights %v, biases %v", kind, len(b), len(good), w, bias)
				}
				if _, err := tr.AppendBinary(nil); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		}); a > uint64(len(states))*(1<<18) {
			t.Errorf("%s: %d bytes of memory for %d states", kind, a, len(states))
		}
	}
}

// TestTrainerRefusesOtherParts: pair sums and states of another shape, each valid by itself, are
// refused, as the training would index beyond them later.
func TestTrainerRefusesOtherParts(t *testing.T) {
	training := example("event")
	half := synapse.Half{Shape: synapse.TriangularWindow, Tau: 20}
	last1 := synapse.Pairing{Kind: synapse.Last, K: 1}
	for name, change := range map[string]func(*Trainer){
		"pair sums of 3 neurons": func(tr *Trainer) { tr.hebbian = sal.NewPairSums(3, half, last1) },
		"pair sums of another window": func(tr *Trainer) {
			tr.hebbian = sal.NewPairSums(4, synapse.Half{Shape: synapse.TriangularWindow, Tau: 21}, last1)
		},
		"pair sums of another pairing": func(tr *Trainer) { tr.hebbian = sal.NewPairSums(4, half, synapse.Pairing{Kind: synapse.Nearest}) },
		"states of 3 neurons":          func(tr *Trainer) { tr.states = boltzmann.NewOccupancy(3, 20, occupancyBatches) },
		"weights that are no numbers":  func(tr *Trainer) { tr.w[1] = math.NaN() },
		"biases without bound":         func(tr *Trainer) { tr.b[1] = math.Inf(-1) },
		"an epoch beyond the end":      func(tr *Trainer) { tr.epoch = training.Epochs + 1 },
		"a target run that is none":    func(tr *Trainer) { tr.epoch, tr.phase, tr.begun = -1, 0, false },
		"a phase too many":             func(tr *Trainer) { tr.phase, tr.begun = 1, false },
		"a phase of another length":    func(tr *Trainer) { tr.begun, tr.end = true, tr.end+1 },
		"an engine elsewhere":          func(tr *Trainer) { tr.begun, tr.start, tr.end = true, tr.start+1000, tr.end+1000 },
		"fewer spikes than none":       func(tr *Trainer) { tr.spikes = -1 },
	} {
		tr, err := NewTrainer(training)
		if err != nil {
			t.Fatal(err)
		}
		tr.buf = tr.buf[:0:tr.n] // few spikes a step, so that one ends within a phase
		if tr.Step(); !tr.begun {
			t.Fatal("the first phase is over")
		}
		change(tr)
		b, err := tr.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := NewTrainer(training)
		if err != nil {
			t.Fatal(err)
		}
		if fresh.UnmarshalBinary(b) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The fuzz tests run on their seeds with every go test; for more: go test ./sampling -fuzz
// FuzzEngineState -fuzztime 60s -parallel 1

// FuzzEngineState: any bytes, given to any engine.
func FuzzEngineState(f *testing.F) {
	names := []string{"event", "event, authors' timing", "event, continuous", "stepper", "stepper, alpha", "thinning", "thinning, alpha", "thinning, tail"}
	examples := engineExamples(f)
	for k, name := range names {
		f.Add(uint8(k), run(f, examples[name](), 57))
	}
	f.Fuzz(func(t *testing.T, k uint8, b []byte) {
		e := examples[names[int(k)%len(names)]]()
		if a := allocated(func() {
			if e.UnmarshalBinary(b) != nil {
				return
			}
			if _, err := e.AppendBinary(nil); err != nil {
				t.Error(err)
			}
		}); a > 1<<20+64*uint64(len(b)) {
			t.Errorf("%d bytes of memory for a state of %d bytes", a, len(b))
		}
	})
}

// FuzzTrainerState: any bytes, given to a trainer.
func FuzzTrainerState(f *testing.F) {
	kinds := []string{"event", "thinning", "stepper", "continuous", "authors", "alpha", "patterns"}
	for k, kind := range kinds {
		tr, err := NewTrainer(example(kind))
		if err != nil {
			f.Fatal(err)
		}
		for _, steps := range []int{0, 1, 9} {
			for range steps {
				tr.Step()
			}
			b, err := tr.AppendBinary(nil)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(k), b)
		}
	}
	f.Fuzz(func(t *testing.T, k uint8, b []byte) {
		tr, err := NewTrainer(example(kinds[int(k)%len(kinds)]))
		if err != nil {
			t.Fatal(err)
		}
		if a := allocated(func() {
			if tr.UnmarshalBinary(b) == nil {
				_, err = tr.AppendBinary(nil)
			}
		}); err != nil || a > 4<<20+64*uint64(len(b)) {
			t.Errorf("%d bytes of memory for a state of %d bytes, %v", a, len(b), err)
		}
	})
}
