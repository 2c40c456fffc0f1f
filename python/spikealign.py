"""Runs and sweeps of spikealign from Python: start them, follow them, read their results.

One file that needs numpy 1.20 or later and Python 3.9 or later; pandas only where a frame is
asked for. Copy it beside your script, or put its folder on PYTHONPATH. Reading needs nothing else;
starting needs the program `spikealign`: it is looked for at the argument `program`, at the
environment variable SPIKEALIGN, and on PATH.

    import spikealign

    run = spikealign.run("mine.yaml", set={"plasticity.rate_sal": 0}, out="runs/without")
    run = spikealign.open("runs/without")      # the same, later
    run.table()["dkl"]                         # a column of metrics.csv, in nats
    run.arrays["w"]                            # W[i, j]: synapse from neuron j to neuron i
    run.trains()[0]                            # the spikes of neuron 0, in simulation steps

Nothing is kept in memory: what is asked for is read from the folder, so that a run that is under
way shows what there is of it. Files, columns and units are described in docs/files.md.
"""

import builtins
import csv
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
import weakref
from collections.abc import Mapping

import numpy as np

__all__ = ["open", "find", "run", "start", "resume", "sweep", "call", "Run", "Sweep", "Table",
           "Arrays", "Spikes", "Handle", "Status", "ProgramError", "Stopped"]


# ------------------------------------------------------------------ reading

