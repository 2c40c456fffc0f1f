"""Holds spikealign.py and docs/python.md to the program: real runs in a folder of their own.

The program is found as spikealign.py finds it: SPIKEALIGN, or PATH.
    SPIKEALIGN=./spikealign python3 python/test_spikealign.py
HIDE=pandas,yaml makes it do without these.
"""

import csv
import doctest
import json
import math
import os
import pathlib
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
from unittest import mock

import numpy as np

for name in filter(None, os.environ.get("HIDE", "").split(",")):
    sys.modules[name] = None  # as if it were not there

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import spikealign  # noqa: E402

try:
    import pandas
except ImportError:
    pandas = None
try:
    import yaml
except ImportError:
    yaml = None

root = pathlib.Path(__file__).resolve().parent.parent
if "SPIKEALIGN" in os.environ:
    os.environ["SPIKEALIGN"] = os.path.abspath(os.environ["SPIKEALIGN"])
doctest.register_optionflag("PANDAS")

endless = """
kind: sampling
record: {spikes: true}
network: {visible: 3, tau_ref: 10}
training: {epochs: 100000000, epoch_length: 100, report_every: 500, report_factor: 10}
"""
short = """
kind: sampling
record: {spikes: true}
network: {visible: 7, tau_ref: 50}
training: {epochs: 21, epoch_length: 1000, report_every: 10, report_factor: 5}
"""


class InFolder(unittest.TestCase):
    """Tests of a class share a folder."""

    @classmethod
    def setUpClass(cls):
        cls.before = os.getcwd()
        cls.temporary = tempfile.TemporaryDirectory()
        os.chdir(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.before)
        cls.temporary.cleanup()

    @staticmethod
    def write(name, text):
        path = pathlib.Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class TestDocs(InFolder):
    """What docs/python.md and the docstrings show is what comes out."""

    def check(self, name, text, globs):
        if pandas is None:
            # What needs pandas goes, with its output.
            text = re.sub(r"(?m)^>>> .*\+PANDAS\n(?:(?!>>>|```).*\n)*", "", text)
        test = doctest.DocTestParser().get_doctest(text, globs, name, name, 0)
        out = []
        failed, tried = doctest.DocTestRunner(verbose=False).run(test, None, out.append)
        self.assertFalse(failed, "\n" + "".join(out))
        return tried

    def test(self):
        page = (root / "docs/python.md").read_text(encoding="utf-8")
        for name, text in re.findall(r"(?ms)^```yaml (\S+)\n(.*?)^```$", page):
            self.write(name, text)
        examples = "".join(re.findall(r"(?ms)^```python\n(.*?)^```$", page))
        self.assertGreater(self.check("docs/python.md", examples, {}), 30)
        finder = doctest.DocTestFinder(exclude_empty=True)
        tests = [t for t in finder.find(spikealign) if t.examples]
        self.assertGreater(len(tests), 8)
        for t in tests:
            with self.subTest(t.name):
                self.check(t.name, t.docstring, {"spikealign": spikealign, "np": np})

    def test_public_names_have_docstrings(self):
        for name in spikealign.__all__:
            thing = getattr(spikealign, name)
            self.assertTrue(thing.__doc__, name)
            if isinstance(thing, type):
                for key, member in vars(thing).items():
                    public = callable(member) or isinstance(member, property)
                    if public and not key.startswith("_"):
                        self.assertTrue(getattr(member, "__doc__"), f"{name}.{key}")


class TestTutorial(TestDocs):
    """The Python of docs/tutorial.md, after its commands, whose output the Go test checks."""

    def test(self):
        page = (root / "docs/tutorial.md").read_text(encoding="utf-8")
        os.makedirs("bin")
        os.symlink(spikealign._program(None), "bin/spikealign")
        env = dict(os.environ, PATH=os.path.abspath("bin") + os.pathsep + os.environ["PATH"])
        files_and_commands = (r"(?ms)^```yaml (?P<name>\S+)\n(?P<text>.*?)^```$"
                              r"|^    \$ (?P<line>[^\n]*)")
        for m in re.finditer(files_and_commands, page):
            if m["name"]:
                self.write(m["name"], m["text"])
            else:
                subprocess.run(m["line"], shell=True, env=env, capture_output=True)
        examples = "".join(re.findall(r"(?ms)^```python\n(.*?)^```$", page))
        self.assertGreater(self.check("docs/tutorial.md", examples, {}), 4)

    test_public_names_have_docstrings = None


