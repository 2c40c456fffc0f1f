package analysis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"

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

	Neurons []int64  // as the recording calls them; neuron k of the statistics is Neurons[k]
	Names   []string // of the same neurons, if the recording has names for them; else nil
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
		Disorder: r.Disorder, Duplicates: r.Duplicates, Neurons: p.ids, Names: p.names, Statistics: s, Counter: c, Warnings: p.warnings}
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
	result.warnOfRates(warn)
	result.Warnings = append(result.Warnings, s.Warnings...)
	return result, nil
}

// Name returns what the recording calls neuron k of the statistics.
func (r *Result) Name(k int) string { return nameOf(r.Neurons, r.Names, k) }

func nameOf(ids []int64, names []string, k int) string {
	if names != nil {
		return names[k]
	}
	return strconv.FormatInt(ids[k], 10)
}

// Rate returns how often neuron k has fired, in RateUnit.
func (r *Result) Rate(k int) float64 {
	length := float64(r.Length) * r.Tick() // units
	if s := r.Seconds(); s > 0 {
		length *= s
	}
	return float64(r.Counter.Spikes(k)) / length
}

// RateUnit returns "Hz", or "per step" for a recording in steps that does not tell how long they
// are.
func (r *Result) RateUnit() string {
	if r.Seconds() > 0 {
		return "Hz"
	}
	return "per step"
}

// fastest is the rate in Hz above which times seem to be in another unit.
const fastest = 1000

// warnOfRates warns of rates that no neuron has. A few spikes are no rate.
func (r *Result) warnOfRates(warn func(format string, args ...any)) {
	above, top := 0, -1
	for k := range r.N {
		if r.Counter.Spikes(k) >= 10 && r.Rate(k) > fastest {
			above++
			if top < 0 || r.Rate(k) > r.Rate(top) {
				top = k
			}
		}
	}
	if above == 0 || r.RateUnit() != "Hz" {
		return
	}
	remedy := "is that so?"
	if r.Unit != recording.Steps {
		remedy = fmt.Sprintf("are the times in %s?", r.Unit)
	}
	for _, u := range []recording.Unit{recording.Microseconds, recording.Milliseconds, recording.Seconds} {
		other := recording.Clock{Unit: u}.Seconds()
		if rate := r.Rate(top) * r.Seconds() / other; r.Unit != recording.Steps && other > r.Seconds() && rate <= fastest {
			remedy += fmt.Sprintf(" In %s it would be %.3g Hz: then say so with --unit %s, or in the file", u, rate, u)
			break
		}
	}
	warn("%d of %d neurons fire faster than %d Hz, neuron %s at %.0f Hz: %s", above, r.N, fastest, r.Name(top), r.Rate(top), remedy)
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
	names     []string
	chosen    []int32 // their indices by those of the recording; -1: left out
	shift     int64   // ticks from the first spike of the recording to the start
	counter   CounterOptions
	warnings  []string
}

// choose finds the neurons.
func (p *plan) choose() error {
	r, o := p.recording, p.options
	all := o.Neurons == nil && o.Names == nil
	switch {
	case o.Neurons != nil && r.Names != nil:
		return wrong("%s names numbers, but the neurons of this recording have names: %s", field("Neurons"), several(r.Names))
	case o.Names != nil && r.Names == nil:
		return wrong("%s: there is no neuron %q; the neurons of this recording are numbers", field("Neurons"), o.Names[0])
	}
	for _, w := range o.Neurons {
		if w.First == w.Last && !slices.Contains(r.IDs, w.First) {
			p.warnings = append(p.warnings, fmt.Sprintf("neuron %d has no spike", w.First))
		}
	}
	for _, w := range o.Names {
		if !slices.ContainsFunc(r.Names, func(name string) bool { return matches(w, name) }) {
			p.warnings = append(p.warnings, fmt.Sprintf("neuron %s has no spike", w))
		}
	}
	p.chosen = make([]int32, len(r.IDs))
	for k, id := range r.IDs {
		p.chosen[k] = -1
		if all || slices.ContainsFunc(o.Neurons, func(w Range) bool { return w.First <= id && id <= w.Last }) ||
			slices.ContainsFunc(o.Names, func(w string) bool { return matches(w, r.Name(k)) }) {
			p.chosen[k] = int32(len(p.ids))
			p.ids = append(p.ids, id)
			if r.Names != nil {
				p.names = append(p.names, r.Names[k])
			}
		}
	}
	if len(p.ids) >= 2 {
		return p.crowd()
	}
	who := "no spikes"
	if len(p.ids) == 1 {
		who = fmt.Sprintf("spikes of one neuron only (%s)", nameOf(p.ids, p.names, 0))
	}
	if all {
		return fmt.Errorf("the recording has %s; timing differences need two neurons", who)
	}
	return wrong("of the chosen neurons there are %s; timing differences need two neurons", who)
}

// matches reports whether a name fits a pattern, in which * stands for any characters.
func matches(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return name == pattern
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	for _, part := range parts[1:last] {
		k := strings.Index(name, part)
		if k < 0 {
			return false
		}
		name = name[k+len(part):]
	}
	return strings.HasSuffix(name, parts[last])
}

// several lists the first names.
func several(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// crowd refuses what is most likely a mistake of columns: neurons that are too many for any
// analysis, and have fired once or twice each.
func (p *plan) crowd() error {
	n := len(p.ids)
	least := CounterOptions{Neurons: n, Blocks: cmp.Or(p.options.Blocks, 10), MaxLag: 1, Bin: 1}
	if guess := p.timesForNeurons(); guess != "" && least.Bytes() > float64(p.options.Memory) {
		return wrong("%s", guess)
	}
	return nil
}

// timesForNeurons is what to do where times seem to have been taken for neurons; else "".
func (p *plan) timesForNeurons() string {
	r := p.recording
	n := int64(len(r.IDs))
	if r.Names != nil || 2*n <= r.Spikes {
		return ""
	}
	remedy := r.Exchanged
	switch {
	case remedy != "":
	case r.Format == recording.NPZ:
		remedy = "are the arrays of time and neuron exchanged?"
	default:
		remedy = fmt.Sprintf("which column is which? A file without header has time and neuron, in this order; else begin it with a header such as neuron,time_%s, or read it with --format nest (neuron, then time)",
			r.Unit)
	}
	return fmt.Sprintf("%d different neurons have fired %d times together: times seem to have been taken for neurons; %s", n, r.Spikes, remedy)
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
		if guess := p.timesForNeurons(); guess != "" {
			return wrong("%s", guess)
		}
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
