package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"spikealign/internal/durable"
	"spikealign/internal/yamlconf"
	"spikealign/settings"
)

// Kinds is a table of kinds of experiment.
type Kinds []Kind

// Common is the part of an experiment file that every kind has.
type Common struct {
	Kind        string           `yaml:"kind" doc:"kind of experiment"`
	Name        string           `yaml:"name" doc:"name of the run: letters, digits, and _ . -; without one, that of the file"`
	Description string           `yaml:"description" doc:"what this run is for"`
	Seed        uint64           `yaml:"seed" default:"1" doc:"keys every random draw; same configuration and seed: same results, bit for bit"`
	Checkpoint  CheckpointConfig `yaml:"checkpoint" doc:"saving the state, so that the run can be resumed"`
	Record      RecordConfig     `yaml:"record" doc:"what is recorded beside the results"`
}

// CheckpointConfig says when the state is saved. It has no effect on results.
type CheckpointConfig struct {
	Every time.Duration `yaml:"every" default:"1m" doc:"wall time between two checkpoints, 1s or more"`
	Keep  bool          `yaml:"keep" default:"true" doc:"the last one stays when the run is finished, so that it can go on to more epochs: resume --epochs"`
}

// RecordConfig says what is recorded. It has no effect on results.
type RecordConfig struct {
	Spikes bool `yaml:"spikes" doc:"every spike, to spikes.npz (12 bytes each)"`
}

var nameText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// Validate returns the problems of the common part.
func (c *Common) Validate() settings.Problems {
	ps := settings.Check(c)
	if c.Name != "" && !nameText.MatchString(c.Name) {
		ps.Add("name", "allowed are up to 100 letters, digits and _ . -, beginning with a letter or digit")
	}
	if c.Checkpoint.Every < time.Second {
		ps.Add("checkpoint.every", "must be 1s or more")
	}
	return ps
}

// Spec is an experiment as described by a file: the common part and the kind's part, valid and
// complete.
type Spec struct {
	Common
	Kind   Kind
	Config Config

	inputs yamlconf.Inputs
}

// SweepKind is what a sweep file (package sweep) says in the place of a kind.
const SweepKind = "sweep"

// Faults are all faults of a configuration file, as an error, in its order. A Fault has
//
//	File, Set     string // the file, or the override "path=value"
//	Line          int    // from 1; 0 if the value does not stand in the file
//	Path, Value   string
//	Message       string // what is wrong and what is allowed
type (
	Faults = yamlconf.Errors
	Fault  = yamlconf.Issue
)

// Load reads an experiment file with overrides "path=value". What is wrong with it are Faults, as
// errors.As finds them. A file without a name gets the name of the file.
func (ks Kinds) Load(file string, overrides ...string) (*Spec, error) {
	return ks.load(file, false, overrides...)
}

func (ks Kinds) load(file string, closed bool, overrides ...string) (*Spec, error) {
	if IsRun(file) {
		config := filepath.Join(file, ConfigFile)
		return nil, Usagef("%s is the folder of a run: go on with it by spikealign resume %s, or run its experiment file again: spikealign run %s -o FOLDER", file, file, config)
	}
	data, err := yamlconf.ReadFile(file)
	if err != nil {
		return nil, Usagef("cannot read the experiment file: %v", err)
	}
	if yamlconf.Parse(file, data).Text("kind") == SweepKind {
		return nil, Usagef("%s is a sweep file; run it with: spikealign sweep %s", file, file)
	}
	return ks.parse(file, data, closed, overrides...)
}

