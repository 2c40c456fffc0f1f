package reproduce

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/sweep"
)

// small is a figure with a sweep of two runs and a claim.
var small = Figure{"small", "a figure for tests", func(j *Job) error {
	r, err := j.sweepText("noise.yaml", []byte(strings.ReplaceAll(noisy, "values: [0, 0.01]", "values: [0.01]")), "")
	if err != nil {
		return err
	}
	j.claim(r.Done() == 6, "all | are there", fmt.Sprint(r.Done()), "6", "2 times 3")
	return nil
}}

// The record of a figure that is stopped, killed and goes on has the times of all its sessions, and
// all programs that took part; a session that finds everything finished adds nothing to its parts.
func TestRecord(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "small-quick")
	session := func(program, engine string, members int) (*Record, error) {
		t.Helper()
		x := tools()
		x.Program, x.Engine, x.Command = program, engine, "spikealign reproduce small"
		x.Sweep = func(ctx context.Context, s *sweep.Sweep, dir string) (*sweep.Result, error) {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			o := sweep.Options{Dir: dir, Beside: RecordFile, Engine: sweep.Local{Jobs: 1}, Session: experiment.Session{Program: program}}
			begun := 0
			o.Start = func(sweep.Member) (func(experiment.Moment), func(string, bool)) {
				if begun++; begun > members {
					cancel()
				}
				return func(experiment.Moment) {}, func(string, bool) {}
			}
			r, err := sweep.Run(ctx, s, o)
			return r, err
		}
		_, err := small.Run(t.Context(), Quick, base, x)
		r, readErr := ReadRecord(dir)
		if readErr != nil {
			t.Fatal(readErr)
		}
		return r, err
	}
	first, err := session("v1", "A", 2)
	var stopped *experiment.Stopped
	if !errors.As(err, &stopped) || first.Status != experiment.Interrupted || len(first.Parts) != 1 || first.Parts[0].Done >= 6 || first.Parts[0].Wall <= 0 {
		t.Fatalf("the session that was stopped: %v, %+v", err, first)
	}
	// What a process leaves that was killed: a record that is under way, with what it knew before.
	text := strings.Replace(read(t, dir), `"interrupted"`, `"running"`, 1)
	if err := os.WriteFile(filepath.Join(dir, RecordFile), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	second, err := session("v2", "B", 6)
	if err != nil || second.Status != experiment.Done {
		t.Fatal(err, second.Status)
	}
	p, q := first.Parts[0], second.Parts[0]
	if !(q.Wall > p.Wall) || !(q.CPU > p.CPU) || q.Done != 6 || q.Seeds != "seeds.target 1 to 3" || !reflect.DeepEqual(q.Engine, []string{"A", "B"}) {
		t.Errorf("the part is %+v, before %+v", q, p)
	}
	if !reflect.DeepEqual(second.Programs, []string{"v1", "v2"}) || !second.Start.Equal(first.Start) {
		t.Errorf("programs %v, start %v", second.Programs, second.Start)
	}
	third, err := session("v2", "C", 6)
	if err != nil || !reflect.DeepEqual(third.Parts, second.Parts) {
		t.Errorf("a session with nothing to do: %v, %+v, before %+v", err, third.Parts, second.Parts)
	}
	// A folder from before there were records: the runs know when, by which program, how long.
	if err := os.Remove(filepath.Join(dir, RecordFile)); err != nil {
		t.Fatal(err)
	}
	runs, err := filepath.Glob(filepath.Join(dir, "members", "*", "run.json"))
	if err != nil || len(runs) != 6 {
		t.Fatal(runs, err)
	}
	info, err := os.ReadFile(runs[3])
	if err != nil {
		t.Fatal(err)
	}
	info = regexp.MustCompile(`"start": "[^"]*"`).ReplaceAll(info, []byte(`"start": "2001-02-03T04:05:06Z"`))
	if err := os.WriteFile(runs[3], info, 0o666); err != nil {
		t.Fatal(err)
	}
	fourth, err := session("v3", "D", 6)
	if err != nil || fourth.Start.Year() != 2001 || fourth.Parts[0].CPU != second.Parts[0].CPU || len(fourth.Programs) != 3 {
		t.Errorf("a folder from before: %v, %+v", err, fourth)
	}
}

