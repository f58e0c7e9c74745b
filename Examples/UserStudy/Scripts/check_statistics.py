"""`whyfake-survey analyze` beside SciPy and statsmodels, and the coverage of its intervals.

    python check_statistics.py whyfake-survey                    500 studies, then the coverage over 500 more
    python check_statistics.py whyfake-survey --coverage 5000    the same, over 5,000
    python check_statistics.py whyfake-survey --studies 0 --seed 3

Needs numpy, scipy, statsmodels and jsonschema (each record follows its schema). What is compared is said in `reference`: it works on the simulated answers themselves, not on
the CSV that the program reads, and shares no code with the program. Ends with status 1 if a number differs by more than 1e-9, if a drawn
p-value is further from the true one than 5 standard errors, or if an interval's coverage is outside 93 to 97 % by more than two standard
errors of that many studies (1 % each with 500, 0.3 % with 5,000).

Permutation tests: where the program looks at all arrangements, so does this, by enumeration; where it draws, the statistic is
compared as all else is, and p with the exact distribution (sign flips) or with arrangements drawn here, in units of the standard error of
the difference.
"""
import argparse
import collections
import csv
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import numpy as np
import scipy
import scipy.stats as st
import statsmodels
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

EXPLAINERS = ["gradcam", "shap", "ltpa", "attention", "lime", "rise"]
COLUMNS = ["respondent", "form", "screen", "familiarity", "finished", "section", "video", "path", "label", "belief", "choice",
           "preferred", "shown", "choiceSeconds", "preferredSeconds"]
SCREENS, FAMILIARITIES = ["large", "small"], ["yes", "heard", "no"]
TOLERANCE = 1e-9
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../Documentation/Schemas/survey-analysis-1.schema.json")


# --- studies that nobody answered ------------------------------------------------------------------------------------

def simulate(rng, people=None, sections=None, count=None, small=False):
    """A study: people differ in skill and taste, videos in difficulty and in what explains them; answers are missing; some studies have
    two forms, some are tiny, so that tests are exact."""
    people = people or int(rng.integers(5, 8) if small else rng.integers(5, 121))
    sections = sections or int(rng.integers(2, 4) if small else rng.integers(2, 21))
    names = EXPLAINERS[: count or int(rng.integers(2, 7))]
    forms = 2 if sections >= 6 and rng.random() < 0.3 else 1
    missing = rng.choice([0, 0.05, 0.3])
    asked_before = rng.random() < 0.85
    difficulty, taste = rng.normal(0, 0.7, sections), rng.normal(0, 0.5, len(names))
    by_video = rng.normal(0, rng.choice([0, 0.8]), (sections, len(names)))
    respondents = []
    for number in range(1, people + 1):
        form = int(rng.integers(1, forms + 1))
        own = [s for s in range(sections) if s % forms == form - 1]
        rng.shuffle(own)
        skill, likes = rng.normal(1.5, 1), taste + rng.normal(0, 0.8, len(names))
        last = len(own) if rng.random() < 0.9 else int(rng.integers(0, len(own) + 1))
        answers = []
        for s in own[:last]:
            choice = preferred = None
            if rng.random() >= missing:
                right = rng.random() < 1 / (1 + math.exp(difficulty[s] - skill))
                choice = "right" if right else str(rng.choice(["wrong", "unknown"]))
            if rng.random() >= missing:
                score = likes + by_video[s] + rng.gumbel(0, 1, len(names))
                preferred = [names[i] for i in np.argsort(-score)[: int(rng.choice([1, 1, 1, 2, 3]))]]
            if choice or preferred:
                shown = list(rng.permutation(names)) if asked_before else None
                answers.append(dict(section=s + 1, choice=choice, preferred=preferred, shown=shown))
        respondents.append(dict(
            id=str(number), form=form, screen=str(rng.choice(SCREENS)) if rng.random() < 0.9 else None,
            familiarity=str(rng.choice(FAMILIARITIES)) if rng.random() < 0.9 else None, finished=last == len(own),
            answers=answers))
    # The table knows those explainers that were shown or chosen.
    seen = {n for p in respondents for a in p["answers"] for n in (a["shown"] or []) + (a["preferred"] or [])}
    if len(seen) < 2:
        return simulate(rng, people, sections, count, small)
    return dict(explainers=[n for n in names if n in seen], sections=sections, respondents=respondents)


