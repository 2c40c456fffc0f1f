// Package progress tells how far one or several runs are: on a terminal as one line that is
// rewritten, elsewhere (Slurm, CI, a file) as one plain line now and then, at the beginning, and at
// the end.
//
// A Reporter may be used from several goroutines. Rates and times left are those of this process:
// what a resumed run did before does not count.
package progress

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// State is how far one run is.
type State struct {
	Done, Total   float64 // in units of Unit
	Unit          string  // plural: "epochs"
	Steps, Spikes int64
	Headline      string // latest result, "dkl 0.0123", or ""
}

// Options of a Reporter. The zero value writes a plain line every ten seconds.
type Options struct {
	// Terminal selects the rewritten line.
	Terminal bool
	// Width returns the columns of the terminal; nil or 0 means 80.
	Width func() int
	// Every is the least time between two plain lines; 0 means 10 s. A terminal is refreshed ten
	// times a second.
	Every time.Duration
	// Members is how many runs there will be; 0 means 1, and Unknown as many as Expect tells.
	Members int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Unknown is the number of members of a Reporter that is told of them by Expect.
const Unknown = -1

// Reporter writes progress.
type Reporter struct {
	mu      sync.Mutex
	w       io.Writer
	o       Options
	single  bool // there is one run, of which more is told
	begin   time.Time
	last    time.Time // of the last line
	drawn   bool      // a rewritten line stands on the terminal
	tasks   []*Task   // running
	done    int       // members ended
	skipped int       // of these, not run by this process
	failed  int
	before  State // totals of ended members: what they did in this process
	latest  *Task
}

// Task is one run of a Reporter.
type Task struct {
	r         *Reporter
	label     string
	first     State
	state     State
	started   bool
	startedAt time.Time
}

// New returns a Reporter that writes to w.
func New(w io.Writer, o Options) *Reporter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Every == 0 {
		o.Every = 10 * time.Second
	}
	if o.Terminal {
		o.Every = 100 * time.Millisecond
	}
	if o.Members == 0 {
		o.Members = 1
	}
	single := o.Members == 1
	o.Members = max(o.Members, 0)
	return &Reporter{w: w, o: o, single: single, begin: o.Now()}
}

// Expect adds n members to those that there will be.
func (r *Reporter) Expect(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.o.Members += n
}

// Start adds a run. Its first Update is where rates count from.
func (r *Reporter) Start(label string) *Task {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &Task{r: r, label: label}
	r.tasks = append(r.tasks, t)
	return t
}

// Skip counts n members as done that this process need not run.
func (r *Reporter) Skip(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += n
	r.skipped += n
}

// Update sets how far the run is, and writes a line if one is due.
func (t *Task) Update(s State) {
	r := t.r
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.o.Now()
	if !t.started {
		t.started, t.first, t.startedAt = true, s, now
	}
	t.state = s
	r.latest = t
	if now.Sub(r.last) >= r.o.Every {
		r.draw(now)
	}
}

// End removes the run and writes a last line that ends in status ("done", "interrupted"); with
// several members only failures get a line.
func (t *Task) End(status string, failed bool) {
	r := t.r
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.o.Now()
	for k, u := range r.tasks {
		if u == t {
			if r.single {
				r.line(r.text(now) + "  " + status)
			} else if failed {
				r.line(t.label + ": " + status)
			}
			r.tasks = append(r.tasks[:k:k], r.tasks[k+1:]...)
			r.done++
			if failed {
				r.failed++
			}
			r.before.Steps += t.state.Steps - t.first.Steps
			r.before.Spikes += t.state.Spikes - t.first.Spikes
			if t.state.Total > 0 {
				r.before.Done += (t.state.Done - t.first.Done) / t.state.Total
			}
			if !r.single && r.done == r.o.Members {
				r.line(r.text(now))
			}
			return
		}
	}
}

// Write prints p, whole lines, above the progress line: the place for a log.
func (r *Reporter) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wipe()
	n, err := r.w.Write(p)
	if r.o.Terminal && len(r.tasks) > 0 && r.latest != nil {
		r.draw(r.o.Now())
	}
	return n, err
}

