"""Writes golden.json: 20 small studies and what SciPy and statsmodels say of them, the slides' votes, and values of distributions.

    python make.py

Needs numpy, scipy and statsmodels. Studies and reference are those of Scripts/check_statistics.py.
"""
import json
import os
import sys
import tempfile

import numpy as np
import scipy.stats as st
from statsmodels.stats.multitest import multipletests

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../../../Scripts")
import check_statistics as check  # noqa: E402


def flat(expected, names, exact_only=True):
    """Each number by name; what is not defined is left out."""
    out = {}

    def share(name, value):
        if value is not None:
            for part in ("value", "standardError", "lower", "upper"):
                if value[part] is not None:
                    out[f"{name}.{part}"] = float(value[part])

    def test(name, value):
        if value is not None:
            out[f"{name}.statistic"] = float(value[0])
            if value[2]:
                out[f"{name}.p"] = float(value[1])

    for name in ("right", "rightOfDecided", "unknown"):
        share(name, expected[name])
    for name in names:
        share(f"votes.{name}", expected["votes"][name])
        share(f"chosen.{name}", expected["chosen"][name])
    for (a, b), pair in expected["preferences"].items():
        out[f"{a}:{b}.answers.p"], out[f"{a}:{b}.answers.Holm"] = float(pair["answers"]), float(pair["answersHolm"])
        out[f"{a}:{b}.people.p"], out[f"{a}:{b}.people.Holm"] = float(pair["people"]), float(pair["peopleHolm"])
        out[f"{a}:{b}.flip"] = float(pair["flip"])
    for number, section in expected["sections"].items():
        share(f"section {number}", section["right"])
    test("dependence", expected["dependence"])
    for by, division in expected["divisions"].items():
        for value, group in division["groups"].items():
            share(f"{by} {value}.right", group["right"])
            for name in names:
                share(f"{by} {value}.votes.{name}", group["votes"][name])
        if division["kruskal"] is not None:
            out[f"{by}.H"], out[f"{by}.p"] = map(float, division["kruskal"])
        test(f"{by}.right", division["right"])
        test(f"{by}.votes", division["votes"])
    for place, value in enumerate(expected["places"]):
        share(f"place {place + 1}", value)
    for metric, value in expected["metrics"].items():
        share(f"metric {metric}", value["perVideo"])
        if value["overall"] is not None:
            out[f"metric {metric}.overall"] = float(value["overall"])
    return out


def study(number):
    rng = np.random.default_rng([42, number])
    people = int(rng.integers(2, 12))
    simulated = check.simulate(rng, people=people, sections=int(rng.integers(2, 4) if number % 3 == 0 else rng.integers(2, 9)))
    level = float(rng.choice([0.9, 0.95, 0.99]))
    metrics = check.simulate_metrics(rng, simulated) if number % 2 else None
    expected = check.reference(simulated, metrics, level, rng, 1)
    with tempfile.TemporaryDirectory() as folder:
        check.write(simulated, f"{folder}/answers.csv")
        text, videos = open(f"{folder}/answers.csv", newline="").read(), None
        if metrics:
            check.write_metrics(metrics, folder)
            videos = open(f"{folder}/videos.csv", newline="").read()
    return dict(csv=text, videos=videos, level=level, expected=flat(expected, simulated["explainers"]))


def slides():
    votes = dict(gradcam=165, shap=221, ltpa=137, attention=185)
    pairs = [(a, b) for i, a in enumerate(votes) for b in list(votes)[i + 1:]]
    p = [st.binomtest(votes[a], votes[a] + votes[b]).pvalue for a, b in pairs]
    return dict(votes=votes, p={f"{a}:{b}": float(x) for (a, b), x in zip(pairs, p)},
                holm={f"{a}:{b}": float(x) for (a, b), x in zip(pairs, multipletests(p, method="holm")[1])})


def distributions():
    return dict(
        student=[[level, df, float(st.t.ppf((1 + level) / 2, df))]
                 for level in (0.6, 0.9, 0.95, 0.99, 0.9999) for df in (1, 2, 3, 10, 66, 1000)],
        chiSquare=[[x, df, float(st.chi2.sf(x, df))] for x in (0.01, 0.5, 3.84, 20, 90) for df in (1, 2, 3, 4, 5, 10, 11)],
        fair=[[k, n, float(st.binom.sf(k - 1, n, 0.5))]
              for n in (1, 2, 9, 60, 358, 5000) for k in sorted({n // 2, n // 2 + 1, int(0.6 * n) + 1, n})],
        exact=[[k, n, level, *map(float, st.binomtest(k, n).proportion_ci(level, method="exact"))]
               for n in (1, 2, 20, 670) for k in sorted({0, 1, n // 3, n - 1, n}) for level in (0.9, 0.99)])


if __name__ == "__main__":
    with open(f"{HERE}/golden.json", "w") as file:
        file.write('{"studies": [\n' + ",\n".join(json.dumps(study(n)) for n in range(20)) + "\n],\n")
        file.write(f'"slides": {json.dumps(slides())},\n"distributions": {json.dumps(distributions())}}}\n')
