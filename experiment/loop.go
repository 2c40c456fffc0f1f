package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"spikealign/internal/durable"
)

// Execute runs an experiment from its beginning to its end in a folder of its own. If ctx ends or
// the time limit is reached, it saves a checkpoint and returns *Stopped. An error that wraps
// ErrUsage has changed nothing on disk.
func Execute(ctx context.Context, o Options) (Result, error) {
	l := &loop{Session: o.Session.defaults()}
	defer l.close()
	if err := l.build(o.Spec); err != nil {
		return Result{}, err
	}
	if err := l.claim(o); err != nil {
		return Result{}, err
	}
	if o.Begin != nil {
		o.Begin(l.dir)
	}
	return l.from(ctx, true)
}

// Resume continues the run in dir from its last checkpoint, or from the beginning if it was killed
// before the first. A finished run is left as it is: Result.Already. It is an error that wraps
// ErrUsage if the configuration in the folder is not that of the run any more.
func (ks Kinds) Resume(ctx context.Context, dir string, s Session) (Result, error) {
	return ks.resume(ctx, dir, 0, s)
}

// Prolong continues the run in dir, finished or not, to more epochs than its configuration says,
// which then says this number. Nothing has changed if the error wraps ErrUsage.
func (ks Kinds) Prolong(ctx context.Context, dir string, epochs int64, s Session) (Result, error) {
	if epochs < 1 {
		return Result{}, Usagef("a run cannot go on to %d epochs", epochs)
	}
	return ks.resume(ctx, dir, epochs, s)
}

func (ks Kinds) resume(ctx context.Context, dir string, epochs int64, s Session) (Result, error) {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() || !IsRun(dir) {
		return Result{}, Usagef("%s is not the folder of a run: there is no %s in it", dir, ConfigFile)
	}
	l := &loop{Session: s.defaults(), dir: dir}
	if err := l.lock(); err != nil {
		return Result{}, err
	}
	defer l.close()
	info, err := ReadInfo(dir)
	switch {
	case errors.Is(err, os.ErrNotExist): // killed in its first moment
	case err != nil:
		// It may stand for a finished run, whose results must not be replaced unasked.
		return Result{}, fmt.Errorf("%w; put it back, or delete this file and resume to go on from the last checkpoint, or from the beginning if there is none", err)
	case info.Status == Done && epochs == 0:
		if err := (&Folder{dir, info}).Unchanged(ks); err != nil {
			return Result{}, err
		}
		return Result{Dir: dir, Info: info, Already: true}, removeLeftovers(dir)
	}
	spec, err := ks.loadRun(dir)
	if err != nil {
		if info.Status == Failed && info.Error == replaced { // between its inputs and its configuration
			return Result{}, Usagef("in %s %s and was stopped at once; give the command of that one again, with --force", dir, replaced)
		}
		return Result{}, err
	}
	if err := (&Folder{dir, info}).sameKind(spec); err != nil {
		return Result{}, err
	}
	if epochs > 0 {
		if spec, l.prolong, err = ks.prolonged(dir, spec, epochs); err != nil {
			return Result{}, err
		}
	}
	if err := l.build(spec); err != nil {
		return Result{}, err
	}
	l.info.Sessions = info.Sessions
	if !info.Start.IsZero() {
		l.info.Start = info.Start
	}
	return l.resume(ctx)
}

// loop is one session of one run.
type loop struct {
	Session
	spec   *Spec
	dir    string
	source *Source // the run to begin from, or nil
	run    Run
	facts  Facts
	rec    *recorder
	tables []Table
	csv    []*growing
	info   Info
	config string // Spec.decisive
	unlock func()
	folder durable.Folder // when it was locked

	begin   time.Time     // of the session
	cpu0    time.Duration // at its begin
	wallSum float64       // of earlier sessions
	cpuSum  float64
	saved   time.Time // last checkpoint
	told    time.Time // last run.json
	synced  time.Time // last sync of the tables
	row     []byte
	state   []byte
	meter   meter
	noLock  bool   // the file system has none
	prolong string // the override with more epochs, if they are asked for
}