def write(study, path):
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for person in study["respondents"]:
            head = [person["id"], person["form"], person["screen"], person["familiarity"], "yes" if person["finished"] else "no"]
            if not person["answers"]:
                out.writerow(head + [""] * 10)
            for answer in person["answers"]:
                s = answer["section"]
                out.writerow(head + [
                    s, f"set/v{s}", f"/videos/set/v{s}.mp4", "fake", "fake", answer["choice"] or "",
                    ";".join(answer["preferred"] or []), ";".join(answer["shown"] or []), "", ""])


def simulate_metrics(rng, study):
    """Three metrics of each explainer on most videos: one with ties, one that is sometimes not defined."""
    return {s: {name: [round(rng.normal(), 6), int(rng.integers(0, 3)), None if rng.random() < 0.2 else round(rng.normal(), 6)]
                for name in study["explainers"]}
            for s in range(1, study["sections"] + 1) if rng.random() < 0.9 or s == 1}


def write_metrics(metrics, folder):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/videos.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["input", "label", "explainer", "frames", "insertion", "intensity", "deletion"])
        for s, row in metrics.items():
            for name, values in row.items():
                out.writerow([f"/elsewhere/set/v{s}.mp4", "fake", name, 16] + ["" if v is None else v for v in values])


# --- what SciPy and statsmodels say ----------------------------------------------------------------------------------

def exact_interval(count, total, level):
    interval = st.binomtest(count, total).proportion_ci(level, method="exact")
    return dict(value=count / total, lower=interval.low, upper=interval.high, standardError=None, method="answers")


def share(pairs, level):
    """Ordinary least squares on an intercept, errors clustered by person, Student's t."""
    pairs = [p for p in pairs if p[1] > 0]
    if not pairs:
        return None
    count, total = sum(c for c, _ in pairs), sum(t for _, t in pairs)
    r = count / total
    if len(pairs) < 2 or all(abs(c - r * t) < 1e-9 for c, t in pairs):
        return exact_interval(count, total, level)
    y = np.concatenate([[1.0] * c + [0.0] * (t - c) for c, t in pairs])
    groups = np.repeat(np.arange(len(pairs)), [t for _, t in pairs])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = sm.OLS(y, np.ones_like(y)).fit(cov_type="cluster", cov_kwds=dict(groups=groups), use_t=True)
    low, high = fit.conf_int(1 - level)[0]
    return dict(value=fit.params[0], lower=max(0, low), upper=min(1, high), standardError=fit.bse[0], method="people")


def sign_test(wins, losses):
    return st.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0


def flip_p(nets):
    """The exact p of the sign-flip test of whole numbers, by the distribution of their sum."""
    distribution = {0: 1.0}
    for net in nets:
        new = collections.defaultdict(float)
        for total, p in distribution.items():
            new[total + net] += p / 2
            new[total - net] += p / 2
        distribution = new
    return sum(p for total, p in distribution.items() if abs(total) >= abs(sum(nets)))


def dependence_statistic(people, explainers):
    observed, expected = collections.Counter(), collections.Counter()
    for chosen in people:
        for section, names in chosen:
            for name in names:
                observed[section, name] += 1
                for other, _ in chosen:
                    expected[other, name] += 1 / len(chosen)
    return sum((observed[cell] - e) ** 2 / e for cell, e in expected.items())


