package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"spikealign/analysis"
	"spikealign/experiment"
	"spikealign/internal/durable"
	"spikealign/internal/quantile"
	"spikealign/recording"
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

	Neurons string `placeholder:"LIST" help:"Only these neurons, such as 0-99,120 or, where they have names, E1,I*."`
	From    string `placeholder:"TIME" help:"Leave out what comes before this time of the recording."`
	Until   string `placeholder:"TIME" help:"Leave out what comes at or after this time."`

	Blocks     int     `placeholder:"N" help:"Blocks of time that errors and test rest on. Without it: 50, or fewer (10 at least) to make them 20 tau long."`
	Replicates int     `default:"1000" help:"Replicates of the bootstrap for the intervals; 0: no intervals (default 1000)."`
	Level      float64 `default:"0.05" help:"Level of significance; intervals cover 1 minus this (default 0.05)."`
	MinWeight  float64 `default:"20" placeholder:"X" help:"Pairs with fewer spikes than about this within tau of each other are not tested (default 20)."`
	Seed       uint64  `placeholder:"N" help:"Seed of the bootstrap."`

	Output   string        `short:"o" placeholder:"DIR" help:"Write pairs.csv, histograms.npz and figures/matrix and figures/lags, .svg and .png, into this folder."`
	Force    bool          `help:"Replace the analysis that the folder given with -o holds."`
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

  spikealign examples minimal > minimal.yaml
  spikealign run minimal.yaml --set record.spikes=true --set training.epochs=101 -o runs/recorded
  spikealign analyze runs/recorded --tau 50      # reads spikes.npz
  spikealign analyze chip.csv --unit us --tau 10us --max-lag 100us -o runs/chip
  spikealign analyze spikes-*.dat --tau 20ms --from 500ms      # all files of a NEST recorder