def open(folder):
    """Opens the folder of a run or of a sweep, finished or not: a Run or a Sweep.

    Raises FileNotFoundError if the folder holds neither.

    >>> spikealign.open("runs/mine")
    <Run runs/mine: sampling, seed 1, done, 2001 of 2001 epochs>
    """
    folder = pathlib.Path(folder)
    if (folder / "sweep.yaml").exists():
        return Sweep(folder)
    if (folder / "run.json").exists():
        return Run(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    hint = ", ".join(str(f.folder) for f in find(folder)[:5])
    raise FileNotFoundError(f"{folder} holds no run and no sweep"
                            + (f"; there are {hint}" if hint else ""))


def find(folder="runs"):
    """The runs and sweeps that stand in a folder, in the order of their names.

    >>> [found.folder.name for found in spikealign.find()]
    ['long', 'mine', 'noise', 'without']
    """
    return [open(f) for f in sorted(pathlib.Path(folder).iterdir())
            if (f / "sweep.yaml").exists() or (f / "run.json").exists()]


class Run:
    """The folder of a run.

    folder       its path
    coordinates  of a member of a sweep: the value of each path of the grid; else empty
    """

    def __init__(self, folder, coordinates=None):
        self.folder = pathlib.Path(folder)
        self.coordinates = dict(coordinates or {})

    def __repr__(self):
        i = self.info
        return (f"<Run {self.folder}: {i['kind']}, seed {i['seed']}, {self.status}, "
                f"{i['done']:g} of {i['total']:g} {i['unit']}>".replace("e+", "e"))

    @property
    def info(self):
        """run.json as it stands now, a dict: status, seed, program, steps, spikes, warnings, ..."""
        return json.loads((self.folder / "run.json").read_text(encoding="utf-8"))

    @property
    def status(self):
        """running, done, failed, interrupted; or killed: run.json says running, but the process is
        gone. (Only of a run on this machine; elsewhere `spikealign list` may know more.)"""
        info = self.info
        if info["status"] == "running" and info["host"] == socket.gethostname() \
                and os.name == "posix" and not _is_alive(info["pid"]):
            return "killed"
        return info["status"]

    @property
    def config_text(self):
        """experiment.yaml, the whole configuration with its comments."""
        return (self.folder / "experiment.yaml").read_text(encoding="utf-8")

    @property
    def config(self):
        """The whole configuration as dicts, lists, numbers, texts and None.

        >>> run = spikealign.open("runs/mine")
        >>> run.config["network"]["tau_ref"]                     # steps
        20
        """
        return _read_yaml(self.config_text, self.folder / "experiment.yaml")

    def setting(self, path):
        """One value of the configuration, by the dotted path that --set takes.

        Raises KeyError if there is no such value.

        >>> spikealign.open("runs/mine").setting("plasticity.rate_sal")
        0.01
        """
        value = self.config
        for key in path.split("."):
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (LookupError, TypeError, ValueError):
                known = f"; there are {', '.join(value)}" if isinstance(value, dict) else ""
                raise KeyError(f"no setting {path}: {key} is not there{known}") from None
        return value

    @property
    def tables(self):
        """Names of the tables: metrics, and what the kind has beside it."""
        return [t["name"] for t in self.info["tables"]]

    def table(self, name="metrics", as_frame=False):
        """The table NAME.csv as a Table, or as a pandas DataFrame. Units: Table.units.

        Of a run that is under way there are the rows so far; a last line that is not whole yet is
        left out. Raises KeyError if the run has no such table.

        >>> m = spikealign.open("runs/mine").table()
        >>> print(m["epoch"][-1], m.units["dkl"], f"{m['dkl'][-1]:.4f}")
        2000 nats 0.0217
        """
        columns = {t["name"]: t["columns"] for t in self.info["tables"]}
        if name not in columns:
            raise KeyError(f"{self.folder} has no table {name}; it has {', '.join(columns)}")
        path = self.folder / f"{name}.csv"
        if path.exists():
            table = Table._read(path)
        else:
            table = Table((c["name"], np.array([])) for c in columns[name])
        table.units = {c["name"]: c.get("unit", "") for c in columns[name]}
        table.docs = {c["name"]: c.get("doc", "") for c in columns[name]}
        return table.frame() if as_frame else table

    def units(self, name="metrics"):
        """The unit of each column of a table, "" where it has none."""
        return self.table(name).units

    @property
    def arrays(self):
        """arrays.npz, a mapping from names to arrays; each is read when it is asked for.

        Raises FileNotFoundError while the run is unfinished.

        >>> a = spikealign.open("runs/mine").arrays
        >>> a["weights"].shape               # reports, postsynaptic, presynaptic
        (11, 4, 4)
        """
        return Arrays(self._result("arrays.npz"))

    def spikes(self):
        """The recorded spikes: a Spikes.

        Raises FileNotFoundError while the run is unfinished and if spikes were not recorded
        (record.spikes).
        """
        info = self.info
        if info["status"] == "done" and "spikes.npz" not in info.get("files", []):
            raise FileNotFoundError(f"{self.folder} recorded no spikes; run it with the setting "
                                    "record.spikes true")
        return Spikes(self._result("spikes.npz"))

    def trains(self, unit="steps", replica=None):
        """The spike times of each neuron: Spikes.trains.

        >>> trains = spikealign.open("runs/mine").trains()
        >>> print(len(trains), min(np.diff(t).min() for t in trains))  # none below tau_ref
        4 20
        """
        return self.spikes().trains(unit, replica)

    @property
    def figures(self):
        """The pictures that were drawn, a dict from names to paths of PNG files."""
        return {p.stem: p for p in sorted((self.folder / "figures").glob("*.png"))}

    def resume(self, program=None, epochs=None):
        """Goes on from the last checkpoint to the end, and returns the run. Results are those of a
        run that was never stopped. Nothing happens to a finished run, unless epochs is their number
        in total to which it is to go on."""
        return resume(self.folder, program=program, epochs=epochs).wait()

    def _result(self, name):
        path = self.folder / name
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}: the run is {self.status}, "
                                    "and the file is written at its end")
        return path


