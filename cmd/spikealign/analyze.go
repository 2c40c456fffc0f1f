package main

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/internal/durable"
	"spikealign/internal/npz"
	"spikealign/internal/progress"
	"spikealign/recording"
	"spikealign/spike"
	"spikealign/sweep"
	"spikealign/synapse"
	"spikealign/timing"
)

type analyzeCommand struct {
	Spikes []string `arg:"" help:"Files with spikes (npz, csv, text of NEST), one recording together, or the folder of a run that recorded them; - is standard input."`
	Format string   `enum:"auto,npz,csv,nest" default:"auto" help:"auto, npz, csv or nest (default auto: by content)."`
	Unit   string   `enum:"file,s,ms,us,ns,steps" default:"file" help:"Unit of the times, where the file does not tell it: s, ms, us, ns or steps."`

	Tau    string `required:"" placeholder:"TIME" help:"Time constant of the learning window, or width of the triangle. A TIME is a number with a unit (10ms), or in the unit of the file."`
	Window string `enum:"exponential,triangular" default:"exponential" help:"exponential or triangular (default exponential)."`
	Cut    string `placeholder:"TIME" help:"Lag beyond which the window is zero. Without it: none."`
	MaxLag string `placeholder:"TIME" help:"Longest lag of the histograms. Without it: 5 tau."`
	Bin    string `placeholder:"TIME" help:"Width of their bins. Without it: a fiftieth of the longest lag."`

	Neurons string `placeholder:"LIST" help:"Only these neurons, such as 0-99,120."`
	From    string `placeholder:"TIME" help:"Leave out what comes before this time of the recording."`
	Until   string `placeholder:"TIME" help:"Leave out what comes at or after this time."`

	Blocks     int     `placeholder:"N" help:"Blocks of time that errors and test rest on. Without it: 50, or fewer (10 at least) to make them 20 tau long."`
	Replicates int     `default:"1000" help:"Replicates of the bootstrap for the intervals; 0: no intervals (default 1000)."`
	Level      float64 `default:"0.05" help:"Level of significance; intervals cover 1 minus this (default 0.05)."`
	MinWeight  float64 `default:"20" placeholder:"X" help:"Pairs with fewer spikes than about this within tau of each other are not tested (default 20)."`
	Seed       uint64  `placeholder:"N" help:"Seed of the bootstrap."`

	Output   string        `short:"o" placeholder:"DIR" help:"Write pairs.csv, histograms.npz and figures/matrix.svg and .png into this folder."`
	Top      int           `default:"10" help:"Pairs in the table on standard output (default 10)."`
	JSON     bool          `name:"json" help:"Print everything but the histograms as JSON."`
	Threads  int           `short:"j" placeholder:"N" help:"Threads; without it as many as there are processors. Changes no result."`
	Memory   int           `default:"2048" placeholder:"MIB" help:"Refuse an analysis that takes more memory than this, in MiB (default 2048)."`
	Progress time.Duration `default:"10s" placeholder:"DURATION" help:"Time between two lines of progress where standard error is not a terminal (default 10s)."`
	Quiet    bool          `short:"q" help:"No progress."`
}

// Help shows the examples.
func (analyzeCommand) Help() string {
	return `Examples:

  spikealign run experiments/minimal.yaml --set record.spikes=true --set training.epochs=101 -o runs/recorded
  spikealign analyze runs/recorded --tau 50      # reads spikes.npz
  spikealign analyze chip.csv --unit us --tau 10us --max-lag 100us -o runs/chip
  spikealign analyze spikes-*.dat --tau 20ms --from 500ms      # all files of a NEST recorder

For every pair of neurons: the drift that spike-based alignment learning would give its two synapses, its error, and whether it is significant after correction for the number of pairs. A negative drift
means that presynaptic spikes lead: the synapse acts as the stronger of the two (of two inhibitory ones: as the less negative). docs/analyze.md explains every column and the assumptions of the test.`
}

// Validate is called by kong.
func (c *analyzeCommand) Validate() error {
	switch {
	case c.Blocks < 0 || c.Top < 0 || c.Threads < 0 || c.Progress < 0:
		return fmt.Errorf("--blocks, --top, --threads and --progress must not be negative")
	case c.Blocks == 1:
		return fmt.Errorf("--blocks must be at least 2")
	case c.Memory < 1:
		return fmt.Errorf("--memory must be at least 1")
	}
	return c.testOptions().Validate()
}

