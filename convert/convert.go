// Package convert turns parameter files of the authors' programs into experiment files.
package convert

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"spikealign/experiment"
	"spikealign/internal/yamlconf"
	"spikealign/settings"
)

// Options say how a file is converted.
type Options struct {
	// AuthorsTiming keeps the timing of their sampling networks, for comparisons.
	AuthorsTiming bool
	// Entry is the experiment that is taken from a file with several, as that of their deep
	// networks. It may be left out where there is one.
	Entry string
}

// File turns a parameter file of the authors' programs into an experiment of ours. The file is
// recognised by its keys. The notes name the settings that have no counterpart, with their places.
// Faults are yamlconf.Errors; an error that wraps ErrUsage says that the file is one of ours, or
// that an entry must be chosen.
//
// Known so far: their spiking sampling network (dim, distr, sim_params, ...), their microcircuits
// (network_properties, u_input, ...), whose conventions are ours, and the settings of their deep
// networks (params, sal_params, ... of each experiment).
func File(ks experiment.Kinds, file string, data []byte, o Options) (s *experiment.Spec, notes []string, err error) {
	switch kind := yamlconf.Parse(file, data).Text("kind"); {
	case kind == experiment.SweepKind:
		return nil, nil, experiment.Usagef("%s is a sweep file already; run it with: spikealign sweep %s", file, file)
	case ks.Find(kind) != nil:
		return nil, nil, experiment.Usagef("%s is an experiment file already; run it with: spikealign run %s", file, file)
	}
	var theirs foreignFile = newAuthorsSampling(o.AuthorsTiming)
	from, called := source{file: file, data: data}, file
	if entries := deepEntries(file, data); len(entries) > 0 {
		if from.entry, err = choose(file, entries, o.Entry); err != nil {
			return nil, nil, err
		}
		theirs, called = new(authorsDeep), strings.TrimSuffix(file, filepath.Ext(file))+"-"+from.entry+".yaml"
	} else if o.Entry != "" {
		return nil, nil, experiment.Usagef("%s does not hold several experiments: there is no entry to choose", file)
	} else if isMicrocircuit(file, data) {
		theirs = newAuthorsMicrocircuit()
	}
	if err := from.decode(theirs); err != nil {
		return nil, nil, err
	}
	if s, err = ks.Parse(called, []byte("kind: "+theirs.kind().Name()+"\n")); err != nil {
		return nil, nil, err
	}
	s.Description = "converted from " + s.Name + "; the authors' program draws other numbers from the same seeds"
	theirs.convert(s)
	text, err := s.Marshal()
	if err != nil {
		return nil, nil, err
	}
	s, err = ks.Parse(file, text)
	var problems yamlconf.Errors
	if errors.As(err, &problems) {
		return nil, nil, places(from, theirs, inTheirTerms(theirs, problems))
	}
	if err != nil {
		return nil, nil, err
	}
	if errors.As(places(from, theirs, theirs.notes()), &problems) {
		for _, p := range problems {
			notes = append(notes, p.Error())
		}
	}
	return s, notes, nil
}

// choose returns the entry of that name, or the only one.
func choose(file string, entries []string, name string) (string, error) {
	switch {
	case slices.Contains(entries, name):
		return name, nil
	case name != "":
		return "", experiment.Usagef("%s has no entry %q; there are %s", file, name, strings.Join(entries, ", "))
	case len(entries) > 1:
		return "", experiment.Usagef("%s holds several experiments; choose an entry: %s", file, strings.Join(entries, ", "))
	}
	return entries[0], nil
}

// source is a file, or one entry of it.
type source struct {
	file  string
	data  []byte
	entry string
}

// decode reads it. Faults have the paths of the whole file.
func (s source) decode(theirs foreignFile) error {
	doc := yamlconf.Parse(s.file, s.data)
	if s.entry == "" {
		return doc.Decode(theirs)
	}
	err := doc.Under(s.entry).Decode(theirs)
	var problems yamlconf.Errors
	if errors.As(err, &problems) {
		for k := range problems {
			problems[k].Path = strings.TrimSuffix(settings.Join(s.entry, problems[k].Path), ".")
		}
	}
	return err
}

// foreignFile is the target for a parameter file of the authors.
type foreignFile interface {
	yamlconf.Validator
	// kind is the kind of experiment that the file becomes.
	kind() experiment.Kind
	// convert writes the settings into those of ours.
	convert(s *experiment.Spec)
	// notes returns what is lost, at the paths of their file.
	notes() settings.Problems
	// names pairs our paths with theirs.
	names() [][2]string
	// only makes Validate return nothing but these problems.
	only(ps settings.Problems)
}

// placing is the part of a foreignFile that lets Decode tell the lines and values of problems that
// were found after it.
type placing struct{ problems settings.Problems }

func (p *placing) only(ps settings.Problems) { p.problems = ps }

// places returns problems with their lines and values, as yamlconf.Errors, or nil if there are
// none.
func places(from source, theirs foreignFile, ps settings.Problems) error {
	if len(ps) == 0 {
		return nil
	}
	theirs.only(ps)
	return from.decode(theirs)
}

// inTheirTerms names the authors' settings in place of ours, as far as they correspond.
func inTheirTerms(theirs foreignFile, problems yamlconf.Errors) (ps settings.Problems) {
	for _, p := range problems {
		told := settings.Problem{Message: p.Path + ": " + p.Message}
		for _, n := range theirs.names() {
			if p.Path == n[0] || strings.HasPrefix(p.Path, n[0]+".") {
				told = settings.Problem{Path: n[1], Message: "becomes " + p.Path + ", which " + p.Message}
			}
		}
		ps = append(ps, told)
	}
	return ps
}