def dependence(people, explainers, rng, draws):
    """Statistic, p, and whether it is exact: (section, chosen) of each person."""
    people = [p for p in people if p]
    if not any(len(p) > 1 for p in people):
        return None
    observed = dependence_statistic(people, explainers)
    orders = math.prod(math.factorial(len(p)) for p in people)
    places = sorted({s for p in people for s, _ in p})
    expected = np.zeros((len(places), len(explainers)))
    masks = [np.array([[name in chosen for name in explainers] for _, chosen in p], float) for p in people]
    rows = [[places.index(s) for s, _ in p] for p in people]
    for mask, row in zip(masks, rows):
        expected[row] += mask.mean(0)
    weight = np.divide(1, expected, out=np.zeros_like(expected), where=expected > 0)

    def value(arranged):
        table = np.zeros_like(expected)
        for mask, row in zip(arranged, rows):
            table[row] += mask
        return ((table - expected) ** 2 * weight).sum()

    if orders <= 10_000:
        every = itertools.product(*[list(itertools.permutations(range(len(p)))) for p in people])
        values = [value([m[list(o)] for m, o in zip(masks, order)]) for order in every]
        return observed, np.mean([v >= observed - 1e-9 * max(1, observed) for v in values]), True
    values = [value([m[rng.permutation(len(m))] for m in masks]) for _ in range(draws)]
    return observed, np.mean([v >= observed - 1e-9 * max(1, observed) for v in values]), False


def group_difference(values, groups, rng, draws):
    """The sum of squares between groups and its p by labels drawn anew."""
    values, groups = np.array(values, float).reshape(len(groups), -1), np.array(groups)
    if len(set(groups.tolist())) < 2:
        return None

    def statistic(labels):
        mean = values.mean(0)
        return sum((labels == g).sum() * ((values[labels == g].mean(0) - mean) ** 2).sum() for g in set(labels.tolist()))

    observed = statistic(groups)
    drawn = [statistic(rng.permutation(groups)) for _ in range(draws)]
    return observed, np.mean([v >= observed - 1e-9 * max(1, observed) for v in drawn]), False


def spearman(a, b):
    if len(a) < 2 or len(set(a)) < 2 or len(set(b)) < 2:
        return None
    return st.spearmanr(a, b).statistic