func (c *analyzeCommand) testOptions() timing.TestOptions {
	return timing.TestOptions{APlus: 1, AMinus: 1, Level: c.Level, Replicates: c.Replicates, Seed: c.Seed, MinWeight: c.MinWeight}
}

// Run analyses recorded spikes.
func (c *analyzeCommand) Run(a *app) error {
	if what := holder(c.Output); what != "" {
		return usagef("%s is the folder of a %s; choose another folder with -o", c.Output, what)
	}
	files, err := spikeFiles(c.Spikes)
	if err != nil {
		return err
	}
	o := recording.Options{Format: recording.Format(c.Format)}
	if c.Unit != "file" {
		o.Unit = recording.Unit(c.Unit)
	}
	p := c.begin(a)
	o.Progress = func(done, total int64) { p.update(float64(done)/1e6, float64(total)/1e6, "MB read", 0) }
	r, err := recording.Read(a.ctx, files, o)
	p.end(err)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, recording.ErrOptions) {
			return usagef("%v", err)
		}
		return err
	}
	defer r.Close()
	n := &analysis{command: c, recording: r}
	if err := n.plan(); err != nil {
		return err
	}
	p = c.begin(a)
	err = n.count(a, p)
	p.end(err)
	if err != nil {
		return err
	}
	p = c.begin(a)
	t := c.testOptions()
	t.Progress = func(done, total int) { p.update(float64(done), float64(total), "pairs", 0) }
	n.result = n.counter.Test(t)
	p.end(nil)
	n.remarks()
	for _, w := range n.warnings {
		fmt.Fprintln(a.stderr, "warning:", w)
	}
	if c.Output != "" {
		if err := n.write(c.Output); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, n.document())
	}
	return n.print(a.stdout)
}

// holder tells whether a folder is that of a run or a sweep, in which nothing else is written; ""
// if not.
func holder(dir string) string {
	switch {
	case dir == "":
	case sweep.IsSweep(dir):
		return "sweep"
	case experiment.IsRun(dir):
		return "run"
	}
	return ""
}

// spikeFiles puts the recorded spikes in the place of a run's folder.
func spikeFiles(names []string) ([]string, error) {
	files := slices.Clone(names)
	for k, name := range files {
		if st, err := os.Stat(name); name == "-" || err != nil || !st.IsDir() {
			continue
		}
		files[k] = filepath.Join(name, experiment.SpikesFile)
		if _, err := os.Stat(files[k]); err == nil {
			continue
		}
		folder, err := experiment.Open(name)
		switch {
		case holder(name) != "run" || err != nil:
			return nil, usagef("there is no %s in the folder %s", experiment.SpikesFile, name)
		case folder.Info.Status != experiment.Done:
			return nil, usagef("there is no %s in %s: the run is not finished", experiment.SpikesFile, name)
		}
		return nil, usagef("there is no %s in %s: the run did not record its spikes; run it again in another folder with --set record.spikes=true", experiment.SpikesFile, name)
	}
	return files, nil
}

// phase is a progress line that appears only when the work takes long.
type phase struct {
	make  func() *progress.Reporter
	begin time.Time
	task  *progress.Task
	last  progress.State
	quiet bool
}

func (c *analyzeCommand) begin(a *app) *phase {
	return &phase{begin: time.Now(), quiet: c.Quiet, make: func() *progress.Reporter {
		width, isTerminal := terminal(a.stderr)
		return progress.New(a.stderr, progress.Options{Terminal: isTerminal, Width: width, Every: c.Progress})
	}}
}

const patience = 2 * time.Second

func (p *phase) update(done, total float64, unit string, spikes int64) {
	if p.task == nil {
		if p.quiet || time.Since(p.begin) < patience {
			return
		}
		p.task = p.make().Start("")
	}
	p.last = progress.State{Done: done, Total: total, Unit: unit, Spikes: spikes}
	p.task.Update(p.last)
}

