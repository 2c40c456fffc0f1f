// Package convert turns parameter files of the authors' programs into experiment files.
package convert

import (
	"errors"
	"strings"

	"spikealign/experiment"
	"spikealign/internal/yamlconf"
	"spikealign/settings"
)

// File turns a parameter file of the authors' programs into an experiment of ours. The file is
// recognised by its keys. With authors, timing follows the conventions of their program, for
// comparisons. The notes name the settings that have no counterpart, with their places. Faults are
// yamlconf.Errors; an error that wraps ErrUsage says that the file is one of ours.
//
// Known so far: their spiking sampling network (dim, distr, sim_params, ...) and their
// microcircuits (network_properties, u_input, ...), whose conventions are ours.
func File(ks experiment.Kinds, file string, data []byte, authors bool) (s *experiment.Spec, notes []string, err error) {
	switch kind := yamlconf.Parse(file, data).Text("kind"); {
	case kind == experiment.SweepKind:
		return nil, nil, experiment.Usagef("%s is a sweep file already; run it with: spikealign sweep %s", file, file)
	case ks.Find(kind) != nil:
		return nil, nil, experiment.Usagef("%s is an experiment file already; run it with: spikealign run %s", file, file)
	}
	var theirs foreignFile = newAuthorsSampling(authors)
	if isMicrocircuit(file, data) {
		theirs = newAuthorsMicrocircuit()
	}
	if err := yamlconf.Parse(file, data).Decode(theirs); err != nil {
		return nil, nil, err
	}
	if s, err = ks.Parse(file, []byte("kind: "+theirs.kind().Name()+"\n")); err != nil {
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
		return nil, nil, places(file, data, theirs, inTheirTerms(theirs, problems))
	}
	if err != nil {
		return nil, nil, err
	}
	if errors.As(places(file, data, theirs, theirs.notes()), &problems) {
		for _, p := range problems {
			notes = append(notes, p.Error())
		}
	}
	return s, notes, nil
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

// placing is the part of an foreignFile that lets Decode tell the lines and values of problems that
// were found after it.
type placing struct{ problems settings.Problems }

func (p *placing) only(ps settings.Problems) { p.problems = ps }

// places returns problems with their lines and values, as yamlconf.Errors, or nil if there are
// none.
func places(file string, data []byte, theirs foreignFile, ps settings.Problems) error {
	if len(ps) == 0 {
		return nil
	}
	theirs.only(ps)
	return yamlconf.Parse(file, data).Decode(theirs)
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