// build makes the run at its beginning. It touches no file.
func (l *loop) build(spec *Spec) (err error) {
	l.begin, l.cpu0 = l.Now(), l.CPU()
	if err := l.findSource(spec); err != nil {
		return err
	}
	l.spec = spec
	if l.config, err = spec.decisive(); err != nil {
		return err
	}
	l.rec = &recorder{spikes: spec.Record.Spikes, inPlace: l.inPlace}
	l.meter.perThread = l.PerThread
	env := Env{Seed: spec.Seed, Sink: l.rec, Spikes: spec.Record.Spikes, From: l.source, Data: l.Data, Threads: l.Threads, meter: &l.meter}
	if l.run, err = spec.Config.New(env); err != nil {
		if from, path := spec.From(); l.source != nil && errors.Is(err, ErrUsage) {
			return fmt.Errorf("%s = %s: %w", path, from, err)
		}
		return err
	}
	l.facts = l.run.Facts()
	l.rec.replicas = max(l.facts.Replicas, 1)
	l.tables = l.run.Tables()
	if len(l.tables) == 0 || l.tables[0].Name != "metrics" {
		panic("experiment: the first table of " + spec.Kind.Name() + " is not metrics")
	}
	host, _ := os.Hostname()
	l.info = Info{Format: infoFormat, Kind: spec.Kind.Name(), Name: spec.Name, Description: spec.Description, Seed: spec.Seed, Program: l.Program,
		Platform: runtime.GOOS + "/" + runtime.GOARCH + " " + runtime.Version(), Host: host, PID: os.Getpid(), Every: spec.Checkpoint.Every.Seconds(), Start: l.begin.UTC().Round(time.Second)}
	l.info.Inputs = spec.inputInfo(l.dir)
	if l.source != nil {
		l.info.From = &l.source.Info
	}
	for _, t := range l.tables {
		ti := TableInfo{Name: t.Name}
		for _, c := range t.Columns {
			ti.Columns = append(ti.Columns, ColumnInfo(c))
		}
		l.info.Tables = append(l.info.Tables, ti)
	}
	return nil
}

func (l *loop) close() {
	for _, g := range l.csv {
		g.close()
	}
	if l.rec != nil {
		l.rec.close()
	}
	if l.run != nil {
		if err := l.run.Close(); err != nil {
			l.Log.Warn("the run did not close", "error", err)
		}
	}
	if l.unlock != nil {
		l.unlock()
	}
}

func (l *loop) path(elem ...string) string { return filepath.Join(append([]string{l.dir}, elem...)...) }

