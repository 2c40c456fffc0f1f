package serve

import (
	"net/http"
	"slices"

	"spikealign/experiment"
	"spikealign/sweep"
)

// grid is a sweep with its results.
type grid struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	Figure  string       `json:"figure"` // that it asks for
	Axes    []gridAxis   `json:"axes"`
	Metrics []gridMetric `json:"metrics"`
	Members []gridMember `json:"members"`
}

type gridAxis struct {
	Path      string   `json:"path"`
	Name      string   `json:"name"`
	Values    []string `json:"values"`
	Replicate bool     `json:"replicate,omitempty"` // repeats conditions, as seeds do
}

type gridMetric struct {
	Name     string               `json:"name"`
	Unit     string               `json:"unit,omitempty"`
	Doc      string               `json:"doc,omitempty"`
	Headline bool                 `json:"headline,omitempty"`
	Sums     experiment.Statistic `json:"sums,omitempty"`
}

type gridMember struct {
	ID       string            `json:"id,omitempty"` // "" of one that has not begun
	Name     string            `json:"name"`
	Status   experiment.Status `json:"status"`
	Progress float64           `json:"progress"`
	At       []int             `json:"at"`     // places in the values of the axes
	Values   []*float64        `json:"values"` // of the metrics; null: none
	Note     string            `json:"note,omitempty"`
}

// grid answers with the grid of a sweep.
func (s *Server) grid(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	result := s.watcher.result(id)
	if result == nil {
		fail(w, http.StatusNotFound, "there is no such sweep")
		return
	}
	g := grid{ID: id, Name: result.Sweep.Name, Figure: result.Sweep.Figure, Axes: []gridAxis{}, Metrics: []gridMetric{}, Members: []gridMember{}}
	conditions := result.Sweep.Conditions()
	for k, a := range result.Sweep.Grid {
		x := gridAxis{Path: a.Path, Name: a.Label, Values: []string{}, Replicate: !slices.Contains(conditions, k)}
		if x.Name == "" {
			x.Name = result.Sweep.Short(k)
		}
		g.Axes = append(g.Axes, x)
	}
	numeric := result.Numeric()
	for _, st := range result.States {
		if len(st.Info.Tables) == 0 {
			continue
		}
		for k, c := range st.Info.Tables[0].Columns {
			if k > 0 && slices.Contains(numeric, c.Name) && !slices.ContainsFunc(g.Metrics, func(m gridMetric) bool { return m.Name == c.Name }) {
				g.Metrics = append(g.Metrics, gridMetric{c.Name, c.Unit, c.Doc, c.Headline, c.Statistic})
			}
		}
	}
	places := make([]map[string]int, len(g.Axes))
	for k := range places {
		places[k] = map[string]int{}
	}
	for k, m := range result.Sweep.Members {
		st := result.States[k]
		x := gridMember{Name: m.Name, Status: st.Status, Progress: share(st), At: []int{}, Note: clip(st.Info.Error, 300)}
		for a, v := range m.Values {
			at, seen := places[a][v]
			if !seen {
				at = len(g.Axes[a].Values)
				places[a][v] = at
				g.Axes[a].Values = append(g.Axes[a].Values, clip(sweep.Plain(v), maxSetting))
			}
			x.At = append(x.At, at)
		}
		if st.Status != sweep.Pending {
			if member := s.id(result.Folder(k).Dir); s.watcher.isRun(member) {
				x.ID = member
			}
		}
		for _, metric := range g.Metrics {
			x.Values = append(x.Values, latest(st.Info, metric.Name))
		}
		g.Members = append(g.Members, x)
	}
	answer(w, http.StatusOK, g)
}

// latest is the last value of a metric, nil if there is none.
func latest(i *experiment.Info, metric string) *float64 {
	for _, c := range i.Latest {
		if c.Name == metric {
			if v := number(c.Value.String()); v == v {
				return &v
			}
		}
	}
	return nil
}
