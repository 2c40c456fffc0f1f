"""Opens a run's result files with numpy and compares shapes, types and values with each other."""

import csv
import json
import sys

import numpy as np

folder = sys.argv[1]
rows = list(csv.DictReader(open(f"{folder}/metrics.csv")))
info = json.load(open(f"{folder}/run.json"))
arrays = np.load(f"{folder}/arrays.npz")
spikes = np.load(f"{folder}/spikes.npz")


def check(ok, what):
    if not ok:
        sys.exit(f"{folder}: {what}")


n = 7
check(info["status"] == "done", "status is not done")
check([int(r["epoch"]) for r in rows] == [0, 10, 20], "epochs")
check(int(rows[-1]["spikes"]) == info["spikes"] == len(spikes["time"]), "number of spikes")
for name, shape in {"w": (n, n), "b": (n,), "w_initial": (n, n), "w_target": (n, n), "p_target": (2**n,), "p_sampled": (2**n,),
                    "weights": (3, n, n), "biases": (3, n)}.items():
    a = arrays[name]
    check(a.dtype == np.float64 and a.shape == shape, f"{name}: {a.dtype} {a.shape}")
check(np.array_equal(arrays["weights"][-1], arrays["w"]), "last snapshot is not the final weights")
check(abs(arrays["p_target"].sum() - 1) < 1e-12 and abs(arrays["p_sampled"].sum() - 1) < 1e-12, "probabilities")
p, q = arrays["p_target"], arrays["p_sampled"]
if (q > 0).all():
    check(abs((p * np.log(p / q)).sum() - float(rows[-1]["dkl"])) < 1e-9, "dkl")
w = arrays["w"]
lower = np.tril_indices(n, -1)
check(abs(np.var((w - w.T)[lower]) - float(rows[-1]["asymmetry"])) < 1e-12, "asymmetry")
check(spikes["time"].dtype == np.int64 and spikes["neuron"].dtype == np.int32, "types of spikes")
check((np.diff(spikes["time"]) >= 0).all() and spikes["neuron"].max() < n, "order of spikes")
for i in range(n):
    check(np.diff(spikes["time"][spikes["neuron"] == i]).min() >= 50, "refractory time")
print(f"numpy agrees: {len(rows)} reports, {len(arrays.files)} arrays, {len(spikes['time'])} spikes")
