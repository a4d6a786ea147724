"""Southwell against its peers: seconds to the same relative duality gap.

    python compare.py --library PATH/libsouthwell.so --table TABLE.md
    python compare.py --library PATH/libsouthwell.so --problem lasso_dense --ratio 0.01 --target 1e-6 --rounds 21

All in one process on one thread. Each program gets the loosest power of ten of its own tolerance whose solution
has a relative duality gap (measured here, the same way for all) of at most the target. Then come the rounds, one fit
of each program after the other; the ratio is taken within a round, so that what slows the machine slows both sides.
"""

import os

for variable in ("OMP", "OPENBLAS", "MKL", "NUMBA", "BLIS", "RAYON"):  # before numpy is imported
    os.environ[variable + "_NUM_THREADS"] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import warnings  # noqa: E402

import problems  # noqa: E402
import southwell  # noqa: E402
from cases import CASES, KINDS, Case  # noqa: E402
from rounds import limited, median_interval, timed, verdict  # noqa: E402

TARGETS = [1e-4, 1e-6, 1e-10]
LAST_TOLERANCE = 1e-13
SLOW = 10.0  # a peer this many times slower than the best takes no part in the rounds


class Runner:
    """A program on a case: its rung of the ladder, and what the rounds gave."""

    def __init__(self, rival, case):
        self.rival, self.case = rival, case
        self.tolerance, self.gap, self.failure = rival.first, math.inf, None
        self.seconds = []

    def climb(self, target, budget, limit):
        """Finds the loosest power of ten that meets the target, from that of the last one on; its time is `once`."""
        tolerance, spent = self.tolerance, 0.0
        self.seconds = []
        if self.failure is not None:
            return
        while True:
            try:
                coef, self.once = limited(self.rival.solve, tolerance, limit)
            except (southwell.SouthwellError, EOFError) as error:  # EOFError: the process of a limited fit died
                self.failure = str(error) or "the fit failed"
                return
            if coef is None:
                self.failure = f"a single fit at tolerance {tolerance:.0e} took more than {limit:.0f} s"
                return
            self.tolerance, self.gap = tolerance, self.case.gap(coef)
            spent += self.once
            if self.gap <= target:
                return
            if spent > budget or tolerance < LAST_TOLERANCE * 1.5:
                self.failure = f"gap {self.gap:.1e} at tolerance {tolerance:.0e} after {spent:.0f} s"
                return
            tolerance = float(f"{tolerance / 10:.0e}")

    def round(self):
        coef, seconds = timed(self.rival.solve, self.tolerance)
        self.seconds.append(seconds)
        self.gap = max(self.gap, self.case.gap(coef))

    def median(self):
        return statistics.median(self.seconds)


def contest(case, library, rounds, targets, budget, limit):
    """Runs a case to each target in turn and yields the records."""
    peers, absent = case.peers()
    players = [Runner(rival, case) for rival in peers]
    if library:
        players.insert(0, Runner(case.ours(library), case))
    for target in sorted(targets, reverse=True):
        for player in players:
            player.climb(target, budget, limit)
        fit = [p for p in players if p.failure is None]
        fastest = min((p.once for p in fit), default=0.0)
        racing = [p for p in fit if p.once <= SLOW * fastest or p.rival.name == "southwell"]
        if limit:  # the ladder ran in other processes: what is compiled at first use is compiled now
            for player in racing:
                player.rival.solve(player.tolerance)
        for _ in range(rounds):
            for player in racing:
                player.round()
        yield record(case, players, racing, target, absent)


def record(case, players, racing, target, absent):
    """The figures of a case at one target as plain values."""
    result = {"problem": case.name, "ratio": case.ratio, "target": target, "programs": [], "absent": absent}
    result["load"] = os.getloadavg()[0]
    for p in players:
        entry = {"name": p.rival.name, "version": p.rival.version, "tolerance": p.tolerance, "gap": p.gap}
        if p in racing:
            entry |= {"median": p.median(), "fastest": min(p.seconds), "seconds": p.seconds, "met": p.gap <= target}
        else:
            entry["left_out"] = p.failure or f"{p.once:.3g} s in the ladder: too slow for the rounds"
        result["programs"].append(entry)
    us = next((p for p in racing if p.rival.name == "southwell"), None)
    counted = [p for p in racing if p is not us and p.gap <= target]
    if us and counted:
        best = min(counted, key=Runner.median)
        ratios = [a / b for a, b in zip(us.seconds, best.seconds)]
        middle, low, high = median_interval(ratios)
        result |= {"best": best.rival.name, "speed": middle, "low": low, "high": high, "verdict": verdict(low, high)}
    return result