def reference(study, metrics, level, rng, draws):
    """All that the record says of a study, by other people's code."""
    names, people = study["explainers"], [p for p in study["respondents"] if p["answers"]]
    choices = lambda p: [a["choice"] for a in p["answers"] if a["choice"]]
    chosen = lambda p: [a["preferred"] for a in p["answers"] if a["preferred"]]
    right_of = lambda group: share([(choices(p).count("right"), len(choices(p))) for p in group], level)
    votes_of = lambda group, name: share(
        [(sum(name in c for c in chosen(p)), sum(map(len, chosen(p)))) for p in group], level)
    out = dict(
        respondents=len(people), silent=len(study["respondents"]) - len(people), included=len(people),
        finished=sum(p["finished"] for p in people), right=right_of(people),
        rightOfDecided=share([(choices(p).count("right"), len(choices(p)) - choices(p).count("unknown")) for p in people], level),
        unknown=share([(choices(p).count("unknown"), len(choices(p))) for p in people], level),
        votes={n: votes_of(people, n) for n in names},
        chosen={n: share([(sum(n in c for c in chosen(p)), len(chosen(p))) for p in people], level) for n in names},
        preferences={}, sections={}, divisions={}, places=[], metrics={})
    for a, b in itertools.combinations(names, 2):
        nets, wins, losses = [], 0, 0
        for p in people:
            w, l = sum(a in c and b not in c for c in chosen(p)), sum(b in c and a not in c for c in chosen(p))
            wins, losses = wins + w, losses + l
            nets.append(w - l)
        # As the program counts pairs: everybody who answered Q2.
        flips = sum(1 for p in people if chosen(p))
        out["preferences"][a, b] = dict(
            answers=sign_test(wins, losses), people=sign_test(sum(n > 0 for n in nets), sum(n < 0 for n in nets)),
            flip=flip_p(nets), flips=flips)
    for kind in ("answers", "people"):
        corrected = multipletests([p[kind] for p in out["preferences"].values()], method="holm")[1]
        for pair, p in zip(out["preferences"].values(), corrected):
            pair[kind + "Holm"] = p
    for s in range(1, study["sections"] + 1):
        answers = [a for p in people for a in p["answers"] if a["section"] == s]
        q1, q2 = [a["choice"] for a in answers if a["choice"]], [a["preferred"] for a in answers if a["preferred"]]
        if answers:
            out["sections"][s] = dict(
                right=exact_interval(q1.count("right"), len(q1), level) if q1 else None,
                votes={n: sum(n in c for c in q2) for n in names})
    out["dependence"] = dependence(
        [[(a["section"], a["preferred"]) for a in p["answers"] if a["preferred"]] for p in people], names, rng, draws)
    for by, values in (("screen", SCREENS), ("familiarity", FAMILIARITIES)):
        groups = [[p for p in people if p[by] == value] for value in values]
        shares = [(choices(p).count("right") / len(choices(p)), g) for g, group in enumerate(groups) for p in group if choices(p)]
        tastes = []
        for g, group in enumerate(groups):
            for p in group:
                votes = np.array([sum(n in c for c in chosen(p)) for n in names])
                if votes.sum():
                    tastes.append((votes / votes.sum(), g))
        kruskal = None
        split = [[v for v, g in shares if g == k] for k in range(len(values))]
        split = [s for s in split if s]
        if len(split) > 1 and len({v for s in split for v in s}) > 1:
            kruskal = st.kruskal(*split)
        out["divisions"][by] = dict(
            groups={v: dict(right=right_of(g), votes={n: votes_of(g, n) for n in names}) for v, g in zip(values, groups)},
            kruskal=kruskal,
            right=group_difference([v for v, _ in shares], [g for _, g in shares], rng, draws) if shares else None,
            votes=group_difference([v for v, _ in tastes], [g for _, g in tastes], rng, draws) if tastes else None)
    width = max((len(a["shown"]) for p in people for a in p["answers"] if a["shown"]), default=0)
    for place in range(width):
        pairs = []
        for p in people:
            at = [[a["shown"].index(n) for n in a["preferred"]] for p_ in [p] for a in p_["answers"] if a["shown"] and a["preferred"]]
            pairs.append((sum(place in x for x in at), sum(map(len, at))))
        out["places"].append(share(pairs, level))
    if metrics:
        for m, metric in enumerate(["insertion", "intensity", "deletion"]):
            rhos, measured, totals = [], {n: [] for n in names}, dict.fromkeys(names, 0)
            for s, section in out["sections"].items():
                if s not in metrics or not any(section["votes"].values()):
                    continue
                there = [n for n in names if metrics[s][n][m] is not None]
                for n in names:
                    totals[n] += section["votes"][n]
                for n in there:
                    measured[n].append(metrics[s][n][m])
                rho = spearman([metrics[s][n][m] for n in there], [section["votes"][n] for n in there])
                if rho is not None:
                    rhos.append(rho)
            there = [n for n in names if measured[n]]
            mean = None
            if len(rhos) > 1:
                error = st.sem(rhos)
                low, high = st.t.interval(level, len(rhos) - 1, np.mean(rhos), error) if error > 0 else (np.mean(rhos),) * 2
                mean = dict(value=np.mean(rhos), standardError=error, lower=max(-1, low), upper=min(1, high))
            out["metrics"][metric] = dict(
                perVideo=mean, videos=len(rhos),
                overall=spearman([np.mean(measured[n]) for n in there], [totals[n] for n in there]))
    return out


# --- the comparison --------------------------------------------------------------------------------------------------