For every pair of neurons: the drift that spike-based alignment learning would give its two synapses, its error, and whether it is significant after correction for the number of pairs. A negative drift
means that presynaptic spikes lead: the synapse acts as the stronger of the two, the one of larger weight, sign included (-0.4 is larger than -0.8). docs/analyze.md explains every column and the assumptions of the test.`
}

// Validate is called by kong.
func (c *analyzeCommand) Validate() error {
	if c.Top < 0 || c.Progress < 0 {
		return fmt.Errorf("--top and --progress must not be negative")
	}
	o, err := c.options()
	if err != nil {
		return err
	}
	o.Tau = 1 // times are read when their unit is known
	if err := o.Validate(); err != nil {
		return errors.New(flagText(err))
	}
	return nil
}

// options returns what is known without the recording.
func (c *analyzeCommand) options() (analysis.Options, error) {
	o := analysis.Defaults()
	o.Blocks, o.Threads, o.Memory = c.Blocks, c.Threads, max(0, min(int64(c.Memory), 1<<40))<<20
	o.Test = analysis.TestOptions{Level: c.Level, Replicates: c.Replicates, Seed: c.Seed, MinWeight: c.MinWeight}
	if err := o.Shape.UnmarshalText([]byte(c.Window)); err != nil {
		return o, err
	}
	if c.Neurons == "" {
		return o, nil
	}
	for _, item := range strings.Split(c.Neurons, ",") {
		item = strings.TrimSpace(item)
		if first, _ := utf8.DecodeRuneInString(item); first == '_' || first == '*' || unicode.IsLetter(first) {
			o.Names = append(o.Names, item)
			continue
		}
		first, last, isRange := strings.Cut(item, "-")
		if !isRange {
			last = first
		}
		lo, err1 := strconv.ParseInt(first, 10, 64)
		hi, err2 := strconv.ParseInt(last, 10, 64)
		if err1 != nil || err2 != nil || lo < 0 || hi < lo {
			return o, fmt.Errorf("--neurons %s: %q is neither a neuron (7, E1), nor a range of numbers (0-99), nor a pattern of names (E*)", c.Neurons, item)
		}
		o.Neurons = append(o.Neurons, analysis.Range{First: lo, Last: hi})
	}
	return o, nil
}

// times reads the flags that are times of the recording.
func (c *analyzeCommand) times(o *analysis.Options, clock recording.Clock) error {
	for _, f := range []struct {
		flag, text string
		to         *float64
	}{{"--tau", c.Tau, &o.Tau}, {"--cut", c.Cut, &o.Cut}, {"--max-lag", c.MaxLag, &o.MaxLag}, {"--bin", c.Bin, &o.Bin}, {"--from", c.From, &o.From}, {"--until", c.Until, &o.Until}} {
		if f.text == "" {
			continue
		}
		v, err := clock.Parse(f.text)
		if err != nil {
			return usagef("%s %v", f.flag, err)
		}
		*f.to = v
	}
	return nil
}

// flagText is the message of an error in which options have the names of their flags.
func flagText(err error) string {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var texts []string
		for _, e := range several.Unwrap() {
			texts = append(texts, flagText(e))
		}
		return strings.Join(texts, "; ")
	}
	if e, ok := err.(*analysis.OptionError); ok {
		return e.Text(func(option string) string { // MaxLag: --max-lag
			flag := "-"
			for _, r := range option {
				if unicode.IsUpper(r) {
					flag += "-"
				}
				flag += string(unicode.ToLower(r))
			}
			return flag
		})
	}
	return err.Error()
}

// Run analyses recorded spikes.
func (c *analyzeCommand) Run(a *app) error {
	if err := checkOutput(c.Output, "an analysis", analysis.PairsFile, c.Force); err != nil {
		return err
	}
	files, err := spikeFiles(c.Spikes)
	if err != nil {
		return err
	}
	read := recording.Options{Format: recording.Format(c.Format)}
	if c.Unit != "file" {
		read.Unit = recording.Unit(c.Unit)
	}
	p := newPhase(a, c.Progress, c.Quiet)
	read.Progress = func(done, total int64) { p.update(float64(done)/1e6, float64(total)/1e6, "MB read", 0) }
	r, err := recording.Read(a.ctx, files, read)
	p.end(err)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, recording.ErrOptions) {
			return usagef("%v", err)
		}
		return err
	}
	defer r.Close()
	result, err := c.analyze(a, r)
	if err != nil {
		if r.Exchanged != "" && !strings.Contains(err.Error(), r.Exchanged) {
			fmt.Fprintln(a.stderr, "warning:", r.Exchanged)
		}
		if wrong := (*analysis.OptionError)(nil); errors.As(err, &wrong) || r.Exchanged != "" {
			return usagef("%s", flagText(err))
		}
		return err
	}
	result.Sources = c.Spikes
	if c.Output != "" && len(result.Neurons) > analysis.MaxDrawn {
		result.Warnings = append(result.Warnings, fmt.Sprintf("no figure of the matrix for more than %d neurons", analysis.MaxDrawn))
	}
	for _, w := range result.Warnings {
		fmt.Fprintln(a.stderr, "warning:", w)
	}
	if c.Output != "" {
		if err := result.Save(c.Output); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, result)
	}
	return c.print(a.stdout, result)
}

// analyze runs the analysis, with a line of progress for each of its parts.
func (c *analyzeCommand) analyze(a *app, r *recording.Recording) (*analysis.Result, error) {
	o, err := c.options()
	if err == nil {
		err = c.times(&o, r.Clock)
	}
	if err != nil {
		return nil, err
	}
	p, unit := newPhase(a, c.Progress, c.Quiet), ""
	o.Progress = func(now analysis.Progress) {
		if now.Unit != unit {
			p.end(nil)
			p, unit = newPhase(a, c.Progress, c.Quiet), now.Unit
		}
		spikes := int64(0)
		if unit == "spikes" {
			spikes = now.Done
		}
		p.update(float64(now.Done), float64(now.Total), unit, spikes)
	}
	result, err := analysis.Run(a.ctx, r, o)
	p.end(err)
	return result, err
}

// spikeFiles puts the recorded spikes in the place of a run's folder.
func spikeFiles(names []string) ([]string, error) {
	files := slices.Clone(names)
	for k, name := range files {
		if st, err := os.Stat(name); name == "-" || err != nil || !st.IsDir() {
			continue
		}
		files[k] = filepath.Join(name, experiment.SpikesFile)
		switch err := durable.Readable(files[k]); {
		case err == nil:
			continue
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
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

// print writes the table.
func (c *analyzeCommand) print(w io.Writer, r *analysis.Result) error {
	o := r.Counter.Options()
	from := ""
	if r.Start < 0 {
		from = fmt.Sprintf(" from %.12g %s on", r.Start, r.Unit)
	}
	fmt.Fprintf(w, "%d neurons, %d spikes in %s%s, resolved to %s\n", r.N, r.Spikes, r.Span(float64(r.Length)), from, r.Span(1))
	rates := make([]float64, r.N)
	for k := range rates {
		rates[k] = r.Rate(k)
	}
	slices.Sort(rates)
	rate := func(x float64) string {
		if x >= 1000 {
			return strconv.FormatFloat(x, 'f', 0, 64)
		}
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	fmt.Fprintf(w, "rates from %s to %s %s, median %s\n", rate(rates[0]), rate(rates[r.N-1]), r.RateUnit(), rate(quantile.Of(rates, 0.5)))
	fmt.Fprintf(w, "%s window of tau = %s; %d blocks of %s\n", c.Window, r.Span(o.Window.Plus.Tau), o.Blocks, r.Span(float64(r.Length)/float64(o.Blocks)))
	fmt.Fprintf(w, "asymmetric timing: %d of %d tested pairs at level %g (Holm)\n", r.Rejected, r.Tested, c.Level)
	short := func(x float64) string {
		if math.IsNaN(x) {
			return "-"
		}
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	if c.Top > 0 && len(r.Synapses) > 0 {
		fmt.Fprintf(w, "\nclearest pairs; SAL: drift of W from PRE to POST, W from POST to PRE has the opposite; RATES: of PRE and POST, %s\n", r.RateUnit())
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "PRE\tPOST\tSAL\t%g%% INTERVAL\tINDEX\tT\tP\tP HOLM\tQ\tRATES\tPAIRS\tSTRONGER\n", 100*(1-c.Level))
		for _, s := range r.Clearest()[:min(c.Top, len(r.Synapses)/2)] {
			pre, post, mark := r.Name(s.Pre), r.Name(s.Post), ""
			if s.Sign != 0 {
				mark = fmt.Sprintf("\t%s to %s", pre, post)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t[%s, %s]\t%s\t%s\t%s\t%s\t%s\t%s, %s\t%d%s\n", pre, post, short(s.SAL), short(s.Low), short(s.High), short(s.Index), short(s.T), short(s.P),
				short(s.Holm), short(s.Q), rate(r.Rate(s.Pre)), rate(r.Rate(s.Post)), s.Causal+s.AntiCausal, mark)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w, "STRONGER: the synapse that acts as the one of larger weight, sign included (-0.4 is larger than -0.8), where that is significant")
	}
	if c.Output == "" {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s: %s\n", c.Output, strings.Join(r.Files(), " "))
	return err
}