// resume loads the checkpoint and goes on.
func (l *loop) resume(ctx context.Context) (Result, error) {
	if _, err := durable.Sweep(l.dir); err != nil {
		return Result{}, err
	}
	id, payload, err := durable.LoadCheckpoint(l.path(CheckpointFile))
	if errors.Is(err, os.ErrNotExist) {
		l.Log.Info("no checkpoint yet: starting from the beginning", "folder", l.dir)
		return l.from(ctx, false)
	}
	if err != nil {
		return Result{}, l.damaged(err)
	}
	var h header
	state, err := h.decode(payload)
	if err != nil {
		return Result{}, l.damaged(err)
	}
	if h.Format != checkpointFormat {
		return Result{}, Usagef("%s was written by version %s, which keeps checkpoints of another form; resume with that program, or delete the checkpoint and resume to start from the beginning",
			l.path(CheckpointFile), id.Program)
	}
	var more []string
	if l.prolong != "" {
		more = append(more, l.prolong)
	}
	change, err := l.spec.changed(h.Config, more...)
	switch {
	case err != nil || id.Kind != l.spec.Kind.Name():
		return Result{}, l.damaged(errBadCheckpoint)
	case h.State != l.spec.Kind.StateVersion():
		return Result{}, Usagef("%s was written by version %s, whose %s experiments compute other numbers or keep another state (version %d, here %d); resume with that program, or delete the checkpoint and resume to start from the beginning",
			l.path(CheckpointFile), id.Program, id.Kind, h.State, l.spec.Kind.StateVersion())
	case change != "":
		return Result{}, Usagef("%s was changed since the checkpoint: %s; put it back (or %s, if that is from another run), or run the changed file in another folder: spikealign run %s -o FOLDER%s",
			l.path(ConfigFile), change, l.path(CheckpointFile), l.path(ConfigFile), l.spec.onlyMore(h.Config, l.dir))
	case h.Bare:
		return Result{}, l.damaged(errors.New("it is that of a finished run, whose state was not kept"))
	}
	l.info.Earlier, l.info.Ends = h.Earlier, h.Ends
	if id.Program != l.Program {
		l.Log.Warn("the checkpoint was written by another version of the program; state and numbers are the same by its own account", "checkpoint", id.Program, "now", l.Program)
		l.info.Earlier = append(l.info.Earlier, id.Program)
	}
	l.info.Start, l.wallSum, l.cpuSum = h.Start, h.Wall, h.CPU
	if err := l.run.UnmarshalBinary(state); err != nil {
		return Result{}, l.damaged(err)
	}
	if len(h.Tables) != len(l.tables) {
		return Result{}, l.damaged(errBadCheckpoint)
	}
	// Nothing is cut before everything is known to be whole: of a run that cannot be resumed, all
	// rows of the tables stay. What partial/ holds beyond the checkpoint is of no use to anybody
	// and is not read twice.
	for k, t := range l.tables {
		if err := durable.Verify(l.path(t.Name+".csv"), h.Tables[k]); err != nil {
			return Result{}, l.damaged(err)
		}
	}
	if err := l.unfinish(h.Recorder); err != nil {
		return Result{}, l.undo(err)
	}
	if err := l.rec.restore(l.path(PartialDir), h.Recorder); err != nil {
		return Result{}, l.undo(l.damaged(err))
	}
	for k, t := range l.tables {
		g, err := reopen(l.path(t.Name+".csv"), h.Tables[k])
		if err != nil {
			return Result{}, l.undo(l.damaged(err))
		}
		l.csv = append(l.csv, g)
	}
	if len(h.Latest) == len(l.tables[0].Columns) {
		for k, c := range l.tables[0].Columns {
			cell := c.cell(Value{})
			if json.Unmarshal(h.Latest[k], &cell.Value) == nil {
				l.info.Latest = append(l.info.Latest, cell)
			}
		}
	}
	l.hook("restored")
	if l.prolong != "" {
		if err := l.goOn(h.Config); err != nil {
			return Result{}, l.undo(l.remedy(err))
		}
	}
	return l.loop(ctx)
}

// undo leaves a finished run that does not go on to more epochs, because of err, as it was.
func (l *loop) undo(err error) error {
	if isDone(l.dir) {
		l.rec.close()
		if err := removeLeftovers(l.dir); err != nil {
			l.Log.Warn("what the run does not need could not be removed", "error", err)
		}
	}
	return err
}

// damaged says how to go on without the checkpoint, unless it may be whole and only out of reach.
func (l *loop) damaged(err error) error {
	var refused *durable.FileError
	if errors.As(err, &refused) {
		return l.remedy(err)
	}
	if l.prolong != "" { // it may be that of a finished run, which must not be lost
		return fmt.Errorf("cannot go on from the checkpoint: %w; nothing was changed; %s", err, runAnew(l.dir, l.prolong))
	}
	return fmt.Errorf("cannot go on from the checkpoint: %w; to start from the beginning, delete %s and resume again", err, l.path(CheckpointFile))
}

