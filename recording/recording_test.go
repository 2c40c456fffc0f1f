package recording

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spikealign/internal/npz"
	"spikealign/internal/random"
	"spikealign/spike"
)

func save(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func events(t testing.TB, r *Recording) []spike.Event {
	t.Helper()
	var all []spike.Event
	if err := r.Replay(func(e []spike.Event) error { all = append(all, e...); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// written is what a test expects of a recording: "ID:time" in units, in order.
func written(t testing.TB, r *Recording) string {
	var s []string
	for _, e := range events(t, r) {
		s = append(s, fmt.Sprintf("%d:%.12g", r.IDs[e.Neuron], r.First+float64(e.Time)*r.Tick()))
	}
	return strings.Join(s, " ")
}

// TestText: the tables that people have.
func TestText(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		o                   Options
		want                string
		unit                Unit
		format              Format
	}{
		{"header with unit", "a.csv", "time_ms,neuron\n1.5,3\n2,4\n", Options{}, "3:1.5 4:2", Milliseconds, CSV},
		{"unit in parentheses, columns swapped, more of them", "a.csv", "Trial,Neuron,Time (us),Note\n1,3,10,x\n1,4,12,\n", Options{}, "3:10 4:12", Microseconds, CSV},
		{"unit in brackets, semicolons, Windows", "a.csv", "\ufefft [s];id\r\n0.25;3\r\n0.5;4\r\n", Options{}, "3:0.25 4:0.5", Seconds, CSV},
		{"no header, unit named", "a.csv", "0.001,3\n0.002,4", Options{Unit: Seconds}, "3:0.001 4:0.002", Seconds, CSV},
		{"steps", "a.txt", "10 3\n12\t4\n 13.0   5 \n", Options{Unit: Steps}, "3:10 4:12 5:13", Steps, CSV},
		{"quotes, comments, empty lines, exponents, whole floats", "a.csv", "# mine\n\n\"time_s\",\"neuron\"\n1e-3,3.0\n\n% more\n\"2.5E-3\",\"4\"\n+1,+5\n", Options{}, "3:0.001 4:0.0025 5:1", Seconds, CSV},
		{"digits beyond ns", "a.csv", "time_s,neuron\n0.30000000000000004,1\n0.4000000004,2\n0.4000000016,2\n", Options{}, "1:0.3 2:0.4 2:0.400000002", Seconds, CSV},
		{"files put together", "a.csv", "time_ms,neuron\n1,3\ntime_ms,neuron\n2,4\n", Options{}, "3:1 4:2", Milliseconds, CSV},
		{"negative zero", "a.csv", "time_ms,neuron\n-0.0,3\n2,4\n", Options{}, "3:0 4:2", Milliseconds, CSV},
		{"NEST 3", "spikes-12-0.dat", "# NEST version: 3.4\n# RecordingBackendASCII version: 2\nsender\ttime_ms\n1\t5.100\n2\t7.000\n", Options{}, "1:5.1 2:7", Milliseconds, NEST},
		{"NEST 3 in steps", "a.dat", "# NEST version: 3.4\nsender\ttime_step\ttime_offset\n1\t51\t0\n2\t70\t0.000\n", Options{}, "1:51 2:70", Steps, NEST},
		{"NEST without header", "a.dat", "1 5.1\n2 7\n", Options{Format: NEST}, "1:5.1 2:7", Milliseconds, NEST},
		{"NEST's order, another unit", "a.dat", "1 5.1\n2 7\n", Options{Format: NEST, Unit: Microseconds}, "1:5.1 2:7", Microseconds, NEST},
		{"before a stimulus", "a.csv", "time_ms,neuron\n-1.5,3\n-0.25,4\n2,4\n", Options{}, "3:-1.5 4:-0.25 4:2", Milliseconds, CSV},
		{"before a stimulus, digits beyond ns", "a.csv", "time_s,neuron\n-0.30000000000000004,1\n-0.2000000004,2\n-0.1000000016,2\n", Options{}, "1:-0.3 2:-0.2 2:-0.100000002", Seconds, CSV},
		{"NEST 2", "a.gdf", "1\t5.1\t\n2\t7.0\t\n", Options{}, "1:5.1 2:7", Milliseconds, NEST},
	} {
		for _, zip := range []bool{false, true} {
			file, content := c.file, c.content
			if zip {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				z.Write([]byte(content))
				z.Close()
				file, content = file+".gz", b.String()
			}
			r, err := Read(context.Background(), []string{save(t, file, content)}, c.o)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if got := written(t, r); got != c.want || r.Unit != c.unit || r.Format != c.format || r.Disorder.Count+r.Duplicates.Count != 0 {
				t.Errorf("%s: %s in %s, format %s, %+v; want %s", c.name, got, r.Unit, r.Format, r.Disorder, c.want)
			}
			r.Close()
		}
	}
}

// TestErrors: every fault is told with file and line, several at once.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		content string
		o       Options
		want    string // FILE stands for the path
	}{
		{"1,3\n-4611686018427387904,4\n", Options{Unit: Nanoseconds}, `FILE:2: time "-4611686018427387904" is too large`},
		{"4611686018427387904,3\n0,3\n-1,4\n", Options{Unit: Nanoseconds}, "from the first spike to the last are 4611686018427387905 ticks, more than 2^62"},
		{"1,3\n2,E1\n", Options{Unit: Seconds}, `FILE:2: neuron "E1" is a name, but those before are numbers`},
		{"1,E1\n2,3\n", Options{Unit: Seconds}, `FILE:2: neuron "3" is a number, but those before have names`},
		{"1,E1\n2,NaN\n3,$\n4,E\x01\n5,\xff\n", Options{Unit: Seconds}, "FILE:2: neuron \"NaN\" is not a whole number from 0 on\nFILE:3: neuron \"$\" is neither a whole number from 0 on nor a name that begins with a letter\n" +
			"FILE:4: neuron \"E\\x01\" is neither"},
		{"1," + strings.Repeat("x", 65) + "\n", Options{Unit: Seconds}, "is longer than 64 characters"},
		{"time_ms,neuron\n1,3\nnan,3\ninf,4\n", Options{}, "FILE:3: time \"nan\" is not a number\nFILE:4: time \"inf\" is not a number"},
		{"NaN,3\n", Options{Unit: Seconds}, `FILE:1: time "NaN" is not a number`},
		{"1,3\n,4\n", Options{Unit: Seconds}, `FILE:2: time "" is not a number`},
		{"1,3\n1.2.3,4\n", Options{Unit: Seconds}, `FILE:2: time "1.2.3" is not a number`},
		{"1,3\n1e,4\n", Options{Unit: Seconds}, `FILE:2: time "1e" is not a number`},
		{"1,3\n2,4.5\n2,-1\n2,x\n2,nan\n", Options{Unit: Seconds}, "FILE:2: neuron \"4.5\" is not a whole number from 0 on\nFILE:3: neuron \"-1\" is"},
		{"10,3\n10.5,4\n", Options{Unit: Steps}, `FILE:2: time "10.5" is not a whole number of steps`},
		{"1,3\n5e18,4\n", Options{Unit: Nanoseconds}, `FILE:2: time "5e18" is too large`},
		{"1,3\n1\n1,2,3\n", Options{Unit: Seconds}, "FILE:2: 1 columns, not 2\nFILE:3: 3 columns, not 2"},
		{"1,3\n", Options{}, "the unit of the times is not known: name it (--unit"},
		{"time,neuron\n1,3\n", Options{}, "the unit of the times is not known"},
		{"time_ms,neuron\n1,3\n", Options{Unit: Seconds}, "mixed units: the file says ms, and s was asked for"},
		{"time_ms,neuron\n1,3\ntime_s,neuron\n2,4\n", Options{}, "FILE:3: mixed units or columns"},
		{"1,2,3\n", Options{Unit: Seconds}, "has 3 columns: without a header there must be two"},
		{"a,b\n1,2\n", Options{Unit: Seconds}, `line 1, "a,b", is neither a spike nor a header`},
		{"sender\ttime_step\ttime_offset\n1\t51\t0.03\n", Options{}, `FILE:2: time offset "0.03": spikes between steps`},
		{"", Options{Unit: Seconds}, "FILE: no spikes"},
		{"time_s,neuron\n", Options{}, "FILE: no spikes"},
		{"-1,x1\n-1,1\n-1,1\n-1,1\n-1,1\n-1,1\n", Options{Unit: Seconds}, "FILE:6: neuron \"1\" is a number, but those before have names: let all be numbers, or all names\nthere may be more"},
		{strings.Repeat("x", 1<<17), Options{Unit: Seconds}, "line 1 is longer than"},
		{"1,2\n", Options{Format: NPZ, Unit: Seconds}, "not a numpy archive"},
		{"\x1f\x8bnot really", Options{}, "cannot read FILE: "},
	} {
		path := save(t, "a.csv", c.content)
		r, err := Read(context.Background(), []string{path}, c.o)
		if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(c.want, "FILE", path)) {
			t.Errorf("%.40q: %v\nwant %s", c.content, err, c.want)
		}
		if r != nil {
			t.Errorf("%.40q: a recording beside an error", c.content)
		}
	}
	_, err := Read(context.Background(), []string{save(t, "e.csv", "")}, Options{Unit: Seconds})
	if !errors.Is(err, ErrNoSpikes) {
		t.Error(err)
	}
	if _, err := Read(context.Background(), []string{"none.csv"}, Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	_, err = Read(context.Background(), []string{save(t, "a.csv", "time_ms,neuron\n1,3\n"), save(t, "b.csv", "time_s,neuron\n1,3\n")}, Options{})
	if err == nil || !strings.Contains(err.Error(), "b.csv: mixed units: times in s here, in ms in ") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, []string{save(t, "a.csv", "1,3\n")}, Options{Unit: Seconds}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNames: neurons may have names, in text and archives; they are in natural order.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		name, path string
		o          Options
	}{
		{"header", save(t, "a.csv", "time_ms,neuron\n1,E10\n2,\"E2\"\n4,I_1\n5,E2\n"), Options{}},
		{"no header", save(t, "a.csv", "1 E10\n2 E2\n4 I_1\n5 E2\n"), Options{Unit: Milliseconds}},
		{"NEST's order", save(t, "a.csv", "E10 1\nE2 2\nI_1 4\nE2 5\n"), Options{Format: NEST}},
		{"archive", archive(t, npz.Array{Name: "time", Shape: []int{4}, Data: []int64{1, 2, 4, 5}}, npz.Array{Name: "neuron", Shape: []int{4}, Data: []string{"E10", "E2", "I_1", "E2"}},
			npz.Array{Name: "unit", Data: "ms"}), Options{}},
	} {
		r, err := Read(context.Background(), []string{c.path}, c.o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := written(t, r); got != "1:1 0:2 2:4 0:5" || !slices.Equal(r.Names, []string{"E2", "E10", "I_1"}) || !slices.Equal(r.Counts, []int64{2, 1, 1}) {
			t.Errorf("%s: %s, %q, %v", c.name, got, r.Names, r.Counts)
		}
		if r.Name(1) != "E10" {
			t.Errorf("%s: %s", c.name, r.Name(1))
		}
		r.Close()
	}
	_, err := Read(context.Background(), []string{save(t, "a.csv", "E1,5\nE2,7\n")}, Options{Unit: Seconds})
	if err == nil || !strings.Contains(err.Error(), `line 1, "E1,5": time "E1" is a name; the columns seem to be exchanged: if so, begin the file with the header neuron,time_s, or read it with --format nest`) {
		t.Error(err)
	}
	order := []string{"E", "E1", "E01", "E2", "E2a", "E10", "E10b", "e1", "\u03b11", "\u03b12"}
	for i, a := range order {
		for j, b := range order {
			if got := natural(a, b); got != cmp.Compare(i, j) {
				t.Errorf("%q and %q compare as %d", a, b, got)
			}
		}
	}
}

// table writes lines of two columns.
func table(lines int, line func(k int) (first, second any)) string {
	var b strings.Builder
	for k := range lines {
		first, second := line(k)
		fmt.Fprintf(&b, "%v,%v\n", first, second)
	}
	return b.String()
}

// TestExchanged: two columns without header that are the other way round are recognised, whether
// they can be read or not.
func TestExchanged(t *testing.T) {
	const says = "the columns seem to be exchanged: if so, begin the file with the header "
	s := random.New(5, random.Spikes, 0, 0)
	draw := func(n uint64) int { return int(s.Uint64() % n) }
	for _, c := range []struct {
		name, content string
		o             Options
		header        string // that helps
	}{
		{"in order of time", table(300, func(k int) (any, any) { return draw(40), fmt.Sprintf("%.1f", 0.7*float64(k)) }), Options{Unit: Milliseconds}, "neuron,time_ms"},
		{"by neuron", table(300, func(k int) (any, any) { return k / 30, fmt.Sprintf("%.3f", 0.01*float64(k%30)) }), Options{Unit: Seconds}, "neuron,time_s"},
		{"blanks", "4 10.25\n4 11.5\n1 12\n", Options{Unit: Milliseconds}, "neuron time_ms"},
		{"tabs, floats", "4.0\t10.25\n4.0\t11.5\n1.0\t12.0\n", Options{Unit: Microseconds}, "neuron time_us"},
		{"NEST", "10.25\t4\n11.5\t4\n12.0\t1\n", Options{Format: NEST}, "time_ms neuron"},
		{"whole numbers", table(1000, func(k int) (any, any) { return draw(30), 1000 + 17*k + draw(5) }), Options{Unit: Microseconds}, "neuron,time_us"},
		{"whole numbers, by neuron", table(3000, func(k int) (any, any) { return k / 300, 1000*(k%300) + draw(900) }), Options{Unit: Microseconds}, "neuron,time_us"},
		{"before and after a stimulus", "4,-10.25\n4,-9.5\n1,12\n", Options{Unit: Milliseconds}, "neuron,time_ms"},
		{"whole numbers before a stimulus", "4,-10\n4,-9\n1,12\n", Options{Unit: Milliseconds}, "neuron,time_ms"},
		{"a spike each step", table(1000, func(k int) (any, any) { return 2 * draw(50), k + k/3*2 }), Options{Unit: Steps}, "neuron,time_steps"},
	} {
		r, err := Read(context.Background(), []string{save(t, "a.csv", c.content)}, c.o)
		told := ""
		if err != nil {
			told = err.Error()
		} else {
			told = r.Exchanged
			r.Close()
		}
		if !strings.Contains(told, says+c.header+", or read it with --format ") {
			t.Errorf("%s: %q", c.name, told)
		}
		// So it is with the format that is named.
		other := Options{Format: NEST, Unit: c.o.Unit}
		if c.o.Format == NEST {
			other = Options{Format: CSV, Unit: Milliseconds}
		}
		if !strings.HasSuffix(told, fmt.Sprintf("or read it with --format %s and --unit %s", map[Format]string{NEST: "nest (neuron, then time)", CSV: "csv (time, then neuron)"}[other.Format], other.Unit)) {
			t.Errorf("%s: %q", c.name, told)
		}
		if r, err := Read(context.Background(), []string{save(t, "a.csv", c.content)}, other); err != nil || r.Exchanged != "" || len(r.IDs) > 50 {
			t.Errorf("%s, as %s: %v", c.name, other.Format, err)
		}
		// With the header the file is read, and nothing more is said.
		r, err = Read(context.Background(), []string{save(t, "a.csv", c.header+"\n"+c.content)}, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r.Exchanged != "" || len(r.IDs) > 50 || strings.Contains(c.name, "order") && r.Disorder.Count > 0 {
			t.Errorf("%s, with header: %d neurons, %d out of order, %q", c.name, len(r.IDs), r.Disorder.Count, r.Exchanged)
		}
		r.Close()
	}
	for _, c := range []struct {
		name, content string
		o             Options
	}{
		{"in order of time", table(1000, func(k int) (any, any) { return 3 * k, draw(30) }), Options{Unit: Microseconds}},
		{"without order", table(1000, func(k int) (any, any) { return draw(100000), draw(30) }), Options{Unit: Microseconds}},
		{"by neuron", table(1000, func(k int) (any, any) { return 10*(k%50) + draw(10), k / 50 }), Options{Unit: Milliseconds}},
		{"by neuron, two spikes each, half of the neurons silent", table(1000, func(k int) (any, any) { return 100*(k%2) + draw(100), k / 2 * 2 }), Options{Unit: Milliseconds}},
		{"first spikes of many neurons", table(1000, func(k int) (any, any) { return draw(100), k }), Options{Unit: Milliseconds}},
		{"a wave", table(1000, func(k int) (any, any) { return k / 3, 5 * k }), Options{Unit: Milliseconds}},
		{"steps, all neurons in each", table(1000, func(k int) (any, any) { return k / 10, k % 10 }), Options{Unit: Steps}},
		{"two neurons", table(1000, func(k int) (any, any) { return 7 * k, k % 2 }), Options{Unit: Steps}},
		{"few spikes", table(10, func(k int) (any, any) { return draw(3), 7 * k }), Options{Unit: Steps}},
		{"a header", "time_ms,neuron\n" + table(1000, func(k int) (any, any) { return draw(30), 17 * k }), Options{}},
		{"a wrong neuron", "5,2.5\n" + table(1000, func(k int) (any, any) { return 3 * k, draw(30) }), Options{Unit: Microseconds}},
		{"wrong neurons, times with fractions", table(9, func(k int) (any, any) { return 0.5 + float64(k), 1.5 }), Options{Unit: Milliseconds}},
		{"wrong neurons of all kinds", "1,2.5\n2,x\n", Options{Unit: Milliseconds}},
		{"wrong neurons under a header", "time_ms,neuron\n4,10.25\n4,11.5\n", Options{}},
	} {
		r, err := Read(context.Background(), []string{save(t, "a.csv", c.content)}, c.o)
		if err != nil {
			if strings.Contains(err.Error(), "exchanged") || !strings.HasPrefix(c.name, "a wrong") && !strings.HasPrefix(c.name, "wrong") {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if r.Exchanged != "" {
			t.Errorf("%s: %s", c.name, r.Exchanged)
		}
		r.Close()
	}
}

// TestRemarks: disorder and second spikes are counted and placed, through several files, with any
// memory, and the train is in order without them.
func TestRemarks(t *testing.T) {
	a := save(t, "a.csv", "time_ms,neuron\n5,1\n3,1\n4,2\n5,1\n")
	b := save(t, "b.csv", "# more\ntime_ms,neuron\n1,2\n4,2\n4,3\n2,2\n")
	for memory := range 10 {
		r, err := Read(context.Background(), []string{a, b}, Options{Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := written(t, r); got != "2:1 2:2 1:3 2:4 3:4 1:5" {
				t.Errorf("memory %d: %s", memory, got)
			}
			if got, want := r.Disorder.String(), a+":3, "+b+":6"; got != want || r.Disorder.Count != 2 {
				t.Errorf("disorder at %s, want %s", got, want)
			}
			if got, want := r.Duplicates.String(), b+":4, "+a+":5"; got != want || r.Duplicates.Count != 2 {
				t.Errorf("memory %d: second spikes at %s, want %s", memory, got, want)
			}
		}
		if r.Spikes != 8 || !slices.Equal(r.Counts, []int64{3, 4, 1}) {
			t.Errorf("%d spikes, %v", r.Spikes, r.Counts)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	var many Remark
	for k := range 9 {
		many.add(Place{"x.csv", int64(k), k > 2})
	}
	if got := many.String(); got != "x.csv:0, x.csv:1, x.csv:2, x.csv[3], x.csv[4] and 4 more" {
		t.Error(got)
	}
}

// TestSpool sorts many records with little memory, and leaves no file behind.
func TestSpool(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		dir := t.TempDir()
		s := newSpool(1000, dir)
		stream := random.New(1, random.Spikes, 0, 0)
		var want []record
		for k := range 100500 {
			r := record{int64(k / 3), int32(k), uint32(k)}
			if !ordered {
				r.time = int64(stream.Uint64() % 5000)
			}
			want = append(want, r)
			if err := s.add(r); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b record) int { return int(a.time - b.time) })
		for range 2 {
			var got []record
			if err := s.replay(func(r record) error { got = append(got, r); return nil }); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("ordered %v: wrong order", ordered)
			}
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	}
}

func archive(t testing.TB, arrays ...npz.Array) string {
	t.Helper()
	var b bytes.Buffer
	w := npz.NewWriter(&b)
	for _, a := range arrays {
		w.Add(a)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return save(t, "spikes.npz", b.String())
}

// TestNPZ reads what this program and numpy write.
func TestNPZ(t *testing.T) {
	one := func(name string, v any) npz.Array { return npz.Array{Name: name, Data: v} }
	times := npz.Array{Name: "time", Shape: []int{3}, Data: []int64{8, 12, 20}}
	ids := npz.Array{Name: "neuron", Shape: []int{3}, Data: []int32{4, 2, 4}}
	floats := npz.Array{Name: "t", Shape: []int{3}, Data: []float64{0.5, 1, 1e-10}}
	for _, c := range []struct {
		o      Options
		arrays []npz.Array
		want   string
	}{
		{Options{}, []npz.Array{times, ids, one("tick_steps", 1.0)}, "4:8 2:12 4:20 steps"},
		{Options{}, []npz.Array{times, ids, one("tick_steps", 0.25), one("neurons", int64(7)), one("units", "x")}, "4:2 2:3 4:5 steps"},
		{Options{Unit: Steps}, []npz.Array{times, ids}, "4:8 2:12 4:20 steps"},
		{Options{}, []npz.Array{times, ids, one("unit", "ms")}, "4:8 2:12 4:20 ms"},
		{Options{Unit: Seconds}, []npz.Array{floats, {Name: "i", Shape: []int{3}, Data: []uint8{1, 2, 200}}}, "200:0 1:0.5 2:1 s"},
		{Options{Unit: Seconds}, []npz.Array{{Name: "t", Shape: []int{3}, Data: []float64{-1.5, -1e-10, 2}}, ids}, "4:-1.5 2:0 4:2 s"},
		{Options{Unit: Steps}, []npz.Array{{Name: "t", Shape: []int{3}, Data: []int32{-8, -3, 2}}, ids}, "4:-8 2:-3 4:2 steps"},
		{Options{Unit: Microseconds}, []npz.Array{times, {Name: "senders", Shape: []int{3}, Data: []float32{1, 2, 3}}}, "1:8 2:12 3:20 us"},
	} {
		r, err := Read(context.Background(), []string{archive(t, c.arrays...)}, c.o)
		if err != nil {
			t.Errorf("%v: %v", c.arrays, err)
			continue
		}
		if got := written(t, r) + " " + string(r.Unit); got != c.want || r.Format != NPZ {
			t.Errorf("%v: %s, want %s", c.arrays, got, c.want)
		}
		r.Close()
	}
	for want, arrays := range map[string][]npz.Array{
		"the unit of the times is not known":                       {times, ids},
		"no array time; it has neuron":                             {ids, one("unit", "s")},
		"3 times, but 2 neurons":                                   {times, {Name: "neuron", Shape: []int{2}, Data: []int32{4, 2}}, one("unit", "s")},
		"spikes.npz[1]: time -4611686018427387904 is too large":    {{Name: "time", Shape: []int{3}, Data: []int64{1, -1 << 62, 3}}, ids, one("unit", "ns")},
		"spikes.npz[1]: time -5e+09 is too large":                  {{Name: "time", Shape: []int{3}, Data: []float64{1, -5e9, 3}}, ids, one("unit", "s")},
		"spikes.npz[1]: neuron \"3\" is no name":                   {times, {Name: "neuron", Shape: []int{3}, Data: []string{"E", "3", "E"}}, one("unit", "s")},
		"have room for 65 characters; at most 64":                  {times, {Name: "neuron", Shape: []int{3}, Data: []string{strings.Repeat("x", 65), "3", "E"}}, one("unit", "s")},
		"spikes.npz[2]: neuron -4 is not a whole number":           {times, {Name: "neuron", Shape: []int{3}, Data: []int32{4, 2, -4}}, one("unit", "s")},
		"spikes.npz[0]: time 0.5 is not a whole number of steps":   {floats, ids, one("tick_steps", 1.0)},
		"spikes.npz[0]: time 9223372036854775807 is too large":     {{Name: "time", Shape: []int{3}, Data: []uint64{math.MaxInt64, 2, 3}}, ids, one("unit", "ns")},
		"array \"time\": 9223372036854775808 does not fit":         {{Name: "time", Shape: []int{3}, Data: []uint64{1 << 63, 2, 3}}, ids, one("unit", "ns")},
		"tick_steps = 0.3: a step must be a whole number of ticks": {times, ids, one("tick_steps", 0.3)},
		"unit \"days\"":             {times, ids, one("unit", "days")},
		"several replicas":          {times, ids, one("tick_steps", 1.0), {Name: "replica", Shape: []int{3}, Data: []int32{0, 1, 0}}},
		"must be a list of numbers": {{Name: "time", Shape: []int{1, 3}, Data: []int64{1, 2, 3}}, ids, one("unit", "s")},
	} {
		if _, err := Read(context.Background(), []string{archive(t, arrays...)}, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := Read(context.Background(), []string{archive(t, times, ids, one("tick_steps", 1.0))}, Options{Unit: Seconds}); err == nil || !strings.Contains(err.Error(), "mixed units") {
		t.Error(err)
	}
	whole := archive(t, times, ids, one("unit", "s"))
	b, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte{8, 0, 0, 0, 0, 0, 0, 0, 12})
	b[at]++
	if _, err := Read(context.Background(), []string{save(t, "broken.npz", string(b))}, Options{}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a changed byte: %v", err)
	}
}

// TestGrid: ticks are the coarsest in which all differences are whole.
func TestGrid(t *testing.T) {
	for _, c := range []struct {
		content string
		tick    float64 // ms
		length  int64
	}{
		{"time_ms,neuron\n100.3,1\n100.1,2\n100.7,3\n", 0.2, 3},
		{"time_ms,neuron\n0.1,1\n0.2,2\n7,3\n", 0.1, 69},
		{"time_ms,neuron\n1,1\n1,2\n", 1e-6, 0},
		{"time_ms,neuron\n0.000001,1\n1,2\n", 0.999999, 1},
	} {
		r, err := Read(context.Background(), []string{save(t, "a.csv", c.content)}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := r.Tick()/c.tick - 1; d > 1e-12 || d < -1e-12 || r.Length != c.length {
			t.Errorf("%q: ticks of %v ms, length %d; want %v and %d", c.content, r.Tick(), r.Length, c.tick, c.length)
		}
		r.Close()
	}
}

func TestClock(t *testing.T) {
	ms := Clock{Milliseconds, 10, 0}
	steps := Clock{Steps, 4, 0}
	chip := Clock{Steps, 1, 0.001}
	for _, c := range []struct {
		clock Clock
		text  string
		want  float64 // ticks; 0: an error
	}{
		{ms, "2", 20}, {ms, "2ms", 20}, {ms, " 2.5 ms ", 25}, {ms, "0.1s", 1000}, {ms, "100us", 1}, {ms, "1e2 \u00b5s", 1}, {ms, "3steps", 0}, {ms, "x", 0}, {ms, "", 0}, {ms, "3 days", 0},
		{steps, "2", 8}, {steps, "2 steps", 8}, {steps, "2ms", 0}, {chip, "20ms", 20}, {chip, "20", 20}, {ms, "1e999", 0},
	} {
		got, err := c.clock.Parse(c.text)
		if d := got*c.clock.PerUnit - c.want; (err != nil) != (c.want == 0) || d > 1e-9 || d < -1e-9 {
			t.Errorf("%+v: %q is %v units, %v; want %v ticks", c.clock, c.text, got, err, c.want)
		}
	}
	r := Recording{Clock: ms, First: 5}
	if span, when := r.Span(25), r.When(25); span != "2.5 ms" || when != "7.5 ms" {
		t.Errorf("25 ticks are %s, at %s", span, when)
	}
	for at, want := range map[float64]int64{5: 0, 5.1: 1, 5.11: 2, 0: -50, 1e300: maxTime} {
		if got := r.TickAt(at); got != want {
			t.Errorf("%v ms is tick %d, want %d", at, got, want)
		}
	}
}

// FuzzDecimal compares with exact arithmetic.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "12.5", "-3", "+.5", "5.", ".", "1e3", "1E-30", "00012.340", "9999999999999999999", "4611686018427387904", "4611686018427387904.5", "0.30000000000000004", "1e", "--1", "1e99999999999",
		"123456789.12345678905", "0.0000000000000000000000012e25", "18446744073709551616", "-0e5", "1000000000000000000.7", "1000000000000000000.49"} {
		for _, scale := range []int{0, 9} {
			f.Add(s, scale)
		}
	}
	f.Fuzz(func(t *testing.T, s string, scale int) {
		if scale < 0 || scale > 18 || len(s) > 60 {
			return
		}
		v, verdict := decimal([]byte(s), scale)
		x, ok := new(big.Rat).SetString(s)
		if ok && strings.ContainsAny(s, "/_xXbBoOpPaAcCdDfF") { // Go's own forms
			return
		}
		if k := strings.IndexAny(s, "eE"); ok && k >= 0 && len(s)-k > 6 {
			return
		}
		if !ok {
			if verdict != notANumber && !strings.ContainsAny(s, "eE") {
				t.Fatalf("%q is %v, %v", s, v, verdict)
			}
			return
		}
		x.Mul(x, new(big.Rat).SetInt64(int64(powersOfTen[scale])))
		limit := new(big.Rat).SetInt64(maxTime)
		switch verdict {
		case notANumber:
			t.Fatalf("%q is not a number?", s)
		case tooLarge:
			if c := x.Cmp(limit); c < 0 && x.Sign() >= 0 || x.Sign() < 0 && new(big.Rat).Neg(x).Cmp(new(big.Rat).Sub(limit, big.NewRat(1, 1))) < 0 {
				t.Fatalf("%q is too large?", s)
			}
		default:
			d := new(big.Rat).Sub(x, new(big.Rat).SetInt64(v))
			// A digit behind the nineteenth may tip a half.
			if x.Sign()*int(cmp.Compare(v, 0)) < 0 || d.Abs(d).Cmp(big.NewRat(500000001, 1000000000)) > 0 || (verdict == good) != (d.Sign() == 0) {
				t.Fatalf("%q*10^%d is %d, %v", s, scale, v, verdict)
			}
		}
	})
}

// FuzzRead: whatever a file holds, there is an error or a train in order, and no panic.
func FuzzRead(f *testing.F) {
	f.Add([]byte("time_ms,neuron\n1.5,3\n2,4\n1,4\n"))
	f.Add([]byte("# NEST version: 3.4\nsender\ttime_ms\n1\t5.100\n2\t7.000\n"))
	f.Add([]byte("1 2\n1 2\r\n\n#\n3 4"))
	f.Add([]byte("a;time (us);id;time_offset\n1;2;3;0\nt [s];id\n"))
	f.Add([]byte("\"1\",\"2\"\n\"\",\"\"\n"))
	f.Add([]byte("time_ms,neuron\n-1.5,E10\n2,E2\n-1,E2\n"))
	f.Add([]byte("E1 4\nE2 -1e18\n"))
	w, _ := os.ReadFile(archive(f, npz.Array{Name: "time", Shape: []int{2}, Data: []float64{-1, 2}}, npz.Array{Name: "neuron", Shape: []int{2}, Data: []string{"a", "b2"}}))
	f.Add(w)
	z, _ := os.ReadFile(archive(f, npz.Array{Name: "time", Shape: []int{2}, Data: []int64{1, 2}}, npz.Array{Name: "neuron", Shape: []int{2}, Data: []int32{1, 2}}))
	f.Add(z)
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		for _, o := range []Options{{Memory: 3}, {Unit: Steps}, {Format: NEST}} {
			r, err := Read(context.Background(), []string{path}, o)
			if err != nil {
				continue
			}
			all := events(t, r)
			if err := spike.Check(all, len(r.IDs)); err != nil {
				t.Fatal(err)
			}
			sum := int64(0)
			for _, c := range r.Counts {
				sum += c
			}
			if sum != r.Spikes || int64(len(all))+r.Duplicates.Count != r.Spikes || all[0].Time != 0 || all[len(all)-1].Time != r.Length || !slices.IsSorted(r.IDs) ||
				r.Names != nil && (len(r.Names) != len(r.IDs) || !slices.IsSortedFunc(r.Names, natural)) {
				t.Fatalf("%+v", r)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzParse: a length of time is a finite number or an error; with the clock's own unit behind it
// it is the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"10", "-200ms", " 2.5 us", "1e3s", "3 steps", ".", "-", "1e999", "1e308s", "nan", "0x1p3", "1_0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range []Clock{{Milliseconds, 10, 0}, {Steps, 4, 0}, {Steps, 1, 1e-3}} {
			v, err := c.Parse(s)
			if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
				t.Errorf("%q is %v", s, v)
			}
			if w, again := c.Parse(s + string(c.Unit)); err == nil && again == nil && v != w {
				t.Errorf("%q is %v %s, with unit %v", s, v, c.Unit, w)
			}
		}
	})
}

func BenchmarkText(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("time_ms,neuron\n")
	s := random.New(1, random.Spikes, 0, 0)
	const n = 1 << 20
	for k := range n {
		fmt.Fprintf(&text, "%.3f,%d\n", float64(k)*0.013, s.Uint64()%100)
	}
	path := save(b, "a.csv", text.String())
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		r, err := Read(context.Background(), []string{path}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/spike")
}

func BenchmarkNPZ(b *testing.B) {
	const n = 1 << 20
	s := random.New(1, random.Spikes, 0, 0)
	times, ids := make([]int64, n), make([]int32, n)
	for k := range n {
		times[k], ids[k] = int64(13*k), int32(s.Uint64()%100)
	}
	path := archive(b, npz.Array{Name: "time", Shape: []int{n}, Data: times}, npz.Array{Name: "neuron", Shape: []int{n}, Data: ids}, npz.Array{Name: "tick_steps", Data: 1.0})
	for b.Loop() {
		r, err := Read(context.Background(), []string{path}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/spike")
}

// Lengths of time are told in digits, not powers of ten.
func TestSpan(t *testing.T) {
	continuous := Clock{Unit: Steps, PerUnit: 1 << 20}
	for _, c := range []struct {
		clock Clock
		ticks float64
		want  string
	}{
		{continuous, 1, "2^-20 step"},
		{continuous, 3, "2.86102e-06 steps"},
		{continuous, 1 << 19, "0.5 steps"},
		{continuous, 1 << 20, "1 step"},
		{continuous, 4999958.2 * (1 << 20), "4999958 steps"},
		{continuous, 99999.123 * (1 << 20), "99999.1 steps"},
		{Clock{Unit: Steps, PerUnit: 1}, 5e12, "5000000000000 steps"},
		{Clock{Unit: Milliseconds, PerUnit: 1 << 20}, 1, "9.53674e-07 ms"},
		{Clock{Unit: Milliseconds, PerUnit: 10}, 12345678, "1234568 ms"},
	} {
		if got := c.clock.Span(c.ticks); got != c.want {
			t.Errorf("%g ticks of 1/%g %s: %s, want %s", c.ticks, c.clock.PerUnit, c.clock.Unit, got, c.want)
		}
	}
}
