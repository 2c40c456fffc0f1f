package analysis

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"spikealign/figure"
	"spikealign/figure/render"
	"spikealign/internal/durable"
	"spikealign/internal/npz"
	"spikealign/recording"
)

// The files of an analysis.
const (
	PairsFile      = "pairs.csv"
	HistogramsFile = "histograms.npz"
	FiguresDir     = "figures"
	matrixName     = "matrix"
	lagsName       = "lags"
)

// MaxDrawn is the number of neurons of the largest matrix that Save draws: beyond, a cell is
// smaller than a dot of the printer and the SVG larger than what browsers show.
const MaxDrawn = 400

// Files returns the names of the files that Save writes.
func (r *Result) Files() []string {
	files := []string{PairsFile, HistogramsFile}
	for _, p := range r.pictures() {
		files = append(files, filepath.Join(FiguresDir, p.name+".svg"), filepath.Join(FiguresDir, p.name+".png"))
	}
	return files
}

// picture is a figure that Save draws.
type picture struct {
	name string
	of   interface {
		Figure() (*figure.Figure, error)
	}
}

func (r *Result) pictures() []picture {
	var all []picture
	if len(r.Neurons) <= MaxDrawn {
		all = append(all, picture{matrixName, r.Matrix()})
	}
	if lags := r.Lags(); len(lags.Pairs) > 0 {
		all = append(all, picture{lagsName, lags})
	}
	return all
}

// Save writes the files into a folder, which it makes if need be; each appears whole or not at all.
// It replaces an analysis that is there, a figure that this one does not have included.
func (r *Result) Save(dir string) error {
	earlier := []string{HistogramsFile}
	for _, name := range []string{matrixName, lagsName} {
		earlier = append(earlier, filepath.Join(FiguresDir, name+".svg"), filepath.Join(FiguresDir, name+".png"))
	}
	if err := durable.Renew(dir, earlier...); err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(dir, PairsFile), 0o666, r.WritePairs); err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(dir, HistogramsFile), 0o666, r.WriteHistograms); err != nil {
		return err
	}
	for _, p := range r.pictures() {
		f, err := p.of.Figure()
		if err != nil {
			return err
		}
		if err := render.Save(f, filepath.Join(dir, FiguresDir), p.name); err != nil {
			return err
		}
	}
	return nil
}

const (
	drawnPairs = 6  // of the figure of lags
	drawnBins  = 25 // at most, of each half: finer ones show chance only
)

// Lags returns what the figure of lags shows: the histograms of the clearest pairs, none if no two
// neurons have fired near each other.
func (r *Result) Lags() figure.LagHistograms {
	o, bins := r.Counter.o, r.Counter.bins
	together := (bins + drawnBins - 1) / drawnBins
	h := figure.LagHistograms{Title: r.title(), Unit: string(r.Unit)}
	for _, s := range r.Clearest() {
		if len(h.Pairs) == drawnPairs {
			break
		}
		if s.Causal+s.AntiCausal == 0 {
			continue
		}
		p := figure.LagPair{Pre: shortened(r.Name(s.Pre)), Post: shortened(r.Name(s.Post)), Edges: []float64{0}, Note: "not tested"}
		causal, antiCausal := r.Counter.Histogram(s.Post, s.Pre), r.Counter.Histogram(s.Pre, s.Post)
		for k := 0; k+together <= bins; k += together { // bins that are left over have no equals
			c, a := 0.0, 0.0
			for i := k; i < k+together; i++ {
				c += float64(causal[i])
				a += float64(antiCausal[i])
			}
			p.Edges = append(p.Edges, float64(int64(k+together)*o.Bin)*r.Tick())
			p.Causal, p.AntiCausal = append(p.Causal, c), append(p.AntiCausal, a)
		}
		switch {
		case s.Sign != 0:
			p.Note = fmt.Sprintf(`stronger: \i{S} = %.2g, %s`, s.SAL, below(s.Holm))
		case !math.IsNaN(s.P):
			p.Note = fmt.Sprintf(`not significant: \i{S} = %.2g`, s.SAL)
		}
		p.Note = strings.ReplaceAll(p.Note, "= -", "= −")
		h.Pairs = append(h.Pairs, p)
	}
	return h
}

// below tells a p-value, small ones by the power of ten that they are below.
func below(p float64) string {
	switch {
	case p >= 1e-3:
		return fmt.Sprintf(`\i{p} = %.1g`, p)
	case p < 1e-99:
		return `\i{p} < 10^{−99}`
	}
	return fmt.Sprintf(`\i{p} < 10^{−%d}`, int(-math.Floor(math.Log10(p)))-1)
}

