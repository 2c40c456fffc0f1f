package slurm

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"spikealign/experiment"
	"spikealign/internal/yamlconf"
	"spikealign/settings"
)

// Site is what a site's Slurm is to be told of every task.
type Site struct {
	Partition  string        `yaml:"partition" doc:"partition; without one the site's default"`
	Account    string        `yaml:"account" doc:"account that is charged; without one your default"`
	Time       string        `yaml:"time" also:"walltime, time_limit" doc:"time limit of a task as Slurm writes it: 30 (minutes), 1:30:00, 1-12; without one the partition's. A member that needs longer goes on in the next task"`
	Memory     string        `yaml:"memory" also:"mem" doc:"memory of a task: 500M, 2G; without one the site's default"`
	CPUs       int           `yaml:"cpus" default:"1" range:"[1, 1024]" also:"cpus_per_task" doc:"processors of a task, which works on so many members at a time"`
	Chunk      int           `yaml:"chunk" range:"[0, 10000]" doc:"members of a task, one after the other; 0: as few as fit into one job array"`
	Throttle   int           `yaml:"throttle" range:"[0, 100000]" doc:"tasks that run at a time; 0: as many as there is room for"`
	StopBefore time.Duration `yaml:"stop_before" also:"signal" doc:"so long before the time limit a task stops with checkpoints; 0s: a quarter of the time limit, at most 1m"`
	Lease      time.Duration `yaml:"lease" default:"1m" doc:"a task that is not heard of for so long counts as lost, and others take over its members; 2s or more"`
	Lines      []string      `yaml:"lines" doc:"more options for sbatch, one each, as behind #SBATCH: [--qos=long, --exclude=n3]"`
	Prologue   string        `yaml:"prologue" doc:"shell commands that run before the program; if one fails the task does"`
	Program    string        `yaml:"program" doc:"path of the program on the nodes; without one that of this program"`
}

const siteHeader = "How sweeps use Slurm at your site.\n\nEvery key with its default: a file needs only those that it changes. Use it: spikealign sweep FILE --engine slurm --slurm THIS"

// Template is a file of site settings with every default.
func Template() ([]byte, error) {
	s := settings.Default[Site]()
	return s.marshal()
}

func (s *Site) marshal() ([]byte, error) { return yamlconf.Marshal(siteHeader, s) }

// LoadSite reads a file of site settings. All that is wrong with it are experiment.Faults.
func LoadSite(file string) (*Site, error) {
	data, err := yamlconf.ReadFile(file)
	if err != nil {
		return nil, experiment.Usagef("cannot read the settings for Slurm: %v; print some to begin with: spikealign template slurm", err)
	}
	s := settings.Default[Site]()
	if err := yamlconf.Parse(file, data).Decode(&s); err != nil {
		return nil, err
	}
	return &s, nil
}

var (
	wordText   = regexp.MustCompile(`^[A-Za-z0-9_.,:@+-]*$`)
	memoryText = regexp.MustCompile(`^([1-9][0-9]*[KMGT]?)?$`)
	optionText = regexp.MustCompile(`^(-[A-Za-z]|--[a-z][a-z0-9-]*)([ =].*)?$`)
)

// ours are the options that the engine needs to set itself.
var ours = []string{"--array", "-a", "--job-name", "-J", "--output", "-o", "--error", "-e", "--open-mode", "--requeue", "--no-requeue", "--signal",
	"--chdir", "-D", "--ntasks", "-n", "--parsable", "--wait", "-W", "--wrap", "--test-only", "--export", "--clusters", "-M"}

// instead are those for which there is a setting.
var instead = map[string]string{"--partition": "partition", "-p": "partition", "--account": "account", "-A": "account", "--time": "time", "-t": "time",
	"--mem": "memory", "--cpus-per-task": "cpus", "-c": "cpus"}

// Validate returns all faults.
func (s *Site) Validate() settings.Problems {
	ps := settings.Check(s)
	for path, value := range map[string]string{"partition": s.Partition, "account": s.Account} {
		if !wordText.MatchString(value) {
			ps.Add(path, "must be a name without spaces")
		}
	}
	limit, ok := seconds(s.Time)
	if !ok {
		ps.Add("time", "allowed are minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes and days-hours:minutes:seconds, all in all a minute or more; in quotes: \"1:30:00\"")
	}
	if !memoryText.MatchString(s.Memory) {
		ps.Add("memory", "must be a number with K, M, G or T, such as 2G; without one it counts megabytes")
	}
	if s.StopBefore < 0 || s.StopBefore%time.Second != 0 || s.StopBefore > 18*time.Hour {
		ps.Add("stop_before", "must be whole seconds up to 18h")
	} else if ok && limit > 0 && s.StopBefore > limit/2 {
		ps.Add("stop_before", "must be at most half of the time limit, or little would be done in it")
	}
	if s.Lease < 2*time.Second {
		ps.Add("lease", "must be 2s or more")
	}
	for k, line := range s.Lines {
		at := "lines." + strconv.Itoa(k)
		name := optionText.FindStringSubmatch(line)
		switch {
		case strings.ContainsAny(line, "\n\r"):
			ps.Add(at, "must be one line")
		case name == nil:
			ps.Add(at, "must be an option of sbatch, such as --qos=long")
		case instead[name[1]] != "":
			ps.Add(at, "is the setting %s here", instead[name[1]])
		default:
			for _, o := range ours {
				if name[1] == o {
					ps.Add(at, "is set by the program itself")
				}
			}
		}
	}
	if s.Program != "" && !filepath.IsAbs(s.Program) {
		ps.Add("program", "must be an absolute path")
	}
	return ps
}

