package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"spikealign/internal/yamlconf"
	"spikealign/settings"
)

// baseName stands for the file of the base experiment, and is its key in the sweep file.
const baseName = "experiment"

// faults collects what is wrong with members, in terms of the sweep file. What is a fault of many
// members is reported once.
type faults struct {
	sweep  *Sweep
	inFile int // so many of sweep.Set stand in the sweep file; the others are of the command line
	found  []yamlconf.Issue
	count  map[string]int // members that have the fault with this text
}

// add adds the faults of the member at a point of the grid.
func (f *faults) add(index []int, problems yamlconf.Errors) {
	if f.count == nil {
		f.count = map[string]int{}
	}
	for _, p := range problems {
		p = f.place(index, p)
		text := p.Error()
		if f.count[text]++; f.count[text] == 1 {
			f.found = append(f.found, p)
		}
	}
}

// place names the part of the sweep file that a fault is about.
func (f *faults) place(index []int, p yamlconf.Issue) yamlconf.Issue {
	if p.Set == "" {
		// lines are not kept of the base experiment
		p.Path, p.Line = strings.TrimSuffix(baseName+"."+p.Path, "."), 0
		return p
	}
	path, _, _ := strings.Cut(p.Set, "=")
	moved := yamlconf.Issue{Message: p.Message}
	if p.Value != "" { // what is wrong is the value, not the path
		moved.Message = p.Path + ": " + p.Message
	}
	if k := slices.IndexFunc(f.sweep.Grid, func(a Axis) bool { return a.Path == path }); k >= 0 {
		moved.Path, moved.Value = fmt.Sprintf("grid.%d.path", k), path
		if p.Value != "" {
			moved.Path, moved.Value = fmt.Sprintf("grid.%d.values.%d", k, index[k]), p.Value
		}
		return moved
	}
	of := func(set string) bool { return strings.HasPrefix(set, path+"=") }
	if !slices.ContainsFunc(f.sweep.Set[f.inFile:], of) {
		if k := slices.IndexFunc(f.sweep.Set, of); k >= 0 {
			moved.Path, moved.Value = fmt.Sprintf("set.%d", k), p.Set
			return moved
		}
	}
	return p
}

// issues returns the faults with their places in the sweep file, or nil.
func (f *faults) issues(file string, data []byte) error {
	if len(f.found) == 0 {
		return nil
	}
	var ps settings.Problems
	for _, p := range f.found {
		ps = append(ps, settings.Problem{Path: p.Path})
	}
	var places yamlconf.Errors
	line := map[string]int{}
	errors.As(placed(file, data, ps), &places)
	for _, p := range places {
		line[p.Path] = p.Line
	}
	issues := make(yamlconf.Errors, len(f.found))
	for i, p := range f.found {
		inBase := p.Path == baseName || strings.HasPrefix(p.Path, baseName+".")
		if n := f.count[p.Error()]; inBase && n < len(f.sweep.Members) {
			p.Message += fmt.Sprintf(" (in %d of %d members)", n, len(f.sweep.Members))
		}
		if p.Set == "" {
			p.File = file
			if !inBase {
				p.Line = line[p.Path]
			}
		}
		issues[i] = p
	}
	slices.SortStableFunc(issues, func(a, b yamlconf.Issue) int {
		return cmp.Or(strings.Compare(b.File, a.File), cmp.Compare(a.Line, b.Line))
	})
	return issues
}

// placed returns problems of a sweep file with their lines and values, as yamlconf.Errors.
func placed(file string, data []byte, ps settings.Problems) error {
	return yamlconf.Parse(file, data).Decode(&placer{problems: ps})
}

// placer lets Decode tell the lines of problems that were found after it.
type placer struct {
	File
	problems settings.Problems
}

// Validate implements yamlconf.Validator.
func (p *placer) Validate() settings.Problems { return p.problems }