class Table(dict):
    """A table of numbers: a dict from the names of columns to arrays, all of one length.

    units  the unit of each column, "" where it has none
    docs   what each column means

    Columns of whole numbers are int64 (uint64 where they need it), other numbers float64, bit for
    bit those that were computed; empty cells are NaN. Columns with words in them are texts, and
    bool if the words are true and false.
    """

    def __init__(self, *columns):
        super().__init__(*columns)
        self.units = dict.fromkeys(self, "")
        self.docs = dict.fromkeys(self, "")

    def frame(self):
        """The table as a pandas DataFrame, with units and docs in its attrs."""
        import pandas
        frame = pandas.DataFrame(dict(self))
        frame.attrs.update(units=dict(self.units), docs=dict(self.docs))
        return frame

    @property
    def rows(self):
        """Number of rows."""
        return len(next(iter(self.values()), ()))

    @classmethod
    def _read(cls, path):
        with builtins.open(path, encoding="utf-8", newline="") as f:
            text = f.read()
        text = text[:text.rfind("\n") + 1]  # a torn last line may look like a whole one
        while text.count('"') % 2:  # torn within a text of several lines
            text = text[:text.rfind("\n", 0, -1) + 1]
        head, *rows = list(csv.reader(text.splitlines(keepends=True))) or [[]]
        rows = [r for r in rows if len(r) == len(head)]
        return cls((name, _column([r[k] for r in rows])) for k, name in enumerate(head))


_whole = re.compile(r"[-+]?\d+")
_number = re.compile(r"[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|Inf)|NaN")


def _column(cells):
    if cells and all(map(_whole.fullmatch, cells)):
        values = [int(c) for c in cells]
        for dtype in (np.int64, np.uint64):
            if np.iinfo(dtype).min <= min(values) and max(values) <= np.iinfo(dtype).max:
                return np.array(values, dtype)
    if all(c == "" or _number.fullmatch(c) for c in cells):
        return np.array([float(c or "nan") for c in cells], np.float64)
    if set(cells) <= {"true", "false"}:
        return np.array([c == "true" for c in cells])
    return np.array(cells)


