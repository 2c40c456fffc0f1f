package sweep

import (
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"spikealign/experiment"
	"spikealign/internal/durable"
	"spikealign/internal/quantile"
)

// Pending is the status of a member that has not begun.
const Pending experiment.Status = "pending"

// Result is what there is of a sweep.
type Result struct {
	Sweep   *Sweep
	Dir     string
	States  []State  // of Sweep.Members
	Metrics []string // the columns of the last rows, in order of appearance
}

// State of a member.
type State struct {
	Status experiment.Status
	Info   *experiment.Info // never nil; zero if the member is pending
	// Attempt is the newest attempt on a member that is not finished, on behalf of a batch system;
	// nil if there is none.
	Attempt *Attempt

	dir string // where the run is, if it is not in the folder of the member
}

// Summary is one condition of a sweep.
type Summary struct {
	Values []string // one per path of Sweep.Conditions
	N      int      // finished members
	Stats  []Stat   // one per name of Numeric
}

// Stat describes a metric over the replicates of a condition: quantiles of type 7 (linear
// interpolation) of the finite values, NaN if there are none; of a metric that is counted
// (experiment.Count), how many of how many values are not 0.
type Stat struct {
	Median, Q25, Q75 float64
	Count, Of        int
}

// Collect reads what there is of the sweep in dir.
func (s *Sweep) Collect(dir string) (*Result, error) {
	return s.collect(dir, func(int) *State { return nil })
}

// Again collects again what there is. Members of which same says that nothing changed in their
// folders keep their states, apart from those that run, or that a batch system works on.
func (r *Result) Again(same func(member string) bool) (*Result, error) {
	return r.Sweep.collect(r.Dir, func(k int) *State {
		st := &r.States[k]
		if st.Status == experiment.Running || st.Attempt != nil || !same(r.Sweep.Members[k].Name) {
			return nil
		}
		return st
	})
}

// done is what is known of member k if it was done; r may be nil.
func (r *Result) done(k int) *State {
	if r != nil && r.States[k].Status == experiment.Done {
		return &r.States[k]
	}
	return nil
}

// collect is Collect, without reading the members that are known.
func (s *Sweep) collect(dir string, known func(k int) *State) (*Result, error) {
	s.adopt(dir)
	r := &Result{Sweep: s, Dir: dir, States: make([]State, len(s.Members))}
	shared := attempted(dir)
	// There may be thousands of members; most of the time goes into reading their run.json.
	errs := make([]error, len(s.Members))
	var next atomic.Int64
	var one atomic.Pointer[experiment.Info] // any of them that has begun
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(s.Members)) {
		readers.Go(func() {
			for k := next.Add(1) - 1; k < int64(len(s.Members)); k = next.Add(1) - 1 {
				name := s.Members[k].Name
				if st := known(int(k)); st != nil && (st.Status == experiment.Done || !shared[name]) {
					r.States[k] = *st
					if st.Status != Pending {
						one.CompareAndSwap(nil, st.Info)
					}
					continue
				}
				r.States[k], errs[k] = s.state(dir, name, shared)
				if info := r.States[k].Info; errs[k] == nil && r.States[k].Status != Pending && !one.CompareAndSwap(nil, info) {
					info.Share(one.Load())
				}
			}
		})
	}
	readers.Wait()
	for k, st := range r.States {
		if errs[k] != nil {
			return nil, errs[k]
		}
		for _, c := range st.Info.Latest {
			if !slices.Contains(r.Metrics, c.Name) {
				r.Metrics = append(r.Metrics, c.Name)
			}
		}
	}
	return r, nil
}

