// Package sweep runs one experiment over a grid of parameter values.
//
// A sweep file holds a base experiment and a grid; every point of the grid is a member, an ordinary
// run in a folder of its own. A member depends on nothing but the base and its own coordinates, so
// that a grid may be extended or reordered: what is finished stays as it is.
//
// # The folder of a sweep
//
//	sweep.yaml        the sweep
//	members/NAME/     one run each (package experiment)
//	members.csv       coordinates, seed, status and last metrics of every member
//	inputs.npz        if it names files of numbers: what they held
//	summary.csv       median and quartiles of the metrics over the replicates of every condition
//
// # Examples
//
// In example_test.go a sweep is run, and its results are read.
package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"spikealign/experiment"
	"spikealign/internal/durable"
	"spikealign/internal/random"
	"spikealign/internal/yamlconf"
	"spikealign/settings"
)

// Names of the files in a sweep's folder.
const (
	ConfigFile  = "sweep.yaml"
	MembersDir  = "members"
	MembersFile = "members.csv"
	SummaryFile = "summary.csv"
)

// NoFigure is what a sweep without a figure says in its place. The figures that there are depend on
// the kind of experiment and are known to those who draw them (package drawings).
const NoFigure = "none"

// maxMembers bounds a grid: more is a slip of the pen.
const maxMembers = 10000

// File is a sweep file.
type File struct {
	Kind        string       `yaml:"kind" doc:"sweep"`
	Name        string       `yaml:"name" doc:"name of the sweep: letters, digits, and _ . -"`
	Description string       `yaml:"description" doc:"what this sweep is for"`
	Experiment  yamlconf.Raw `yaml:"experiment" doc:"the base experiment, or {file: FILE} with the experiment file that it is; its seed keys the seeds of all members"`
	Set         []string     `yaml:"set" doc:"changes of the base experiment, path=value each"`
	Grid        []Axis       `yaml:"grid" doc:"the values that are combined, each with each"`
	Replicates  []string     `yaml:"replicates" doc:"paths of the grid that only repeat a condition (seeds)"`
	Figure      string       `yaml:"figure" default:"none" doc:"what is drawn at the end: comparison, a figure of the kind of experiment (noise for sampling), or none"`
}

// Axis is one parameter of the grid.
type Axis struct {
	Path   string `yaml:"path" doc:"dotted path in the experiment"`
	Values Values `yaml:"values" doc:"its values, or {from: X, to: Y, steps: N}, with log: true in equal ratios, with whole: true rounded to whole numbers"`
	Label  string `yaml:"label" doc:"how figures call it"`
}

var nameText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// Validate returns the problems of the sweep itself; those of the members are found by Parse.
func (f *File) Validate() settings.Problems {
	var ps settings.Problems
	bad := ps.Add
	if f.Kind != "sweep" {
		bad("kind", "must be sweep")
	}
	if f.Name != "" && !nameText.MatchString(f.Name) {
		bad("name", "allowed are up to 100 letters, digits and _ . -, beginning with a letter or digit")
	}
	if !strings.HasPrefix(string(f.Experiment), "{") {
		bad("experiment", "must be an experiment, keys and values, or {file: FILE}")
	}
	if len(f.Grid) == 0 {
		bad("grid", "needs at least one path with values")
	}
	members := 1
	paths := map[string]bool{}
	for k, a := range f.Grid {
		at := fmt.Sprintf("grid.%d.", k)
		if fault := a.fault(); fault != "" {
			bad(at+"path", "%s", fault)
		} else if paths[a.Path] {
			bad(at+"path", "stands in the grid twice")
		}
		paths[a.Path] = true
		if len(a.Values) == 0 {
			bad(at+"values", "needs at least one value")
		}
		seen := map[string]bool{}
		for i, v := range a.Values {
			c := string(v.WithNumbers(spell))
			if seen[c] {
				bad(fmt.Sprintf("%svalues.%d", at, i), "stands in the list twice")
			}
			seen[c] = true
		}
		if members <= maxMembers {
			members *= max(len(a.Values), 1)
		}
	}
	if members > maxMembers {
		bad("grid", "has more than %d members", maxMembers)
	}
	for k, r := range f.Replicates {
		if !paths[r] {
			bad(fmt.Sprintf("replicates.%d", k), "is not a path of the grid")
		}
	}
	return ps
}

// canonical is a value's text, the same for all ways to write a number. Names of members rest on
// it, so that a list stays as it is written.
func canonical(r yamlconf.Raw) string { return spell(string(r)) }