class TestRun(InFolder):
    """The files of a run as numpy sees them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("short.yaml", short)
        cls.run_ = spikealign.run("short.yaml", out="r")

    def test_shapes_and_values(self):
        run, n = self.run_, 7
        m, a, info = run.table(), run.arrays, run.info
        self.assertEqual((run.status, info["status"], run.tables), ("done", "done", ["metrics"]))
        self.assertEqual(m["epoch"].tolist(), [0, 10, 20])
        shapes = {"w": (n, n), "b": (n,), "w_initial": (n, n), "w_target": (n, n),
                  "p_target": (2**n,), "p_sampled": (2**n,), "weights": (3, n, n),
                  "biases": (3, n)}
        for name, shape in shapes.items():
            self.assertEqual((a[name].dtype, a[name].shape), (np.float64, shape), name)
        self.assertEqual(sorted(a), sorted(info["arrays"]))
        self.assertTrue(np.array_equal(a["weights"][-1], a["w"]))
        p, q = a["p_target"], a["p_sampled"]
        for x in (p, q):
            self.assertAlmostEqual(x.sum(), 1, delta=1e-12)
        seen = q > 0
        self.assertEqual(m["unvisited"][-1], 0)
        self.assertAlmostEqual((p * np.log(p / q))[seen].sum(), m["dkl"][-1], delta=1e-9)
        lower = np.tril_indices(n, -1)
        self.assertAlmostEqual(np.var((a["w"] - a["w"].T)[lower]), m["asymmetry"][-1], delta=1e-12)
        with self.assertRaisesRegex(KeyError, "no array nothing; it has w_initial"):
            a["nothing"]

    def test_numbers_round_trip(self):
        m = self.run_.table()
        with open("r/metrics.csv", encoding="utf-8") as f:
            rows = list(csv.DictReader(f))
        for k, row in enumerate(rows):
            for name, cell in row.items():
                # The shortest text that gives the number again is the one in the file.
                self.assertEqual(m[name][k], float(cell), name)
        last = {c["name"]: c["value"] for c in self.run_.info["latest"]}
        self.assertEqual({k: v[-1].item() for k, v in m.items()}, last)
        self.assertEqual({m[k].dtype for k in ("epoch", "steps", "spikes")}, {np.dtype(np.int64)})

    def test_units(self):
        units = self.run_.units()
        self.assertEqual((units["dkl"], units["steps"], units["epoch"]), ("nats", "steps", ""))
        self.assertEqual(list(units), list(self.run_.table()))
        with self.assertRaisesRegex(KeyError, "no table metric; it has metrics"):
            self.run_.table("metric")

    def test_spikes(self):
        run, n = self.run_, 7
        s, trains = run.spikes(), run.trains()
        self.assertEqual((s.ticks.dtype, s.neuron.dtype), (np.int64, np.int32))
        self.assertEqual(len(s), run.info["spikes"])
        self.assertEqual((s.neurons, s.seed, s.tick_steps, s.step_seconds), (n, 1, 1, None))
        self.assertTrue((np.diff(s.time) >= 0).all() and s.neuron.max() < n)
        self.assertEqual(len(trains), n)
        self.assertEqual(sum(map(len, trains)), len(s))
        for i, t in enumerate(trains):
            self.assertTrue(np.array_equal(t, s.time[s.neuron == i]))
            self.assertGreaterEqual(np.diff(t).min(), 50)
        self.assertLess(s.time[-1], run.info["steps"])
        with self.assertRaisesRegex(ValueError, "no duration"):
            s.trains("seconds")
        with self.assertRaisesRegex(ValueError, "neither"):
            s.trains("ms")

    def test_spikes_are_those_of_analyze(self):
        found = spikealign.call("analyze", "r", "--tau", 50, "--json")
        trains = self.run_.trains()
        self.assertEqual(found["spikes"], sum(map(len, trains)))
        for p in found["pairs"]:
            pre, post = trains[int(p["pre"])], trains[int(p["post"])]
            self.assertEqual((p["spikes_pre"], p["spikes_post"]), (len(pre), len(post)))
            self.assertEqual(p["coincidences"], len(np.intersect1d(pre, post)))

    def test_config(self):
        run = self.run_
        self.assertEqual(run.setting("network.visible"), 7)
        self.assertIsNone(run.setting("seeds.target"))
        self.assertEqual(run.setting("checkpoint.every"), "1m")
        self.assertIs(run.config["record"]["spikes"], True)
        for path, words in (("network.visibel", "visible"), ("network.visible.0", "0 is not"),
                            ("nothing", "network")):
            with self.assertRaisesRegex(KeyError, words):
                run.setting(path)

    def test_what_is_not_there(self):
        run = spikealign.run("short.yaml", {"record.spikes": False}, out="silent")
        with self.assertRaisesRegex(FileNotFoundError, "record.spikes"):
            run.spikes()
        os.makedirs("empty", exist_ok=True)
        with self.assertRaisesRegex(FileNotFoundError, "no run and no sweep$"):
            spikealign.open("empty")
        with self.assertRaisesRegex(FileNotFoundError, "no run and no sweep; there are .*r"):
            spikealign.open(".")
        with self.assertRaisesRegex(FileNotFoundError, "no folder"):
            spikealign.open("nowhere")

    def test_other_kinds(self):
        """Every kind's file and tables are read; replicas and seconds where there are some."""
        for kind in ("two-neuron", "dale", "microcircuit", "align"):
            small = {"two-neuron": {"training.epochs": 50}, "dale": {"field.points": 2},
                     "microcircuit": {"training.epochs": 1, "training.pattern_steps": 3000,
                                      "pattern_means.epochs": [0]},
                     "align": {"training.epochs": 2}}[kind]
            self.write(f"{kind}.yaml", spikealign.call("template", kind))
            run = spikealign.run(f"{kind}.yaml", small, out=kind)
            for path, value in small.items():
                self.assertEqual(run.setting(path), value)
            for name in run.tables:
                t = run.table(name)
                self.assertTrue(all(len(v) == t.rows > 0 for v in t.values()), (kind, name))
                self.assertEqual(list(t.units), list(t))
            if kind == "two-neuron":
                self.assertTrue(math.isnan(run.table()["drift12"][0]))  # an empty cell

    def test_continuous_time(self):
        run = spikealign.run("short.yaml", {"network.dynamics": "continuous"}, out="continuous")
        s = run.spikes()
        self.assertEqual(s.tick_steps, 2.0**-20)
        self.assertEqual((s.time / s.tick_steps).astype(np.int64).tolist(), s.ticks.tolist())
        self.assertGreaterEqual(min(np.diff(t).min() for t in s.trains()), 50)