class Arrays(Mapping):
    """The arrays of an npz file by name, each read when it is asked for."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        with np.load(self.path) as z:
            self._names = list(z.files)

    def __getitem__(self, name):
        if name not in self._names:
            raise KeyError(f"{self.path} has no array {name}; it has {', '.join(self._names)}")
        with np.load(self.path) as z:
            return z[name]

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)

    def __repr__(self):
        return f"<Arrays {self.path}: {', '.join(self._names)}>"


class Spikes:
    """Recorded spikes, in the order of time (of each replica, where there are several).

    ticks         int64, ticks since the start of the run
    neuron        int32, who fired, from 0
    replica       int32, in which copy of the network; None where there is one
    neurons       how many neurons there are, silent ones included
    tick_steps    simulation steps per tick: 1, or 2^-20 in continuous time
    step_seconds  seconds per step; None where a step has no physical duration
    seed          of the run

    >>> s = spikealign.open("runs/mine").spikes()
    >>> print(len(s), s.time.dtype, s.seconds)
    4027287 int64 None
    """

    def __init__(self, path):
        a = Arrays(path)
        self.ticks, self.neuron = a["time"], a["neuron"]
        self.replica = a["replica"] if "replica" in a else None
        self.neurons, self.seed = int(a["neurons"]), int(a["seed"])
        self.tick_steps = float(a["tick_steps"])
        self.step_seconds = float(a["step_seconds"]) or None

    def __len__(self):
        return len(self.ticks)

    @property
    def time(self):
        """Times in simulation steps: int64 in discrete time, float64 in continuous time."""
        return self.ticks if self.tick_steps == 1 else self.ticks * self.tick_steps

    @property
    def seconds(self):
        """Times in seconds; None where a step has no physical duration."""
        return None if self.step_seconds is None else self.time * self.step_seconds

    def trains(self, unit="steps", replica=None):
        """The spike times of each neuron: a list of arrays, in steps or in seconds.

        Where there are several replicas, one must be chosen.
        """
        if unit not in ("steps", "seconds"):
            raise ValueError(f"unit {unit!r} is neither steps nor seconds")
        t, neuron = self.time if unit == "steps" else self.seconds, self.neuron
        if t is None:
            raise ValueError("a step of this run has no duration in seconds")
        if self.replica is not None:
            if replica is None:
                raise ValueError(f"choose a replica, 0 to {self.replica.max(initial=0)}")
            chosen = self.replica == replica
            t, neuron = t[chosen], neuron[chosen]
        order = np.argsort(neuron, kind="stable")
        ends = np.searchsorted(neuron[order], np.arange(1, self.neurons))
        return np.split(t[order], ends)

    def frame(self):
        """A pandas DataFrame with time (steps), neuron, and replica where there are several."""
        import pandas
        columns = {"time": self.time, "neuron": self.neuron, "replica": self.replica}
        return pandas.DataFrame({k: v for k, v in columns.items() if v is not None})


class Sweep:
    """The folder of a sweep: one experiment over a grid of values.

    folder  its path

    members.csv and summary.csv are written when a sweep begins, when members have ended, and at its
    end: before, members and summary raise FileNotFoundError.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def __repr__(self):
        return f"<Sweep {self.folder}>"

    @property
    def members(self):
        """A Table with one row per member: member, the paths of the grid, member_seed, status, and
        the last row of its metrics (NaN where there is none)."""
        return self._table("members.csv")

    @property
    def summary(self):
        """A Table with one row per condition: the paths of the grid that are no replicates, n
        (finished members), and M_median, M_q25, M_q75 of every metric M over them, or
        M_count, M_of of one that is counted.

        >>> s = spikealign.open("runs/noise").summary
        >>> for sal, asymmetry in zip(s["plasticity.rate_sal"], s["asymmetry_median"]):
        ...     print(f"{sal:g} {asymmetry:.3f}")
        0 0.000
        0.01 0.000
        0 1.991
        0.01 0.025
        """
        return self._table("summary.csv")

    @property
    def axes(self):
        """The grid: a dict from dotted paths to lists of their values.

        >>> spikealign.open("runs/noise").axes
        {'initial.noise': [0, 1], 'plasticity.rate_sal': [0, 0.01], 'seeds.target': [1, 2, 3]}
        """
        axes = {}
        for run in self.runs(status=None):
            for path, value in run.coordinates.items():
                axes.setdefault(path, [])
                if value not in axes[path]:
                    axes[path].append(value)
        return axes

    def runs(self, where=None, status="done", **short):
        """The members as a list of Run, those with the given coordinates.

        where   a dict from dotted paths to values; a value may be a function that says which ones
        status  only members with this status; None: all, also those that have not begun
        short   the same as where, with the last part of a path

        Raises KeyError for a path, and ValueError for a value, that the grid does not have.

        >>> runs = spikealign.open("runs/noise").runs(noise=1, rate_sal=0.01)
        >>> print([run.coordinates["seeds.target"] for run in runs])
        [1, 2, 3]
        >>> dkl = np.stack([run.table()["dkl"] for run in runs])    # members, reports; nats
        >>> dkl.shape
        (3, 11)
        """
        cells = self._cells()
        paths = cells[0][1:cells[0].index("member_seed")]
        state = cells[0].index("status")
        runs = [(Run(self.folder / "members" / row[0],
                     dict(zip(paths, map(_flow, row[1:1 + len(paths)])))), row[state])
                for row in cells[1:]]
        wanted = dict(where or {})
        for name, value in short.items():
            named = [p for p in paths if p.rpartition(".")[2] == name]
            if len(named) > 1:
                raise KeyError(f"{name} may be {' or '.join(named)}: use where={{path: value}}")
            wanted[named[0] if named else name] = value
        for path, value in wanted.items():
            if path not in paths:
                raise KeyError(f"{path} is not in the grid of {self.folder}: {', '.join(paths)}")
            fits = value if callable(value) else lambda x, v=_plain(value): x == v
            chosen = [(r, s) for r, s in runs if fits(r.coordinates[path])]
            if not chosen and not callable(value):
                there = list(dict.fromkeys(str(r.coordinates[path]) for r, _ in runs))
                raise ValueError(f"{path} has no value {value} here, but {', '.join(there)}")
            runs = chosen
        return [r for r, s in runs if status in (None, s)]

    def __getitem__(self, member):
        """The member of this name, as a Run."""
        for run in self.runs(status=None):
            if run.folder.name == member:
                return run
        raise KeyError(f"{self.folder} has no member {member}")

    @property
    def figures(self):
        """The pictures that were drawn, a dict from names to paths of PNG files."""
        return {p.stem: p for p in sorted((self.folder / "figures").glob("*.png"))}

    def _path(self, name):
        path = self.folder / name
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}: it is written when the sweep begins")
        return path

    def _cells(self):
        with builtins.open(self._path("members.csv"), encoding="utf-8", newline="") as f:
            return list(csv.reader(f))

    def _table(self, name):
        table = Table._read(self._path(name))
        begun = [r for r in self.runs(status=None) if (r.folder / "run.json").exists()]
        if begun:
            columns = {c["name"]: c for t in begun[0].info["tables"][:1] for c in t["columns"]}
            for key in table:
                c = columns.get(key) or columns.get(re.sub("_(median|q25|q75)$", "", key), {})
                table.units[key], table.docs[key] = c.get("unit", ""), c.get("doc", "")
        return table