// seconds reads a time limit; 0 if there is none.
func seconds(text string) (limit time.Duration, ok bool) {
	if text == "" {
		return 0, true
	}
	days, rest, hasDays := strings.Cut(text, "-")
	if !hasDays {
		days, rest = "0", text
	}
	var x [4]int // days, hours, minutes, seconds
	fields := strings.Split(rest, ":")
	at := 2 // minutes come first
	if len(fields) == 3 || hasDays {
		at = 1
	}
	if at+len(fields) > 4 {
		return 0, false
	}
	for k, f := range append([]string{days}, fields...) {
		n, err := strconv.Atoi(f)
		if err != nil || n < 0 || n > 1e6 || strings.HasPrefix(f, "+") {
			return 0, false
		}
		if k == 0 {
			x[0] = n
		} else {
			x[at+k-1] = n
		}
	}
	limit = time.Duration(x[0])*24*time.Hour + time.Duration(x[1])*time.Hour + time.Duration(x[2])*time.Minute + time.Duration(x[3])*time.Second
	return limit, limit >= time.Minute
}

// stopBefore is how long before the time limit tasks are to stop.
func (s *Site) stopBefore() time.Duration {
	limit, _ := seconds(s.Time)
	if limit == 0 {
		limit = 4 * time.Minute
	}
	return cmp.Or(s.StopBefore, min(time.Minute, limit/4).Truncate(time.Second))
}

// program returns the path of the program on the nodes.
func (s *Site) program() (string, error) {
	if s.Program != "" {
		return s.Program, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// script is the batch script of a submission. Its log files and the folders may have any names
// that a line can hold.
func (s *Site) script(b *submission, dir string) (string, error) {
	program, err := s.program()
	if err != nil {
		return "", err
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for _, path := range []string{program, here, dir} {
		if strings.ContainsAny(path, "\n\r\"\\") {
			return "", experiment.Usagef("%s has a character that a batch script cannot hold; choose another folder", path)
		}
	}
	var t strings.Builder
	t.WriteString("#!/bin/bash\n")
	option := func(format string, args ...any) { fmt.Fprintf(&t, "#SBATCH "+format+"\n", args...) }
	option("--job-name=%s", b.Name)
	option("--array=0-%d%s", len(b.Tasks)-1, throttle(b.Throttle))
	option("--ntasks=1")
	option("--cpus-per-task=%d", s.CPUs)
	for _, o := range []struct{ name, value string }{{"partition", s.Partition}, {"account", s.Account}, {"time", s.Time}, {"mem", s.Memory}} {
		if o.value != "" {
			option("--%s=%s", o.name, o.value)
		}
	}
	for _, line := range s.Lines {
		option("%s", line)
	}
	option(`--chdir="%s"`, here)
	option(`--output="%s"`, strings.ReplaceAll(filepath.Join(dir, logDir), "%", "%%")+string(filepath.Separator)+"%a.log")
	t.WriteString("# A second attempt adds to the log of the first.\n")
	option("--open-mode=append")
	t.WriteString("# A task that is preempted or whose node is lost goes on elsewhere.\n")
	option("--requeue")
	t.WriteString("# The signal reaches only this shell, so the program takes its place.\n")
	option("--signal=B:USR1@%d", int(s.stopBefore()/time.Second))
	t.WriteString("set -e\n")
	if s.Prologue != "" {
		t.WriteString(strings.TrimRight(s.Prologue, "\n") + "\n")
	}
	fmt.Fprintf(&t, "exec %s sweep-task %s\n", quoted(program), quoted(dir))
	return t.String(), nil
}

func throttle(n int) string {
	if n == 0 {
		return ""
	}
	return "%" + strconv.Itoa(n)
}

// quoted is a word of the shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// site returns the settings to submit with: those of a file, else those that the folder was
// submitted with before, else the defaults.
func site(file, dir string) (*Site, error) {
	kept := filepath.Join(dir, Dir, siteFile)
	if file != "" {
		return LoadSite(file)
	}
	s, err := LoadSite(kept)
	if err == nil {
		return s, nil
	}
	if _, statErr := os.Stat(kept); errors.Is(statErr, os.ErrNotExist) {
		d := settings.Default[Site]()
		return &d, nil
	}
	return nil, err
}
