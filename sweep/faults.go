package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"spikealign/internal/yamlconf"
	"spikealign/settings"
)

// baseName is the key of the base experiment in the sweep file.
const baseName = "experiment"

// faults collects what is wrong with members, in terms of the sweep file. What is a fault of many
// members is reported once.
type faults struct {
	sweep  *Sweep
	base   *baseDocument
	inFile int             // so many of sweep.Set stand in the sweep file; the others are of the command line
	before yamlconf.Errors // faults of the sweep file itself
	whole  bool            // the members looked at are those of the sweep
	found  []fault
	at     map[string]int // place in found of the fault with this text
}

// fault is a fault of so many members.
type fault struct {
	yamlconf.Issue
	members int
	inBase  bool // in the base experiment: its place is known
}

// add adds the faults of the member at a point of the grid.
func (f *faults) add(index []int, problems yamlconf.Errors) {
	if f.at == nil {
		f.at = map[string]int{}
	}
	for _, p := range problems {
		p, inBase := f.place(index, p)
		text := p.Error()
		k, ok := f.at[text]
		if !ok {
			k = len(f.found)
			f.at[text] = k
			f.found = append(f.found, fault{Issue: p, inBase: inBase})
		}
		f.found[k].members++
	}
}

// place names the part of the sweep file that a fault is about.
func (f *faults) place(index []int, p yamlconf.Issue) (moved yamlconf.Issue, inBase bool) {
	if p.Set == "" {
		if f.base.inline {
			p.Path = strings.TrimSuffix(baseName+"."+p.Path, ".")
		}
		return p, true
	}
	path, _, _ := strings.Cut(p.Set, "=")
	moved = yamlconf.Issue{Message: p.Message}
	if p.Value != "" { // what is wrong is the value, not the path
		moved.Message = p.Path + ": " + p.Message
	}
	if strings.Contains(p.Message, "whole number") {
		moved.Message += "; a range rounds its values with whole: true"
	}
	for k, a := range f.sweep.Grid {
		if a.Path != path || index[k] < 0 {
			continue
		}
		moved.Path, moved.Value = fmt.Sprintf("grid.%d.path", k), path
		if p.Value != "" {
			moved.Path, moved.Value = fmt.Sprintf("grid.%d.values.%d", k, index[k]), p.Value
		}
		return moved, false
	}
	of := func(set string) bool { return strings.HasPrefix(set, path+"=") }
	if !slices.ContainsFunc(f.sweep.Set[f.inFile:], of) {
		if k := slices.IndexFunc(f.sweep.Set, of); k >= 0 {
			moved.Path, moved.Value = fmt.Sprintf("set.%d", k), p.Set
			return moved, false
		}
	}
	return p, false
}

// issues returns the faults with their places in the sweep file, or nil.
func (f *faults) issues(file string, data []byte) error {
	var ps settings.Problems
	for _, p := range f.found {
		if !p.inBase {
			ps = append(ps, settings.Problem{Path: p.Path})
		}
	}
	var places yamlconf.Errors
	line := map[string]int{}
	errors.As(placed(file, data, ps), &places)
	for _, p := range places {
		line[p.Path] = p.Line
	}
	var issues yamlconf.Errors
	for _, p := range f.found {
		if slices.ContainsFunc(f.before, func(b yamlconf.Issue) bool { return b.Path == p.Path && p.Path != "" }) {
			continue // told already
		}
		if f.whole && p.inBase && p.members < len(f.sweep.Members) {
			p.Message += fmt.Sprintf(" (in %d of %d members)", p.members, len(f.sweep.Members))
		}
		if p.Set == "" && !p.inBase {
			p.File, p.Line = file, line[p.Path]
		}
		issues = append(issues, p.Issue)
	}
	if issues == nil {
		return nil
	}
	return issues
}

// placed returns problems of a sweep file with their lines and values, as yamlconf.Errors.
func placed(file string, data []byte, ps settings.Problems) error {
	p := &placer{problems: ps}
	var all, own yamlconf.Errors
	errors.As(yamlconf.Parse(file, data).Decode(p), &all)
	for _, i := range all { // and not what else is wrong with the file
		if slices.ContainsFunc(ps, func(p settings.Problem) bool { return p.Path == i.Path }) {
			own = append(own, i)
		}
	}
	if own == nil {
		return nil
	}
	return own
}

// placer lets Decode tell the lines of problems that were found after it.
type placer struct {
	File
	problems settings.Problems
}

// Validate implements yamlconf.Validator.
func (p *placer) Validate() settings.Problems { return p.problems }
