//go:build unix

package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"spikealign/catalog"
	"spikealign/experiments"
	"spikealign/reproduce"
	"spikealign/sweep"
)

// TestExamples holds every line that --help shows to what the program takes: flags, experiment
// files with their changes, figures and kinds. The program alone is enough: files come from it.
func TestExamples(t *testing.T) {
	t.Chdir(t.TempDir())
	known := catalog.All()
	kinds := known.Kinds()
	lines := regexp.MustCompile(`(?m)^  spikealign (.*)$`)
	after := regexp.MustCompile(`\s+(#|\||>).*$`) // comment, pipe, redirection
	for _, command := range newParser(&commands{}, known, io.Discard, io.Discard).Model.Leaves(true) {
		examples := lines.FindAllStringSubmatch(command.Help+command.Detail, -1)
		if len(examples) == 0 {
			t.Errorf("%s --help shows no example", command.Name)
		}
		for _, e := range examples {
			line := after.ReplaceAllString(e[1], "")
			var cli commands
			if _, err := newParser(&cli, known, io.Discard, io.Discard).Parse(strings.Fields(line)); err != nil {
				t.Errorf("%s: %v", line, err)
				continue
			}
			switch name, _, _ := strings.Cut(line, " "); name {
			case "run":
				if _, err := kinds.Load(cli.Run.File, cli.Run.Set...); err != nil {
					t.Errorf("%s: %v", line, err)
				}
			case "sweep":
				if strings.HasPrefix(cli.Sweep.File, defaultRuns) {
					continue // of an earlier example
				}
				if _, err := sweep.Load(kinds, cli.Sweep.File, cli.Sweep.Set...); err != nil {
					t.Errorf("%s: %v", line, err)
				}
			case "examples":
				found, ok := findExample(cli.Examples.Name)
				if cli.Examples.Name != "" && !ok {
					t.Errorf("%s: there is no such example", line)
				}
				if _, file, isWritten := strings.Cut(e[1], " > "); ok && isWritten {
					file, _, _ = strings.Cut(file, " ")
					text, err := experiments.Files.ReadFile(found.File())
					if err == nil {
						err = os.WriteFile(file, text, 0o666)
					}
					if err != nil {
						t.Error(err)
					}
				}
			case "reproduce":
				for _, f := range cli.Reproduce.Figures {
					if f != "all" && !slices.ContainsFunc(reproduce.Figures(), func(known reproduce.Figure) bool { return known.Name == f }) {
						t.Errorf("%s: there is no figure %s", line, f)
					}
				}
			case "template":
				if k := cli.Template.Kind; k != "" && k != "sweep" && k != "slurm" && kinds.Find(k) == nil {
					t.Errorf("%s: there is no kind %s", line, k)
				}
			}
		}
	}
}

// TestTemplates: what the command template prints is valid, and the same again when it is written
// out.
func TestTemplates(t *testing.T) {
	kinds := catalog.All().Kinds()
	for _, k := range kinds.Names() {
		text, err := kinds.Template(k)
		if err != nil {
			t.Fatal(err)
		}
		s, err := kinds.Parse("mine.yaml", text)
		if err != nil || s.Name != "mine" {
			t.Errorf("%s: %v", k, err)
		}
	}
	s, err := sweep.Parse(kinds, "mine.yaml", sweepTemplate)
	if err != nil || len(s.Members) != 12 || s.Name != "mine" {
		t.Errorf("sweep: %v", err)
	}
	if strings.Count(string(sweepTemplate), "\n#") < 5 {
		t.Error("the sweep file says too little")
	}
}

// TestUnderWay: while a process works on a folder, another run there is told to wait, and not to
// resume.
func TestUnderWay(t *testing.T) {
	p := newProgram(t)
	p.write("long.yaml", "kind: sampling\nnetwork: {visible: 3}\ntraining: {epochs: 1000000000, epoch_length: 1000}\n")
	c := p.command("run", "-q", "long.yaml", "-o", "r")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		c.Process.Signal(os.Interrupt)
		c.Wait()
	}()
	for began := time.Now(); !strings.Contains(p.read("r", "run.json"), `"status": "running"`); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("the run does not begin")
		}
	}
	for _, force := range [][]string{nil, {"--force"}} {
		code, _, stderr := p.run(append([]string{"run", "long.yaml", "-o", "r"}, force...)...)
		if want := "wait until it ends"; code != exitUsage || !strings.Contains(stderr, want) || strings.Contains(stderr, "resume") {
			t.Errorf("exit code %d, %s", code, stderr)
		}
	}
}
