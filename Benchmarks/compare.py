"""Ours and the engines that one would take instead, in turn, each in a process of its own, and the ratios.

    python Benchmarks/compare.py --peers FOLDER [--video VIDEO] [--only forward,gradcam,train,memory,decode,faces,
                                 end_to_end] [--rounds 5] [--threads 2] [--quick] [--without compile] [--output FILE]

FOLDER has the peers' scripts (bench_forward.py and so on; each prints one JSON line); they run with --python, by default
the interpreter that runs this. A round runs every side once; a side's figure is the median within its process. Printed:
for each work the median over the rounds (least–largest) of each side, the median of the rounds' ratios of ours to the
fastest peer of the same round, and the bars that we set ourselves. A peer that does not run is said and left out.
A run during which other processes took more than a tenth of a core is repeated once: engines suffer from
company very differently. What remains disturbed is said.
--output gets everything as lines of JSON; --quick is one round of few runs of a few works: whether it runs, not how fast.
"""
import argparse, json, os, pathlib, shutil, statistics, sys, tempfile
from works import works
import measure


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, type=pathlib.Path)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has what the peers import")
    parser.add_argument("--video", type=pathlib.Path, help="1080p, with one face; decode, faces and end_to_end need it")
    parser.add_argument("--only", default="", help="groups, separated by commas")
    parser.add_argument("--without", default="", help="sides to leave out, separated by commas")
    parser.add_argument("--match", default="", help="only works whose title contains this")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.runs = 1, 3
    return options


def spread(values, digits=None):
    """Median and, of several, least and largest."""
    digits = digits if digits is not None else 1 if statistics.median(values) >= 10 else 2
    text = f"{statistics.median(values):.{digits}f}"
    return text if len(values) == 1 else f"{text} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def progress(text):
    """One line that comes and goes, where somebody looks."""
    if sys.stderr.isatty():
        print(f"\r{text}\033[K", end="", file=sys.stderr)


def measured(work, options):
    """One round after the other: for each, the figure of each side and the line that it printed."""
    rounds, missing = [], {}
    for number in range(options.rounds):
        figures, lines = {}, {}
        for side in work.sides:
            if side.name in missing or side.name in options.without.split(","):
                continue
            progress(f"{work.title}: round {number + 1}, {side.name}")
            for _ in range(1 if options.quick else 2):
                for path in work.removed:
                    shutil.rmtree(path, ignore_errors=True)
                result = measure.run(side.command, dict(side.environment, OMP_NUM_THREADS=str(options.threads)))
                if result.error is not None or result.others < 0.1:
                    break
            if result.error is not None:
                if side.name == "ours":
                    sys.exit(f"ours failed: {' '.join(map(str, side.command))}: {result.error}")
                missing[side.name] = result.error
                progress("")
                print(f"{work.title}: {side.name} left out: {result.error}", file=sys.stderr)
                continue
            figures[side.name] = side.figure(result)
            lines[side.name] = dict(result.json or {}, wall_s=round(result.seconds, 3),
                                    peak_mib=round(result.peak, 1), others=round(result.others, 2))
        rounds.append((figures, lines))
    progress("")
    return rounds, missing


def ratios(work, rounds):
    """Ours by the least of the peers, round by round."""
    peers = [side.name for side in work.sides if side.is_peer]
    return [figures["ours"] / min(figures[p] for p in peers if p in figures)
            for figures, _ in rounds if any(p in figures for p in peers)]


def judged(work, rounds):
    """Each bar with the median of what it is about, and whether it is met."""
    for bar in work.bars:
        try:
            value = statistics.median(bar.value(figures, lines) for figures, lines in rounds)
        except (KeyError, ValueError):
            yield bar.text, None, None
        else:
            yield bar.text, round(value, 3), value >= bar.limit if bar.at_least else value <= bar.limit


def main():
    chosen = options()
    if chosen.video is None:
        print("without --video: decode, faces and end_to_end are left out", file=sys.stderr)
    benchmark = measure.built("benchmark", measure.root / "Benchmarks")
    facts = dict(measure.machine(), threads=chosen.threads, rounds=chosen.rounds,
                 peers=measure.peer_versions(chosen.python))
    print("\n".join(f"- {key}: {value}" for key, value in facts.items() if value is not None), end="\n\n")
    if chosen.output:
        chosen.output.write_text(json.dumps(facts) + "\n")
    print("| work | ours | peers | ours / fastest peer | bars |\n| --- | ---: | --- | ---: | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for work in works(chosen, benchmark, pathlib.Path(folder)):
            for command in work.preparations:
                measure.run(command)
            rounds, missing = measured(work, chosen)
            sides = {side.name: [f[side.name] for f, _ in rounds if side.name in f] for side in work.sides}
            peers = " · ".join(f"{name} {spread(values)}" for name, values in sides.items() if values and name != "ours")
            ratio = ratios(work, rounds)
            bars = list(judged(work, rounds))
            words = {True: "met", False: "short", None: "not measured"}
            disturbed = sum(line["others"] >= 0.1 for _, lines in rounds for line in lines.values())
            if disturbed:
                print(f"{work.title}: others were busy during {disturbed} of {sum(len(l) for _, l in rounds)} runs",
                      file=sys.stderr)
            verdicts = "; ".join(f"{text}: {'' if v is None else f'{v:.3g}, '}{words[met]}" for text, v, met in bars)
            print(f"| {work.title}, {work.unit} | {spread(sides['ours'])} | {peers} | "
                  f"{spread(ratio, 2) if ratio else ''} | {verdicts} |", flush=True)
            if chosen.output:
                with chosen.output.open("a") as file:
                    file.write(json.dumps({
                        "work": work.title, "group": work.group, "unit": work.unit, "figures": sides, "ratios": ratio,
                        "bars": [dict(bar=t, value=v, met=m) for t, v, m in bars], "missing": missing,
                        "lines": [lines for _, lines in rounds]}) + "\n")


main()