func (p *phase) end(err error) {
	switch {
	case p.task == nil:
	case err != nil:
		p.task.End("stopped", true)
	default:
		p.last.Done = p.last.Total // headers and left-out spikes do not count one by one
		p.task.Update(p.last)
		p.task.End("done", false)
	}
}

// analysis is one analysis under way.
type analysis struct {
	command   *analyzeCommand
	recording *recording.Recording
	options   timing.Options
	ids       []int64 // of the chosen neurons
	chosen    []int32 // their indices by those of the recording; -1: left out
	shift     int64   // ticks from the first spike of the recording to the start
	spikes    int64
	counter   *timing.Counter
	result    *timing.Result
	warnings  []string
}

// plan turns flags into ticks and chooses the neurons.
func (n *analysis) plan() error {
	c, r := n.command, n.recording
	if err := n.choose(); err != nil {
		return err
	}
	ticks := func(flag, text string, missing float64) (float64, error) {
		if text == "" {
			return missing, nil
		}
		v, err := r.Ticks(text)
		if err != nil {
			return 0, usagef("%s %v", flag, err)
		}
		return v, nil
	}
	var o timing.Options
	tau, err := ticks("--tau", c.Tau, 0)
	if err != nil {
		return err
	}
	if !(tau >= 1) {
		return usagef("--tau %s is %.3g ticks of the recording (%s); it must be at least 1", c.Tau, tau, n.duration(1))
	}
	cut, err := ticks("--cut", c.Cut, 0)
	if err != nil {
		return err
	}
	o.Half = synapse.Half{Tau: tau, Cut: cut}
	if err := o.Half.Shape.UnmarshalText([]byte(c.Window)); err != nil {
		return usagef("%v", err)
	}
	lag, err := ticks("--max-lag", c.MaxLag, 5*tau)
	if err != nil {
		return err
	}
	bin, err := ticks("--bin", c.Bin, math.Ceil(lag/50))
	if err != nil {
		return err
	}
	o.MaxLag, o.BinWidth = int64(min(math.Round(lag), math.MaxInt64/2)), int64(min(math.Round(bin), math.MaxInt64/2))
	at := func(flag, text string, missing int64) (int64, error) {
		if text == "" {
			return missing, nil
		}
		v, err := ticks(flag, text, 0)
		return r.TickAt(v * r.Tick()), err
	}
	if n.shift, err = at("--from", c.From, 0); err != nil {
		return err
	}
	end, err := at("--until", c.Until, r.Length+1)
	if err != nil {
		return err
	}
	if end <= n.shift {
		return usagef("--from and --until leave nothing of the recording, which lasts from %s to %s", n.when(0), n.when(r.Length))
	}
	o.Neurons, o.End = len(n.ids), end-n.shift
	o.Blocks = c.Blocks
	if o.Blocks == 0 {
		o.Blocks = int(min(50, max(10, float64(o.End)/(20*tau))))
	}
	o.Threads = c.Threads
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.End < int64(o.Blocks) {
		return n.tooShort(o)
	}
	if err := o.Validate(); err != nil {
		return usagef("%v", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if limit := float64(c.Memory) * (1 << 20); o.Bytes() > limit {
		fit := int(math.Sqrt(limit / (o.Bytes() / (float64(o.Neurons) * float64(o.Neurons)))))
		return usagef("%d neurons are %.3g ordered pairs, which need %.3g GiB with %d blocks and %d bins; the limit is %.3g GiB. Choose up to %d neurons (--neurons 0-%d), fewer blocks, wider bins, "+
			"or raise the limit (--memory)", o.Neurons, float64(o.Neurons)*float64(o.Neurons-1), o.Bytes()/(1<<30), o.Blocks, o.Bins(), limit/(1<<30), fit, max(fit-1, 0))
	}
	n.options = o
	return nil
}

// tooShort says how a recording with fewer ticks than blocks can be analysed, if at all.
func (n *analysis) tooShort(o timing.Options) error {
	text := fmt.Sprintf("the recording lasts %s, %d ticks of %s: too short for %d blocks", n.duration(float64(o.End)), o.End, n.duration(1), o.Blocks)
	switch {
	case n.command.From != "" || n.command.Until != "":
		return usagef("between --from and --until %s; choose more of it, or fewer blocks (--blocks)", text)
	case o.End >= 2:
		return usagef("%s; choose fewer, at most %d, with --blocks", text, o.End)
	}
	return fmt.Errorf("all spikes of the recording are at one time (%s): there are no timing differences", n.when(0))
}

// choose finds the neurons of --neurons.
func (n *analysis) choose() error {
	ids := n.recording.IDs
	n.chosen = make([]int32, len(ids))
	wanted := [][2]int64{{0, math.MaxInt64}}
	if list := n.command.Neurons; list != "" {
		wanted = nil
		for _, item := range strings.Split(list, ",") {
			first, last, isRange := strings.Cut(strings.TrimSpace(item), "-")
			if !isRange {
				last = first
			}
			lo, err1 := strconv.ParseInt(first, 10, 64)
			hi, err2 := strconv.ParseInt(last, 10, 64)
			if err1 != nil || err2 != nil || lo < 0 || hi < lo {
				return usagef("--neurons %s: %q is neither a neuron nor a range such as 0-99", list, item)
			}
			if !isRange && !slices.Contains(ids, lo) {
				n.warnings = append(n.warnings, fmt.Sprintf("neuron %d has no spike", lo))
			}
			wanted = append(wanted, [2]int64{lo, hi})
		}
	}
	for k, id := range ids {
		n.chosen[k] = -1
		if slices.ContainsFunc(wanted, func(w [2]int64) bool { return w[0] <= id && id <= w[1] }) {
			n.chosen[k] = int32(len(n.ids))
			n.ids = append(n.ids, id)
		}
	}
	if len(n.ids) < 2 {
		of := "the recording has"
		if n.command.Neurons != "" {
			of = "of the chosen neurons there are"
		}
		who := "no spikes"
		if len(n.ids) == 1 {
			who = fmt.Sprintf("spikes of one neuron only (%d)", n.ids[0])
		}
		text := fmt.Sprintf("%s %s; timing differences need two neurons", of, who)
		if n.command.Neurons != "" {
			return usagef("%s", text)
		}
		return errors.New(text)
	}
	return nil
}

// count feeds the counter.
func (n *analysis) count(a *app, p *phase) error {
	n.counter = timing.New(n.options)
	r, end := n.recording, n.options.End
	kept := make([]spike.Event, 0, 1<<16)
	seen := int64(0)
	err := r.Replay(func(events []spike.Event) error {
		seen += int64(len(events))
		if len(kept)+len(events) > cap(kept) {
			n.counter.Observe(kept)
			kept = kept[:0]
		}
		for _, e := range events {
			e.Time -= n.shift
			if e.Neuron = n.chosen[e.Neuron]; e.Neuron >= 0 && e.Time >= 0 && e.Time < end {
				kept = append(kept, e)
				n.spikes++
			}
		}
		p.update(float64(seen), float64(r.Spikes), "spikes", n.spikes)
		return a.ctx.Err()
	})
	n.counter.Observe(kept)
	if err == nil && n.spikes == 0 {
		err = usagef("no spike of the chosen neurons lies between %s and %s", n.when(n.shift), n.when(n.shift+end))
	}
	return err
}

// remarks collects the warnings.
func (n *analysis) remarks() {
	r := n.recording
	if d := r.Disorder; d.Count > 0 {
		n.warnings = append(n.warnings, fmt.Sprintf("spikes earlier than the one before them: %d (%s); all were put into order", d.Count, d))
	}
	if d := r.Duplicates; d.Count > 0 {
		n.warnings = append(n.warnings, fmt.Sprintf("second spikes of a neuron at one time: %d (%s); they were left out", d.Count, d))
	}
	if n.command.Output != "" && len(n.ids) > maxDrawn {
		n.warnings = append(n.warnings, fmt.Sprintf("no figure of more than %d neurons", maxDrawn))
	}
	n.warnings = append(n.warnings, n.result.Warnings...)
}

// duration writes ticks in the unit of the recording.
func (n *analysis) duration(ticks float64) string {
	return strconv.FormatFloat(ticks*n.recording.Tick(), 'g', 6, 64) + " " + string(n.recording.Unit)
}

// when writes a time of the recording.
func (n *analysis) when(tick int64) string {
	return strconv.FormatFloat(n.recording.First+float64(tick)*n.recording.Tick(), 'g', 12, 64) + " " + string(n.recording.Unit)
}

// ranked returns for each pair the synapse that acts as the stronger one, the clearest first; pairs
// that were not tested come last.
func (n *analysis) ranked() []*timing.Synapse {
	var all []*timing.Synapse
	for k := range n.result.Synapses {
		if s := &n.result.Synapses[k]; s.SAL < 0 || s.SAL == 0 && s.Post > s.Pre {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b *timing.Synapse) int {
		if math.IsNaN(a.P) != math.IsNaN(b.P) {
			if math.IsNaN(a.P) {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(a.SAL, b.SAL))
	})
	return all
}

// print writes the table.
func (n *analysis) print(w io.Writer) error {
	r, o, c := n.result, n.options, n.command
	fmt.Fprintf(w, "%d neurons, %d spikes in %s, resolved to %s\n", r.N, n.spikes, n.duration(float64(o.End)), n.duration(1))
	fmt.Fprintf(w, "%s window of tau = %s; %d blocks of %s\n", c.Window, n.duration(o.Half.Tau), o.Blocks, n.duration(float64(o.End)/float64(o.Blocks)))
	fmt.Fprintf(w, "asymmetric timing: %d of %d tested pairs at level %g (Holm)\n", r.Rejected, r.Tested, c.Level)
	short := func(x float64) string {
		if math.IsNaN(x) {
			return "-"
		}
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	if c.Top > 0 && len(r.Synapses) > 0 {
		fmt.Fprintf(w, "\nclearest pairs; SAL: drift of W from PRE to POST, W from POST to PRE has the opposite\n")
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "PRE\tPOST\tSAL\t%g%% INTERVAL\tINDEX\tT\tP\tP HOLM\tQ\tPAIRS\tSTRONGER\n", 100*(1-c.Level))
		for _, s := range n.ranked()[:min(c.Top, len(r.Synapses)/2)] {
			mark := ""
			if s.Sign != 0 {
				mark = fmt.Sprintf("\t%d to %d", n.ids[s.Pre], n.ids[s.Post])
			}
			fmt.Fprintf(t, "%d\t%d\t%s\t[%s, %s]\t%s\t%s\t%s\t%s\t%s\t%d%s\n", n.ids[s.Pre], n.ids[s.Post], short(s.SAL), short(s.Low), short(s.High), short(s.Index), short(s.T), short(s.P),
				short(s.Holm), short(s.Q), s.Causal+s.AntiCausal, mark)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w, "STRONGER: the synapse that acts as the stronger of the two, where that is significant; of two inhibitory ones, the less negative")
	}
	if c.Output == "" {
		return nil
	}
	files := []string{pairsFile, histogramsFile}
	if len(n.ids) <= maxDrawn {
		files = append(files, filepath.Join(experiment.FiguresDir, matrixName+".svg"), filepath.Join(experiment.FiguresDir, matrixName+".png"))
	}
	_, err := fmt.Fprintf(w, "\n%s: %s\n", c.Output, strings.Join(files, " "))
	return err
}

// The files of an analysis.
const (
	pairsFile      = "pairs.csv"
	histogramsFile = "histograms.npz"
	matrixName     = "matrix"
)

// maxDrawn is the largest matrix that is drawn: beyond, a cell is smaller than a dot of the printer
// and the SVG larger than what browsers show.
const maxDrawn = 400

// write writes the files; each appears whole or not at all.
func (n *analysis) write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(dir, pairsFile), 0o666, n.writePairs); err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(dir, histogramsFile), 0o666, n.writeHistograms); err != nil {
		return err
	}
	if len(n.ids) > maxDrawn {
		return nil
	}
	f := figure.Analysis{SAL: n.matrix(func(s *timing.Synapse) float64 { return s.SAL }), Significant: make([]bool, len(n.ids)*len(n.ids))}
	f.Title = filepath.Base(n.command.Spikes[0])
	if more := len(n.command.Spikes) - 1; more > 0 {
		f.Title += fmt.Sprintf(" and %d more", more)
	}
	f.Note = fmt.Sprintf("%s window, τ = %s; %d of %d pairs significant at level %g (Holm)", n.command.Window, n.duration(n.options.Half.Tau), n.result.Rejected, n.result.Tested, n.command.Level)
	for _, id := range n.ids {
		f.Labels = append(f.Labels, strconv.FormatInt(id, 10))
	}
	for _, s := range n.result.Synapses {
		k := s.Post*len(n.ids) + s.Pre
		f.Significant[k] = s.Sign != 0
		if math.IsNaN(s.SE) { // never near each other
			f.SAL[k] = math.NaN()
		}
	}
	drawn, err := f.Figure()
	if err != nil {
		return err
	}
	return drawn.Save(filepath.Join(dir, experiment.FiguresDir), matrixName)
}

