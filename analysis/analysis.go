package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"spikealign/recording"
	"spikealign/sal"
	"spikealign/spike"
	"spikealign/synapse"
)

// Result is an analysed recording. Its times are in the unit of Clock, or in ticks of it where that
// is said.
type Result struct {
	// names of the recording, for the title of the figure and the JSON document: its files, unless
	// others are put in their place
	Sources []string
	Options Options
	Format  recording.Format
	recording.Clock
	Start      float64 // of what was analysed
	Length     int64   // of what was analysed, ticks
	Spikes     int64   // that were counted
	Disorder   recording.Remark
	Duplicates recording.Remark

	Neurons []int64 // as the recording calls them; neuron k of the statistics is Neurons[k]
	*Statistics
	Counter  *Counter // histograms and sums, and in its options what was chosen, in ticks
	Warnings []string // of recording, choice and statistics
}

// Run analyses a recording. An error wraps an *OptionError if options are not valid or do not fit
// the recording, and the context's if that ends first.
func Run(ctx context.Context, r *recording.Recording, o Options) (*Result, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	p := &plan{recording: r, options: o}
	if err := p.choose(); err != nil {
		return nil, err
	}
	if err := p.clock(); err != nil {
		return nil, err
	}
	report := o.Progress
	if report == nil {
		report = func(Progress) {}
	}
	c := NewCounter(p.counter)
	spikes, err := p.count(ctx, c, report)
	if err != nil {
		return nil, err
	}
	s, err := c.test(ctx, o.Test, func(done, total int) { report(Progress{"pairs", int64(done), int64(total)}) })
	if err != nil {
		return nil, err
	}
	result := &Result{Sources: r.Files(), Options: o, Format: r.Format, Clock: r.Clock, Start: r.First + float64(float64(p.shift)*r.Tick()), Length: p.counter.End, Spikes: spikes,
		Disorder: r.Disorder, Duplicates: r.Duplicates, Neurons: p.ids, Statistics: s, Counter: c, Warnings: p.warnings}
	warn := func(format string, args ...any) {
		result.Warnings = append(result.Warnings, fmt.Sprintf(format, args...))
	}
	if d := r.Disorder; d.Count > 0 {
		warn("spikes earlier than the one before them: %d (%s); all were put into order", d.Count, d)
	}
	if d := r.Duplicates; d.Count > 0 {
		warn("second spikes of a neuron at one time: %d (%s); they were left out", d.Count, d)
	}
	if r.Exchanged != "" {
		warn("%s", r.Exchanged)
	}
	result.Warnings = append(result.Warnings, s.Warnings...)
	return result, nil
}