// spell is the one spelling of a number, and any other text itself.
func spell(s string) string {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	if _, err := strconv.ParseUint(s, 10, 64); err == nil {
		return s
	}
	if x, err := strconv.ParseFloat(s, 64); err == nil {
		if x == 0 {
			return "0"
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return s
}

// Sweep is a sweep with all its members.
type Sweep struct {
	File
	Base    experiment.Kind // of the base experiment
	Members []Member        // in the order of the grid, the last path fastest
	kinds   experiment.Kinds
	base    *baseDocument
	seed    uint64 // of the base experiment
	file    string // where it was read, and its text
	data    []byte
	place   experiment.Place // of files of numbers
	spelled [][]spelled      // by axis and value
}

// spelled is a value of the grid in its spellings.
type spelled struct {
	name  string // canonical
	table string // as Member.Values has it
}

// Fault returns an error at a path of the sweep file, with its line: something is wrong with the
// sweep that only others than this package can know.
func (s *Sweep) Fault(path, message string) error {
	return placed(s.file, s.data, settings.Problems{{Path: path, Message: message}})
}

// Member is one run of a sweep.
type Member struct {
	Name string
	// Values are the coordinates, one per path of the grid. Numbers, also those in lists, are
	// spelled as in every table: the shortest form that strconv's format g has for them (0.001,
	// 1e-05).
	Values []string
	Seed   uint64 // 0 in an Outline

	sweep *Sweep
	point int32  // of the grid
	from  bool   // begins from another run
	once  string // the name that earlier versions gave it, where that is another one
}

// Spec makes the configuration of the member. It is made at each call, in some tenths of a
// millisecond, and not kept: a sweep of ten thousand would hold ten thousand. There can be an error
// only in an Outline, whose members were not checked: Faults.
func (m Member) Spec() (*experiment.Spec, error) {
	spec, _, err := m.sweep.spec(m.sweep.index(int(m.point)))
	if err != nil {
		return nil, fmt.Errorf("make the configuration of %s: %w", m.Name, err)
	}
	spec.Name = m.Name
	return spec, nil
}

// IsSweep reports whether dir is the folder of a sweep.
func IsSweep(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, ConfigFile))
	return err == nil
}

// Load reads a sweep file, or the one in the folder of a sweep, with changes "path=value" of the
// base experiment. Every member is checked. Faults are experiment.Faults, all of them; the sweep is
// returned beside them, without members, if the kind of its base is known, so that others can look
// for more. An error that wraps experiment.ErrUsage says that the file cannot be read.
func Load(kinds experiment.Kinds, file string, overrides ...string) (*Sweep, error) {
	return load(kinds, file, false, nil, overrides...)
}

// Read is Load of the folder of a sweep for whoever looks at its results. The folder may be a
// stranger's: no file outside of it is read, and one that the sweep names must have been kept.
func Read(kinds experiment.Kinds, dir string) (*Sweep, error) { return load(kinds, dir, true, nil) }

// LoadMembers is Load of the folder of a sweep for the members of these names only, in this order.
// It takes the time that these need. The error wraps experiment.ErrUsage if there is no such
// member.
func LoadMembers(kinds experiment.Kinds, dir string, names []string) (*Sweep, error) {
	place := map[string]int{}
	for k, name := range names {
		place[name] = k
	}
	s, err := load(kinds, dir, false, func(m *Member) bool {
		if _, isOnce := place[m.once]; isOnce {
			m.Name, m.once = m.once, ""
		}
		_, wanted := place[m.Name]
		return wanted
	})
	if err != nil {
		return nil, err
	}
	s.Members = slices.DeleteFunc(s.Members, func(m Member) bool { _, wanted := place[m.Name]; return !wanted })
	slices.SortFunc(s.Members, func(a, b Member) int { return cmp.Compare(place[a.Name], place[b.Name]) })
	if len(s.Members) != len(place) {
		return nil, experiment.Usagef("%s has not all of these members: %s", dir, strings.Join(names, ", "))
	}
	return s, nil
}

// Outline is Read without a check of the members, and so without their seeds: it takes little time.
func Outline(kinds experiment.Kinds, dir string) (*Sweep, error) {
	return load(kinds, dir, true, func(*Member) bool { return false })
}

