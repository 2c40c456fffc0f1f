package serve

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"spikealign/internal/testenv"
)

// all wants every column.
func all(string) bool { return true }

// grow appends rows to a table.
func grow(t *testing.T, file, format string, args ...any) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err == nil {
		_, err = fmt.Fprintf(f, format, args...)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// look brings an index up to date and returns what a window shows.
func look(t *testing.T, x *index, file string, w window) []course {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := x.update(f); err != nil {
		t.Fatal(err)
	}
	found, whole, err := x.courses(f, w)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(x.blocks); n > 0 && (whole[0] > x.blocks[0].max || whole[1] != x.blocks[n-1].max) {
		t.Errorf("the table reaches from %v", whole)
	}
	return found
}

var nan = math.NaN()

// TestThinGrowing: a table is shown as it grows, rows that are torn wait for their end, and one
// that is replaced is read anew.
func TestThinGrowing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "metrics.csv")
	x := newIndex(8, all)
	w := window{nan, nan, false, 100}
	grow(t, file, "epoch,loss,note\n")
	if got := look(t, x, file, w); got != nil {
		t.Error(got)
	}
	grow(t, file, "0,1.5,a\n1,2,\"b,\nc\"\n2,NaN,d\n3,0.")
	got := look(t, x, file, w)
	if fmt.Sprint(got) != "[{loss -1 [0 1] [1.5 2] [] [] 1.5 2}]" {
		t.Error(got)
	}
	grow(t, file, "5,e\n")
	for k := 4; k < 20; k++ {
		grow(t, file, "%d,%d,x\n", k, k)
	}
	// More rows than blocks: all of them are still there, each by itself.
	if got := look(t, x, file, w); len(got) != 1 || len(got[0].X) != 19 || got[0].Y[2] != 0.5 || got[0].Low != nil || got[0].most != 19 {
		t.Error(got)
	}
	if err := os.WriteFile(file, []byte("epoch,loss,note\n7,8,\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := look(t, x, file, w); len(got) != 1 || fmt.Sprint(got[0].X, got[0].Y) != "[7] [8]" {
		t.Error(got)
	}
}

// TestThinLayers: layers are courses of their own, whose rows share their places.
func TestThinLayers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "metrics.csv")
	grow(t, file, "epoch,layer,angle\n")
	for k := range 100 {
		grow(t, file, "%d,0,%d\n%d,1,%d\n", k, 90-k/2, k, 45)
	}
	x := newIndex(16, all)
	got := look(t, x, file, window{nan, nan, false, 100})
	if len(got) != 2 || got[0].Layer != 0 || got[1].Layer != 1 || len(got[0].X) != 100 || got[0].Y[99] != 41 || got[1].Y[0] != 45 || got[0].Low != nil {
		t.Error(got)
	}
	if end, means, ok := x.sketch("angle"); !ok || end != 45 || len(means) == 0 {
		t.Error(end, means, ok)
	}
	if _, _, ok := x.sketch("none"); ok {
		t.Error("a column that there is not")
	}
}

// TestThinExtremes: of very many rows few places are left, and no extreme is lost, in the whole, in
// any part, and with places in equal ratios; parts show more.
func TestThinExtremes(t *testing.T) {
	rows := 20000
	if testenv.Long() {
		rows = 1e6
	}
	file := filepath.Join(t.TempDir(), "metrics.csv")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	value := func(k int) float64 {
		switch k {
		case rows / 3:
			return 50
		case rows/3 + 1:
			return -50
		}
		return math.Sin(float64(k) / 100)
	}
	text := []byte("epoch,loss,other\n")
	for k := range rows {
		text = fmt.Appendf(text, "%d,%g,%d\n", k, value(k), k%7)
		if len(text) > 1<<20 || k == rows-1 {
			if _, err := f.Write(text); err != nil {
				t.Fatal(err)
			}
			text = text[:0]
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	x := newIndex(indexBlocks, func(c string) bool { return c == "loss" })
	for _, c := range []struct {
		name   string
		window window
		from   int
		to     int
		low    float64
		high   float64
	}{
		{"whole", window{nan, nan, false, 500}, 0, rows - 1, -50, 50},
		{"ratios", window{nan, nan, true, 500}, 1, rows - 1, -50, 50},
		{"around the extremes", window{float64(rows/3 - 500), float64(rows/3 + 500), false, 500}, rows/3 - 500, rows/3 + 500, -50, 50},
		{"behind the extremes", window{float64(rows/3 + rows/100), float64(rows), false, 500}, rows/3 + rows/100, rows - 1, -1, 1},
	} {
		got := look(t, x, file, c.window)
		if len(got) != 1 {
			t.Fatal(c.name, got)
		}
		g := got[0]
		places := len(g.X)
		if places > 2*c.window.places+3 || places < 50 {
			t.Errorf("%s: %d places", c.name, places)
		}
		if math.Abs(g.lowest-c.low) > 0.01 || math.Abs(g.most-c.high) > 0.01 {
			t.Errorf("%s: extremes %v, %v", c.name, g.lowest, g.most)
		}
		// A place of 500 over six decades is as wide as 0.028 of where it is.
		if first, last := g.X[0], g.X[places-1]; math.Abs(first-float64(c.from)) > 0.03*float64(rows) || math.Abs(last-float64(c.to)) > 0.03*float64(rows) {
			t.Errorf("%s: from %v to %v, want %d to %d", c.name, first, last, c.from, c.to)
		}
		// Every row that was thinned lies between the extremes of its place.
		if g.Low == nil {
			for k, at := range g.X {
				if g.Y[k] != value(int(at)) {
					t.Fatalf("%s: %v at %v", c.name, g.Y[k], at)
				}
			}
		}
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if len(x.blocks) > indexBlocks || m.HeapAlloc > 64<<20 {
		t.Errorf("%d blocks, %d bytes on the heap", len(x.blocks), m.HeapAlloc)
	}
}
