package reproduce

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"spikealign/alignment"
	"spikealign/figure"
	"spikealign/internal/random"
	"spikealign/microcircuit"
)

// yinYang is beyond the paper: the points of Yin-Yang in three classes, with SAL (pairs up to tau,
// and as published), BP and FA.
func yinYang(j *Job) error {
	var overrides []string
	if j.Scale == Quick {
		overrides = []string{"training.epochs=4"}
	}
	accuracy, angle := figure.CurvePanel{Heading: "training accuracy", XLabel: "epoch", YLabel: "share classified rightly"},
		figure.CurvePanel{Heading: "feedback alignment", XLabel: "epoch", YLabel: "angle to the transpose (degrees)"}
	size := figure.CurvePanel{Heading: "size of the feedback", XLabel: "epoch", YLabel: "feedback / forward", Ratio: true}
	// training accuracy by condition, mean of the second half of the epochs
	finals := map[string][]float64{}
	ratios := map[string][]float64{} // of feedback to forward weights, in the last epoch
	head, columns := []string{"epoch"}, [][]float64{nil}
	for _, part := range []struct {
		folder, cut string
		names       map[string]string // method: condition
	}{
		{"within_tau", "10", map[string]string{"sal": "SAL, pairs up to τ", "bp": "BP", "fa": "FA"}},
		{"as_published", "0", map[string]string{"sal": "SAL as published"}}, // the cut is none of BP and FA
	} {
		s, err := j.parse("yin-yang-sweep.yaml", append([]string{"plasticity.sal_cut=" + part.cut}, overrides...)...)
		if err != nil {
			return err
		}
		if s, err = s.Narrowed("plasticity.method", func(method string) bool { return part.names[method] != "" }); err != nil {
			return err
		}
		r, err := j.sweepOf(s, part.folder)
		if err != nil {
			return err
		}
		for _, method := range []string{"sal", "bp", "fa"} {
			name, ok := part.names[method]
			if !ok {
				continue
			}
			a, d, n := figure.Course{Name: name}, figure.Course{Name: name}, figure.Course{Name: name}
			for k, m := range r.Sweep.Members {
				if m.Values[0] != method {
					continue
				}
				c, err := r.Folder(k).Table("metrics")
				if err != nil {
					return err
				}
				a.X, d.X, n.X, columns[0] = c["epoch"], c["epoch"], c["epoch"], c["epoch"]
				a.Runs, d.Runs, n.Runs = append(a.Runs, c["train_accuracy"]), append(d.Runs, c["angle_deg"]), append(n.Runs, c["norm_ratio"])
				late := c["train_accuracy"][len(c["train_accuracy"])/2:]
				mean, _ := meanError(late)
				finals[name] = append(finals[name], mean)
				if ratio := c["norm_ratio"]; len(ratio) > 0 {
					ratios[name] = append(ratios[name], ratio[len(ratio)-1])
				}
				seed := m.Values[1]
				for _, name := range []string{"accuracy", "angle", "ratio"} {
					head = append(head, fmt.Sprintf("%s_%s_cut%s_seed%s", name, method, part.cut, seed))
				}
				columns = append(columns, c["train_accuracy"], c["angle_deg"], c["norm_ratio"])
			}
			accuracy.Courses = append(accuracy.Courses, a)
			if method != "bp" {
				angle.Courses, size.Courses = append(angle.Courses, d), append(size.Courses, n)
			}
		}
	}
	if err := j.csv("yinyang.csv", table(head, columns...)); err != nil {
		return err
	}
	within, published, bp, fa := finals["SAL, pairs up to τ"], finals["SAL as published"], finals["BP"], finals["FA"]
	text := func(a, b []float64) string {
		mean, se := paired(a, b)
		return fmt.Sprintf("%+.3f, standard error %.3f (5 seeds)", mean, se)
	}
	gain, gainError := paired(within, published)
	j.claim(gain > 2.776*gainError, "SAL learns more if only pairs of spikes up to tau count", "training accuracy against SAL as published: "+text(within, published), "above 2.8 standard errors",
		"Student's t, 4 degrees of freedom, 97.5 %; accuracy averaged over the second half of the epochs, seeds paired; where it does not hold, feedback that is too large has enlarged the hidden weights (docs/microcircuits.md)")
	sizes := ratios["SAL, pairs up to τ"]
	j.claim(len(sizes) > 0 && slices.Max(sizes) < alignment.MaxRatio && slices.Min(sizes) > 1.0/alignment.MaxRatio, "with pairs up to tau the feedback has about the size of the forward weights",
		fmt.Sprintf("norm ratio %s; as published %s", spread(sizes), spread(ratios["SAL as published"])), "between 1/3 and 3 in every run",
		"errors of another size act as another learning rate, which an angle does not show (docs/microcircuits.md)")
	const margin, student = 0.02, 2.776 // Student's t, 4 degrees of freedom, 97.5 %
	loss, lossError := paired(within, bp)
	j.claim(loss-student*lossError > -margin, "with pairs up to tau SAL comes up to BP", "training accuracy against BP: "+text(within, bp), "with 97.5 % confidence less than .02 below",
		".02 is what two seeds of one method differ by")
	better, betterError := paired(bp, fa)
	j.claim(better-student*betterError > margin, "exact feedback is better than random feedback", "training accuracy of BP against FA: "+text(bp, fa), "with 97.5 % confidence more than .02 above",
		"as above; where it is not, 30 hidden neurons do not need transported weights (docs/microcircuits.md)")
	return j.draw("yinyang", figure.Curves{Panels: []figure.CurvePanel{accuracy, angle, size}})
}

