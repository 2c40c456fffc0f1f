package analysis

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"spikealign/figure"
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
)

// MaxDrawn is the number of neurons of the largest matrix that Save draws: beyond, a cell is
// smaller than a dot of the printer and the SVG larger than what browsers show.
const MaxDrawn = 400

// Files returns the names of the files that Save writes.
func (r *Result) Files() []string {
	files := []string{PairsFile, HistogramsFile}
	if len(r.Neurons) <= MaxDrawn {
		files = append(files, filepath.Join(FiguresDir, matrixName+".svg"), filepath.Join(FiguresDir, matrixName+".png"))
	}
	return files
}

// Save writes the files into a folder, which it makes if need be; each appears whole or not at all.
// It replaces an analysis that is there, a figure that this one does not have included.
func (r *Result) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(dir, PairsFile), 0o666, r.WritePairs); err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(dir, HistogramsFile), 0o666, r.WriteHistograms); err != nil {
		return err
	}
	if len(r.Neurons) > MaxDrawn {
		for _, suffix := range []string{".svg", ".png"} {
			if err := os.Remove(filepath.Join(dir, FiguresDir, matrixName+suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	drawn, err := r.Matrix().Figure()
	if err != nil {
		return err
	}
	return drawn.Save(filepath.Join(dir, FiguresDir), matrixName)
}

// Matrix returns what the figure shows.
func (r *Result) Matrix() figure.Analysis {
	n, o := r.N, r.Counter.o
	f := figure.Analysis{SAL: r.square(func(s *Synapse) float64 { return s.SAL }), Significant: make([]bool, n*n)}
	f.Title = filepath.Base(r.Sources[0])
	if more := len(r.Sources) - 1; more > 0 {
		f.Title += fmt.Sprintf(" and %d more", more)
	}
	f.Note = fmt.Sprintf("%s window, τ = %s; %d of %d pairs significant at level %g (Holm)", o.Window.Plus.Shape, r.Span(o.Window.Plus.Tau), r.Rejected, r.Tested, r.Options.Test.Level)
	for _, id := range r.Neurons {
		f.Labels = append(f.Labels, strconv.FormatInt(id, 10))
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
var pairColumns = strings.Split("pre,post,spikes_pre,spikes_post,pairs_causal,pairs_anticausal,coincidences,coverage,c_causal,c_anticausal,sal,se,ci_low,ci_high,index,grid_bias,t,p,p_holm,q,sign", ",")

// cell is a value of a row: a count, or a number.
type cell struct {
	count   int64
	number  float64
	isCount bool
}

// row appends the values of pairColumns.
func (r *Result) row(to []cell, s *Synapse) []cell {
	for _, v := range [...]int64{r.Neurons[s.Pre], r.Neurons[s.Post], r.Counter.Spikes(s.Pre), r.Counter.Spikes(s.Post), s.Causal, s.AntiCausal, s.Coincidences} {
		to = append(to, cell{count: v, isCount: true})
	}
	for _, v := range [...]float64{s.Coverage, s.CausalSum, s.AntiCausalSum, s.SAL, s.SE, s.Low, s.High, s.Index, s.GridBias, s.T, s.P, s.Holm, s.Q} {
		to = append(to, cell{number: v})
	}
	return append(to, cell{count: int64(s.Sign), isCount: true})
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
	z.Add(npz.Array{Name: "neuron", Shape: []int{n}, Data: r.Neurons})
	z.Add(npz.Array{Name: "sal", Shape: square, Data: r.square(func(s *Synapse) float64 { return s.SAL })})
	z.Add(npz.Array{Name: "p_holm", Shape: square, Data: r.square(func(s *Synapse) float64 { return s.Holm })})
	z.Add(npz.Array{Name: "duration", Data: float64(r.Length) * tick})
	z.Add(npz.Array{Name: "tick", Data: tick})
	z.Add(npz.Array{Name: "unit", Data: string(r.Unit)})
	z.Add(npz.Array{Name: "axes", Data: "counts[post, pre, lag]: pairs in which post fires after pre, lag in (lag_edges[k], lag_edges[k+1]]; counts[pre, post] has the opposite order"})
	return z.Close()
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
			if v.isCount {
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
	}{r.Sources, r.Format, r.Unit, tick, r.Start, float64(r.Length) * tick, r.Neurons, r.Spikes, newRemark(r.Disorder), newRemark(r.Duplicates),
		o.Window.Plus.Shape.String(), o.Window.Plus.Tau * tick, o.Window.Plus.Cut * tick, float64(int64(o.Bins())*o.Bin) * tick, float64(o.Bin) * tick, o.Blocks,
		test.Replicates, test.Seed, test.Level, test.MinWeight, r.Tested, r.Skipped, r.Rejected, number(r.Memory), append([]string{}, r.Warnings...), pairs})
	return b.Bytes(), err
}
