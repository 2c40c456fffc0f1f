package drawings

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"spikealign/experiment"
	"spikealign/figure"
	"spikealign/sweep"
)

// metrics are columns of metrics.csv that a comparison shows as a metric of package figure.
type metrics map[string]figure.Metric

// metricComparison is the figure comparison of any kind: the headline metrics under the conditions
// of a sweep, called as known says, and more columns if they are named.
func metricComparison(known metrics, more ...string) SweepDrawer {
	return SweepDrawer{
		Name:  "comparison",
		Check: func(s *sweep.Sweep) string { return tooMany(len(grouped(s).conditions)) },
		Draw: func(r *sweep.Result) (Input, error) {
			m, _, err := metricsOf(r, grouped(r.Sweep), known, more)
			return m, err
		},
	}
}

// tooMany says what to change where conditions are more than a comparison can show.
func tooMany(conditions int) string {
	if conditions <= figure.MaxSweepConditions {
		return ""
	}
	return fmt.Sprintf("it shows up to %d conditions, and the grid has %d; list the paths that only repeat a condition under replicates, leave out values, or take figure: none",
		figure.MaxSweepConditions, conditions)
}

// groups are the conditions of a sweep, told apart by the values of factors.
type groups struct {
	factors    []figure.Factor
	conditions []group
}

type group struct {
	levels  []int // places in the values of the factors
	members []int
}

// grouped returns the conditions of a sweep in the order of the grid. Paths with one value are no
// factors.
func grouped(s *sweep.Sweep) (g groups) {
	var axes []int
	for _, k := range s.Conditions() {
		if a := s.Grid[k]; len(a.Values) > 1 {
			axes = append(axes, k)
			g.factors = append(g.factors, figure.Factor{Name: pathName(s, k)})
		}
	}
	values := make([][]string, len(axes)) // not cut
	at := map[string]int{}                // the conditions, by their levels
	for i, m := range s.Members {
		var levels []int
		for f, k := range axes {
			level := slices.Index(values[f], m.Values[k])
			if level < 0 {
				level = len(values[f])
				values[f] = append(values[f], m.Values[k])
				g.factors[f].Values = append(g.factors[f].Values, short(m.Values[k]))
			}
			levels = append(levels, level)
		}
		id := fmt.Sprint(levels)
		c, ok := at[id]
		if !ok {
			c = len(g.conditions)
			at[id] = c
			g.conditions = append(g.conditions, group{levels: levels})
		}
		g.conditions[c].members = append(g.conditions[c].members, i)
	}
	for f := range g.factors {
		g.factors[f].Values = rounded(g.factors[f].Values)
	}
	return g
}

// rounded returns numbers with as few digits as tell them apart, three at least, and other texts as
// they are.
func rounded(values []string) []string {
	for digits := 3; digits < 17; digits++ {
		out := make([]string, len(values))
		for k, v := range values {
			x, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return values
			}
			if out[k] = strconv.FormatFloat(x, 'g', digits, 64); len(out[k]) > len(v) {
				out[k] = v // 1e+03 for 1000
			}
		}
		if len(slices.Compact(slices.Sorted(slices.Values(out)))) == len(values) {
			return out
		}
	}
	return values
}

// symbol is a symbol with an index in the description of a column: W_ij.
var symbol = regexp.MustCompile(`\b([A-Z])_([A-Za-z]+)\b`)

// Marked is the description of a column with the marks that package figure knows.
func Marked(doc string) string { return symbol.ReplaceAllString(doc, `\i{$1}_{$2}`) }

// metricsOf draws metrics of the conditions of which members have begun. It returns the indices of
// the members of each condition, too.
func metricsOf(r *sweep.Result, g groups, known metrics, more []string) (m figure.MetricSweep, members [][]int, err error) {
	m = figure.MetricSweep{Title: title(r), Factors: g.factors}
	var pairs []int // of layers, in each run the last one
	for _, s := range r.States {
		if s.Status == sweep.Pending || len(s.Info.Tables) == 0 {
			continue
		}
		m.X = s.Info.Tables[0].Columns[0].Name
		for _, c := range s.Info.Tables[0].Columns[1:] {
			if !c.Headline && !slices.Contains(more, c.Name) || slices.ContainsFunc(m.Metrics, func(m figure.Metric) bool { return m.Name == c.Name }) {
				continue
			}
			metric, ok := known[c.Name]
			if !ok {
				metric = figure.Metric{Heading: Marked(c.Doc), Label: c.Name, Unit: c.Unit}
			}
			metric.Name = c.Name
			quartiles, counts := r.Sums(c.Name)
			metric.Counted = counts && !quartiles
			m.Metrics = append(m.Metrics, metric)
		}
	}
	for _, c := range g.conditions {
		d := figure.MetricCondition{Levels: c.levels, Runs: make([][][]float64, len(m.Metrics)), Floor: make([][][]float64, len(m.Metrics))}
		for _, i := range c.members {
			if r.States[i].Status == sweep.Pending || len(r.States[i].Info.Tables) == 0 {
				continue
			}
			table, err := r.Folder(i).Table(strings.TrimSuffix(experiment.MetricsFile, ".csv"))
			if err != nil {
				return m, nil, err
			}
			if last := lastPair(table); last >= 0 {
				pairs = append(pairs, last)
			}
			if x := table[m.X]; len(x) > len(d.X) {
				d.X = x
			}
			for k, metric := range m.Metrics {
				if column := table[metric.Name]; len(column) > 0 && averaged(r.States[i].Info, metric.Name) {
					d.Runs[k] = append(d.Runs[k], column)
				}
				if column := table[metric.Name+"_floor"]; len(column) > 0 {
					d.Floor[k] = append(d.Floor[k], column)
				}
			}
		}
		m.Conditions, members = append(m.Conditions, d), append(members, c.members)
	}
	if name := pairName(pairs); name != "" {
		for k := range m.Metrics {
			m.Metrics[k].Heading += ", " + name
		}
	}
	return m, members, nil
}

// lastPair leaves of a table with a row for each pair of layers, in each report, the rows of the
// last pair, which summaries are of, too. It returns the pair, -1 if the table has no layers.
func lastPair(table map[string][]float64) int {
	layers := table["layer"]
	if len(layers) == 0 {
		return -1
	}
	last := slices.Max(layers)
	for name, column := range table {
		var of []float64
		for k, v := range column {
			if layers[k] == last {
				of = append(of, v)
			}
		}
		table[name] = of
	}
	return int(last)
}

// pairName names the pair of layers that a figure shows, the last one of each run; "" if no run has
// several.
func pairName(last []int) string {
	if len(last) == 0 || slices.Max(last) == 0 {
		return ""
	}
	if slices.Min(last) < slices.Max(last) {
		return "last pair of layers"
	}
	return LastPair(last[0])
}

// LastPair names the pair of layers l and l+1, the last one of a run: "layers 1-2 (last of 2
// pairs)". It is "" for l = 0, the only pair.
func LastPair(l int) string {
	if l == 0 {
		return ""
	}
	return fmt.Sprintf("layers %d-%d (last of %d pairs)", l, l+1, l+1)
}

// averaged tells whether a run's values of a metric may be summed up with those of others.
func averaged(i *experiment.Info, metric string) bool {
	return !slices.ContainsFunc(i.Tables[0].Columns, func(c experiment.ColumnInfo) bool { return c.Name == metric && c.Statistic == experiment.NoStatistic })
}