// paired is the mean difference of the values of runs that share their seeds, and its standard
// error.
func paired(a, b []float64) (mean, se float64) {
	d := make([]float64, min(len(a), len(b)))
	for k := range d {
		d[k] = a[k] - b[k]
	}
	return meanError(d)
}

// alignmentPhase is beyond the paper: the angle between feedback and forward weights of a 4-30-3
// microcircuit against length and rate of one SAL phase, forward weights fixed.
func alignmentPhase(j *Job) error {
	const seeds, tau = 5, 10
	length := 1_000_000
	if j.Scale == Quick {
		length = 300_000
	}
	var places []float64
	for x := 1000.0; x < 1.01*float64(length); x *= math.Sqrt(math.Sqrt(10)) {
		places = append(places, math.Round(x))
	}
	rates := []float64{0.0005, 0.002, 0.008}
	cuts := []int64{0, tau}
	angles := make([][]float64, len(cuts)*len(rates)*seeds)
	ratios := make([][]float64, len(angles))
	total := len(angles)
	progress := j.Progress("alignment", total)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var first error
	done := 0
	jobs := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := range jobs {
				a, r, err := alignmentRun(j.Ctx, uint64(k%seeds+1), rates[k/seeds%len(rates)], cuts[k/seeds/len(rates)], places)
				mu.Lock()
				angles[k], ratios[k] = a, r
				if err != nil && first == nil {
					first = err
				}
				done++
				progress(done)
				mu.Unlock()
			}
		})
	}
	for k := range total {
		jobs <- k
	}
	close(jobs)
	wg.Wait()
	if first != nil {
		return first
	}
	j.simulated(total, fmt.Sprintf("seed 1 to %d", seeds))
	f := figure.Curves{Columns: 2}
	head, columns := []string{"steps"}, [][]float64{places}
	var ends [2][]float64 // at the fastest rate of .002 and below, by cut
	sizes := make([]figure.CurvePanel, len(cuts))
	for c, cut := range cuts {
		p := figure.CurvePanel{Heading: "SAL as published", XLabel: "length of the SAL phase (steps)", YLabel: "angle to the transpose (degrees)", LogX: true}
		if cut > 0 {
			p.Heading = "pairs up to τ"
		}
		q := &sizes[c]
		*q = figure.CurvePanel{Heading: p.Heading, XLabel: p.XLabel, YLabel: "feedback / forward", LogX: true, Ratio: true}
		for r, rate := range rates {
			at := (c*len(rates) + r) * seeds
			name := fmt.Sprintf("rate %v", rate)
			p.Courses = append(p.Courses, figure.Course{Name: name, X: places, Runs: angles[at : at+seeds]})
			q.Courses = append(q.Courses, figure.Course{Name: name, X: places, Runs: ratios[at : at+seeds]})
			for s := range seeds {
				head = append(head, fmt.Sprintf("angle_cut%d_rate%v_seed%d", cut, rate, s+1), fmt.Sprintf("ratio_cut%d_rate%v_seed%d", cut, rate, s+1))
				columns = append(columns, angles[at+s], ratios[at+s])
				if rate == 0.002 {
					ends[c] = append(ends[c], angles[at+s][len(places)-1])
				}
			}
		}
		f.Panels = append(f.Panels, p)
	}
	f.Panels = append(f.Panels, sizes...)
	if err := j.csv("alignment.csv", table(head, columns...)); err != nil {
		return err
	}
	published, publishedError := meanError(ends[0])
	within, withinError := meanError(ends[1])
	j.claim(within < published/2, "pairs up to tau bring the feedback at least twice as near to the transpose", fmt.Sprintf("at rate .002 after %.0f steps %.0f degrees, standard error %.0f; as published %.0f, %.0f", places[len(places)-1], within, withinError, published, publishedError),
		"less than half the angle", "docs/microcircuits.md: pairs further apart than tau favour one order of two neurons that fire at different rates")
	return j.draw("alignment", f)
}

