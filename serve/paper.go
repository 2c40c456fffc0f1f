package serve

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"spikealign/experiment"
	"spikealign/reproduce"
)

// paperFigure is a figure of the paper, with what was reproduced of it.
type paperFigure struct {
	Name    string        `json:"name"`
	Doc     string        `json:"doc"`
	Command string        `json:"command"`
	Results []paperResult `json:"results"`
}

// paperResult is a folder of a reproduced figure.
type paperResult struct {
	ID      string    `json:"id"`
	Dir     string    `json:"dir"`
	Scale   string    `json:"scale"`
	Updated time.Time `json:"updated"`
	// Status is how the reproduction stands, "" if it keeps no record; Wall and CPU are seconds.
	Status experiment.Status `json:"status,omitempty"`
	Error  string            `json:"error,omitempty"`
	Wall   float64           `json:"wall,omitempty"`
	CPU    float64           `json:"cpu,omitempty"`

	Claims   []reproduce.Claim `json:"claims"`
	Pictures []string          `json:"pictures"` // names of PNG files
	Runs     bool              `json:"runs"`     // there are runs or sweeps in it
}

// paper answers with all figures of the paper in its order.
func (s *Server) paper(w http.ResponseWriter, r *http.Request) {
	s.watcher.fresh(s.Poll)
	s.watcher.mu.Lock()
	folders := slices.Clone(s.watcher.papers)
	runs := make([]string, 0, len(s.watcher.rows))
	for id := range s.watcher.rows {
		runs = append(runs, id)
	}
	s.watcher.mu.Unlock()
	var all []paperFigure
	for _, f := range reproduce.Figures() {
		p := paperFigure{Name: f.Name, Doc: f.Doc, Command: "spikealign reproduce " + f.Name + " -o " + quote(filepath.Join(s.Shown, "reproduce")), Results: []paperResult{}}
		for _, id := range folders {
			name, scale, ok := cutLast(path.Base(id), "-")
			if !ok || name != f.Name {
				continue
			}
			claims, at := s.verdict(id)
			result := paperResult{ID: id, Dir: s.shown(id), Scale: scale, Updated: at, Claims: claims, Pictures: []string{}}
			s.recorded(id, &result)
			for _, file := range s.files(id) {
				if strings.HasPrefix(file.Name, experiment.FiguresDir+"/") && path.Ext(file.Name) == ".png" {
					result.Pictures = append(result.Pictures, file.Name)
				}
			}
			result.Runs = slices.ContainsFunc(runs, func(run string) bool { return run == id || strings.HasPrefix(run, id+"/") })
			p.Results = append(p.Results, result)
		}
		all = append(all, p)
	}
	answer(w, http.StatusOK, all)
}

// cutLast cuts around the last separator.
func cutLast(s, separator string) (before, after string, ok bool) {
	k := strings.LastIndex(s, separator)
	if k < 0 {
		return s, "", false
	}
	return s[:k], s[k+len(separator):], true
}

// verdict reads the claims of a reproduced figure: none before it is done.
func (s *Server) verdict(id string) (claims []reproduce.Claim, at time.Time) {
	claims = []reproduce.Claim{}
	st, err := s.root.Stat(path.Join(id, reproduce.VerdictFile))
	if err != nil {
		return claims, at
	}
	text, err := s.read(id, reproduce.VerdictFile)
	if err != nil {
		return claims, at
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return claims, at
	}
	for _, row := range rows[min(1, len(rows)):] {
		if len(row) >= 5 {
			claims = append(claims, reproduce.Claim{Text: row[0], Measured: row[1], Needed: row[2], Reason: row[3], Holds: row[4] == "true"})
		}
	}
	return claims, st.ModTime()
}

// recorded adds what the record of a figure says.
func (s *Server) recorded(id string, p *paperResult) {
	text, err := s.read(id, reproduce.RecordFile)
	if err != nil {
		return
	}
	var r reproduce.Record
	if json.Unmarshal(text, &r) != nil {
		return
	}
	p.Status, p.Error, p.Wall, p.CPU, p.Updated = r.Status, clip(r.Error, 300), finite(r.Wall), finite(r.CPU), r.End
	for _, part := range r.Parts {
		p.Wall, p.CPU = p.Wall+finite(part.Wall), p.CPU+finite(part.CPU)
	}
}