// shortened returns a name as it fits into a figure.
func shortened(name string) string {
	if r := []rune(name); len(r) > 18 {
		return string(r[:9]) + "…" + string(r[len(r)-8:])
	}
	return name
}

// title names the recording.
func (r *Result) title() string {
	title := filepath.Base(r.Sources[0])
	if more := len(r.Sources) - 1; more > 0 {
		title += fmt.Sprintf(" and %d more", more)
	}
	return title
}

// Matrix returns what the figure of the matrix shows.
func (r *Result) Matrix() figure.Analysis {
	n, o := r.N, r.Counter.o
	f := figure.Analysis{SAL: r.square(func(s *Synapse) float64 { return s.SAL }), Significant: make([]bool, n*n)}
	f.Title = r.title()
	f.Note = fmt.Sprintf("%s window, τ = %s; %d of %d pairs significant at level %g (Holm)", o.Window.Plus.Shape, r.Span(o.Window.Plus.Tau), r.Rejected, r.Tested, r.Options.Test.Level)
	for k := range r.N {
		f.Labels = append(f.Labels, shortened(r.Name(k)))
	}
	for _, s := range r.Synapses {
		k := s.Post*n + s.Pre
		f.Significant[k] = s.Sign != 0
		if math.IsNaN(s.SE) { // never near each other
			f.SAL[k] = math.NaN()
		}
	}
	return f
}

// square lays a statistic out row-major, row postsynaptic, NaN on the diagonal.
func (r *Result) square(of func(*Synapse) float64) []float64 {
	m := make([]float64, r.N*r.N)
	for i := range r.N {
		for j := range r.N {
			m[i*r.N+j] = math.NaN()
			if i != j {
				m[i*r.N+j] = of(r.At(i, j))
			}
		}
	}
	return m
}

// pairColumns are the columns of pairs.csv and the keys of the JSON document.
var pairColumns = strings.Split("pre,post,spikes_pre,spikes_post,pairs_causal,pairs_anticausal,coincidences,coverage,c_causal,c_anticausal,sal,se,ci_low,ci_high,index,grid_bias,t,p,p_holm,q,sign,rate_pre,rate_post", ",")

// cell is a value of a row: a name, a count, or a number.
type cell struct {
	name    string // where it is not empty
	count   int64
	number  float64
	isCount bool
}

// row appends the values of pairColumns.
func (r *Result) row(to []cell, s *Synapse) []cell {
	for _, k := range [...]int{s.Pre, s.Post} {
		id := cell{count: r.Neurons[k], isCount: true}
		if r.Names != nil {
			id.name = r.Names[k]
		}
		to = append(to, id)
	}
	for _, v := range [...]int64{r.Counter.Spikes(s.Pre), r.Counter.Spikes(s.Post), s.Causal, s.AntiCausal, s.Coincidences} {
		to = append(to, cell{count: v, isCount: true})
	}
	for _, v := range [...]float64{s.Coverage, s.CausalSum, s.AntiCausalSum, s.SAL, s.SE, s.Low, s.High, s.Index, s.GridBias, s.T, s.P, s.Holm, s.Q} {
		to = append(to, cell{number: v})
	}
	return append(to, cell{count: int64(s.Sign), isCount: true}, cell{number: r.Rate(s.Pre)}, cell{number: r.Rate(s.Post)})
}

// WritePairs writes pairs.csv: one row for each ordered pair, described in docs/analyze.md.
func (r *Result) WritePairs(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, strings.Join(pairColumns, ","))
	var line []byte
	var row []cell
	for k := range r.Synapses {
		line, row = line[:0], r.row(row[:0], &r.Synapses[k])
		for i, v := range row {
			if i > 0 {
				line = append(line, ',')
			}
			switch {
			case v.name != "":
				line = append(line, quoted(v.name)...)
			case v.isCount:
				line = strconv.AppendInt(line, v.count, 10)
			default:
				line = strconv.AppendFloat(line, v.number, 'g', -1, 64)
			}
		}
		b.Write(append(line, '\n'))
	}
	return b.Flush()
}