def show(result):
    """Prints a case."""
    print(f"\n{result['problem']} at {result['ratio']:g}, gap {result['target']:.0e} (load {result['load']:.1f})")
    if result["absent"]:
        print(f"  not installed: {', '.join(result['absent'])}")
    for p in result["programs"]:
        start = f"  {p['name']:29}{p['version']:8}"
        if "left_out" in p:
            print(f"{start} not counted: {p['left_out']}")
        else:
            missed = "" if p["met"] else "  MISSED THE TARGET in a round: not counted"
            print(
                f"{start} {p['median']:9.4f} s  (fastest {p['fastest']:.4f}; "
                f"tolerance {p['tolerance']:.0e}, gap {p['gap']:.1e}){missed}"
            )
    if "speed" in result:
        print(
            f"  southwell / {result['best']}: {result['speed']:.3f} "
            f"[{result['low']:.3f}, {result['high']:.3f}]  {result['verdict']}",
            flush=True,
        )


def table(results):
    """Markdown: a row for each case and target, and the geometric mean of the speeds."""
    lines = ["| problem | strength | gap | Southwell, s | best peer | its time, s | ratio | 95 % interval | |", "|" + "---|" * 9]
    ratios = []
    for r in results:
        ours = next((p for p in r["programs"] if p["name"] == "southwell"), {})
        seconds = f"{ours['median']:.3g}" if "median" in ours else "missed"
        head = f"| {r['problem']} | {r['ratio']:g} | {r['target']:.0e} | {seconds}"
        if "speed" not in r:
            lines.append(f"{head} | none met the gap | | | | {'' if 'median' in ours else ours.get('left_out', '')} |")
            continue
        best = next(p for p in r["programs"] if p["name"] == r["best"])
        ratios.append(r["speed"])
        name = f"{best['name']} {best['version']}"
        interval = f"{r['low']:.2f} to {r['high']:.2f}"
        lines.append(f"{head} | {name} | {best['median']:.3g} | {r['speed']:.2f} | {interval} | {r['verdict']} |")
    if ratios:
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        lines += ["", f"Geometric mean of the ratios: {mean:.2f} over {len(ratios)} rows, {1 / mean:.2f} times as fast."]
    return "\n".join(lines) + "\n"


def saved(files):
    """The records of `--save`, in the order of the cases; of two for the same row the last."""
    rows = {}
    for name in files:
        with open(name) as file:
            for r in map(json.loads, file):
                rows[r["problem"], r["ratio"], r["target"]] = r
    order = list(CASES)
    return sorted(rows.values(), key=lambda r: (order.index(r["problem"]), -r["ratio"], -r["target"]))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", help="Southwell's shared library; without it the peers run alone")
    parser.add_argument("--problem", action="append", choices=sorted(CASES), help="may be given several times")
    parser.add_argument("--ratio", action="append", type=float, help="strength; may be given several times")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--target", action="append", type=float, help="relative duality gap; may be given several times")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for one program's ladder")
    parser.add_argument("--limit", type=float, help="seconds for one fit of the ladder, which is then ended")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shape", type=int, nargs=2, metavar=("N", "P"), help="other rows and columns, for a trial")
    parser.add_argument("--table", help="file for a table in Markdown")
    parser.add_argument("--records", action="append", help="a file of --save: its rows go into the table, nothing runs; may be given several times")
    parser.add_argument("--save", help="file for the records, one JSON object a line")
    return parser.parse_args()


def main():
    """Exit code 1 if Southwell failed or was slower on some case."""
    args = arguments()
    if args.records:
        print(table(saved(args.records)), end="")
        return 0
    warnings.filterwarnings("ignore")  # peers warn on every rung that is too loose or too tight
    library = southwell.Library(args.library) if args.library else None
    shape = dict(zip("np", args.shape)) if args.shape else {}
    results = []
    for name in args.problem or CASES:
        problem, kind, ratios = CASES[name]
        if KINDS[kind].wants_dual and not library:
            print(f"\n{name}: left out, its lower bound comes from a dual point of the library")
            continue
        X, y = problems.generate(problem, args.seed, **shape)
        for ratio in args.ratio or ratios:
            case = Case(name, X, y, ratio, library)
            for result in contest(case, library, args.rounds, args.target or TARGETS, args.budget, args.limit):
                show(result)
                results.append(result)
                if args.save:
                    with open(args.save, "a") as file:
                        print(json.dumps(result), file=file)
    if args.table:
        with open(args.table, "w") as file:
            file.write(table(results))
    bad = sum(bool(library) and r.get("verdict", "SLOWER") == "SLOWER" for r in results)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
