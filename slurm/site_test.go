package slurm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"spikealign/experiment"
	"spikealign/experiment/experimenttest"
	"spikealign/settings"
	"spikealign/sweep"
)

// TestTemplate: the settings that are printed are those that hold without a file.
func TestTemplate(t *testing.T) {
	text, err := Template()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "slurm.yaml")
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := LoadSite(file)
	if want := settings.Default[Site](); err != nil || fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "1": time.Minute, "90": 90 * time.Minute, "10:30": 10*time.Minute + 30*time.Second, "1:30:00": 90 * time.Minute,
		"1-12": 36 * time.Hour, "1-0:30": 24*time.Hour + 30*time.Minute, "2-01:02:03": 49*time.Hour + 2*time.Minute + 3*time.Second,
	} {
		if got, ok := seconds(text); got != want || !ok {
			t.Errorf("%q: %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"0", "0:30", "1h", "1:2:3:4", "-1", "1-", "1-2:3:4:5", "+3", "a", "1:", "UNLIMITED"} {
		if got, ok := seconds(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestStopBefore(t *testing.T) {
	for _, c := range []struct {
		site Site
		want time.Duration
	}{
		{Site{}, time.Minute}, {Site{Time: "1"}, 15 * time.Second}, {Site{Time: "1:00:00"}, time.Minute}, {Site{Time: "10", StopBefore: 2 * time.Minute}, 2 * time.Minute},
	} {
		if got := c.site.stopBefore(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.site, got, c.want)
		}
	}
}

// TestDeal: every member is in one task, tasks are as long as they may be, and arrays as well.
func TestDeal(t *testing.T) {
	for _, c := range []struct {
		members, chunk, most int
		want                 string
	}{
		{3, 0, 1000, "[[[0] [1] [2]]]"},
		{7, 0, 3, "[[[0 3 6] [1 4] [2 5]]]"},
		{7, 1, 3, "[[[0] [1] [2]] [[3] [4] [5]] [[6]]]"},
		{5, 10, 3, "[[[0 1 2 3 4]]]"},
	} {
		var names []string
		for k := range c.members {
			names = append(names, fmt.Sprint(k))
		}
		if got := fmt.Sprint(deal(names, c.chunk, c.most)); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestScript: names with spaces and signs reach sbatch and the shell as they are, and what a script
// cannot hold is refused.
func TestScript(t *testing.T) {
	s := settings.Default[Site]()
	s.Program, s.Partition, s.Memory, s.Time, s.Lines, s.Prologue = "/opt/a b/spike'align", "long", "2G", "1:00:00", []string{"--qos=high"}, "module load go\n"
	b := &submission{Name: "x-1", Tasks: make([][]string, 4), Throttle: 2}
	text, err := s.script(b, "/data/50% of it")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"#SBATCH --array=0-3%2", "#SBATCH --partition=long", "#SBATCH --mem=2G", "#SBATCH --time=1:00:00", "#SBATCH --qos=high", `#SBATCH --output="/data/50%% of it/log/%a.log"`,
		"#SBATCH --signal=B:USR1@60", "module load go", `exec '/opt/a b/spike'\''align' sweep-task '/data/50% of it'`} {
		if !slices.Contains(strings.Split(text, "\n"), line) {
			t.Errorf("there is no line %s in\n%s", line, text)
		}
	}
	if _, err := s.script(b, "/data/\"x\""); !errors.Is(err, experiment.ErrUsage) {
		t.Errorf("quotes in a path: %v", err)
	}
}

// fake puts programs in the place of Slurm's: names and what they do.
func fake(t *testing.T, programs map[string]string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no shell")
	}
	bin := t.TempDir()
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
}

// submitTo lets an engine submit a small sweep, and returns what it says and its error.
func submitTo(t *testing.T, dir string) (string, error) {
	t.Helper()
	kinds := experiment.Kinds{experimenttest.Kind{}}
	s, err := sweep.Parse(kinds, "small.yaml", []byte("kind: sweep\nexperiment: {kind: fake}\ngrid:\n  - {path: drift, values: [0.1, 0.2]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	_, err = sweep.Run(t.Context(), s, sweep.Options{Dir: dir, Engine: &Engine{Kinds: kinds, Say: func(text string) { said = append(said, text) }}})
	return strings.Join(said, "\n"), err
}

// TestRefusals: what Slurm says where the machine of the tests cannot make it say so, with the
// remedies.
func TestRefusals(t *testing.T) {
	const config = "echo 'MaxArraySize            = 1001'"
	for _, c := range []struct {
		what     string
		programs map[string]string
		want     string
		isUsage  bool
		isClean  bool // nothing is in the folder
	}{
		{"not installed", nil, "Slurm is not installed here: there is no program scontrol", true, true},
		{"silent", map[string]string{"scontrol": "echo 'slurm_load_ctl_conf error: Unable to contact slurm controller (connect failure)' >&2; exit 1"}, "no answer from Slurm", false, true},
		{"no arrays", map[string]string{"scontrol": "echo MaxArraySize = 0"}, "MaxArraySize is 0", true, true},
		{"account", map[string]string{"scontrol": config, "sbatch": "echo 'sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified' >&2; exit 1"},
			`Slurm refuses the job: Batch job submission failed: Invalid account or account/partition combination specified; account is "" and partition "": set account`, true, false},
		{"too many jobs", map[string]string{"scontrol": config, "sbatch": "echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2; exit 1"}, "set chunk, so that", true, false},
		{"another answer", map[string]string{"scontrol": config, "sbatch": "echo hello"}, `sbatch says "hello"`, false, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.programs != nil && c.programs["squeue"] == "" {
				c.programs["squeue"] = "exit 0"
			}
			fake(t, c.programs)
			dir := filepath.Join(t.TempDir(), "s")
			_, err := submitTo(t, dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, experiment.ErrUsage) != c.isUsage {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if _, err := os.Stat(dir); c.isClean != errors.Is(err, os.ErrNotExist) {
				t.Errorf("the folder: %v", err)
			}
		})
	}
}

// TestSubmitOnce: a submission whose number was lost is found by its name, and not made again.
func TestSubmitOnce(t *testing.T) {
	queue := filepath.Join(t.TempDir(), "queue")
	submits := map[string]string{
		"scontrol": "echo 'MaxArraySize = 1001'",
		// The job is accepted, and the answer is lost.
		"sbatch": `name=$(/bin/sed -n 's/^#SBATCH --job-name=//p' "$2"); for k in 0 1; do echo "$name|7|$k|PENDING|0||Priority|"; done >` + queue + `; echo 'Socket timed out on send/recv operation' >&2; exit 1`,
		"squeue": "[ ! -e " + queue + " ] || /bin/cat " + queue,
	}
	fake(t, submits)
	dir := filepath.Join(t.TempDir(), "s")
	if _, err := submitTo(t, dir); err == nil || !strings.Contains(err.Error(), "no answer from Slurm") {
		t.Fatalf("got %v", err)
	}
	said, err := submitTo(t, dir)
	if err != nil || !strings.Contains(said, "nothing to submit: 2 of 2") {
		t.Errorf("says %s, %v", said, err)
	}
	all, err := submissions(dir)
	if err != nil || len(all) != 1 || all[0].job != "7" {
		t.Errorf("%+v, %v", all, err)
	}
	s, err := sweep.Outline(experiment.Kinds{experimenttest.Kind{}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	v, err := Look(t.Context(), s, dir)
	if err != nil || v.Count(Queued) != 2 || v.Members[1].Job != "7_1" || v.Members[1].Note != "Priority" {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestHint: reasons that end by themselves have no hint.
func TestHint(t *testing.T) {
	for reason, want := range map[string]string{"Priority": "", "Resources": "", "BeginTime": "", "PartitionConfig": "no node can meet", "PartitionTimeLimit": "set it lower",
		"JobHeldUser": "scontrol release JOB", "launch failed requeued held": "scontrol release JOB"} {
		if got := hint(reason); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q", reason, got)
		}
	}
}
