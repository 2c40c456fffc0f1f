//go:build unix && !race

// Under the race detector the tutorial would take minutes, and hold nothing that TestScripts does
// not.

package main

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the outputs and the pictures of docs/tutorial.md")

var (
	// What differs from one time to the next. The tutorial shows it as it came out once.
	volatile = regexp.MustCompile(`\b(in|CPU) [\d.]+(s|m\d+s|h\d+m|d\d+h)\b` + // durations
		`|\d{4}-\d\d-\d\d \d\d:\d\d` + // dates
		`|\b\d(\.\d+)?e-1[5-9]\b`) // rounding errors
	afterVolatile = regexp.MustCompile(`\* +`)
	progressLine  = regexp.MustCompile(`(?m)^ *\d+\.\d% .*\n`)
	folderLine    = regexp.MustCompile(`^(.* exists; )?(writing to|going on in) .*\n`)
)

// steady replaces what is volatile, with the blanks that align what follows.
func steady(text string) string {
	return afterVolatile.ReplaceAllString(volatile.ReplaceAllString(text, "*"), "* ")
}

// TestTutorial runs docs/tutorial.md from top to bottom in an empty folder and compares what comes
// out with what it shows. In the page
//
//   - a fenced block that begins with ```yaml NAME is a file that the reader writes;
//   - an indented line "$ COMMAND" is typed in a shell, and the indented lines below it are the
//     output: the line of standard error that tells the folder, standard output, then the rest of
//     standard error without lines of progress;
//   - a picture's title is the file in the reader's folder that it shows.
//
// What is volatile is compared without its value. With -update the outputs and pictures are written
// anew.
func TestTutorial(t *testing.T) {
	const page = "../../docs/tutorial.md"
	source, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	p := newProgram(t)
	lines := strings.Split(strings.TrimSuffix(string(source), "\n"), "\n")
	var written []string // the page with the outputs of now
	commands := 0
	for k := 0; k < len(lines); {
		line := lines[k]
		written = append(written, line)
		k++
		if name, ok := strings.CutPrefix(line, "```yaml "); ok {
			begin := k
			for lines[k] != "```" {
				k++
			}
			p.write(name, strings.Join(lines[begin:k], "\n")+"\n")
			written = append(written, lines[begin:k+1]...)
			k++
			continue
		}
		command, ok := strings.CutPrefix(line, "    $ ")
		if !ok {
			continue
		}
		commands++
		begin := k
		for end := k; end < len(lines); end++ {
			text, indented := strings.CutPrefix(lines[end], "    ")
			if strings.HasPrefix(text, "$ ") || !indented && lines[end] != "" {
				break
			}
			if indented {
				k = end + 1 // a blank line belongs to an output that goes on
			}
		}
		var shown []string
		for _, l := range lines[begin:k] {
			shown = append(shown, strings.TrimPrefix(l, "    "))
		}
		want := strings.Join(shown, "\n")
		got := p.shell(command)
		if steady(got) == steady(want) {
			got = want
		} else if !*update {
			t.Errorf("docs/tutorial.md:%d: %s\nshows\n%s\nand gives\n%s\n", begin, command, want, got)
		}
		if got != "" {
			for l := range strings.SplitSeq(got, "\n") {
				written = append(written, strings.TrimRight("    "+l, " "))
			}
		}
	}
	if commands < 10 {
		t.Errorf("the tutorial has %d commands", commands)
	}
	for _, m := range regexp.MustCompile(`!\[[^]]*\]\((\S+) "(\S+)"\)`).FindAllStringSubmatch(string(source), -1) {
		p.picture(filepath.Join(filepath.Dir(page), m[1]), m[2])
	}
	// What the text advises in passing is possible. It is not waited for.
	for _, m := range regexp.MustCompile("`(spikealign resume [^`]+)`").FindAllStringSubmatch(string(source), -1) {
		if got := p.shell(m[1] + " -q --time-limit 1ns; echo code $?"); !strings.Contains(got, "code 0") && !strings.Contains(got, "code 75") {
			t.Errorf("%s: %s", m[1], got)
		}
	}
	if *update {
		if err := os.WriteFile(page, []byte(strings.Join(written, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// shell runs a command line and returns what a reader sees of it.
func (p program) shell(line string) string {
	p.t.Helper()
	c := exec.Command("sh", "-c", line)
	c.Dir = p.dir
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(p.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	_ = c.Run() // what went wrong is seen in the output
	told := stderr.String()
	first := folderLine.FindString(told)
	return strings.TrimSuffix(first+stdout.String()+progressLine.ReplaceAllString(told[len(first):], ""), "\n")
}

// picture holds a picture of the page to the one that the tutorial's commands have drawn: its size
// only, since fonts and colours may change without harm to the text.
func (p program) picture(shown, drawn string) {
	p.t.Helper()
	now := p.read(drawn)
	if *update {
		p.write(must(filepath.Abs(shown)), now)
	}
	before, err := os.ReadFile(shown)
	if err != nil {
		p.t.Fatal(err)
	}
	a, errA := png.DecodeConfig(bytes.NewReader(before))
	b, errB := png.DecodeConfig(strings.NewReader(now))
	if errA != nil || errB != nil || a.Width != b.Width || a.Height != b.Height {
		p.t.Errorf("%s (%v) is no picture of %s (%v); go test ./cmd/spikealign -run Tutorial -update", shown, errA, drawn, errB)
	}
}