# ------------------------------------------------------------------ starting

class ProgramError(RuntimeError):
    """The program ended with an error.

    code     its exit code: 1 failed, 2 wrong usage or configuration, 75 stopped; below 0: the
             signal that ended it, negated
    message  what it said
    """

    def __init__(self, code, message):
        self.code, self.message = code, message
        super().__init__(f"{message or 'spikealign said nothing'} (exit code {code})")

    def __reduce__(self):
        return type(self), (self.code, self.message)


class Stopped(ProgramError):
    """The run was stopped with a checkpoint, by a signal or a time limit (exit code 75): resume
    goes on with it."""


def run(file, set=None, seed=None, out=None, program=None, force=False, time_limit=None):
    """Runs an experiment file, and returns the run when it is finished.

    set         settings to change, a dict from dotted paths to values: numbers, texts, lists,
                arrays, None
    seed        the same as the setting seed
    out         its folder; None: runs/NAME, or runs/NAME-2, ... if that is taken
    program     the program; None: SPIKEALIGN of the environment, or spikealign on PATH
    force       replace the run that out holds
    time_limit  stop with a checkpoint after this wall time, a text such as "90m"

    An interruption (Ctrl-C, or the stop button of a notebook) stops the run with a checkpoint.
    Warnings of the program become warnings of Python. Raises ProgramError with the program's
    message, and Stopped at the time limit.

    >>> run = spikealign.run("mine.yaml", {"training.epochs": 101}, seed=2, out="runs/short")
    >>> run.info["steps"]
    4990000
    """
    return _experiment(file, set, seed, out, program, force, time_limit).wait()


def start(file, out, set=None, seed=None, program=None, force=False, time_limit=None):
    """Starts an experiment file in the folder out, and returns a Handle at once.

    The other arguments are those of run. The run goes on if Python ends before it.

    >>> handle = spikealign.start("mine.yaml", "runs/followed", seed=3)
    >>> for status in handle.follow():
    ...     pass                         # print(status)
    >>> print(status)
    done, 2001 of 2001 epochs, dkl 0.019401, asymmetry 0.0085895
    """
    return _experiment(file, set, seed, out, program, force, time_limit)


def resume(folder, program=None, time_limit=None, epochs=None):
    """Goes on with a run that was stopped, or with any run to more epochs, their number in total,
    and returns a Handle at once."""
    options = [] if time_limit is None else ["--time-limit", str(time_limit)]
    options += [] if epochs is None else ["--epochs", str(epochs)]
    return Handle(["resume", os.fspath(folder), *options], folder, program)


def sweep(file, set=None, out=None, jobs=None, program=None):
    """Runs a sweep file, or goes on with the folder of a sweep, and returns the Sweep when it is
    finished. jobs is how many runs there are at a time (None: as many as processors). The other
    arguments, and what it raises, are those of run; set changes the experiment of all members."""
    options = _settings(set)
    options += [] if out is None else ["-o", os.fspath(out)]
    options += [] if jobs is None else ["--jobs", str(jobs)]
    return Handle(["sweep", os.fspath(file), *options], out, program).wait()