// Clearest returns for each pair the synapse that acts as the stronger one, the clearest first;
// pairs that were not tested come last.
func (r *Result) Clearest() []*Synapse {
	var all []*Synapse
	for k := range r.Synapses {
		if s := &r.Synapses[k]; s.SAL < 0 || s.SAL == 0 && s.Post > s.Pre {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b *Synapse) int {
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

// plan says which spikes of a recording are counted, and how.
type plan struct {
	recording *recording.Recording
	options   Options
	ids       []int64 // of the chosen neurons
	chosen    []int32 // their indices by those of the recording; -1: left out
	shift     int64   // ticks from the first spike of the recording to the start
	counter   CounterOptions
	warnings  []string
}

// choose finds the neurons.
func (p *plan) choose() error {
	ids, wanted := p.recording.IDs, p.options.Neurons
	all := wanted == nil
	for _, w := range wanted {
		if w.First == w.Last && !slices.Contains(ids, w.First) {
			p.warnings = append(p.warnings, fmt.Sprintf("neuron %d has no spike", w.First))
		}
	}
	p.chosen = make([]int32, len(ids))
	for k, id := range ids {
		p.chosen[k] = -1
		if all || slices.ContainsFunc(wanted, func(w Range) bool { return w.First <= id && id <= w.Last }) {
			p.chosen[k] = int32(len(p.ids))
			p.ids = append(p.ids, id)
		}
	}
	if len(p.ids) >= 2 {
		return nil
	}
	who := "no spikes"
	if len(p.ids) == 1 {
		who = fmt.Sprintf("spikes of one neuron only (%d)", p.ids[0])
	}
	if all {
		return fmt.Errorf("the recording has %s; timing differences need two neurons", who)
	}
	return wrong("of the chosen neurons there are %s; timing differences need two neurons", who)
}

// clock turns times into ticks.
func (p *plan) clock() error {
	r, o := p.recording, p.options
	// A window must reach one tick.
	ticks := func(name field, x float64) (float64, error) {
		t := x * r.PerUnit
		if x > 0 && !(t >= 1) {
			return 0, wrong("%s %v %s is %.3g ticks of the recording (%s); it must be at least 1", name, x, r.Unit, t, r.Span(1))
		}
		if t > synapse.MaxWindowTau {
			return 0, wrong("%s %v %s is %.3g ticks of the recording (%s); it must be at most 2^40", name, x, r.Unit, t, r.Span(1))
		}
		return t, nil
	}
	tau, err := ticks("Tau", o.Tau)
	if err != nil {
		return err
	}
	cut, err := ticks("Cut", o.Cut)
	if err != nil {
		return err
	}
	lag := 5 * tau
	if o.MaxLag > 0 {
		lag = o.MaxLag * r.PerUnit
	}
	bin := math.Ceil(lag / 50)
	if o.Bin > 0 {
		bin = o.Bin * r.PerUnit
	}
	whole := func(x float64) int64 { return int64(min(math.Round(x), math.MaxInt64/2)) }

	end := r.Length + 1
	if !math.IsInf(o.From, -1) {
		p.shift = r.TickAt(o.From)
	}
	if !math.IsInf(o.Until, 1) {
		end = r.TickAt(o.Until)
	}
	if end <= p.shift {
		return wrong("%s and %s leave nothing of the recording, which lasts from %s to %s", field("From"), field("Until"), r.When(0), r.When(r.Length))
	}
	c := CounterOptions{Neurons: len(p.ids), End: end - p.shift, MaxLag: whole(lag), Bin: whole(bin), Blocks: o.Blocks, Threads: o.Threads,
		Window: sal.Window(synapse.Half{Shape: o.Shape, Tau: tau, Cut: cut})}
	if c.Blocks == 0 {
		c.Blocks = int(min(50, max(10, float64(c.End)/(20*tau))))
	}
	if c.Threads == 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	if c.End < int64(c.Blocks) {
		return p.tooShort(c)
	}
	if err := c.Validate(); err != nil {
		return err
	}
	if limit := float64(o.Memory); c.Bytes() > limit {
		fit := int(math.Sqrt(limit / (c.Bytes() / (float64(c.Neurons) * float64(c.Neurons)))))
		return wrong("%d neurons are %.3g ordered pairs, which need %.3g GiB with %d blocks and %d bins; the limit is %.3g GiB. Choose up to %d neurons (%s 0-%d), fewer blocks, wider bins, "+
			"or raise the limit (%s)", c.Neurons, float64(c.Neurons)*float64(c.Neurons-1), c.Bytes()/(1<<30), c.Blocks, c.Bins(), limit/(1<<30), fit, field("Neurons"), max(fit-1, 0), field("Memory"))
	}
	p.counter = c
	return nil
}

// tooShort says how a recording with fewer ticks than blocks can be analysed, if at all.
func (p *plan) tooShort(c CounterOptions) error {
	r, o := p.recording, p.options
	text := fmt.Sprintf("the recording lasts %s, %d ticks of %s: too short for %d blocks", r.Span(float64(c.End)), c.End, r.Span(1), c.Blocks)
	switch {
	case !math.IsInf(o.From, -1) || !math.IsInf(o.Until, 1):
		return wrong("between %s and %s %s; choose more of it, or fewer blocks (%s)", field("From"), field("Until"), text, field("Blocks"))
	case c.End >= 2:
		return wrong("%s; choose fewer, at most %d, with %s", text, c.End, field("Blocks"))
	}
	return fmt.Errorf("all spikes of the recording are at one time (%s): there are no timing differences", r.When(0))
}

// count feeds the counter and returns the number of spikes.
func (p *plan) count(ctx context.Context, c *Counter, report func(Progress)) (spikes int64, err error) {
	r, end := p.recording, p.counter.End
	kept := make([]spike.Event, 0, 1<<16)
	seen := int64(0)
	err = r.Replay(func(events []spike.Event) error {
		seen += int64(len(events))
		if len(kept)+len(events) > cap(kept) {
			c.Observe(kept)
			kept = kept[:0]
		}
		for _, e := range events {
			e.Time -= p.shift
			if e.Neuron = p.chosen[e.Neuron]; e.Neuron >= 0 && e.Time >= 0 && e.Time < end {
				kept = append(kept, e)
				spikes++
			}
		}
		report(Progress{"spikes", seen, r.Spikes})
		return ctx.Err()
	})
	c.Observe(kept)
	if err == nil && spikes == 0 {
		err = wrong("no spike of the chosen neurons lies between %s and %s", r.When(p.shift), r.When(p.shift+end))
	}
	return spikes, err
}
