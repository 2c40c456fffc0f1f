// Package reproduce computes the figures of the paper: the data, the picture, and for every claim
// that the figure makes a verdict with the number that was measured.
//
// Each figure is one file of this package and one line in Figures. What takes long runs through
// packages experiment and sweep, so that it can be stopped and goes on from its checkpoints;
// finished parts are never computed twice.
package reproduce

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strconv"

	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/experiments"
	"spikealign/figure"
	"spikealign/figure/render"
	"spikealign/internal/durable"
	"spikealign/internal/npz"
	"spikealign/internal/quantile"
	"spikealign/sweep"
)

// Scale says how much is computed.
type Scale string

// The scales. Quick takes seconds to a few minutes a figure; Paper takes the durations, grids and
// numbers of seeds of the paper.
const (
	Quick Scale = "quick"
	Paper Scale = "paper"
)

// VerdictFile is the file of a figure's folder that holds the claims.
const VerdictFile = "verdict.csv"

// Figure is one figure of the paper.
type Figure struct {
	Name string // as on the command line: "fig4"
	Doc  string // one line
	run  func(*Job) error
}

// Figures returns all figures that can be reproduced, in the order of the paper.
func Figures() []Figure {
	return []Figure{
		{"fig2", "two neurons: what spike-timing differences tell, and what SAL makes of it", figure2},
		{"fig4", "sampling networks with synaptic noise", figure4},
		{"fig5", "sampling networks with plasticity noise", figure5},
		{"fig6", "dendritic microcircuits with feedback weights from SAL, BP and FA", figure6},
		{"fig7", "two layers: SAL, RDD, STDWI and the weight mirror align feedback weights", figure7},
		{"fig9", "layers 1600-384-192-10: SAL aligns all feedback weights", figure9},
		{"fig10", "effective weights: excitatory neurons that also reach each other through inhibitory ones", figure10},
		{"fig11", "other shapes of the postsynaptic potential", figure11},
		{"fig12", "how a small asymmetry changes spike-timing differences", figure12},
		{"league", "beyond the paper: all methods of weight transport on equal terms, over time, spikes and CPU time", league},
		{"mismatch", "beyond the paper: what SAL makes of neurons and synapses that differ, in layers, sampling networks and microcircuits", mismatchFigure},
		{"yinyang", "beyond the paper: microcircuits classify the Yin-Yang points with SAL, BP and FA", yinYang},
		{"hierarchy", "beyond the paper: narrow microcircuits, in which exact feedback beats random feedback, with SAL, BP and FA", hierarchy},
		{"alignment", "beyond the paper: feedback alignment of a 4-30-3 microcircuit against length and rate of the SAL phase", alignmentPhase},
		// the last: they need images, and fig8 takes hours
		{"depth", "beyond the paper: a deep and narrow network, where exact feedback pays, against the length of SAL's phases", depth},
		{"fig8", "a convolutional network learns images with feedback from SAL, RDD, BP, FA and others", figure8},
	}
}

// Claim is something that a figure of the paper shows, and whether it is so here.
type Claim struct {
	Text     string `json:"claim"`
	Measured string `json:"measured"` // the value found
	Needed   string `json:"needed"`   // what it must be for the claim to hold
	Reason   string `json:"reason"`   // why this much
	Holds    bool   `json:"holds"`
}

// Tools are what a caller provides to a reproduction.
type Tools struct {
	Kinds   experiment.Kinds
	Drawers drawings.Drawers
	Data    string // the folder of data sets that the user named, "" if none
	// For the record: version of the program, command line, and what works on sweeps.
	Program, Command, Engine string
	// Run runs an experiment in a folder, goes on with it, or finds it finished.
	Run func(ctx context.Context, spec *experiment.Spec, dir string) error
	// Sweep does the same for a sweep.
	Sweep func(ctx context.Context, s *sweep.Sweep, dir string) (*sweep.Result, error)
	// Progress is called for work that neither of them does: it returns what is to be called with
	// the parts done so far of total.
	Progress func(what string, total int) func(done int)
}

// Job is one figure being reproduced. Methods of figures write into its folder and add claims.
type Job struct {
	Ctx    context.Context
	Scale  Scale
	Dir    string
	Claims []Claim
	Tools

	record Record
	before []Part // of earlier sessions
	own    clock  // since when the figure itself computes
}

// Folder is the name of the figure's folder in an output folder.
func (f Figure) Folder(scale Scale) string { return f.Name + "-" + string(scale) }

// Run reproduces the figure in its folder in base, which is made if it does not exist, and returns
// its claims. The claims stand in verdict.csv too, the pictures in figures, and how it went in
// reproduction.json.
func (f Figure) Run(ctx context.Context, scale Scale, base string, tools Tools) ([]Claim, error) {
	dir := filepath.Join(base, f.Folder(scale))
	if err := durable.MakeFolder(dir); err != nil {
		return nil, fmt.Errorf("reproducing %s: %w", f.Name, err)
	}
	j := &Job{Ctx: ctx, Scale: scale, Dir: dir, Tools: tools}
	if err := j.begin(f.Name); err != nil {
		return nil, err
	}
	err := f.run(j)
	if err == nil {
		err = j.csv(VerdictFile, verdictRows(j.Claims))
	}
	if err = j.end(err); err != nil {
		return nil, err
	}
	return j.Claims, nil
}

// verdictHead are the columns of VerdictFile.
var verdictHead = []string{"claim", "measured", "needed", "reason", "holds"}

