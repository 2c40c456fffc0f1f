package drawings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/internal/yamlconf"
	"spikealign/kinds"
	"spikealign/sweep"
)

var (
	known   = experiment.Kinds{kinds.Sampling{}, kinds.TwoNeuron{}, kinds.Dale{}, kinds.Microcircuit{}}
	drawers = Drawers{"sampling": Sampling(), "two-neuron": Pair(), "dale": Pair(), "microcircuit": Microcircuit()}
)

const folderBase = `  kind: sampling
  network: {visible: 2, tau_ref: 10}
  training: {epochs: 2, epoch_length: 10, report_every: 1, report_factor: 10}
`

func runSweep(t *testing.T, text string) (*sweep.Result, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "s")
	s, err := sweep.Parse(known, "s.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := sweep.Run(context.Background(), s, sweep.Options{Dir: dir, Engine: sweep.Local{Jobs: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

// TestFolder verifies that runs and sweeps are drawn from their folders, unfinished ones too.
func TestFolder(t *testing.T) {
	grid := "grid:\n  - {path: initial.noise, values: [0.5, 0]}\n  - {path: plasticity.rate_sal, values: [0, 0.01]}\n"
	for _, kind := range []string{"noise", "comparison"} {
		r, dir := runSweep(t, "kind: sweep\nexperiment:\n"+folderBase+grid+"figure: "+kind+"\n")
		member := sweep.MemberDir(dir, r.Sweep.Members[0])
		for _, f := range []struct{ dir, name string }{{dir, kind}, {member, "training"}} {
			names, err := drawers.Folder(known, f.dir)
			if err != nil || len(names) != 1 || names[0] != f.name {
				t.Fatalf("%v, %v; want %s", names, err, f.name)
			}
			for _, suffix := range []string{".svg", ".png"} {
				if _, err := os.Stat(filepath.Join(f.dir, experiment.FiguresDir, f.name+suffix)); err != nil {
					t.Error(err)
				}
			}
		}
		// As in a run that is under way.
		if err := os.Remove(filepath.Join(member, experiment.ArraysFile)); err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{dir, member} {
			if _, err := drawers.Folder(known, d); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestFolderRefusals verifies the error for a folder that cannot be drawn.
func TestFolderRefusals(t *testing.T) {
	if _, err := drawers.Folder(known, t.TempDir()); !errors.Is(err, experiment.ErrUsage) {
		t.Errorf("an empty folder: %v", err)
	}
}

func parseSweep(t *testing.T, text string) *sweep.Sweep {
	t.Helper()
	s, err := sweep.Parse(known, "s.yaml", []byte("kind: sweep\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCheck verifies that grids which a figure cannot show are refused before anything runs, in
// words of the sweep file.
func TestCheck(t *testing.T) {
	sampling := "experiment:\n" + folderBase
	noise := "  - {path: initial.noise, values: [0, 0.5]}\n"
	for _, c := range []struct{ text, want string }{
		{sampling + "grid:\n  - {path: plasticity.rate_sal, values: [0, 0.01]}\nfigure: noise\n", "no level of noise"},
		{sampling + "grid:\n" + noise + "replicates: [initial.noise]\nfigure: noise\n", "no level of noise"},
		{sampling + "grid:\n" + noise + "  - {path: plasticity.noise, values: [0, 0.1]}\nfigure: noise\n", "varies initial.noise and plasticity.noise; list the paths"},
		{sampling + "grid:\n  - {path: initial.noise, values: [0]}\n  - {path: plasticity.noise, values: [0]}\nfigure: noise\n", "initial.noise and plasticity.noise"},
		{sampling + "grid:\n  - {path: network.dynamics, values: [discrete]}\nfigure: noise\n", "network.dynamics has the value discrete; take figure: comparison"},
		{sampling + "grid:\n" + noise + "  - {path: plasticity.rate_sal, values: [0, 0.01, 0.02]}\nfigure: noise\n", "plasticity.rate_sal has 2 values other than 0 (0.01, 0.02); leave one"},
		{sampling + "grid:\n" + noise + "  - {path: plasticity.rate_sal, values: [0, 0.01, 0.02]}\nreplicates: [plasticity.rate_sal]\nfigure: noise\n", "2 values other than 0"},
		{sampling + "grid:\n  - {path: initial.noise, values: {from: 0, to: 1, steps: 25}}\nfigure: comparison\n", "up to 24 conditions, and the grid has 25; list the paths"},
		{"experiment: {kind: microcircuit}\ngrid:\n  - {path: plasticity.method, values: [sal, bp]}\nfigure: noise\n", "is no figure of sweeps of kind microcircuit; allowed are comparison, none"},
		{"experiment: {kind: two-neuron}\ngrid:\n  - {path: seed, values: {from: 1, to: 25, steps: 25}}\nfigure: comparison\n", "up to 24 conditions, and the grid has 25; list the paths"},
		{"experiment: {kind: dale}\ngrid:\n  - {path: seed, values: [1, 2]}\nfigure: comparison\n", "mode: field has none; take mode: learning, or figure: none"},
		{sampling + "grid:\n" + noise + "figure: pie\n", "is no figure of sweeps of kind sampling; allowed are noise, comparison, none"},
		{"experiment: {kind: two-neuron}\ngrid:\n  - {path: initial.noise, values: [0, 1]}\nfigure: noise\n", "is no figure of sweeps of kind two-neuron; allowed are comparison, none"},
	} {
		s := parseSweep(t, c.text)
		err := drawers.Check(s)
		var faults yamlconf.Errors
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "figure = "+s.Figure+": ") || faults[0].Line == 0 {
			t.Errorf("%s: %v; want %q", c.text, err, c.want)
		}
	}
	for _, text := range []string{
		sampling + "grid:\n" + noise + "figure: noise\n",
		sampling + "grid:\n" + noise + "  - {path: network.dynamics, values: [discrete]}\n  - {path: plasticity.rate_sal, values: [0.02]}\nfigure: noise\n",
		sampling + "grid:\n  - {path: initial.noise, values: [0, 0.1, 0.2]}\n  - {path: plasticity.rate_sal, values: [0, 1]}\n  - {path: seed, values: [1, 2]}\nreplicates: [seed]\nfigure: comparison\n",
		"experiment: {kind: microcircuit}\ngrid:\n  - {path: plasticity.method, values: [sal, bp]}\n",
	} {
		if err := drawers.Check(parseSweep(t, text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestConditions verifies how a comparison of sampling networks calls its conditions, and that
// replicates are of one condition.
func TestConditions(t *testing.T) {
	for _, c := range []struct {
		grid, want string
	}{
		{"  - {path: plasticity.rate_sal, values: [0, 0.01]}\n", ": with SAL, without SAL; 0*2 1*2"},
		{"  - {path: plasticity.rate_sal, values: [0.02, 0.01]}\n", "rate_sal: 0.02, 0.01; 0*2 1*2"},
		{"  - {path: initial.noise, values: [0, 1], label: noise}\n  - {path: network.tau_ref, values: [5]}\n  - {path: plasticity.rate_sal, values: [0, 0.01]}\n",
			"noise: 0, 1; : with SAL, without SAL; 0 0*2 1 0*2 0 1*2 1 1*2"},
		{"  - {path: initial.noise, values: [0, 1]}\n", "noise: 0, 1; 0*2 1*2"},
		{"  - {path: initial.noise, values: [0]}\n  - {path: plasticity.rate_sal, values: [0]}\n", "*2"},
		{"  - {path: initial.weights, values: [[[0, 0.25], [-0.1255, 0]], null]}\n", "weights: [[0, 0.25], [-0.1255, 0…, null; 0*2 1*2"},
	} {
		s := parseSweep(t, "experiment:\n"+folderBase+"grid:\n"+c.grid+"  - {path: seed, values: [1, 2]}\nreplicates: [seed]\nfigure: comparison\n")
		g := grouped(s)
		g.withSAL(s)
		got := ""
		for _, f := range g.factors {
			got += f.Name + ": " + strings.Join(f.Values, ", ") + "; "
		}
		for _, c := range g.conditions {
			got += fmt.Sprintf("%s*%d ", strings.Trim(fmt.Sprint(c.levels), "[]"), len(c.members))
		}
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("%s: %s, want %s", c.grid, got, c.want)
		}
	}
}

// TestReplicates verifies that a comparison shows all replicates, and states only of runs that
// share the target.
func TestReplicates(t *testing.T) {
	for path, shared := range map[string]bool{"seeds.target": false, "seeds.initial": true} {
		_, dir := runSweep(t, "kind: sweep\nexperiment:\n"+folderBase+"  seeds: {target: 5}\ngrid:\n  - {path: plasticity.rate_sal, values: [0, 0.01]}\n  - {path: "+path+
			", values: [1, 2, 3]}\nreplicates: ["+path+"]\nfigure: comparison\n")
		if _, err := drawers.Folder(known, dir); err != nil {
			t.Fatal(err)
		}
		svg, err := os.ReadFile(filepath.Join(dir, experiment.FiguresDir, "comparison.svg"))
		if err != nil || !strings.Contains(string(svg), "median of 3 runs") {
			t.Errorf("%s: the figure does not say how many runs it shows (%v)", path, err)
		}
		if got := strings.Contains(string(svg), "network states"); got != shared {
			t.Errorf("%s: states are drawn: %v", path, got)
		}
	}
}

func runFile(t *testing.T, text string) string {
	t.Helper()
	spec, err := known.Parse("r.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "r")
	if _, err := experiment.Execute(t.Context(), experiment.Options{Spec: spec, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestPairFolder draws runs of two neurons from their folders.
func TestPairFolder(t *testing.T) {
	dale := "kind: dale\nnetwork: {tau_ref: 5}\n"
	for _, c := range []struct{ text, name, says string }{
		{"kind: two-neuron\nnetwork: {tau_ref: 5}\ntraining: {epochs: 3, epoch_length: 100, report_every: 1}\n", "training", "both weights"},
		{dale + "mode: learning\ntraining: {epochs: 3, epoch_length: 100, report_every: 1}\n", "training", "excitatory weights"},
		{dale + "field: {points: 3, steps: 200}\n", "field", "activity (share of time)"},
		{dale + "field: {points: 2, steps: 200, direct: false}\n", "field", "SAL with interneurons"},
		{dale + "field: {points: 1, steps: 200}\n", "", ""},
	} {
		dir := runFile(t, c.text)
		names, err := drawers.Folder(known, dir)
		if err != nil || strings.Join(names, " ") != c.name {
			t.Errorf("%s: %v, %v; want %s", c.text, names, err, c.name)
			continue
		}
		if c.name == "" {
			continue
		}
		svg, err := os.ReadFile(filepath.Join(dir, experiment.FiguresDir, c.name+".svg"))
		if err != nil || !strings.Contains(string(svg), c.says) {
			t.Errorf("%s: the figure does not say %q (%v)", c.text, c.says, err)
		}
	}
}

// TestHiddenFolder verifies that the reciprocal weights of visible and hidden neurons are drawn,
// also where the states are too many to list.
func TestHiddenFolder(t *testing.T) {
	for side, states := range map[int]bool{2: true, 5: false} {
		dir := runFile(t, fmt.Sprintf("kind: sampling\nnetwork: {visible: %d, hidden: 2, tau_ref: 5}\ntarget: {bars_and_stripes: %d}\n"+
			"training: {epochs: 2, epoch_length: 5, wake_length: 1, report_every: 1, report_factor: 1}\n", side*side, side))
		if _, err := drawers.Folder(known, dir); err != nil {
			t.Fatal(err)
		}
		svg, err := os.ReadFile(filepath.Join(dir, experiment.FiguresDir, "training.svg"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(svg), "from hidden to visible") {
			t.Errorf("side %d: no reciprocal weights", side)
		}
		if got := strings.Contains(string(svg), "divergence from target"); got != states {
			t.Errorf("side %d: the divergence is drawn: %v", side, got)
		}
	}
}

// TestResultError verifies that a user reads nothing of the types of package figure.
func TestResultError(t *testing.T) {
	_, err := drawn("d", []Picture{{"training", figure.Training{Epoch: []float64{1}, DKL: []float64{1, 2}}}})
	if err == nil || err.Error() != filepath.Join("d", "figures", "training")+": 2 values for 1 epochs" {
		t.Error(err)
	}
}

// TestLastPair verifies that of a table with a row per pair of layers a comparison shows the rows
// of the last pair, as summaries do, and names it.
func TestLastPair(t *testing.T) {
	all := append(known, kinds.Align{})
	for _, c := range []struct{ grid, heading string }{
		{"[[5, 4, 3]]", "feedback alignment, layers 1-2 (last of 2 pairs)"},
		{"[[5, 4]]", "feedback alignment"},
		{"[[5, 4], [5, 4, 3]]", "feedback alignment, last pair of layers"},
	} {
		text := "kind: sweep\nexperiment:\n  kind: align\n  training: {epochs: 2, epoch_seconds: 0.5, report_every: 1}\ngrid:\n" +
			"  - {path: layers, values: " + c.grid + "}\n  - {path: method, values: [sal, rdd]}\nfigure: comparison\n"
		s, err := sweep.Parse(all, "s.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "s")
		r, err := sweep.Run(context.Background(), s, sweep.Options{Dir: dir, Engine: sweep.Local{Jobs: 1}})
		if err != nil {
			t.Fatal(err)
		}
		input, err := Align().Sweeps[0].Draw(r)
		if err != nil {
			t.Fatal(err)
		}
		m := input.(figure.MetricSweep)
		if len(m.Metrics) != 1 || m.Metrics[0].Heading != c.heading {
			t.Errorf("layers %s: headings %v, want %q", c.grid, m.Metrics, c.heading)
		}
		for k, d := range m.Conditions {
			if !slices.Equal(d.X, []float64{0, 1, 2}) || len(d.Runs[0]) != 1 || len(d.Runs[0][0]) != 3 {
				t.Errorf("layers %s: x is %v, runs %v; want epochs 0, 1, 2", c.grid, d.X, d.Runs)
				continue
			}
			if want, ok := r.Final(k, "angle_deg"); !ok || d.Runs[0][0][2] != want {
				t.Errorf("layers %s: ends at %v, the summary says %v", c.grid, d.Runs[0][0][2], want)
			}
		}
	}
}