// alignmentRun returns the angle and the ratio of norms at each place of one SAL phase during which
// Yin-Yang points are shown.
func alignmentRun(ctx context.Context, seed uint64, rate float64, cut int64, places []float64) (angles, ratios []float64, err error) {
	dims := []int{4, 30, 3}
	c := microcircuit.Config{
		Neurons:    microcircuit.Neurons{Dims: dims, Tau: 10, Window: 400, LambdaApical: 0.1, LambdaNudge: 0.5},
		Plasticity: microcircuit.Plasticity{RateUp: []float64{0}, RateDown: []float64{rate}, SALCut: cut, Lag: 400},
	}
	draw := func(n int, width float64, which uint64) []float64 {
		w := make([]float64, n)
		for k := range w {
			s := random.New(seed, random.InitialWeights, which, uint64(k))
			w[k] = width * (2*s.Float64() - 1)
		}
		return w
	}
	w := microcircuit.Weights{Up: [][]float64{draw(120, 3, 0), draw(90, 0.5, 1)}, Down: [][]float64{draw(90, 0.5, 2)}, Bias: [][]float64{make([]float64, 30), make([]float64, 3)}}
	for _, b := range w.Bias {
		for k := range b {
			b[k] = -1
		}
	}
	n, err := microcircuit.NewNetwork(c, w)
	if err != nil {
		return nil, nil, err
	}
	n.Seed(seed, 0)
	const shown = 1000 // steps for each point
	points := microcircuit.YinYang{Train: 3000, Low: -6, High: 6, On: 0.5, Off: -0.5}.Task(seed).Train
	for k := 0; len(angles) < len(places); k++ {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		p := points[k%len(points)]
		n.Present(p.Input, p.Target, microcircuit.Align)
		end := n.Now() + shown
		for len(angles) < len(places) && int64(places[len(angles)]) <= end {
			n.Advance(int64(places[len(angles)]), nil)
			a := alignment.Compare(n.Up(2), n.Down(1), dims[1], dims[2])
			angles, ratios = append(angles, a.Angle), append(ratios, a.Ratio)
		}
		n.Advance(end, nil)
	}
	return angles, ratios, nil
}