class TestFiles(InFolder):
    """What no run of today holds, or only for a moment."""

    def table(self, text):
        self.write("t.csv", text)
        return spikealign.Table._read("t.csv")

    def test_torn_line(self):
        whole = "epoch,dkl\n0,0.5\n1,0.25\n"
        for k in range(len("epoch,dkl\n0,0.5\n"), len(whole)):
            self.assertEqual(self.table(whole[:k])["dkl"].tolist(), [0.5], whole[:k])
        self.assertEqual(self.table(whole)["dkl"].tolist(), [0.5, 0.25])
        self.assertEqual(self.table("epoch,dkl\n").rows, 0)
        self.assertEqual(self.table("epoch,d"), {})
        self.assertEqual(self.table(""), {})
        self.assertEqual(self.table('a,b\n1,"x\ny"\n2,"x\nz')["b"].tolist(), ["x\ny"])

    def test_columns(self):
        t = self.table('i,u,f,e,s,b,q\n'
                       '-1,18446744073709551615,1,,a,true,"1, 2"\n'
                       '2,0,NaN,3,1,false,"say ""x"""\n'
                       '9007199254740993,1,-Inf,4,1_0,true,\n')
        kinds = {k: v.dtype.kind for k, v in t.items()}
        self.assertEqual(kinds, dict(i="i", u="u", f="f", e="f", s="U", b="b", q="U"))
        self.assertEqual(t["i"][2], 2**53 + 1)
        self.assertEqual(t["u"][0], 2**64 - 1)
        np.testing.assert_array_equal(t["f"], [1, np.nan, -np.inf])
        np.testing.assert_array_equal(t["e"], [np.nan, 3, 4])
        self.assertEqual(t["q"].tolist(), ["1, 2", 'say "x"', ""])

    def test_exact(self):
        random = np.random.default_rng(1).integers(0, 2**63, 2000, dtype=np.uint64)
        x = random.view(np.float64)
        x = x[np.isfinite(x)]
        t = self.table("x\n" + "".join(f"{v!r}\n" for v in x.tolist()))
        self.assertEqual(t["x"].view(np.uint64).tolist(), x.view(np.uint64).tolist())

    def test_replicas_and_seconds(self):
        np.savez("spikes.npz", time=np.array([0, 5, 1, 4]), neuron=np.array([1, 0, 1, 1], np.int32),
                 replica=np.array([0, 0, 1, 1], np.int32), tick_steps=np.array(0.5),
                 step_seconds=np.array(1e-3), neurons=np.array(3), seed=np.array(7, np.uint64),
                 units=np.array("words"))
        s = spikealign.Spikes("spikes.npz")
        np.testing.assert_array_equal(s.seconds, np.array([0, 2.5, 0.5, 2]) * 1e-3)
        with self.assertRaisesRegex(ValueError, "choose a replica, 0 to 1"):
            s.trains()
        self.assertEqual([t.tolist() for t in s.trains(replica=1)], [[], [0.5, 2], []])
        self.assertEqual([t.tolist() for t in s.trains("seconds", 0)], [[0.0025], [0.0], []])

    def test_yaml(self):
        text = ('# head\n\nkind: x-y  # c\nname: ""  # d\nwords: "a # \\"b\\": \\u00E9\\n"  # e\n'
                'long: |\n  one\n\n  # two\nlongest: |-\n  one\n  two\n\nplain: a word or two # f\n'
                'none:\nnumbers: [1, -2.5, 1e-07, 18446744073709551615, null, true]\n'
                'matrix:\n  - [1, 2]\n\n  - []\nwrapped: [\n  1, 2,\n  3\n]\n'
                'list:\n  # c\n  - path: a.b  # c\n    values: [a, "b c", {k: v, l: [1]}]\n  -\n'
                '    # c\n    path: c\n\n    block:\n      - 1\n      - two\n'
                'deep:\n  deeper:\n    deepest: 1m\n')
        self.assertEqual(spikealign._read_yaml(text, "x"), {
            "kind": "x-y", "name": "", "words": 'a # "b": é\n', "long": "one\n\n# two\n",
            "longest": "one\ntwo", "plain": "a word or two", "none": None,
            "numbers": [1, -2.5, 1e-7, 2**64 - 1, None, True], "matrix": [[1, 2], []],
            "wrapped": [1, 2, 3],
            "list": [{"path": "a.b", "values": ["a", "b c", {"k": "v", "l": [1]}]},
                     {"path": "c", "block": [1, "two"]}],
            "deep": {"deeper": {"deepest": "1m"}}})
        for text in ("a: 1\n   b: 2\n", "a: [1\n", "a: 'x'y'z\n- b\n", "a: }\n", "a: {b}\n", "a\n",
                     "a: [\n  1,\n"):
            with self.assertRaisesRegex(ValueError, r"x:\d+: not written by spikealign"):
                spikealign._read_yaml(text, "x")

    @unittest.skipIf(yaml is None, "needs PyYAML")
    def test_yaml_as_others_read_it(self):
        """Every kind's and every example's written-out file, as PyYAML reads it."""
        read = 0
        for file in sorted((root / "experiments").glob("*.yaml")):
            # Members of sweeps are experiments too: what is written out is in their folders.
            sweep = "kind: sweep" in file.read_text(encoding="utf-8")
            words = ["sweep" if sweep else "run", file, "-o", f"y/{file.stem}", "-q",
                     "--time-limit", "1ns"]
            with self.assertRaises(spikealign.ProgramError):
                spikealign.call(*words)
            for written in pathlib.Path("y", file.stem).rglob("*.yaml"):
                text = written.read_text(encoding="utf-8")
                other = yaml.safe_load(re.sub(r"(?<=\d)e(?=[-+]\d)", ".0e", text))
                self.assertEqual(spikealign._read_yaml(text, written), other, written)
                read += 1
        self.assertGreater(read, 12)