// loadRun is Load of the experiment file in the folder of a run. A run keeps the numbers that it
// had from files; that the file names others is a Fault, so that a stranger's run can be looked at.
func (ks Kinds) loadRun(dir string, overrides ...string) (*Spec, error) {
	file := filepath.Join(dir, ConfigFile)
	if err := durable.Readable(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return ks.load(file, true, overrides...)
}

// Parse is Load for text that was read from the file of that name.
func (ks Kinds) Parse(file string, data []byte, overrides ...string) (*Spec, error) {
	return ks.parse(file, data, false, overrides...)
}

func (ks Kinds) parse(file string, data []byte, closed bool, overrides ...string) (*Spec, error) {
	doc := yamlconf.Parse(file, data)
	doc.Folder, doc.Closed = filepath.Dir(file), closed
	return ks.Decode(doc.With(overrides...), file)
}

// Decode is Parse for a document that was parsed already, with its overrides; file is what a run
// without a name is called after.
func (ks Kinds) Decode(doc *yamlconf.Document, file string) (*Spec, error) {
	s := &Spec{Common: settings.Default[Common]()}
	name := doc.Text("kind")
	if s.Kind = ks.Find(name); s.Kind == nil {
		// Which other keys are known depends on the kind.
		loose := *doc
		loose.AllowUnknown = true
		return nil, loose.Decode(&unknownKind{s.Common, ks})
	}
	s.Config = s.Kind.NewConfig()
	if err := doc.Decode(&s.Common, s.Config); err != nil {
		return nil, err
	}
	s.inputs = doc.Inputs()
	if s.Name == "" {
		s.Name = nameFrom(file)
	}
	return s, nil
}

// unknownKind decodes the common part of a file whose kind is missing or wrong.
type unknownKind struct {
	Common
	kinds Kinds
}

func (u *unknownKind) Validate() settings.Problems {
	ps := u.Common.Validate()
	if allowed := strings.Join(u.kinds.Names(), ", "); u.Common.Kind == "" {
		ps.Add("", "the key `kind` is missing; allowed: %s", allowed)
	} else {
		ps.Add("kind", "is not a kind of experiment; allowed: %s", allowed)
	}
	return ps
}

// nameFrom makes a name of a file's base name.
func nameFrom(file string) string {
	name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	name = regexp.MustCompile(`[^A-Za-z0-9_.-]+`).ReplaceAllString(name, "-")
	name = strings.TrimLeft(name, "_.-")
	if len(name) > 100 {
		name = name[:100]
	}
	if name == "" {
		return "run"
	}
	return name
}

// Find returns the kind of that name, or nil.
func (ks Kinds) Find(name string) Kind {
	for _, k := range ks {
		if k.Name() == name {
			return k
		}
	}
	return nil
}

// Names lists the kinds.
func (ks Kinds) Names() []string {
	names := make([]string, len(ks))
	for i, k := range ks {
		names[i] = k.Name()
	}
	return names
}

// Marshal writes the whole configuration as the experiment file of a run's folder; Parse of it
// gives the same Spec. Numbers that came from files are named as arrays of InputsFile.
func (s *Spec) Marshal() ([]byte, error) {
	head := fmt.Sprintf("%s\n\nThe whole configuration of this run, defaults written out. Repeat it: spikealign run experiment.yaml -o FOLDER", s.Kind.Doc())
	refer := func(i yamlconf.Input) yamlconf.Reference {
		return yamlconf.Reference{File: InputsFile, Array: i.Path, SHA256: i.SHA256}
	}
	return s.inputs.Marshal(head, refer, &s.Common, s.Config)
}

// Template writes an experiment file of that kind with every key at its default.
func (ks Kinds) Template(kind string) ([]byte, error) {
	s, err := ks.Parse(kind, []byte("kind: "+kind+"\n"))
	if err != nil {
		return nil, err
	}
	s.Name = "" // the copy's own
	head := fmt.Sprintf("%s\n\nEvery key with its default: a file needs only those that it changes, and kind. A list of numbers may come from a file: {file: a.npz, array: w} or {file: a.csv}. Run it: spikealign run FILE", s.Kind.Doc())
	return yamlconf.Marshal(head, &s.Common, s.Config)
}

// decisive is the text of the configuration without the keys that cannot change a result or the
// shape of a checkpoint.
func (s *Spec) decisive() (string, error) {
	c := s.Common
	c.Name, c.Description, c.Checkpoint = "", "", settings.Default[CheckpointConfig]()
	text, err := s.inputs.MarshalPlain(&c, s.Config)
	return string(text), err
}

// changed says in which line the configuration of a checkpoint, as decisive wrote it, differs from
// this one; "" if they give the same results. Settings that the text does not have, because the
// program did not have them, count with their defaults. The overrides are changes that were asked
// for.
func (s *Spec) changed(config string, overrides ...string) (string, error) {
	old, err := s.checkpointed(config, overrides...)
	if err != nil {
		return "", err
	}
	return s.Differs(old)
}

// checkpointed reads the configuration of a checkpoint of this kind.
func (s *Spec) checkpointed(config string, overrides ...string) (*Spec, error) {
	doc := yamlconf.Parse("checkpoint", []byte(config))
	doc.Unread = true
	if doc.Text("kind") != s.Kind.Name() {
		return nil, errBadCheckpoint
	}
	return Kinds{s.Kind}.Decode(doc.With(overrides...), "checkpoint")
}

// Differs says what differs between the configurations of two specs, as `it said ..., now it says
// ...`, or which numbers from a file do, and "" if they give the same results. Names, descriptions
// and checkpoint times do not count.
func (s *Spec) Differs(old *Spec) (string, error) {
	var changes, told []string
	for _, i := range s.inputs.List {
		for _, j := range old.inputs.List {
			if i.Path == j.Path && i.SHA256 != j.SHA256 {
				from := ""
				if i.File != "" {
					from = ", from " + i.File + ","
				}
				changes = append(changes, fmt.Sprintf("the numbers of %s%s are others than they were", i.Path, from))
				told = append(told, i.Path)
			}
		}
	}
	a, err := old.decisive()
	if err != nil {
		return "", err
	}
	b, err := s.decisive()
	if err != nil || a == b {
		return "", err
	}
	changes = append(changes, changesOf(a, b, told...)...)
	if changes == nil {
		changes = []string{"only spaces differ"}
	}
	return tell(changes), nil
}
