package sample

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/figure/render"
	"spikealign/internal/durable"
	"spikealign/internal/npz"
	"spikealign/sampling"
)

// Names of the files in a sample's folder.
const (
	InfoFile      = "sample.json"
	MarginalsFile = "marginals.csv"
	StatesFile    = "states.csv"
)

// Info is what sample.json says.
type Info struct {
	From      experiment.SourceInfo `json:"from"`
	Clamp     string                `json:"clamp"`
	Duration  int64                 `json:"duration_tau"`
	Settle    int64                 `json:"settle_tau"`
	Seed      uint64                `json:"seed"`
	TauRef    int64                 `json:"tau_ref"`
	Dynamics  string                `json:"dynamics"`
	Engine    string                `json:"engine"`
	Visible   int                   `json:"visible"`
	Hidden    int                   `json:"hidden"`
	Steps     int64                 `json:"steps"`
	Spikes    int64                 `json:"spikes"`
	Visited   int                   `json:"states_visited"`
	DKL       *float64              `json:"dkl"` // null without a target
	Unvisited int                   `json:"unvisited"`
}

// Info describes the sample.
func (r *Result) Info() Info {
	i := Info{From: r.From, Clamp: r.Options.Clamp, Duration: r.Options.Duration, Settle: r.Options.Settle, Seed: r.Options.Seed,
		TauRef: r.TauRef, Dynamics: r.Dynamics.String(), Engine: r.Engine, Visible: r.Visible, Hidden: len(r.Mean) - r.Visible,
		Steps: r.Steps, Spikes: r.Spikes, Visited: len(r.States), Unvisited: r.Unvisited}
	if !math.IsNaN(r.DKL) {
		i.DKL = &r.DKL
	}
	return i
}

// MarshalJSON writes Info, the marginals and the most frequent states.
func (r *Result) MarshalJSON() ([]byte, error) {
	type state struct {
		State  string   `json:"state"`
		P      float64  `json:"probability"`
		SE     float64  `json:"se"`
		Target *float64 `json:"target,omitempty"`
	}
	doc := struct {
		Info
		Mean   []float64 `json:"mean"`
		MeanSE []float64 `json:"mean_se"`
		States []state   `json:"states"`
	}{r.Info(), r.Mean, r.MeanSE, []state{}}
	for _, z := range r.States[:min(len(r.States), 1000)] {
		s := state{State: r.Bits(z), P: z.P, SE: z.SE}
		if r.Target != nil {
			s.Target = &r.Target[z.Bits]
		}
		doc.States = append(doc.States, s)
	}
	return json.Marshal(doc)
}

// Save writes the sample into a folder, made if it does not exist, and returns the names of the
// files. It replaces a sample that is there.
func (r *Result) Save(dir string) ([]string, error) {
	images := []string{filepath.Join(experiment.FiguresDir, "images.png"), filepath.Join(experiment.FiguresDir, "images.svg")}
	if err := durable.Renew(dir, append(images, MarginalsFile, StatesFile, experiment.ArraysFile)...); err != nil {
		return nil, err
	}
	var names []string
	write := func(name string, f func(w io.Writer) error) error {
		names = append(names, name)
		return durable.WriteFile(filepath.Join(dir, name), 0o666, f)
	}
	err := write(InfoFile, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r.Info())
	})
	if err == nil {
		err = write(MarginalsFile, r.writeMarginals)
	}
	if err == nil && r.States != nil {
		err = write(StatesFile, r.writeStates)
	}
	if err == nil {
		err = write(experiment.ArraysFile, r.writeArrays)
	}
	if err != nil || r.Side == 0 {
		return names, err
	}
	f, err := r.Images().Figure()
	if err != nil {
		return names, err
	}
	return append(names, images...), render.Save(f, filepath.Join(dir, experiment.FiguresDir), "images")
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// Clamped is "0" or "1" for a clamped neuron, else "".
func (r *Result) Clamped(i int) string {
	return map[sampling.Clamping]string{sampling.ClampedOff: "0", sampling.ClampedOn: "1"}[r.Clamps[i]]
}

func (r *Result) writeMarginals(w io.Writer) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"neuron", "clamped", "mean", "se"}}
	for i := range r.Mean {
		rows = append(rows, []string{strconv.Itoa(i), r.Clamped(i), number(r.Mean[i]), number(r.MeanSE[i])})
	}
	return c.WriteAll(rows)
}

func (r *Result) writeStates(w io.Writer) error {
	c := csv.NewWriter(w)
	head := []string{"state", "probability", "se"}
	if r.Target != nil {
		head = append(head, "target")
	}
	if err := c.Write(head); err != nil {
		return err
	}
	for _, z := range r.States {
		row := []string{r.Bits(z), number(z.P), number(z.SE)}
		if r.Target != nil {
			row = append(row, number(r.Target[z.Bits]))
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func (r *Result) writeArrays(w io.Writer) error {
	n := npz.NewWriter(w)
	n.Add(npz.Array{Name: "mean", Shape: []int{len(r.Mean)}, Data: r.Mean})
	n.Add(npz.Array{Name: "mean_se", Shape: []int{len(r.Mean)}, Data: r.MeanSE})
	if r.States != nil {
		bits, p, se := make([]uint8, 0, len(r.States)*r.Visible), make([]float64, len(r.States)), make([]float64, len(r.States))
		for k, z := range r.States {
			for i := range r.Visible {
				bits = append(bits, uint8(z.Bits>>i&1))
			}
			p[k], se[k] = z.P, z.SE
		}
		n.Add(npz.Array{Name: "states", Shape: []int{len(p), r.Visible}, Data: bits})
		n.Add(npz.Array{Name: "probability", Shape: []int{len(p)}, Data: p})
		n.Add(npz.Array{Name: "probability_se", Shape: []int{len(p)}, Data: se})
	}
	if r.Target != nil {
		n.Add(npz.Array{Name: "p_target", Shape: []int{len(r.Target)}, Data: r.Target})
	}
	return n.Close()
}

// Images is the picture of a network that shows images: the mean and the most frequent states, with
// their probabilities.
func (r *Result) Images() figure.Images {
	f := figure.Images{Name: r.From.Name, Side: r.Side, Images: []figure.Image{{Heading: "mean", Pixels: r.Mean[:r.Visible]}}}
	var given []string
	for i, c := range r.Clamps {
		if c == sampling.Free {
			continue
		}
		if i < r.Visible {
			f.Fixed = append(f.Fixed, i)
		} else {
			given = append(given, fmt.Sprintf("neuron %d = %s", i, r.Clamped(i)))
		}
	}
	if len(given) > 0 {
		f.Name += ", given " + strings.Join(given, ", ")
	}
	for _, z := range r.States[:min(len(r.States), 9)] {
		image := figure.Image{Heading: `\i{P} = ` + strconv.FormatFloat(z.P, 'f', 3, 64)}
		for i := range r.Visible {
			image.Pixels = append(image.Pixels, float64(z.Bits>>i&1))
		}
		f.Images = append(f.Images, image)
	}
	return f
}
