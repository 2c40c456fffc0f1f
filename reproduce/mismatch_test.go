package reproduce

import (
	"slices"
	"strings"
	"testing"

	"spikealign/experiments"
)

// TestMismatchLevels: values of the axis mismatch of the sweep files.
func TestMismatchLevels(t *testing.T) {
	for _, file := range []string{"mismatch-layers.yaml", "mismatch-sampling.yaml", "mismatch-microcircuits.yaml"} {
		text, err := experiments.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for line := range strings.SplitSeq(string(text), "\n") {
			value, ok := strings.CutPrefix(line, "      - {")
			if !ok || strings.HasPrefix(value, "input") {
				continue
			}
			kind, level, err := mismatchLevel("{" + value)
			if err != nil || level < 0 {
				t.Errorf("%s: %s: %v", file, line, err)
			}
			seen[kind]++
		}
		for _, k := range mismatchKinds {
			if seen[k.key] < 2 {
				t.Errorf("%s: %s is varied %d times", file, k.key, seen[k.key])
			}
		}
	}
	if _, _, err := mismatchLevel("{gain: a}"); err == nil {
		t.Error("a size that is no number is taken")
	}
}

// TestMismatchTable: runs without mismatch stand for size 0 of every kind.
func TestMismatchTable(t *testing.T) {
	table := mismatchTable{}
	table.add("gain", withSAL, 0, 5)
	table.add("offset", withSAL, 1.5, 7)
	table.add("offset", withSAL, 0.5, 6)
	if values, level := table.top("offset", withSAL); level != 1.5 || !slices.Equal(values, []float64{7}) {
		t.Errorf("top %v at %v", values, level)
	}
	row := table.row("angle", false, withSAL)
	if len(row.Panels) != 5 || !slices.Equal(row.Panels[1][0].Level, []float64{0, 0.5, 1.5}) || !slices.Equal(row.Panels[4][0].Level, []float64{0}) {
		t.Errorf("%+v", row)
	}
}