// state reads what there is of a member.
func (s *Sweep) state(dir, name string, shared map[string]bool) (State, error) {
	folder, err := experiment.Open(filepath.Join(dir, MembersDir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return State{}, err
	}
	st := State{Status: Pending, Info: &experiment.Info{}}
	if err == nil {
		st = State{Status: folder.Info.Status, Info: &folder.Info}
	}
	if shared[name] && st.Status != experiment.Done {
		if by, ok := attemptState(dir, name); ok {
			return by, nil
		}
		return s.state(dir, name, nil) // the attempt has just become the member
	}
	return st, nil
}

// Folder returns the folder of member k.
func (r *Result) Folder(k int) *experiment.Folder {
	return &experiment.Folder{Dir: cmp.Or(r.States[k].dir, MemberDir(r.Dir, r.Sweep.Members[k])), Info: *r.States[k].Info}
}

// Entry is the sweep at a glance.
func (r *Result) Entry() *SweepEntry {
	e := &SweepEntry{Dir: r.Dir, Kind: r.Sweep.Kind, Name: r.Sweep.Name, Members: len(r.Sweep.Members), Finished: r.Done(), Status: r.Status()}
	for _, m := range r.States {
		if m.Info.Updated.After(e.Updated) {
			e.Updated = m.Info.Updated
		}
	}
	return e
}

// Status of the whole: Done if all members are, else what most asks for attention.
func (r *Result) Status() experiment.Status {
	for _, status := range []experiment.Status{experiment.Running, experiment.Failed, experiment.Killed, experiment.Interrupted, Pending} {
		if slices.ContainsFunc(r.States, func(m State) bool { return m.Status == status }) {
			return status
		}
	}
	return experiment.Done
}

// Done returns the number of finished members.
func (r *Result) Done() int {
	n := 0
	for _, s := range r.States {
		if s.Status == experiment.Done {
			n++
		}
	}
	return n
}

// cell returns the last value of a metric as text, and how it is summed up.
func (s State) cell(metric string) (string, experiment.Statistic) {
	for _, c := range s.Info.Latest {
		if c.Name == metric {
			return c.Value.String(), c.Statistic
		}
	}
	return "", experiment.NoStatistic
}

// Sums returns how a metric is summed up: by quartiles, by counts, or both if members differ.
func (r *Result) Sums(metric string) (quartiles, counts bool) {
	for _, s := range r.States {
		switch _, statistic := s.cell(metric); statistic {
		case experiment.Quartiles:
			quartiles = true
		case experiment.Count:
			counts = true
		}
	}
	return quartiles, counts
}

// Final returns the last value of a metric of member k; ok is false if the member is not finished
// or the metric is no number.
func (r *Result) Final(k int, metric string) (x float64, ok bool) {
	if r.States[k].Status != experiment.Done {
		return 0, false
	}
	text, _ := r.States[k].cell(metric)
	x, err := strconv.ParseFloat(text, 64)
	return x, err == nil
}

// Headline reports whether the kind of experiment marks a metric as a main one.
func (r *Result) Headline(metric string) bool {
	for _, s := range r.States {
		for _, c := range s.Info.Latest {
			if c.Name == metric {
				return c.Headline
			}
		}
	}
	return false
}

// Numeric returns the metrics of which no finished member has text.
func (r *Result) Numeric() []string {
	var names []string
	for _, name := range r.Metrics {
		numeric := true
		for _, s := range r.States {
			if text, _ := s.cell(name); text != "" {
				_, err := strconv.ParseFloat(text, 64)
				numeric = numeric && err == nil
			}
		}
		if numeric {
			names = append(names, name)
		}
	}
	return names
}

// Summary returns the conditions in the order of the grid, with the statistics of the finished
// members.
func (r *Result) Summary() []Summary {
	axes, names := r.Sweep.Conditions(), r.Numeric()
	var out []Summary
	var values [][][]float64 // condition, metric
	at := map[string]int{}
	for k, m := range r.Sweep.Members {
		var coordinates []string
		for _, a := range axes {
			coordinates = append(coordinates, m.Values[a])
		}
		key := strings.Join(coordinates, "\x00")
		c, ok := at[key]
		if !ok {
			c = len(out)
			at[key] = c
			out = append(out, Summary{Values: coordinates, Stats: make([]Stat, len(names))})
			values = append(values, make([][]float64, len(names)))
		}
		if r.States[k].Status != experiment.Done {
			continue
		}
		out[c].N++
		for i, name := range names {
			text, statistic := r.States[k].cell(name)
			x, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
				continue
			}
			switch statistic {
			case experiment.Quartiles:
				values[c][i] = append(values[c][i], x)
			case experiment.Count:
				out[c].Stats[i].Of++
				if x != 0 {
					out[c].Stats[i].Count++
				}
			}
		}
	}
	for c := range out {
		for i, v := range values[c] {
			slices.Sort(v)
			s := &out[c].Stats[i]
			s.Median, s.Q25, s.Q75 = quantile.Of(v, 0.5), quantile.Of(v, 0.25), quantile.Of(v, 0.75)
		}
	}
	return out
}

// write writes members.csv and summary.csv.
func (r *Result) write() error {
	head := []string{"member"}
	for _, a := range r.Sweep.Grid {
		head = append(head, a.Path)
	}
	head = append(append(head, "member_seed", "status"), r.Metrics...)
	if err := writeCSV(filepath.Join(r.Dir, MembersFile), head, func(write func(row []string)) {
		var row []string
		for k, m := range r.Sweep.Members {
			row = append(append(row[:0], m.Name), m.Values...)
			row = append(row, strconv.FormatUint(m.Seed, 10), string(r.States[k].Status))
			for _, name := range r.Metrics {
				text, _ := r.States[k].cell(name)
				row = append(row, text)
			}
			write(row)
		}
	}); err != nil {
		return err
	}
	head = nil
	for _, k := range r.Sweep.Conditions() {
		head = append(head, r.Sweep.Grid[k].Path)
	}
	head = append(head, "n")
	names := r.Numeric()
	hasQuartiles, hasCounts := make([]bool, len(names)), make([]bool, len(names))
	for i, name := range names {
		quartiles, counts := r.Sums(name) // which looks at all members
		hasQuartiles[i], hasCounts[i] = quartiles, counts
		if quartiles {
			head = append(head, name+"_median", name+"_q25", name+"_q75")
		}
		if counts {
			head = append(head, name+"_count", name+"_of")
		}
	}
	return writeCSV(filepath.Join(r.Dir, SummaryFile), head, func(write func(row []string)) {
		var row []string
		for _, c := range r.Summary() {
			row = append(append(row[:0], c.Values...), strconv.Itoa(c.N))
			for i, s := range c.Stats {
				if hasQuartiles[i] {
					for _, x := range []float64{s.Median, s.Q25, s.Q75} {
						row = append(row, strconv.FormatFloat(x, 'g', -1, 64))
					}
				}
				if hasCounts[i] {
					row = append(row, strconv.Itoa(s.Count), strconv.Itoa(s.Of))
				}
			}
			write(row)
		}
	})
}

// writeCSV writes a table, the rows one by one: there may be thousands.
func writeCSV(path string, head []string, rows func(write func(row []string))) error {
	return durable.WriteFile(path, 0o666, func(w io.Writer) error {
		c := csv.NewWriter(w)
		write := func(row []string) { _ = c.Write(row) } // Error has it, too
		write(head)
		rows(write)
		c.Flush()
		return c.Error()
	})
}