class Differences:
    """The largest difference of each kind, and how far drawn p-values are from true ones."""

    def __init__(self):
        self.largest, self.count, self.z = collections.defaultdict(float), collections.Counter(), collections.defaultdict(list)
        self.faults = []

    def number(self, kind, ours, theirs, where):
        if (ours is None) != (theirs is None):
            self.faults.append(f"{where}: {kind}: {ours} beside {theirs}")
        elif ours is not None:
            difference = abs(ours - theirs)
            if kind.startswith("p:") and theirs > 0:
                self.largest["p-values, relative"] = max(self.largest["p-values, relative"], difference / theirs)
                self.count["p-values, relative"] += 1
            self.largest[kind] = max(self.largest[kind], difference)
            self.count[kind] += 1
            if not difference <= TOLERANCE:
                self.faults.append(f"{where}: {kind}: {ours} beside {theirs}")

    def share(self, kind, ours, theirs, where):
        if ours is None or theirs is None:
            return self.number(kind, ours and ours["value"], theirs and theirs["value"], where)
        for part in ("value", "standardError", "lower", "upper"):
            self.number(f"{part}: {kind}", ours.get(part), theirs[part], where)
        if "method" in theirs and ours["method"] != theirs["method"]:
            self.faults.append(f"{where}: {kind}: method {ours['method']} beside {theirs['method']}")

    def drawn(self, kind, ours, draws, theirs, their_draws, where):
        """In standard errors; their_draws None: theirs is the true p. What is drawn counts the observed arrangement as one more."""
        theirs = (draws * theirs + 1) / (draws + 1)
        p = (ours + theirs) / 2 if their_draws else theirs
        variance = max(p * (1 - p), 1 / draws) * (1 / draws + (1 / their_draws if their_draws else 0))
        z = (ours - theirs) / math.sqrt(variance)
        self.z[kind].append(z)
        if abs(z) > 5:
            self.faults.append(f"{where}: {kind}: p {ours} drawn, {theirs} beside it, {z:.1f} standard errors")

    def test(self, kind, ours, theirs, draws, where):
        if (ours is None) != (theirs is None):
            self.faults.append(f"{where}: {kind}: {ours} beside {theirs}")
        elif ours is not None:
            self.number(f"statistic: {kind}", ours["statistic"], theirs[0], where)
            if ours["isExact"] != theirs[2]:
                self.faults.append(f"{where}: {kind}: exact {ours['isExact']} beside {theirs[2]}")
            elif theirs[2]:
                self.number(f"p: {kind}, all arrangements", ours["pValue"], theirs[1], where)
            else:
                self.drawn(kind, ours["pValue"], ours["arrangements"], theirs[1], draws, where)


def compare(record, expected, draws, drawn_here, found, where):
    content = record["content"]
    for name in ("respondents", "silent", "included", "finished"):
        if content[name] != expected[name]:
            found.faults.append(f"{where}: {name} {content[name]} beside {expected[name]}")
    for name in ("right", "rightOfDecided", "unknown"):
        found.share("right answers", content.get(name), expected[name], where)
    for vote in content["votes"]:
        found.share("shares of votes", vote["share"], expected["votes"][vote["explainer"]], where)
        found.share("chosen in", vote["chosen"], expected["chosen"][vote["explainer"]], where)
    for pair in content["preferences"]:
        key = (pair["first"], pair["second"])
        theirs = expected["preferences"].get(key) or expected["preferences"][key[::-1]]
        for kind in ("answers", "people"):
            found.number(f"p: sign test over {kind}", pair[kind]["pValue"], theirs[kind], where)
            found.number(f"p: sign test over {kind}, Holm", pair[kind]["corrected"], theirs[kind + "Holm"], where)
        if theirs["flips"] <= 20:
            found.number("p: sign flips, all arrangements", pair["signFlip"], theirs["flip"], where)
        else:
            found.drawn("sign flips", pair["signFlip"], draws, theirs["flip"], None, where)
    for section in content["sections"]:
        theirs = expected["sections"][section["number"]]
        found.share("right answers by section", section.get("right"), theirs["right"], where)
        if section["votes"] != [theirs["votes"][n] for n in content["explainers"]]:
            found.faults.append(f"{where}: votes of section {section['number']}")
    found.test("votes by section", content.get("dependence"), expected["dependence"], drawn_here, where)
    for division in content["divisions"]:
        theirs = expected["divisions"][division["by"]]
        for group in division["groups"]:
            found.share("right answers by group", group.get("right"), theirs["groups"][group["name"]]["right"], where)
            for name, votes in zip(content["explainers"], group["votes"]):
                found.share("shares of votes by group", votes, theirs["groups"][group["name"]]["votes"][name], where)
        kruskal = division.get("kruskalWallis")
        found.number("statistic: Kruskal-Wallis", kruskal and kruskal["value"], theirs["kruskal"] and theirs["kruskal"][0], where)
        found.number("p: Kruskal-Wallis", kruskal and kruskal["pValue"], theirs["kruskal"] and theirs["kruskal"][1], where)
        found.test("right answers by group", division.get("right"), theirs["right"], drawn_here, where)
        found.test("votes by group", division.get("votes"), theirs["votes"], drawn_here, where)
    for place, theirs in itertools.zip_longest(content["places"], expected["places"]):
        found.share("votes by place", place, theirs, where)
    for metric in content["metrics"]:
        theirs = expected["metrics"][metric["metric"]]
        found.share("metrics: mean correlation", metric.get("perVideo"), theirs["perVideo"], where)
        found.number("metrics: correlation of means", metric.get("overall"), theirs["overall"], where)
        if metric["videos"] != theirs["videos"]:
            found.faults.append(f"{where}: {metric['metric']} on {metric['videos']} videos beside {theirs['videos']}")


