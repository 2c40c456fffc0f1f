//go:build unix

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"spikealign/catalog"
)

// TestFirstMicrocircuit: the example that is to be run first (docs/microcircuits.md) classifies all
// patterns rightly, with feedback near the transposed forward weights in direction and in size.
func TestFirstMicrocircuit(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := []string{"run", "-q", "../../experiments/microcircuit-xor.yaml", "-o", filepath.Join(t.TempDir(), "xor")}
	if code := run(context.Background(), &stdout, &stderr, args, catalog.All()); code != 0 || stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for _, c := range []struct {
		metric    string
		low, high float64
	}{{"accuracy", 1, 1}, {"angle_deg", 0, 30}, {"norm_ratio", 1.0 / 3, 3}} {
		m := regexp.MustCompile(`(?m)^  ` + c.metric + ` +([0-9.]+) `).FindStringSubmatch(stdout.String())
		if m == nil {
			t.Fatalf("no %s in\n%s", c.metric, stdout.String())
		}
		if x, err := strconv.ParseFloat(m[1], 64); err != nil || !(x >= c.low && x <= c.high) {
			t.Errorf("%s = %s, want %g to %g", c.metric, m[1], c.low, c.high)
		}
	}
}
