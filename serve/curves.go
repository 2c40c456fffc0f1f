package serve

import (
	"errors"
	"io/fs"
	"math"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"spikealign/drawings"
	"spikealign/experiment"
	"spikealign/figure"
)

const (
	maxRuns    = 6 // laid over each other: the colours that can be told apart
	maxPanels  = 8
	minPlaces  = 50
	maxPlaces  = 2000
	maxIndexes = 32
	floorName  = "_floor" // of the column with what bounds another one from below
)

// cache keeps the indexes of the tables that were looked at last.
type cache struct {
	mu   sync.Mutex
	last []indexed
}

type indexed struct {
	file string
	*index
}

// of returns the index of a table.
func (c *cache) of(file string) *index {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := slices.IndexFunc(c.last, func(i indexed) bool { return i.file == file })
	var i indexed
	if k >= 0 {
		i = c.last[k]
		c.last = slices.Delete(c.last, k, k+1)
	} else {
		i = indexed{file, newIndex(indexBlocks, func(string) bool { return true })}
		if len(c.last) == maxIndexes {
			c.last = slices.Delete(c.last, 0, 1)
		}
	}
	c.last = append(c.last, i)
	return i.index
}

// shownCurves is the answer to a request for curves.
type shownCurves struct {
	Figure  *figure.Figure         `json:"figure,omitempty"` // nil: there is nothing to draw
	Table   string                 `json:"table"`
	Tables  []experiment.TableInfo `json:"tables"`
	Columns []string               `json:"columns"` // those that are drawn
	Running bool                   `json:"running,omitempty"`
	Notes   []string               `json:"notes,omitempty"`
}

// curves answers with columns of a table of runs, laid over each other.
//
//	id       of each run, up to six
//	table    metrics without one
//	column   of each panel, the headline columns without one
//	from, to the part of the abscissa
//	places   how many places the abscissa has, about the pixels of a panel
//	x, y     log or linear; without y as the values ask for
func (s *Server) curves(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	ids := q["id"]
	if len(ids) == 0 || len(ids) > maxRuns {
		fail(w, http.StatusBadRequest, "one to "+strconv.Itoa(maxRuns)+" runs can be laid over each other")
		return
	}
	a := shownCurves{Table: q.Get("table"), Tables: []experiment.TableInfo{}, Columns: []string{}}
	if a.Table == "" {
		a.Table = strings.TrimSuffix(experiment.MetricsFile, ".csv")
	}
	view := window{from: number(q.Get("from")), to: number(q.Get("to")), log: q.Get("x") == "log", places: 600}
	if n, err := strconv.Atoi(q.Get("places")); err == nil {
		view.places = min(max(n, minPlaces), maxPlaces)
	}
	var runs []curvesOf
	for _, id := range ids {
		folder, err := s.folder(id)
		if err != nil {
			refuse(w, err)
			return
		}
		a.Running = a.Running || folder.Info.Status == experiment.Running
		for _, t := range folder.Info.Tables {
			// Only tables that run.json names are read, right in the folder of the run.
			if plainName(t.Name) && !slices.ContainsFunc(a.Tables, func(k experiment.TableInfo) bool { return k.Name == t.Name }) {
				a.Tables = append(a.Tables, t)
			}
		}
		k := slices.IndexFunc(folder.Info.Tables, func(t experiment.TableInfo) bool { return t.Name == a.Table && plainName(t.Name) })
		if k < 0 {
			continue
		}
		found, whole, err := s.courses(id, a.Table, view)
		if err != nil {
			refuse(w, err)
			return
		}
		runs = append(runs, curvesOf{id, folder.Info.Name, found, whole})
	}
	k := slices.IndexFunc(a.Tables, func(t experiment.TableInfo) bool { return t.Name == a.Table })
	if k < 0 {
		fail(w, http.StatusNotFound, "there is no such table")
		return
	}
	a.Columns = chosen(a.Tables[k], q["column"])
	if len(a.Columns) > maxPanels {
		a.Columns = a.Columns[:maxPanels]
		a.Notes = append(a.Notes, "the first "+strconv.Itoa(maxPanels)+" columns are shown")
	}
	d := figure.Traces{}
	for _, c := range a.Columns {
		if p, ok := panel(a.Tables[k], c, runs, view, q.Get("y")); ok {
			d.Panels = append(d.Panels, p)
		}
	}
	if len(d.Panels) > 0 {
		var err error
		if a.Figure, err = d.Figure(); err != nil {
			refuse(w, err)
			return
		}
	}
	answer(w, http.StatusOK, a)
}