func verdictRows(claims []Claim) [][]string {
	rows := [][]string{verdictHead}
	for _, c := range claims {
		rows = append(rows, []string{c.Text, c.Measured, c.Needed, c.Reason, strconv.FormatBool(c.Holds)})
	}
	return rows
}

// ReadClaims reads the claims of a figure's folder.
func ReadClaims(dir string) ([]Claim, error) {
	file, err := durable.Open(filepath.Join(dir, VerdictFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) == 0 || !slices.Equal(rows[0], verdictHead) {
		return nil, fmt.Errorf("%s is not a table of claims: %v", file.Name(), err)
	}
	var claims []Claim
	for _, r := range rows[1:] {
		claims = append(claims, Claim{r[0], r[1], r[2], r[3], r[4] == "true"})
	}
	return claims, nil
}

// claim adds a verdict.
func (j *Job) claim(holds bool, text, measured, needed, reason string) {
	j.Claims = append(j.Claims, Claim{text, measured, needed, reason, holds})
}

// csv writes a table into the figure's folder.
func (j *Job) csv(name string, rows [][]string) error {
	return durable.WriteFile(filepath.Join(j.Dir, name), 0o666, func(w io.Writer) error {
		c := csv.NewWriter(w)
		if err := c.WriteAll(rows); err != nil {
			return err
		}
		return c.Error()
	})
}

// npz writes arrays into the figure's folder.
func (j *Job) npz(name string, arrays ...npz.Array) error {
	return durable.WriteFile(filepath.Join(j.Dir, name), 0o666, func(w io.Writer) error {
		z := npz.NewWriter(w)
		for _, a := range arrays {
			z.Add(a)
		}
		return z.Close()
	})
}

// draw saves a picture into the figure's folder.
func (j *Job) draw(name string, f interface {
	Figure() (*figure.Figure, error)
}) error {
	drawn, err := f.Figure()
	if err != nil {
		return err
	}
	j.record.Pictures = append(j.record.Pictures, path.Join(experiment.FiguresDir, name))
	return render.Save(drawn, filepath.Join(j.Dir, experiment.FiguresDir), name)
}

// drawSweep saves the figure that a sweep's file asks for into the folder of the sweep.
func (j *Job) drawSweep(r *sweep.Result) error {
	names, err := j.Drawers.Sweep(r)
	if err != nil {
		return err
	}
	folder, err := filepath.Rel(j.Dir, r.Dir)
	for _, name := range names {
		j.record.Pictures = append(j.record.Pictures, path.Join(filepath.ToSlash(folder), experiment.FiguresDir, name))
	}
	return err
}

// sweep runs a sweep file of package experiments in a folder of the figure's folder; "" is that
// folder itself.
func (j *Job) sweep(file, folder string, overrides ...string) (*sweep.Result, error) {
	return j.sweepText(file, embedded(file), folder, overrides...)
}

// sweepText is sweep for the text of the file of that name.
func (j *Job) sweepText(file string, data []byte, folder string, overrides ...string) (*sweep.Result, error) {
	s, err := sweep.Parse(j.Kinds, file, data, overrides...)
	if err != nil {
		return nil, err
	}
	return j.sweepOf(s, folder)
}

// sweepOf is sweep for what is not a file.
func (j *Job) sweepOf(s *sweep.Sweep, folder string) (r *sweep.Result, err error) {
	dir := filepath.Join(j.Dir, folder)
	err = j.part(folder, seedsOf(s), func() (infos []experiment.Info, err error) {
		r, err = j.Tools.Sweep(j.Ctx, s, dir)
		known := r
		if known == nil {
			known, _ = s.Collect(dir) // what there is in spite of the error
		}
		if known != nil {
			for _, st := range known.States {
				infos = append(infos, *st.Info)
			}
		}
		return infos, err
	})
	return r, err
}

// parse reads a sweep file of package experiments.
func (j *Job) parse(file string, overrides ...string) (*sweep.Sweep, error) {
	return sweep.Parse(j.Kinds, file, embedded(file), overrides...)
}

// embedded is a file of package experiments.
func embedded(file string) []byte {
	data, err := experiments.Files.ReadFile(file)
	if err != nil {
		panic("reproduce: " + err.Error())
	}
	return data
}

// run runs an experiment file of package experiments in a folder of the figure's folder and returns
// that.
func (j *Job) run(file, folder string, overrides ...string) (*experiment.Folder, error) {
	spec, err := j.Kinds.Parse(file, embedded(file), overrides...)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(j.Dir, folder)
	err = j.part(folder, "seed "+strconv.FormatUint(spec.Seed, 10), func() ([]experiment.Info, error) {
		err := j.Tools.Run(j.Ctx, spec, dir)
		info, _ := experiment.ReadInfo(dir) // zero where nothing began
		return []experiment.Info{info}, err
	})
	return &experiment.Folder{Dir: dir}, err
}

// simulated notes simulations that a figure does by itself.
func (j *Job) simulated(runs int, seeds string) {
	j.record.Parts = append(j.record.Parts, Part{Folder: ".", Runs: runs, Done: runs, Seeds: seeds, Engine: []string{j.Engine}})
}

// number writes a value for people.
func number(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) }

// full is a number with all its digits; "" for NaN.
func full(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return fmt.Sprint(x)
}

// spread writes median and quartiles.
func spread(values []float64) string {
	q25, median, q75 := quantile.Quartiles(values)
	return fmt.Sprintf("%s [%s, %s]", number(median), number(q25), number(q75))
}

func quartiles(values []float64) (lower, upper float64) {
	lower, _, upper = quantile.Quartiles(values)
	return lower, upper
}

func median(values []float64) float64 {
	_, m, _ := quantile.Quartiles(values)
	return m
}