// load is Load, or Read if it is closed, with only those members checked that want accepts; nil
// accepts all.
func load(kinds experiment.Kinds, file string, closed bool, want func(*Member) bool, overrides ...string) (*Sweep, error) {
	if st, err := os.Stat(file); err == nil && st.IsDir() {
		file = filepath.Join(file, ConfigFile)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			if dir := filepath.Dir(file); experiment.IsRun(dir) {
				return nil, experiment.Usagef("%s is the folder of a run; go on with it: spikealign resume %s", dir, dir)
			}
			return nil, experiment.Usagef("%s is not the folder of a sweep: there is no %s in it", filepath.Dir(file), ConfigFile)
		}
		if err := durable.Readable(file); err != nil {
			return nil, err
		}
	}
	data, err := yamlconf.ReadFile(file)
	if err != nil {
		return nil, experiment.Usagef("cannot read the sweep file: %v", err)
	}
	if kinds.Find(yamlconf.Parse(file, data).Text("kind")) != nil {
		return nil, experiment.Usagef("%s is an experiment file; run it with: spikealign run %s", file, file)
	}
	return parseSome(kinds, file, data, closed, want, overrides...)
}

// Parse is Load for text that was read from the file of that name.
func Parse(kinds experiment.Kinds, file string, data []byte, overrides ...string) (*Sweep, error) {
	return parseSome(kinds, file, data, false, nil, overrides...)
}

func parseSome(kinds experiment.Kinds, file string, data []byte, closed bool, want func(*Member) bool, overrides ...string) (*Sweep, error) {
	s := &Sweep{File: settings.Default[File](), kinds: kinds, file: file, data: data}
	doc := yamlconf.Parse(file, data)
	err := changesAsList(doc, doc.Decode(&s.File))
	inFile := len(s.Set)
	for _, o := range overrides {
		s.Set = append(s.Set, yamlconf.AbsoluteFiles(o))
	}
	s.place.Folder, s.place.Closed = filepath.Dir(file), closed
	if filepath.Base(file) == ConfigFile {
		if err := s.place.Restore(filepath.Join(s.place.Folder, experiment.InputsFile), sumOf(data)); err != nil {
			return nil, experiment.Usagef("cannot read what the sweep keeps of its files: %v; put the file back, or move it away if it is not of this sweep", err)
		}
	}
	if s.Name == "" {
		s.Name = "sweep"
		if base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)); nameText.MatchString(base) {
			s.Name = base
		}
	}
	var baseErr error
	if s.base, baseErr = s.readBase(doc); s.base == nil {
		return nil, yamlconf.Join(err, baseErr)
	}
	for _, a := range s.Grid {
		var values []spelled
		for _, v := range a.Values {
			values = append(values, spelled{canonical(v), v.WithNumbers(spell).Text()})
		}
		s.spelled = append(s.spelled, values)
	}
	// Of a grid with faults the rest is still looked at, so that all faults are told at once.
	wrong := faults{sweep: s, inFile: inFile, base: s.base, whole: err == nil}
	errors.As(err, &wrong.before)
	for k, index := range s.points() {
		m, err := s.member(k, index, want)
		var problems yamlconf.Errors
		switch {
		case errors.As(err, &problems):
			wrong.add(index, problems)
		case err != nil:
			return nil, err
		}
		s.Members = append(s.Members, m)
	}
	if err := yamlconf.Join(err, wrong.issues(file, data)); err != nil {
		if s.Members = nil; s.Base == nil {
			return nil, err
		}
		return s, err
	}
	return s, nil
}

// changesAsList makes the fault of changes that are no list, such as set: {training.epochs: 20},
// show the list to write, [training.epochs=20].
func changesAsList(doc *yamlconf.Document, err error) error {
	var list []string
	if set := doc.Under("set"); set != nil {
		for _, path := range set.Keys() {
			value := set.Text(path)
			// What is nested or would need quotes is not spelled out.
			if value == "" || strings.ContainsAny(path+value, " ,:#[]{}'\"") {
				list = nil
				break
			}
			list = append(list, path+"="+value)
		}
	}
	if list == nil || len(list) > 3 {
		list = []string{"training.epochs=20"}
	}
	var issues yamlconf.Errors
	errors.As(err, &issues)
	for k := range issues {
		if i := &issues[k]; i.Path == "set" {
			i.Message = strings.Replace(i.Message, "[one, two]", "["+strings.Join(list, ", ")+"]", 1)
		}
	}
	return err
}

// baseDocument is the base experiment.
type baseDocument struct {
	*yamlconf.Document
	name   string // of its file
	inline bool   // in the sweep file
}