// matrix lays a statistic out row-major, row postsynaptic, NaN on the diagonal.
func (n *analysis) matrix(of func(*timing.Synapse) float64) []float64 {
	m := make([]float64, len(n.ids)*len(n.ids))
	for i := range n.ids {
		for j := range n.ids {
			m[i*len(n.ids)+j] = math.NaN()
			if i != j {
				m[i*len(n.ids)+j] = of(n.result.At(i, j))
			}
		}
	}
	return m
}

// pairColumns are the columns of pairs.csv and the keys of the JSON output.
var pairColumns = strings.Split("pre,post,spikes_pre,spikes_post,pairs_causal,pairs_anticausal,coincidences,coverage,c_causal,c_anticausal,sal,se,ci_low,ci_high,index,grid_bias,t,p,p_holm,q,sign", ",")

// cell is a value of a row: a count, or a number.
type cell struct {
	count   int64
	number  float64
	isCount bool
}

// row appends the values of pairColumns.
func (n *analysis) row(to []cell, s *timing.Synapse) []cell {
	for _, v := range [...]int64{n.ids[s.Pre], n.ids[s.Post], n.counter.Spikes(s.Pre), n.counter.Spikes(s.Post), s.Causal, s.AntiCausal, s.Coincidences} {
		to = append(to, cell{count: v, isCount: true})
	}
	for _, v := range [...]float64{s.Coverage, s.CausalSum, s.AntiCausalSum, s.SAL, s.SE, s.Low, s.High, s.Index, s.GridBias, s.T, s.P, s.Holm, s.Q} {
		to = append(to, cell{number: v})
	}
	return append(to, cell{count: int64(s.Sign), isCount: true})
}

