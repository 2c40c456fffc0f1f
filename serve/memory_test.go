package serve

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/internal/testenv"
)

// TestMemoryOfAnHour: an hour of looks, one a second, at runs of which some grow in each, with a
// page that listens, leaves the memory of the server as it is. The looks follow each other without
// the seconds between. Tables that are remembered in ever larger blocks take up to twice the memory
// when they have just filled them, so that what is compared is the most of some looks.
func TestMemoryOfAnHour(t *testing.T) {
	testenv.NeedsLong(t)
	const runs, growing, looks = 300, 10, 3600
	dir := t.TempDir()
	run(t, filepath.Join(dir, "r0"), fake+"reports: 20\n")
	for k := 1; k < runs; k++ {
		if err := os.CopyFS(filepath.Join(dir, fmt.Sprintf("r%d", k)), os.DirFS(filepath.Join(dir, "r0"))); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.ReadFile(filepath.Join(dir, "r0", experiment.InfoFile))
	if err != nil {
		t.Fatal(err)
	}
	s, at := serving(t, dir, func(o *Options) { o.Poll = time.Hour })
	events, err := http.Get(at + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan int64)
	go func() {
		n, _ := io.Copy(io.Discard, events.Body) // it ends when it is closed
		heard <- n
	}()

	grow := func(look, k int) {
		t.Helper()
		folder := filepath.Join(dir, fmt.Sprintf("r%d", k))
		f, err := os.OpenFile(filepath.Join(folder, experiment.MetricsFile), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(f, "%d,%d,0.%d\n", 1000+look, look, look); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		// Another file in its place, as a run writes it.
		next := filepath.Join(folder, "next")
		if err := os.WriteFile(next, info, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(folder, experiment.InfoFile)); err != nil {
			t.Fatal(err)
		}
	}
	used := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var early, late uint64
	for look := range looks {
		for k := range growing {
			grow(look, k)
		}
		for more := true; more; {
			more, _ = s.watcher.fresh(0)
		}
		switch {
		case look%50 != 0:
		case look >= looks/6 && look < looks/3:
			early = max(early, used())
		case look >= looks-looks/6:
			late = max(late, used())
		}
	}
	s.watcher.mu.Lock()
	clients := len(s.watcher.clients)
	s.watcher.mu.Unlock()
	if clients != 1 {
		t.Errorf("%d pages listen at the end", clients)
	}
	if err := events.Body.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d runs, %d of them growing: %.2f MB in use after ten to twenty minutes, %.2f after fifty to sixty; %d MB of events",
		runs, growing, float64(early)/1e6, float64(late)/1e6, <-heard>>20)
	if late > early+early/20 {
		t.Errorf("the memory in use grew from %d to %d bytes", early, late)
	}
}