// from begins at the beginning in the claimed folder; a new run writes its configuration first.
func (l *loop) from(ctx context.Context, isNew bool) (Result, error) {
	if isNew {
		// They must be there when the configuration names them.
		if len(l.spec.inputs.List) > 0 {
			if err := l.spec.writeInputs(l.path(InputsFile)); err != nil {
				return Result{}, fmt.Errorf("%w; then run the experiment again", err)
			}
			l.hook("inputs")
		}
		text, err := l.spec.Marshal()
		if err != nil {
			return Result{}, err
		}
		if err := writeFile(l.path(ConfigFile), text); err != nil {
			if there, readErr := durable.ReadFile(l.path(ConfigFile)); readErr == nil && bytes.Equal(there, text) {
				return Result{}, l.remedy(err)
			}
			// There is nothing to resume yet.
			return Result{}, fmt.Errorf("%w; then run the experiment again", err)
		}
		l.hook("configuration")
		if old := l.path(InputsFile); len(l.spec.inputs.List) == 0 && IsInputs(old) {
			if err := durable.Remove(old); err != nil {
				return Result{}, l.remedy(err)
			}
		}
	}
	if err := l.keepSource(); err != nil {
		return Result{}, l.remedy(err)
	}
	if err := l.begins(); err != nil {
		return Result{}, l.remedy(err)
	}
	return l.loop(ctx)
}

func (l *loop) begins() error {
	if err := l.inPlace(); err != nil {
		return err
	}
	if err := durable.MakeFolder(l.path(PartialDir)); err != nil {
		return err
	}
	l.hook("partial")
	for _, t := range l.tables {
		g, err := create(l.path(t.Name + ".csv"))
		if err != nil {
			return err
		}
		l.csv = append(l.csv, g)
		l.hook("table")
		b := l.row[:0]
		for k, c := range t.Columns {
			if k > 0 {
				b = append(b, ',')
			}
			b = Text(c.Name).appendCSV(b)
		}
		if err := g.write(append(b, '\n')); err != nil {
			return err
		}
		if err := g.sync(); err != nil {
			return err
		}
		l.hook("header")
	}
	return l.rec.open(l.path(PartialDir))
}

// loop advances to the end, or to a checkpoint.
func (l *loop) loop(ctx context.Context) (Result, error) {
	l.info.Engine, l.info.Facts = l.facts.Engine, l.facts.More
	l.info.Sessions++
	var err error
	if l.info.Config, err = sumOf(l.path(ConfigFile)); err != nil {
		return Result{}, err
	}
	if err := l.writeInfo(Running); err != nil {
		return Result{}, l.remedy(err)
	}
	if l.TimeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, l.TimeLimit, &Stopped{l.dir, fmt.Sprintf("time limit of %v reached", l.TimeLimit)})
		defer cancel()
	}
	l.saved = l.Now()
	l.observe()
	for {
		slice, cancel := context.WithTimeout(ctx, l.Slice)
		report, err := l.run.Advance(slice)
		cancel()
		if err == io.EOF {
			if err := l.finish(); err != nil {
				return Result{}, l.fail(err)
			}
			return Result{Dir: l.dir, Info: l.info}, nil
		}
		if err == nil {
			err = l.append(report)
		}
		if err != nil {
			return Result{}, l.fail(err)
		}
		l.observe()
		if ctx.Err() != nil {
			return Result{}, l.stop(ctx)
		}
		switch now := l.Now(); {
		case now.Sub(l.saved) >= l.spec.Checkpoint.Every:
			if err := l.checkpoint(); err != nil {
				return Result{}, l.fail(err)
			}
			if err := l.writeInfo(Running); err != nil {
				return Result{}, l.fail(err)
			}
		case now.Sub(l.told) >= tellEvery:
			// It is for those who look on. If the disk is full, what the run needs will tell.
			if err := l.writeInfo(Running); err != nil {
				l.Log.Warn("the progress could not be written", "error", err)
			}
		}
	}
}