func (r *Reporter) wipe() {
	if r.drawn {
		io.WriteString(r.w, "\r\x1b[K")
		r.drawn = false
	}
}

// line writes text for good.
func (r *Reporter) line(text string) {
	r.wipe()
	io.WriteString(r.w, text+"\n")
}

func (r *Reporter) draw(now time.Time) {
	r.last = now
	text := r.text(now)
	if !r.o.Terminal {
		io.WriteString(r.w, text+"\n")
		return
	}
	width := 0
	if r.o.Width != nil {
		width = r.o.Width()
	}
	if width <= 0 {
		width = 80
	}
	frac, _, _ := r.fraction()
	bar := bar(frac, min(30, max(0, width-1-utf8.RuneCountInString(text)-1)))
	if bar != "" {
		bar += " "
	}
	// The last column stays free: some terminals wrap as soon as it is filled.
	io.WriteString(r.w, "\r"+clip(bar+text, width-1)+"\x1b[K")
	r.drawn = true
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:max(n, 0)])
}

func bar(frac float64, n int) string {
	if n < 8 {
		return ""
	}
	fill := int(frac * float64(n-2))
	return "[" + strings.Repeat("=", fill) + strings.Repeat(" ", n-2-fill) + "]"
}

// fraction is the part of all members that is done, and what this process did of it and of steps
// and spikes.
func (r *Reporter) fraction() (frac, here float64, sum State) {
	here, sum = r.before.Done, r.before
	frac = float64(r.done)
	for _, t := range r.tasks {
		sum.Steps += t.state.Steps - t.first.Steps
		sum.Spikes += t.state.Spikes - t.first.Spikes
		if t.state.Total > 0 {
			frac += t.state.Done / t.state.Total
			here += (t.state.Done - t.first.Done) / t.state.Total
		}
	}
	return min(max(frac/float64(max(r.o.Members, 1)), 0), 1), here, sum
}

func (r *Reporter) text(now time.Time) string {
	frac, here, sum := r.fraction()
	begin := r.begin
	if r.single && r.latest != nil {
		begin = r.latest.startedAt
	}
	seconds := now.Sub(begin).Seconds()
	parts := []string{fmt.Sprintf("%5.1f%%", math.Floor(1000*frac)/10)} // 100 % only when done
	if !r.single {
		p := fmt.Sprintf("runs %d/%d", r.done, r.o.Members)
		if r.failed > 0 {
			p += fmt.Sprintf(" (%d failed)", r.failed)
		}
		parts = append(parts, p)
	} else if t := r.latest; t != nil {
		if t.label != "" {
			parts = append(parts, t.label)
		}
		parts = append(parts, fmt.Sprintf("%s %s/%s", t.state.Unit, whole(t.state.Done), whole(t.state.Total)))
	}
	if seconds > 0 && sum.Steps > 0 {
		parts = append(parts, rate(float64(sum.Steps)/seconds)+" steps/s")
	}
	if seconds > 0 && sum.Spikes > 0 {
		parts = append(parts, rate(float64(sum.Spikes)/seconds)+" spikes/s")
	}
	if here > 0 && seconds > 0 && frac < 1 {
		left := (1 - frac) * float64(r.o.Members) / here * seconds
		parts = append(parts, "left "+Duration(left))
	} else if frac >= 1 {
		parts = append(parts, "took "+Duration(seconds))
	}
	if t := r.latest; t != nil && t.state.Headline != "" && r.single {
		parts = append(parts, t.state.Headline)
	}
	return strings.Join(parts, "  ")
}

func whole(x float64) string { return strconv.FormatFloat(math.Floor(x), 'f', -1, 64) }

// rate writes a rate with three digits and a factor.
func rate(x float64) string {
	for _, f := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= f.size {
			return strconv.FormatFloat(x/f.size, 'g', 3, 64) + f.name
		}
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// Duration writes seconds with the two largest units: 45s, 3m10s, 2h05m, 3d04h.
func Duration(seconds float64) string {
	if !(seconds < 1e9) {
		return "?"
	}
	s := int64(math.Round(seconds))
	switch {
	case seconds < 9.95:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + "s"
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}