func (n *analysis) writePairs(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, strings.Join(pairColumns, ","))
	var line []byte
	var row []cell
	for k := range n.result.Synapses {
		line, row = line[:0], n.row(row[:0], &n.result.Synapses[k])
		for i, v := range row {
			if i > 0 {
				line = append(line, ',')
			}
			if v.isCount {
				line = strconv.AppendInt(line, v.count, 10)
			} else {
				line = strconv.AppendFloat(line, v.number, 'g', -1, 64)
			}
		}
		b.Write(append(line, '\n'))
	}
	return b.Flush()
}

// writeHistograms writes counts[i][j][k]: pairs in which neuron i fires after neuron j, by lag; the
// other half of the histogram of a pair is counts[j][i].
func (n *analysis) writeHistograms(w io.Writer) error {
	size, o, tick := len(n.ids), n.options, n.recording.Tick()
	edges := make([]float64, o.Bins()+1)
	for k := range edges {
		edges[k] = float64(int64(k)*o.BinWidth) * tick
	}
	together := make([]int64, size*size)
	for k := range together {
		if i, j := k/size, k%size; i != j {
			together[k] = n.counter.Coincidences(i, j)
		}
	}
	square := []int{size, size}
	z := npz.NewWriter(w)
	// After an error Close returns it again.
	z.AddStream("counts", "<u4", []int{size, size, o.Bins()}, &histograms{counter: n.counter, n: size})
	z.Add(npz.Array{Name: "coincidences", Shape: square, Data: together})
	z.Add(npz.Array{Name: "lag_edges", Shape: []int{len(edges)}, Data: edges})
	z.Add(npz.Array{Name: "neuron", Shape: []int{size}, Data: n.ids})
	z.Add(npz.Array{Name: "sal", Shape: square, Data: n.matrix(func(s *timing.Synapse) float64 { return s.SAL })})
	z.Add(npz.Array{Name: "p_holm", Shape: square, Data: n.matrix(func(s *timing.Synapse) float64 { return s.Holm })})
	z.Add(npz.Array{Name: "duration", Data: float64(o.End) * tick})
	z.Add(npz.Array{Name: "tick", Data: tick})
	z.Add(npz.Array{Name: "unit", Data: string(n.recording.Unit)})
	z.Add(npz.Array{Name: "axes", Data: "counts[post, pre, lag]: pairs in which post fires after pre, lag in (lag_edges[k], lag_edges[k+1]]; counts[pre, post] has the opposite order"})
	return z.Close()
}