def call(*arguments, program=None):
    """Calls the program with any arguments, and returns what it prints: text, or with --json what
    the JSON stands for.

    >>> d = spikealign.call("stdd", "--w12", 1.5, "--w21", 0.5, "--json")
    >>> print(f"{d['drift12']:.4f} {d['drift21']:.4f}")
    -0.0772 0.0772
    """
    arguments = [str(a) for a in arguments]
    done = subprocess.run([_program(program), *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        raise ProgramError(done.returncode, done.stderr.strip())
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


class Status:
    """How far a run is.

    status  running, done, interrupted, failed
    done    of total, in unit; numbers, and text such as "epochs"
    latest  the last row of metrics.csv so far, a dict; empty before the first report
    """

    def __init__(self, status, done, total, unit, latest, headline):
        self.status, self.done, self.total, self.unit = status, done, total, unit
        self.latest, self._headline = latest, headline

    @property
    def fraction(self):
        """How much is done, from 0 to 1."""
        return self.done / self.total if self.total else 0.0

    def __str__(self):
        parts = [self.status, f"{self.done} of {self.total} {self.unit}".rstrip()]
        parts += [f"{name} {self.latest[name]:.5g}" for name in self._headline
                  if isinstance(self.latest.get(name), (int, float))]
        return ", ".join(parts)

    __repr__ = __str__

    def __eq__(self, other):
        return str(self) == str(other) and str(self.latest) == str(other.latest)


class Handle:
    """A run that was started.

    folder   its folder; None where the program chooses it
    process  the subprocess.Popen

    As a context (with ... as handle) it stops the run, with a checkpoint, if the block ends before
    it.
    """

    def __init__(self, arguments, folder, program=None):
        self.folder = None if folder is None else pathlib.Path(folder)
        self._program = _program(program)
        self._before = self._session()
        # Files, not pipes: the run need not care whether Python is still there.
        self._streams = tempfile.mkdtemp(prefix="spikealign-")
        weakref.finalize(self, shutil.rmtree, self._streams, ignore_errors=True)
        command = [self._program, *arguments, "--json", "--progress", "200ms"]
        with builtins.open(self._stream("out"), "wb") as out, \
                builtins.open(self._stream("err"), "wb") as err:
            # A session of its own: Ctrl-C reaches the run once, through stop.
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, start_new_session=True)

    def __repr__(self):
        return f"<Handle {self.folder or ''}: {self.status()}>"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def status(self):
        """How far the run is now: a Status."""
        code = self.process.poll()
        name = {None: "running", 0: "done", 75: "interrupted"}.get(code, "failed")
        done, total, unit, latest, headline = 0, 0, "", {}, []
        said = self._text("err")
        for _, unit, done, total in _progress.findall(said[:said.rfind("\n") + 1]):
            done, total = int(done), int(total)
        if self.folder is not None and self._session() not in (None, self._before):
            run = Run(self.folder)
            info = run.info
            unit = info.get("unit", unit)
            if code is not None:
                done, total = int(info["done"]), int(info["total"])
            columns = info["tables"][0]["columns"] if info["tables"] else []
            headline = [c["name"] for c in columns if c.get("headline")]
            table = run.table() if columns else Table()
            if table.rows:
                latest = {k: v[-1].item() for k, v in table.items()}
        return Status(name, done, total, unit, latest, headline)

    def follow(self, every=1.0):
        """Yields a Status at the beginning, whenever something is new, asked for every so many
        seconds, and at the end. It does not raise if the run fails: wait does."""
        seen = None
        while True:
            ended = self.process.poll() is not None
            status = self.status()
            if ended or status != seen:
                yield status
            seen = status
            if ended:
                return
            try:
                self.process.wait(every)
            except subprocess.TimeoutExpired:
                pass

    def wait(self, timeout=None):
        """Waits until the run is finished, and returns it as a Run (a sweep as a Sweep).

        Raises ProgramError if it fails, Stopped if it was stopped with a checkpoint, and
        subprocess.TimeoutExpired if it is still under way after timeout seconds.
        """
        try:
            code = self.process.wait(timeout)
        except KeyboardInterrupt:
            self._interrupt()
            self.process.wait()
            raise
        message = self._message()
        if code != 0:
            raise (Stopped if code == 75 else ProgramError)(code, message)
        for line in message.splitlines():
            if line.startswith("warning: "):
                warnings.warn(line[len("warning: "):], stacklevel=3)
        self.folder = pathlib.Path(json.loads(self._text("out"))["dir"])
        return open(self.folder)

    def stop(self):
        """Stops the run with a checkpoint, as Ctrl-C does, and returns it: interrupted, or done if
        the end came first. Raises ProgramError if it failed."""
        while self.folder is not None and self._session() in (None, self._before) \
                and self.process.poll() is None:
            time.sleep(0.01)  # before it has begun there is nothing to write a checkpoint of
        self._interrupt()
        try:
            return self.wait()
        except Stopped:
            return open(self.folder)

    def resume(self):
        """Goes on with the run after stop: a new Handle."""
        return resume(self.folder, self._program)

    def _interrupt(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def _stream(self, name):
        return os.path.join(self._streams, name)

    def _text(self, name):
        with builtins.open(self._stream(name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def _message(self):
        """What the program said besides its progress and where it writes."""
        lines = self._text("err").splitlines()
        return "\n".join(line for line in lines
                         if not _progress.match(line) and not _begin.match(line)).strip()

    def _session(self):
        """Tells the sessions of the runs apart that the folder holds one after the other."""
        try:
            info = Run(self.folder).info
        except (OSError, TypeError):
            return None
        return info.get("pid"), info.get("sessions"), info.get("start")


_progress = re.compile(r"^ *([\d.]+)%  (\w+) (\d+)/(\d+)\b.*$", re.MULTILINE)
_begin = re.compile(r"(.* exists; )?(writing to|going on in) ")


def _experiment(file, set, seed, out, program, force, time_limit):
    options = _settings(set)
    options += [] if seed is None else ["--seed", str(int(seed))]
    options += [] if out is None else ["-o", os.fspath(out)]
    options += [] if time_limit is None else ["--time-limit", str(time_limit)]
    options += ["--force"] if force else []
    return Handle(["run", os.fspath(file), *options], out, program)


def _settings(set):
    options = []
    for path, value in (set or {}).items():
        try:
            # JSON is YAML; JSON has no infinities, and neither has an experiment.
            text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as err:
            raise ValueError(f"{path} = {value!r} cannot be written: {err}") from None
        options += ["--set", f"{path}={text}"]
    return options


def _plain(value):
    """A value without numpy: numbers, texts, lists."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _program(given):
    name = given or os.environ.get("SPIKEALIGN") or "spikealign"
    path = shutil.which(os.fspath(name))
    if path is None:
        raise FileNotFoundError(
            f"there is no program {name}: make it with `go install ./cmd/spikealign`, and name it "
            "by the argument program, by the environment variable SPIKEALIGN, or have it on PATH")
    return os.path.abspath(path)


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


# ------------------------------------------------------------------ YAML
#
# Only what the program itself writes: blocks by two spaces, lists and maps in brackets, words,
# numbers, texts in double quotes, and | for texts of several lines.

def _read_yaml(text, name):
    reader = _Yaml(text)
    try:
        value = reader.block(0)
        if reader.k < len(reader.lines):
            raise ValueError("it stands too far to the left or right")
        return value
    except (IndexError, ValueError) as err:
        raise ValueError(f"{name}:{reader.k + 1}: not written by spikealign: {err}") from None


class _Yaml:
    def __init__(self, text):
        self.lines, self.k = text.splitlines(), 0

    def skip(self):
        """Goes to the next line that is neither blank nor a comment, and returns its indent (-1 at
        the end)."""
        while self.k < len(self.lines):
            line = self.lines[self.k].lstrip(" ")
            if line and not line.startswith("#"):
                return len(self.lines[self.k]) - len(line)
            self.k += 1
        return -1

    def block(self, indent):
        """The map or list whose lines begin at this column."""
        value = None
        while self.skip() == indent:
            line = self.lines[self.k][indent:]
            item = line == "-" or line.startswith("- ")
            if value is None:
                value = [] if item else {}
            if item != isinstance(value, list):
                raise ValueError("a list and a map in one place")
            if item:
                # What follows the dash is a line of its own, further to the right.
                self.lines[self.k] = " " * (indent + 2) + line[2:]
                if re.match(r"[\w.]+:( |$)|- ", line[2:]) or line == "-":
                    value.append(self.block(self.skip()))
                else:
                    value.append(self.value(line[2:], indent))
                continue
            key, colon, rest = line.partition(":")
            if not colon:
                raise ValueError(f"{line!r} has no key")
            value[_flow(key)] = self.value(rest.strip(), indent)
        return value

    def value(self, rest, indent):
        """What stands behind a key or a dash; the current line is theirs."""
        self.k += 1
        if rest == "" or rest.startswith("#"):
            inner = self.skip()
            return self.block(inner) if inner > indent else None
        if rest in ("|", "|-"):
            text = []
            while self.k < len(self.lines) and \
                    (not self.lines[self.k] or self.lines[self.k].startswith(" " * (indent + 2))):
                text.append(self.lines[self.k][indent + 2:])
                self.k += 1
            return "\n".join(text).rstrip("\n") + ("\n" if rest == "|" else "")
        if rest == "[":
            while self.lines[self.k].strip() != "]":
                rest += self.lines[self.k].strip() + " "
                self.k += 1
            self.k += 1
            rest += "]"
        return _flow(rest)


_token = re.compile(r"""\s*(?: (?P<mark> [][{},:] ) | "(?P<text> (?: [^"\\] | \\. )* )"
                        | (?P<word> [^][{},:"\s#]
                                    (?: [^][{},:"\s] | :(?=\S) | \ (?=[^][{},:\#\s]) )* )
                        | (?P<comment> \#.* ) )""", re.VERBOSE)
_words = {"null": None, "~": None, "": None, "true": True, "false": False}


def _flow(text):
    """A value on one line: word, number, text, list, map."""
    tokens, at = [], 0
    while at < len(text.rstrip()):
        m = _token.match(text, at)
        if m is None:
            raise ValueError(f"{text!r} is not understood")
        at = m.end()
        if m["text"] is not None:
            tokens.append(("value", _unquote(m["text"])))
        elif m["word"] is not None:
            tokens.append(("value", _word(m["word"])))
        elif m["mark"] is not None:
            tokens.append((m["mark"], None))

    def value():
        kind, x = tokens.pop(0)
        if kind == "value":
            return x
        if kind not in ("[", "{"):
            raise ValueError(f"{text!r} is not understood")
        out, end = ([], "]") if kind == "[" else ({}, "}")
        while tokens[0][0] != end:
            x = value()
            if kind == "{":
                if tokens.pop(0)[0] != ":":
                    raise ValueError(f"{text!r} has a key without value")
                out[x] = value()
            else:
                out.append(x)
            if tokens[0][0] == ",":
                tokens.pop(0)
        tokens.pop(0)
        return out

    if not tokens:
        return None
    x = value()
    if tokens:
        raise ValueError(f"{text!r} is more than one value")
    return x


def _word(word):
    if word in _words:
        return _words[word]
    if _whole.fullmatch(word):
        return int(word)
    if _number.fullmatch(word) and word not in ("Inf", "NaN"):
        return float(word)
    return word


_short = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/", "r": "\r", "0": "\0"}


def _unquote(text):
    def character(m):
        code = m[1][1:]
        return chr(int(code, 16)) if code else _short[m[1]]
    return re.sub(r"\\(x..|u....|U........|.)", character, text)


# The examples above name the module as its users do.
spikealign = sys.modules[__name__]