// quoted is a name in CSV.
func quoted(name string) string {
	if !strings.ContainsAny(name, `,"`) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// WriteHistograms writes histograms.npz with counts[i][j][k]: pairs in which neuron i fires after
// neuron j, by lag; the other half of the histogram of a pair is counts[j][i].
func (r *Result) WriteHistograms(w io.Writer) error {
	n, o, tick := r.N, r.Counter.o, r.Tick()
	edges := make([]float64, o.Bins()+1)
	for k := range edges {
		edges[k] = float64(int64(k)*o.Bin) * tick
	}
	together := make([]int64, n*n)
	for k := range together {
		if i, j := k/n, k%n; i != j {
			together[k] = r.Counter.Coincidences(i, j)
		}
	}
	square := []int{n, n}
	z := npz.NewWriter(w)
	// After an error Close returns it again.
	z.AddStream("counts", "<u4", []int{n, n, o.Bins()}, &histograms{counts: r.Counter.hist})
	z.Add(npz.Array{Name: "coincidences", Shape: square, Data: together})
	z.Add(npz.Array{Name: "lag_edges", Shape: []int{len(edges)}, Data: edges})
	z.Add(npz.Array{Name: "neuron", Shape: []int{n}, Data: r.calls()})
	z.Add(npz.Array{Name: "sal", Shape: square, Data: r.square(func(s *Synapse) float64 { return s.SAL })})
	z.Add(npz.Array{Name: "p_holm", Shape: square, Data: r.square(func(s *Synapse) float64 { return s.Holm })})
	z.Add(npz.Array{Name: "duration", Data: float64(r.Length) * tick})
	z.Add(npz.Array{Name: "tick", Data: tick})
	z.Add(npz.Array{Name: "unit", Data: string(r.Unit)})
	z.Add(npz.Array{Name: "axes", Data: "counts[post, pre, lag]: pairs in which post fires after pre, lag in (lag_edges[k], lag_edges[k+1]]; counts[pre, post] has the opposite order"})
	return z.Close()
}

// calls returns what the recording calls the neurons, as a list of numbers or of names.
func (r *Result) calls() any {
	if r.Names != nil {
		return r.Names
	}
	return r.Neurons
}

// histograms reads counts as bytes.
type histograms struct {
	counts []uint32
	buf    []byte
	rest   []byte // of buf
}

func (h *histograms) Read(b []byte) (int, error) {
	if len(h.rest) == 0 {
		if len(h.counts) == 0 {
			return 0, io.EOF
		}
		k := min(len(h.counts), 1<<12)
		h.buf = h.buf[:0]
		for _, v := range h.counts[:k] {
			h.buf = binary.LittleEndian.AppendUint32(h.buf, v)
		}
		h.counts, h.rest = h.counts[k:], h.buf
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

// remark is a recording.Remark in JSON.
type remark struct {
	Count int64    `json:"count"`
	First []string `json:"first"`
}

func newRemark(m recording.Remark) remark {
	first := []string{}
	for _, p := range m.First {
		first = append(first, p.String())
	}
	return remark{m.Count, first}
}

// MarshalJSON returns everything but the histograms; the keys of a pair are the columns of
// pairs.csv.
func (r *Result) MarshalJSON() ([]byte, error) {
	pairs := make([]map[string]any, len(r.Synapses))
	for k := range r.Synapses {
		pairs[k] = map[string]any{}
		for i, v := range r.row(nil, &r.Synapses[k]) {
			pairs[k][pairColumns[i]] = number(v.number)
			if v.name != "" {
				pairs[k][pairColumns[i]] = v.name
			} else if v.isCount {
				pairs[k][pairColumns[i]] = v.count
			}
		}
	}
	o, test, tick := r.Counter.o, r.Options.Test, r.Tick()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(struct {
		Files      []string         `json:"files"`
		Format     recording.Format `json:"format"`
		Unit       recording.Unit   `json:"unit"` // of all times here
		Tick       float64          `json:"tick"`
		Start      float64          `json:"start"`
		Duration   float64          `json:"duration"`
		Neurons    any              `json:"neurons"`
		RateUnit   string           `json:"rate_unit"` // of rate_pre and rate_post
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
	}{r.Sources, r.Format, r.Unit, tick, r.Start, float64(r.Length) * tick, r.calls(), r.RateUnit(), r.Spikes, newRemark(r.Disorder), newRemark(r.Duplicates),
		o.Window.Plus.Shape.String(), o.Window.Plus.Tau * tick, o.Window.Plus.Cut * tick, float64(int64(o.Bins())*o.Bin) * tick, float64(o.Bin) * tick, o.Blocks,
		test.Replicates, test.Seed, test.Level, test.MinWeight, r.Tested, r.Skipped, r.Rejected, number(r.Memory), append([]string{}, r.Warnings...), pairs})
	return b.Bytes(), err
}