// histograms reads all histograms as bytes.
type histograms struct {
	counter *timing.Counter
	n, next int
	rest    []byte
	buf     []byte
}

func (h *histograms) Read(b []byte) (int, error) {
	if len(h.rest) == 0 {
		if h.next == h.n*h.n {
			return 0, io.EOF
		}
		h.buf = h.buf[:0]
		for _, v := range h.counter.Histogram(h.next/h.n, h.next%h.n) {
			h.buf = binary.LittleEndian.AppendUint32(h.buf, v)
		}
		h.rest = h.buf
		h.next++
	}
	k := copy(b, h.rest)
	h.rest = h.rest[k:]
	return k, nil
}

// number is a float64 whose NaN and infinities are null in JSON.
type number float64

// MarshalJSON writes x.
func (x number) MarshalJSON() ([]byte, error) {
	if v := float64(x); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
	}
	return []byte("null"), nil
}

// document is what --json prints.
func (n *analysis) document() any {
	r, o, c, rec := n.result, n.options, n.command, n.recording
	pairs := make([]map[string]any, len(r.Synapses))
	for k := range r.Synapses {
		pairs[k] = map[string]any{}
		for i, v := range n.row(nil, &r.Synapses[k]) {
			pairs[k][pairColumns[i]] = number(v.number)
			if v.isCount {
				pairs[k][pairColumns[i]] = v.count
			}
		}
	}
	type remark struct {
		Count int64    `json:"count"`
		First []string `json:"first"`
	}
	places := func(m recording.Remark) remark {
		first := []string{}
		for _, p := range m.First {
			first = append(first, p.String())
		}
		return remark{m.Count, first}
	}
	tick := rec.Tick()
	return struct {
		Files      []string         `json:"files"`
		Format     recording.Format `json:"format"`
		Unit       recording.Unit   `json:"unit"` // of all times here
		Tick       float64          `json:"tick"`
		Start      float64          `json:"start"`
		Duration   float64          `json:"duration"`
		Neurons    []int64          `json:"neurons"`
		Spikes     int64            `json:"spikes"`
		Disorder   remark           `json:"out_of_order"`
		Duplicates remark           `json:"left_out"`
		Window     string           `json:"window"`
		Tau        float64          `json:"tau"`
		Cut        float64          `json:"cut"` // 0: none
		MaxLag     float64          `json:"max_lag"`
		Bin        float64          `json:"bin"`
		Blocks     int              `json:"blocks"`
		Replicates int              `json:"replicates"`
		Seed       uint64           `json:"seed"`
		Level      float64          `json:"level"`
		MinWeight  float64          `json:"min_weight"`
		Tested     int              `json:"tested"`
		Skipped    int              `json:"skipped"`
		Rejected   int              `json:"significant"`
		Memory     number           `json:"block_correlation"`
		Warnings   []string         `json:"warnings"`
		Pairs      []map[string]any `json:"pairs"`
	}{c.Spikes, rec.Format, rec.Unit, tick, rec.First + float64(n.shift)*tick, float64(o.End) * tick, n.ids, n.spikes, places(rec.Disorder), places(rec.Duplicates), c.Window, o.Half.Tau * tick, o.Half.Cut * tick,
		float64(int64(o.Bins())*o.BinWidth) * tick, float64(o.BinWidth) * tick, o.Blocks, c.Replicates, c.Seed, c.Level, c.MinWeight, r.Tested, r.Skipped, r.Rejected, number(r.Memory), append([]string{}, n.warnings...), pairs}
}