// curvesOf is a table of a run.
type curvesOf struct {
	id, name string
	courses  []course
	whole    []float64 // of the abscissa
}

// courses reads what a window shows of a table.
func (s *Server) courses(id, name string, view window) (found []course, whole []float64, err error) {
	file := path.Join(id, name+".csv")
	f, err := s.open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil // a run in its first moment
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	x := s.tables.of(file)
	if _, err := x.update(f); err != nil {
		return nil, nil, err
	}
	return x.courses(f, view)
}

// plainName tells whether a table's name is that of a file right in the folder of a run.
func plainName(name string) bool {
	return name != "" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, `/\`+"\x00")
}

// number reads a bound; NaN: there is none.
func number(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// chosen returns the columns to be drawn: those asked for, else the headline columns, else the
// first ones.
func chosen(t experiment.TableInfo, asked []string) []string {
	var all, headline, found []string
	for k, c := range t.Columns {
		if k == 0 || c.Name == layerColumn || strings.HasSuffix(c.Name, floorName) && !slices.Contains(asked, c.Name) {
			continue
		}
		all = append(all, c.Name)
		if c.Headline {
			headline = append(headline, c.Name)
		}
		if slices.Contains(asked, c.Name) {
			found = append(found, c.Name)
		}
	}
	switch {
	case len(found) > 0:
		return found
	case len(headline) > 0:
		return headline
	case all == nil:
		return []string{}
	}
	return all[:min(len(all), 4)]
}

// panel draws a column of all runs.
func panel(t experiment.TableInfo, name string, runs []curvesOf, view window, y string) (figure.TracePanel, bool) {
	c := t.Columns[slices.IndexFunc(t.Columns, func(c experiment.ColumnInfo) bool { return c.Name == name })]
	p := figure.TracePanel{Heading: name, X: figure.Axis{Label: t.Columns[0].Name, Unit: t.Columns[0].Unit, Log: view.log},
		Y: figure.Axis{Label: name, Unit: c.Unit}}
	if c.Doc != "" {
		p.Heading = drawings.Marked(name + ": " + c.Doc)
	}
	var values [][]float64
	for _, r := range runs {
		layers := 0
		last := int64(-1)
		for _, k := range r.courses {
			if k.Column == name {
				layers++
				last = max(last, k.Layer)
			}
		}
		for _, k := range r.courses {
			isFloor := k.Column == name+floorName
			if k.Column != name && !isFloor {
				continue
			}
			label := ""
			switch {
			case len(runs) > 1:
				if k.Layer != last && k.Layer >= 0 {
					continue // of several runs the layer that summaries are of
				}
				label = r.label(runs)
			case layers > 1 && k.Layer >= 0:
				if layers > maxRuns && k.Layer <= last-maxRuns {
					continue
				}
				label = "layer " + strconv.FormatInt(k.Layer, 10)
			}
			trace := figure.Trace{Name: label, X: k.X, Y: k.Y, Low: k.Low, High: k.High, Floor: isFloor}
			if isFloor {
				trace.Low, trace.High = nil, nil
			}
			values = append(values, k.Y, k.Low)
			p.Traces = append(p.Traces, trace)
		}
	}
	if len(p.Traces) == 0 {
		return p, false
	}
	p.Y.Log = y == "log" || y == "" && figure.Spreads(values...)
	p.X.Whole = !slices.ContainsFunc(p.Traces, func(t figure.Trace) bool {
		return slices.ContainsFunc(t.X, func(x float64) bool { return x != math.Trunc(x) })
	})
	for _, r := range runs { // a page that shows a part knows how much there is
		p.Whole = append(p.Whole, r.whole...)
	}
	return p, true
}

// label is what a run is called beside others: no more than tells it from them.
func (r curvesOf) label(runs []curvesOf) string {
	same := 0
	for _, o := range runs {
		if o.name == r.name {
			same++
		}
	}
	if same > 1 || r.name == "" {
		return r.id
	}
	return r.name
}
