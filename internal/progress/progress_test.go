package progress

import (
	"strings"
	"testing"
	"time"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time         { return c.t }
func (c *clock) after(seconds float64)  { c.t = c.t.Add(time.Duration(seconds * float64(time.Second))) }
func newClock() *clock                  { return &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }
func state(done float64, n int64) State { return State{done, 200, "epochs", n * 10, n, "dkl 0.5"} }

// A log file gets a line at the beginning, one every ten seconds, and one at the end. A resumed run
// starts at half: the time left follows from what this process did.
func TestPlain(t *testing.T) {
	var b strings.Builder
	c := newClock()
	r := New(&b, Options{Now: c.now})
	task := r.Start("")
	task.Update(state(100, 1000))
	for k := range 20 {
		c.after(1)
		task.Update(state(100+float64(k+1), 1000+int64(k+1)*100))
	}
	r.Write([]byte("a log line\n"))
	c.after(80)
	task.Update(state(200, 11000))
	c.after(1)
	task.Update(state(200, 11000))
	task.End("done", false)
	want := ` 50.0%  epochs 100/200  dkl 0.5
 55.0%  epochs 110/200  1k steps/s  100 spikes/s  left 1m30s  dkl 0.5
 60.0%  epochs 120/200  1k steps/s  100 spikes/s  left 1m20s  dkl 0.5
a log line
100.0%  epochs 200/200  1k steps/s  100 spikes/s  took 1m40s  dkl 0.5
100.0%  epochs 200/200  990 steps/s  99 spikes/s  took 1m41s  dkl 0.5  done
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestTerminal(t *testing.T) {
	var b strings.Builder
	c := newClock()
	width := 60
	r := New(&b, Options{Terminal: true, Now: c.now, Width: func() int { return width }})
	task := r.Start("")
	task.Update(state(0, 0))
	c.after(.05)
	task.Update(state(1, 0)) // too early to draw
	c.after(.05)
	task.Update(state(50, 0))
	r.Write([]byte("log\n"))
	width = 10
	c.after(1)
	task.Update(state(100, 0))
	task.End("interrupted", false)
	got := b.String()
	if !strings.HasPrefix(got, "\r[") || strings.Count(got, "\x1b[K") != 6 || !strings.Contains(got, "\r\x1b[Klog\n\r[=") ||
		!strings.HasSuffix(got, "\r 50.0%  e\x1b[K\r\x1b[K 50.0%  epochs 100/200  left 1.1s  dkl 0.5  interrupted\n") {
		t.Errorf("got %q", got)
	}
	for _, l := range strings.Split(got, "\r") {
		if l, cut := strings.CutSuffix(l, "\x1b[K"); cut && len(l) > 59 {
			t.Errorf("longer than the terminal: %q", l)
		}
	}
}

func TestSeveral(t *testing.T) {
	var b strings.Builder
	c := newClock()
	r := New(&b, Options{Members: 4, Now: c.now})
	r.Skip(1)
	x, y := r.Start("x"), r.Start("y")
	x.Update(state(0, 0))
	y.Update(state(100, 0)) // half done by an earlier process
	c.after(10)
	x.Update(state(100, 100))
	y.Update(state(200, 100))
	c.after(10)
	y.End("done", false)
	x.End("disk full", true)
	z := r.Start("z")
	z.Update(state(0, 0))
	c.after(10)
	z.Update(state(200, 100))
	z.End("done", false)
	got := b.String()
	for _, w := range []string{" 25.0%  runs 1/4", " 50.0%  runs 1/4  100 steps/s  10 spikes/s  left 40s", "x: disk full\n", "100.0%  runs 4/4 (1 failed)  100 steps/s  10 spikes/s  took 30s\n"} {
		if !strings.Contains(got, w) {
			t.Errorf("no %q in\n%s", w, got)
		}
	}
}

func TestDuration(t *testing.T) {
	for s, want := range map[float64]string{0.04: "0.0s", 9.9: "9.9s", 45.2: "45s", 190: "3m10s", 7500: "2h05m", 273600: "3d04h", 1e300: "?"} {
		if got := Duration(s); got != want {
			t.Errorf("Duration(%v) = %s, want %s", s, got, want)
		}
	}
}

// A reporter of several sweeps hears of their members one sweep after the other.
func TestExpect(t *testing.T) {
	var b strings.Builder
	c := newClock()
	r := New(&b, Options{Members: Unknown, Now: c.now})
	r.Expect(2)
	r.Skip(1)
	task := r.Start("a")
	task.Update(state(100, 0))
	r.Expect(2)
	c.after(10)
	task.Update(state(200, 0))
	task.End("done", false)
	want := ` 75.0%  runs 1/2
 50.0%  runs 1/4  left 40s
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