// tellEvery is the wall time between two run.json of a run under way. They are synced as all files
// are: after a loss of power an empty one would keep Resume from its work.
const tellEvery = 10 * time.Second

func (l *loop) stop(ctx context.Context) error {
	if err := l.checkpoint(); err != nil {
		return l.fail(err)
	}
	if err := l.writeInfo(Interrupted); err != nil {
		return l.fail(err)
	}
	var s *Stopped
	if errors.As(context.Cause(ctx), &s) {
		return s
	}
	return &Stopped{l.dir, "interrupted"}
}

func (l *loop) observe() {
	if l.Observe != nil {
		l.Observe(Moment{Progress: l.run.Progress(), Latest: l.info.Latest})
	}
}

// append writes the rows of a report. A report counts once all its rows are on disk; whatever part
// of it a crash leaves behind is cut off by resume.
func (l *loop) append(report Report) error {
	touched := uint64(0)
	for _, row := range report {
		if row.Table < 0 || row.Table >= len(l.tables) || len(row.Values) != len(l.tables[row.Table].Columns) {
			panic(fmt.Sprintf("experiment: %s reports a row that does not fit table %d", l.spec.Kind.Name(), row.Table))
		}
		b := l.row[:0]
		for k, v := range row.Values {
			if k > 0 {
				b = append(b, ',')
			}
			b = v.appendCSV(b)
		}
		b = append(b, '\n')
		l.row = b
		if err := l.csv[row.Table].write(b); err != nil {
			return err
		}
		touched |= 1 << row.Table
		if row.Table == 0 {
			latest := make([]Cell, len(row.Values))
			for k, c := range l.tables[0].Columns {
				latest[k] = c.cell(row.Values[k])
			}
			l.info.Latest = latest
		}
	}
	// Rows are in the file at once. Some kinds report hundreds of times a second: the disk is asked
	// once a second at most, as what a loss of power takes comes back with resume.
	due := l.Now().Sub(l.synced) >= time.Second
	for k, g := range l.csv {
		if err := g.flush(); err != nil {
			return err
		}
		if due {
			if err := g.sync(); err != nil {
				return err
			}
		}
		if touched>>k&1 == 1 {
			l.hook("row")
		}
	}
	if due {
		l.synced = l.Now()
	}
	return nil
}

// checkpoint saves the whole state: first what the files hold is made durable, then the checkpoint
// that names their lengths replaces the old one.
func (l *loop) checkpoint() error { return l.save(false) }

// save writes the checkpoint, or one without the state.
func (l *loop) save(bare bool) error {
	if err := l.inPlace(); err != nil {
		return err
	}
	h := header{Format: checkpointFormat, State: l.spec.Kind.StateVersion(), Config: l.config,
		Start: l.info.Start, Earlier: l.info.Earlier, Ends: l.info.Ends, Bare: bare}
	h.Wall, h.CPU = l.used()
	for _, g := range l.csv {
		if err := g.sync(); err != nil {
			return err
		}
		h.Tables = append(h.Tables, g.mark())
	}
	var err error
	if h.Recorder, err = l.rec.state(); err != nil {
		return err
	}
	for _, c := range l.info.Latest {
		text, err := json.Marshal(c.Value)
		if err != nil {
			return err
		}
		h.Latest = append(h.Latest, text)
	}
	head, err := h.encode()
	if err != nil {
		return err
	}
	// A state may take a hundred megabytes: its room is kept for the next one.
	if l.state = l.state[:0]; !bare {
		if l.state, err = l.run.AppendBinary(l.state); err != nil {
			return err
		}
	}
	l.hook("before checkpoint")
	if err := durable.SaveCheckpoint(l.path(CheckpointFile), durable.Header{Kind: l.spec.Kind.Name(), Program: l.Program}, head, l.state); err != nil {
		return err
	}
	l.saved = l.Now()
	l.hook("checkpoint")
	return nil
}

