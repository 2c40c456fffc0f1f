//go:build unix && !race

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEnterRule follows the end of docs/align.md in a copy of the module, without a network: the
// file with the rule and the line in the list make a method that runs, is swept, drawn, stopped and
// resumed, and takes part in the league. With -update the page shows anew what the sweep prints.
func TestEnterRule(t *testing.T) {
	const page = "../../docs/align.md"
	source := string(must(os.ReadFile(page)))
	at := strings.Index(source, "\n## How to enter a rule\n")
	if at < 0 {
		t.Fatalf("%s has no section on entering a rule", page)
	}
	// the blocks of a language
	blocks := func(language string) (found []string) {
		for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```\n").FindAllStringSubmatch(source[at:], -1) {
			found = append(found, m[1])
		}
		return found
	}
	code, file, shown := blocks("go"), blocks("yaml"), blocks("text")
	if len(code) != 2 || len(file) != 1 || len(shown) != 1 {
		t.Fatalf("%s: %d blocks of go, %d of yaml, %d of text; needed are 2, 1 and 1", page, len(code), len(file), len(shown))
	}

	dir := t.TempDir()
	copyModule(t, dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		t.Helper()
		return string(must(os.ReadFile(filepath.Join(dir, name))))
	}
	replace := func(name, what, by string) {
		t.Helper()
		old := read(name)
		text := regexp.MustCompile(what).ReplaceAllString(old, by)
		if text == old {
			t.Fatalf("%s has nothing like %s", name, what)
		}
		write(name, text)
	}
	follow := func(line string) string {
		t.Helper()
		c := exec.Command("sh", "-ec", line)
		c.Dir = dir
		c.Env = append(c.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		var stderr strings.Builder
		c.Stderr = &stderr
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s%s", line, err, out, stderr.String())
		}
		return string(out)
	}

	write("transport/mstdp.go", code[0])
	replace("transport/transport.go", `(?m)^\tMirror .*\n`, "${0}"+strings.ReplaceAll(code[1], "$", "$$"))
	write("rules.yaml", file[0])
	if out := follow("gofmt -l transport"); out != "" {
		t.Errorf("gofmt would change %s", out)
	}
	follow("go vet ./transport")
	last := ""
	for _, m := range regexp.MustCompile(`(?m)^    (.*)$`).FindAllStringSubmatch(source[at+strings.Index(source[at:], "That is all."):], -1) {
		last = follow(m[1])
	}
	if *update {
		text := strings.Replace(source, "```text\n"+shown[0]+"```", "```text\n"+last+"```", 1)
		if err := os.WriteFile(page, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if last != shown[0] {
		t.Errorf("%s shows\n%s\nand the program prints\n%s\ngo test ./cmd/spikealign -run EnterRule -update", page, shown[0], last)
	}
	if !strings.Contains(read("all.yaml"), "\n# mirrored STDP\nmstdp:\n") {
		t.Error("the template does not have the settings of the rule")
	}

	// Stopped, and with other threads: the same bytes.
	follow("./spikealign run -q mine/experiment.yaml -o stopped --threads 2 --time-limit 1ns || test $? = 75")
	follow("./spikealign resume -q stopped --threads 1")
	for _, name := range []string{"metrics.csv", "arrays.npz"} {
		if read("mine/"+name) != read("stopped/"+name) {
			t.Errorf("%s of a stopped run differs", name)
		}
	}

	// The league, as short as it can be.
	replace("experiments/league-quick.yaml", `epochs: \d+, epoch_seconds: 1, report_every: \d+`, "epochs: 2, epoch_seconds: 1")
	replace("experiments/league-quick.yaml", `(path: seed, values: )\[.*\]`, "${1}[1]")
	replace("experiments/league-quick.yaml", `(path: layers, values: )\[.*\]\]`, "${1}[[9, 8], [7, 9]]")
	follow("go build -trimpath -o spikealign ./cmd/spikealign")
	follow("./spikealign reproduce -q league -o league")
	table := read("league/league-quick/league.csv")
	for _, row := range []string{"9-8,mstdp,1,2,", "7-9,mstdp,1,2,", "7-9,sal,1,2,"} {
		if !strings.Contains(table, "\n"+row) {
			t.Errorf("the league lacks %s:\n%s", row, table)
		}
	}
	picture := read("league/league-quick/figures/league.svg")
	for _, text := range []string{"layers 9-8", "layers 7-9", "mstdp", "simulated time (s)", "spikes", "CPU time (s)"} {
		if !strings.Contains(picture, ">"+text+"<") {
			t.Errorf("the picture of the league lacks %q", text)
		}
	}
}

// copyModule copies what the program is made of to an empty folder.
func copyModule(t *testing.T, dir string) {
	t.Helper()
	root := filepath.Join("..", "..")
	entries := must(os.ReadDir(root))
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, "."), name == "runs":
		case !e.IsDir():
			if err := os.WriteFile(filepath.Join(dir, name), must(os.ReadFile(filepath.Join(root, name))), 0o666); err != nil {
				t.Fatal(err)
			}
		case name != "docs" && name != "python":
			if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(root, name))); err != nil {
				t.Fatal(err)
			}
		}
	}
}