def analyze(binary, *arguments):
    done = subprocess.run([binary, "analyze", *map(str, arguments), "--format", "json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return json.loads(done.stdout)


def check(binary, studies, seed, draws):
    found = Differences()
    schema = jsonschema.Draft202012Validator(json.load(open(SCHEMA)))

    def one(number):
        rng = np.random.default_rng([seed, number])
        study = simulate(rng, small=number % 5 == 0)
        level = float(rng.choice([0.9, 0.95, 0.99]))
        with tempfile.TemporaryDirectory() as folder:
            write(study, f"{folder}/answers.csv")
            arguments = [f"{folder}/answers.csv", "--level", level, "--permutations", draws, "--seed", number]
            metrics = None
            if number % 2:
                metrics = simulate_metrics(rng, study)
                seen = {a["section"] for p in study["respondents"] for a in p["answers"] if a["preferred"]}
                if seen & set(metrics):
                    write_metrics(metrics, f"{folder}/compared")
                    arguments += ["--compared", f"{folder}/compared"]
                else:
                    metrics = None
            record = analyze(binary, *arguments)
        return number, record, reference(study, metrics, level, rng, draws // 4)

    with ThreadPoolExecutor(2) as pool:
        for number, record, expected in pool.map(one, range(studies)):
            found.faults += [f"study {number}: {e.json_path}: {e.message[:80]}" for e in schema.iter_errors(record)]
            compare(record, expected, draws, draws // 4, found, f"study {number}")
    print(f"{studies} studies, seed {seed}: largest difference from SciPy {scipy.__version__}, statsmodels {statsmodels.__version__}")
    for kind in sorted(found.largest):
        print(f"  {kind:52} {found.count[kind]:7} numbers  {found.largest[kind]:.1e}")
    print(f"p-values of {draws} drawn arrangements, in standard errors from the true one (sign flips) or from {draws // 4} drawn here")
    for kind, z in sorted(found.z.items()):
        print(f"  {kind:52} {len(z):7} tests    mean {np.mean(z):+.2f}, deviation {np.std(z):.2f}, furthest {np.abs(z).max():.1f}")
    return found.faults


# --- coverage --------------------------------------------------------------------------------------------------------

class Design:
    """A study of the real one's size: 67 people, 20 sections or two forms of 10, four explainers. Videos are drawn once, people for each
    study: intervals speak of other people. Skill N(1.9, 0.9²) less with less familiarity, difficulty N(0, 0.8²), 8 % of answers missing."""

    def __init__(self, rng, forms):
        self.forms, self.sections, self.names = forms, 20, EXPLAINERS[:4]
        self.difficulty = rng.normal(0, 0.8, self.sections)
        self.taste = np.array([0.0, 0.35, -0.25, 0.1]) + rng.normal(0, 0.4, (self.sections, 4))

    def people(self, rng, count):
        """Arrays by person and section: choice (−1 missing, 0 wrong, 1 right, 2 unknown), chosen (person, section, explainer)."""
        familiarity = rng.integers(0, 3, count)
        skill = rng.normal(1.9, 0.9, count) - 0.5 * familiarity
        right = rng.random((count, self.sections)) < 1 / (1 + np.exp(self.difficulty - skill[:, None]))
        choice = np.where(right, 1, np.where(rng.random(right.shape) < 0.5, 0, 2))
        score = self.taste + rng.normal(0, 0.7, (count, 1, 4)) + rng.gumbel(0, 1, (count, self.sections, 4))
        # Some people tend to choose one, others several.
        many = rng.binomial(1, rng.beta(1, 2, (count, 1)), (count, self.sections)) + 1
        chosen = np.argsort(np.argsort(-score, 2), 2) < many[:, :, None]
        form = rng.integers(1, self.forms + 1, count)
        asked = (np.arange(self.sections) % self.forms)[None] == form[:, None] - 1
        choice = np.where(asked & (rng.random(right.shape) >= 0.08), choice, -1)
        chosen &= (asked & (rng.random(right.shape) >= 0.08))[:, :, None]
        return dict(familiarity=familiarity, choice=choice, chosen=chosen, form=form)

    def truth(self, rng, people=400_000):
        totals = collections.Counter()
        for _ in range(8):
            drawn = self.people(rng, people // 8)
            for key, (count, of) in figures(drawn, self.names).items():
                totals[key, 0] += count
                totals[key, 1] += of
        return {key: totals[key, 0] / totals[key, 1] for key in {k for k, _ in totals}}


def figures(drawn, names):
    out = {}
    choice, chosen = drawn["choice"], drawn["chosen"]
    right = lambda rows: ((choice[rows] == 1).sum(), (choice[rows] >= 0).sum())
    votes = lambda rows, e: (chosen[rows][:, :, e].sum(), chosen[rows].sum())
    everybody = np.ones(len(choice), bool)
    out["right"] = right(everybody)
    out["rightOfDecided"] = (choice == 1).sum(), ((choice == 0) | (choice == 1)).sum()
    for e, name in enumerate(names):
        out["votes", name] = votes(everybody, e)
        out["chosen", name] = chosen[:, :, e].sum(), chosen.any(2).sum()
    for g, group in enumerate(FAMILIARITIES):
        rows = drawn["familiarity"] == g
        out["group right", group] = right(rows)
        for e, name in enumerate(names):
            out["group votes", group, name] = votes(rows, e)
    for s in range(choice.shape[1]):
        out["section", s + 1] = (choice[:, s] == 1).sum(), (choice[:, s] >= 0).sum()
    return out


def to_study(drawn, design):
    respondents = []
    for i in range(len(drawn["choice"])):
        answers = []
        for s in range(design.sections):
            choice = {-1: None, 0: "wrong", 1: "right", 2: "unknown"}[int(drawn["choice"][i, s])]
            preferred = [n for e, n in enumerate(design.names) if drawn["chosen"][i, s, e]] or None
            if choice or preferred:
                answers.append(dict(section=s + 1, choice=choice, preferred=preferred, shown=None))
        respondents.append(dict(
            id=str(i + 1), form=int(drawn["form"][i]), screen=None, familiarity=FAMILIARITIES[drawn["familiarity"][i]],
            finished=True, answers=answers))
    return dict(explainers=design.names, sections=design.sections, respondents=respondents)


def intervals(content):
    out = {"right": content.get("right"), "rightOfDecided": content.get("rightOfDecided")}
    for vote in content["votes"]:
        out["votes", vote["explainer"]], out["chosen", vote["explainer"]] = vote["share"], vote["chosen"]
    for division in content["divisions"]:
        for group in division["groups"]:
            out["group right", group["name"]] = group.get("right")
            for name, votes in zip(content["explainers"], group["votes"]):
                out["group votes", group["name"], name] = votes
    for section in content["sections"]:
        out["section", section["number"]] = section.get("right")
    return out


def slack(studies):
    return 2 * math.sqrt(0.95 * 0.05 / studies)


def coverage(binary, studies, seed):
    """How often 95 % intervals hold the truth; ten designs, alternately of one form and of two."""
    held, all_ = collections.Counter(), collections.Counter()
    designs = min(10, studies)
    with tempfile.TemporaryDirectory() as folder:
        for d in range(designs):
            rng = np.random.default_rng([seed, 1000 + d])
            design = Design(rng, forms=1 + d % 2)
            truth = design.truth(rng)

            def one(number):
                drawn = design.people(np.random.default_rng([seed, 2000 + d, number]), 67)
                path = f"{folder}/{d}.{number}.csv"
                write(to_study(drawn, design), path)
                record = analyze(binary, path, "--permutations", 1)
                os.remove(path)
                return record["content"]

            with ThreadPoolExecutor(2) as pool:
                for content in pool.map(one, range(studies // designs)):
                    for key, interval in intervals(content).items():
                        if interval is not None:
                            kind = key if isinstance(key, str) else key[0]
                            held[kind] += interval["lower"] <= truth[key] <= interval["upper"]
                            all_[kind] += 1
    print(f"coverage of 95 % intervals, {studies // designs * designs} studies of 67 people, seed {seed}")
    faults = []
    for kind in all_:
        rate = held[kind] / all_[kind]
        print(f"  {kind:52} {all_[kind]:7} intervals  {100 * rate:.1f} %")
        # Clopper and Pearson's intervals are never too short, and so often too long.
        if rate < 0.93 - slack(studies) or rate > (0.99 if kind == "section" else 0.97) + slack(studies):
            faults.append(f"coverage of {kind}: {100 * rate:.1f} %")
    return faults


def metric_coverage(binary, studies, seed):
    """The same of the mean rank correlation with a metric: here videos are drawn for each study too, and the truth is the mean over all
    studies."""
    def one(number):
        rng = np.random.default_rng([seed, 5000, number])
        design = Design(rng, forms=1)
        measured = 0.5 * design.taste + rng.normal(0, 0.4, design.taste.shape)
        with tempfile.TemporaryDirectory() as folder:
            write(to_study(design.people(rng, 67), design), f"{folder}/answers.csv")
            write_metrics(
                {s + 1: {n: [measured[s, e]] * 3 for e, n in enumerate(design.names)} for s in range(design.sections)}, folder)
            return analyze(binary, f"{folder}/answers.csv", "--permutations", 1, "--compared", folder)["content"]["metrics"][0]["perVideo"]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(one, range(studies)))
    truth = np.mean([f["value"] for f in found])
    rate = np.mean([f["lower"] <= truth <= f["upper"] for f in found])
    print(f"  {'metrics: mean correlation (' + format(truth, '.2f') + ')':52} {studies:7} intervals  {100 * rate:.1f} %")
    return [] if 0.93 - slack(studies) <= rate <= 0.97 + slack(studies) else [f"coverage of the mean correlation: {100 * rate:.1f} %"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="whyfake-survey")
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--coverage", type=int, default=500, help="studies for the coverage; 0 for none")
    parser.add_argument("--draws", type=int, default=2000, help="arrangements that permutation tests draw")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    faults = []
    if options.studies:
        faults += check(options.binary, options.studies, options.seed, options.draws)
    if options.coverage:
        faults += coverage(options.binary, options.coverage, options.seed)
        faults += metric_coverage(options.binary, options.coverage, options.seed)
    for fault in faults[:40]:
        print(f"FAULT {fault}", file=sys.stderr)
    print(f"{len(faults)} faults" if faults else "no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
