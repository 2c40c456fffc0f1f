package reproduce

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"spikealign/catalog"
	"spikealign/experiments"
	"spikealign/sweep"
)

const tinyCircuits = `kind: sweep
name: tiny
experiment:
  kind: microcircuit
  network: {window: 60}
  plasticity: {lag: 50}
  seeds: {task: 1}
  training: {epochs: 3, epoch_patterns: 4, align_patterns: 2, pattern_steps: 200, skip: 20}
grid:
  - {path: seed, values: [7, 8]}
  - {path: plasticity.method, values: [fa, sal, bp]}
replicates: [seed]
`

// The files of microcircuits are valid, and the sweeps pair their members.
func TestCircuitFiles(t *testing.T) {
	for file, members := range map[string]int{"figure6-quick.yaml": 30, "figure6-sweep.yaml": 60} {
		data, err := experiments.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := sweep.Parse(catalog.All().Kinds(), file, data)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Members) != members {
			t.Errorf("%s has %d members, want %d", file, len(s.Members), members)
		}
		third := members / 3
		for k, m := range s.Members {
			if m.Seed != s.Members[k%third].Seed {
				t.Errorf("%s: member %s has another seed than %s", file, m.Name, s.Members[k%third].Name)
			}
		}
	}
	for _, file := range []string{"microcircuit-sal.yaml", "microcircuit-yin-yang.yaml"} {
		data, err := experiments.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := catalog.All().Kinds().Parse(file, data); err != nil {
			t.Error(err)
		}
	}
}

// Members of a sweep fall to their methods, those of one seed begin alike, and the figure gets all
// of them.
func TestCircuitRuns(t *testing.T) {
	s, err := sweep.Parse(catalog.All().Kinds(), "tiny.yaml", []byte(tinyCircuits))
	if err != nil {
		t.Fatal(err)
	}
	r, err := sweep.Run(t.Context(), s, sweep.Options{Dir: filepath.Join(t.TempDir(), "s"), Engine: sweep.Local{Jobs: 1}})
	if err != nil {
		t.Fatal(err)
	}
	f, runs, err := circuitRuns(r)
	if err != nil {
		t.Fatal(err)
	}
	for k, name := range circuitMethods {
		m := f.Methods[k]
		if len(runs[name]) != 2 || runs[name][0].seed != "7" || len(m.Loss) != 2 || len(m.Epoch) != 3 || len(m.WeightEpoch) != 4 || len(m.Weights) != 3 || len(m.Weights[2].Runs) != 2 {
			t.Fatalf("%s: runs %+v, drawn %+v", name, runs[name], m)
		}
		for i, c := range runs[name] {
			down := m.Weights[2].Runs[i]
			loss := (m.Loss[i][0] + m.Loss[i][1] + m.Loss[i][2]) / 3
			if diff := c.loss - loss; diff > 1e-12 || diff < -1e-12 || c.final != m.Loss[i][2] || c.down0 != down[0] || c.down != down[3] || c.up2 != m.Weights[1].Runs[i][3] {
				t.Errorf("%s: %+v does not agree with what is drawn", name, c)
			}
			for w := range 3 {
				if name != "bp" && m.Weights[w].Runs[i][0] != f.Methods[0].Weights[w].Runs[i][0] {
					t.Errorf("%s, seed %s: weight %d does not begin as with SAL", name, c.seed, w)
				}
			}
			switch {
			case name == "bp" && c.down != c.up2, name == "fa" && c.down != c.down0, name == "sal" && c.down == c.down0:
				t.Errorf("%s: feedback %v from %v, forward %v", name, c.down, c.down0, c.up2)
			}
		}
	}
	if _, err := f.Figure(); err != nil {
		t.Error(err)
	}
}

// The claims of figure 6 hold for runs as in the paper, and each fails where it should.
func TestCircuitClaims(t *testing.T) {
	paper := func() map[string][]circuitRun {
		runs := map[string][]circuitRun{}
		for k := range 6 {
			seed, down0 := fmt.Sprint(k), float64(2*(k%2)-1)
			fa := 0.001
			if down0 < 0 {
				fa = 0.6
			}
			runs["sal"] = append(runs["sal"], circuitRun{seed: seed, loss: 0.0011, down0: down0, up2: 2, down: 1.9})
			runs["bp"] = append(runs["bp"], circuitRun{seed: seed, loss: 0.001, down0: 1, up2: 2, down: 2})
			runs["fa"] = append(runs["fa"], circuitRun{seed: seed, loss: fa, down0: down0, up2: 3, down: down0})
		}
		return runs
	}
	for _, c := range []struct {
		name   string
		change func(map[string][]circuitRun)
		fails  []int
	}{
		{"as in the paper", func(map[string][]circuitRun) {}, nil},
		{"SAL is worse", func(r map[string][]circuitRun) {
			for k := range r["sal"] {
				r["sal"][k].loss = 0.01
			}
		}, []int{0, 2}},
		{"SAL is worse from some starts", func(r map[string][]circuitRun) {
			for k := range r["sal"] {
				if r["sal"][k].down0 < 0 && k > 0 {
					r["sal"][k].loss = 0.01
				}
			}
		}, []int{2}},
		{"FA does as well", func(r map[string][]circuitRun) {
			for k := range r["fa"] {
				r["fa"][k].loss = 0.001
			}
		}, []int{1}},
		{"feedback stays away", func(r map[string][]circuitRun) {
			for k := range r["sal"] {
				r["sal"][k].down = 1.6
			}
		}, []int{4}},
		{"a wrong sign", func(r map[string][]circuitRun) { r["sal"][2].down = -2 }, []int{3}},
		{"no wrong starts", func(r map[string][]circuitRun) {
			for _, rs := range r {
				for k := range rs {
					rs[k].down0 = 1
				}
			}
		}, []int{1, 2}},
		{"nothing", func(r map[string][]circuitRun) { clear(r) }, []int{0, 1, 2, 3, 4}},
	} {
		runs := paper()
		c.change(runs)
		var j Job
		j.circuitClaims(runs)
		var fails []int
		for k, claim := range j.Claims {
			if !claim.Holds {
				fails = append(fails, k)
			}
		}
		if !slices.Equal(fails, c.fails) {
			t.Errorf("%s: claims %v fail, want %v\n%+v", c.name, fails, c.fails, j.Claims)
		}
	}
}

// The sweep of SAL as published runs neither BP nor FA, which know no cut.
func TestYinYangMembers(t *testing.T) {
	members := map[string]int{}
	tools := tools()
	tools.Sweep = func(_ context.Context, s *sweep.Sweep, dir string) (*sweep.Result, error) {
		for _, m := range s.Members {
			c := circuit(t, m)
			members[fmt.Sprintf("%v cut %d", c.Method, c.SALCut)]++
		}
		return &sweep.Result{Sweep: &sweep.Sweep{}}, nil
	}
	// Without results the figure has nothing to draw.
	_ = yinYang(&Job{Ctx: t.Context(), Scale: Quick, Dir: t.TempDir(), Tools: tools})
	if want := map[string]int{"sal cut 10": 5, "bp cut 10": 5, "fa cut 10": 5, "sal cut 0": 5}; !maps.Equal(members, want) {
		t.Errorf("members are %v, want %v", members, want)
	}
}