// readBase returns the base experiment, from the file that it is in, and makes s.Experiment its
// text; nil if there is none that can be read.
func (s *Sweep) readBase(doc *yamlconf.Document) (*baseDocument, error) {
	b := &baseDocument{Document: doc.Under(baseName), name: baseName, inline: true}
	if b.Document == nil {
		return nil, nil // File.Validate tells
	}
	below := ""
	if keys := b.Keys(); slices.Contains(keys, "file") {
		if len(keys) > 1 {
			return nil, s.Fault(baseName+".file", "stands alone under "+baseName+"; what is to differ from that file goes under set")
		}
		given := b.Text("file")
		if s.place.Closed {
			return nil, s.Fault(baseName+".file", "names a file outside of the folder, where the base experiment itself must stand")
		}
		name := given
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(s.file), name)
		}
		if experiment.IsRun(name) {
			return nil, s.Fault(baseName+".file", name+" is the folder of a run; its experiment file is "+filepath.Join(given, experiment.ConfigFile))
		}
		data, err := yamlconf.ReadFile(name)
		if err != nil {
			return nil, s.Fault(baseName+".file", fmt.Sprintf("cannot read the base experiment: %v", err))
		}
		b = &baseDocument{Document: yamlconf.Parse(name, data), name: name}
		if b.Text("kind") == experiment.SweepKind {
			return nil, s.Fault(baseName+".file", name+" is a sweep file; needed is an experiment file")
		}
		below = filepath.Dir(given)
		text, err := b.Raw()
		if err != nil {
			return nil, err
		}
		s.Experiment = text.FilesBelow(below)
	}
	s.place.Lend(b.Document, below)
	s.Base = s.kinds.Find(b.With(s.Set...).Text("kind"))
	return b, nil
}

// points returns the points of the grid, the last path fastest: for each axis the place of a value,
// or -1 if the axis has a fault of its own. Of a grid with too many points there is one for each
// value.
func (s *Sweep) points() (points [][]int) {
	first, members := make([]int, len(s.Grid)), 1
	seen := map[string]bool{}
	for k, a := range s.Grid {
		if a.fault() != "" || seen[a.Path] || len(a.Values) == 0 {
			first[k] = -1
			continue
		}
		seen[a.Path] = true
		if members <= maxMembers {
			members *= len(a.Values)
		}
	}
	if members > maxMembers {
		for k, a := range s.Grid {
			for i := range a.Values {
				if first[k] >= 0 {
					points = append(points, slices.Clone(first))
					points[len(points)-1][k] = i
				}
			}
		}
		return points
	}
	for index := slices.Clone(first); ; {
		points = append(points, slices.Clone(index))
		k := len(index) - 1
		for ; k >= 0; k-- {
			if index[k]++; index[k] > 0 && index[k] < len(s.Grid[k].Values) {
				break
			}
			index[k] = first[k]
		}
		if k < 0 {
			return points
		}
	}
}

// fault says what is wrong with the path of an axis; "" if nothing is.
func (a Axis) fault() string {
	switch {
	case a.Path == "" || strings.ContainsAny(a.Path, "= \t\n"):
		return "must be the dotted path of a value of the experiment"
	case a.Path == "name" || a.Path == "kind" || a.Path == "description":
		return "cannot be varied"
	}
	return ""
}

// index returns for each axis of a grid without faults the place of its value at a point, of which
// the last path counts fastest.
func (s *Sweep) index(point int) []int {
	index := make([]int, len(s.Grid))
	for k := len(index) - 1; k >= 0; k-- {
		n := len(s.Grid[k].Values)
		index[k], point = point%n, point/n
	}
	return index
}

// member makes the member at a point of the grid, unchecked and without seed if want does not
// accept it.
func (s *Sweep) member(point int, index []int, want func(*Member) bool) (Member, error) {
	m := Member{sweep: s, point: int32(point)}
	var key, name, once []string
	for k, a := range s.Grid {
		if index[k] < 0 {
			continue
		}
		v := s.spelled[k][index[k]].name
		m.Values = append(m.Values, s.spelled[k][index[k]].table)
		key = append(key, a.Path+"="+v)
		once = append(once, s.Short(k)+"-"+v)
		name = append(name, s.Short(k)+"-"+cleaned(Plain(v)))
	}
	// The order of the grid is no part of a member.
	slices.Sort(key)
	slices.Sort(name)
	slices.Sort(once)
	h := fnv.New64a()
	h.Write([]byte(strings.Join(key, "\n")))
	m.Name = strings.Join(name, "_")
	// What is left of a list is not all that it says, so that a name of one needs a number.
	if plain := strings.Join(once, "_"); m.Name != plain || !nameText.MatchString(plain) {
		m.Name = fmt.Sprintf("%.60s-%016x", m.Name, h.Sum64())
		m.once = fmt.Sprintf("%.60s-%016x", "m"+unclean.ReplaceAllString(plain, "-"), h.Sum64())
	}
	if want != nil && !want(&m) {
		return m, nil
	}
	spec, seed, err := s.spec(index)
	if err != nil {
		return m, err
	}
	s.seed, m.Seed = seed, spec.Seed
	folder, _ := spec.From()
	m.from = folder != ""
	return m, nil
}