func read(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A figure that fails says why, and keeps the record of what there is.
func TestFailure(t *testing.T) {
	base := t.TempDir()
	f := Figure{"bad", "a figure for tests", func(*Job) error { return errors.New("no images") }}
	if _, err := f.Run(t.Context(), Paper, base, tools()); err == nil || err.Error() != "no images" {
		t.Error(err)
	}
	r, err := ReadRecord(filepath.Join(base, "bad-paper"))
	if err != nil || r.Status != experiment.Failed || r.Error != "no images" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestUnderWay: runs beside each other count once, time in which none was under way does not count.
func TestUnderWay(t *testing.T) {
	run := func(end int64, wall float64) experiment.Info {
		at := time.Unix(1e9+end, 0)
		return experiment.Info{End: &at, Wall: wall}
	}
	for _, c := range []struct {
		infos []experiment.Info
		want  float64
	}{
		{nil, 0},
		{[]experiment.Info{run(100, 10)}, 10},
		{[]experiment.Info{run(100, 10), run(105, 10)}, 15},
		{[]experiment.Info{run(200, 10), run(100, 30), run(90, 5)}, 40},
		{[]experiment.Info{{Updated: time.Unix(50, 0), Wall: 2.5}, {}}, 2.5},
	} {
		if got := underWay(c.infos); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

func TestEnumeration(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   string
	}{{[]string{"1", "2", "3"}, "1 to 3"}, {[]string{"4"}, "4"}, {[]string{"1", "2"}, "1, 2"}, {[]string{"1", "3", "5"}, "1, 3, 5"}, {[]string{"a", "b", "c"}, "a, b, c"}} {
		if got := enumeration(c.values); got != c.want {
			t.Errorf("%v: %s", c.values, got)
		}
	}
}

// TestReport: what fails to hold and what is not finished is seen, and a bar in a claim does not
// break a table.
func TestReport(t *testing.T) {
	base := t.TempDir()
	write := func(folder, file, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(base, folder), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(base, folder, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("fig6-paper", RecordFile, `{"figure": "fig6", "scale": "paper", "status": "done", "own_wall_seconds": 1, "own_cpu_seconds": 2, "engine": "local, 2 threads", "platform": "linux/amd64",
 "command": "spikealign reproduce fig6", "programs": ["v1"], "start": "2026-01-02T03:04:05Z", "end": "2026-01-02T03:05:05Z", "pictures": ["figures/fig6"],
 "parts": [{"folder": ".", "runs": 60, "done": 60, "seeds": "seed 1 to 20", "wall_seconds": 100, "cpu_seconds": 200, "engines": ["Slurm"]}]}`)
	write("fig6-paper", VerdictFile, "claim,measured,needed,reason,holds\na,|x| is 3,below 2,why,false\nb,1,1,why,true\n")
	write("fig4-quick", RecordFile, `{"figure": "fig4", "scale": "quick", "status": "failed", "error": "no images"}`)
	write("fig4-quick", VerdictFile, "claim,measured,needed,reason,holds\nof before,1,1,why,true\n")
	if err := Report(base); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(base, ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| [fig6](#fig6-paper) | paper | 1 of 2 | 1m41s | 3m22s |\n", "| [fig4](#fig4-quick) | quick | failed |", "Not finished: no images.",
		"| fig6-paper | a | \\|x\\| is 3 | below 2 | **no** |\n", "![fig6](fig6-paper/figures/fig6.png)\n", "- took 1m41s of wall time and 3m22s of CPU time; Slurm, linux/amd64\n",
		"- `fig6-paper`: 60 runs; seed 1 to 20\n", "- program v1; from 2026-01-02 03:04 to 2026-01-02 03:05 UTC\n- `spikealign reproduce fig6`\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report has no %q:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "of before") {
		t.Error("the report has claims of a figure that failed")
	}
}
