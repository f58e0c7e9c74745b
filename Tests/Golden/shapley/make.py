"""Makes games.json: cooperative games whose exact Shapley values are known, for the tests of the estimator and for
Benchmarks/shapley.py. Needs NumPy.

A game's value is a sum of terms:
  all   [c, i, j, ...]: c where all of these players are present; each gets c / their number
  any   [c, i, j, ...]: c as soon as one of them is present; each gets c / their number
  tanh  scale * tanh(gain * (bias + sum of the integer weights of those present)); the Shapley values are the integral
        over p of the mean gain from joining a set that has each other player with probability p (Owen 1972): the
        distribution of the sum over the others by convolution, the integral, of a polynomial of degree n - 1, exactly
        by 64 Gauss-Legendre nodes.

  additive     every player alone
  interacting  alone, and 3n + 2n + n random groups of two, three and four that count only together; groups' weights are
               0.6 of the players'
  saturating   one tanh of a weighted sum, positive and negative weights, as a network's score would be, and 2n pairs
  grid         players on a grid, as segments of a face: evidence around a centre; half of what a window of 2x2 says
               counts as soon as any of its players is seen, half in proportion; some 2x2 windows count only together
  windows      the hard case: as grid, all of what a window says counts as soon as any of its players is seen

`make.py --held-out FILE` writes other games (25 and 45 players, other seeds), on which nothing was chosen:
  sixes        players alone, 2n random groups of five that count only together and 2n of six of which one is enough
  steep        saturating, three times as steep
"""
import json
import sys
from pathlib import Path

import numpy as np

nodes, node_weights = np.polynomial.legendre.leggauss(64)
nodes, node_weights = (nodes + 1) / 2, node_weights / 2


def rounded(x):
    return round(float(x), 4)


def interacting(n, rng):
    terms = [[rounded(c), i] for i, c in enumerate(rng.normal(size=n))]
    for order, count in ((2, 3 * n), (3, 2 * n), (4, n)):
        for _ in range(count):
            group = sorted(int(i) for i in rng.choice(n, order, replace=False))
            terms.append([rounded(0.6 * rng.normal()), *group])
    return {"all": terms}


def saturating(n, rng):
    weights = [int(w) for w in np.round(rng.normal(2, 4, size=n))]
    pairs = [[rounded(0.2 * rng.normal()), *sorted(int(i) for i in rng.choice(n, 2, replace=False))]
             for _ in range(2 * n)]
    total = sum(abs(w) for w in weights)
    return {"all": pairs, "tanh": {"scale": 5.0, "gain": rounded(6 / total), "bias": rounded(-0.3 * sum(weights)),
                                   "weights": weights}}


def grid(n, rng, columns, share):
    rows = -(-n // columns)
    at = {(i // columns, i % columns): i for i in range(n)}
    every, some = [], []
    for (r, c), i in at.items():
        window = sorted(at[q] for q in [(r, c), (r, c + 1), (r + 1, c), (r + 1, c + 1)] if q in at)
        evidence = 3 * np.exp(-((r - rows * 0.4) ** 2 + (c - columns * 0.5) ** 2) / (2 * (0.2 * columns) ** 2))
        weight = evidence * (0.5 + rng.random()) * (1 if rng.random() < 0.85 else -1)
        some.append([rounded(share * weight), *window])
        if share < 1:
            every += [[rounded((1 - share) * weight / len(window)), j] for j in window]
        if rng.random() < 0.4 and len(window) > 1:
            every.append([rounded(share * rng.normal() * evidence), *window])
        every.append([rounded(0.3 * evidence * rng.normal()), i])
    return {"all": every, "any": some}


def exact(n, game):
    phi = np.zeros(n)
    for c, *group in game.get("all", []) + game.get("any", []):
        phi[group] += c / len(group)
    if "tanh" in game:
        weights, bias = game["tanh"]["weights"], game["tanh"]["bias"]
        low = sum(w for w in weights if w < 0)
        sums = np.arange(low, sum(w for w in weights if w > 0) + 1)
        f = lambda k: game["tanh"]["scale"] * np.tanh(game["tanh"]["gain"] * (bias + k))
        for i in range(n):
            chance = np.zeros((len(nodes), len(sums)))
            chance[:, -low] = 1
            for j in range(n):
                if j != i:
                    chance = (1 - nodes)[:, None] * chance + nodes[:, None] * np.roll(chance, weights[j], axis=1)
            phi[i] += node_weights @ (chance @ (f(sums + weights[i]) - f(sums)))
    return [float(x) for x in phi]


def sixes(n, rng):
    together = [[rounded(rng.normal()), *map(int, rng.choice(n, 5, replace=False))] for _ in range(2 * n)]
    alone = [[rounded(rng.normal()), i] for i in range(n)]
    some = [[rounded(rng.normal()), *map(int, rng.choice(n, 6, replace=False))] for _ in range(2 * n)]
    return {"all": together + alone, "any": some}


def steep(n, rng):
    game = saturating(n, rng)
    game["tanh"]["gain"] *= 3
    return game


def committed():
    for n, columns in ((60, 10), (101, 11)):
        rng = np.random.default_rng(n)
        yield "additive", n, {"all": [[rounded(c), i] for i, c in enumerate(rng.normal(size=n))]}
        yield "interacting", n, interacting(n, rng)
        yield "saturating", n, saturating(n, rng)
        yield "grid", n, grid(n, rng, columns, 0.5)
        yield "windows", n, grid(n, rng, columns, 1)


def held_out():
    for n in (25, 45):
        rng = np.random.default_rng(1000 + n)
        for kind in (interacting, saturating, sixes, steep):
            yield kind.__name__, n, kind(n, rng)


games, path = committed(), Path(__file__).with_name("games.json")
if sys.argv[1:2] == ["--held-out"]:
    games, path = held_out(), Path(sys.argv[2])
text = ",\n".join(
    json.dumps({"name": f"{kind}-{n}", "players": n, **game, "shapley": exact(n, game)}, separators=(",", ":"))
    for kind, n, game in games)
path.write_text(f"[\n{text}\n]\n")
