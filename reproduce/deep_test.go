package reproduce

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spikealign/catalog"
	"spikealign/dataset"
	"spikealign/experiment"
	"spikealign/internal/testenv"
	"spikealign/sweep"
)

const tinyFigure8 = `kind: sweep
name: tiny
experiment:
  kind: deep
  images: {set: mnist, train: 60, test: 30}
  network: {hidden: [12, 10]}
  sal: {iterations: 1, update_steps: 40, replicas: 2}
  training: {epochs: 2, batch_size: 20}
grid:
  - {path: method, values: [bp, bp-fa-conv, fa, sal]}
  - {path: seed, values: [1, 2]}
replicates: [seed]
figure: comparison
`

// Figure 8 has a sweep with a comparison for each set of images, one table, and claims on each set.
func TestFigure8(t *testing.T) {
	for _, s := range dataset.Find("") {
		if s.Name == "fashion-mnist" && s.Missing != "" && !testenv.Complete() {
			t.Logf("not run: %s", s.Missing)
			return
		}
	}
	dir := t.TempDir()
	tools := tools()
	tools.Drawers = catalog.All().Drawers()
	j := &Job{Ctx: t.Context(), Scale: Quick, Dir: dir, Tools: tools}
	if err := deepSets(j, "tiny.yaml", []byte(tinyFigure8), []string{"fashion-mnist"}); err != nil {
		t.Fatal(err)
	}
	if len(j.Claims) != 4 {
		t.Errorf("%d claims", len(j.Claims))
	}
	for _, c := range j.Claims {
		if !strings.HasPrefix(c.Text, "fashion-mnist: ") || !strings.Contains(c.Measured, "seeds") && !strings.Contains(c.Measured, " to ") {
			t.Errorf("%+v", c)
		}
	}
	for _, file := range []string{"fashion-mnist/" + experiment.FiguresDir + "/comparison.png", "fashion-mnist/" + sweep.ConfigFile} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
	file, err := os.Open(filepath.Join(dir, "accuracy.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 1+4*2*2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		if row[0] != "fashion-mnist" || (row[8] == "") != strings.HasPrefix(row[1], "bp") {
			t.Errorf("row %q", row)
		}
	}
	// SVG has the note: bp has no angle, which is no value that is missing
	svg, err := os.ReadFile(filepath.Join(dir, "fashion-mnist", experiment.FiguresDir, "comparison.svg"))
	if err != nil || strings.Contains(string(svg), "not drawn") {
		t.Errorf("the comparison says that values are not drawn, %v", err)
	}
}

// At the paper's scale a set that is not here is told before anything is computed.
func TestFigure8WithoutImages(t *testing.T) {
	base := t.TempDir()
	k := slices.IndexFunc(Figures(), func(f Figure) bool { return f.Name == "fig8" })
	tools := tools()
	tools.Data = t.TempDir()
	_, err := Figures()[k].Run(t.Context(), Paper, base, tools)
	var missing *dataset.NotFoundError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "dataset fetch") {
		t.Errorf("error %v", err)
	}
	if files, err := os.ReadDir(filepath.Join(base, "fig8-paper")); err != nil || len(files) != 1 {
		t.Errorf("%d files beside the record, %v", len(files)-1, err)
	}
}
