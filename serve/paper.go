package serve

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"path"
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
	ID       string            `json:"id"`
	Dir      string            `json:"dir"`
	Scale    string            `json:"scale"`
	Updated  time.Time         `json:"updated"`
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
		p := paperFigure{Name: f.Name, Doc: f.Doc, Command: "spikealign reproduce " + f.Name + " -o " + quote(join2(s.Shown, "reproduce")), Results: []paperResult{}}
		for _, id := range folders {
			name, scale, ok := cutLast(path.Base(id), "-")
			if !ok || name != f.Name {
				continue
			}
			claims, at, err := s.verdict(id)
			if err != nil {
				continue
			}
			result := paperResult{ID: id, Dir: s.shown(id), Scale: scale, Updated: at, Claims: claims, Pictures: []string{}}
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

// verdict reads the claims of a reproduced figure.
func (s *Server) verdict(id string) (claims []reproduce.Claim, at time.Time, err error) {
	st, err := s.root.Stat(path.Join(id, reproduce.VerdictFile))
	if err != nil {
		return nil, at, err
	}
	text, err := s.read(id, reproduce.VerdictFile)
	if err != nil {
		return nil, at, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, at, err
	}
	claims = []reproduce.Claim{}
	for _, row := range rows[min(1, len(rows)):] {
		if len(row) >= 5 {
			claims = append(claims, reproduce.Claim{Text: row[0], Measured: row[1], Needed: row[2], Reason: row[3], Holds: row[4] == "true"})
		}
	}
	return claims, st.ModTime(), nil
}
