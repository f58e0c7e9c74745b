"""Estimators of Shapley values beside each other, on the games of Tests/Golden/shapley/games.json.

  benchmark shapley --seeds 50 > ours.jsonl                          # our side, from Benchmarks/
  python Benchmarks/shapley.py run shap shapiq-kernel shapiq-permutation --output peers.jsonl
  python Benchmarks/shapley.py table ours.jsonl peers.jsonl --plot Documentation/shapley.png

`run` needs NumPy and what it is asked to run: `shap`, `shapiq` (1.4). It goes on where the file ends. Budgets count every
evaluation, the empty and the full coalition included, for everybody. `table` needs Matplotlib for the plot.
"""
import argparse
import json
import math
import sys
import time
import warnings
from collections import defaultdict
from pathlib import Path

GAMES = Path(__file__).resolve().parent.parent / "Tests/Golden/shapley/games.json"
FACTORS = (2, 4, 8, 16, 32)
KINDS = ("interacting", "saturating", "grid", "windows", "additive")


def value_function(game):
    import numpy as np

    groups = []
    for kind in ("all", "any"):
        by_size = defaultdict(list)
        for c, *group in game.get(kind, []):
            by_size[len(group)].append((c, group))
        for items in by_size.values():
            groups.append((kind, np.array([c for c, _ in items]), np.array([g for _, g in items])))
    tanh = game.get("tanh")

    def value(z):
        z = np.atleast_2d(np.asarray(z)) > 0.5
        out = np.zeros(len(z))
        for kind, c, index in groups:
            member = z[:, index]
            out += (member.all(2) if kind == "all" else member.any(2)) @ c
        if tanh:
            out += tanh["scale"] * np.tanh(tanh["gain"] * (tanh["bias"] + z @ np.array(tanh["weights"])))
        return out

    return value


def estimate(method, game, value, budget, seed):
    import numpy as np

    n = game["players"]
    if method == "shap":
        import shap

        np.random.seed(seed)
        explainer = shap.KernelExplainer(value, np.zeros((1, n)), silent=True)
        return explainer.shap_values(np.ones((1, n)), nsamples=budget - 2, l1_reg=False, silent=True).reshape(n)
    from shapiq.approximator import KernelSHAP, PermutationSamplingSV

    if method == "shapiq-kernel":
        approximator = KernelSHAP(n=n, pairing_trick=True, random_state=seed)
    else:
        approximator = PermutationSamplingSV(n=n, random_state=seed)
    found = approximator.approximate(budget, value)
    return np.array([found[(i,)] for i in range(n)])


def run(arguments):
    import logging

    import numpy as np

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    games = json.loads(GAMES.read_text())
    output = Path(arguments.output)
    done = set()
    if output.exists():
        for line in output.read_text().splitlines():
            row = json.loads(line)
            done.add((row["method"], row["game"], row["factor"], row["seed"]))
    with output.open("a") as file:
        for seed in range(arguments.seeds):
            for game in games:
                value, exact = value_function(game), np.array(game["shapley"])
                for factor in FACTORS:
                    for method in arguments.methods:
                        if (method, game["name"], factor, seed) in done:
                            continue
                        start = time.perf_counter()
                        try:
                            phi = estimate(method, game, value, factor * game["players"], seed)
                            error = float(((phi - exact) ** 2).sum() / (exact**2).sum())
                        except Exception as problem:  # a singular system is a result
                            print(f"{method} {game['name']} {factor}n seed {seed}: {problem}", file=sys.stderr)
                            error = math.inf
                        row = {"method": method, "game": game["name"], "factor": factor, "seed": seed,
                               "error": error, "seconds": round(time.perf_counter() - start, 4)}
                        file.write(json.dumps(row) + "\n")
                        file.flush()


def table(arguments):
    errors = defaultdict(list)
    cover = {}
    for path in arguments.files:
        for line in Path(path).read_text().splitlines():
            row = json.loads(line)
            if "error" in row:
                errors[row["method"], row["game"], row["factor"]].append(
                    math.inf if row["error"] is None else row["error"])
            else:
                cover[row["game"], row["factor"]] = row
    methods = list(dict.fromkeys(m for m, _, _ in errors))
    names = [f"{kind}-{n}" for kind in KINDS for n in (60, 101)]

    def mean(method, name, factor):
        found = errors.get((method, name, factor))
        return sum(found) / len(found) if found else math.nan

    def shown(x):
        return "–" if math.isnan(x) else "< 1e-12" if x < 1e-12 else "> 1000" if x > 1000 else f"{x:.1e}" if x < 1e-4 else f"{x:.3g}"

    counts = {m: min(len(v) for (k, _, _), v in errors.items() if k == m) for m in methods}
    print("Seeds: " + ", ".join(f"{m} {c}" for m, c in counts.items()) + "\n")
    print("| game | estimator | " + " | ".join(f"{f}n" for f in FACTORS) + " |")
    print("| --- | --- |" + " ---: |" * len(FACTORS))
    for name in names:
        for method in methods:
            print(f"| {name} | {method} | " + " | ".join(shown(mean(method, name, f)) for f in FACTORS) + " |")
        if not name.startswith("additive") and "shap" in methods:
            ratios = [mean("whyfake", name, f) / mean("shap", name, f) for f in FACTORS]
            print(f"| {name} | *whyfake / shap* | " + " | ".join(shown(r) for r in ratios) + " |")
    print("\n| game | " + " | ".join(f"{f}n covered | width" for f in FACTORS[1:]) + " |")
    print("| --- |" + " ---: | ---: |" * (len(FACTORS) - 1))
    for name in names:
        if not name.startswith("additive"):
            rows = [cover[name, f] for f in FACTORS[1:]]
            print(f"| {name} | " + " | ".join(f"{100 * r['covered']:.1f} % | {r['width']:.2f}" for r in rows) + " |")
    if arguments.plot:
        plot(arguments.plot, methods, [n for n in names if not n.startswith("additive")], mean)


def plot(path, methods, names, mean):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = [n for n in names if n.endswith("-60")] + [n for n in names if n.endswith("-101")]
    figure, axes = plt.subplots(2, len(names) // 2, figsize=(12, 5.6), sharex=True, sharey="row")
    for axis, name in zip(axes.flat, names):
        for method in methods:
            values = [mean(method, name, f) for f in FACTORS]
            axis.loglog(FACTORS, values, marker="o", markersize=3, linewidth=2 if method == "whyfake" else 1.2,
                        label=method)
        axis.set_title(name, fontsize=9)
        axis.set_ylim(1e-4, 30)
        axis.set_xticks(FACTORS, [f"{f}n" for f in FACTORS])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes[0, 0].legend(fontsize=8)
    for axis in axes[:, 0]:
        axis.set_ylabel("mean relative squared error", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=80)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
commands = parser.add_subparsers(dest="command", required=True)
sub = commands.add_parser("run")
sub.add_argument("methods", nargs="+", choices=("shap", "shapiq-kernel", "shapiq-permutation"))
sub.add_argument("--seeds", type=int, default=50)
sub.add_argument("--output", required=True)
sub = commands.add_parser("table")
sub.add_argument("files", nargs="+")
sub.add_argument("--plot")
chosen = parser.parse_args()
run(chosen) if chosen.command == "run" else table(chosen)