class TestSweep(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("grid.yaml", """
kind: sweep
experiment:
  kind: sampling
  seed: 5
  network: {visible: 3, tau_ref: 10}
  training: {epochs: 3, epoch_length: 10, report_every: 2, report_factor: 10}
grid:
  - {path: initial.noise, values: [0, 0.5]}
  - {path: network.psp, values: [rectangular, alpha]}
  - {path: snapshots, values: [true, false]}
  - {path: initial.bias, values: [null, [0.1, 0.2, -1e-3]]}
  - {path: seeds.target, values: [1, 2, 3]}
replicates: [seeds.target]
""")
        cls.sweep = spikealign.sweep("grid.yaml", out="s", jobs=2)

    def test_members(self):
        m = self.sweep.members
        self.assertEqual(m.rows, 48)
        self.assertEqual(set(m["status"]), {"done"})
        self.assertEqual((m["snapshots"].dtype, m["member_seed"].dtype.kind), (bool, "u"))
        self.assertEqual(m.units["dkl"], "nats")
        for name, dkl, seed in zip(m["member"], m["dkl"], m["member_seed"]):
            run = self.sweep[name]
            self.assertEqual((run.table()["dkl"][-1], run.info["seed"]), (dkl, seed))

    def test_summary(self):
        s, n = self.sweep.summary, 0
        self.assertEqual((s.rows, set(s["n"]), s.units["dkl_q75"]), (16, {3}, "nats"))
        for noise, psp, snapshots, median, low in zip(
                s["initial.noise"], s["network.psp"], s["snapshots"], s["dkl_median"],
                s["dkl_q25"]):
            runs = self.sweep.runs(noise=noise, psp=psp, snapshots=snapshots)
            self.assertEqual(len(runs), 6)
            groups = [[r for r in runs if (r.coordinates["initial.bias"] is None) is free]
                      for free in (True, False)]
            found = [np.percentile([r.table()["dkl"][-1] for r in g], [50, 25]) for g in groups]
            n += any(np.allclose([median, low], f, rtol=1e-14, atol=0) for f in found)
        self.assertEqual(n, 16)

    def test_selection(self):
        s = self.sweep
        self.assertEqual(s.axes, {
            "initial.noise": [0, 0.5], "network.psp": ["rectangular", "alpha"],
            "snapshots": [True, False], "initial.bias": [None, [0.1, 0.2, -1e-3]],
            "seeds.target": [1, 2, 3]})
        one = s.runs({"initial.noise": np.float64(0.5), "seeds.target": np.int64(2)}, psp="alpha",
                     snapshots=True, bias=np.array([0.1, 0.2, -1e-3]))
        self.assertEqual(len(one), 1)
        self.assertEqual(one[0].setting("initial.bias"), [0.1, 0.2, -0.001])
        self.assertEqual(one[0].coordinates["seeds.target"], 2)
        self.assertEqual(len(s.runs(target=lambda t: t > 1)), 32)
        self.assertEqual(s.runs(status="failed"), [])
        with self.assertRaisesRegex(KeyError, "rate is not in the grid"):
            s.runs(rate=1)
        with self.assertRaisesRegex(ValueError, "no value 0.3 here, but 0, 0.5"):
            s.runs(noise=0.3)
        with self.assertRaisesRegex(KeyError, "no member x"):
            s["x"]

    def test_unfinished(self):
        with self.assertRaises(spikealign.Stopped):
            spikealign.Handle(["sweep", "grid.yaml", "-o", "u", "--time-limit", "1ns"], "u").wait()
        sweep = spikealign.open("u")
        self.assertNotIn("done", sweep.members["status"])
        self.assertEqual(sweep.runs(), [])
        self.assertEqual(len(sweep.runs(status=None)), 48)
        os.remove("u/members.csv")
        with self.assertRaisesRegex(FileNotFoundError, "when the sweep begins"):
            sweep.members
        self.assertEqual(set(spikealign.sweep("u").members["status"]), {"done"})


class TestStart(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("short.yaml", short)
        cls.write("endless.yaml", endless)

    def test_stop_and_resume(self):
        """A run that is stopped twice and resumed has the results of one that was not."""
        settings = {"training.epochs": 60001}
        whole = spikealign.run("endless.yaml", settings, out="whole")
        handle, stops = spikealign.start("endless.yaml", "parts", settings), 0
        for _ in range(2):
            for status in handle.follow(every=0.05):
                self.assertEqual((status.total, status.unit) if status.total else (60001, "epochs"),
                                 (60001, "epochs"))
                if status.latest.get("epoch", 0) >= 5000 * (stops + 1):
                    break
            run = handle.stop()
            stops += run.status == "interrupted"
            if run.status == "interrupted":
                self.assertEqual(handle.process.returncode, 75)
                with self.assertRaisesRegex(FileNotFoundError, "interrupted.*at its end"):
                    run.arrays
                with self.assertRaisesRegex(FileNotFoundError, "interrupted.*at its end"):
                    run.spikes()
                with self.assertRaisesRegex(spikealign.Stopped, "spikealign resume parts"):
                    handle.wait()
            handle = handle.resume()
        run = handle.wait()
        self.assertGreater(stops, 0)
        self.assertEqual((run.status, run.info["sessions"]), ("done", stops + 1))
        for name in ("metrics.csv", "arrays.npz", "spikes.npz"):
            self.assertEqual((run.folder / name).read_bytes(), (whole.folder / name).read_bytes())
        self.assertEqual(str(handle.status()).split(", ")[:2], ["done", "60001 of 60001 epochs"])
        again = run.resume()  # nothing is left to do
        self.assertEqual(again.info["sessions"], stops + 1)

    def test_follow(self):
        handle = spikealign.start("short.yaml", "followed", {"training.epochs": 301}, seed=4)
        seen = list(handle.follow(0.01))
        self.assertEqual((seen[-1].status, seen[-1].done, seen[-1].fraction), ("done", 301, 1.0))
        self.assertTrue(all(a.done <= b.done for a, b in zip(seen, seen[1:])))
        run = handle.wait()
        self.assertEqual(seen[-1].latest["dkl"], run.table()["dkl"][-1])
        self.assertEqual(run.info["seed"], 4)
        # A second run in the same folder is not taken for the first one.
        handle = spikealign.start("short.yaml", "followed", force=True)
        for status in handle.follow(0.01):
            self.assertNotEqual(status.latest.get("epoch"), 300)
        self.assertEqual(handle.wait().info["seed"], 1)

    def test_at_once(self):
        """Stopped at once, and by the end of a block."""
        run = spikealign.start("endless.yaml", "at-once").stop()
        self.assertEqual(run.status, "interrupted")
        with spikealign.start("endless.yaml", "block") as handle:
            with self.assertRaises(subprocess.TimeoutExpired):
                handle.wait(0.01)
        self.assertEqual(spikealign.open("block").status, "interrupted")

    def test_interruption(self):
        """Ctrl-C while run waits: a checkpoint, and KeyboardInterrupt."""
        def interrupt():
            while not (pathlib.Path("c") / "run.json").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)
        thread = threading.Thread(target=interrupt)
        thread.start()
        with self.assertRaises(KeyboardInterrupt):
            spikealign.run("endless.yaml", out="c")
        thread.join()
        self.assertEqual(spikealign.open("c").status, "interrupted")

    def test_killed(self):
        handle = spikealign.start("endless.yaml", "k")
        for status in handle.follow(0.02):
            if status.latest:
                break
        self.assertEqual(spikealign.open("k").status, "running")
        self.assertGreater(spikealign.open("k").table().rows, 0)
        handle.process.kill()
        with self.assertRaises(spikealign.ProgramError) as caught:
            handle.wait()
        self.assertEqual(caught.exception.code, -signal.SIGKILL)
        self.assertEqual(spikealign.open("k").status, "killed")
        self.assertEqual(handle.status().status, "failed")

    def test_time_limit(self):
        with self.assertRaisesRegex(spikealign.Stopped, "^spikealign: .* spikealign resume t "):
            spikealign.run("endless.yaml", out="t", time_limit="1ns")

    def test_names(self):
        """Without out the program chooses the folder."""
        for want in ("runs/short", "runs/short-2"):
            self.assertEqual(spikealign.run("short.yaml").folder, pathlib.Path(want))
        spikealign.run("short.yaml", out="runs/short", force=True)

    def test_settings(self):
        w = np.array([[0, 1, 2], [1e-7, 0, -0.1], [0.1 + 0.2, 1, 0]])
        run = spikealign.run("short.yaml", {
            "network.visible": np.int64(3), "initial.weights": w, "initial.bias": (1, 2.5, 3),
            "description": 'a "b": # c\n[é', "seeds.initial": None, "training.clip_weight": 0,
            "record.spikes": np.bool_(False), "plasticity.rate_sal": np.float64(1) / 3}, out="set")
        self.assertTrue(np.array_equal(run.setting("initial.weights"), w))
        lower = ~np.eye(3, dtype=bool)
        self.assertTrue(np.array_equal(run.arrays["w_initial"][lower], w[lower]))
        self.assertEqual(run.setting("initial.weights.1.0"), 1e-7)
        self.assertEqual(run.setting("plasticity.rate_sal"), 1 / 3)
        self.assertEqual(run.info["description"], 'a "b": # c\n[é')
        self.assertEqual(run.setting("description"), 'a "b": # c\n[é')
        for bad in (float("nan"), object()):
            with self.assertRaisesRegex(ValueError, "x = .* cannot be written"):
                spikealign.run("short.yaml", {"x": bad}, out="bad")

    def test_errors(self):
        for settings, words in (({"network.visibel": 3}, "did you mean network.visible"),
                                ({"network.visible": 0}, "network.visible")):
            with self.assertRaisesRegex(spikealign.ProgramError, words) as caught:
                spikealign.run("short.yaml", settings, out="wrong")
            self.assertEqual(caught.exception.code, 2)
            self.assertIn("(exit code 2)", str(caught.exception))
        self.assertFalse(os.path.exists("wrong"))
        with self.assertRaisesRegex(spikealign.ProgramError, "no such file"):
            spikealign.run("nothing.yaml")
        with self.assertRaisesRegex(spikealign.ProgramError, "unknown flag") as caught:
            spikealign.call("list", "--nothing")
        copy = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((copy.code, copy.message), (2, caught.exception.message))
        with self.assertRaisesRegex(FileNotFoundError, "no program nowhere/x: make it with"):
            spikealign.run("short.yaml", program="nowhere/x")

    def test_warnings(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = spikealign.run("short.yaml", {"network.visible": 21, "record.spikes": False,
                                                "target.teacher_length": 10}, out="w")
        self.assertEqual([str(w.message) for w in caught if w.category is UserWarning],
                         run.info["warnings"])
        self.assertTrue(np.isnan(run.table()["dkl"]).all())
        self.assertIsNone({c["name"]: c["value"] for c in run.info["latest"]}["dkl"])

    def test_call(self):
        self.assertIn("sampling", spikealign.call("template"))
        os.mkdir("nothing")
        self.assertEqual(spikealign.call("list", "--json", "--members", "nothing"), [])


class TestPandas(InFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("short.yaml", short)
        cls.run_ = spikealign.run("short.yaml", out="r")

    @unittest.skipIf(pandas is None, "needs pandas")
    def test_frames(self):
        f = self.run_.table(as_frame=True)
        m = self.run_.table()
        self.assertEqual(list(f), list(m))
        for name in m:
            self.assertTrue(np.array_equal(f[name].to_numpy(), m[name]), name)
        self.assertEqual(f.attrs["units"]["dkl"], "nats")
        spikes = self.run_.spikes().frame()
        self.assertEqual(list(spikes), ["time", "neuron"])
        self.assertEqual(len(spikes), self.run_.info["spikes"])

    def test_without(self):
        with mock.patch.dict(sys.modules, {"pandas": None}):
            self.assertEqual(self.run_.table().rows, 3)
            with self.assertRaises(ImportError):
                self.run_.table(as_frame=True)

    @unittest.skipIf(pandas is None, "pandas is missing already")
    def test_module_does_not_load_pandas(self):
        code = "import sys, spikealign; sys.exit('pandas' in sys.modules)"
        env = dict(os.environ, PYTHONPATH=os.path.dirname(spikealign.__file__))
        subprocess.run([sys.executable, "-c", code], env=env, check=True)


if __name__ == "__main__":
    unittest.main()