// finish writes the results. The checkpoint before it holds the end of the run, so that a crash in
// here costs nothing.
func (l *loop) finish() error {
	if err := l.checkpoint(); err != nil {
		return err
	}
	if l.rec.spikes {
		if err := l.writeSpikes(); err != nil {
			return err
		}
		l.hook("spikes")
	}
	if err := l.writeArrays(); err != nil {
		return err
	}
	l.hook("arrays")
	for _, t := range l.tables {
		l.info.Files = append(l.info.Files, t.Name+".csv")
	}
	l.info.Files = append(l.info.Files, ArraysFile)
	if l.rec.spikes {
		l.info.Files = append(l.info.Files, SpikesFile)
	}
	if err := l.writeInfo(Done); err != nil {
		return err
	}
	// The run is finished, whatever becomes of what it does not need: Resume removes that, too.
	if !l.spec.Checkpoint.Keep {
		// The configuration is kept: by it Resume knows whether it was changed.
		if err := l.save(true); err != nil {
			l.Log.Warn("the state of the run could not be removed from its checkpoint", "error", err)
		}
	}
	l.rec.close()
	if err := removeLeftovers(l.dir); err != nil {
		l.Log.Warn("what the run does not need could not be removed", "error", err)
	}
	return nil
}

// fail records an error in run.json, as far as that is possible, and says how to go on.
func (l *loop) fail(err error) error {
	err = l.remedy(err)
	l.info.Error = err.Error()
	if werr := l.writeInfo(Failed); werr != nil {
		l.Log.Warn("the status could not be written", "error", werr)
	}
	return err
}

// remedy adds how to go on where the machine, not the experiment, is the cause.
func (l *loop) remedy(err error) error {
	var refused *durable.FileError
	if !errors.As(err, &refused) {
		return err
	}
	how := l.GoOn
	if how == "" {
		how = "spikealign resume " + l.dir
	}
	if _, epochs, ok := strings.Cut(l.prolong, "="); ok {
		how += " --epochs " + epochs
	}
	return fmt.Errorf("%w; then go on with: %s", err, how)
}

// used returns wall and CPU seconds over all sessions.
func (l *loop) used() (wall, cpu float64) {
	return l.wallSum + l.Now().Sub(l.begin).Seconds(), l.cpuSum + (l.CPU() - l.cpu0 + l.meter.used()).Seconds()
}

func (l *loop) writeInfo(status Status) error {
	i := &l.info
	i.Status, i.NoLock = status, l.noLock
	i.Wall, i.CPU = l.used()
	p := l.run.Progress()
	i.Done, i.Total, i.Unit, i.Steps, i.Spikes = p.Done, p.Total, p.Unit, p.Steps, p.Spikes
	i.Warnings = slices.Clone(l.run.Warnings())
	for _, e := range i.Ends {
		if !e.Regular {
			i.Warnings = append(i.Warnings, fmt.Sprintf("the run had ended after %d epochs, with a report out of turn: what follows differs from a run that did not end there, and is as good", e.Epochs))
		}
	}
	if i.Warnings == nil {
		i.Warnings = []string{}
	}
	if i.Latest == nil {
		i.Latest = []Cell{}
	}
	l.told = l.Now()
	now := l.told.UTC().Round(time.Second)
	i.Updated = now
	i.End = nil
	if status != Running {
		i.End = &now
	}
	if status != Failed {
		i.Error = ""
	}
	return l.write(i)
}

// inPlace returns an error if the folder was removed or moved away: what stands at its path now may
// be the run of another process.
func (l *loop) inPlace() error {
	if !l.folder.Stands() {
		return fmt.Errorf("%s was removed or moved while the run was under way; if it is elsewhere now, go on there: spikealign resume FOLDER; else run the experiment again", l.dir)
	}
	return nil
}

func (l *loop) write(i *Info) error {
	if err := l.inPlace(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(l.path(InfoFile), append(text, '\n')); err != nil {
		return err
	}
	l.hook("info")
	return nil
}
