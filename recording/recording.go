package recording

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"spikealign/spike"
)

// Format is a file format.
type Format string

// The formats.
const (
	Auto Format = "auto" // told by content and name
	NPZ  Format = "npz"
	CSV  Format = "csv"
	NEST Format = "nest"
)

// Options say how files are read. The zero value is good.
type Options struct {
	Format  Format // "" stands for Auto
	Unit    Unit   // of the times; "": the files tell it
	Memory  int    // spikes kept in memory; 0 stands for 2^21
	TempDir string // for what is more; "": the system's
	// called now and then with the bytes read; total is 0 if it is not known. Or nil
	Progress func(done, total int64)
}

// Place is a spike in a file.
type Place struct {
	File  string
	Line  int64 // from 1; in an array the index, from 0
	Array bool
}

func (p Place) String() string {
	if p.Array {
		return fmt.Sprintf("%s[%d]", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// PlaceError says what is wrong with one spike of a file.
type PlaceError struct {
	Place
	Problem string
}

func (e *PlaceError) Error() string { return e.Place.String() + ": " + e.Problem }

// Remark counts something odd that is no error, with the first few places.
type Remark struct {
	Count int64
	First []Place
}

const firstPlaces = 5

func (r *Remark) add(p Place) {
	r.Count++
	if len(r.First) < firstPlaces {
		r.First = append(r.First, p)
	}
}

// String returns the places: "a.csv:3, a.csv:9 and 12 more".
func (r Remark) String() string {
	var places []string
	for _, p := range r.First {
		places = append(places, p.String())
	}
	s := strings.Join(places, ", ")
	if more := r.Count - int64(len(r.First)); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// Recording is a checked recording. It must be closed.
type Recording struct {
	Clock
	Format Format
	IDs    []int64 // of the neurons that fired, ascending
	// of the neurons, in natural order (E2 before E10), where the files have names and not numbers;
	// then IDs are 0, 1, ...; else nil
	Names      []string
	Counts     []int64 // spikes of each, second ones of one time included
	Spikes     int64
	First      float64 // time of the first spike, in Unit
	Length     int64   // from the first spike to the last, in ticks
	Disorder   Remark  // spikes earlier than the one before them in their file
	Duplicates Remark  // second spikes of a neuron at one time; known after Replay
	// what to do, if the two columns of a file without header seem to be exchanged; else ""
	Exchanged string

	spool  *spool
	origin int64 // the first spike, in fine ticks
	grid   int64 // fine ticks in a tick
	rank   []int32
	files  []part
}

// part is a file among others: its lines, or elements counted from 1, are before+1, before+2, ...
// of all.
type part struct {
	name   string
	before int64
	array  bool
}

// place returns the place of a line, or of an element counted from 1.
func (p part) place(line int64) Place {
	if p.array {
		line--
	}
	return Place{p.name, line, p.array}
}

// ErrNoSpikes is in the error of Read for files without a spike.
var ErrNoSpikes = errors.New("no spikes")

// ErrOptions is in the error of Read for files that contradict an option, or need one that was not
// given.
var ErrOptions = errors.New("options")

// optionError is an error of class ErrOptions whose text does not mention the class.
type optionError string

func (e optionError) Error() string        { return string(e) }
func (e optionError) Is(target error) bool { return target == ErrOptions }

// Read reads files as one recording. The name "-" stands for standard input, for text. The error
// joins the first few *PlaceError, or says which file cannot be read and why.
func Read(ctx context.Context, files []string, o Options) (*Recording, error) {
	r := &reader{ctx: ctx, o: o, spool: newSpool(o.Memory, o.TempDir), known: map[int64]int32{}}
	if o.Progress != nil {
		for _, name := range files {
			if info, err := os.Stat(name); err == nil {
				r.total += info.Size()
			}
		}
	}
	for _, name := range files {
		if err := r.file(name); err != nil {
			return nil, errors.Join(err, r.spool.close())
		}
	}
	if err := r.fail(); err != nil {
		return nil, errors.Join(err, r.spool.close())
	}
	if span := (r.end - r.origin) / max(r.grid, 1); span >= maxTime {
		return nil, errors.Join(fmt.Errorf("%s: from the first spike to the last are %d ticks, more than 2^62", strings.Join(files, ", "), span), r.spool.close())
	}
	if r.spikes == 0 {
		return nil, errors.Join(fmt.Errorf("%s: %w", strings.Join(files, ", "), ErrNoSpikes), r.spool.close())
	}
	return r.recording(), nil
}

// reader takes spikes from the parsers.
type reader struct {
	ctx         context.Context
	o           Options
	spool       *spool
	done, total int64 // bytes

	files  []part
	format Format
	unit   Unit
	fine   float64 // fine ticks in a unit
	step   float64 // StepSeconds

	line     int64 // of the present file, or element, from 1
	base     int64 // added to line in records
	last     int64
	problems []error
	disorder Remark

	// Of columns that may be exchanged: what to do about it, "" where the columns have names; lines
	// with a whole time whose neuron could only be a time; neurons less than the one before.
	remedy    string
	fractions int
	falls     int64
	lastID    int64

	spikes      int64
	begins      int64 // time of the spike read first
	origin, end int64 // of the earliest and the latest
	grid        int64
	ids         []int64
	counts      []int64
	small       []int32 // neuron+1 by ID, for small IDs
	known       map[int64]int32
	// numbers of neurons with names, in order of appearance; nil where they are numbers
	names map[string]int64
}

const (
	maxProblems = 5
	smallIDs    = 1 << 16
	maxNeurons  = 1 << 22
	maxName     = 64 // characters
)

// begin starts a file when its clock is known.
func (r *reader) begin(name string, f Format, unit Unit, fine, step float64) error {
	if r.unit != "" && (unit != r.unit || fine != r.fine) {
		return fmt.Errorf("mixed units: times in %s%s here, in %s%s in %s", unit, ticksOf(unit, fine), r.unit, ticksOf(r.unit, r.fine), r.files[0].name)
	}
	r.unit, r.fine, r.step, r.format = unit, fine, step, f
	r.base += r.line
	r.files = append(r.files, part{name, r.base, f == NPZ})
	r.line, r.last, r.lastID, r.remedy = 0, math.MinInt64, -1, ""
	return nil
}

func ticksOf(u Unit, fine float64) string {
	if u == Steps && fine != 1 {
		return fmt.Sprintf(" of %g ticks", fine)
	}
	return ""
}

func (r *reader) place() Place {
	f := r.files[len(r.files)-1]
	return f.place(r.line)
}

// problem notes what is wrong with the present line.
func (r *reader) problem(format string, args ...any) {
	r.problems = append(r.problems, &PlaceError{r.place(), fmt.Sprintf(format, args...)})
}

// fail returns the problems so far.
func (r *reader) fail() error {
	all := slices.Clone(r.problems)
	if len(all) >= maxProblems {
		all = append(all, errors.New("there may be more; reading stopped here"))
	}
	if len(all) > 0 && r.fractional() {
		all = append(all, optionError(r.exchanged()))
	}
	return errors.Join(all...)
}

// exchanged says what to do about columns that seem to be exchanged.
func (r *reader) exchanged() string {
	return "the columns seem to be exchanged: if so, " + r.remedy
}

// fractional reports whether the files look as if their neurons were times: nothing is wrong but
// that many neurons have a fraction or are negative, and no time has a fraction.
func (r *reader) fractional() bool {
	fine := int64(r.fine)
	return r.remedy != "" && r.names == nil && r.fractions == len(r.problems) && 4*int64(r.fractions) >= r.spikes &&
		(r.spikes == 0 || r.begins%fine == 0 && r.grid%fine == 0)
}

// timesForNeurons reports whether a recording of whole numbers looks as if its neurons were times:
// they hardly ever go down, leave gaps and come once or twice, over a wider range than the times,
// which go up and down.
//
// A recording in the order of its neurons is none of that, unless hardly any neuron has fired
// twice; nor is a list of first spikes, which has no gaps.
//
// Or the file is in the order of what should be the neurons: then the times are few, whole, and
// each is that of ten spikes and more.
func (r *reader) timesForNeurons() bool {
	if r.remedy == "" || r.names != nil || r.spikes < 20 {
		return false
	}
	different := int64(len(r.ids))
	span := float64(slices.Max(r.ids) - slices.Min(r.ids))
	length := float64(r.end-r.origin) / r.fine
	if 2*different <= r.spikes || span <= 1.2*float64(different) || length >= span {
		return false
	}
	climbing := r.falls <= r.spikes/100 && r.disorder.Count >= r.spikes/10
	fine := int64(r.fine)
	grouped := r.begins%fine == 0 && r.grid%fine == 0 && 10*(length+1) <= float64(r.spikes)
	return climbing || grouped
}

// progress tells how much has been read, and whether the caller wants to stop.
func (r *reader) progress(n int64) error {
	r.done += n
	if r.o.Progress != nil {
		r.o.Progress(r.done, r.total)
	}
	return context.Cause(r.ctx)
}

// judge turns the verdict on a time into a problem. It reports whether the time is good.
func (r *reader) judge(v verdict, text string) bool {
	switch v {
	case good:
		return true
	case rounded:
		if r.unit != Steps {
			return true
		}
		r.problem("time %s is not a whole number of steps", text)
	case tooLarge:
		r.problem("time %s is too large", text)
	default:
		r.problem("time %s is not a number", text)
	}
	return false
}

// spike takes a spike of the present line.
func (r *reader) spike(time, id int64) error {
	if time < r.last {
		r.disorder.add(r.place())
	}
	r.last = time
	fall := int64(0) // apart, so that it compiles to no jump: half of the guesses would be wrong
	if id < r.lastID {
		fall = 1
	}
	r.falls += fall
	r.lastID = id
	if r.spikes == 0 {
		r.begins, r.origin, r.end = time, time, time
	}
	r.origin, r.end = min(r.origin, time), max(r.end, time)
	// Differences to the spike read first have the same divisor as those to the earliest.
	if d := time - r.begins; r.grid != 1 && (r.grid == 0 || d%r.grid != 0) {
		r.grid = divisor(r.grid, d)
	}
	r.spikes++
	n := r.neuron(id)
	if len(r.ids) > maxNeurons {
		err := fmt.Errorf("more than %d different neurons up to %s: is this the column of the neuron?", maxNeurons, r.place())
		if r.timesForNeurons() {
			err = optionError(fmt.Sprintf("%v; %s", err, r.exchanged()))
		}
		return err
	}
	r.counts[n]++
	return r.spool.add(record{time, n, uint32(min(r.base+r.line, unknown))})
}

// divisor returns the greatest common divisor of g >= 0 and d.
func divisor(g, d int64) int64 {
	if d < 0 {
		d = -d
	}
	for d != 0 {
		g, d = d, g%d
	}
	return g
}

// neuron returns the number of a neuron in order of appearance.
func (r *reader) neuron(id int64) int32 {
	if id < int64(len(r.small)) {
		if n := r.small[id]; n > 0 {
			return n - 1
		}
	} else if n, ok := r.known[id]; ok {
		return n
	}
	n := int32(len(r.ids))
	r.ids = append(r.ids, id)
	r.counts = append(r.counts, 0)
	if id < smallIDs {
		if id >= int64(len(r.small)) {
			r.small = append(r.small, make([]int32, id+1-int64(len(r.small)))...)
		}
		r.small[id] = n + 1
	} else {
		r.known[id] = n
	}
	return n
}

// named returns the number that stands for a neuron's name, or says what is wrong with the name.
func (r *reader) named(name []byte) (id int64, problem string) {
	if id, ok := r.names[string(name)]; ok {
		return id, ""
	}
	switch {
	case r.names == nil && r.spikes > 0:
		return 0, fmt.Sprintf("neuron %s is a name, but those before are numbers: let all be numbers, or all names", quoted(name))
	case utf8.RuneCount(name) > maxName:
		return 0, fmt.Sprintf("the name of neuron %s is longer than %d characters", quoted(name), maxName)
	case r.names == nil:
		r.names = map[string]int64{}
	}
	id = int64(len(r.names))
	r.names[string(name)] = id
	return id, ""
}

// isName tells fields that are names of neurons: printable, and beginning with a letter or an
// underscore. Words for what is not known are none.
func isName(f []byte) bool {
	first, _ := utf8.DecodeRune(f)
	if !utf8.Valid(f) || first != '_' && !unicode.IsLetter(first) || bytes.ContainsFunc(f, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return false
	}
	return !slices.Contains([]string{"nan", "na", "inf", "infinity", "none", "null"}, strings.ToLower(string(f)))
}

// natural compares names; numbers in them count as numbers.
func natural(a, b string) int {
	digits := func(s string) int {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n
	}
	for x, y := a, b; x != "" && y != ""; {
		n, m := digits(x), digits(y)
		if n == 0 || m == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		v, w := strings.TrimLeft(x[:n], "0"), strings.TrimLeft(y[:m], "0")
		if c := cmp.Or(cmp.Compare(len(v), len(w)), cmp.Compare(v, w)); c != 0 {
			return c
		}
		x, y = x[n:], y[m:]
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func (r *reader) recording() *Recording {
	grid := max(r.grid, 1)
	rec := &Recording{Clock: Clock{r.unit, r.fine / float64(grid), r.step}, Format: r.format, Spikes: r.spikes, First: float64(r.origin) / r.fine,
		Length: (r.end - r.origin) / grid, Disorder: r.disorder, spool: r.spool, origin: r.origin, grid: grid, files: r.files}
	if r.timesForNeurons() {
		rec.Exchanged = r.exchanged()
	}
	order := make([]int, len(r.ids))
	for k := range order {
		order[k] = k
	}
	if r.names == nil {
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(r.ids[a], r.ids[b]) })
	} else {
		// Neurons and their names are in the same order, that of appearance.
		names := make([]string, len(r.names))
		for name, id := range r.names {
			names[id] = name
		}
		slices.SortFunc(order, func(a, b int) int { return natural(names[a], names[b]) })
		for k, at := range order {
			rec.Names = append(rec.Names, names[at])
			r.ids[at] = int64(k)
		}
	}
	rec.rank = make([]int32, len(r.ids))
	for k, at := range order {
		rec.IDs = append(rec.IDs, r.ids[at])
		rec.Counts = append(rec.Counts, r.counts[at])
		rec.rank[at] = int32(k)
	}
	return rec
}

// Close removes the temporary file.
func (r *Recording) Close() error { return r.spool.close() }

// Name returns what the files call neuron k.
func (r *Recording) Name(k int) string {
	if r.Names != nil {
		return r.Names[k]
	}
	return strconv.FormatInt(r.IDs[k], 10)
}

// Files returns the names of the files.
func (r *Recording) Files() []string {
	var names []string
	for _, f := range r.files {
		names = append(names, f.name)
	}
	return names
}

// When returns the time of a tick as text, such as "12.5 ms".
func (r *Recording) When(tick int64) string {
	return strconv.FormatFloat(r.First+float64(float64(tick)*r.Tick()), 'g', 12, 64) + " " + string(r.Unit)
}

// TickAt returns the first tick at or after a time in Unit.
func (r *Recording) TickAt(time float64) int64 {
	// rounding of the product must not lose a tick
	x := math.Ceil(float64((time-r.First)*r.PerUnit) - 1e-6)
	return int64(min(max(x, -maxTime), maxTime))
}

// Replay calls fn with all spikes in order of time, a few thousand at a time, in a slice that is
// used again. Times are ticks from the first spike; neuron k is the one with IDs[k]. A second spike
// of a neuron at one time is left out and counted in Duplicates. Replay ends with the error of fn,
// or of the temporary file. It may be called again.
func (r *Recording) Replay(fn func([]spike.Event) error) error {
	r.Duplicates = Remark{}
	latest := make([]int64, len(r.IDs))
	for k := range latest {
		latest[k] = math.MinInt64
	}
	batch := make([]spike.Event, 0, 1<<13)
	err := r.spool.replay(func(s record) error {
		n := r.rank[s.neuron]
		if latest[n] == s.time {
			if s.line == unknown {
				r.Duplicates.Count++
			} else {
				r.Duplicates.add(r.placeOf(s.line))
			}
			return nil
		}
		latest[n] = s.time
		t := s.time - r.origin
		if r.grid != 1 {
			t /= r.grid
		}
		batch = append(batch, spike.Event{Time: t, Neuron: n})
		if len(batch) < cap(batch) {
			return nil
		}
		err := fn(batch)
		batch = batch[:0]
		return err
	})
	if err == nil && len(batch) > 0 {
		err = fn(batch)
	}
	return err
}

// unknown is the line of a record beyond what 32 bits can count.
const unknown = math.MaxUint32

// placeOf finds the file of a line counted through all files.
func (r *Recording) placeOf(line uint32) Place {
	k := len(r.files) - 1
	for k > 0 && int64(line) <= r.files[k].before {
		k--
	}
	return r.files[k].place(int64(line) - r.files[k].before)
}