// spec makes the configuration at a point of the grid, which has not yet the name of its member.
// seed is that of the base experiment.
func (s *Sweep) spec(index []int) (spec *experiment.Spec, seed uint64, err error) {
	overrides := slices.Clone(s.Set)
	var repeat []string
	for k, a := range s.Grid {
		if index[k] < 0 {
			continue
		}
		overrides = append(overrides, a.Path+"="+string(a.Values[index[k]]))
		if slices.Contains(s.Replicates, a.Path) {
			repeat = append(repeat, a.Path+"="+s.spelled[k][index[k]].name)
		}
	}
	slices.Sort(repeat) // the order of the grid is no part of a member
	if spec, err = s.kinds.Decode(s.base.With(overrides...), s.base.name); err != nil {
		return nil, 0, err
	}
	if seed = spec.Seed; !s.ownSeeds() {
		// Conditions differ by nothing but themselves: the replicates of one index begin alike in
		// all of them.
		r := fnv.New64a()
		r.Write([]byte(strings.Join(repeat, "\n")))
		stream := random.New(seed, random.MemberSeed, r.Sum64(), 0)
		spec.Seed = stream.Uint64()
	}
	return spec, seed, nil
}

// ownSeeds reports whether the grid gives the members their seeds.
func (s *Sweep) ownSeeds() bool {
	return slices.ContainsFunc(s.Grid, func(a Axis) bool { return a.Path == "seed" })
}

// cleaned is the text of a value with hyphens between what a name may have.
func cleaned(value string) string {
	return strings.ReplaceAll(strings.TrimSpace(unclean.ReplaceAllString(value, " ")), " ", "-")
}

// adopt lets the members that an earlier version began in a folder keep their names.
func (s *Sweep) adopt(dir string) {
	for k, m := range s.Members {
		if m.once != "" && experiment.IsRun(filepath.Join(dir, MembersDir, m.once)) {
			s.Members[k].Name, s.Members[k].once = m.once, ""
		}
	}
}

var unclean = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// Short is the name of the k-th path in names of members: its last part, or all of it where others
// end alike.
func (s *Sweep) Short(k int) string {
	last := func(p string) string { return p[strings.LastIndexByte(p, '.')+1:] }
	for j, a := range s.Grid {
		if j != k && last(a.Path) == last(s.Grid[k].Path) {
			return s.Grid[k].Path
		}
	}
	return last(s.Grid[k].Path)
}

// Conditions returns the indices into Grid of the paths that are not replicates.
func (s *Sweep) Conditions() []int {
	var ks []int
	for k, a := range s.Grid {
		if !slices.Contains(s.Replicates, a.Path) {
			ks = append(ks, k)
		}
	}
	return ks
}

// Narrowed returns the sweep with only those values of a path of its grid that keep accepts. The
// path is one of the grid.
func (s *Sweep) Narrowed(path string, keep func(value string) bool) (*Sweep, error) {
	part := s.File
	part.Grid = slices.Clone(s.Grid)
	for k := range part.Grid {
		if a := &part.Grid[k]; a.Path == path {
			a.Values = slices.DeleteFunc(slices.Clone(a.Values), func(v yamlconf.Raw) bool { return !keep(v.Text()) })
		}
	}
	text, err := part.Marshal()
	if err != nil {
		return nil, err
	}
	return Parse(s.kinds, s.file, text)
}

// MemberDir returns the folder of a member.
func MemberDir(dir string, m Member) string { return filepath.Join(dir, MembersDir, m.Name) }

// Marshal writes the sweep as a sweep file, the changes included.
func (f *File) Marshal() ([]byte, error) {
	return yamlconf.Marshal("A sweep. Go on with it: spikealign sweep FOLDER", f)
}
